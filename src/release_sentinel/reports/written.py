"""A verdict file that was written earlier: read whole, up to a bound, with the type of every field."""

from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from release_sentinel import regular, strict_json
from release_sentinel.lines import foreign
from release_sentinel.reports.document import SCHEMA_VERSION
from release_sentinel.sentences import sentence
from release_sentinel.vocabulary import Outcome, Stage, Status

_VERSIONS = range(1, SCHEMA_VERSION + 1)
MOST = 16 * regular.MIB  # bytes of a verdict file


class UnreadableVerdictError(ValueError):
    """A file is not a verdict file; the text, one line, says why."""


class WrittenMeasure(Struct, frozen=True):
    """A number of a gate; `value` is None where it was none."""

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
    owed: bool = True
    measures: tuple[WrittenMeasure, ...] = ()  # schema version 1 has none


class WrittenDisabled(Struct, frozen=True):
    """A gate that the policy switches off."""

    gate: str
    reason: str


class WrittenMissing(Struct, frozen=True):
    """A gate without a result."""

    gate: str
    why: str


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
    undelivered: str = ""  # likewise
    mode: str = "release"  # likewise


def read(path: Path) -> tuple[dict[str, Any], WrittenVerdict]:
    """Return the document in a verdict file, as it is and as a record; raises `UnreadableVerdictError`."""
    shown = foreign(path)
    try:
        document = strict_json.loads(regular.read(path, MOST), unique=True)
    except OSError as error:
        raise UnreadableVerdictError(f"{shown} cannot be read: {sentence(error)}") from None
    except ValueError as error:
        raise UnreadableVerdictError(f"{shown} is not a JSON document: {foreign(sentence(error))}") from None
    version = document.get("schema_version") if isinstance(document, dict) else None
    if not isinstance(document, dict) or type(version) is not int or version not in _VERSIONS:  # true is not 1
        raise UnreadableVerdictError(f"{shown} is not a verdict of release-sentinel (schema_version {SCHEMA_VERSION})")
    try:
        return document, msgspec.convert(document, WrittenVerdict)
    except msgspec.ValidationError as error:
        raise UnreadableVerdictError(f"{shown} is not a whole verdict: {foreign(sentence(error))}") from None
