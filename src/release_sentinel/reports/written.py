"""A verdict file that was written earlier: read whole, up to a bound, with the type of every field."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from release_sentinel import regular, strict_json
from release_sentinel.lines import foreign
from release_sentinel.reports.document import SCHEMA_VERSION
from release_sentinel.sentences import sentence
from release_sentinel.timeline import Phase, Step
from release_sentinel.verdict import Rounds
from release_sentinel.vocabulary import Outcome, Stage, Status

_VERSIONS = range(1, SCHEMA_VERSION + 1)
_EXPECTED = " or ".join(map(str, _VERSIONS))
MOST = 16 * regular.MIB  # bytes of a verdict file
CLOCK_SKEW = timedelta(minutes=5)  # between the machine that judged and the one that reads


class UnreadableVerdictError(ValueError):
    """A file is not a whole verdict file; the text, one line, says why."""


class ForeignFileError(UnreadableVerdictError):
    """A file is JSON, but not a verdict of a known schema version."""


class WrittenMeasure(Struct, frozen=True):
    """A number of a gate; `value` is None where the gate measured NaN or infinity."""

    name: str
    value: float | None
    unit: str
    warn: float | None
    crit: float | None


class WrittenGate(Struct, frozen=True):
    """One gate's result."""

    id: str
    kind: Stage
    outcome: Outcome
    status: Status | None
    reason: str
    remedy: str
    details: tuple[str, ...]
    tries: int
    seconds: float
    waiver: dict[str, Any] | None
    advised: date | None = None
    owed: bool = True
    measures: tuple[WrittenMeasure, ...] = ()  # schema version 1 has none
    began: float = 0.0  # versions before 0.2 have none
    steps: tuple[Step, ...] = ()  # likewise


class WrittenDisabled(Struct, frozen=True):
    """A gate that the policy switches off."""

    gate: str
    reason: str


class WrittenMissing(Struct, frozen=True):
    """A gate without a result."""

    gate: str
    why: str


class WrittenPolicy(Struct, frozen=True):
    """A policy file, and its digest."""

    name: str
    sha256: str


class WrittenPack(Struct, frozen=True):
    """A gate pack that the run was judged by."""

    name: str
    version: str
    distribution: str
    digest: str


class WrittenVerdict(Struct, frozen=True):
    """The fields of a verdict file, as `document` writes them; a later version may write more."""

    tool: str
    verdict: str
    partial: bool
    exit_code: int
    env: str
    version: str
    repository: str
    commit: str
    branch: str
    branch_source: str
    started: str
    ended: str
    gates: tuple[WrittenGate, ...]
    problems: tuple[str, ...]
    missing: tuple[WrittenMissing, ...]
    disabled: tuple[WrittenDisabled, ...]
    warnings: tuple[str, ...]
    preview: bool = False  # versions before 0.2 have none
    remote: str = ""  # likewise
    policies: tuple[WrittenPolicy, ...] = ()  # likewise
    packs: tuple[WrittenPack, ...] = ()  # likewise
    undelivered: str = ""  # likewise
    mode: str = "release"  # likewise
    rounds: Rounds | None = None  # likewise
    steps: tuple[Step, ...] = ()  # likewise


# What `document` writes today. No field may be absent, so that the names in a file can be counted.


class _CurrentStep(Step, frozen=True, kw_only=True):
    words: str


class _CurrentPhase(Phase, frozen=True, kw_only=True):
    failed: tuple[str, ...]
    holding: bool


class _CurrentRounds(Rounds, frozen=True, kw_only=True):
    why: str
    phases: tuple[_CurrentPhase, ...]


class _CurrentGate(WrittenGate, frozen=True, kw_only=True):
    advised: date | None
    owed: bool
    measures: tuple[WrittenMeasure, ...]
    began: float
    steps: tuple[_CurrentStep, ...]


