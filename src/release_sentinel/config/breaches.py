"""What breaks a lock: a layer above it that sets another or a looser value, or excuses a gate that it protects.

A key is compared entry by entry where it is one of a list of targets: entries may be added, and none may be removed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from release_sentinel.config.kinds import Change
from release_sentinel.config.locks import ASKING, LayeredPolicy, Lock, entry_kind, known_keys
from release_sentinel.config.marks import Stricter
from release_sentinel.config.model import LOCAL, Policy, Waiver, end_of
from release_sentinel.config.read import KeyPath, dotted, is_record, keys, readable, seen
from release_sentinel.config.targets import HostRule, Target, UnitRule

Name = tuple[str, ...]  # of an entry: its label, or the inventory and the group, which no label can stand for
Place = tuple[str, tuple[Name, ...]]  # a key, and the names of the entries of lists that hold it


class _Value(NamedTuple):
    path: KeyPath
    value: Any


def broken(lock: Lock, above: Sequence[LayeredPolicy], now: datetime) -> Iterator[str]:
    """Yield how the layers above a file break its locks, a sentence each; `now` is the moment of the run."""
    before = lock.base
    base = values = _values(before.policy)
    for step in above:
        if lock.locked or lock.stricter:
            after = _values(step.policy)
            yield from _changed(lock, base, values, after, step)
            values = after
        yield from _switched_off(lock, before.policy, step)
        yield from _waived(lock, before.policy, step, now)
        before = step


def is_stricter(direction: Stricter, base: Any, value: Any) -> bool:
    """Return whether a value is as strict as that of a base, or stricter."""
    if same(value, base) or direction.is_free(base):
        return True
    if direction.is_free(value):
        return False
    tests: Mapping[str, Callable[[], bool]] = {
        "lower": lambda: _is_at_most(value, base),
        "higher": lambda: _is_at_most(base, value),
        "true": lambda: value is True,
        "false": lambda: value is False,
        "superset": lambda: _is_superset(value, base),
        "subset": lambda: _is_subset(value, base),
    }
    return tests[direction.way]()


def _is_at_most(value: Any, limit: Any) -> bool:
    if isinstance(value, Change) and isinstance(limit, Change):
        return value.is_share == limit.is_share and value.amount <= limit.amount
    return isinstance(value, bool) == isinstance(limit, bool) and bool(value <= limit)


def _is_superset(value: Any, base: Any) -> bool:
    if isinstance(base, Mapping):
        return all(name in value and same(value[name], one) for name, one in base.items())
    return all(any(same(one, other) for other in value) for one in base)


def _is_subset(value: Any, base: Any) -> bool:
    if isinstance(value, Mapping):  # of dates, each may be an earlier one, and of reasons each another
        return all(
            name in base and (isinstance(one, str) or same(one, base[name]) or _is_earlier(one, base[name]))
            for name, one in value.items()
        )
    return all(any(same(one, other) for other in base) for one in value)


def _is_earlier(value: Any, base: Any) -> bool:
    return type(value) is type(base) is date and bool(value <= base)


def same(value: Any, other: Any) -> bool:
    """Return whether two values of a policy are the same; as in JSON, true is not 1, and 1 is 1.0."""
    if isinstance(value, bool) or isinstance(other, bool):
        return value is other
    if value != other:
        return False
    if isinstance(value, Struct):
        return all(same(getattr(value, name), getattr(other, name)) for name in value.__struct_fields__)
    if isinstance(value, Mapping):
        return all(same(one, other[name]) for name, one in value.items())
    if isinstance(value, set | frozenset):
        return all(any(same(one, another) for another in other) for one in value)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return all(map(same, value, other))
    return True


def _values(policy: Policy) -> dict[Place, _Value]:
    return dict(_values_of(policy, type(policy), "", (), ()))


class _Held(NamedTuple):
    name: str
    field: str
    listed: Any  # the kind of the entries of a list of targets, or None
    record: Any  # the kind of a table with keys of its own, or None


@cache
def _held(kind: Any) -> tuple[_Held, ...]:
    """Return what a record holds: each file with a lock compares every value of the policies above it."""
    return tuple(
        _Held(name, field.name, entry_kind(inner), inner if is_record(inner) else None)
        for name, (field, inner) in keys(kind).items()
    )


def _values_of(
    record: Any, kind: Any, prefix: str, names: tuple[Name, ...], path: KeyPath
) -> Iterator[tuple[Place, _Value]]:
    for held in _held(kind):
        key, value, place = f"{prefix}{held.name}", getattr(record, held.field), (*path, held.name)
        if held.listed:
            yield (key, names), _Value(place, tuple(map(_whole, value)))
            for number, entry in readable(value):
                for one in _targets(_whole(entry)):
                    yield from _values_of(one, held.listed, f"{key}.", (*names, _name(one)), (*place, number))
        elif not held.record:
            yield (key, names), _Value(place, value)
        elif value is not None:
            own = value.name_in_list if isinstance(value, Target) else ""  # of the disk that is in no list, its path
            yield from _values_of(value, held.record, f"{key}.", (*names, (own,)) if own else names, place)


def _targets(entry: Target) -> list[Target]:
    """Return the targets of an entry: a host each where it names several."""
    return (list(entry.each()) if isinstance(entry, HostRule) else []) or [entry]


def _whole(entry: Any) -> Any:
    """Return an entry of a list; a unit by its whole name, which its short one stands for."""
    return replace(entry, name=entry.unit) if isinstance(entry, UnitRule) else entry


def _name(target: Target) -> Name:
    if isinstance(target, HostRule) and target.inventory:
        return target.inventory, target.group
    return (target.name_in_list,)


def _changed(
    lock: Lock,
    base: Mapping[Place, _Value],
    before: Mapping[Place, _Value],
    after: Mapping[Place, _Value],
    step: LayeredPolicy,
) -> Iterator[str]:
    """Yield the keys with a lock that a layer changes, or whose entry it removes."""
    places, removed = lock.places, set()
    for place, (path, value) in base.items():
        key, names = place
        found, last = after.get(place), before.get(place)
        if key not in places or found is last or (found and last and same(found.value, last.value)):
            continue
        because, origin = lock.because(key), lock.base.origin(path)
        because += lock.unset(path)
        if found is None:
            entry = _of_list(path)
            if not any((entry, names[:end]) in removed for end in range(len(names) + 1)):
                removed.add((entry, names))
                says = f"lacks {seen(':'.join(names[-1]))}" if names else "leaves a table out"
                yield f"{step.named(_of_list(path))} {says}, expected what {origin} has: {because}"
            continue
        direction, crit = known_keys(type(step.policy))[key].direction, step.limit_of_default(found.path)
        named = f"{step.named(crit)}: the default of {dotted(found.path)}" if crit else step.named(found.path)
        if key in lock.locked and not (step.is_whole and lock.unset(path)):
            # a stricter limit may lower a default: the limit has a lock of its own
            is_lowered = step.is_lowered(found.path) and _is_at_most(found.value, value)
            if not (is_lowered or same(found.value, value) or _same_set(direction, found.value, value)):
                yield f"{named} differs from {origin}: {because}"
        elif direction and _is_usual(lock, key, direction, value):
            yield f"{named} names some entries, expected none, for the usual ones, as {origin} has: {because}"
        elif direction and not is_stricter(direction, value, found.value):
            yield f"{named} {_expected(direction, value, found.value)} {origin} has: {because}"


def _same_set(direction: Stricter | None, value: Any, base: Any) -> bool:
    """Return whether two lists have the same entries, where the order does not count."""
    if direction is None or direction.way not in {"superset", "subset"}:
        return False
    return (
        isinstance(value, tuple) and isinstance(base, tuple) and _is_superset(value, base) and _is_subset(value, base)
    )


def _is_usual(lock: Lock, key: str, direction: Stricter, base: Any) -> bool:
    """Return whether an empty list stands for the usual entries: of a gate that is asked for by its id."""
    policy = lock.base.policy
    gates = [gate for gate, asking in lock.gates.asked_by.items() if asking == key]
    return direction.has_usual and not base and any(gate in policy.enable for gate in gates)


def _of_list(path: KeyPath) -> KeyPath:
    """Return the path of the list that holds a value, or else that of its table."""
    return next((path[:end] for end, part in enumerate(path) if isinstance(part, int)), path[:-1])


def _expected(direction: Stricter, base: Any, value: Any) -> str:
    """Return a looser value and its bound, in words; without the entries of lists, which may be secrets."""
    if direction.way in {"superset", "subset"}:
        more = direction.way == "superset"
        if more:
            return f"lacks {_entries(base, value)}, expected all that"
        return f"has {_entries(value, base)} too many, expected only those that"
    if isinstance(value, bool):
        return f"is {str(value).lower()}, expected {direction.way}, as"
    bound = "at most" if direction.way == "lower" else "at least"
    return f"is {_number(value)}, expected {bound} {_number(base)}, as"


def _entries(some: Any, other: Any) -> str:
    """Return which keys of a table another lacks or has otherwise, or how many entries of a list it lacks."""
    if isinstance(some, Mapping):
        return ", ".join(name for name, one in some.items() if name not in other or not same(one, other[name]))
    count = sum(not any(same(one, another) for another in other or ()) for one in some or ())
    return "1 entry" if count == 1 else f"{count} entries"


def _number(value: Any) -> str:
    return "without a bound" if value is None else str(value) if isinstance(value, Change) else f"{value:g}"


def _switched_off(lock: Lock, before: Policy, step: LayeredPolicy) -> Iterator[str]:
    """Yield the gates that a layer switches off, or only advises, though a lock protects them."""
    for path, gate in _less(lock, before, step.policy):
        if why := lock.protects(gate):
            yield f"{step.named(path)} excuses the gate {gate}: {why}"
    for path, gate in _lost(lock, before, step):
        if why := lock.never(gate):
            yield f"{step.named(path)} leaves nothing for the gate {gate} to judge: {why}"


def _less(lock: Lock, before: Policy, policy: Policy) -> Iterator[tuple[KeyPath, str]]:
    """Yield the gates that a layer asks less of than the file with the lock, each with the key that says so."""
    base = lock.base.policy
    yield from ((("disable", gate), gate) for gate in policy.disable if gate not in {*base.disable, *before.disable})
    for gate, day in policy.advise.items():
        last = base.advise.get(gate, base.advise.get(gate.partition("[")[0]))
        if before.advise.get(gate) != day and (last is None or last < day):
            yield ("advise", gate), gate
    if policy.skip_local_host and not (before.skip_local_host or base.skip_local_host):
        yield from ((("skip_local_host",), gate) for gate, kind in lock.gates.kinds.items() if kind in LOCAL)
    for key in ASKING:
        lost = set(getattr(before, key)) - set(getattr(policy, key)) if key not in lock.places else set()
        yield from (((key,), gate) for gate in getattr(base, key) if gate in lost)


def _lost(lock: Lock, before: Policy, step: LayeredPolicy) -> Iterator[tuple[KeyPath, str]]:
    """Yield the targets of the file with the lock that a layer leaves out, and gates that nothing asks for any more."""
    base, last, now = (_judged(policy, lock.gates.kinds) for policy in (lock.base.policy, before, step.policy))
    for one, kind in base.items():
        if one in last and one not in now:
            gate, _ = one
            places = (("skip_local_host",), (Policy.list_of(kind),), ("hosts",), (gate,))
            yield next((path for path in places if step.layers[-1].sets(path)), places[1]), gate
    for gate, key in lock.gates.asked_by.items():
        asks = attrgetter(key)
        if asks(lock.base.policy) and asks(before) and not asks(step.policy):
            yield tuple(key.split(".")), gate


def _judged(policy: Policy, gates: Mapping[str, type[Target] | None]) -> dict[tuple[str, bool], type[Target]]:
    """Return the ids of all that is judged, and whether a group's hosts have it, with the class of each.

    What is on the hosts of a group is named by the group.
    """
    rules = [rule for _, rule in readable(policy.hosts)]
    groups = [replace(rule, inventory="", name=":".join(_name(rule))) for rule in rules if rule.inventory]
    direct, of_groups = [rule for rule in rules if not rule.inventory], Policy(hosts=tuple(groups), skip_local_host="-")
    found = dict[tuple[str, bool], type[Target]]()
    for gate, kind in gates.items():
        if not kind:
            continue
        on_groups = of_groups.targets(kind) if kind in (HostRule, *LOCAL) else ()
        for is_group, targets in ((False, replace(policy, hosts=tuple(direct)).targets(kind)), (True, on_groups)):
            for one in targets:
                if not one.is_blank:
                    found[f"{gate}[{one.label}]" if one.label else gate, is_group] = type(one)
    return found


def _waived(lock: Lock, before: Policy, step: LayeredPolicy, now: datetime) -> Iterator[str]:
    """Yield the waivers of a layer that the file with the lock does not allow."""
    known = {*lock.base.policy.waivers, *before.waivers}
    for number, waiver in readable(step.policy.waivers):
        if waiver not in known and (why := _too_much(lock, waiver, now)):
            yield f"{step.named(('waivers', number))} waives {waiver.gate} until {waiver.until}: {why}"


def _too_much(lock: Lock, waiver: Waiver, now: datetime) -> str:
    """Return why a waiver is not allowed; or a blank."""
    if why := lock.never(waiver.gate):
        return why
    if lock.max_days is None:
        why = lock.judges(waiver.gate)
        return f"{why}, and no waivers.max_days allows for waivers" if why else ""
    days = lock.rules.waivers.max_days
    if days is None:
        return ""
    last = end_of(now.astimezone(UTC).date() + timedelta(days=days))
    place = lock.source.where(("waivers", "max_days"))
    return f"{place} allows at most {days} days from today" if waiver.end > last else ""
