"""The results of a run so far, a line for each gate: for a parent whose child ends without a verdict."""

import json
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec.structs import replace

from release_sentinel import regular
from release_sentinel.lines import split
from release_sentinel.redacted import RedactedVerdict, redact
from release_sentinel.redaction import Redactor
from release_sentinel.reports.document import document
from release_sentinel.reports.written import MOST, WrittenGate
from release_sentinel.verdict import GateResult, Release, unfinished
from release_sentinel.vocabulary import Status

ENDED = "the run ended in this gate"


def place(handover: Path) -> Path:
    """Return the journal beside the file in which a child hands over its verdict."""
    return handover.with_name("journal")


def note(handover: Path, gate: GateResult, redactor: Redactor) -> None:
    """Add a gate's result; a gate that has only begun has no status."""
    verdict = redact(replace(unfinished(Release("", "")), gates=(gate,)), redactor)
    with suppress(OSError), place(handover).open("a", encoding="utf-8") as file:
        file.write(json.dumps(document(verdict)["gates"][0], allow_nan=False) + "\n")


def note_load(handover: Path, pack: str) -> None:
    """Take note of the gate pack that is loaded now; a blank: none is."""
    with suppress(OSError):
        _place_of_load(handover).write_text(pack, encoding="utf-8")


def loaded(handover: Path) -> str:
    """Return the gate pack that a child was loading when it ended; a blank where it was at something else."""
    with suppress(OSError, ValueError):
        return regular.read_text(_place_of_load(handover), MOST)
    return ""


def _place_of_load(handover: Path) -> Path:
    return handover.with_name("load")


def resume(verdict: RedactedVerdict, handover: Path) -> RedactedVerdict:
    """Return `verdict` with the results that a child has noted; the gate that it ended in is UNKNOWN."""
    found: dict[str, GateResult] = {}
    with suppress(OSError, ValueError):
        for line in split(regular.read_text(place(handover), MOST)):
            with suppress(msgspec.MsgspecError, ValueError):  # the last one may be torn
                gate = msgspec.json.decode(line, type=WrittenGate)
                found[gate.id] = _result(gate)
    return replace(verdict, gates=tuple(found.values()))


def _result(gate: WrittenGate) -> GateResult:
    """Return a noted result. What a waiver excuses counts as failed: its run was not concluded."""
    status, reason = (gate.status, gate.reason) if gate.status else (Status.UNKNOWN, ENDED)
    return GateResult(gate.id, gate.kind, status, reason, gate.remedy, gate.details, gate.tries, gate.seconds)
