"""Do the parts of a SAFE verdict file agree? What no run writes was edited by hand, or is torn."""

import math
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime

from release_sentinel.config.kinds import INDISPENSABLE
from release_sentinel.config.model import Waiver
from release_sentinel.config.read import Reading, dotted
from release_sentinel.gates import BUILT_IN
from release_sentinel.reports.written import WrittenGate, WrittenVerdict
from release_sentinel.verdict import GateResult
from release_sentinel.vocabulary import Outcome

_TRIES = 1_000_000  # no run makes as many
_STAGES = {gate.id: gate.stage for gate in BUILT_IN}


def contradictions(verdict: WrittenVerdict, now: datetime) -> Iterator[str]:
    """Yield what contradicts SAFE in a verdict file, or another of its parts; `now` is when it is read."""
    for id_, count in Counter(gate.id for gate in verdict.gates).items():
        if count > 1:
            yield f"gate {id_} is there {count} times"
    for gate in verdict.gates:
        yield from _of_gate(gate)
        yield from _of_waiver(gate, verdict, now)
        yield from _of_advised(gate, now)
    if not re.fullmatch(r"release-sentinel \S+", verdict.tool):
        yield f"it was written by {verdict.tool!r}"
    yield from _of_disabled(verdict)
    yield from _of_times(verdict)


def _of_gate(gate: WrittenGate) -> Iterator[str]:
    waiver = gate.waiver is not None
    if not gate.id.strip():
        yield "a gate has no id"
    stage = _STAGES.get(gate.id.partition("[")[0], gate.kind)
    if gate.kind is not stage:
        yield f"gate {gate.id} is of kind {gate.kind}, expected {stage}"
    excused = Waiver("", "", "", "", date.max) if waiver else None  # its parts are looked at below
    expected = GateResult(gate.id, gate.kind, gate.status, gate.reason, waiver=excused, advised=gate.advised).outcome
    if gate.outcome is not expected:
        status = gate.status or "none"
        yield f"gate {gate.id} has status {status} and outcome {gate.outcome}, expected outcome {expected}"
    elif waiver and gate.outcome is not Outcome.WAIVED:
        yield f"gate {gate.id} has outcome {gate.outcome} and a waiver, which excuses nothing"
    if not 1 <= gate.tries <= _TRIES or not 0 <= gate.seconds < math.inf:
        yield f"gate {gate.id} made {gate.tries} tries in {gate.seconds:g} s"


def _of_waiver(gate: WrittenGate, verdict: WrittenVerdict, now: datetime) -> Iterator[str]:
    """Yield what a policy does not accept in a waiver, and what of it is not about this gate, run and moment."""
    if gate.waiver is None:
        return
    name = f"the waiver of gate {gate.id}"
    waiver, wrong = Reading().read(Waiver, gate.waiver)
    if wrong:
        yield f"{name} is not valid: {'; '.join(f'{dotted(problem.path)} {problem.says}' for problem in wrong)}"
        return
    if waiver.gate != gate.id or waiver.env != verdict.env:
        yield f"{name} is for {waiver.gate} in {waiver.env}"
    if waiver.end <= now:
        yield f"{name} has expired ({waiver.until}): run the gate again"


def _of_advised(gate: WrittenGate, now: datetime) -> Iterator[str]:
    """Yield what a policy does not accept in a gate that is only advised."""
    if gate.advised is None:
        return
    if gate.outcome is not Outcome.ADVISED:
        yield f"gate {gate.id} has outcome {gate.outcome} and is advised until {gate.advised}, which excuses nothing"
    elif gate.id.partition("[")[0] in INDISPENSABLE:
        yield f"gate {gate.id} is advised, which no policy can do"
    elif gate.advised < now.astimezone(UTC).date():
        yield f"gate {gate.id} was advised until {gate.advised}, and counts now: run the gate again"


def _of_disabled(verdict: WrittenVerdict) -> Iterator[str]:
    judged = {gate.id.partition("[")[0] for gate in verdict.gates}
    for name, count in Counter(gate.gate for gate in verdict.disabled).items():
        if name not in _STAGES:
            yield f"gate {name}, which is switched off, is not a built-in gate"
        elif name in INDISPENSABLE:
            yield f"gate {name} is switched off, which no policy can do"
        elif name in judged or count > 1:
            yield f"gate {name} is switched off {'twice' if count > 1 else 'and judged'}"
    for gate in verdict.disabled:
        if not gate.reason.strip():
            yield f"gate {gate.gate} is switched off without a reason"


def _of_times(verdict: WrittenVerdict) -> Iterator[str]:
    started, ended = _moment(verdict.started), _moment(verdict.ended)
    if started is None:
        yield f"it does not say when it started: {verdict.started!r}"
    elif ended and ended < started:
        yield f"it started at {verdict.started} and ended at {verdict.ended}"


def _moment(text: str) -> datetime | None:
    """Return the moment that a text with an offset names."""
    with suppress(ValueError):
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else None
    return None
