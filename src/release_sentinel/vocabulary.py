"""The words that verdicts, gates and reports share. A leaf: it imports nothing of ours."""

from enum import StrEnum


class Status(StrEnum):
    """How a check ended. `UNKNOWN` means that it could not be determined, and never passes."""

    OK = "OK"
    WARN = "WARN"
    UNKNOWN = "UNKNOWN"
    CRIT = "CRIT"

    @property
    def passes(self) -> bool:
        """Whether a gate with this status lets the release through."""
        return self in {Status.OK, Status.WARN}


class Stage(StrEnum):
    """When a gate runs, and the marker that says so: `policy` first, `critical` only when that stage passed."""

    POLICY = "policy"
    CRITICAL = "critical"


class Outcome(StrEnum):
    """What became of a gate."""

    PASSED = "passed"
    WARNED = "warned"  # passed, and is shown
    WAIVED = "waived"  # failed, and a waiver of the policy excuses it
    ADVISED = "advised"  # failed, and the policy only advises the gate until a date
    FAILED = "failed"
    NOT_EVALUATED = "not evaluated"

    @property
    def passes(self) -> bool:
        """Whether a gate with this outcome lets the release through."""
        return self is Outcome.PASSED or self in NOTED


NOTED = (Outcome.WAIVED, Outcome.ADVISED, Outcome.WARNED)  # pass, and every report shows them


SAFE, BLOCKED, CRITICAL, INCOMPLETE = "SAFE", "BLOCKED", "CRITICAL", "INCOMPLETE"

# What every verdict file and report says: its keys, and the words for how a run or a gate ended.
_KEYS = (
    "schema_version tool verdict partial preview exit_code env version repository commit branch branch_source remote "
    "started ended gates problems missing disabled policies sha256 warnings id kind "
    "outcome status reason remedy details tries seconds waiver advised gate owner expires why mode owed undelivered "
    "measures name value unit warn crit "
    "rounds count wait hold interval healthy_after held failures "
    "steps what began words phases failed holding "
    "packs distribution digest"
)
WORDS = (
    *Status,
    *Stage,
    *Outcome,
    *(stage.upper() for stage in Stage),
    *("evaluated", SAFE, BLOCKED, CRITICAL, INCOMPLETE, "PARTIAL", "PREVIEW", "WATCH", "release-sentinel"),
    *_KEYS.split(),
)

UNFINISHED = "the gate session did not finish"  # what every report says until it has

UNSEEN = "standard output is closed or full: the verdict could not be shown"

EXIT_SAFE = 0
EXIT_BLOCKED = 1
EXIT_CRITICAL = 2
EXIT_INTERRUPTED = 128  # and the number of the signal

# The variables by which a parent asks its child for the verdict (PID:FILE), and for what else has to be hidden (a file
# descriptor), and says that what the child prints goes to a terminal.
HANDOVER = "RELEASE_SENTINEL_HANDOVER"
SECRETS = "RELEASE_SENTINEL_SECRETS"
TERMINAL = "RELEASE_SENTINEL_TERMINAL"

PROXY_SCHEMES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")
