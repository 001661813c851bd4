"""What readers of manifests share: the files of the repository, what they find, and why they find nothing."""

import posixpath
import re
from collections.abc import Callable
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any

from msgspec import Struct

from release_sentinel import regular
from release_sentinel.lines import one_line
from release_sentinel.observe import texts
from release_sentinel.sentences import sentence

SHOWN = 80  # characters of a value that a message shows
_LONGEST = 1000  # characters of a version that is made of properties
_LINE = 500  # characters of a line of code
MOST_FILES = 1000  # that a glob may name
STEPS = 10  # from file to file, or from name to name, on the way to one version
# What expressions of Python, Groovy, Kotlin, Ruby and Elixir are made of that read a file, and do nothing else.
_READING = re.compile(
    "open|read|readline|read_text|readText|text|r?strip|trim|chomp|encoding|mode|io|codecs|String|File|file|Path|pathlib"
    "|parent|resolve|os|path|join|dirname|abspath|realpath|expand_path|here|HERE|__file__|__dir__"
    "|project|rootProject|rootDir|projectDir"
)
_MODES = {"utf-8", "utf8", "ascii", "r", "rb", "rt"}
_QUOTED = re.compile(r"\"([^\"\n]{1,300})\"|'([^'\n]{1,300})'")


class Spelling(StrEnum):
    """How a kind of manifest spells a version."""

    EXACT = "exact"
    PYTHON = "python"  # PEP 440: 1.0.0rc1 for 1.0.0-rc.1
    RUBY = "ruby"  # 1.0.0.rc.1 for 1.0.0-rc.1
    DART = "dart"  # 1.0.0+7: the number of the build may follow


class Value(Struct, frozen=True):
    """A version as a file has it.

    `file` is the one that has it, if a manifest refers to another; `key` names it, if a manifest has two.
    """

    text: str
    file: str = ""
    key: str = ""


class Tool(Struct, frozen=True):
    """The name of a tool that takes the version from Git's tags."""

    name: str


class UnclearError(ValueError):
    """A manifest cannot be read or understood; the message says why."""

    def __init__(
        self, why: str, remedy: str = "name the file that has the version: version.files, PATH#PATTERN"
    ) -> None:
        super().__init__(why)
        self.why, self.remedy = why, remedy


class AbsentError(UnclearError):
    """A manifest is understood, and has no version."""


class Tree(Struct, frozen=True):
    """The files of the repository at `top`; paths have slashes."""

    top: Path

    def read(self, path: str, most: int = texts.MOST) -> str:
        """Return the text of a file; raises `UnclearError`."""
        try:
            return regular.read_text(self.top / path, most, encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError, ValueError) as error:
            raise self._unreadable(path, error) from None

    def read_code(self, path: str) -> str:
        """Return the text of a file of at most 1 MiB that people write; raises `UnclearError`.

        Patterns that look at its lines need quadratic time for each: very long ones are blank here, unless they are
        about a version.
        """
        lines = self.read(path, regular.MIB).split("\n")
        if any(len(line) > _LINE and "version" in line.lower() for line in lines):
            raise UnclearError(f"{path} has a version in a line of more than {_LINE} characters")
        return "\n".join("" if len(line) > _LINE else line for line in lines)

    def read_bytes(self, path: str) -> bytes:
        """Return the content of a file of at most 1 MiB; raises `UnclearError`."""
        try:
            return regular.read(self.top / path, regular.MIB)
        except (OSError, ValueError) as error:
            raise self._unreadable(path, error) from None

    def has(self, path: str) -> bool:
        """Return whether there is anything at a path."""
        try:
            return (self.top / path).exists()
        except (OSError, ValueError):
            return True

    def folders(self, glob: str) -> list[str]:
        """Return the folders that a glob names, in order; raises `UnclearError` where there are too many."""
        if not set("*?[") & set(glob):
            return [glob]
        try:
            found = [path for path in islice(self.top.glob(glob), MOST_FILES + 1) if path.is_dir()]
        except (OSError, ValueError, NotImplementedError) as error:
            raise UnclearError(f"the glob {one_line(glob, SHOWN)} cannot be followed: {sentence(error)}") from None
        if len(found) > MOST_FILES:
            raise UnclearError(f"the glob {one_line(glob, SHOWN)} names more than {MOST_FILES} folders")
        return sorted(path.relative_to(self.top).as_posix() for path in found)

    def _unreadable(self, path: str, error: Exception) -> UnclearError:
        return UnclearError(f"{path} cannot be read: {sentence(error)}", "see version.files")


