"""A policy file: found, read, and with the line of each key."""

import hashlib
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from release_sentinel import regular, strict_toml
from release_sentinel.config.packages import named
from release_sentinel.config.read import KeyPath, dotted, shown_key
from release_sentinel.config.unread import OWN, SHARED, TABLE, misplaced_tables, unread_files
from release_sentinel.errors import InvalidPolicyError
from release_sentinel.sentences import sentence

MOST = regular.MIB  # bytes of a policy file


class Source(Struct, frozen=True, dict=True):
    """A policy file: what it says, and where. It is empty if there is no file."""

    name: str = ""
    document: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""
    table: KeyPath = ()  # that holds the policy
    sha256: str = ""  # of the file
    path: Path | None = None

    def __repr__(self) -> str:
        return f"Source({self.name!r})"  # the text may hold secrets

    @property
    def package(self) -> bool:
        """Whether it is a file of an installed package."""
        return named(self.name) is not None

    @property
    def key(self) -> str:
        """What tells it from every other file."""
        return os.path.realpath(self.path) if self.path else ""

    @property
    def extends(self) -> list[str]:
        """The names of its bases, as far as they are names."""
        listed = self.document.get("extends")
        return [name for name in listed if isinstance(name, str) and name] if isinstance(listed, list) else []

    def where(self, path: KeyPath) -> str:
        """Return `release-sentinel.toml:12` for the key at `path`, or else for what it holds, or what holds it."""
        for end in range(len(path), 0, -1):
            if line := self._lines.get((*self.table, *path[:end])):
                return f"{self.name}:{line}"
        return self.name

    @cached_property
    def _lines(self) -> Mapping[KeyPath, int]:
        return first_lines(self.text)


def find(
    repository: Path, directory: Path | None = None, bases: Callable[[Source], Iterable[Source]] = lambda _: ()
) -> Source:
    """Return the policy of a repository; raises `InvalidPolicyError` if it cannot be read, is misnamed, or is twice.

    `directory` is the working directory, which may be below the top: a policy there is not read either, unless it is
    among the `bases` of the one that is.
    """
    own, shared = repository / OWN, repository / SHARED
    source, refusal = Source(), None
    try:
        source = _find(own, shared)
    except InvalidPolicyError as error:
        refusal = error
    read = [base.path for base in bases(source) if base.path] if source.extends else []
    if unread := unread_files(repository, directory, read):
        texts = map(regular.text_or_blank, (own, shared))  # for the secrets that they hold
        raise InvalidPolicyError(unread, "".join(texts))
    if refusal:
        raise refusal
    return source


def _find(own: Path, shared: Path) -> Source:
    found = _read(shared, required=False) if os.path.lexists(shared) else None
    if not os.path.lexists(own):
        return found or Source()
    if found:
        raise InvalidPolicyError(
            [f"{own} and [tool.{TABLE}] in {shared} both hold a policy: keep one of them"], found.text
        )
    return _read(own) or Source()


def replaced(repository: Path) -> list[Source]:
    """Return the policy of a repository in whose place another file is read, as far as it can be read."""
    found = []
    for path in (repository / SHARED, repository / OWN):
        with suppress(InvalidPolicyError):
            found.append(_read(path, required=False) or Source())
    return found


def has_policy(folder: Path) -> bool:
    """Tell whether a folder of a repository has a policy of its own, as a project with releases of its own has."""
    try:
        return os.path.lexists(folder / OWN) or bool(_read(folder / SHARED, required=False))
    except InvalidPolicyError:
        return False


def places_beside(repository: Path, read_file: str) -> list[Path]:
    """Return where else a policy would count beside the file of this name that was read; blank: there was none."""
    return [repository / name for name in {OWN: (), SHARED: (OWN,)}.get(read_file, (OWN, SHARED))]


def read(path: Path, name: str = "") -> Source:
    """Return the policy in a file that was named, to be called `name`; raises `InvalidPolicyError`."""
    return _read(path, name) or Source()


