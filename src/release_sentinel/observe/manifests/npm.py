"""The version of an npm package, and the one that its lock file has for it."""

from release_sentinel.observe.manifests.files import (
    AbsentError,
    Tool,
    Tree,
    UnclearError,
    Value,
    beside,
    text_in,
)
from release_sentinel.observe.manifests.formats import load_json

# What semantic-release's users write where it fills in the version as it publishes.
_FILLED_IN = {"0.0.0-development", "0.0.0-semantically-released", "0.0.0-semantic-release"}
_PLACEHOLDER = "0.0.0"  # of a private package, which is never published: generators of applications write it


def package(tree: Tree, path: str) -> list[Value | Tool]:
    """Return the version of a package.json."""
    document = load_json(tree, path)
    version = text_in(path, "version", document)
    if version in _FILLED_IN:
        return [Tool("semantic-release")]
    if version == _PLACEHOLDER and document.get("private") is True:
        raise AbsentError(f"{path} is private, and its version is the placeholder {version}", f"name {path}#version")
    return [Value(version)]


def lock(tree: Tree, path: str) -> list[Value | Tool]:
    """Return the versions that a package-lock.json or npm-shrinkwrap.json has for the package beside it, if it has one.

    They are in two places: the second is that of newer npm.
    """
    document = load_json(tree, path)
    packages = document.get("packages", {}) if isinstance(document, dict) else None
    own = packages.get("", {}) if isinstance(packages, dict) else None
    if not isinstance(own, dict):
        raise UnclearError(f"{path} is not a lock file of npm", "correct the file")
    places = {"": document, 'packages[""]': own}
    found = [Value(text_in(path, "version", place), key=key) for key, place in places.items() if "version" in place]
    if not found or not _is_published(tree, beside(path, "package.json")):
        raise AbsentError(f"{path} has no version of the package", f"name the key of the version: {path}#KEY")
    return [*found]


def _is_published(tree: Tree, path: str) -> bool:
    """Return whether a package.json has a version that is its own; what is not understood is said elsewhere."""
    try:
        return isinstance(package(tree, path)[0], Value)
    except UnclearError:
        return False
