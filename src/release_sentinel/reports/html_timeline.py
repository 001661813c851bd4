"""The part of the page about time: what was asked when, how long it took, and how the rounds went."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from release_sentinel.redacted import RedactedVerdict
from release_sentinel.reports.charts import Axis, Span, axis_labels, duration, timeline
from release_sentinel.reports.html_gates import tone_of
from release_sentinel.reports.page import Content, Markup, element, folded, gate_id, table
from release_sentinel.reports.text import rounds
from release_sentinel.timeline import Phase, Step
from release_sentinel.verdict import Rounds
from release_sentinel.vocabulary import Stage

_LEGEND = "A pale bar is a gate, a solid one a request, a Git command or a probe; a red solid one met an error."
_FEW = 6  # phases that are shown at once
_MANY = 40  # gates; more are folded, so that what follows them is found


class _Row(NamedTuple):
    """What one row shows: from when to when it was judged, and what was asked for it."""

    name: str
    tone: str
    began: float
    ended: float
    steps: tuple[Step, ...]

    @property
    def first(self) -> float:
        """When it began, or the first of what was asked for it."""
        return min([self.began, *(step.began for step in self.steps)])

    @property
    def last(self) -> float:
        """When all of it had ended."""
        return max([self.ended, *(step.began + step.seconds for step in self.steps)])

    @property
    def took(self) -> float:
        """How long it was worked on: what was asked ahead for a gate waits until the gate is judged."""
        total, reached = 0.0, self.first
        parts = [(self.began, self.ended), *((step.began, step.began + step.seconds) for step in self.steps)]
        for began, ended in sorted(parts):
            total += max(0.0, ended - max(began, reached))
            reached = max(reached, ended)
        return total


def timelines(verdict: RedactedVerdict) -> list[Markup]:
    """Return the time line of the run; one of each stage, where the second one was evaluated in rounds."""
    policy, critical = (list(_rows(verdict, stage)) for stage in Stage)
    if steps := verdict.steps:
        shared = _Row("for several gates", "off", steps[0].began, steps[0].began, steps)
        policy.insert(0, shared._replace(ended=shared.last))
    met = verdict.rounds
    if met is None:
        blocks = _block("From the start of the run", [*policy, *critical], 0.0)
    else:
        last = min((row.first for row in critical), default=0.0)
        blocks = [
            *_block("Policy stage", policy, 0.0),
            _rounds(met),
            *_block(f"Last round, {duration(last)} after the start of the run", critical, last),
        ]
    return [element("p", _LEGEND, class_="mute legend"), *blocks] if blocks else []


def _rows(verdict: RedactedVerdict, stage: Stage) -> Iterator[_Row]:
    for gate in verdict.gates:
        if gate.stage is stage and gate.status is not None:
            yield _Row(gate.id, tone_of(gate), gate.began, gate.began + gate.seconds, gate.steps)


def _block(title: str, rows: Sequence[_Row], start: float) -> list[Markup]:
    """Return a table with a row for each gate, drawn from `start` to the end of the last one."""
    if not rows:
        return []
    axis = Axis(start, max(row.last for row in rows))
    when = [element("span", "When", class_="hidden"), axis_labels(axis.length)]
    ordered = sorted(rows, key=lambda row: row.first)
    times = table(("Gate", when, "Began", "Took"), [_line(row, axis) for row in ordered], "times")
    shown = times if len(rows) <= _MANY else folded(f"{len(rows)} gates", times)
    return [element("div", element("h3", title), shown, class_="card")]


def _line(row: _Row, axis: Axis) -> Markup:
    spans = [Span(row.began, row.ended, row.tone)]
    spans += [Span(one.began, one.began + one.seconds, "crit" if one.words else "ok", thin=True) for one in row.steps]
    return element(
        "tr",
        element("th", gate_id(row.name), scope="row", role="rowheader"),
        element("td", timeline(axis, spans), _asked(row.steps, axis), role="cell"),
        element("td", duration(row.first - axis.low), role="cell"),
        element("td", duration(row.took), role="cell"),
        role="row",
    )


def _asked(steps: Sequence[Step], axis: Axis) -> Content:
    if len(steps) == 1:
        return element("small", _words(steps[0]))
    if not steps:
        return None
    failed = sum(bool(step.words) for step in steps)
    listed = [
        element(
            "li",
            _words(step),
            element("small", f" at {duration(step.began - axis.low)}, took {duration(step.seconds)}"),
        )
        for step in steps
    ]
    return folded(f"{len(steps)} steps{f', {failed} with an error' if failed else ''}", element("ol", listed))


def _words(step: Step) -> str:
    return f"{step.what}: {step.words}" if step.words else step.what


def _rounds(met: Rounds) -> Markup:
    """Return how the rounds went: a line to look at, and a table of its phases."""
    content: list[Content] = [element("h3", "Rounds"), element("p", rounds(met))]
    if met.failures:
        counts = [f"{gate} {count}" for gate, count in met.failures.items()]
        content.append(element("p", f"failed rounds: {', '.join(counts)}", class_="mute"))
    if met.phases:
        axis = Axis(met.phases[0].began, met.phases[-1].ended)
        spans = [Span(one.began, one.ended, "crit" if one.failed else "ok", thin=one.holding) for one in met.phases]
        content.append(element("p", "Pale is the wait, solid the hold, red where a gate failed.", class_="mute"))
        content.append(element("div", timeline(axis, spans), axis_labels(axis.length), class_="wide"))
        words = ("When", "Rounds", "What happened")
        head = element("thead", element("tr", [element("th", word, scope="col") for word in words]))
        body = element("tbody", [element("tr", _phase(phase, axis)) for phase in met.phases])
        phases = element("table", head, body, class_="phases")
        content.append(phases if len(met.phases) <= _FEW else folded(f"{len(met.phases)} phases", phases))
    return element("div", content, class_="card")


def _phase(phase: Phase, axis: Axis) -> list[Markup]:
    state = f"failed: {', '.join(phase.failed)}" if phase.failed else "healthy"
    cells = (
        f"{duration(phase.began - axis.low)} to {duration(phase.ended - axis.low)}",
        str(phase.rounds),
        f"{state}, during the hold" if phase.holding else state,
    )
    return [element("td", cell) for cell in cells]
