"""Judges what waits in a queue."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from release_sentinel import CRIT, OK, UNKNOWN, WARN, CheckResult
from release_sentinel.packs import LOWER


class QueueSettings(Struct, frozen=True):
    """Which queue is judged, and how many jobs may wait in it."""

    file: str = "queue.txt"  # a job a line
    owner: str = "platform"
    warn: Annotated[float, Meta(ge=0), LOWER] = 10.0
    crit: Annotated[float, Meta(ge=0), LOWER] = 100.0


def check_owner(settings: QueueSettings) -> CheckResult:
    """The queue has an owner.

    Why: jobs of a queue without an owner stay there.
    Unknown: never.
    Remedy: name a team in `acme.queue.owner`.
    """
    return CheckResult(OK if settings.owner else CRIT, f"the owner is {settings.owner or 'missing'}")


def check_queue(settings: QueueSettings, folder: Path) -> CheckResult:
    """Few jobs wait in the queue.

    Why: a release on top of a long queue loses jobs.
    Unknown: the queue cannot be read.
    Remedy: wait until the queue is drained, or raise `acme.queue.crit`.
    """
    try:
        waiting = len((folder / settings.file).read_text().split())
    except OSError as error:
        return CheckResult(UNKNOWN, f"the queue cannot be read: {error.strerror}")
    status = CRIT if waiting >= settings.crit else WARN if waiting >= settings.warn else OK
    return CheckResult(status, f"{waiting} jobs wait", "wait until the queue is drained")
