"""The verdict file that a run compares its measures with."""

from pathlib import Path

from release_sentinel.config.model import Policy
from release_sentinel.lines import foreign
from release_sentinel.measures import Measure, full_name
from release_sentinel.reports import written
from release_sentinel.vocabulary import SAFE

_OF_WATCH = f"WATCH {SAFE}"


def read_baseline(file: Path | None, env: str, policy: Policy) -> tuple[dict[str, Measure] | None, str]:
    """Return what a verdict file has measured, by full name, and why it cannot be compared with; None: no file."""
    if file is None:
        return None, ""
    shown = f"--gate-baseline {foreign(file)}"
    if not policy.compare:
        return None, f"{shown} is given, expected rules under `compare` in the policy"
    try:
        _, verdict = written.read(file)
    except written.UnreadableVerdictError as error:
        return None, f"--gate-baseline: {error}"
    if verdict.verdict not in {SAFE, _OF_WATCH} or verdict.partial or verdict.preview:
        return None, f"{shown} says {foreign(verdict.verdict)}, expected a whole SAFE verdict"
    if verdict.env != env:
        return None, f"{shown} is about {foreign(verdict.env)}, expected {env}"
    found = {
        full_name(gate.id, one.name): Measure(one.name, one.value, one.unit, one.warn, one.crit)
        for gate in verdict.gates
        for one in gate.measures
        if one.value is not None and not gate.id.startswith("compare[")
    }
    return found, ""
