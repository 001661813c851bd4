"""Documents (what TOML or JSON hold) become records, and everything that is wrong is collected on the way."""

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Mapping as AbstractMapping
from dataclasses import MISSING, Field, dataclass, is_dataclass, replace
from typing import Any, Literal, get_args, get_origin

import msgspec

from release_sentinel.config.fields import KeyPath, allowed, bare, dotted, keys, reader, seen
from release_sentinel.config.kinds import Hidden, HintError, nearest


@dataclass(frozen=True)
class Problem:
    """Something wrong: at which key, and a sentence that goes on from the key's name.

    Where it contradicts another key, that key's name stands between `says` and `ends`.
    """

    path: KeyPath
    says: str
    other: KeyPath | None = None
    ends: str = ""


class _Broken:
    """Stands for a value that could not be read."""


BROKEN = _Broken()


class Reading:
    """Reads one document; `problems` collects what is wrong with it."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def read(self, kind: Any, value: Any, path: KeyPath = ()) -> Any:
        """Return `value` as the kind demands it, or `BROKEN`."""
        base, marks = bare(kind)
        if own := reader(marks):
            return self._leaf(own.read, kind, value, path)
        if is_dataclass(base) and isinstance(base, type):
            return self._record(base, value, path)
        if get_origin(base) is tuple:
            return self._list(kind, value, path)
        if get_origin(base) is AbstractMapping:
            return self._mapping(base, value, path)
        return self._leaf(lambda given: msgspec.convert(given, kind), kind, value, path)

    def _leaf(self, convert: Callable[[Any], Any], kind: Any, value: object, path: KeyPath) -> Any:
        base, marks = bare(kind)
        try:
            return convert(value)
        except (ValueError, TypeError, msgspec.ValidationError) as error:
            hint = str(error) if isinstance(error, HintError) else ""
            if get_origin(base) is Literal and isinstance(value, str):
                hint = nearest(value, get_args(base))
            hidden = any(isinstance(mark, Hidden) for mark in marks)
            self.problems.append(Problem(path, f"is {seen(value, hidden=hidden)}, expected {allowed(kind)}{hint}"))
            return BROKEN

    def _list(self, kind: Any, value: Any, path: KeyPath) -> Any:
        if not isinstance(value, list):
            self.problems.append(Problem(path, f"is {seen(value)}, expected {allowed(kind)}"))
            return BROKEN
        base, marks = bare(kind)
        items = [self.read(get_args(base)[0], item, (*path, number)) for number, item in enumerate(value)]
        for mark in marks:
            if isinstance(mark, msgspec.Meta) and len(value) < (mark.min_length or 0):
                self.problems.append(Problem(path, f"is an empty list, expected {allowed(kind)}"))
                return BROKEN
        if BROKEN in items and not is_dataclass(bare(get_args(base)[0])[0]):
            return BROKEN
        return tuple(items)  # broken tables stay in their place: contradictions tell positions

    def _mapping(self, base: Any, value: Any, path: KeyPath) -> Any:
        if not isinstance(value, dict):
            self.problems.append(Problem(path, f"is {seen(value)}, expected a table"))
            return BROKEN
        name, kind = get_args(base)
        read = {}
        for key, item in value.items():
            known, said = self.read(name, key, (*path, key)), self.read(kind, item, (*path, key))
            if known is not BROKEN and said is not BROKEN:
                read[known] = said
        return read

    def _record(self, base: type, value: Any, path: KeyPath) -> Any:
        if not isinstance(value, dict):
            self.problems.append(Problem(path, f"is {seen(value)}, expected a table"))
            return BROKEN
        known, before = keys(base), len(self.problems)
        self._refuse_strangers(base, value, path)
        values: dict[str, Any] = {}
        missing = False
        for key, (field, kind) in known.items():
            if key in value:
                values[field.name] = self.read(kind, value[key], (*path, key))
            elif field.default is MISSING and field.default_factory is MISSING:
                self.problems.append(Problem((*path, key), f"is missing, expected {allowed(kind)}"))
                missing = True
        whole = {name: item for name, item in values.items() if item is not BROKEN}
        if missing or any(known[key][0].name not in whole and _required(known[key][0]) for key in known):
            return BROKEN
        record = _lowered(base(**whole), value)
        broken = [problem.path for problem in self.problems[before:]]
        for clash in clashes(record):
            full = (*path, *clash.path)
            other = (*path, *clash.other) if clash.other else None
            if not any(_touch(one, full) or (other and _touch(one, other)) for one in broken):
                self.problems.append(replace(clash, path=full, other=other))
        return record

    def _refuse_strangers(self, base: type, value: Mapping[str, Any], path: KeyPath) -> None:
        for key in value:
            if key not in keys(base):
                where = f"[{dotted(path)}]" if path else "the policy"
                hint = _elsewhere(key) or nearest(key, keys(base)) or f", which has {', '.join(keys(base))}"
                self.problems.append(Problem((*path, key), f"is no key of {where}{hint}"))


def clashes(record: Any) -> Iterator[Problem]:
    """Yield the contradictions between the fields of one record, with paths below it."""
    warn, crit = getattr(record, "warn", None), getattr(record, "crit", None)
    if isinstance(warn, float) and isinstance(crit, float) and not warn <= crit:
        yield Problem(("warn",), f"is {warn:g}, expected at most ", ("crit",), f", which is {crit:g}")
    for clash in record.clashes() if hasattr(record, "clashes") else ():
        yield Problem(clash.key, clash.says, (clash.other,) if clash.other else None, clash.ends)


def _lowered(record: Any, document: Mapping[str, Any]) -> Any:
    """Let a limit that is set below the default warning take the warning along, where that is not set itself."""
    warn, crit = getattr(record, "warn", None), getattr(record, "crit", None)
    if "warn" not in document and isinstance(warn, float) and isinstance(crit, float) and crit < warn:
        return replace(record, warn=crit)
    return record


def _touch(one: KeyPath, other: KeyPath) -> bool:
    """Tell whether two paths are the same, or one leads to the other."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def _required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _elsewhere(key: str) -> str:
    """Return `; did you mean git.branches?` for a key that is one of another table of the policy."""
    from release_sentinel.config.model import Policy  # noqa: PLC0415 - late: the model is not needed to read others

    for section, (_, kind) in keys(Policy).items():
        base, _ = bare(kind)
        if is_dataclass(base) and isinstance(base, type) and key in keys(base):
            return f"; did you mean {section}.{key}?"
    return ""
