"""Converts documents, as in TOML or JSON, to records, and records back to values.

The annotation of a field says what its key may hold. Everything that is wrong is collected, not only the first problem.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from functools import cache, lru_cache
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import Struct
from msgspec.structs import FieldInfo, fields, replace

from release_sentinel.config.kinds import nearest
from release_sentinel.config.marks import Custom, Hidden, HintError, NoKey, Only
from release_sentinel.lines import one_line
from release_sentinel.redaction import is_plain, without_credentials

KeyPath = tuple[str | int, ...]
Entry = TypeVar("Entry")
Mark = TypeVar("Mark")
_TOKEN = re.compile(r"[\w+/=.~:!@%&*^$#-]{16,}")
_LONG = 80  # characters of a wrong value that are shown
ENTRIES = 1000  # of a list or table, at most
PROBLEMS = 1000  # that are collected, at most
BIGGEST = (1 << 63) - 1  # whole number, as TOML requires it


class Problem(Struct, frozen=True):
    """Something wrong: at which key, and a sentence that continues the key's name.

    Where it contradicts another key, that key's name comes between `says` and `ends`.
    """

    path: KeyPath
    says: str
    other: KeyPath | None = None
    ends: str = ""
    unreadable: bool = False  # the value at the path; what contradicts it, or is contradicted by it, is not reported

    def below(self, path: KeyPath) -> "Problem":
        """Return the same problem of a record that is at `path`."""
        return replace(self, path=(*path, *self.path), other=(*path, *self.other) if self.other else None)


def dotted(path: KeyPath) -> str:
    """Return a path as a policy file writes it: `waivers[0].env`."""
    text = ""
    for part in path:
        shown = f"[{part}]" if isinstance(part, int) else shown_key(part)
        text += f".{shown}" if text and not isinstance(part, int) else shown
    return text


@lru_cache(maxsize=1024)  # a policy full of mistakes names the same keys again and again
def shown_key(key: str) -> str:
    """Return the name of a key as a message may show it: a value that stands in its place may be a secret."""
    hidden = "://" in key or ": " in key or any(map(looks_random, key.split())) or without_credentials(key) != key
    return "(not shown)" if hidden else one_line(key, _LONG)


def looks_random(text: str) -> bool:
    """Return whether a text has the form of a token: no words, and letters and digits mixed."""
    mixed = _TOKEN.fullmatch(text) is not None
    return mixed and not is_plain(text) and any(map(str.isdigit, text)) and any(map(str.isalpha, text))


@cache
def keys(kind: Any) -> dict[str, tuple[FieldInfo, Any]]:
    """Return the keys of a kind of record: its fields, with their annotations."""
    named = {field.name.rstrip("_"): field for field in fields(bare(kind)[0]) if not has_mark(field.type, NoKey)}
    only = mark_of(kind, Only)
    return {key: (named[key], named[key].type) for key in (only.keys if only else named)}


@cache
def bare(kind: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return a kind without its annotations and without None, and the annotations."""
    marks: tuple[Any, ...] = ()
    while True:
        if get_origin(kind) is Annotated:
            kind, *more = get_args(kind)
            marks += tuple(more)
        elif get_origin(kind) in {Union, UnionType} and len(_without_none(kind)) == 1:
            kind = _without_none(kind)[0]
        else:
            return kind, marks


def item_kind(kind: Any) -> Any:
    """Return the kind of the entries of a list; None for the kind of anything else."""
    base, _ = bare(kind)
    return get_args(base)[0] if get_origin(base) is tuple else None


def mark_of(kind: Any, mark: type[Mark]) -> Mark | None:
    """Return the mark of a class that a kind carries itself, if it carries one."""
    return next((one for one in bare(kind)[1] if isinstance(one, mark)), None)


@cache
def has_mark(kind: Any, mark: type) -> bool:
    """Return whether a kind, or the kind of its list items, carries a mark."""
    return mark_of(kind, mark) is not None or mark_of(item_kind(kind), mark) is not None


@cache
def _may_hold(kind: Any, mark: type) -> bool:
    """Return whether a kind, or what is below it, carries a mark."""
    return has_mark(kind, mark) or any(_may_hold(one, mark) for one in _inner_kinds(kind))


def _inner_kinds(kind: Any) -> list[Any]:
    """Return the kinds of what a kind holds: a record's keys, a list's entries, the names and values of a mapping."""
    base, _ = bare(kind)
    held = get_args(base) if get_origin(base) in {tuple, Mapping} else ()
    fields_of = [field for _, field in keys(kind).values()] if is_record(kind) else []
    return [*fields_of, *(one for one in held if one is not Ellipsis)]


