"""From results and facts about the session to one verdict and one exit code. Pure: nothing is read, nothing written.

An exit code only worsens, by the order that `decide` spells out; it is never computed by arithmetic.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from release_sentinel.measures import Measure
from release_sentinel.timeline import Phase, Step
from release_sentinel.vocabulary import (
    BLOCKED,
    CRITICAL,
    EXIT_BLOCKED,
    EXIT_CRITICAL,
    EXIT_INTERRUPTED,
    EXIT_SAFE,
    INCOMPLETE,
    SAFE,
    UNFINISHED,
    Outcome,
    Stage,
    Status,
)

if TYPE_CHECKING:
    from release_sentinel.config.model import Waiver


BROKEN = (3, 4)  # pytest's exit codes for an internal error and a usage error


class GateResult(Struct, frozen=True):
    """One gate's result. `status` is None where the gate was not evaluated; `seconds` includes its fixtures.

    `began` is in seconds after the start of the run. A gate that waits for what was asked before it has steps that
    began earlier.
    """

    id: str
    stage: Stage
    status: Status | None
    reason: str
    remedy: str = ""
    details: tuple[str, ...] = ()
    tries: int = 1
    seconds: float = 0.0
    traceback: str = ""  # where the gate broke instead of judging
    waiver: "Waiver | None" = None  # that excuses the failure
    measures: tuple[Measure, ...] = ()
    spare: bool = False  # it was left out on purpose, and nothing is owed
    began: float = 0.0
    steps: tuple[Step, ...] = ()  # what it asked, of the last round
    advised: date | None = None  # the last day on which the failure holds no release

    @property
    def outcome(self) -> Outcome:
        """What became of the gate, seen from the release."""
        if self.status is None:
            return Outcome.NOT_EVALUATED
        if self.status is Status.WARN:
            return Outcome.WARNED
        if self.status is Status.OK:
            return Outcome.PASSED
        if self.waiver:
            return Outcome.WAIVED
        return Outcome.ADVISED if self.advised else Outcome.FAILED

    @property
    def headline(self) -> str:
        """The one line that every report shows: `[CRITICAL] disk: reason`."""
        labels = {Outcome.PASSED: "OK", Outcome.WARNED: "WARN", Outcome.WAIVED: "WAIVED", Outcome.ADVISED: "ADVISED"}
        unknown = "could not be determined: " if self.status is Status.UNKNOWN else ""
        return f"[{labels.get(self.outcome, self.stage.upper())}] {self.id}: {unknown}{self.full_reason}"

    @property
    def full_reason(self) -> str:
        """The reason, and what excuses it."""
        if waiver := self.waiver:
            return f"{self.reason} — waived until {waiver.until}, by {waiver.owner}: {waiver.reason}"
        if self.advised:
            return f"{self.reason} — advised until {self.advised}, and holds no release until then"
        return self.reason


class Release(Struct, frozen=True):
    """What was to be released, and from where. What could not be seen is blank."""

    env: str
    version: str
    repository: str = ""
    commit: str = ""
    branch: str = ""
    branch_source: str = ""
    remote: str = ""  # the name of the remote that was asked


class Missing(Struct, frozen=True):
    """A gate that gave no result: its id, or where its source is if it was never collected; and why."""

    gate: str
    why: str


class Disabled(Struct, frozen=True):
    """A built-in gate that the policy switches off."""

    gate: str
    stage: Stage
    reason: str


class UsedPack(Struct, frozen=True):
    """A gate pack that a run was judged by."""

    pack: str
    version: str
    distribution: str
    digest: str  # of the files of its package: `dirHash` of in-toto


class PolicyFile(Struct, frozen=True):
    """A policy file of the run, and its digest in hexadecimal."""

    name: str
    sha256: str


class Provenance(Struct, frozen=True):
    """Where a run took place, as far as it was asked; what is not known is blank."""

    remote: str = ""  # the address of the remote, without credentials
    url: str = ""  # of the CI run
    commit_url: str = ""  # the page of the commit on its forge
    actor: str = ""  # who started it
    policies: tuple[PolicyFile, ...] = ()  # the bases first
    packs: tuple[UsedPack, ...] = ()


class Rounds(Struct, frozen=True):
    """How the critical stage went that was evaluated several times. Seconds; `healthy_after` is None: never healthy.

    `failures` counts the rounds that each gate failed; `why` says why it ended, blank where all was well.
    """

    count: int
    wait: float
    hold: float
    interval: float
    healthy_after: float | None
    held: float
    failures: dict[str, int]
    why: str = ""
    phases: tuple[Phase, ...] = ()


class Verdict(Struct, frozen=True):
    """The decision on one release.

    `problems` say, a sentence each, why the run proves nothing, where it does not; `missing` lists the gates that gave
    no result, `disabled` those that the policy switches off. `warnings` are sentences that change nothing, and that
    a person has to read nevertheless: a waiver has expired.
    """

    name: str
    exit_code: int
    release: Release
    gates: tuple[GateResult, ...]
    problems: tuple[str, ...]
    started: datetime
    ended: datetime
    partial: bool = False  # judged on a chosen subset of the gates
    preview: bool = False  # judged before the merge
    missing: tuple[Missing, ...] = ()
    disabled: tuple[Disabled, ...] = ()
    warnings: tuple[str, ...] = ()
    provenance: Provenance = Provenance()
    rounds: Rounds | None = None
    watch: bool = False  # judged after a deployment, by its critical gates alone
    undelivered: str = ""  # the problem that says what was to follow a SAFE verdict, and did not happen
    steps: tuple[Step, ...] = ()  # what was asked for several gates

    @property
    def label(self) -> str:
        """The verdict as every report names it: neither a part nor a preview must be read as the release's."""
        return f"{'' if self.mode == 'release' else f'{self.mode.upper()} '}{self.name}"

    @property
    def mode(self) -> str:
        """What was judged: `release`, `preview`, `watch` or `partial`."""
        marks = {"partial": self.partial, "preview": self.preview, "watch": self.watch}
        return next((mode for mode, holds in marks.items() if holds), "release")

    def having(self, *outcomes: Outcome) -> tuple[GateResult, ...]:
        """Return the gates with one of these outcomes."""
        return tuple(gate for gate in self.gates if gate.outcome in outcomes)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Every reason for not being SAFE: the failed gates' headlines, then what made the run incomplete."""
        return (*(gate.headline for gate in self.having(Outcome.FAILED)), *(f"[INCOMPLETE] {p}" for p in self.problems))


