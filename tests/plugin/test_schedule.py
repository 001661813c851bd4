"""The rounds follow the rules exactly: against a model that is written from the contract's words, and by examples."""

import random
from collections.abc import Callable

import pytest

from release_sentinel.plan import Plan
from release_sentinel.plugin.schedule import Done, Next, Schedule

Health = Callable[[float], set[str]]  # which gates fail in a round that begins at this moment


def simulate(plan: Plan, failing: Health, took: float = 0.1) -> tuple[bool, list[float], str]:
    """Return whether it ends well, when each round began, and why it ended otherwise."""
    schedule, now, begun = Schedule(plan), 0.0, []
    while True:
        begun.append(round(now, 6))
        following = schedule.after(now, now + took, failing(now))
        if isinstance(following, Done):
            return not following.why, begun, following.why
        now = following.at


def until(moment: float) -> Health:
    """Fail up to a moment."""
    return lambda now: {"api"} if now < moment else set()


def during(begin: float, end: float) -> Health:
    """Fail from a moment to another."""
    return lambda now: {"api"} if begin <= now < end else set()


EXAMPLES = {
    "healthy at once": (Plan(wait=60), until(0), True, [0.0]),
    "healthy later": (Plan(wait=60), until(25), True, [0.0, 15.0, 30.0]),
    "a last round at the end": (Plan(wait=40), until(1000), False, [0.0, 15.0, 30.0, 40.0]),
    "healthy in the last round": (Plan(wait=40), until(35), True, [0.0, 15.0, 30.0, 40.0]),
    "an interval longer than the wait": (Plan(wait=10, interval=60), until(1000), False, [0.0, 10.0]),
    "a hold": (Plan(hold=40), until(0), True, [0.0, 15.0, 30.0, 40.1]),
    "a hold without a wait": (Plan(hold=40), until(5), False, [0.0]),
    "a wait, then a hold": (Plan(wait=60, hold=20), until(10), True, [0.0, 15.0, 30.0, 35.1]),
    "no way back": (Plan(wait=600, hold=60), during(20, 40), False, [0.0, 15.0, 30.0]),
    "a failure in the last round": (Plan(hold=20, hold_failures=3), during(20, 30), False, [0.0, 15.0, 20.1]),
    "one failure of two": (Plan(hold=60, hold_failures=2), during(10, 20), True, [0.0, 15.0, 30.0, 45.0, 60.0, 60.1]),
    "two in a row": (Plan(hold=60, hold_failures=2), during(10, 40), False, [0.0, 15.0, 30.0]),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples(name: str) -> None:
    """Each rule of the contract, with the moments of its rounds."""
    plan, failing, ends_well, begun = EXAMPLES[name]
    well, moments, why = simulate(plan, failing)
    assert (well, moments) == (ends_well, begun)
    assert bool(why) is not ends_well


def test_two_gates_that_fail_in_turn_are_not_one_that_fails_twice() -> None:
    """The failures in a row are counted for each gate by itself."""
    turns = iter([set(), {"a"}, {"b"}, {"a"}, {"b"}, set(), set()])
    schedule = Schedule(Plan(hold=75, hold_failures=2))
    now, following = 0.0, None
    for failed in turns:
        following = schedule.after(now, now, failed)
        if isinstance(following, Done):
            break
        now = following.at
    assert following == Done()
    assert schedule.failures == {"a": 2, "b": 2}


def test_what_is_excused_is_counted_and_healthy() -> None:
    """A gate that is waived or advised neither delays the hold nor ends it."""
    schedule = Schedule(Plan(hold=15))
    following = schedule.after(0, 0, set(), {"a"})
    assert isinstance(following, Next)
    assert following.holding
    assert schedule.after(following.at, following.at, set(), {"a"}) == Done()
    assert schedule.failures == {"a": 2}


def test_a_round_that_takes_longer_than_the_interval_is_followed_at_once() -> None:
    """There is no time between them, and still a last one at the end."""
    assert simulate(Plan(wait=50, interval=10), until(1000), took=20.0)[1] == [0.0, 20.0, 40.0, 60.0]


def model(plan: Plan, failing: Health, took: float) -> bool:
    """Return whether it ends well, by the words of the contract, without the schedule's code."""
    begin, healthy_since = 0.0, None
    row: dict[str, int] = {}
    while True:
        failed = failing(begin)
        row = {gate: row.get(gate, 0) + 1 for gate in failed}
        end = begin + took
        if healthy_since is None:
            if not failed:
                healthy_since = end
                if plan.hold == 0:
                    return True
            elif begin >= plan.wait:
                return False
            limit = plan.wait if healthy_since is None else healthy_since + plan.hold
        else:
            limit = healthy_since + plan.hold
            if any(times >= plan.hold_failures for times in row.values()):
                return False
            if begin >= limit:
                return not failed
        begin = max(end, min(begin + plan.interval, limit))


def test_against_the_model() -> None:
    """Random plans and services that flap at random: the same verdict every time."""
    chance = random.Random(7)  # noqa: S311 - not a key
    for _ in range(3000):
        plan = Plan(
            wait=chance.choice([0.0, 5.0, 30.0, 61.5]),
            hold=chance.choice([0.0, 7.0, 30.0]),
            interval=chance.choice([0.5, 5.0, 15.0, 100.0]),
            hold_failures=chance.choice([1, 1, 2, 3]),
        )
        edges = sorted(chance.uniform(0, 100) for _ in range(chance.randrange(6)))

        def failing(now: float, edges: list[float] = edges) -> set[str]:
            return {"api"} if sum(edge <= now for edge in edges) % 2 else set()

        took = chance.choice([0.01, 1.0, 8.0])
        assert simulate(plan, failing, took)[0] is model(plan, failing, took), (plan, edges, took)