def is_record(kind: Any) -> bool:
    """Return whether a kind is a table with keys of its own."""
    base, _ = bare(kind)
    return isinstance(base, type) and issubclass(base, Struct) and not mark_of(kind, Custom)


def shorthand(kind: Any) -> str:
    """Return the key of a record whose value alone may stand for the record in a document; or blank."""
    key: str = getattr(bare(kind)[0], "shorthand", "")
    return key


@cache
def shorthands(kind: Any) -> frozenset[str]:
    """Return the shorthands of a kind and of all records below it."""
    return frozenset(filter(None, [shorthand(kind)])).union(*map(shorthands, _inner_kinds(kind)))


def is_required(field: FieldInfo) -> bool:
    """Return whether a document has to set a field."""
    return field.required


def kind_at(record: type, path: Iterable[str]) -> Any:
    """Return the annotation of the field at a path."""
    kind: Any = record
    for key in path:
        kind = keys(kind)[key][1]
    return kind


def leaves(record: Any, kind: Any = None, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any, Any]]:
    """Yield each value of a record with its path and its kind; those of inner tables last, as TOML needs it."""
    inner: list[tuple[KeyPath, Any, Any]] = []
    record_kind: Any = kind or type(record)
    for key, (field, field_kind) in keys(record_kind).items():
        parts = _parts(getattr(record, field.name), field_kind)
        if parts is None:
            yield (*path, key), field_kind, getattr(record, field.name)
        else:
            inner += [((*path, key, *step), part_kind, value) for step, part_kind, value in parts]
    for below, part_kind, value in inner:
        if is_record(part_kind):
            yield from leaves(value, part_kind, below)
        else:
            yield below, part_kind, value


def _parts(value: Any, kind: Any) -> list[tuple[KeyPath, Any, Any]] | None:
    """Return what a table, a list of tables or a mapping holds, each with its step; None for a single value."""
    base, _ = bare(kind)
    if not value:
        return None  # an empty list or mapping is a value of its own
    if get_origin(base) is Mapping:
        return [((name,), get_args(base)[1], item) for name, item in value.items()]
    if is_record(entry_kind := item_kind(kind)):
        return [((number,), entry_kind, item) for number, item in enumerate(value)]
    return [((), kind, value)] if is_record(kind) else None


class _Unreadable:
    """Marks a value that could not be read."""


UNREADABLE = _Unreadable()


def readable(entries: Iterable[Entry]) -> Iterator[tuple[int, Entry]]:
    """Yield the entries of a list of tables that could be read, each with its position."""
    return ((position, entry) for position, entry in enumerate(entries) if entry is not UNREADABLE)


