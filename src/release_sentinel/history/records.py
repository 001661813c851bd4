"""The records of a history: the numbers that every view of it shows."""

import math
from datetime import date, datetime

from msgspec import Struct

from release_sentinel.history.files import VERDICTS
from release_sentinel.history.folder import Skipped
from release_sentinel.measures import Measure
from release_sentinel.vocabulary import Stage, Status


class Last(Struct, frozen=True):
    """The newest verdict of its kind. `unfinished`: its run was killed, or had not ended when the file was kept."""

    mode: str
    verdict: str
    version: str
    commit: str
    ended: datetime
    unfinished: bool
    file: str


class Day(Struct, frozen=True):
    """A day in UTC, and the number of each of its verdicts."""

    day: date
    verdicts: dict[str, int]

    @property
    def worst(self) -> str:
        """The worst verdict of the day."""
        return max(self.verdicts, key=VERDICTS.index)


class Released(Struct, frozen=True):
    """A version in an environment, up to its first SAFE. A time is None where there is no such verdict."""

    env: str
    version: str
    verdicts: int
    held_since: datetime | None  # the first verdict that was not SAFE
    held_by: str  # that verdict
    blocked_since: datetime | None  # the first BLOCKED
    safe_at: datetime | None  # the first SAFE
    seconds_held: float | None
    seconds_blocked: float | None


class Environment(Struct, frozen=True):
    """An environment: how many verdicts, the last of each mode (`release` first), its days and releases."""

    env: str
    verdicts: dict[str, int]
    last: tuple[Last, ...]  # one for each mode
    days: tuple[Day, ...]
    releases: tuple[Released, ...]  # by their last verdict, the newest last


class GateHistory(Struct, frozen=True):
    """How often a gate was judged in an environment, and how that ended."""

    env: str
    gate: str
    kind: Stage
    judged: int
    failed: int
    flapped: int
    warned: int
    waived: int
    advised: int


class Limits(Struct, frozen=True):
    """Limits, and since when they held."""

    since: datetime
    warn: float | None
    crit: float | None


class Series(Struct, frozen=True):
    """A measure over time, in one unit. A value is None where the gate measured none."""

    env: str
    name: str
    unit: str
    limits: tuple[Limits, ...]
    points: tuple[tuple[datetime, float | None], ...]

    @property
    def values(self) -> list[float]:
        """The numbers among the points."""
        return [value for _, value in self.points if value is not None]

    @property
    def last(self) -> Measure:
        """The last point, with the limits of its time; NaN where the gate measured none."""
        value, limits = self.points[-1][1], self.limits[-1]
        return Measure(self.name, math.nan if value is None else value, self.unit, limits.warn, limits.crit)

    @property
    def status(self) -> Status:
        """What the limits say of the last point."""
        return self.last.status


class History(Struct, frozen=True):
    """The whole history. `files` is the sum of the six numbers that follow it."""

    files: int
    verdicts: int
    torn: int
    foreign: int
    repeated: int
    future: int
    filtered: int  # verdicts that `--env` or `--since` leaves out
    skipped: tuple[Skipped, ...]
    folders: tuple[Skipped, ...]
    environments: tuple[Environment, ...]
    gates: tuple[GateHistory, ...]
    measures: tuple[Series, ...]

    @property
    def troubled(self) -> list[GateHistory]:
        """The gates that failed, flapped or warned, or that `advise` excused, those that failed most first."""
        return [gate for gate in self.gates if gate.failed or gate.flapped or gate.warned or gate.advised]

    @property
    def held(self) -> list[Released]:
        """The releases that were held, the newest first."""
        found = [(one.held_since, one) for env in self.environments for one in env.releases if one.held_since]
        return [one for _, one in sorted(found, key=lambda pair: pair[0], reverse=True)]
