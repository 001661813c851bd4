"""The fields of the model, as messages and the schema need them: keys, kinds, and words for both."""

from collections.abc import Iterable, Mapping
from dataclasses import Field, fields, is_dataclass
from datetime import date, datetime, time
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from release_sentinel.config.kinds import Reader
from release_sentinel.redaction import without_credentials

KeyPath = tuple[str | int, ...]
_LONG = 80  # characters of a wrong value that are shown


def dotted(path: KeyPath) -> str:
    """Return a path as people write it: `waivers[0].env`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


@cache
def keys(record: type) -> dict[str, tuple[Field[Any], Any]]:
    """Return the keys of a record: its fields, with their annotations."""
    hints = get_type_hints(record, include_extras=True)
    return {field.name.rstrip("_"): (field, hints[field.name]) for field in fields(record)}


def bare(kind: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return a kind without its annotations and without None, and the annotations."""
    marks: tuple[Any, ...] = ()
    while True:
        if get_origin(kind) is Annotated:
            kind, *more = get_args(kind)
            marks += tuple(more)
        elif get_origin(kind) in {Union, UnionType} and len(_some(kind)) == 1:
            kind = _some(kind)[0]
        else:
            return kind, marks


def _some(union: Any) -> list[Any]:
    return [kind for kind in get_args(union) if kind is not type(None)]


def reader(marks: tuple[Any, ...]) -> Reader | None:
    """Return what reads a kind that constraints cannot describe."""
    return next((mark for mark in marks if isinstance(mark, Reader)), None)


def kind_at(record: type, path: Iterable[str]) -> Any:
    """Return the annotation of the field at a path of records."""
    kind: Any = record
    for part in path:
        base, _ = bare(kind)
        kind = keys(base)[part][1]
    return kind


def allowed(kind: Any) -> str:
    """Return what a kind may be, in words."""
    base, marks = bare(kind)
    if words := next((mark.description for mark in marks if isinstance(mark, msgspec.Meta) and mark.description), ""):
        return words
    if get_origin(base) is Literal:
        return f"one of {', '.join(map(str, get_args(base)))}"
    if get_origin(base) is tuple:
        return f"a list, each {allowed(get_args(base)[0])}"
    if is_dataclass(base) or get_origin(base) is Mapping:
        return "a table"
    if get_origin(base) in {Union, UnionType}:
        return " or ".join(allowed(kind) for kind in _some(base))
    names = {str: "a text", bool: "true or false", int: "a whole number", float: "a number", date: "a date"}
    bounds = [
        f"{word} {bound:g}"
        for mark in marks
        if isinstance(mark, msgspec.Meta)
        for word, bound in (("at least", mark.ge), ("above", mark.gt), ("at most", mark.le), ("below", mark.lt))
        if bound is not None
    ]
    return " ".join([names.get(base, getattr(base, "__name__", str(base))), *bounds])


def seen(value: object, *, hidden: bool = False) -> str:
    """Return a wrong value as a message may show it: never a credential."""
    for kind, words in ((dict, "a table"), (list, "a list"), (bool, str(value).lower())):
        if isinstance(value, kind):
            return words
    if isinstance(value, str):
        if hidden:
            return "something else"
        shown = without_credentials(value)
        return repr(shown if len(shown) <= _LONG else f"{shown[:_LONG]}…")
    return value.isoformat() if isinstance(value, date | datetime | time) else str(value)
