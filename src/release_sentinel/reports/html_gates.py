"""The part of the page about gates: those that hold the release back, and all of them by stage."""

from collections.abc import Iterator

from release_sentinel.measures import Measure
from release_sentinel.redacted import RedactedVerdict
from release_sentinel.reports.charts import TONES, bullet, duration, limits, quantity
from release_sentinel.reports.page import Content, Markup, element, facts, folded, gate_id, jump, lines, prose, table
from release_sentinel.verdict import GateResult
from release_sentinel.vocabulary import Outcome, Stage, Status

_WORDS = {
    Outcome.PASSED: ("Passed", "ok"),
    Outcome.WARNED: ("Warning", "warn"),
    Outcome.WAIVED: ("Waived", "warn"),
    Outcome.ADVISED: ("Advised", "warn"),
    Outcome.FAILED: ("Failed", "crit"),
    Outcome.NOT_EVALUATED: ("Not evaluated", "off"),
}
_ON_CARDS = {Outcome.FAILED, Outcome.WAIVED, Outcome.ADVISED}  # above the tables
_FEW = 3  # details that are shown at once


def reason_cards(verdict: RedactedVerdict) -> list[Markup]:
    """Return a card for each failed gate, with what to do, and for what makes the run incomplete."""
    cards = list(_cards(verdict, Outcome.FAILED))
    for problem in verdict.problems:
        head = element("div", element("span", "Incomplete", class_="pill"), class_="head")
        cards.append(element("li", head, element("p", prose(problem)), class_="card reason unknown"))
    return [element("ol", cards, class_="cards")] if cards else []


def excused_cards(verdict: RedactedVerdict) -> list[Markup]:
    """Return a card for each gate that failed and is excused."""
    cards = [*_cards(verdict, Outcome.WAIVED), *_cards(verdict, Outcome.ADVISED)]
    return [element("ul", cards, class_="cards")] if cards else []


def gate_tables(verdict: RedactedVerdict) -> list[Markup]:
    """Return a table of the gates of each stage."""
    tables = []
    for stage in Stage:
        gates = [(order, gate) for order, gate in enumerate(verdict.gates) if gate.stage is stage]
        if gates:
            passed = sum(gate.outcome is Outcome.PASSED for _, gate in gates)
            title = element("h3", f"{stage.capitalize()} stage", element("small", f" {passed} of {len(gates)} passed"))
            heads = ("Result", "Gate", "What was seen", "Time")
            shown = table(heads, [_row(order, gate) for order, gate in gates], "gates")
            tables.append(element("div", title, shown, class_="card"))
    return tables


def tone_of(gate: GateResult) -> str:
    """Return the class of the colour of a result."""
    return _word(gate)[1]


def _word(gate: GateResult) -> tuple[str, str]:
    if gate.outcome is Outcome.FAILED and gate.status is Status.UNKNOWN:
        return "Unknown", "unknown"
    return _WORDS[gate.outcome]


def _cards(verdict: RedactedVerdict, outcome: Outcome) -> Iterator[Markup]:
    for order, gate in enumerate(verdict.gates):
        if gate.outcome is outcome:
            word, tone = _word(gate)
            tries = [f"{gate.tries} tries"] if gate.tries > 1 else []
            head = [
                element("span", word, class_="pill"),
                element("h3", gate_id(gate.id)),
                element("small", " · ".join([gate.stage, *tries, duration(gate.seconds)])),
            ]
            inside = [
                element("div", head, class_="head"),
                element("p", prose(gate.reason)),
                _excuse(gate),
                *_more(gate),
            ]
            yield element("li", inside, class_=f"card reason {tone}", id=f"reason-{order}")


def _excuse(gate: GateResult) -> Content:
    waiver = gate.waiver
    if gate.advised:
        return facts([("Advised until", gate.advised.isoformat())], "line")
    if waiver is None:
        return None
    return facts([("Waived until", waiver.until), ("By", waiver.owner), ("Because", waiver.reason)], "line")


def _row(order: int, gate: GateResult) -> Markup:
    word, tone = _word(gate)
    tries = [element("br"), f"{gate.tries} tries"] if gate.tries > 1 else None
    more = [jump(f"reason-{order}", "What to do")] if gate.outcome in _ON_CARDS else _more(gate)
    return element(
        "tr",
        element("td", element("span", word, class_=f"pill {tone}"), role="cell"),
        element("th", gate_id(gate.id), scope="row", role="rowheader"),
        element("td", element("p", prose(gate.reason)), more, role="cell"),
        element("td", duration(gate.seconds) if gate.status else None, tries, role="cell"),
        role="row",
    )


def _more(gate: GateResult) -> list[Content]:
    """Return what to do, what was measured, and what else is known."""
    remedy = gate.remedy if gate.outcome is not Outcome.PASSED else ""
    measures = [element("li", _measure(one)) for one in gate.measures]
    return [
        element("p", element("b", "What to do: "), prose(remedy), class_="todo") if remedy else None,
        element("ul", measures, class_="measures") if measures else None,
        _details(gate.details),
        folded("Traceback", lines(gate.traceback)) if gate.traceback else None,
    ]


def _details(details: tuple[str, ...]) -> Content:
    if not details:
        return None
    listed = element("ul", [element("li", element("code", detail)) for detail in details], class_="details")
    return listed if len(details) <= _FEW else folded(f"{len(details)} details", listed)


def _measure(measure: Measure) -> list[Content]:
    value = element("b", quantity(measure), class_=TONES[measure.status])
    return [
        element("span", f"{measure.name} ", value),
        bullet(measure),
        element("small", limits(measure) or "no limits"),
    ]
