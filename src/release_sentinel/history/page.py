"""A history as a page of HTML: the last verdicts, held releases, troubled gates, days and measures."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from release_sentinel.history.files import RELEASE
from release_sentinel.history.plot import plot
from release_sentinel.history.records import Day, Environment, GateHistory, History, Last, Released, Series
from release_sentinel.history.text import DAYS, FLAP, by_trouble, counts, label, minute, named, until, words
from release_sentinel.identity import SHORT
from release_sentinel.reports import page as html
from release_sentinel.reports.charts import TONES, VERDICT_TONES
from release_sentinel.reports.page import Content, Markup, element
from release_sentinel.reports.text import shown_version

_ROWS, _CHARTS, _CALENDARS = 25, 100, 10
_WEEKS = 12
_WEEKDAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")


def page(history: History) -> str:
    """Return the page."""
    contents, sections = html.with_contents(
        [
            ("last", "Last verdicts", _lasts(history)),
            ("held", "Releases that were held", _held(history)),
            ("gates", "Gates that failed, flapped or warned", _gates(history)),
            ("days", "Days", _days(history)),
            ("measures", "Measures", _measures(history)),
            ("skipped", "Not read as a verdict", _skipped(history)),
        ]
    )
    header = [
        element("p", element("b", "release-sentinel"), " history", class_="brand"),
        element("h1", "History of releases"),
        _note(f"{counts(history)}. All times are UTC."),
        contents,
    ]
    return html.page("History of releases", header, sections)


def _lasts(history: History) -> Content:
    rows: list[list[Content]] = [
        [
            named(one.env),
            _pill(last),
            shown_version(last.version),
            element("code", last.commit[:SHORT]),
            _time(last.ended),
            last.file,
        ]
        for one in history.environments
        for last in one.last
    ]
    return _table("Last verdicts", ("Environment", "Verdict", "Version", "Commit", "Ended", "File"), rows)


def _held(history: History) -> Content:
    rows = [[named(one.env), one.version, until(one), *_since(one)] for one in history.held]
    note = "From the first verdict that was not SAFE to the first that was. Later verdicts do not count."
    return [_note(note), _table("Held", ("Environment", "Version", "Held", "Since"), rows)] if rows else None


def _gates(history: History) -> Content:
    rows = [[named(gate.env), gate.gate, str(gate.kind), *_of_gate(gate)] for gate in history.troubled]
    head = ("Environment", "Gate", "Stage", "Failed", "Flapped", "Warned", "Waived", "Advised", "Judged")
    return [_note(FLAP), _table("Gates", head, rows)] if rows else None


def _days(history: History) -> Content:
    judged = [one for one in history.environments if one.days]
    shown = [_calendar(one) for one in judged[:_CALENDARS]]
    return [_note(f"{DAYS}."), shown, _more(len(judged) - _CALENDARS)] if shown else None


def _calendar(environment: Environment) -> Markup:
    days = {day.day: day for day in environment.days}
    weeks = sorted({day - timedelta(days=day.weekday()) for day in days})[-_WEEKS:]
    rows = [[str(week), *(_day(days.get(week + timedelta(days=more))) for more in range(7))] for week in weeks]
    name = named(environment.env)
    return element("section", element("h3", name), _table(f"Days of {name}", ("Week of", *_WEEKDAYS), rows))


def _measures(history: History) -> Content:
    shown = [_series(one) for one in by_trouble(history.measures)[:_CHARTS]]
    return [*shown, _more(len(history.measures) - _CHARTS)] if shown else None


def _series(series: Series) -> Markup:
    pill = element("span", str(series.status), class_=f"pill {TONES[series.status]}")
    return element(
        "article",
        element("h3", f"{named(series.env)}: {series.name}", " ", pill),
        _note(words(series, series.unit)),
        plot(series),
        element("div", [element("span", _time(point[0])) for point in _ends(series)], class_="axis"),
        class_="card plot",
    )


def _skipped(history: History) -> Content:
    rows: list[list[Content]] = [[one.file, one.kind, one.why] for one in (*history.skipped, *history.folders)]
    return _table("Files and folders", ("File", "Kind", "Why"), rows) if rows else None


def _ends(series: Series) -> Iterable[tuple[datetime, float | None]]:
    return series.points[:1] + series.points[1:][-1:]


def _pill(last: Last) -> Markup:
    tone = VERDICT_TONES[last.verdict] if last.mode == RELEASE else "off"
    return element("span", label(last), class_=f"pill {tone}")


def _since(release: Released) -> list[Content]:
    since = release.held_since
    return [[f"{release.held_by} ", _time(since)] if since else None]


def _of_gate(gate: GateHistory) -> list[Content]:
    counts = (gate.failed, gate.flapped, gate.warned, gate.waived, gate.advised, gate.judged)
    return [str(count) for count in counts]


def _day(day: Day | None) -> Content:
    """Return the worst verdict of a day by its letter, and the number of each for screen readers."""
    if day is None:
        return None
    number_of = ", ".join(f"{verdict} {count}" for verdict, count in day.verdicts.items())
    return [
        element("span", day.worst[0], class_=f"pill {VERDICT_TONES[day.worst]}", aria_hidden="true"),
        element("span", number_of, class_="hidden"),
    ]


def _time(time: datetime) -> Markup:
    return element("time", minute(time), datetime=time.isoformat(timespec="seconds"))


def _table(name: str, head: Iterable[str], rows: list[list[Content]]) -> Content:
    heads = element("thead", element("tr", [element("th", name, scope="col") for name in head]))
    body = [element("tr", _row(row)) for row in rows[:_ROWS]]
    table = element("table", heads, element("tbody", body))
    scrolls = element("div", table, class_="card scrolls", role="region", tabindex="0", aria_label=f"Table: {name}")
    return [scrolls, _more(len(rows) - _ROWS)]


def _row(row: list[Content]) -> list[Markup]:
    return [element("th", row[0], scope="row"), *(element("td", cell) for cell in row[1:])]


def _note(text: str) -> Markup:
    return element("p", text, class_="mute")


def _more(rows: int) -> Content:
    return _note(f"And {rows} more: release-sentinel history --json has all.") if rows > 0 else None
