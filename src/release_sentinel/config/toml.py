"""A policy file: found, read, and with the line of each key."""

import hashlib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from release_sentinel.config.fields import KeyPath
from release_sentinel.errors import InvalidPolicyError

OWN, SHARED, TABLE = "release-sentinel.toml", "pyproject.toml", "release-sentinel"


@dataclass(frozen=True)
class Source:
    """A policy file: what it says, and where. Without a file it says nothing."""

    name: str = ""
    document: Mapping[str, Any] = field(default_factory=dict)
    lines: Mapping[KeyPath, int] = field(default_factory=dict)
    sha256: str = ""  # of the file

    def where(self, path: KeyPath) -> str:
        """Return `release-sentinel.toml:12` for the key at `path`, or else for what it holds, or what holds it."""
        while path:
            lines = [line for key, line in self.lines.items() if key[: len(path)] == path]
            if lines:
                return f"{self.name}:{min(lines)}"
            path = path[:-1]
        return self.name


def find(repository: Path) -> Source:
    """Return the policy of a repository; raises `InvalidPolicyError` where it cannot be read, or there are two."""
    own, shared = repository / OWN, repository / SHARED
    found = _read(shared, required=False) if os.path.lexists(shared) else None
    if not os.path.lexists(own):
        return found or Source()
    if found:
        raise InvalidPolicyError([f"{own} and [tool.{TABLE}] in {shared} both hold a policy: keep one of them"])
    return _read(own) or Source()


def read(path: Path) -> Source:
    """Return the policy in a file that was named; raises `InvalidPolicyError`."""
    return _read(path) or Source()


def _read(path: Path, *, required: bool = True) -> Source | None:
    """Read a file of either form; None where a pyproject.toml need not, and does not, hold a policy."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise InvalidPolicyError([f"the policy file {path} is no regular file: save the policy in a file"])
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
        document = tomllib.loads(text)
    except OSError as error:
        raise InvalidPolicyError([f"the policy file {path} cannot be read: {error.strerror or error}"]) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InvalidPolicyError([f"{path}:{line}: is not UTF-8: save the file as UTF-8"]) from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidPolicyError([f"{path}: is no TOML: {error}"]) from error
    found = _table(path, document, dict(_lines(text)), required=required)
    return replace(found, sha256=hashlib.sha256(content).hexdigest()) if found else None


def _table(path: Path, document: dict[str, Any], lines: dict[KeyPath, int], *, required: bool) -> Source | None:
    """Return the table of a document that holds the policy."""
    tool = document.get("tool")
    if isinstance(tool, dict) and (wrong := [name for name in tool if _is_nearly(name)]):
        line = lines.get(("tool", wrong[0]), 1)
        raise InvalidPolicyError([f"{path}:{line}: tool.{wrong[0]} is no policy; did you mean tool.{TABLE}?"])
    if isinstance(tool, dict) and TABLE in tool:
        prefix = ("tool", TABLE)
        if not isinstance(tool[TABLE], dict):
            raise InvalidPolicyError([f"{path}:{lines.get(prefix, 1)}: tool.{TABLE} is no table"])
        if path.name != SHARED and (beside := [name for name in document if name != "tool"]):
            raise InvalidPolicyError([f"{path}: {', '.join(beside)} beside tool.{TABLE} would count for nothing"])
        inside = {key[2:]: line for key, line in lines.items() if key[:2] == prefix and len(key) > 2}
        return Source(path.name, tool[TABLE], inside)
    if path.name == SHARED:
        if required:
            raise InvalidPolicyError([f"the policy file {path} has no table [tool.{TABLE}]"])
        return None
    return Source(path.name, document, lines)


def _is_nearly(name: str) -> bool:
    """Tell whether a table's name is a misspelt one of ours."""
    return name != TABLE and bool(get_close_matches(name.lower().replace("_", "-"), [TABLE], n=1, cutoff=0.9))


_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:\\.|[^"\\\n])*"|'[^'\n]*')"""
_KEYS = rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*"
_STATEMENT = re.compile(rf"[ \t]*(?:(\[\[?)[ \t]*({_KEYS})[ \t]*\]\]?|({_KEYS})[ \t]*=)")
_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*|[\[{]|[\]}]|\n|[^"\'#\[\]{}\n]+',
    re.DOTALL,
)


def _lines(text: str) -> Iterator[tuple[KeyPath, int]]:
    """Yield the path and the line of each table and key of a valid TOML text; inline tables are one key."""
    table: KeyPath = ()
    counts: dict[KeyPath, int] = {}
    position = 0
    while position < len(text):
        line = text.count("\n", 0, position) + 1
        if statement := _STATEMENT.match(text, position):
            brackets, header, key = statement.groups()
            names = _names(header or key)
            if brackets:
                parent = _in_arrays(names[:-1] if brackets == "[[" else names, counts)
                table = parent
                if brackets == "[[":
                    array = (*parent, names[-1])
                    counts[array] = counts.get(array, -1) + 1
                    yield array, line
                    table = (*array, counts[array])
                yield table, line
            else:
                yield (*table, *names), line
            position = statement.end()
        position = _end_of_statement(text, position)


def _in_arrays(names: KeyPath, counts: Mapping[KeyPath, int]) -> KeyPath:
    """Return the path of a header's table, with the number of the element where a name is one of an array."""
    path: KeyPath = ()
    for name in names:
        path = (*path, name)
        if path in counts:
            path = (*path, counts[path])
    return path


def _end_of_statement(text: str, position: int) -> int:
    depth = 0
    while token := _TOKEN.match(text, position):
        position = token.end()
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        if token[0] == "\n" and depth <= 0:
            return position
    return len(text)


def _names(keys: str) -> KeyPath:
    return tuple(next(iter(tomllib.loads(f"{key} = 0"))) for key in re.findall(_KEY, keys))
