"""The version of a Rust package, and the one that the packages of a workspace share."""

from typing import Any

from release_sentinel.observe.manifests.files import (
    AbsentError,
    Tree,
    UnclearError,
    Value,
    at,
    beside,
    folders_above,
    table,
    text_of,
)
from release_sentinel.observe.manifests.formats import load_toml

_SHARED = "workspace.package.version"


def cargo(tree: Tree, path: str) -> list[Value]:
    """Return the versions in a Cargo.toml: of its package, and the one that members of its workspace may inherit."""
    document = load_toml(tree, path)
    found = [_of_package(tree, path, document)] if "version" in table(document, "package") else []
    shared = at(document, _SHARED)
    if shared is not None and not any(value.file == path for value in found):
        found.append(Value(text_of(path, _SHARED, shared), key=_SHARED))
    if not found:
        raise AbsentError(f"{path} has no package.version", f"name the key of the version: {path}#KEY")
    return found


def package(tree: Tree, path: str) -> Value:
    """Return the version of the package of a Cargo.toml."""
    return _of_package(tree, path, load_toml(tree, path))


def _of_package(tree: Tree, path: str, document: dict[str, Any]) -> Value:
    version = at(document, "package.version")
    if not (isinstance(version, dict) and version.get("workspace") is True):
        return Value(text_of(path, "package.version", version))
    root = _root(tree, path, document)
    shared = at(load_toml(tree, root), _SHARED)
    if shared is None:
        raise UnclearError(f"{path} inherits its version, and {root} has no {_SHARED}", "write it there")
    return Value(text_of(root, _SHARED, shared), root)


def _root(tree: Tree, path: str, document: dict[str, Any]) -> str:
    """Return the path of the Cargo.toml of the workspace that a package is in."""
    named = at(document, "package.workspace")
    if isinstance(named, str):
        return beside(path, f"{named}/Cargo.toml")
    for folder in folders_above(path):
        file = f"{folder}/Cargo.toml".lstrip("/")
        if tree.has(file) and "workspace" in (document if file == path else load_toml(tree, file)):
            return file
    raise UnclearError(f"{path} inherits its version, and no Cargo.toml above it has a workspace")
