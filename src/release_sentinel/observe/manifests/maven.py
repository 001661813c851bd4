"""The version of a Maven project: its own, its parent's, and the properties that these are made of."""

import re
from typing import TYPE_CHECKING

from release_sentinel.lines import one_line
from release_sentinel.observe.manifests import markup
from release_sentinel.observe.manifests.files import (
    SHOWN,
    STEPS,
    AbsentError,
    Tree,
    UnclearError,
    Value,
    beside,
    substituted,
)

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_PROPERTY = re.compile(r"\$\{([^{}]*)\}")


def pom(tree: Tree, path: str) -> list[Value]:
    """Return the version of a pom.xml, with its properties replaced."""
    root = markup.load(tree, path)
    version = _version(root)
    if not version and root.find("version") is not None:
        raise UnclearError(f"version of {path} is empty", "write the version there, or remove the element")
    if not version:
        raise AbsentError(f"{path} has no version, nor has its parent", "write <version> into it")
    return [Value(substituted(version, _PROPERTY, lambda name: _property(tree, path, root, name), path))]


def _version(root: "Element") -> str:
    return markup.text_at(root, "version") or markup.text_at(root, "parent.version") or ""


def _property(tree: Tree, path: str, root: "Element", name: str) -> str:
    """Return the value of a property, of this pom.xml or of the nearest parent in the repository that has it."""
    for _ in range(STEPS):
        if name in {"project.parent.version", "parent.version"}:
            found = markup.text_at(root, "parent.version")
        elif name in {"project.version", "version"}:
            found = markup.text_at(root, "version")
        else:
            found = next(((one.text or "").strip() for one in root.iterfind("properties/*") if one.tag == name), None)
        if found is not None:
            return found
        parent = _parent(tree, path, root)
        if not parent:
            break
        path, root = parent, markup.load(tree, parent)
    raise UnclearError(
        f"{path} has no value for the property {one_line(name, SHOWN)}", "give the property a value in <properties>"
    )


def _parent(tree: Tree, path: str, root: "Element") -> str:
    named = markup.text_at(root, "parent.relativePath")
    if root.find("parent") is None or named == "":
        return ""
    file = beside(path, named or "../pom.xml") if named or "/" in path else ""
    if file and (tree.top / file).is_dir():
        file = f"{file}/pom.xml"
    return file if file and tree.has(file) else ""
