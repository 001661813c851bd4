"""The verdict in the few bytes that a container may leave as its termination message."""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from release_sentinel.reports.document import SCHEMA_VERSION
from release_sentinel.vocabulary import EXIT_BLOCKED, INCOMPLETE, UNFINISHED, Outcome

FILE = Path("/dev/termination-log")
LIMIT = 4096  # bytes: Kubernetes cuts a longer message, and half a document is of no use
_LENGTHS = (300, 100, 40)  # characters of a reason, as long as all of them fit
_LENGTH = 100  # characters of what is released
NO_VERDICT: Mapping[str, Any] = {"verdict": INCOMPLETE, "exit_code": EXIT_BLOCKED, "problems": [UNFINISHED]}


def compact(document: Mapping[str, Any]) -> str:
    """Return a verdict's document as JSON of at most `LIMIT` bytes: what holds the release back, as far as it fits."""
    head: dict[str, Any] = {"schema_version": SCHEMA_VERSION}
    head |= {name: document.get(name) for name in ("verdict", "exit_code")}
    head |= {name: str(document.get(name) or "")[:_LENGTH] for name in ("env", "version", "commit")}
    failed = [gate for gate in document.get("gates", []) if gate["outcome"] == Outcome.FAILED.value]
    found = [(f"[{gate['kind'].upper()}] {gate['id']}:", gate["reason"]) for gate in failed]
    found += [(f"[{INCOMPLETE}]", problem) for problem in document.get("problems", [])]
    for length in _LENGTHS:
        reasons = [f"{name[:_LENGTH]} {_clipped(reason, length)}" for name, reason in found]
        if _fits(text := json.dumps({**head, "reasons": reasons})):
            return text
    while not _fits(text := json.dumps({**head, "reasons": [*reasons, f"and {len(found) - len(reasons)} more"]})):
        reasons.pop()
    return text


def leave(document: Mapping[str, Any], file: Path = FILE) -> None:
    """Write the message in place: the file is a mount, and cannot be replaced. There is no such file outside a pod."""
    with suppress(OSError), file.open("r+", encoding="utf-8") as open_file:
        open_file.write(compact(document))
        open_file.truncate()


def _clipped(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _fits(text: str) -> bool:
    return len(text.encode()) <= LIMIT
