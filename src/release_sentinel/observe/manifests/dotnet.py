"""The version of a .NET project: its own properties, or those of the nearest Directory.Build.props."""

import re
from typing import TYPE_CHECKING

from release_sentinel.lines import one_line
from release_sentinel.observe.manifests import markup
from release_sentinel.observe.manifests.files import (
    SHOWN,
    AbsentError,
    Tool,
    Tree,
    UnclearError,
    Value,
    folders_above,
    substituted,
)

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_TOOLS = ("MinVer", "Nerdbank.GitVersioning", "GitVersion.MsBuild", "GitVersionTask")
_PROPERTY = re.compile(r"\$\(([^()]*)\)")
_SHARED = "Directory.Build.props"


def project(tree: Tree, path: str) -> list[Value | Tool]:
    """Return the version of a project file, or of a Directory.Build.props."""
    files = [path, *(file for folder in folders_above(path) if (file := f"{folder}/{_SHARED}".lstrip("/")) != path)]
    for file in files:
        if file == path or tree.has(file):
            root = markup.load(tree, file)
            if tool := _tool(root):
                return [Tool(tool)]
            if version := _version(file, root):
                return [Value(version, "" if file == path else file)]
    raise AbsentError(f"{path} has no Version", "write <Version> into it")


def _tool(root: "Element") -> str:
    packages = {one.get("Include", "") for one in root.iterfind("ItemGroup/PackageReference")}
    return next((tool for tool in _TOOLS if tool in packages), "")


def _version(path: str, root: "Element") -> str:
    for name in ("Version", "VersionPrefix", "PackageVersion"):
        if text := _property(path, root, name):
            suffix = _property(path, root, "VersionSuffix") if name == "VersionPrefix" else ""
            return substituted(
                f"{text}-{suffix}" if suffix else text, _PROPERTY, lambda name: _set(path, root, name), path
            )
    return ""


def _set(path: str, root: "Element", name: str) -> str:
    text = _property(path, root, name)
    if not text:
        raise UnclearError(f"{path} has no value for the property {one_line(name, SHOWN)}")
    return text


def _property(path: str, root: "Element", name: str) -> str:
    """Return the value of a property that no condition decides; blank where it is not set."""
    found = [(group, one) for group in root.iterfind("PropertyGroup") for one in group if one.tag == name]
    if any(part.get("Condition") for pair in found for part in pair):
        raise UnclearError(f"{path} has a {name} that depends on a condition")
    texts = {(one.text or "").strip() for _, one in found}
    if len(texts) > 1:
        raise UnclearError(f"{path} has more than one {name}", "keep one of them")
    return texts.pop() if texts else ""
