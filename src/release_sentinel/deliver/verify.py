"""Does a verdict file prove that this release is SAFE?

For the deploy step: a pipeline whose shell threw the gate's exit code away is caught here.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from release_sentinel.arguments import INTERRUPTS
from release_sentinel.config.bases import below, missing_base
from release_sentinel.config.variables import BASE
from release_sentinel.deliver.agreement import unproven
from release_sentinel.lines import foreign
from release_sentinel.reports import written
from release_sentinel.reports.written import WrittenVerdict
from release_sentinel.vocabulary import EXIT_BLOCKED, EXIT_INTERRUPTED, EXIT_SAFE, INCOMPLETE, SAFE

DEFAULT_MAX_AGE = timedelta(hours=24)
_UNDELIVERED = {EXIT_BLOCKED, *(EXIT_INTERRUPTED + number for number in INTERRUPTS)}  # it failed, or was interrupted
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Expectation(Struct, frozen=True):
    """The release that a verdict has to be about. `commit`, a full or abbreviated id, may be blank: any.

    With `undelivered`, a verdict that is INCOMPLETE for the tag or release alone that was to follow counts as SAFE.
    """

    env: str
    version: str
    commit: str = ""
    max_age: timedelta = DEFAULT_MAX_AGE
    undelivered: bool = False
    watched: bool = False  # the verdict is that of a watch after a deployment
    bases: tuple[tuple[str, str], ...] = ()  # policy files that it has to be judged by: name and SHA-256


def duration(text: str) -> timedelta:
    """Return the time that `90s`, `30m`, `24h` or `7d` stands for; raises `ValueError`."""
    match = re.fullmatch(r"([0-9]{1,6})([smhd])", text)
    if match is None:
        raise ValueError(f"{text!r} is not a duration such as 90s, 30m, 24h or 7d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def problems(path: Path, expected: Expectation, now: datetime | None = None) -> list[str]:
    """Return every reason why the verdict file at `path` does not let the release through; none means SAFE."""
    return examine(path, expected, now)[1]


def examine(path: Path, expected: Expectation, now: datetime | None = None) -> tuple[dict[str, Any], list[str]]:
    """Return the document in the verdict file at `path`, and every reason why it does not let the release through."""
    now = now or datetime.now(UTC)
    try:
        document, verdict = written.read(path)
    except written.UnreadableVerdictError as error:
        return {}, [str(error)]
    only = (verdict.verdict, verdict.problems) == (INCOMPLETE, (verdict.undelivered,))
    if expected.undelivered and verdict.undelivered and only and verdict.exit_code in _UNDELIVERED:
        as_judged = {"verdict": SAFE, "exit_code": EXIT_SAFE, "problems": (), "undelivered": ""}
        document, verdict = document | as_judged, replace(verdict, **as_judged)
    reasons = [
        *unproven(verdict, now, watched=expected.watched),
        *_release(verdict, expected),
        *_bases(verdict, expected),
        *_age(verdict.ended, expected.max_age, now),
    ]
    return document, [foreign(reason) for reason in reasons]


def _release(verdict: WrittenVerdict, expected: Expectation) -> Iterator[str]:
    for name in ("env", "version"):
        if getattr(verdict, name) != getattr(expected, name):
            yield f"the verdict is about {name} {getattr(verdict, name)!r}, expected {getattr(expected, name)!r}"
    if expected.watched and not verdict.commit and not expected.commit:
        return  # a watch does not look at the repository
    if not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", verdict.commit):
        yield f"the verdict names no commit in full: {verdict.commit!r}"
    elif not verdict.commit.startswith(expected.commit.lower()):
        yield f"the verdict is about commit {verdict.commit}, expected {expected.commit}"


def demanded_bases(environ: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the bases that RS_POLICY_BASE puts below every run; raises `InvalidPolicyError` where one is not here."""
    return tuple((base.name, base.sha256) for base in below(environ=environ))


def _bases(verdict: WrittenVerdict, expected: Expectation) -> Iterator[str]:
    if lost := missing_base(expected.bases, [file.sha256 for file in verdict.policies]):
        yield f"the verdict was not judged by the base policy {lost} of this machine: run the gate with {BASE}"


def _age(ended: str, max_age: timedelta, now: datetime) -> Iterator[str]:
    try:
        age = now - written.moment(ended)
    except ValueError:
        yield f"the verdict does not say when it ended: {ended!r}"
        return
    if age > max_age:
        yield f"the verdict is {_rounded(age)} old, expected at most {_rounded(max_age)}: run the gate again"
    if age < -written.CLOCK_SKEW:
        yield f"the verdict is from the future ({ended}): one of the clocks is wrong"


def _rounded(time: timedelta) -> str:
    return str(timedelta(seconds=int(time.total_seconds())))
