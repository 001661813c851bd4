"""The verdict as metrics: Prometheus' text format, which an OpenMetrics parser reads, too.

Gauges only, because node_exporter's textfile collector knows neither info nor state set.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

from release_sentinel import gates
from release_sentinel.redacted import RedactedVerdict
from release_sentinel.verdict import GateResult, Missing, Verdict
from release_sentinel.vocabulary import SAFE, Status


class Metric(NamedTuple):
    """One metric: its name, what it says, and its labels."""

    name: str
    help: str
    labels: tuple[str, ...]


NUMBERS = {Status.OK: 0, Status.WARN: 1, Status.CRIT: 2, Status.UNKNOWN: 3, None: -1}
_OF_RUN = ("env", "version", "mode")
_OF_GATE = ("env", "gate", "stage")
_OF_MEASURE = ("env", "gate", "name", "unit")

_SAFE = Metric(
    "release_sentinel_safe",
    "1 if the last run said SAFE, else 0; with a mode other than release, it judged no release.",
    _OF_RUN,
)
_EXIT_CODE = Metric("release_sentinel_exit_code", "Exit code of the last run.", _OF_RUN)
_TIMESTAMP = Metric("release_sentinel_timestamp_seconds", "When the last run ended, in seconds since 1970.", _OF_RUN)
_DURATION = Metric("release_sentinel_duration_seconds", "How long the last run took.", _OF_RUN)
_STATUS = Metric(
    "release_sentinel_gate_status",
    "What a gate found: 0 OK, 1 WARN, 2 CRIT, 3 UNKNOWN, -1 not evaluated; a waiver does not change it.",
    _OF_GATE,
)
_MEASURE = Metric("release_sentinel_measure", "A number that a gate measured, in its unit.", _OF_MEASURE)
METRICS = (_SAFE, _EXIT_CODE, _TIMESTAMP, _DURATION, _STATUS, _MEASURE)

Series = dict[tuple[str, ...], float]  # a value by the values of the labels


def metrics(verdict: RedactedVerdict) -> str:
    """Return every metric with its samples, no series twice."""
    run = (verdict.release.env, verdict.release.version, verdict.mode)
    seconds = max(0.0, (verdict.ended - verdict.started).total_seconds())  # the clock may have been set back
    samples: dict[Metric, Series] = {
        _SAFE: {run: verdict.name == SAFE},
        _EXIT_CODE: {run: verdict.exit_code},
        _TIMESTAMP: {run: verdict.ended.timestamp()},
        _DURATION: {run: seconds},
        _STATUS: _statuses(verdict),
        _MEASURE: {
            (verdict.release.env, gate.id, measure.name, measure.unit): measure.value
            for gate in verdict.gates
            for measure in gate.measures
        },
    }
    lines = [line for metric in METRICS for line in _family(metric, samples[metric])]
    return "\n".join([*lines, "# EOF", ""])


def table() -> str:
    """Return the metrics as a Markdown table of the manual."""
    rows = [
        f"| `{metric.name}` | {', '.join(f'`{label}`' for label in metric.labels)} | {metric.help} |"
        for metric in METRICS
    ]
    return "\n".join(["| metric | labels | says |", "|---|---|---|", *rows])


def _statuses(verdict: Verdict) -> Series:
    """Return the number of each gate: the worse of two with one id; `not evaluated` for one without a result."""
    found: Series = {}
    for gate in sorted(verdict.gates, key=_badness):
        found[verdict.release.env, gate.id, gate.stage] = NUMBERS[gate.status]
    judged = {gate.id for gate in verdict.gates}
    for missing in verdict.missing:
        if missing.gate not in judged:
            found[verdict.release.env, missing.gate, _stage(missing)] = NUMBERS[None]
    return found


def _badness(gate: GateResult) -> int:
    return (Status.OK, Status.WARN, None, Status.UNKNOWN, Status.CRIT).index(gate.status)


def _stage(missing: Missing) -> str:
    """Return the stage of a built-in gate; a blank for any other, whose test was not collected."""
    try:
        return gates.find(missing.gate.partition("[")[0]).stage
    except LookupError:
        return ""


def _family(metric: Metric, series: Series) -> Iterator[str]:
    yield f"# HELP {metric.name} {metric.help}"
    yield f"# TYPE {metric.name} gauge"
    for values, number in series.items():
        labels = ",".join(f'{label}="{_escaped(value)}"' for label, value in zip(metric.labels, values, strict=True))
        yield f"{metric.name}{{{labels}}} {_number(number)}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(number: float) -> str:
    if math.isfinite(number):
        return repr(float(number))
    return "NaN" if math.isnan(number) else f"{number:+}".replace("inf", "Inf")
