"""Does a verdict file prove a SAFE run? A file that no run writes was edited by hand, or is torn."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from typing import Any

from release_sentinel.config.kinds import INDISPENSABLE
from release_sentinel.config.model import Waiver
from release_sentinel.config.read import Reading, dotted
from release_sentinel.gates import BUILT_IN, BuiltInGate
from release_sentinel.reports import written
from release_sentinel.reports.written import WrittenGate, WrittenVerdict
from release_sentinel.verdict import GateResult, Rounds
from release_sentinel.vocabulary import EXIT_SAFE, SAFE, Outcome, Stage, Status

_TRIES = 1_000_000  # more than any run makes
_PASSED, _OK = Outcome.PASSED, Status.OK  # looking them up in an enumeration is slow
_STAGES = {gate.id: gate.stage for gate in BUILT_IN}
_TORN = "it was tampered with, or torn"


def unproven(verdict: WrittenVerdict, now: datetime, *, watched: bool = False) -> Iterator[str]:
    """Yield each reason why a verdict file does not prove a whole SAFE run, of any release; none means that it does.

    With `watched` the run has to be a watch after a deployment, else a release. `now` is when waivers have to hold.
    """
    gates = verdict.gates
    wanted, mode = (f"WATCH {SAFE}", "watch") if watched else (SAFE, "release")
    if verdict.verdict != wanted:
        because = [*(gate.reason for gate in gates if gate.outcome is Outcome.FAILED), *verdict.problems]
        yield f"the verdict is {verdict.verdict}, expected {wanted}" + (f": {'; '.join(because)}" if because else "")
    elif verdict.mode != mode:
        yield f"the verdict says {wanted} with mode {verdict.mode}: {_TORN}"
    elif verdict.partial:
        yield f"the verdict says {SAFE} with partial {verdict.partial}: {_TORN}"
    elif verdict.preview:
        yield f"the verdict says {SAFE} with preview {verdict.preview}: {_TORN}"
    elif wrong := list(contradictions(verdict, now, watched=watched)):
        yield from wrong
    elif unnamed := _unnamed(verdict):
        yield f"the verdict says {SAFE} without a word on these gates: {', '.join(unnamed)}"


def contradictions(verdict: WrittenVerdict, now: datetime, *, watched: bool = False) -> Iterator[str]:
    """Yield each contradiction in a verdict file that says SAFE, in any mode.

    It may lack a gate that runs of this version owe: an older version may not have had that gate.
    """
    if verdict.exit_code != EXIT_SAFE:
        yield f"the verdict says {SAFE} with exit code {verdict.exit_code}: {_TORN}"
        return
    if verdict.problems or verdict.missing or verdict.undelivered or not verdict.gates:
        yield f"the verdict says {SAFE} without proof: it names no gates, or problems"
        return
    examined = _to_examine(verdict.gates)
    if not_passed := [gate.id for gate in examined if not _passes(gate, watched=watched)]:
        yield f"the verdict says {SAFE}, and these gates did not pass: {', '.join(not_passed)}"
    else:
        yield from (
            f"the verdict says {SAFE}, but {words}" for words in _within(verdict, examined, now, watched=watched)
        )


def _to_examine(gates: Iterable[WrittenGate]) -> list[WrittenGate]:
    """Return the gates that did not simply pass, by a quick look: a history has many thousands of gates."""
    return [
        gate
        for gate in gates
        if gate.outcome is not _PASSED
        or gate.status is not _OK
        or gate.waiver is not None
        or gate.advised is not None
        or gate.kind is not _stage(gate.id)
        or not 1 <= gate.tries <= _TRIES
        or not 0 <= gate.seconds < math.inf
        or (len(gate.measures) > 1 and _repeated([one.name for one in gate.measures]))
    ]


@lru_cache(4096)
def _stage(id_: str) -> Stage | None:
    """Return the stage of a built-in gate, or None."""
    return _STAGES.get(id_.partition("[")[0])


def _passes(gate: WrittenGate, *, watched: bool) -> bool:
    """Return whether a gate passed, or may be left out: comparisons without a baseline, in a watch the policy stage."""
    if gate.owed or gate.outcome is not Outcome.NOT_EVALUATED:
        return gate.outcome.passes
    return gate.id.startswith("compare[") or (watched and gate.kind is Stage.POLICY)


def _unnamed(verdict: WrittenVerdict) -> list[str]:
    """Return the gates that every run owes, and that the verdict lists neither as judged nor as switched off."""
    disabled, judged = {gate.gate for gate in verdict.disabled}, [gate.id for gate in verdict.gates]
    owed = [gate for gate in BUILT_IN if not gate.opt and gate.id not in disabled]
    return [gate.id for gate in owed if not any(_is_of(gate, id_) for id_ in judged)]


def _is_of(gate: BuiltInGate, id_: str) -> bool:
    """Return whether a result is the gate's own, or where it has targets, that on one of them."""
    target = id_.removeprefix(f"{gate.id}[").removesuffix("]")
    return id_ == gate.id or (gate.judges is not None and bool(target) and id_ == f"{gate.id}[{target}]")


