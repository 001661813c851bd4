"""The verdict as a document for machines: JSON types only."""

import math
from typing import Any

from release_sentinel import __version__
from release_sentinel.config.model import Waiver
from release_sentinel.measures import Measure
from release_sentinel.redacted import RedactedVerdict
from release_sentinel.timeline import Phase, Step
from release_sentinel.verdict import GateResult, Rounds

SCHEMA_VERSION = 2  # 1 had no measures, no mode and no rounds


def document(verdict: RedactedVerdict) -> dict[str, Any]:
    """Return the verdict as a dictionary; times are ISO 8601 in UTC, durations seconds."""
    release = verdict.release
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": f"release-sentinel {__version__}",
        "verdict": verdict.label,
        "mode": verdict.mode,
        "partial": verdict.partial,
        "preview": verdict.preview,
        "exit_code": verdict.exit_code,
        "env": release.env,
        "version": release.version,
        "repository": release.repository,
        "commit": release.commit,
        "branch": release.branch,
        "branch_source": release.branch_source,
        "remote": release.remote,
        "started": verdict.started.isoformat(timespec="milliseconds"),
        "ended": verdict.ended.isoformat(timespec="milliseconds"),
        "gates": [_gate(gate) for gate in verdict.gates],
        "problems": list(verdict.problems),
        "missing": [{"gate": missing.gate, "why": missing.why} for missing in verdict.missing],
        "disabled": [{"gate": disabled.gate, "reason": disabled.reason} for disabled in verdict.disabled],
        "warnings": list(verdict.warnings),
        "policies": [{"name": one.name, "sha256": one.sha256} for one in verdict.provenance.policies],
        "undelivered": verdict.undelivered,
        "packs": [
            {"name": one.pack, "version": one.version, "distribution": one.distribution, "digest": one.digest}
            for one in verdict.provenance.packs
        ],
        "rounds": _rounds(verdict.rounds) if verdict.rounds else None,
        "steps": [_step(step) for step in verdict.steps],
    }


def _gate(gate: GateResult) -> dict[str, Any]:
    return {
        "id": gate.id,
        "kind": str(gate.stage),
        "outcome": str(gate.outcome),
        "status": None if gate.status is None else str(gate.status),
        "reason": gate.reason,
        "remedy": gate.remedy,
        "details": list(gate.details),
        "tries": gate.tries,
        "seconds": round(gate.seconds, 3),
        "waiver": _waiver(gate.waiver) if gate.waiver else None,
        "advised": gate.advised.isoformat() if gate.advised else None,
        "owed": not gate.spare,
        "measures": [_measure(measure) for measure in gate.measures],
        "began": round(gate.began, 3),
        "steps": [_step(step) for step in gate.steps],
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "what": step.what,
        "began": round(step.began, 3),
        "seconds": round(step.seconds, 3),
        "words": step.words,
    }


def _phase(phase: Phase) -> dict[str, Any]:
    return {
        "began": round(phase.began, 3),
        "ended": round(phase.ended, 3),
        "rounds": phase.rounds,
        "failed": list(phase.failed),
        "holding": phase.holding,
    }


def _measure(measure: Measure) -> dict[str, Any]:
    """Return a number with its limits; JSON has no word for NaN and infinity."""
    value = measure.value if math.isfinite(measure.value) else None
    return {
        "name": measure.name,
        "value": value,
        "unit": measure.unit,
        "warn": measure.warn,
        "crit": measure.crit,
    }


def _rounds(rounds: Rounds) -> dict[str, Any]:
    return {
        "count": rounds.count,
        "wait": rounds.wait,
        "hold": rounds.hold,
        "interval": rounds.interval,
        "healthy_after": None if rounds.healthy_after is None else round(rounds.healthy_after, 3),
        "held": round(rounds.held, 3),
        "failures": rounds.failures,
        "why": rounds.why,
        "phases": [_phase(phase) for phase in rounds.phases],
    }


def _waiver(waiver: Waiver) -> dict[str, Any]:
    return {
        "gate": waiver.gate,
        "env": waiver.env,
        "reason": waiver.reason,
        "owner": waiver.owner,
        "expires": waiver.expires.isoformat(),
    }
