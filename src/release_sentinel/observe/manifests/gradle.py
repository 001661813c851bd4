"""The version that a Gradle build file assigns to its project. Nothing of it is run."""

import re
from collections.abc import Iterator

from release_sentinel.observe.manifests.files import (
    AbsentError,
    Tool,
    Tree,
    UnclearError,
    Value,
    file_that_is_read,
    folders_above,
)
from release_sentinel.observe.manifests.formats import properties

_STRING = r"\"(?:\\.|[^\"\\\n])*+\"|'(?:\\.|[^'\\\n])*+'"
_ASIDE = re.compile(rf"({_STRING})|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/|\Z)")
_CONTINUED = re.compile(r"(?<=[(=])[ \t]*+\n\s*+|\n[ \t]*+(?=\))")  # lines that one expression takes
_STATEMENT = re.compile(
    r"(?:\w+\s*->\s*)?(?:(?:project|this|rootProject|it|p|sub\w*)\.)?"
    r"(?:(version|(?:android\.)?(?:defaultConfig\.)?versionName)(?:\s*=(?!=)\s*|\s+|\s*\(\s*)|setVersion(?:\s+|\s*\(\s*))(\S.*)"
)
_PART = re.compile(rf"(?:{_STRING}|[^{{}};])*+[{{}};]?+")
_BLOCK = re.compile(r"(\w+)\s*(?:\([^()]*\))?\s*\Z")
_LITERAL = re.compile(r"[\"']([^\"'$\\]*)[\"']")
_NAME = re.compile(
    r"""[\"']?\$?\{?(?:\w+\.)*(?:(?:findP|p)roperty\s*\(\s*[\"'])?(\w+)(?:[\"']\s*\))?\}?[\"']?(?:\.toString\(\)|!!|\s+as\s+String)?"""
)
_TOOLS = {
    "gitVersion": "git-version",
    "scmVersion": "axion-release",
    "versionDetails": "git-version",
    "semver": "semver-git",
}
_EVERYWHERE = {"allprojects", "subprojects"}  # the blocks in which `version` is that of projects

_ANDROID = ["android", "defaultConfig"]  # the blocks in which `versionName` is that of an application
_CHOICES = {"if", "else", "try", "catch", "when", "switch"}


def build(tree: Tree, path: str) -> list[Value | Tool]:
    """Return the versions that a build.gradle or build.gradle.kts gives to projects."""
    text = _ASIDE.sub(lambda match: match[1] or " ", tree.read_code(path))
    text = _CONTINUED.sub("", text)
    found = dict.fromkeys(_statements(text))
    if not found:
        raise AbsentError(f"{path} has no version", f"name its place: {path}#PATTERN")
    return list(dict.fromkeys(_value(tree, path, text, expression) for expression in found))


def _statements(text: str) -> Iterator[str]:
    """Yield what is assigned to `version`, outside of blocks that are about something else."""
    blocks: list[str] = []
    for line in text.split("\n"):
        for part in _PART.findall(line):  # of `allprojects { version = "1.0" }`
            statement = _STATEMENT.fullmatch(part.strip().rstrip("};").rstrip())
            if statement and _is_of_project(statement[1], blocks) and not part.rstrip().endswith("{"):
                yield "" if _CHOICES.intersection(blocks) else _expression(statement[2])
            plain = re.sub(_STRING, "", part)
            for brace in re.finditer(r"[{}]", plain):
                if brace[0] == "{":
                    name = _BLOCK.search(plain[: brace.start()])
                    blocks.append(name[1] if name else "")
                elif blocks:
                    blocks.pop()


def _is_of_project(name: str | None, blocks: list[str]) -> bool:
    """Return whether what is called so in these blocks is the version of a project."""
    *around, last = (name or "").split(".")
    if last == "versionName":
        return [block for block in (*blocks, *around) if block not in _CHOICES] == _ANDROID
    return set(blocks) <= _EVERYWHERE | _CHOICES


def _expression(text: str) -> str:
    """Return what is assigned, without the parenthesis that ends `version("1.0")`."""
    return text.strip() if "(" in text else text.rstrip(") ")


def _value(tree: Tree, path: str, text: str, expression: str) -> Value | Tool:
    if literal := _LITERAL.fullmatch(expression):
        return Value(literal[1])
    if tool := next((tool for name, tool in _TOOLS.items() if re.search(rf"\b{name}\b", expression)), ""):
        return Tool(tool)
    if read := file_that_is_read(tree, path, expression):
        return read
    if name := _NAME.fullmatch(expression):
        assigned = re.findall(
            rf"^[ \t]*+(?:def|val|var|String|ext\.)[ \t]*+{name[1]}(?:[ \t]*:[ \t]*String)?[ \t]*=[ \t]*(.+)$",
            text,
            re.MULTILINE,
        )
        if len(assigned) == 1 and (literal := _LITERAL.fullmatch(assigned[0].strip(" ;"))):
            return Value(literal[1])
        for folder in folders_above(path):
            file = f"{folder}/gradle.properties".lstrip("/")
            if tree.has(file) and (value := properties(tree, file, name[1])):
                return Value(value, file)
    raise UnclearError(f"{path} computes its version, and nothing of it is run to find it")
