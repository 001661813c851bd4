"""Which waiver applies, and the remarks on those that excuse nothing."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from release_sentinel.checks.result import CRIT, OK, WARN
from release_sentinel.config.model import Waiver
from release_sentinel.verdict import GateResult, decide
from release_sentinel.vocabulary import Stage, Status
from release_sentinel.waivers import advice_remarks, advised, in_force, remarks

NOW = datetime(2026, 12, 31, 18, tzinfo=UTC)
LAST = Waiver("disk", "prod", "on order", "Kim", date(2026, 12, 31))
NAME = "disk in prod (until 2026-12-31, by Kim: on order)"


def result(status: Status | None, waiver: Waiver | None = None, gate: str = "disk") -> GateResult:
    """Return the result of a gate."""
    return GateResult(gate, Stage.CRITICAL, status, "reason", waiver=waiver)


def remarks_on(
    *waivers: Waiver, results: tuple[GateResult, ...], now: datetime = NOW, disabled: tuple[str, ...] = ()
) -> list[str]:
    """Return the remarks on waivers after a run for prod."""
    return list(remarks(waivers, "prod", now, results, disabled))


@pytest.mark.parametrize(
    ("expires", "now", "holds"),
    [
        (date(2026, 12, 31), datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), True),
        (date(2026, 12, 31), datetime(2027, 1, 1, tzinfo=UTC), False),
        (date(2026, 12, 31), datetime(2027, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))), True),
        (datetime(2026, 12, 31, 18, tzinfo=UTC), NOW - timedelta(seconds=1), True),
        (datetime(2026, 12, 31, 18, tzinfo=UTC), NOW, False),
        (datetime(2026, 12, 31, 20, tzinfo=timezone(timedelta(hours=2))), NOW, False),
    ],
)
def test_a_waiver_holds_until_it_expires(expires: date, now: datetime, *, holds: bool) -> None:
    """A date holds to its end in UTC, a time to itself."""
    waiver = Waiver("disk", "prod", "r", "o", expires)
    assert bool(in_force([waiver], "prod", now)) is holds


def test_a_waiver_holds_for_its_environment() -> None:
    """Nowhere else."""
    assert in_force([LAST], "prod", NOW) == {"disk": LAST}
    assert in_force([LAST], "dev", NOW) == {}


def test_the_last_to_expire_counts() -> None:
    """Of two for one gate; the other is reported."""
    longer = Waiver("disk", "prod", "still", "Kim", date(2027, 1, 31))
    assert in_force([longer, LAST], "prod", NOW) == {"disk": longer}
    assert remarks_on(LAST, longer, results=(result(CRIT, longer),)) == [
        f"the waiver for {NAME} is there twice: remove one of them"
    ]


@pytest.mark.parametrize(
    ("status", "waiver", "words"),
    [
        (OK, None, "is not used: the gate passes; remove it"),
        (WARN, None, "is not used: the gate passes; remove it"),
        (CRIT, None, "excuses nothing: the gate broke, and a waiver excuses only judgements"),
    ],
)
def test_what_excuses_nothing_is_reported(status: Status, waiver: Waiver | None, words: str) -> None:
    """With the reason, so that it gets removed."""
    assert remarks_on(LAST, results=(result(status, waiver),)) == [f"the waiver for {NAME} {words}"]


def test_what_excuses_is_not_reported_twice() -> None:
    """The gate's own line says it; for a gate that was not evaluated it is unknown."""
    assert remarks_on(LAST, results=(result(CRIT, LAST),)) == []
    assert remarks_on(LAST, results=(result(None),)) == []
    assert list(remarks([LAST], "dev", NOW, ())) == []


def test_one_that_has_expired_is_reported() -> None:
    """Whether the gate fails or passes."""
    words = f"the waiver for {NAME} has expired, and excuses nothing: remove it, or renew it with a reason"
    for status in (OK, CRIT, None):
        for now in (datetime(2027, 1, 1, tzinfo=UTC), NOW + timedelta(days=1)):  # the very end, and later
            assert remarks_on(LAST, results=(result(status),), now=now) == [words]


@pytest.mark.parametrize(
    ("gate", "disabled", "words"),
    [
        ("disk", ("disk",), "the policy switches the gate off"),
        ("freeze", (), "the gate was not part of this run"),
        ("dsik", (), "there is no such gate; did you mean disk?"),
        ("queue[mial]", (), "there is no such gate; did you mean queue[mail]?"),
        ("xyz", (), "there is no such gate"),
    ],
)
def test_one_for_a_gate_without_a_result_is_reported(gate: str, disabled: tuple[str, ...], words: str) -> None:
    """Gates of the repository's own are known by their results."""
    waiver = Waiver(gate, "prod", "on order", "Kim", date(2026, 12, 31))
    found = remarks_on(waiver, results=(result(OK, gate="queue[mail]"),), disabled=disabled)
    assert found == [f"the waiver for {NAME.replace('disk', gate, 1)} excuses nothing: {words}"]


@pytest.mark.parametrize(
    ("advise", "gate", "day"),
    [
        ({"disk": date(2026, 5, 17)}, "disk", 17),
        ({"disk": date(2026, 5, 17)}, "disk[/var]", 17),
        ({"disk[/var]": date(2026, 5, 18)}, "disk[/var]", 18),
        ({"disk": date(2026, 5, 16), "disk[/var]": date(2026, 5, 18)}, "disk[/var]", 18),
        ({"disk": date(2026, 5, 18), "disk[/var]": date(2026, 5, 16)}, "disk[/var]", None),
        ({"disk[/var]": date(2026, 5, 18)}, "disk", None),
        ({"disk": date(2026, 5, 16)}, "disk", None),
        ({}, "disk", None),
    ],
)
def test_a_gate_is_advised_to_the_end_of_its_day(advise: dict[str, date], gate: str, day: int | None) -> None:
    """Also by the id of all its targets; its own entry counts first."""
    last = datetime(2026, 5, 17, 23, 59, tzinfo=UTC)
    assert advised(advise, gate, last) == (date(2026, 5, day) if day else None)


def test_what_is_advised_no_longer_is_told() -> None:
    """As is what is not there; one that is still advised, or passes, needs no words."""
    advise = {"disk": date(2026, 5, 1), "queue": date(2027, 1, 1), "api": date(2027, 1, 1)}
    told = advice_remarks(advise, datetime(2026, 5, 17, tzinfo=UTC), [result(OK), result(OK, gate="api[shop]")])
    assert list(told) == [
        "disk was advised until 2026-05-01, and counts now: remove it from advise",
        "advise names queue, and excuses nothing: there is no such gate",
    ]


def test_a_waived_gate_counts_as_passed() -> None:
    """For the verdict; problems and other failures count as usual."""
    waived = result(CRIT, LAST)
    assert decide([waived]) == ("SAFE", 0)
    assert decide([waived, result(CRIT, gate="api")]) == ("CRITICAL", 2)
    assert decide([waived], ["no result from gate tag"]) == ("INCOMPLETE", 1)