def beside(path: str, name: str) -> str:
    """Return the path of a file that the one at `path` names; raises `UnclearError` outside of the repository."""
    found = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
    if found.startswith(("../", "/")) or found == "..":
        raise UnclearError(f"{path} refers to {one_line(name, SHOWN)}, outside of the repository")
    return found


def folders_above(path: str) -> list[str]:
    """Return the folder of a file and those above it, the nearest first; the top is blank."""
    parts = posixpath.dirname(path).split("/") if posixpath.dirname(path) else []
    return ["/".join(parts[:end]) for end in range(len(parts), -1, -1)]


def whole(path: str, text: str) -> str:
    """Return the version in a file that holds nothing else."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if not lines:
        raise UnclearError(f"{path} is empty", "write the version into it")
    if len(lines) > 1:
        raise UnclearError(
            f"{path} has {len(lines)} lines, expected the version alone", f"name its place: {path}#PATTERN"
        )
    return lines[0]


def text_of(path: str, key: str, value: object) -> str:
    """Return a value that has to be a text."""
    if value is None:
        raise AbsentError(f"{path} has no {key}", f"name the key of the version: {path}#KEY")
    if isinstance(value, str) and not value.strip():
        raise UnclearError(f"{key} of {path} is empty", "write the version there, or remove the key")
    if not isinstance(value, str):
        raise UnclearError(f"{key} of {path} is {_kind(value)}, not a text", "put the version in quotes")
    return value


def text_in(path: str, key: str, document: Any) -> str:
    """Return the text at a key of a table; one that is there has to have a text."""
    if not isinstance(document, dict):
        raise UnclearError(f"{path} has no {key}: it is not a table of keys", "correct the file")
    if key in document and document[key] is None:
        raise UnclearError(f"{key} of {path} is null, not a text", "write the version there, or remove the key")
    return text_of(path, key, document.get(key))


def tables(path: str, key: str, document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the tables of the list at a key, which may be absent."""
    found = document.get(key, [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise UnclearError(f"{key} of {path} is not a list of tables", "correct the file")
    return found


def with_file(value: Value, file: str) -> Value:
    """Return a version with the file that has it; one that is known stays."""
    return value if value.file else Value(value.text, file)


def _kind(value: object) -> str:
    """Return what a value is: itself, where it is short."""
    if isinstance(value, int) and abs(value) >= 1 << 64:
        return "a very large number"
    return one_line(repr(value), SHOWN)


def at(document: Any, key: str) -> Any:
    """Return the value at a dotted key, with numbers for the entries of lists; None if there is none."""
    for name in key.split("."):
        if isinstance(document, list) and name.isascii() and name.isdigit() and int(name) < len(document):
            document = document[int(name)]
        elif isinstance(document, dict) and name in document:
            document = document[name]
        else:
            return None
    return document


def table(document: Any, key: str) -> dict[str, Any]:
    """Return the table at a dotted key; an empty one if there is none."""
    found = at(document, key)
    return found if isinstance(found, dict) else {}


def substituted(text: str, reference: re.Pattern[str], value: Callable[[str], str], path: str) -> str:
    """Return a text in which each reference to a property is replaced by its value, and those of the value too."""
    for _ in range(STEPS):
        match = reference.search(text)
        if not match:
            return text
        inner = value(match[1])
        if max(len(text), len(inner)) > _LONGEST:  # of a few that refer to one another, a very long text can be made
            break
        text = text.replace(match[0], inner)
    raise UnclearError(f"{path} makes its version of properties that are too long, or refer to one another")


def file_that_is_read(tree: Tree, path: str, expression: str) -> Value | None:
    """Return the version in the one file that an expression reads, without doing more: `file("V").text.trim()`."""
    names = [first or second for first, second in _QUOTED.findall(expression)]
    names = [name for name in names if name.lower() not in _MODES]
    words = re.findall(r"[A-Za-z_]\w*", _QUOTED.sub("", expression))
    if len(names) != 1 or not re.fullmatch(r"[\w./-]+", names[0]) or set("+%*") & set(expression):
        return None
    if not words or not all(_READING.fullmatch(word) for word in words):
        return None
    file = beside(path, names[0])
    return Value(whole(file, tree.read(file)), file) if (tree.top / file).is_file() else None
