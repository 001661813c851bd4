"""A measure is held against its limits: a limit that is reached is broken; NaN and infinity break any."""

import math
from typing import Any

import pytest

from release_sentinel.measures import Measure, full_name
from release_sentinel.vocabulary import Status


@pytest.mark.parametrize(
    ("value", "warn", "crit", "status"),
    [
        (1, None, None, Status.OK),
        (69.9, 70, 85, Status.OK),
        (70, 70, 85, Status.WARN),
        (85, 70, 85, Status.CRIT),
        (85, None, 85, Status.CRIT),
        (84, None, 85, Status.OK),
        (70, 70, None, Status.WARN),
        (22, 21, 7, Status.OK),  # less is worse
        (21, 21, 7, Status.WARN),
        (7, 21, 7, Status.CRIT),
        (math.nan, None, None, Status.CRIT),
        (math.inf, 21, 7, Status.CRIT),
        (-math.inf, 70, 85, Status.CRIT),
    ],
)
def test_limits(value: float, warn: float | None, crit: float | None, status: Status) -> None:
    """Of both directions."""
    assert Measure("used", value, "%", warn, crit).status is status


@pytest.mark.parametrize("limit", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", ["warn", "crit"])
def test_a_limit_is_finite(name: str, limit: float) -> None:
    """JSON has no word for any other, and it would hold nothing back."""
    limits: dict[str, Any] = {name: limit}
    with pytest.raises(ValueError, match=f"{name} of measure used is .*, expected a finite number or none"):
        Measure("used", 1, **limits)


@pytest.mark.parametrize("name", ["value", "warn", "crit"])
def test_a_number_that_is_beyond_every_float(name: str) -> None:
    """No report could show it."""
    numbers: dict[str, Any] = {"value": 1, name: 10**400}
    with pytest.raises(ValueError, match=f"{name} of measure used has too many digits"):
        Measure("used", **numbers)


def test_the_full_name() -> None:
    """With the gate's own parameter."""
    assert full_name("disk[/var]", "used") == "disk[/var].used"
    assert str(Measure("used", 91.25, "%")) == "used 91.25 %"
