"""The other hosts of a run: each is asked once for all that its gates want to know."""

import threading
import weakref
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from release_sentinel.config.kinds import is_destination
from release_sentinel.config.model import Policy
from release_sentinel.config.targets import DiskLimits, HostRule, MemoryLimits, Target, UnitRule
from release_sentinel.lines import foreign
from release_sentinel.observe import Unseen
from release_sentinel.observe.bounded import Bounded, remaining
from release_sentinel.observe.hosts import Answer, Question, Reach, Reached, Way, ask, settings_folder
from release_sentinel.observe.hosts.inventory import destinations
from release_sentinel.observe.temporary import Temporary


def resolved(policy: Policy, top: Path) -> tuple[Policy, list[str]]:
    """Return the policy with the hosts of its inventories, and a sentence for each that cannot be read."""
    found: list[HostRule] = []
    problems = []
    for number, rule in enumerate(policy.hosts):
        withheld = policy.required.secrets
        named = destinations(top / rule.inventory, rule.group, withheld=withheld) if rule.inventory else {}
        if isinstance(named, Unseen):
            problems.append(f"the hosts of hosts[{number}] are unknown: {named.why} ({named.remedy})")
        elif odd := [one for pair in named.items() for one in pair if not is_destination(one)]:
            problems.append(f"the hosts of hosts[{number}] have names that ssh does not take: {foreign(odd, 300)}")
        elif rule.inventory:
            found += [replace(rule, inventory="", group="", ssh=(to,), name=name) for name, to in named.items()]
        else:
            found.append(rule)
    labels = [host.name_in_list for rule in found for host in rule.each()]
    if doubled := sorted({label for label in labels if labels.count(label) > 1}):
        problems.append(f"hosts are there twice: {', '.join(doubled)}")
    return replace(policy, hosts=tuple(found)), problems


class Hosts:
    """The hosts of a policy, by label. The first look at one is shared by all its gates."""

    def __init__(self, rules: Iterable[HostRule], bound: float, withheld: Collection[str] = ()) -> None:
        self._rules = {rule.name_in_list: rule for rule in rules}
        self._bound, self._withheld = bound, withheld
        self._first: dict[str, Bounded[Reached]] = {}
        self._given_up: dict[str, Reached] = {}  # what took too long for one gate is not waited for by the next
        self._lock = threading.RLock()
        self._stack = ExitStack()
        self._end = weakref.finalize(self, self._stack.close)
        self._slots: dict[str, threading.BoundedSemaphore] = {}
        self._turns: dict[str, threading.Semaphore] = {}

    def look(self, label: str) -> Reached:
        """Return the answer that all gates of a host share."""
        with self._lock:
            if label not in self._first:
                self._first[label] = Bounded(lambda: self.look_again(label))
        if label not in self._given_up:
            seconds = remaining(self._bound)
            try:
                return self._first[label].result(seconds)
            except TimeoutError:
                why = f"no answer within {seconds:.2g} s, all that its gate may wait"
                remedy = "see `timeout`, `tries`, `deadline` and `at_once` of the host, and `gate_seconds`"
                self._given_up[label] = Reached(Unseen(why, remedy))
        return self._given_up[label]

    def look_again(self, label: str) -> Reached:
        """Ask a host now."""
        rule = self._rules[label]
        way = Way(_reach(rule), self._place, withheld=self._withheld)
        with self._slot(way.through, rule.at_once):
            turn = self._turn(way.through)
            return ask(way, _question(rule), tries=rule.tries, deadline=rule.deadline, turn=turn)

    def close(self) -> None:
        """End what still asks, and remove what it needed; at the latest this is done at the end of the process."""
        self._end()

    @property
    def _place(self) -> Temporary:
        with self._lock:
            return self._folder

    @cached_property
    def _folder(self) -> Temporary:
        return self._stack.enter_context(settings_folder())

    def _slot(self, through: str, at_once: int) -> threading.BoundedSemaphore:
        with self._lock:
            return self._slots.setdefault(through, threading.BoundedSemaphore(at_once))

    def _turn(self, through: str) -> threading.Semaphore:
        with self._lock:
            return self._turns.setdefault(through, threading.Semaphore())

    def observer(self, target: Target) -> Callable[..., Any]:
        """Return what a check observes of a target on another host: for its first look what all share, then anew."""
        looks = iter((self.look,))

        def observe(*_: object, **named: object) -> Any:
            reached = next(looks, self.look_again)(target.on_host)
            if isinstance(reached.seen, Unseen):
                return reached.seen
            return _part(reached.seen, target, user=bool(named.get("user")))

        return observe


def _part(answer: Answer, target: Target, *, user: bool) -> Any:
    """Return the part of an answer that a target is about."""
    if isinstance(target, DiskLimits):
        return answer.disks[target.path]
    if isinstance(target, MemoryLimits):
        return answer.memory
    if isinstance(target, UnitRule):
        return answer.user_units if user else answer.units
    return answer.processes


def _reach(rule: HostRule) -> Reach:
    ((kind, target),) = rule.ways.items()
    more: Mapping[str, str] = {key: getattr(rule, key) for key in ("namespace", "context", "container")}
    return Reach(kind, target, **more)  # type: ignore[arg-type]  # the keys of the ways are the kinds


def _question(rule: HostRule) -> Question:
    return Question(
        disks=tuple(one.path for one in rule.disks),
        memory=rule.memory is not None,
        processes=bool(rule.processes),
        commands=any(one.command for one in rule.processes),
        owners=any(one.user for one in rule.processes),
        units=tuple(one.unit for one in rule.units if not one.user),
        user_units=tuple(one.unit for one in rule.units if one.user),
        seconds=rule.timeout,
    )
