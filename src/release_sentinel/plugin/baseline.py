"""The verdict file that a run compares its measures with."""

from pathlib import Path

from release_sentinel.config.model import Policy
from release_sentinel.lines import foreign
from release_sentinel.measures import Measure, full_name
from release_sentinel.reports import written


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
    from release_sentinel.deliver.agreement import moment, unproven  # noqa: PLC0415 - late: few runs have a baseline

    if (ended := moment(verdict.ended)) is None:
        return None, f"{shown} does not say when it ended: {foreign(verdict.ended)!r}"
    if wrong := [foreign(words) for words in unproven(verdict, ended)]:  # of any age: its waivers held at its end
        return None, f"{shown} is not the file of a SAFE release: {'; '.join(wrong)}"
    if verdict.env != env:
        return None, f"{shown} is about {foreign(verdict.env)}, expected {env}"
    found = {
        full_name(gate.id, one.name): Measure(one.name, one.value, one.unit)
        for gate in verdict.gates
        for one in gate.measures
        if one.value is not None and not gate.id.startswith("compare[")
    }
    return found, ""
