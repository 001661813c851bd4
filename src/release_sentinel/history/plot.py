"""A measure over time as SVG: its line and its limits. The page shows the numbers beside it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby, pairwise

from release_sentinel.history.records import Series
from release_sentinel.history.scale import Scale
from release_sentinel.reports.page import Markup, element

_WIDE, _HIGH = 1000, 100
_PARTS = 150  # of the width: the least and the greatest number of each are drawn
_Point = tuple[float, float]


def plot(series: Series) -> Markup | None:
    """Return the chart; None where there is nothing to draw."""
    values = series.values
    if not values:
        return None
    limits = [limit for one in series.limits for limit in (one.warn, one.crit) if limit is not None]
    across, up = Scale(_ends(series), 0, _WIDE), Scale([*values, *limits], _HIGH, 0)
    shapes = [_line(points, "curve") for points in _stretches(series, across, up)]
    return element(
        "svg",
        list(_limits(series, across, up)),
        shapes,
        class_="plot",
        viewBox=f"0 0 {_WIDE} {_HIGH}",
        preserveAspectRatio="none",
        width=480,
        height=_HIGH,
        aria_hidden="true",
    )


def _ends(series: Series) -> list[float]:
    return [_seconds(series, series.points[0][0]), _seconds(series, series.points[-1][0])]


def _seconds(series: Series, time: datetime) -> float:
    return (time - series.points[0][0]).total_seconds()


def _stretches(series: Series, across: Scale, up: Scale) -> Iterator[list[_Point]]:
    """Yield each stretch of points that have a number."""
    for has_number, points in groupby(series.points, key=lambda point: point[1] is not None):
        if has_number:
            thin = _thinned([(_seconds(series, time), value or 0.0) for time, value in points], _ends(series)[1])
            yield [(across(seconds), up(value)) for seconds, value in thin]


def _thinned(points: list[_Point], length: float) -> list[_Point]:
    """Return fewer points that draw the same line: the least and the greatest of each part of the length, by time."""
    thin: list[_Point] = []
    for _, part in groupby(points, key=lambda point: int(point[0] * _PARTS / length) if length else 0):
        held = list(part)
        ends = {held.index(end(held, key=lambda point: point[1])) for end in (min, max)}
        thin += [held[index] for index in sorted(ends)]
    return thin


def _line(points: Sequence[_Point], class_: str) -> Markup:
    if len(points) == 1:
        (x, y), *_ = points
        return element("circle", cx=round(x, 1), cy=round(y, 1), r=3, class_="dot")
    return element("polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points), class_=class_)


def _limits(series: Series, across: Scale, up: Scale) -> Iterator[Markup]:
    """Yield each limit as a line over the time for which it held."""
    ends = [*(_seconds(series, one.since) for one in series.limits), _ends(series)[1]]
    for limits, (begin, end) in zip(series.limits, pairwise(ends), strict=True):
        left, right = (across(begin), across(end)) if len(series.points) > 1 else (0, _WIDE)
        for tone, limit in (("warn", limits.warn), ("crit", limits.crit)):
            if limit is not None:
                yield _line([(left, up(limit)), (right, up(limit))], f"bound {tone}")
