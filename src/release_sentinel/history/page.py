"""A history as a page of HTML: what was the last verdict, what is held, what is in the way, how has it been going."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from release_sentinel.history.analysis import (
    Day,
    Environment,
    GateHistory,
    History,
    Last,
    Released,
    Series,
)
from release_sentinel.history.files import RELEASE, Skipped
from release_sentinel.history.plot import plot
from release_sentinel.history.text import DAYS, FLAP, by_trouble, counts, label, minute, named, until, words
from release_sentinel.identity import SHORT
from release_sentinel.reports import page as html
from release_sentinel.reports.charts import TONES
from release_sentinel.reports.page import Content, Markup, element
from release_sentinel.vocabulary import BLOCKED, CRITICAL, INCOMPLETE, SAFE

_TONES = {SAFE: "ok", BLOCKED: "crit", CRITICAL: "crit", INCOMPLETE: "unknown"}
_ROWS, _CHARTS, _CALENDARS = 25, 100, 10
_WEEKS = 12
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def page(history: History) -> str:
    """Return the page."""
    return _Page(history).text()


class _Page:
    def __init__(self, history: History) -> None:
        self._history = history

    def text(self) -> str:
        """Return the whole page."""
        history = self._history
        sections = [
            ("last", "Last verdicts", self._lasts()),
            ("held", "Releases that were held", self._held()),
            ("gates", "Gates that failed, flapped or warned", self._gates()),
            ("days", "Days", self._days()),
            ("measures", "Measures", self._measures()),
            ("skipped", "Not read as a verdict", self._skipped([*history.skipped, *history.folders])),
        ]
        shown = [(anchor, title, content) for anchor, title, content in sections if content]
        jumps = [element("li", html.jump(anchor, title)) for anchor, title, _ in shown]
        return html.page(
            "History of releases",
            [
                element("p", element("strong", "release-sentinel"), " history", class_="brand"),
                element("h1", "History of releases"),
                element("p", f"{counts(history)}. All times are UTC.", class_="mute"),
                element("nav", element("ul", jumps), aria_label="Sections"),
            ],
            [self._section(*one) for one in shown],
        )

    def _section(self, anchor: str, title: str, content: Content) -> Markup:
        name = f"{anchor}-title"
        return element("section", element("h2", title, id=name), content, id=anchor, aria_labelledby=name)

    def _lasts(self) -> Content:
        rows = [(one, last) for one in self._history.environments for last in one.last]
        return _table(
            "Last verdicts",
            ("Environment", "Verdict", "Version", "Commit", "Ended", "File"),
            [[named(one.env), _pill(last), *self._of_last(last)] for one, last in rows],
        )

    def _of_last(self, last: Last) -> list[Content]:
        return [
            last.version or "(no version)",
            element("code", last.commit[:SHORT]),
            _time(last.ended),
            last.file,
        ]

    def _held(self) -> Content:
        held = self._history.held
        rows = [[named(one.env), one.version, until(one), *_since(one)] for one in held]
        head = ("Environment", "Version", "Held", "Since")
        note = "From the first verdict that was not SAFE to the first that was. What follows that does not count."
        return [element("p", note, class_="mute"), _table("Held", head, rows)] * bool(held)

    def _gates(self) -> Content:
        gates = self._history.troubled
        rows = [[named(gate.env), gate.gate, str(gate.kind), *_of_gate(gate)] for gate in gates]
        head = ("Environment", "Gate", "Stage", "Failed", "Flapped", "Warned", "Waived", "Advised", "Judged")
        return [element("p", FLAP, class_="mute"), _table("Gates", head, rows)] * bool(gates)

    def _days(self) -> Content:
        judged = [one for one in self._history.environments if one.days]
        shown = [self._calendar(one) for one in judged[:_CALENDARS]]
        return [element("p", f"{DAYS}.", class_="mute"), shown, _more(len(judged) - _CALENDARS)] if shown else None

    def _calendar(self, environment: Environment) -> Markup:
        days = {day.day: day for day in environment.days}
        weeks = sorted({day - timedelta(days=day.weekday()) for day in days})[-_WEEKS:]
        head = ("Week of", *(name[:2] for name in _WEEKDAYS))
        rows = [[str(week), *(_day(days.get(week + timedelta(days=more))) for more in range(7))] for week in weeks]
        name = named(environment.env)
        return element("section", element("h3", name), _table(f"Days of {name}", head, rows))

    def _measures(self) -> Content:
        series = self._history.measures
        shown = [self._series(one) for one in by_trouble(series)[:_CHARTS]]
        return [*shown, _more(len(series) - _CHARTS)] if shown else None

    def _series(self, series: Series) -> Markup:
        name = f"{named(series.env)}: {series.name}"
        pill = element("span", str(series.status), class_=f"pill {TONES[series.status]}")
        return element(
            "article",
            element("h3", name, " ", pill),
            element("p", words(series, series.unit), class_="mute"),
            plot(series),
            element("div", [element("span", _time(point[0])) for point in _ends(series)], class_="axis"),
            class_="card plot",
        )

    def _skipped(self, skipped: list[Skipped]) -> Content:
        rows: list[list[Content]] = [[one.file, one.kind, one.why] for one in skipped]
        return _table("Files and folders", ("File", "Kind", "Why"), rows) if rows else None


def _ends(series: Series) -> Iterable[tuple[datetime, float | None]]:
    return series.points[:1] + series.points[1:][-1:]


def _pill(last: Last) -> Markup:
    return element("span", label(last), class_=f"pill {_TONES[last.verdict] if last.mode == RELEASE else 'off'}")


def _since(release: Released) -> list[Content]:
    since = release.held_since
    return [[f"{release.held_by} ", _time(since)] if since else None]


def _of_gate(gate: GateHistory) -> list[Content]:
    counts = (gate.failed, gate.flapped, gate.warned, gate.waived, gate.advised, gate.judged)
    return [str(count) for count in counts]


def _day(day: Day | None) -> Content:
    """Return the worst verdict of a day by its letter, and all of them for who cannot see that."""
    if day is None:
        return None
    number_of = ", ".join(f"{verdict} {count}" for verdict, count in day.verdicts.items())
    return [
        element("span", day.worst[0], class_=f"pill {_TONES[day.worst]}", aria_hidden="true"),
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


def _more(rows: int) -> Content:
    more = f"And {rows} more: release-sentinel history --json has all."
    return element("p", more, class_="mute") if rows > 0 else None
