"""Charts of a page, as SVG without text: the numbers are shown beside them, for readers who cannot see a chart.

A chart is as wide as its container. Colours come from classes of the style (`ok`, `warn`, `crit`, `unknown`, `off`).
"""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from release_sentinel.measures import Measure
from release_sentinel.reports.page import Content, Markup, element
from release_sentinel.vocabulary import BLOCKED, CRITICAL, INCOMPLETE, SAFE, Status

_WIDE, _HIGH = 1000, 12
_BYTES = "bytes"
_LEAST = 4  # of `_WIDE`: a span that took no time can still be seen
TONES = {Status.OK: "ok", Status.WARN: "warn", Status.CRIT: "crit", Status.UNKNOWN: "unknown"}
VERDICT_TONES = {SAFE: "ok", BLOCKED: "crit", CRITICAL: "crit", INCOMPLETE: "unknown"}


class Span(NamedTuple):
    """A part of a time line, in seconds, and the class of its colour. A thin span is drawn within another one."""

    began: float
    ended: float
    tone: str
    thin: bool = False


class Axis(NamedTuple):
    """What a chart shows from its left end to its right end."""

    low: float
    high: float

    @property
    def length(self) -> float:
        """How much it shows."""
        return self.high - self.low

    def at(self, value: float) -> float:
        """Return the place of a value, from 0 to 1000; one beyond an end is at that end."""
        share = (value - self.low) / self.length if self.high > self.low else 0.0
        return _WIDE * min(1.0, max(0.0, share))


def number(value: float, digits: int = 6) -> str:
    """Return a number for people: about `digits` significant digits, thousands grouped."""
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else f"{'-' if value < 0 else ''}infinite"
    if abs(value) >= 1e15 or 0 < abs(value) < 1e-4:
        return f"{value:.3g}"
    before = math.floor(math.log10(abs(value))) + 1 if value else 1
    shown = f"{value:,.{max(0, digits - max(before, 0))}f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def quantity(measure: Measure) -> str:
    """Return a measured number with its unit, in the fewest digits that keep it on its side of each limit."""
    for digits in (4, 6):
        if replace(measure, value=float(f"{measure.value:.{digits}g}")).status is measure.status:
            return _with_unit(measure.value, measure.unit, digits)
    return _with_unit(measure.value, measure.unit, 15)


def limits(measure: Measure) -> str:
    """Return the limits of a measured number: `warn ≥ 75, crit ≥ 85`; blank where it has none."""
    reached = "≤" if measure.less_is_worse else "≥"
    named = (("warn", measure.warn), ("crit", measure.crit))
    unit = measure.unit if measure.unit == _BYTES else ""
    return ", ".join(f"{word} {reached} {_with_unit(limit, unit, 6)}" for word, limit in named if limit is not None)


def _with_unit(value: float, unit: str, digits: int) -> str:
    if unit == _BYTES and math.isfinite(value):
        step = next((step for step in (4, 3, 2, 1) if abs(value) >= 1024**step), 0)
        value, unit = value / 1024**step, ("bytes", "KiB", "MiB", "GiB", "TiB")[step]
    return f"{number(value, digits)} {unit}".rstrip()


def duration(seconds: float) -> str:
    """Return a length of time for people: `0.25 s`, `14 min 5 s`, `2 h 3 min`, `4 d 20 h`."""
    if not math.isfinite(seconds):
        return "unknown"
    if seconds < 0.0005:
        return "0 s"
    if seconds < 10:
        return f"{seconds:.3f}".rstrip("0").rstrip(".") + " s" if seconds < 1 else f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (0 if days else minutes, "min"), (0 if days or hours else rest, "s")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count)


def bullet(measure: Measure) -> Markup | None:
    """Return a number as a bar with its limits; None where it has no limits, and is no share of 100 %."""
    bounds = [limit for limit in (measure.warn, measure.crit) if limit is not None]
    if not math.isfinite(measure.value) or not (bounds or _is_share(measure, bounds)):
        return None
    axis = _scale(measure, bounds)
    shapes = [_rect(0, _WIDE, "track", 3, 6), *_zones(measure, axis)]
    zero, value = sorted((axis.at(0), axis.at(measure.value)))
    shapes.append(_rect(zero, max(value, zero + _LEAST), f"fill {TONES[measure.status]}", 3, 6))
    shapes += [_rect(axis.at(limit) - 2, axis.at(limit) + 3, "limit", 0, _HIGH) for limit in bounds]
    return _chart(shapes)


def timeline(axis: Axis, spans: Iterable[Span]) -> Markup:
    """Return a row of a time line: each span where it lies on the axis."""
    return _chart([_rect(0, _WIDE, "track", 5, 2), *(_span(axis, span) for span in spans)])


def axis_labels(length: float) -> Markup:
    """Return the labels of a time line of `length` seconds, at its ends and its quarters."""
    quarters = [element("span", duration(length * part / 4)) for part in range(5)]
    return element("div", quarters, class_="axis", aria_hidden="true")


def _span(axis: Axis, span: Span) -> Markup:
    left = min(axis.at(span.began), _WIDE - _LEAST)
    right = max(axis.at(span.ended), left + _LEAST)
    return (
        _rect(left, right, f"fill {span.tone}", 3, 6)
        if span.thin
        else _rect(left, right, f"zone {span.tone}", 0, _HIGH)
    )


def _is_share(measure: Measure, bounds: Sequence[float]) -> bool:
    return measure.unit == "%" and all(0 <= value <= 100 for value in (measure.value, *bounds))


def _scale(measure: Measure, bounds: Sequence[float]) -> Axis:
    """Return an axis with zero and every limit on it; the value too, unless the limits would be lost beside it."""
    if _is_share(measure, bounds):
        return Axis(0, 100)
    low, high = min(0.0, *bounds), max(0.0, *bounds)
    reach = high - low or max(abs(measure.value), 1.0)
    over, under = max(0.0, measure.value - high), max(0.0, low - measure.value)
    top = high + min(max(1.1 * over, 0.15 * reach), reach) if high > 0 or over else high
    bottom = low - min(max(1.1 * under, 0.15 * reach), reach) if low < 0 or under else low
    return Axis(bottom, top)


def _zones(measure: Measure, axis: Axis) -> list[Markup]:
    """Return where a value would warn and where it would fail."""
    zones = []
    for tone, limit, other in (("warn", measure.warn, measure.crit), ("crit", measure.crit, None)):
        if limit is not None:
            end = other if other is not None else axis.low if measure.less_is_worse else axis.high
            left, right = sorted((axis.at(limit), axis.at(end)))
            zones.append(_rect(left, right, f"zone {tone}", 3, 6))
    return zones


def _rect(left: float, right: float, class_: str, top: int, height: int) -> Markup:
    left, width = round(left), max(0, round(right) - round(left))
    return element("path", class_=class_, d=f"M{left} {top}h{width}v{height}h-{width}z")


def _chart(shapes: Content) -> Markup:
    return element(
        "svg",
        shapes,
        class_="bar",
        viewBox=f"0 0 {_WIDE} {_HIGH}",
        preserveAspectRatio="none",
        width=240,
        height=_HIGH,
        fill_opacity=".3",  # for viewers that drop the style
        aria_hidden="true",
    )