def _read(path: Path, name: str = "", *, required: bool = True) -> Source | None:
    """Read a file of either form; None if a pyproject.toml, where a policy is optional, has none."""
    text = ""
    try:
        content = regular.read(path, MOST)
        text = content.decode("utf-8-sig", errors="replace")  # for the secrets that it names
        text = content.decode("utf-8-sig")
        document = strict_toml.loads(text)
    except OSError as error:
        raise InvalidPolicyError([f"the policy file {path} cannot be read: {sentence(error)}"]) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InvalidPolicyError([f"{path}:{line}: is not UTF-8: save the file as UTF-8"], text) from error
    except strict_toml.StrictTOMLError as error:
        raise InvalidPolicyError([f"{path}: {error}"], text) from error
    whole = Source(name or path.name, document, text, (), hashlib.sha256(content).hexdigest(), path)
    if wrong := next(misplaced_tables(path.name, document), None):
        place = f"{path}:{first_lines(text).get(wrong, 1)}"
        raise InvalidPolicyError([f"{place}: {dotted(wrong)} is not a policy; did you mean tool.{TABLE}?"], text)
    tool = document.get("tool")
    if isinstance(tool, dict) and TABLE in tool:
        return _shared(path, whole, tool)
    if path.name != SHARED:
        return whole
    if required:
        raise InvalidPolicyError(
            [f"the policy file {path} has no table [tool.{TABLE}]: add it, or name another file"], text
        )
    return None


def _shared(path: Path, whole: Source, tool: Mapping[str, Any]) -> Source:
    """Return the policy in `[tool.release-sentinel]`."""
    if not isinstance(tool[TABLE], dict):
        place = f"{path}:{first_lines(whole.text).get(('tool', TABLE), 1)}"
        raise InvalidPolicyError([f"{place}: tool.{TABLE} is not a table: write [tool.{TABLE}]"], whole.text)
    if path.name != SHARED and (beside := [name for name in whole.document if name != "tool"]):
        names = ", ".join(map(shown_key, beside))
        raise InvalidPolicyError(
            [f"{path}: {names} beside tool.{TABLE} would be ignored: move that into the table"], whole.text
        )
    return replace(whole, document=tool[TABLE], table=("tool", TABLE))


_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:\\.|[^"\\\n])*"|'[^'\n]*')"""
_KEYS = rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*"
_STATEMENT = re.compile(rf"[ \t]*(?:(\[\[?)[ \t]*({_KEYS})[ \t]*\]\]?|({_KEYS})[ \t]*=)")
_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*|[\[{]|[\]}]|\n|[^"\'#\[\]{}\n]+',
    re.DOTALL,
)


def first_lines(text: str) -> dict[KeyPath, int]:
    """Return the line of each table and key of a valid TOML text, or the first line of what it holds."""
    lines: dict[KeyPath, int] = {}
    for path, line in _statements(text):
        for end in range(1, len(path) + 1):
            lines.setdefault(path[:end], line)
    return lines


def _statements(text: str) -> Iterator[tuple[KeyPath, int]]:
    """Yield the path and the line of each header and key; inline tables are one key."""
    table: KeyPath = ()
    counts: dict[KeyPath, int] = {}
    position, line = 0, 1
    while position < len(text):
        end = position
        if statement := _STATEMENT.match(text, position):
            brackets, header, key = statement.groups()
            names = _names(header or key)
            if not brackets:
                yield (*table, *names), line
            else:
                table = _table_of(names, counts, is_array=brackets == "[[")
                yield table, line
            end = statement.end()
        end = _end_of_statement(text, end)
        line += text.count("\n", position, end)
        position = end


def _table_of(names: KeyPath, counts: dict[KeyPath, int], *, is_array: bool) -> KeyPath:
    """Return the path of the table that a header begins, and count it where it is an element of an array."""
    if not is_array:
        return _in_arrays(names, counts)
    array = (*_in_arrays(names[:-1], counts), names[-1])
    counts[array] = counts.get(array, -1) + 1
    return (*array, counts[array])


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
    found = re.findall(_KEY, keys)
    return tuple(next(iter(tomllib.loads(f"{key} = 0"))) if key[0] in "\"'" else key for key in found)
