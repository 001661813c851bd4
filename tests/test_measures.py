"""A measure is held against its limits: a limit that is reached is broken; NaN and infinity break any."""

import math

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


def test_the_full_name() -> None:
    """With the gate's own parameter."""
    assert full_name("disk[/var]", "used") == "disk[/var].used"
    assert str(Measure("used", 91.25, "%")) == "used 91.25 %"