def _within(verdict: WrittenVerdict, examined: Sequence[WrittenGate], now: datetime, *, watched: bool) -> Iterator[str]:
    """Yield what contradicts another part of a verdict file. `examined` are its gates that did not simply pass."""
    yield from (f"gate {id_} is there {count} times" for id_, count in _repeated([gate.id for gate in verdict.gates]))
    for gate in examined:
        yield from _of_gate(gate)
        if gate.waiver is not None:
            yield from _of_waiver(gate, gate.waiver, verdict, now)
        if gate.advised is not None:
            yield from _of_advised(gate, gate.advised, now)
    if not re.fullmatch(r"release-sentinel \S+", verdict.tool):
        yield f"it was written by {verdict.tool!r}"
    yield from _of_disabled(verdict)
    yield from _of_rounds(verdict.rounds, watched=watched)
    yield from _of_times(verdict)


def _of_gate(gate: WrittenGate) -> Iterator[str]:
    waiver = gate.waiver is not None
    if not gate.id.strip():
        yield "a gate has no id"
    stage = _stage(gate.id) or gate.kind
    if gate.kind is not stage:
        yield f"gate {gate.id} is of kind {gate.kind}, expected {stage}"
    expected = _outcome(gate.status, waiver, gate.advised is not None)
    if gate.outcome is not expected:
        status = gate.status or "none"
        yield f"gate {gate.id} has status {status} and outcome {gate.outcome}, expected outcome {expected}"
    elif waiver and gate.outcome is not Outcome.WAIVED:
        yield f"gate {gate.id} has outcome {gate.outcome} and a waiver, which excuses nothing"
    if not 1 <= gate.tries <= _TRIES or not 0 <= gate.seconds < math.inf:
        yield f"gate {gate.id} made {gate.tries} tries in {gate.seconds:g} s"
    if len(gate.measures) > 1:
        for name, count in _repeated([one.name for one in gate.measures]):
            yield f"gate {gate.id} measures {name} {count} times"


def _repeated(names: list[str]) -> list[tuple[str, int]]:
    """Return the names that are there more than once, and how often."""
    return (
        [(name, count) for name, count in Counter(names).items() if count > 1] if len(set(names)) < len(names) else []
    )


@cache
def _outcome(status: Status | None, waived: bool, advised: bool) -> Outcome:
    """Return what becomes of a gate, as a run decides it."""
    excused = Waiver("", "", "", "", date.max) if waived else None  # `_of_waiver` looks at its parts
    return GateResult("", Stage.POLICY, status, "", waiver=excused, advised=date.max if advised else None).outcome


def _of_waiver(gate: WrittenGate, written: dict[str, Any], verdict: WrittenVerdict, now: datetime) -> Iterator[str]:
    """Yield what a policy does not accept in a waiver, and what of it is not about this gate, run and moment."""
    name = f"the waiver of gate {gate.id}"
    waiver, wrong = Reading().read(Waiver, written)
    if wrong:
        yield f"{name} is not valid: {'; '.join(f'{dotted(problem.path)} {problem.says}' for problem in wrong)}"
        return
    if waiver.gate != gate.id or waiver.env != verdict.env:
        yield f"{name} is for {waiver.gate} in {waiver.env}"
    if waiver.end <= now:
        yield f"{name} has expired ({waiver.until}): run the gate again"


def _of_advised(gate: WrittenGate, until: date, now: datetime) -> Iterator[str]:
    """Yield what a policy does not accept in a gate that is only advised."""
    if gate.outcome is not Outcome.ADVISED:
        yield f"gate {gate.id} has outcome {gate.outcome} and is advised until {until}, which excuses nothing"
    elif gate.id.partition("[")[0] in INDISPENSABLE:
        yield f"gate {gate.id} is advised, which no policy can do"
    elif until < now.astimezone(UTC).date():
        yield f"gate {gate.id} was advised until {until}, and counts now: run the gate again"


def _of_disabled(verdict: WrittenVerdict) -> Iterator[str]:
    judged = {gate.id.partition("[")[0] for gate in verdict.gates}
    packs = {pack.name for pack in verdict.packs}
    for name, count in Counter(gate.gate for gate in verdict.disabled).items():
        if name not in _STAGES and name.partition(".")[0] not in packs:
            yield f"gate {name}, which is switched off, is not a built-in gate, nor one of a pack"
        elif name in INDISPENSABLE:
            yield f"gate {name} is switched off, which no policy can do"
        elif name in judged or count > 1:
            yield f"gate {name} is switched off {'twice' if count > 1 else 'and judged'}"
    for gate in verdict.disabled:
        if not gate.reason.strip():
            yield f"gate {gate.gate} is switched off without a reason"


def _of_rounds(rounds: Rounds | None, *, watched: bool) -> Iterator[str]:
    """Yield why the rounds do not say that the run became healthy, and stayed so for as long as it had to."""
    if rounds is None:
        if watched:
            yield "it names no rounds, and a watch has them"
    elif rounds.why:
        yield f"its rounds were {rounds.why}"
    elif rounds.healthy_after is None:
        yield "none of its rounds was healthy"
    elif not round(rounds.hold, 3) <= rounds.held:  # as `document` rounds what was held
        yield f"it held for {rounds.held:g} s, expected {rounds.hold:g} s"
    elif watched and not rounds.hold > 0:
        yield "it held for no time, and a watch holds"


def _of_times(verdict: WrittenVerdict) -> Iterator[str]:
    started, ended = moment(verdict.started), moment(verdict.ended)
    if started is None:
        yield f"it does not say when it started: {verdict.started!r}"
    elif ended and ended < started:
        yield f"it started at {verdict.started} and ended at {verdict.ended}"


def moment(text: str) -> datetime | None:
    """Return the time, in UTC, that a verdict file says; None where it is not one."""
    with suppress(ValueError):
        return written.moment(text)
    return None