class _Current(WrittenVerdict, frozen=True, kw_only=True):
    schema_version: Literal[2]
    gates: tuple[_CurrentGate, ...]
    preview: bool
    remote: str
    policies: tuple[WrittenPolicy, ...]
    packs: tuple[WrittenPack, ...]
    undelivered: str
    mode: str
    rounds: _CurrentRounds | None
    steps: tuple[_CurrentStep, ...]


_BLANKS = b" \t\n\r"  # of JSON, which may stand before a colon
_CURRENT = msgspec.json.Decoder(_Current)


def read(path: Path) -> tuple[dict[str, Any], WrittenVerdict]:
    """Return the document in a verdict file, as it is and as a record; raises `UnreadableVerdictError`."""
    shown = foreign(path)
    try:
        return _parse(regular.read(path, MOST))
    except OSError as error:
        raise UnreadableVerdictError(f"{shown} cannot be read: {sentence(error)}") from None
    except UnreadableVerdictError as error:
        raise type(error)(f"{shown} {foreign(error)}") from None


def record(content: bytes) -> WrittenVerdict:
    """Return the verdict in a file's content, as `read` does; raises `UnreadableVerdictError`, which names no file.

    Its text may be long, and has to be scrubbed before it is shortened. A verdict of this version is read twice as fast
    as by `read`: if it has every field, and as many names as fields, no name is there twice. Any other is read as by
    `read`.
    """
    try:
        verdict = _CURRENT.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _parse(content)[1]
    if content.translate(None, _BLANKS).count(b'":') == _names(verdict):  # a text may hold `":`: then it is parsed
        return verdict
    return _parse(content)[1]


def _names(verdict: _Current) -> int:
    """Return how many names a verdict has if none is there twice, and none is unknown."""
    names = _fields(_Current) + len(verdict.gates) * _fields(_CurrentGate)
    names += len(verdict.missing) * _fields(WrittenMissing) + len(verdict.disabled) * _fields(WrittenDisabled)
    names += len(verdict.steps) * _fields(_CurrentStep) + len(verdict.policies) * _fields(WrittenPolicy)
    names += len(verdict.packs) * _fields(WrittenPack)
    if verdict.rounds:
        names += _fields(_CurrentRounds) + len(verdict.rounds.failures)
        names += len(verdict.rounds.phases) * _fields(_CurrentPhase)
    for gate in verdict.gates:
        if gate.measures or gate.steps or gate.waiver:
            names += len(gate.measures) * _fields(WrittenMeasure) + len(gate.steps) * _fields(_CurrentStep)
            names += len(gate.waiver or ())
    return names


def _fields(kind: type[Struct]) -> int:
    return len(kind.__struct_fields__)


def moment(text: str) -> datetime:
    """Return the time, in UTC, that a verdict file says; raises `ValueError`, also for a time without a time zone."""
    try:
        time = datetime.fromisoformat(text)
        if time.tzinfo is None:
            raise ValueError(text)
        return time.astimezone(UTC)
    except OverflowError:
        raise ValueError(text) from None


def _parse(content: bytes) -> tuple[dict[str, Any], WrittenVerdict]:
    try:
        document = strict_json.loads(content, unique=True)
    except ValueError as error:
        raise UnreadableVerdictError(f"is not a JSON document: {sentence(error)}") from None
    version = document.get("schema_version") if isinstance(document, dict) else None
    if not isinstance(document, dict) or type(version) is not int or version not in _VERSIONS:  # true is not 1
        seen = f"schema_version {version}" if type(version) is int else "no schema_version"
        raise ForeignFileError(f"is not a verdict of release-sentinel: it has {seen}, expected {_EXPECTED}")
    try:
        return document, msgspec.convert(document, WrittenVerdict)
    except (msgspec.ValidationError, UnicodeError) as error:  # half a character, where a word is expected
        raise UnreadableVerdictError(f"is not a whole verdict: {sentence(error)}") from None
