"""Charts draw within their frame whatever the numbers are, and their numbers are words for people."""

import math
import re

import pytest

from release_sentinel.measures import Measure
from release_sentinel.reports.charts import (
    Axis,
    Span,
    axis_labels,
    bullet,
    duration,
    limits,
    number,
    quantity,
    timeline,
)
from release_sentinel.reports.page import Markup

SHAPE = re.compile(r'<path class="([a-z ]+)" d="M(\d+) \d+h(\d+)v\d+h-(\d+)z"/>')


def rects(chart: Markup | None) -> dict[str, tuple[int, int]]:
    """Return where each kind of rectangle begins and how wide it is; all of them lie within the chart."""
    found = {class_: (int(x), int(width)) for class_, x, width, _ in SHAPE.findall(chart.html if chart else "")}
    assert all(0 <= x <= 1000 and x + width <= 1005 for x, width in found.values())
    return found


NUMBERS = [0.0, -0.0, 1.0, 84.9, 85.0, 250.0, -3.0, 1e-9, 1e30, -1e30, math.nan, math.inf, -math.inf]
LIMITS = [
    (None, None),
    (75.0, 85.0),
    (30.0, 7.0),
    (None, 85.0),
    (75.0, None),
    (0.0, 0.0),
    (-10.0, -5.0),
]


@pytest.mark.parametrize("limits", LIMITS, ids=str)
@pytest.mark.parametrize("unit", ["%", "ms", ""])
def test_every_number_can_be_drawn(limits: tuple[float | None, float | None], unit: str) -> None:
    """Zero, negative, tiny, huge, none at all: against upper bounds, lower bounds, one bound, equal bounds."""
    for value in NUMBERS:
        drawn = rects(bullet(Measure("x", value, unit, *limits)))
        against = limits != (None, None) or (unit == "%" and 0 <= value <= 100)
        assert bool(drawn) == (math.isfinite(value) and against)
        assert all(width >= 4 for class_, (_, width) in drawn.items() if class_.startswith("fill"))


def test_a_share_is_drawn_from_0_to_100() -> None:
    """Where it may warn and where it fails is seen, and where the value is."""
    assert rects(bullet(Measure("used", 80, "%", 75, 85))) == {
        "track": (0, 1000),
        "zone warn": (750, 100),
        "zone crit": (850, 150),
        "fill warn": (0, 800),
        "limit": (848, 5),
    }


def test_less_is_worse() -> None:
    """Below the lower bound is the part that fails, and zero days are at the left."""
    drawn = rects(bullet(Measure("days", 5, "days", 30, 7)))
    assert drawn["zone crit"][0] == 0
    assert drawn["zone warn"][0] == drawn["zone crit"][1]
    assert drawn["fill crit"][1] < drawn["zone crit"][1]


def test_a_number_far_beyond_does_not_hide_its_limits() -> None:
    """The scale ends at twice the span of the limits; the number itself stands beside the chart."""
    drawn = rects(bullet(Measure("latency", 1e9, "ms", 100, 200)))
    assert drawn["fill crit"] == (0, 1000)
    assert drawn["limit"] == (498, 5)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.0014, "0.001 s"),
        (0.25, "0.25 s"),
        (2.5, "2.50 s"),
        (59.94, "59.9 s"),
        (845, "14 min 5 s"),
        (7380, "2 h 3 min"),
        (3600, "1 h"),
        (86_399, "23 h 59 min"),
        (180_000, "2 d 2 h"),
        (-1, "0 s"),
        (math.inf, "unknown"),
        (math.nan, "unknown"),
    ],
)
def test_a_duration_is_for_people(seconds: float, words: str) -> None:
    """As many digits as can matter."""
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0"),
        (91.0, "91"),
        (80.123456, "80.1235"),
        (1234567, "1,234,567"),
        (1e30, "1e+30"),
        (-2.5, "-2.5"),
        (1e-05, "1e-05"),
        (0.5, "0.5"),
        (math.nan, "not a number"),
        (-math.inf, "-infinite"),
        (999999.96, "1,000,000"),
    ],
)
def test_a_number_is_for_people(value: float, words: str) -> None:
    """Six digits, thousands grouped, no number at all said in words."""
    assert number(value) == words


@pytest.mark.parametrize(
    ("measure", "words"),
    [
        (Measure("used", 38.888812, "%", 75, 85), ("38.89 %", "warn ≥ 75, crit ≥ 85")),
        (Measure("used", 84.9996, "%", 75, 85), ("84.9996 %", "warn ≥ 75, crit ≥ 85")),
        (Measure("used", 84.99999996, "%", crit=85), ("84.99999996 %", "crit ≥ 85")),
        (Measure("free", 66577215488, "bytes", 2 * 1024**3, 1024**2), ("62 GiB", "warn ≤ 2 GiB, crit ≤ 1 MiB")),
        (Measure("free", 0, "bytes"), ("0 bytes", "")),
        (Measure("count", 2), ("2", "")),
        (Measure("rate", math.nan, "1/s", 1), ("not a number 1/s", "warn ≥ 1")),
    ],
    ids=str,
)
def test_a_quantity_is_as_exact_as_its_limits_need(measure: Measure, words: tuple[str, str]) -> None:
    """Four digits are enough, unless they would say that a limit is reached; bytes are counted in powers of 1,024."""
    assert (quantity(measure), limits(measure)) == words


def test_a_span_lies_where_it_belongs() -> None:
    """What took no time, what began at the end and what lies outside of the axis can be seen."""
    axis = Axis(0, 10)
    assert rects(timeline(axis, [Span(2, 5, "ok")]))["zone ok"] == (200, 300)
    assert rects(timeline(axis, [Span(10, 10, "ok")]))["zone ok"] == (996, 4)
    assert rects(timeline(axis, [Span(-5, 20, "crit", thin=True)]))["fill crit"] == (0, 1000)
    assert rects(timeline(Axis(3, 3), [Span(3, 3, "ok")]))["zone ok"] == (0, 4)


def test_the_axis_is_labelled_at_its_quarters() -> None:
    """Five labels, from end to end."""
    assert re.findall(r"<span>(.*?)</span>", axis_labels(2.0).html) == [
        "0 s",
        "0.5 s",
        "1.00 s",
        "1.50 s",
        "2.00 s",
    ]
