"""What was measured is compared by per cent or absolute; what cannot be compared never passes silently."""

import math
from decimal import Decimal
from typing import Any

import pytest

from release_sentinel.checks.compare import check_compare
from release_sentinel.checks.result import CRIT, OK, UNKNOWN
from release_sentinel.config.kinds import Change
from release_sentinel.config.targets import CompareRule
from release_sentinel.measures import Measure

TENTH = Change(10, is_share=True)


def judge(base: Any, now: Any, unit: str = "s", **rule: Any) -> Any:
    """Compare one measure; None: it is missing."""
    bounds = rule or {"max_increase": TENTH}
    told = CompareRule("api.latency", **bounds)
    before = {} if base is None else {"api.latency": Measure("latency", base, "s")}
    after = {} if now is None else {"api.latency": Measure("latency", now, unit)}
    return check_compare(told, base=before, now=after)


@pytest.mark.parametrize(
    ("base", "now", "rule", "status"),
    [
        (100, 110, {}, OK),  # the bound itself is good
        (100, 110.001, {}, CRIT),
        (100, 0, {}, OK),
        (0, 0, {}, OK),
        (0, 0.001, {}, CRIT),
        (-100, -90, {}, OK),
        (-100, -89, {}, CRIT),
        (100, 105, {"max_increase": Change(5)}, OK),
        (100, 105.1, {"max_increase": Change(5)}, CRIT),
        (0, 5, {"max_increase": Change(5)}, OK),
        (100, 90, {"max_decrease": TENTH}, OK),
        (100, 89.9, {"max_decrease": TENTH}, CRIT),
        (100, 500, {"max_decrease": TENTH}, OK),
        (100, 89, {"max_increase": TENTH, "max_decrease": TENTH}, CRIT),
        (100, math.nan, {}, CRIT),
        (100, math.inf, {}, CRIT),
        (math.nan, 100, {}, CRIT),
        (100, None, {}, UNKNOWN),
        (None, 100, {}, UNKNOWN),
        (None, 100, {"max_increase": TENTH, "missing": "ok"}, OK),
        (None, 100, {"max_increase": TENTH, "missing": "crit"}, CRIT),
        (None, None, {"max_increase": TENTH, "missing": "ok"}, UNKNOWN),  # a rule that matches nothing
    ],
)
def test_a_change(base: float | None, now: float | None, rule: dict[str, Any], status: Any) -> None:
    """Each bound, each side that may be missing, zero as the base."""
    result = judge(base, now, **rule)
    assert result.status is status, result.message
    assert result.message


TENTHS = [Decimal(number) / 10 for number in range(1, 1000, 7)]


@pytest.mark.parametrize("percent", [1, 7, 10, 15, 33])
def test_a_bound_in_per_cent_is_good_as_it_is_written(percent: int) -> None:
    """Whatever its binary fraction is, in both directions; the next number beyond it is not."""
    for base in TENTHS:
        share = Change(percent, is_share=True)
        for rule, sign in (("max_increase", 1), ("max_decrease", -1)):
            named: dict[str, Any] = {rule: share}
            bound = float(base * (100 + sign * percent) / 100)
            assert judge(float(base), bound, **named).status is OK, (base, bound, rule)
            beyond = math.nextafter(bound, sign * math.inf)
            assert judge(float(base), beyond, **named).status is CRIT, (base, beyond, rule)


@pytest.mark.parametrize("amount", [0.1, 0.2, 0.3, 1.1])
def test_a_number_as_a_bound_is_good_as_it_is_written(amount: float) -> None:
    """The same of a rule that allows a number."""
    for base in TENTHS:
        for rule, sign in (("max_increase", 1), ("max_decrease", -1)):
            named: dict[str, Any] = {rule: Change(amount)}
            bound = float(base + sign * Decimal(str(amount)))
            assert judge(float(base), bound, **named).status is OK, (base, bound, rule)
            beyond = math.nextafter(bound, sign * math.inf)
            assert judge(float(base), beyond, **named).status is CRIT, (base, beyond, rule)


def test_another_unit_cannot_be_compared() -> None:
    """The same number means something else."""
    result = judge(1, 1, unit="ms")
    assert (result.status, result.message) == (UNKNOWN, "api.latency is in ms, and in s in the baseline")


def test_a_star_stands_for_anything() -> None:
    """Not so in a name that is meant as it is."""
    measures = {name: Measure("used", 1) for name in ("disk[/].used", "disk[/var].used", "disk[*].used", "memory.used")}
    assert [name for name in measures if CompareRule("disk[*].used").matches(name)] == list(measures)[:3]
    assert [name for name in measures if CompareRule("disk[/].used").matches(name)] == ["disk[/].used"]
    assert not CompareRule("disk[/].*").matches("disk[x].used")


def test_the_worst_decides() -> None:
    """Of all measures that a rule is about; the message names those."""
    base = {f"disk[/{name}].used": Measure("used", 10, "%") for name in "abc"}
    now = {**base, "disk[/b].used": Measure("used", 20, "%")}
    result = check_compare(CompareRule("disk[*].used", max_increase=TENTH), base=base, now=now)
    assert (result.status, result.message) == (
        CRIT,
        "disk[/b].used is 20, was 10, expected an increase of at most 10%",
    )
    assert [measure.value for measure in result.measures] == [0, 10, 0]
