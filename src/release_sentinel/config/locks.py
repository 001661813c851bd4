"""What a policy file says of all that is above it: keys that nothing may change, or only make stricter, and waivers.

`release_sentinel.config.breaches` says what breaks a lock.
"""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache, lru_cache, reduce
from types import MappingProxyType
from typing import Any, NamedTuple

from msgspec import Struct

from release_sentinel.config.file import Source
from release_sentinel.config.kinds import nearest
from release_sentinel.config.layers import Layer, setter
from release_sentinel.config.marks import Stricter
from release_sentinel.config.model import LOCAL, LayerRules, Policy
from release_sentinel.config.packs import unread_in
from release_sentinel.config.read import KeyPath, bare, dotted, is_record, item_kind, keys, mark_of, seen
from release_sentinel.config.targets import HostRule, Target

ASKING = ("enable", "required_gates")  # keys that ask for gates by id


class Gates(NamedTuple):
    """The gates that a policy can name, by id; without any, it can name any."""

    kinds: Mapping[str, type[Target] | None] = MappingProxyType({})  # the class of the targets; None: no targets
    keys_of: Mapping[str, Sequence[str]] = MappingProxyType({})  # keys by which it judges besides its targets; globs
    asked_by: Mapping[str, str] = MappingProxyType({})  # the key that asks for it, besides its id


class Key(Struct, frozen=True):
    """One key of the policy: its direction, and the classes of the targets that hold it."""

    direction: Stricter | None
    is_list: bool = False  # of targets
    holders: tuple[type, ...] = ()


class LayeredPolicy(NamedTuple):
    """A layer, and the policy that it makes of all that is below it; `layers` ends with it."""

    layers: Sequence[Layer]
    policy: Policy

    is_whole: bool = False  # it stands for all its layers, and not for the last one alone

    def named(self, path: KeyPath) -> str:
        """Return a key as the layer sets it, with file and line."""
        layer = setter(path, self.layers) if self.is_whole else None
        return (layer or self.layers[-1]).key(path)

    def origin(self, path: KeyPath) -> str:
        """Return where the value of a key comes from."""
        if self.is_lowered(path):
            crit = self.limit_of_default(path)
            return f"the default lowered to {dotted(crit)} of {self.origin(crit)}"
        layer = setter(path, self.layers)
        return layer.source(path) if layer else "the default"

    def limit_of_default(self, path: KeyPath) -> KeyPath:
        """Return the `crit` that a file sets beside a `warn` that none does; or a blank."""
        crit = (*path[:-1], "crit")
        of_list = next((path[:end] for end, part in enumerate(path) if isinstance(part, int)), ())
        layers = [layer for layer in (setter(of_list, self.layers),) if layer] if of_list else self.layers
        if path[-1] != "warn" or any(layer.sets(path) for layer in layers):
            return ()
        return crit if any(layer.sets(crit) for layer in layers) else ()

    def is_lowered(self, path: KeyPath) -> bool:
        """Return whether a value is a default warning that a limit of a file has lowered."""
        crit = self.limit_of_default(path)
        return bool(crit) and bool(reduce(_part_of, crit, self.policy) == reduce(_part_of, path, self.policy))


def _part_of(record: Any, part: str | int) -> Any:
    return record[part] if isinstance(part, int) else getattr(record, part)


