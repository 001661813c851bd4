"""What kept verdicts say: pure, from runs to the records of a history.

Only verdicts of the mode `release` count for environments, days, releases and gates; measures are those of every mode.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import TypeVar

from release_sentinel.history.files import FOREIGN, FUTURE, RELEASE, REPEATED, TORN, VERDICTS, Kept, Run
from release_sentinel.history.records import Day, Environment, GateHistory, History, Last, Limits, Released, Series
from release_sentinel.vocabulary import BLOCKED, SAFE, Outcome

_Key = TypeVar("_Key", bound=Hashable)
_FAILS = (Outcome.FAILED, Outcome.WAIVED, Outcome.ADVISED)


def history(kept: Kept, *, env: str = "", since: datetime | None = None) -> History:
    """Return the history of the verdicts for `env`, by default all, that ended at `since` or later."""
    runs = [run for run in kept.runs if env in {"", run.env} and (since is None or run.ended >= since)]
    kinds = Counter(skipped.kind for skipped in kept.skipped)
    by_env = _grouped(runs, lambda run: run.env)
    return History(
        files=kept.files,
        verdicts=len(runs),
        torn=kinds[TORN],
        foreign=kinds[FOREIGN],
        repeated=kinds[REPEATED],
        future=kinds[FUTURE],
        filtered=len(kept.runs) - len(runs),
        skipped=kept.skipped,
        folders=kept.folders,
        environments=tuple(_environment(name, by_env[name]) for name in sorted(by_env)),
        gates=tuple(sorted((gate for name in by_env for gate in _gates(name, by_env[name])), key=_trouble)),
        measures=tuple(series for name in sorted(by_env) for series in _measures(name, by_env[name])),
    )


def _grouped(runs: Iterable[Run], key: Callable[[Run], _Key]) -> dict[_Key, list[Run]]:
    groups: dict[_Key, list[Run]] = defaultdict(list)
    for run in runs:
        groups[key(run)].append(run)
    return groups


def _environment(name: str, runs: Sequence[Run]) -> Environment:
    judged = [run for run in runs if run.mode == RELEASE]
    newest = {run.mode: run for run in runs}
    versions = _grouped((run for run in judged if run.version), lambda run: run.version)
    latest = sorted(versions.items(), key=lambda release: release[1][-1].ended)
    return Environment(
        name,
        _counted(judged),
        tuple(_last(newest[mode]) for mode in sorted(newest, key=lambda mode: (mode != RELEASE, mode))),
        tuple(Day(day, _counted(of)) for day, of in _grouped(judged, lambda run: run.ended.date()).items()),
        tuple(_released(version, of) for version, of in latest),
    )


def _counted(runs: Sequence[Run]) -> dict[str, int]:
    counts = Counter(run.verdict for run in runs)
    return {verdict: counts[verdict] for verdict in VERDICTS if verdict in counts}


def _last(run: Run) -> Last:
    return Last(run.mode, run.verdict, run.version, run.commit, run.ended, run.unfinished, run.file)


def _released(version: str, runs: Sequence[Run]) -> Released:
    safe = next((run for run in runs if run.verdict == SAFE), None)
    before = runs[: runs.index(safe)] if safe else runs
    held = next(iter(before), None)
    blocked = next((run for run in before if run.verdict == BLOCKED), None)
    return Released(
        runs[0].env,
        version,
        len(runs),
        held.ended if held else None,
        held.verdict if held else "",
        blocked.ended if blocked else None,
        safe.ended if safe else None,
        _seconds(held, safe),
        _seconds(blocked, safe),
    )


def _seconds(first: Run | None, last: Run | None) -> float | None:
    return (last.ended - first.ended).total_seconds() if first and last else None


def _gates(env: str, runs: Sequence[Run]) -> list[GateHistory]:
    judged = [run for run in runs if run.mode == RELEASE]
    counts = Counter((gate.id, gate.outcome) for run in judged for gate in run.gates)
    kinds = {gate.id: gate.kind for run in judged for gate in run.gates if gate.outcome is not Outcome.NOT_EVALUATED}
    flaps = _flaps(judged)
    return [
        GateHistory(
            env,
            gate,
            kind,
            sum(counts[gate, outcome] for outcome in Outcome if outcome is not Outcome.NOT_EVALUATED),
            counts[gate, Outcome.FAILED],
            flaps[gate],
            counts[gate, Outcome.WARNED],
            counts[gate, Outcome.WAIVED],
            counts[gate, Outcome.ADVISED],
        )
        for gate, kind in kinds.items()
    ]


def _flaps(runs: Iterable[Run]) -> Counter[str]:
    """Return how often each gate flapped.

    A flap: of two consecutive verdicts on the same version and commit that judged the gate, it passed in one (with or
    without a warning) and failed in the other (excused or not).
    """
    flaps: Counter[str] = Counter()
    for of in _grouped((run for run in runs if run.commit), lambda run: (run.version, run.commit)).values():
        answers = defaultdict(list)
        for run in of:
            for gate in run.gates:
                if gate.outcome is not Outcome.NOT_EVALUATED:
                    answers[gate.id].append(gate.outcome in _FAILS)
        flaps.update({gate: sum(one != other for one, other in pairwise(failed)) for gate, failed in answers.items()})
    return flaps


def _trouble(gate: GateHistory) -> tuple[int, int, int, str, str]:
    return -gate.failed, -gate.flapped, -gate.warned, gate.env, gate.gate


def _measures(env: str, runs: Sequence[Run]) -> list[Series]:
    """Return the measures of one environment: a series ends where the unit changes, and another begins."""
    points: dict[tuple[str, str], list[tuple[datetime, float | None]]] = defaultdict(list)
    limits: dict[tuple[str, str], list[Limits]] = defaultdict(list)
    for run in runs:
        for measured, value in zip(run.measured, run.values, strict=True):
            key = measured.name, measured.unit
            points[key].append((run.ended, None if math.isnan(value) else value))
            held = limits[key]
            if not held or (held[-1].warn, held[-1].crit) != (measured.warn, measured.crit):
                held.append(Limits(run.ended, measured.warn, measured.crit))
    return [Series(env, *key, tuple(limits[key]), tuple(points[key])) for key in sorted(points)]