class Reading:
    """Reads the documents of one kind. What several of them share, by identity, is read once."""

    def __init__(self) -> None:
        self._root: Any = None
        self._problems: list[Problem] = []
        self._shared: dict[tuple[KeyPath, int], tuple[Any, Any, list[Problem]]] = {}

    def read(self, kind: Any, document: Any) -> tuple[Any, list[Problem]]:
        """Return the document as the kind requires it, or `UNREADABLE`, and what is wrong with it."""
        self._root, self._problems = kind, []
        return self._read(kind, document, ()), self._problems

    def _read(self, kind: Any, value: Any, path: KeyPath) -> Any:
        if len(path) != 1 or not isinstance(value, dict | list):
            return self._read_value(kind, value, path)
        place = path, id(value)  # the value is kept, so that the id stays unique
        if place in self._shared:
            _, result, problems = self._shared[place]
            self._problems += problems
        else:
            before = len(self._problems)
            result = self._read_value(kind, value, path)
            self._shared[place] = value, result, self._problems[before:]
        return result

    def _read_value(self, kind: Any, value: Any, path: KeyPath) -> Any:
        if custom := mark_of(kind, Custom):
            return self._leaf(custom.read, kind, value, path)
        if is_record(kind):
            return self._record(kind, value, path)
        if item_kind(kind):
            return self._list(kind, value, path)
        if get_origin(bare(kind)[0]) is Mapping:
            return self._mapping(kind, value, path)
        return self._leaf(lambda given: _converted(given, kind), kind, value, path)

    def _leaf(self, convert: Callable[[Any], Any], kind: Any, value: object, path: KeyPath) -> Any:
        try:
            return convert(value)
        except (ValueError, TypeError, msgspec.ValidationError) as error:
            base, _ = bare(kind)
            hint = str(error) if isinstance(error, HintError) else ""
            if _may_hold(kind, Hidden):
                hint = re.sub(r"'[^']*'", "(not shown)", hint)  # a piece of the value
            if get_origin(base) is Literal and isinstance(value, str):
                hint = nearest(value, get_args(base))
            return self._refused(path, f"is {seen(value, kind)}, expected {allowed(kind)}{hint}")

    def _refused(self, path: KeyPath, says: str) -> _Unreadable:
        self._problems.append(Problem(path, says, unreadable=True))
        return UNREADABLE

    def _list(self, kind: Any, value: Any, path: KeyPath) -> Any:
        if not isinstance(value, list):
            return self._refused(path, f"is {seen(value, kind)}, expected {allowed(kind)}")
        entry_kind, metas = item_kind(kind), _metas(kind)
        most = next((meta.max_length for meta in metas if meta.max_length), ENTRIES)
        if len(value) > most:
            return self._refused(path, f"has {len(value)} entries, expected at most {most}")
        items = tuple(self._read(entry_kind, item, (*path, number)) for number, item in enumerate(value))
        if any(len(value) < (meta.min_length or 0) for meta in metas):
            return self._refused(path, f"is an empty list, expected {allowed(kind)}")
        # Tables that cannot be read stay in their place: contradictions name positions.
        return UNREADABLE if UNREADABLE in items and not is_record(entry_kind) else items

    def _mapping(self, kind: Any, value: Any, path: KeyPath) -> Any:
        if not isinstance(value, dict):
            return self._refused(path, f"is {seen(value, kind)}, expected a table")
        if len(value) > ENTRIES:
            return self._refused(path, f"has {len(value)} keys, expected at most {ENTRIES}")
        name_kind, held_kind = get_args(bare(kind)[0])
        read = {}
        for key, item in value.items():
            name, found = self._read(name_kind, key, (*path, key)), self._read(held_kind, item, (*path, key))
            if name is not UNREADABLE and found is not UNREADABLE:
                read[name] = found
        return read

    def _record(self, kind: Any, value: Any, path: KeyPath) -> Any:
        value = _whole(kind, value)
        if not isinstance(value, dict):
            return self._refused(path, f"is {seen(value, kind)}, expected {allowed(kind)}")
        if path and len(value) > ENTRIES:
            return self._refused(path, f"has {len(value)} keys, expected at most {ENTRIES}")
        before = len(self._problems)
        self._refuse_unknown_keys(kind, value, path)
        values, missing = {}, False
        for key, (field, field_kind) in keys(kind).items():
            if key in value:
                values[field.name] = self._read(field_kind, value[key], (*path, key))
            elif is_required(field):
                self._refused((*path, key), f"is missing, expected {allowed(field_kind)}")
            missing |= is_required(field) and values.get(field.name, UNREADABLE) is UNREADABLE
        if missing:
            return UNREADABLE
        record = bare(kind)[0](**{name: item for name, item in values.items() if item is not UNREADABLE})
        record = _lowered(record, value)
        wrong = _Places(problem.path for problem in self._problems[before:] if problem.unreadable)
        for problem in (problem.below(path) for problem in clashes(record, listed=_is_listed(path))):
            if len(self._problems) >= PROBLEMS:
                break
            if not any(wrong.touch(place) for place in (problem.path, problem.other or problem.path)):
                self._problems.append(problem)
        return record

    def _refuse_unknown_keys(self, kind: Any, value: Mapping[str, Any], path: KeyPath) -> None:
        known = keys(kind)
        names = (*known, *getattr(bare(kind)[0], "beside", ()))
        for key in value:
            if key not in known and len(self._problems) < PROBLEMS:
                where = f"[{dotted(path)}]" if path else "the policy"
                hint = self._elsewhere(key) or nearest(key, names) or f", which has {', '.join(dict.fromkeys(names))}"
                self._refused((*path, key), f"is not a key of {where}{hint}")

    def _elsewhere(self, key: str) -> str:
        """Return `; did you mean git.branches?` for a key that is one of another table of the document."""
        for section, (_, kind) in keys(self._root).items():
            if is_record(kind) and key in keys(kind):
                return f"; did you mean {section}.{key}?"
        return ""


def _whole(kind: Any, value: Any) -> Any:
    """Return the table for which the value of one key stands."""
    key = shorthand(kind)
    return {key: value} if key and isinstance(value, str) else value