class Lock(Struct, frozen=True):
    """The locks of one file, with the keys and gates that they hold."""

    source: Source
    rules: LayerRules
    locked: Mapping[str, str]  # key: where it is locked
    stricter: Mapping[str, str]
    protected: Mapping[str, str]  # gate: where a lock protects it
    base: LayeredPolicy  # the file itself
    gates: Gates
    max_days: int | None = None  # of waivers, by this file or one below it

    @property
    def places(self) -> Mapping[str, str]:
        """Where each key has its lock."""
        return {**self.stricter, **self.locked}

    def because(self, key: str) -> str:
        """Return which line says that a key has a lock."""
        if key in self.locked:
            return f"locked by {self.locked[key]}"
        return f"stricter only, by {self.stricter[key]}" if key in self.stricter else ""

    def unset(self, path: KeyPath) -> str:
        """Return words for a locked key that no file sets up to this one, so that the lock freezes the default."""
        plain = all(isinstance(part, str) for part in path)  # above it, an entry may have another number
        return ", which does not set it" if plain and setter(path, self.base.layers) is None else ""

    def never(self, gate: str, *, whole: bool = False) -> str:
        """Return which line says that a gate, or one of its targets if `whole`, is never waived above; or a blank."""
        ids, starts = self._covered(gate, whole=whole)
        for pattern in self.rules.waivers.never:
            named = any(globbed(pattern, one) or globbed(pattern, one.partition("[")[0]) for one in ids)
            if named or any(_may_begin(pattern, start) for start in starts):
                return f"never waived, by {self.source.where(('waivers', 'never'))}"
        return ""

    def protects(self, gate: str) -> str:
        """Return which line says that a gate is neither switched off nor excused above; or a blank."""
        return self.judges(gate) or self.never(gate, whole=True)

    def judges(self, gate: str) -> str:
        """Return which line locks a key by which a gate judges; or a blank."""
        plain = [one.partition("[")[0] for one in self._covered(gate, whole=False)[0]]
        return next((f"{one} is protected by {self.protected[one]}" for one in plain if one in self.protected), "")

    def _covered(self, gate: str, *, whole: bool) -> tuple[list[str], list[str]]:
        """Return which ids an excuse for a gate covers, and how others begin; for a host, also what is judged there."""
        name, _, host = gate.removesuffix("]").partition("[")
        ids, starts = [gate], [f"{gate}["] if whole and not host else []
        if self.gates.kinds.get(name) is HostRule:
            there = [one for one, kind in self.gates.kinds.items() if kind in LOCAL]
            ids += [*there, *(f"{one}[{host}]" for one in there if host)]
            starts += [f"{one}[{host}:" if host else f"{one}[" for one in there]
        return ids, starts


def _may_begin(pattern: str, start: str) -> bool:
    """Return whether a pattern can match the id of a target that begins with `start`."""
    first, star, rest = pattern.partition("*")
    is_id = not star or rest.endswith("]") or pattern.endswith("*")
    return is_id and (first.startswith(start) or (bool(star) and start.startswith(first)))


def globbed(pattern: str, text: str) -> bool:
    """Return whether a text matches a pattern, in which `*` stands for any text; in linear time."""
    first, *pieces = pattern.split("*")
    if not pieces or not text.startswith(first):
        return pattern == text
    position = len(first)
    for piece in pieces[:-1]:
        position = text.find(piece, position) + len(piece)
        if position < len(piece):
            return False
    return text.endswith(pieces[-1]) and position + len(pieces[-1]) <= len(text)


@cache
def known_keys(policy: type[Policy] = Policy) -> Mapping[str, Key]:
    """Return every key of the policy as locks name it: `disk.crit`, `disks`, `disks.crit`, `hosts.disks.crit`.

    `policy` is the kind that has the tables of its gate packs: `acme.queue.crit`.
    """
    return dict(_keys(policy, "", ()))


def _keys(record: Any, prefix: str, holders: tuple[type, ...]) -> Iterator[tuple[str, Key]]:
    for name, (_, kind) in keys(record).items():
        key, base = f"{prefix}{name}", bare(kind)[0]
        listed = entry_kind(kind)
        if listed:
            yield key, Key(mark_of(kind, Stricter), is_list=True, holders=(*holders, bare(listed)[0]))
        if listed or is_record(kind):
            inner = bare(listed)[0] if listed else base
            held = (*holders, inner) if issubclass(inner, Target) else holders
            yield from _keys(listed or kind, f"{key}.", held)
        else:
            yield key, Key(mark_of(kind, Stricter), holders=holders)


def entry_kind(kind: Any) -> Any:
    """Return the kind of the entries of a list of targets, or None."""
    item = item_kind(kind)
    return item if is_record(item) and issubclass(bare(item)[0], Target) else None


@cache
def _containers() -> tuple[tuple[str, type], ...]:
    """Return the tables and lists of targets, each with the class of what it holds."""
    return tuple(_held(Policy, ""))


def _held(record: Any, prefix: str) -> Iterator[tuple[str, type]]:
    for name, (_, kind) in keys(record).items():
        held = bare(entry_kind(kind) or kind)[0]
        if isinstance(held, type) and issubclass(held, Target):
            yield f"{prefix}{name}", held
            yield from _held(held, f"{prefix}{name}.")


