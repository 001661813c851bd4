"""A history as plain text, as wide as the terminal, but at least 60 columns."""

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from release_sentinel.history.files import RELEASE
from release_sentinel.history.folder import Skipped
from release_sentinel.history.records import Environment, History, Last, Released, Series
from release_sentinel.history.scale import Scale
from release_sentinel.lines import foreign, harmless
from release_sentinel.measures import Measure
from release_sentinel.reports.charts import duration, limits, quantity
from release_sentinel.reports.text import shown_version
from release_sentinel.vocabulary import Status
from release_sentinel.widths import columns, cut, wrap

NARROWEST = 60
BLOCKS = "▁▂▃▄▅▆▇█"  # of a sparkline
NAMED = 20  # files, gates, measures; `--json` has all
FLAP = (
    "A gate flaps if it passes in one of two consecutive verdicts on the same environment, version and commit, and "
    "fails in the other."
)
DAYS = "Days in UTC, each by its worst verdict: S safe, C critical, I incomplete, B blocked"
_WEEKS, _CALENDARS, _RELEASES = 6, 5, 10
_SPARKS = 16  # characters of a sparkline
_NAME = 16  # columns that a cut name keeps, at least
_INDENT = " " * 6
_LONG = 80  # columns of a name within a sentence
_MODE = 12


def lines(history: History, width: int, *, blocks: bool) -> Iterator[str]:
    """Yield the lines of a history, at most `width` columns wide; with `blocks`, measures have a sparkline."""
    width = max(NARROWEST, width)
    yield from wrap(counts(history), width, 4)
    for title, part in (
        ("Last verdicts (times are UTC)", _environments(history, width)),
        (f"{DAYS} (weeks without a verdict are left out)", _calendars(history)),
        ("Gates that failed, flapped or warned", _gates(history, width)),
        ("Releases that were held, up to their first SAFE", _releases(history, width)),
        ("Measures: the last value, its range, its limits", _measures(history, width, blocks=blocks)),
        ("Not read as a verdict", _skipped(history.skipped, width)),
        ("Folders that were not looked into", _skipped(history.folders, width)),
    ):
        if shown := list(part):
            yield from ("", *wrap(title, width), *shown)


def counts(history: History) -> str:
    """Return how many files there are, and what they are."""
    numbers = {
        "repeated": history.repeated,
        "torn": history.torn,
        "foreign": history.foreign,
        "in the future": history.future,
        "left out by the options": history.filtered,
    }
    parts = [_plural(history.verdicts, "verdict"), *(f"{number} {what}" for what, number in numbers.items() if number)]
    return f"{_plural(history.files, 'file')}: {', '.join(parts)}"


def minute(time: datetime) -> str:
    """Return a time to the minute."""
    return f"{time:%Y-%m-%d %H:%M}"