def _converted(value: Any, kind: Any) -> Any:
    """Return a value as its kind requires it. Numbers are finite: a comparison with any other decides by accident."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError
    if isinstance(value, int) and abs(value) > BIGGEST:
        raise HintError("; whole numbers have at most 64 bits")
    return msgspec.convert(value, kind)


def clashes(record: Any, *, listed: bool = False) -> Iterator[Problem]:
    """Yield the contradictions inside one record, with paths below it; `listed`: it is an entry of a list."""
    warn, crit = _limits(record)
    if not warn <= crit:
        yield Problem(("warn",), f"is {warn:g}, expected at most ", ("crit",), f", which is {crit:g}")
    if hasattr(record, "clashes"):
        yield from record.clashes()
    if listed and hasattr(record, "entry_clashes"):
        yield from record.entry_clashes()


def _lowered(record: Any, document: Mapping[str, Any]) -> Any:
    """Lower the default warning to a limit that is set below it."""
    warn, crit = _limits(record)
    return replace(record, warn=crit) if crit < warn and "warn" not in document else record


def _limits(record: Any) -> tuple[float, float]:
    """Return the limits that a record has; two equal ones if it does not have both."""
    warn, crit = getattr(record, "warn", None), getattr(record, "crit", None)
    return (warn, crit) if isinstance(warn, float) and isinstance(crit, float) else (0.0, 0.0)


class _Places:
    """Paths, and which others touch one of them: are the same, lead to it, or are led to by it."""

    def __init__(self, paths: Iterable[KeyPath]) -> None:
        self._paths = set(paths)
        self._leading = {path[:end] for path in self._paths for end in range(len(path) + 1)}

    def touch(self, place: KeyPath) -> bool:
        return place in self._leading or any(place[:end] in self._paths for end in range(len(place)))


def _is_listed(path: KeyPath) -> bool:
    return bool(path) and isinstance(path[-1], int)


def _metas(kind: Any) -> list[msgspec.Meta]:
    return [mark for mark in bare(kind)[1] if isinstance(mark, msgspec.Meta)]


def _without_none(union: Any) -> list[Any]:
    return [kind for kind in get_args(union) if kind is not type(None)]


_NAMES = {str: "a text", bool: "true or false", int: "a whole number", float: "a number", date: "a date"}


def allowed(kind: Any) -> str:
    """Return what a kind may be, in words."""
    base, metas = bare(kind)[0], _metas(kind)
    if words := next((meta.description for meta in metas if meta.description), ""):
        return words
    if get_origin(base) is Literal:
        return f"one of {', '.join(map(str, get_args(base)))}"
    if entry_kind := item_kind(kind):
        return f"a list, each {allowed(entry_kind)}"
    if is_record(kind) or get_origin(base) is Mapping:
        key = shorthand(kind)
        return f"{allowed(keys(kind)[key][1])}, or a table" if key else "a table"
    if get_origin(base) in {Union, UnionType}:
        return " or ".join(allowed(kind) for kind in _without_none(base))
    return " ".join([_NAMES.get(base, getattr(base, "__name__", str(base))), *_bounds(metas)])


def _bounds(metas: Sequence[msgspec.Meta]) -> Iterator[str]:
    for meta in metas:
        for word, bound in (("at least", meta.ge), ("above", meta.gt), ("at most", meta.le), ("below", meta.lt)):
            if bound is not None:
                yield f"{word} {bound:g}"
        if meta.multiple_of is not None:
            yield f"that is a multiple of {meta.multiple_of:g}"
        lengths = (("at least", meta.min_length), ("at most", meta.max_length))
        if told := " and ".join(f"{word} {length}" for word, length in lengths if length is not None):
            yield f"with {told} characters"
        if meta.pattern is not None:
            yield f"that matches {meta.pattern}"


def seen(value: object, kind: Any = None) -> str:
    """Return a wrong value of a kind as a message may show it: without credentials."""
    for base, words in ((dict, "a table"), (list, "a list")):
        if isinstance(value, base):
            return words
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        shown = without_credentials(value)
        if looks_random(shown) or (kind is not None and _may_hold(kind, Hidden)):
            return "invalid (not shown)"
        return repr(shown if len(shown) <= _LONG else f"{shown[:_LONG]}…")
    if isinstance(value, int) and abs(value) > BIGGEST:
        return "a very large number"
    return value.isoformat() if isinstance(value, date | datetime | time) else str(value)
