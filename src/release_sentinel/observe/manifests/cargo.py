"""The version of a Rust package, and the one that the packages of a workspace share."""

import posixpath
from collections.abc import Iterator
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
    tables,
    text_in,
    text_of,
    with_file,
)
from release_sentinel.observe.manifests.formats import load_toml

_SHARED = "workspace.package.version"


def cargo(tree: Tree, path: str) -> list[Value]:
    """Return the versions in a Cargo.toml: of its package, and the one that members of its workspace may inherit.

    In a workspace that has neither they are those of its members, but for those that are not published.
    """
    document = load_toml(tree, path)
    found = [_of_package(tree, path, document)] if "version" in table(document, "package") else []
    shared = at(document, _SHARED)
    if shared is not None and not any(value.file == path for value in found):
        found.append(Value(text_of(path, _SHARED, shared), key=_SHARED))
    if not found and "package" not in document:
        for member in _members(tree, path, document):
            package = table(load_toml(tree, member), "package")
            if "version" in package and package.get("publish") not in (False, []):
                found.append(with_file(_of_package(tree, member, {"package": package}), member))
    if not found:
        raise AbsentError(f"{path} has no package.version", f"name the key of the version: {path}#KEY")
    return found


def lock(tree: Tree, path: str) -> list[Value]:
    """Return the versions that a Cargo.lock has for the packages whose version the Cargo.toml beside it has."""
    root = beside(path, "Cargo.toml")
    names = set(_names(tree, root, load_toml(tree, root))) if tree.has(root) else set()
    packages = tables(path, "package", load_toml(tree, path))
    own = [one for one in packages if one.get("name") in names and "source" not in one]
    found = [Value(text_in(path, "version", one), key=one["name"]) for one in own]
    if not found:
        raise AbsentError(f"{path} has no version of the package", f"name its place: {path}#PATTERN")
    return found


def _names(tree: Tree, root: str, document: dict[str, Any]) -> Iterator[str]:
    """Yield the names of the packages whose version is the one that a Cargo.toml says: see `cargo`."""
    own, shared = "package" in document, at(document, _SHARED) is not None
    if own:
        yield str(at(document, "package.name"))
    for member in _members(tree, root, document):
        package = table(load_toml(tree, member), "package")
        inherits = isinstance(package.get("version"), dict)
        if inherits if own or shared else package.get("publish") not in (False, []):
            yield str(package.get("name"))


def _members(tree: Tree, path: str, document: dict[str, Any]) -> Iterator[str]:
    """Yield the Cargo.toml of each member of a workspace."""
    globs, excluded = (_paths(path, key, table(document, "workspace").get(key, [])) for key in ("members", "exclude"))
    left_out = {beside(path, one) for one in excluded}
    for glob in globs:
        for folder in tree.folders(beside(path, glob)):
            member = posixpath.normpath(f"{folder}/Cargo.toml")
            if member != path and tree.has(member) and not left_out.intersection(folders_above(member)):
                yield member


def _paths(path: str, key: str, value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise UnclearError(f"{key} of {path} is not a list of paths", "correct the file")
    return value


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