def _alike(word: str) -> list[str]:
    """Return the tables and lists that the name of a table or gate stands for, such as `disk` and `disks`."""
    lists = {key for key, known in known_keys().items() if known.is_list}
    meant = {word, f"{word}s", f"{word}es"} if word not in lists else set()
    kinds = {kind for key, kind in _containers() if key in meant}
    return [key for key, kind in _containers() if kind in kinds]


@lru_cache(maxsize=1000)
def matching(pattern: str, policy: type[Policy] = Policy) -> list[str]:
    """Return the keys that a pattern of `locked` or `stricter_only` names."""
    plain = pattern.replace("[]", "")
    first, _, rest = plain.partition(".")
    patterns = [plain, f"{plain}.*", *(f"{name}.{rest or '*'}" for name in _alike(first))]
    return [key for key in known_keys(policy) if any(globbed(one, key) for one in patterns)]


def problems_of(
    source: Source, rules: LayerRules, gates: Mapping[str, type[Target] | None], policy: type[Policy] = Policy
) -> Iterator[str]:
    """Yield what is wrong with the locks of a file: keys that do not exist, or that have no direction."""
    for name in ("locked", "stricter_only"):
        for number, pattern in enumerate(getattr(rules, name)):
            place, found = f"{source.where((name, number))}: {name} names {seen(pattern)}", matching(pattern, policy)
            if not found and pattern.partition(".")[0] in unread_in(policy):
                continue
            if not found:
                yield f"{place}, which is not a key of the policy{nearest(pattern, known_keys(policy))}"
            elif name == "stricter_only" and not any(
                _has_direction(key, policy) for key in ([pattern] if pattern in found else found)
            ):
                yield f"{place}, which has no stricter direction: name it under `locked`"
    for number, pattern in enumerate(rules.waivers.never):
        place = f"{source.where(('waivers', 'never', number))}: waivers.never names {seen(pattern)}"
        gate, bracket, _ = pattern.partition("[")
        near = get_close_matches(gate.lower(), gates, n=1, cutoff=0.85)
        if near and not any(globbed(gate, one) for one in gates):
            yield f"{place}, which is not a gate; did you mean {near[0]}?"
        elif bracket and not pattern.endswith(("]", "*")):
            yield f"{place}, expected a `]` at its end, as in `{gate}[target]`"
        elif bracket and "." not in gate and gate in gates and gates[gate] is None:
            yield f"{place}, which has no targets; did you mean {gate}?"


def _has_direction(key: str, policy: type[Policy]) -> bool:
    known = known_keys(policy)[key]
    return known.is_list or known.direction is not None


def lock_of(
    source: Source,
    rules: LayerRules,
    base: LayeredPolicy,
    below: Lock | None,
    gates: Gates,
) -> Lock:
    """Return the locks of a file, whose own policy is `base`; `below` are those of the file below it."""
    kind = type(base.policy)
    locked = {key: source.where(("locked", n)) for n, one in enumerate(rules.locked) for key in matching(one, kind)}
    stricter: dict[str, str] = {}
    for number, pattern in enumerate(rules.stricter_only):
        place = source.where(("stricter_only", number))
        for key in matching(pattern, kind):  # a glob locks what has no direction
            (stricter if _has_direction(key, kind) else locked).setdefault(key, place)
    protected = dict(_protected({**stricter, **locked}, base.policy, gates))
    max_days = rules.waivers.max_days
    if max_days is None and below:
        max_days = below.max_days
    return Lock(source, rules, locked, stricter, protected, base, gates, max_days)


def _protected(places: Mapping[str, str], policy: Policy, gates: Gates) -> Iterator[tuple[str, str]]:
    """Yield the gates that judge by locked keys, each with the place of the lock: off, they ignore these keys."""
    for key, place in places.items():
        holders = known_keys(type(policy))[key].holders
        for gate, kind in gates.kinds.items():
            of_pack = "." in gate and (gate.partition(".")[0] == key.partition(".")[0] or key == "packs")
            if (
                of_pack
                or (kind and kind in holders)
                or any(globbed(pattern, key) for pattern in gates.keys_of.get(gate, ()))
            ):
                yield gate, place
        if key in ASKING:
            yield from ((gate, place) for gate in getattr(policy, key))
