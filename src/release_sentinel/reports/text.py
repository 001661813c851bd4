"""The verdict as the terminal shows it last."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from release_sentinel.colours import Tone
from release_sentinel.lines import harmless
from release_sentinel.redacted import RedactedVerdict
from release_sentinel.verdict import GateResult, Rounds
from release_sentinel.vocabulary import CRITICAL, INCOMPLETE, NOTED, SAFE, Outcome, Stage

TITLE = "release-sentinel"
_STAGE_FAILED = "because an earlier stage failed"
_FAILED = {Stage.POLICY: Tone.POLICY_FAILED, Stage.CRITICAL: Tone.CRITICAL_FAILED}


class Line(NamedTuple):
    """A line of the block: its text, its meaning, and the indent of the rest of it where the terminal breaks it."""

    text: str
    tone: Tone = Tone.PLAIN
    hang: int = 4


def shown_version(version: str) -> str:
    """Return a version for people, also where there is none."""
    return version or "(no version)"


def shown_env(env: str) -> str:
    """Return an environment for people, also where there is none."""
    return env or "(no environment)"


def sentence(verdict: RedactedVerdict) -> str:
    """Return the decision in one line."""
    release = verdict.release
    words = in_words(verdict.name, verdict.mode, release.version, release.env)
    return f"{verdict.label} (exit {verdict.exit_code}): {words}"


def in_words(name: str, mode: str, version: str, env: str) -> str:
    """Return a verdict in plain words: `v1.0.0 may go to prod`."""
    what, where = shown_version(version), shown_env(env)
    if mode == "partial" and name == SAFE:
        return f"{what} to {where} passed the chosen gates, not all of them"
    if mode == "preview" and name == SAFE:
        return f"{what} may go to {where} as far as a preview can say"
    if mode == "watch":
        watched = {SAFE: "is healthy on", CRITICAL: "is not healthy on"}.get(name, "was not fully judged on")
        return f"{what} {watched} {where}"
    words = {SAFE: "may go to", INCOMPLETE: "was not fully judged and must not go to"}
    return f"{what} {words.get(name, 'must not go to')} {where}"


def lines(verdict: RedactedVerdict) -> Iterator[Line]:
    """Yield the lines of the block, harmless in the log of a CI job, and what each means.

    They are the decision, a paragraph for each gate that did not simply pass, and counts.
    """
    yield from (line._replace(text=harmless(line.text)) for line in _lines(verdict))


def _lines(verdict: RedactedVerdict) -> Iterator[Line]:
    yield decision(verdict)
    for outcome in (Outcome.FAILED, *NOTED):
        for gate in verdict.having(outcome):
            yield from _paragraph(gate, _FAILED[gate.stage] if outcome is Outcome.FAILED else Tone.NOTED)
    yield from (Line(f"[WARN] {warning}", Tone.NOTED) for warning in verdict.warnings)
    yield from (Line(f"[INCOMPLETE] {problem}", Tone.NOTED) for problem in verdict.problems)
    left_out = verdict.having(Outcome.NOT_EVALUATED)
    for why in dict.fromkeys(gate.reason for gate in left_out):
        because = _STAGE_FAILED if why.startswith("a policy gate failed") else why
        yield Line(f"not evaluated, {because}: {', '.join(gate.id for gate in left_out if gate.reason == why)}")
    if verdict.rounds:
        yield Line(rounds(verdict.rounds))
    yield from (Line(f"switched off by the policy: {one.gate} ({one.reason})") for one in verdict.disabled)
    yield Line(counts(verdict))


def decision(verdict: RedactedVerdict) -> Line:
    """Return the decision as a line."""
    return Line(sentence(verdict), Tone[verdict.name])


def rounds(met: Rounds) -> str:
    """Return how the rounds went, in one line."""
    healthy = "never healthy" if met.healthy_after is None else f"healthy after {met.healthy_after:.0f} s"
    held = f", held {met.held:.0f} s" if met.hold and met.healthy_after is not None else ""
    why = f"; {met.why}" if met.why else ""
    return f"{met.count} round{'s' if met.count > 1 else ''}: {healthy}{held}{why}"


def counts(verdict: RedactedVerdict) -> str:
    """Return `11 gates: 9 passed, 2 failed`."""
    number = Counter(gate.outcome for gate in verdict.gates)
    parts = [f"{number[outcome]} {outcome}" for outcome in Outcome if number[outcome]]
    gates = "gate" if len(verdict.gates) == 1 else "gates"
    return f"{len(verdict.gates)} {gates}: {', '.join(parts)}" if parts else "no gate gave a result"


def _paragraph(gate: GateResult, tone: Tone) -> Iterator[Line]:
    yield Line(gate.headline, tone)
    yield from (Line(f"    {detail}", hang=6) for detail in gate.details)
    if gate.remedy:
        yield Line(f"    -> {gate.remedy}", Tone.REMEDY, hang=7)