def unfinished(release: Release, why: str = "", *, preview: bool = False, watch: bool = False) -> Verdict:
    """Return the verdict that is on disk until a run has proven another: a killed run leaves it behind."""
    now = datetime.now(UTC)
    problem = f"{UNFINISHED}: {why}" if why else UNFINISHED
    return Verdict(INCOMPLETE, EXIT_BLOCKED, release, (), (problem,), now, now, preview=preview, watch=watch)


def may_end(name: str, code: int) -> bool:
    """Return whether `decide` may give this name and this exit code together."""
    if name == INCOMPLETE:
        return code in {EXIT_BLOCKED, *BROKEN} or EXIT_INTERRUPTED < code < 2 * EXIT_INTERRUPTED
    return code == {SAFE: EXIT_SAFE, BLOCKED: EXIT_BLOCKED, CRITICAL: EXIT_CRITICAL}.get(name)


def decide(
    gates: Sequence[GateResult], problems: Sequence[str] = (), *, interrupted: int = 0, broken: int = 0
) -> tuple[str, int]:
    """Return the verdict's name and the exit code; the first row that applies decides.

    `problems` say why the run is not whole; `interrupted` is the signal that ended it, `broken` pytest's own code when
    it failed before we could judge (3 internal error, 4 usage error), or 0.
    """
    failed = {gate.stage for gate in gates if gate.outcome is Outcome.FAILED}
    if interrupted:
        return INCOMPLETE, EXIT_INTERRUPTED + interrupted
    if broken:
        return INCOMPLETE, broken
    if Stage.POLICY in failed:
        return BLOCKED, EXIT_BLOCKED
    if problems:
        return INCOMPLETE, EXIT_BLOCKED
    if Stage.CRITICAL in failed:
        return CRITICAL, EXIT_CRITICAL
    owed = [gate for gate in gates if not (gate.spare and gate.status is None)]
    if owed and all(gate.outcome.passes for gate in owed):
        return SAFE, EXIT_SAFE
    return INCOMPLETE, EXIT_BLOCKED