def sparkline(values: Sequence[float], most: int = _SPARKS) -> str:
    """Return numbers as blocks of different heights, each the mean of the numbers of its part."""
    size = max(1, min(most, len(values)))
    parts = [values[len(values) * i // size : len(values) * (i + 1) // size] for i in range(size)]
    means = [sum(value / len(part) for value in part) for part in parts if part]
    height = Scale(means or [0.0], 0, len(BLOCKS) - 1)
    return "".join(BLOCKS[round(height(mean))] for mean in means)


def named(name: str) -> str:
    """Return a name, or `(none)` for a blank."""
    return name or "(none)"


def short(name: str) -> str:
    """Return a name from a file, short enough for a sentence."""
    return cut(foreign(named(name)), _LONG)


def _plural(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _environments(history: History, width: int) -> Iterator[str]:
    rows = [
        ([named(one.env) if first else "", shown_version(last.version)], [label(last), minute(last.ended)])
        for one in history.environments
        for first, last in ((last is one.last[0], last) for last in one.last)
    ]
    yield from _table(rows[:NAMED], width)
    yield from _more(len(rows) - NAMED)


def label(last: Last) -> str:
    """Return a verdict with its mode, as every report names it."""
    mode = "" if last.mode == RELEASE else f"{cut(last.mode.upper(), _MODE)} "
    return f"{mode}{last.verdict}{' (unfinished)' if last.unfinished else ''}"


def _calendars(history: History) -> Iterator[str]:
    judged = [one for one in history.environments if one.days]
    for one in judged[:_CALENDARS]:
        yield from _calendar(one)
    yield from _more(len(judged) - _CALENDARS, "--env shows one")


def _calendar(environment: Environment) -> Iterator[str]:
    """Yield the last weeks that have a verdict."""
    days = {day.day: day.worst[0] for day in environment.days}
    weeks = sorted({day - timedelta(days=day.weekday()) for day in days})[-_WEEKS:]
    yield f"  {_padded(cut(foreign(named(environment.env)), 20), 20)}  Mo Tu We Th Fr Sa Su"
    for week in weeks:
        marks = (days.get(week + timedelta(days=weekday), ".") for weekday in range(7))
        yield f"  {week.isoformat():>20}  {'  '.join(marks)}"


def _gates(history: History, width: int) -> Iterator[str]:
    gates = history.troubled
    counts = ["failed", "flapped", "warned", *(["advised"] if any(gate.advised for gate in gates) else []), "judged"]
    if gates:
        rows = [
            ([named(gate.env), gate.gate], [f"{getattr(gate, name):>{len(name)}}" for name in counts])
            for gate in gates[:NAMED]
        ]
        yield from _table([(["env", "gate"], counts), *rows], width)
    yield from _more(len(gates) - NAMED)


def _releases(history: History, width: int) -> Iterator[str]:
    rows = [
        ([named(one.env), one.version], [until(one), f"{one.held_by} {minute(since)}"])
        for one in history.held[:_RELEASES]
        if (since := one.held_since)
    ]
    yield from _table(rows, width)
    yield from _more(len(history.held) - _RELEASES)


def until(release: Released) -> str:
    """Return how long a release was held."""
    return "not SAFE yet" if release.seconds_held is None else f"SAFE after {duration(release.seconds_held)}"


def _measures(history: History, width: int, *, blocks: bool) -> Iterator[str]:
    for one in by_trouble(history.measures)[:NAMED]:
        yield from _wrapped(_of_series(one, blocks=blocks), width)
    yield from _more(len(history.measures) - NAMED)


def by_trouble(measures: Iterable[Series]) -> list[Series]:
    """Return the measures by their status, the worst first."""
    worst = (Status.CRIT, Status.WARN, Status.OK)
    return sorted(measures, key=lambda one: worst.index(one.status))


def _of_series(series: Series, *, blocks: bool) -> str:
    spark = f" {sparkline(series.values)}" if blocks and len(series.values) > 1 else ""
    numbers = words(series, foreign(series.unit))
    if not blocks:  # the encoding may lack these, too
        numbers = numbers.replace("≥", ">=").replace("≤", "<=")
    return f"{short(series.env)}: {short(series.name)} {numbers}{spark}"


def words(series: Series, unit: str) -> str:
    """Return the last value of a measure, its range and its limits."""
    last = replace(series.last, unit=unit)
    least, most = (quantity(Measure("", end(series.values, default=0.0), unit)) for end in (min, max))
    now = "no number" if math.isnan(last.value) else quantity(last)
    held = limits(last)
    return f"{now}{f', from {least} to {most}' if least != most else ''}{f', {held}' if held else ''}"


def _skipped(skipped: Sequence[Skipped], width: int) -> Iterator[str]:
    for one in skipped[:NAMED]:
        yield from _wrapped(f"{cut(foreign(one.file), 200)}: {one.kind}: {foreign(one.why)}", width)
    yield from _more(len(skipped) - NAMED)


def _wrapped(text: str, width: int) -> Iterator[str]:
    """Yield the lines of a foreign text: runners obey `::` also where a line is broken before it."""
    first, *others = wrap(f"  {text}", width, len(_INDENT))
    yield first
    yield from map(harmless, others)


def _more(number: int, where: str = "--json has all") -> Iterator[str]:
    if number > 0:
        yield f"  and {number} more: {where}"


def _table(rows: Sequence[tuple[Sequence[str], Sequence[str]]], width: int) -> Iterator[str]:
    """Yield rows of names and words, in aligned columns.

    Names are cut, words never. Where too little of the names would be left, the words get a line of their own.
    """
    rows = [([foreign(name) for name in names], words) for names, words in rows]
    names = _column_widths([row for row, _ in rows])
    words = _column_widths([row for _, row in rows])
    room = width - 2 * len([*names, *words]) - sum(words)
    beside = room >= sum(min(name, _NAME) for name in names)
    names = _narrowed(names, room if beside else width - 2 * len(names))
    for row, said in rows:
        first, second = _placed(row, names), _placed(said, words)
        if beside:
            yield f"  {first}  {second}".rstrip()
        else:
            yield from (f"  {first}".rstrip(), f"{_INDENT}{second}".rstrip())


def _column_widths(rows: Iterable[Sequence[str]]) -> list[int]:
    return [max(columns(cell) for cell in column) for column in zip(*rows, strict=True)]


def _narrowed(widths: Sequence[int], room: int) -> list[int]:
    """Return widths that fit into `room` columns; the widest are made narrower."""
    fitting = list(widths)
    while sum(fitting) > room:
        fitting[fitting.index(max(fitting))] -= 1
    return fitting


def _placed(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(_padded(cut(cell, width), width) for cell, width in zip(cells, widths, strict=True))


def _padded(text: str, width: int) -> str:
    return f"{text}{' ' * (width - columns(text))}"
