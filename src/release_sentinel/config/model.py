"""The policy as checks read it: frozen records, with the built-in defaults.

The policy file mirrors these records: a field is a key (`from_` is `from`), its annotation says what it may be.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock

from release_sentinel.config import consistency
from release_sentinel.config.kinds import (
    AtOnce,
    Day,
    Edge,
    Expiry,
    GateIds,
    GateSeconds,
    HttpStatuses,
    Line,
    Lines,
    MaybeLine,
    Names,
    NotifyUrls,
    Occasion,
    Regex,
    RunSeconds,
    Seconds,
    SpareGateId,
    TagMode,
    Tries,
    Variable,
    WeekTime,
    Zone,
    nearest,
)
from release_sentinel.config.targets import (
    CertificateTarget,
    Dependency,
    DiskLimits,
    MemoryLimits,
    ProcessRule,
    PrometheusQuery,
    TcpTarget,
    UnlistedDependency,
    UnlistedDisk,
    UnlistedProcess,
)


@dataclass(frozen=True)
class Clash:
    """Fields of one record that contradict each other: `key` has the wrong value, `says` why.

    Where `other` is the key that it contradicts, its name stands between `says` and `ends`.
    """

    key: tuple[str | int, ...]
    says: str
    other: str = ""
    ends: str = ""


@dataclass(frozen=True)
class GitRules:
    """Where releases come from."""

    branches: Names = ("main", "master")  # globs
    remote: MaybeLine = ""  # blank: `origin`, or the only one there is
    tag_mode: TagMode = "auto"  # auto: the tag has to exist on a tag build, and to be free otherwise
    untracked: bool = True  # whether untracked files make the tree dirty
    submodules: bool = True  # whether changes of submodules do
    sign_tags: bool = False  # whether tags that we make are signed; Git's own settings may say so, too
    signers: Lines = ()  # fingerprints, key ids, addresses or principals; empty: any key that Git trusts


@dataclass(frozen=True)
class VersionRules:
    """What a release may be called."""

    prefix: MaybeLine = "v"
    prereleases: bool = False
    files: Lines = ()  # manifests that say the version: `package.json`, `app.yaml#release.version`
    changelog: MaybeLine = ""  # the file that has to have a section for the version


@dataclass(frozen=True)
class ApiTarget:
    """One dependency over HTTP. Times in seconds; `tries` counts the first one too."""

    url: MaybeLine = ""
    timeout: Seconds = 3.0
    tries: Tries = 3
    deadline: Seconds = 15.0
    statuses: HttpStatuses = (200,)


PLACEHOLDERS = (
    r"change[-_ ]?(me|it|this)",
    r"replace[-_ ]?(me|this|with.*)",
    r"<.*>",
    r"\$\{.*\}|\$\(.*\)|\$[A-Za-z_]\w*",
    r"\{\{.*\}\}|%\w+%",
    r"x{3,}|\*{3,}|\.{3,}|-+",
    r"to[-_ ]?do|tbd|fix[-_ ]?me|placeholder|n/?a|none|null|nil|undefined|unset|empty",
    # `my-service` and `insert-worker` may be honest names; `your-token` and `my_api_key_here` are no values.
    (
        r"(your|my|insert|enter)[-_ ]?(your|own|the|a|an|deploy(ment)?|access|auth|api|private|secret)?[-_ ]?"
        r"(token|secret|password|passphrase|credentials?|(api|access|private|secret)?[-_ ]?key|value|url)"
        r"([-_ ]?(goes[-_ ]?)?here)?"
    ),
    r"your[-_ ].*|.*[-_ ]goes[-_ ]here",
)


@dataclass(frozen=True)
class Required:
    """The names of the environment variables that a release needs, and what does not count as a value of theirs."""

    settings: tuple[Variable, ...] = ("RS_REQUIRED_PROCESS", "RS_API_URL")
    secrets: tuple[Variable, ...] = ("RS_DEPLOY_TOKEN",)
    placeholders: tuple[Regex, ...] = PLACEHOLDERS  # matched whole, case ignored


@dataclass(frozen=True)
class Waiver:
    """A dated, reasoned exception for one gate in one environment."""

    gate: SpareGateId  # with its parameter, where it has one: `disk[/var]`
    env: Line
    reason: Line
    owner: Line
    expires: Expiry  # a date holds to its end, in UTC

    @property
    def until(self) -> str:
        """When it ends, as the policy says it."""
        if isinstance(self.expires, datetime):
            return self.expires.isoformat(sep=" ", timespec="minutes")
        return self.expires.isoformat()

    @property
    def end(self) -> datetime:
        """The moment at which it holds no more."""
        if isinstance(self.expires, datetime):
            return self.expires
        return datetime.combine(self.expires, clock(tzinfo=UTC)) + timedelta(days=1)


@dataclass(frozen=True)
class Freeze:
    """A time in which nothing is released: once (two dates with times), or each week (times, with days or without).

    The local times are those of `zone`.
    """

    reason: Line
    zone: Zone
    from_: Edge
    to: Edge
    days: tuple[Day, ...] = ()  # of which `from` is a time; none: every day

    def clashes(self) -> Iterator[Clash]:
        """Refuse windows that nobody can tell."""
        once = [isinstance(edge, date) for edge in (self.from_, self.to)]
        if any(once) and not all(once):
            yield Clash(("to",), f"is {_kind(self.to)}, expected {_kind(self.from_)}, as `from` is")
        elif self.days and (isinstance(self.from_, date) or self.from_.day):
            yield Clash(("days",), f"is given, expected none: `from` is {_kind(self.from_)}")
        elif isinstance(self.from_, WeekTime) and isinstance(self.to, WeekTime):
            if bool(self.from_.day) != bool(self.to.day):
                yield Clash(("to",), f"is {_kind(self.to)}, expected {_kind(self.from_)}, as `from` is")
            elif self.from_.day and self.from_ == self.to:
                yield Clash(("to",), "is the same as `from`: the window covers nothing, or everything")
        elif isinstance(self.from_, datetime) and isinstance(self.to, datetime) and not _before(self):
            yield Clash(("to",), f"is {self.to}, expected a time after `from`, which is {self.from_}")


@dataclass(frozen=True)
class Notify:
    """Who is told of the verdict, and when."""

    urls: NotifyUrls = ()  # secrets: the tokens stand in them
    on: tuple[Occasion, ...] = ("failure", "recovery")


@dataclass(frozen=True)
class Policy:
    """The validated settings of one run. Times in seconds."""

    environments: Names = ("dev", "stage", "prod")
    enable: GateIds = ()  # opt-in gates
    required_gates: GateIds = ()  # gates of the repository's own that a run owes a result of, as of the built-in ones
    gate_seconds: GateSeconds = 90.0  # one gate
    deadline: RunSeconds = 300.0  # the whole run
    at_once: AtOnce = 64  # how many targets are asked at the same time
    process: MaybeLine = ""
    git: GitRules = field(default_factory=GitRules)
    version: VersionRules = field(default_factory=VersionRules)
    required: Required = field(default_factory=Required)
    disk: DiskLimits = field(default_factory=DiskLimits)
    memory: MemoryLimits = field(default_factory=MemoryLimits)
    api: ApiTarget = field(default_factory=ApiTarget)
    notify: Notify = field(default_factory=Notify)
    disks: tuple[DiskLimits, ...] = ()
    processes: tuple[ProcessRule, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    tcp: tuple[TcpTarget, ...] = ()
    certificates: tuple[CertificateTarget, ...] = ()
    prometheus: tuple[PrometheusQuery, ...] = ()
    disable: Mapping[SpareGateId, Line] = field(default_factory=dict)  # gate id: the reason
    waivers: tuple[Waiver, ...] = ()
    freezes: tuple[Freeze, ...] = ()

    @property
    def all_disks(self) -> tuple[DiskLimits, ...]:
        """Every disk that is judged: the one under `disk`, then those that are listed."""
        return (UnlistedDisk(**vars(self.disk)), *self.disks)

    @property
    def all_processes(self) -> tuple[ProcessRule, ...]:
        """Every process that has to run: `process`, which may be left blank where others are listed, then those."""
        own = (UnlistedProcess(self.process),)
        return (*own, *self.processes) if self.process or not self.processes else self.processes

    @property
    def all_dependencies(self) -> tuple[Dependency, ...]:
        """Every dependency over HTTP: `api`, whose URL may be left blank where others are listed, then those."""
        own = (UnlistedDependency(**vars(self.api)),)
        return (*own, *self.dependencies) if self.api.url or not self.dependencies else self.dependencies

    @property
    def enabled(self) -> frozenset[str]:
        """The opt-in gates that this policy asks for: by their id, or by rules that nobody else reads."""
        by_rule = {
            "version-files": self.version.files,
            "changelog": self.version.changelog,
            "freeze": self.freezes,
            "tcp": self.tcp,
            "certificate": self.certificates,
            "prometheus": self.prometheus,
        }
        return frozenset((*self.enable, *self.required_gates, *(gate for gate, rule in by_rule.items() if rule)))

    def clashes(self) -> Iterator[Clash]:
        """Refuse gates that are both wanted and not, and waivers of environments that there are not."""
        for gate in self.disable:
            for key in ("enable", "required_gates"):
                if gate in getattr(self, key):
                    yield Clash(("disable", gate), "is switched off, and asked for by ", key, ": decide for one")
        for number, waiver in enumerate(self.waivers):
            env = getattr(waiver, "env", "")  # of one that could not be read there is none
            if env and env not in self.environments:
                names = ", ".join(self.environments) + nearest(env, self.environments)
                says = f"is {env!r}, expected one of the "
                yield Clash(("waivers", number, "env"), says, "environments", f": {names}")
        yield from (Clash(key, says) for key, says in consistency.problems(self))


def _kind(edge: datetime | WeekTime) -> str:
    if isinstance(edge, datetime):
        return "a date with a time"
    return "a day with a time" if edge.day else "a time of day"


def _before(freeze: Freeze) -> bool:
    """Tell whether a window of one time ends after it begins; local times are those of its zone."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - late: few policies have freezes

    zone = ZoneInfo(freeze.zone)
    edges = [edge for edge in (freeze.from_, freeze.to) if isinstance(edge, datetime)]
    begin, end = (edge if edge.tzinfo else edge.replace(tzinfo=zone) for edge in edges)
    return begin.timestamp() < end.timestamp()
