"""Verdicts to write reports about."""

from datetime import UTC, date, datetime, timedelta

from msgspec.structs import replace

from release_sentinel.checks.result import CRIT, OK, UNKNOWN, WARN
from release_sentinel.config.model import Policy, Waiver
from release_sentinel.gates import expected
from release_sentinel.redacted import RedactedVerdict
from release_sentinel.reports.text import lines
from release_sentinel.verdict import Disabled, GateResult, Missing, Release, decide
from release_sentinel.vocabulary import Stage

STARTED = datetime(2024, 5, 17, 9, 30, 15, 123456, tzinfo=UTC)

RELEASE = Release(
    env="prod",
    version="v1.0.0",
    repository="/srv/shop",
    commit="0123456789abcdef0123456789abcdef01234567",
    branch="main",
    branch_source="HEAD",
)

PASSED = GateResult("environment", Stage.POLICY, OK, "prod is an environment of the policy", seconds=0.0014)
DIRTY = GateResult(
    "clean-tree",
    Stage.POLICY,
    CRIT,
    "2 paths differ",
    remedy="commit or remove them",
    details=("?? new.py", " M old.py"),
    seconds=0.25,
)
UNDETERMINED = GateResult("tag", Stage.POLICY, UNKNOWN, "the remote does not answer", remedy="try again", tries=3)
FULL = GateResult("disk", Stage.CRITICAL, CRIT, "91% in use", remedy="free space on /")
CLOSE = GateResult("memory", Stage.CRITICAL, WARN, "80% in use", remedy="free memory")
BROKEN = GateResult("own", Stage.CRITICAL, UNKNOWN, "the gate broke: KeyError: 'x'", traceback="Traceback:\n  KeyError")
LEFT_OUT = GateResult("process", Stage.CRITICAL, None, "a policy gate failed")
WAIVED = replace(FULL, waiver=Waiver("disk", "prod", "disks are on order", "Kim", date(2024, 6, 30)))
ADVISED = replace(FULL, id="queue-drained", reason="12 jobs wait", advised=date(2024, 6, 30))


def verdict(
    *gates: GateResult, problems: tuple[str, ...] = (), interrupted: int = 0, release: Release = RELEASE
) -> RedactedVerdict:
    """Return the verdict on a release with these gates, as a run of two seconds and a half would end."""
    name, code = decide(gates, problems, interrupted=interrupted)
    return RedactedVerdict(name, code, release, gates, problems, STARTED, STARTED + timedelta(seconds=2.5))


# A SAFE verdict on every gate that a run owes by default, as `verify` wants it.
WHOLE = verdict(
    *(replace(PASSED, id=gate.id, stage=gate.stage) for gate in expected(Policy()) if gate.id != "memory"), CLOSE
)

SAMPLES = {
    "safe": verdict(PASSED, CLOSE),
    "blocked": verdict(PASSED, DIRTY, UNDETERMINED, LEFT_OUT),
    "critical": verdict(PASSED, FULL, CLOSE, BROKEN),
    "incomplete": replace(
        verdict(PASSED, FULL, problems=("no result from gate api: it was deselected",)),
        missing=(Missing("api", "it was deselected"),),
    ),
    "interrupted": verdict(PASSED, problems=("the run was interrupted by SIGTERM",), interrupted=15),
    "empty": verdict(problems=("no gates at all",)),
    "partial": replace(verdict(PASSED), partial=True),
    "waived": replace(
        verdict(PASSED, WAIVED),
        disabled=(Disabled("process", Stage.CRITICAL, "this host runs no agent"),),
        warnings=("the waiver for tag has expired",),
    ),
    "advised": verdict(PASSED, ADVISED),
    "unseen": verdict(release=Release("", ""), problems=("--env is blank",)),
}


def block(verdict: RedactedVerdict) -> list[str]:
    """Return the lines of the block on the terminal, without their tones."""
    return [line.text for line in lines(verdict)]
