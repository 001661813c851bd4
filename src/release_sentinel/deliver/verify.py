"""Does a verdict file prove that this release is SAFE?

For the deploy step: a pipeline whose shell threw the gate's exit code away is caught here.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct

from release_sentinel.gates import BUILT_IN
from release_sentinel.reports.document import SCHEMA_VERSION
from release_sentinel.vocabulary import EXIT_SAFE, SAFE, Outcome

DEFAULT_MAX_AGE = timedelta(hours=24)
_CLOCK_SKEW = timedelta(minutes=5)  # between the machine that judged and the one that deploys
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_PASSED = (Outcome.PASSED.value, Outcome.WARNED.value)


class Expectation(Struct, frozen=True):
    """The release that a verdict has to be about. `commit`, a full or abbreviated id, may be blank: any."""

    env: str
    version: str
    commit: str = ""
    max_age: timedelta = DEFAULT_MAX_AGE


def duration(text: str) -> timedelta:
    """Return the time that `90s`, `30m`, `24h` or `7d` stands for; raises `ValueError`."""
    match = re.fullmatch(r"([0-9]{1,6})([smhd])", text)
    if match is None:
        raise ValueError(f"{text!r} is not a duration such as 90s, 30m, 24h or 7d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def problems(path: Path, expected: Expectation, now: datetime | None = None) -> list[str]:
    """Return every reason why the verdict file at `path` does not let the release through; none means SAFE."""
    try:
        verdict = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        return [f"{path} cannot be read: {error.strerror or error}"]
    except (ValueError, RecursionError) as error:
        return [f"{path} is not a JSON document: {error}"]
    if not isinstance(verdict, dict) or verdict.get("schema_version") is not SCHEMA_VERSION:
        return [f"{path} is not a verdict of release-sentinel (schema_version {SCHEMA_VERSION})"]
    return [
        *_verdict(verdict),
        *_release(verdict, expected),
        *_age(verdict.get("ended"), expected.max_age, now or datetime.now(UTC)),
    ]


def _verdict(verdict: dict[str, Any]) -> Iterator[str]:
    label, gates = verdict.get("verdict"), verdict.get("gates")
    if label != SAFE:
        reasons = [gate.get("reason") for gate in _records(gates) if gate.get("outcome") == Outcome.FAILED.value]
        because = [str(reason) for reason in (*reasons, *(_list(verdict.get("problems"))))]
        yield f"the verdict is {label}, expected {SAFE}" + (f": {'; '.join(because)}" if because else "")
    elif verdict.get("partial") is not False:
        yield f"the verdict says {SAFE} with partial {verdict.get('partial')!r}: it was tampered with, or torn"
    elif verdict.get("exit_code") is not EXIT_SAFE:
        yield f"the verdict says {SAFE} with exit code {verdict.get('exit_code')!r}: it was tampered with, or torn"
    elif not verdict.get("problems") == verdict.get("missing") == [] or not gates or _records(gates) != gates:
        yield f"the verdict says {SAFE} without proof: it names no gates, or problems"
    elif not_passed := [str(gate.get("id")) for gate in _records(gates) if not _passed(gate)]:
        yield f"the verdict says {SAFE}, and these gates did not pass: {', '.join(not_passed)}"
    elif unnamed := _unnamed(verdict):
        yield f"the verdict says {SAFE} without a word on these gates: {', '.join(unnamed)}"


def _unnamed(verdict: dict[str, Any]) -> list[str]:
    """Return the gates that every run owes, and that the verdict lists neither as judged nor as switched off."""
    disabled = [gate.get("gate") for gate in _records(verdict.get("disabled"))]
    judged = [str(gate.get("id")).partition("[")[0] for gate in _records(verdict.get("gates"))]
    return [gate.id for gate in BUILT_IN if not gate.opt and gate.id not in {*disabled, *judged}]


def _passed(gate: dict[str, Any]) -> bool:
    """Tell whether a gate lets the release through: it passed, or a waiver that the verdict lists excuses it."""
    waived = gate.get("outcome") == Outcome.WAIVED.value and isinstance(gate.get("waiver"), dict)
    return waived or gate.get("outcome") in _PASSED


def _release(verdict: dict[str, Any], expected: Expectation) -> Iterator[str]:
    for name in ("env", "version"):
        if verdict.get(name) != getattr(expected, name):
            yield f"the verdict is about {name} {verdict.get(name)!r}, expected {getattr(expected, name)!r}"
    commit = verdict.get("commit")
    if not isinstance(commit, str) or not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", commit):
        yield f"the verdict names no commit in full: {commit!r}"
    elif not commit.startswith(expected.commit.lower()):
        yield f"the verdict is about commit {commit}, expected {expected.commit}"


def _age(ended: object, max_age: timedelta, now: datetime) -> Iterator[str]:
    try:
        age = now - datetime.fromisoformat(str(ended))
    except (ValueError, TypeError):
        yield f"the verdict does not say when it ended: {ended!r}"
        return
    if age > max_age:
        yield f"the verdict is {_rounded(age)} old, expected at most {_rounded(max_age)}: run the gate again"
    if age < -_CLOCK_SKEW:
        yield f"the verdict is from the future ({ended}): one of the clocks is wrong"


def _rounded(time: timedelta) -> str:
    return str(timedelta(seconds=int(time.total_seconds())))


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _records(value: object) -> list[dict[str, Any]]:
    return [record for record in _list(value) if isinstance(record, dict)]
