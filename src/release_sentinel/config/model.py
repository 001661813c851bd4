"""The policy as checks read it: frozen records, with the built-in defaults.

The policy file mirrors these records: a field is a key (`from_` is `from`), its annotation says what it may be.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, TypeVar

from msgspec import Meta, Struct, field
from msgspec.structs import asdict, replace

from release_sentinel.config.kinds import (
    DAYS,
    Approvals,
    AtOnce,
    Day,
    Duration,
    Edge,
    Environments,
    Expiry,
    Failures,
    ForgeKind,
    GateGlobs,
    GateIds,
    GateSeconds,
    HiddenRegex,
    Interval,
    KeyGlobs,
    LastDay,
    Line,
    Lines,
    MaybeApi,
    MaybeDistribution,
    MaybeLine,
    MaybeReference,
    MaybeSeconds,
    Names,
    NotesTemplate,
    NotifyUrls,
    Occasion,
    PackName,
    PackVersions,
    PolicyFiles,
    RunSeconds,
    Seconds,
    SpareGateId,
    TagMode,
    Tries,
    VariableGlobs,
    VariableName,
    WaiverDays,
    WeekTime,
    Zone,
    nearest,
)
from release_sentinel.config.marks import FALSE, FEWER, FEWER_OR_ANY, HIGHER, LOWER, MORE, MORE_OR_USUAL, TRUE, Only
from release_sentinel.config.read import Problem, bare, item_kind, keys, readable, seen
from release_sentinel.config.targets import (
    CertificateTarget,
    CompareRule,
    Dependency,
    DiskLimits,
    HostRule,
    MemoryLimits,
    ProcessRule,
    PrometheusQuery,
    Target,
    TcpTarget,
    UnitRule,
)

SomeTarget = TypeVar("SomeTarget", bound=Target)
SomeSettings = TypeVar("SomeSettings", bound=Struct)
Api = Annotated[
    Dependency,
    Only(("url", "timeout", "tries", "deadline", "statuses")),
    Meta(description="One dependency over HTTP. Times in seconds; `tries` counts the first one too."),
]


class GitRules(Struct, frozen=True):
    """Where releases come from."""

    branches: Annotated[Names, FEWER] = ("main", "master")  # globs
    remote: MaybeLine = ""  # blank: `origin`, or the only one there is
    tag_mode: TagMode = "auto"  # auto: the tag has to exist on a tag build, and to be free otherwise
    untracked: Annotated[bool, TRUE] = True  # whether untracked files make the tree dirty
    untracked_allowed: Annotated[Lines, FEWER] = ()  # globs of those that do not
    submodules: Annotated[bool, TRUE] = True  # whether changes of submodules do
    sign_tags: Annotated[bool, TRUE] = False  # whether tags that we make are signed; Git's own settings may say so, too
    # fingerprints, key ids, addresses or principals; empty: any key that Git trusts
    signers: Annotated[Lines, FEWER_OR_ANY] = ()


class VersionRules(Struct, frozen=True):
    """What a release may be called."""

    prefix: MaybeLine = "v"
    prereleases: Annotated[bool, FALSE] = False
    # manifests with the version: `package.json`, `app.yaml#release.version`, `a.txt#is (.*)`
    files: Annotated[Lines, MORE_OR_USUAL] = ()
    changelog: MaybeLine = ""  # the file that has to have a section for the version


PLACEHOLDERS = (
    r"change[-_ ]?(me|it|this)",
    r"replace[-_ ]?(me|this|with.*)",
    r"<.*>",
    r"\$\{.*\}|\$\(.*\)|\$[A-Za-z_]\w*",
    r"\{\{.*\}\}|%\w+%",
    r"x{3,}|\*{3,}|\.{3,}|-+",
    r"to[-_ ]?do|tbd|fix[-_ ]?me|placeholder|n/?a|none|null|nil|undefined|unset|empty",
    # `my-service` and `insert-worker` may be real names; `your-token` and `my_api_key_here` are not values.
    (
        r"(your|my|insert|enter)[-_ ]?(your|own|the|a|an|deploy(ment)?|access|auth|api|private|secret)?[-_ ]?"
        r"(token|secret|password|passphrase|credentials?|(api|access|private|secret)?[-_ ]?key|value|url)"
        r"([-_ ]?(goes[-_ ]?)?here)?"
    ),
    r"your[-_ ].*|.*[-_ ]goes[-_ ]here",
)


# The settings that are required by default, each with the gate that needs it.
NEEDED_BY: Mapping[str, str] = MappingProxyType({"RS_REQUIRED_PROCESS": "process", "RS_API_URL": "api"})


class Required(Struct, frozen=True):
    """The names of the environment variables that a release needs, and what does not count as a value."""

    # Without those of gates that are switched off.
    settings: Annotated[tuple[VariableName, ...], MORE] = tuple(NEEDED_BY)
    secrets: Annotated[tuple[VariableName, ...], MORE] = ("RS_DEPLOY_TOKEN",)
    placeholders: Annotated[tuple[HiddenRegex, ...], MORE] = PLACEHOLDERS  # matched whole, case ignored


def end_of(day: date) -> datetime:
    """Return the moment at which the last day of a waiver or advice ends: midnight in UTC."""
    return datetime.combine(day, clock(tzinfo=UTC)) + timedelta(days=1)


class Waiver(Struct, frozen=True):
    """A dated, reasoned exception for one gate in one environment."""

    gate: SpareGateId  # with its parameter, where it has one: `disk[/var]`
    env: Line
    reason: Line
    owner: Line
    expires: Expiry  # a date holds to its end, in UTC

    @property
    def until(self) -> str:
        """When it ends, as the policy writes it."""
        if isinstance(self.expires, datetime):
            return self.expires.isoformat(sep=" ", timespec="minutes")
        return self.expires.isoformat()

    @property
    def end(self) -> datetime:
        """The moment at which it ends."""
        return self.expires if isinstance(self.expires, datetime) else end_of(self.expires)


class Freeze(Struct, frozen=True):
    """A time in which nothing is released: once (two dates with times), or each week (times, with days or without).

    The local times are those of `zone`.
    """

    reason: Line
    zone: Zone
    from_: Edge
    to: Edge
    days: tuple[Day, ...] = ()  # of which `from` is a time; none: every day

    def clashes(self) -> Iterator[Problem]:
        """Refuse windows whose begin and end do not fit."""
        once = [isinstance(edge, date) for edge in (self.from_, self.to)]
        if any(once) and not all(once):
            yield Problem(("to",), f"is {_kind(self.to)}, expected {_kind(self.from_)}, as `from` is")
        elif self.days and (isinstance(self.from_, date) or self.from_.day):
            yield Problem(("days",), f"is given, expected none: `from` is {_kind(self.from_)}")
        elif isinstance(self.from_, WeekTime) and isinstance(self.to, WeekTime):
            if bool(self.from_.day) != bool(self.to.day):
                yield Problem(("to",), f"is {_kind(self.to)}, expected {_kind(self.from_)}, as `from` is")
            elif self.from_ == self.to and not self._is_whole_days:
                yield Problem(("to",), "is the same as `from`: the window covers nothing, or everything")
        elif isinstance(self.from_, datetime) and isinstance(self.to, datetime) and not _before(self):
            yield Problem(("to",), f"is {self.to}, expected a time after `from`, which is {self.from_}")

    @property
    def _is_whole_days(self) -> bool:
        """Whether it is some days of the week, each from midnight to midnight."""
        return self.from_ == self.to == WeekTime("", clock()) and 0 < len(set(self.days)) < len(DAYS)


class Notify(Struct, frozen=True):
    """Who is notified of the verdict, and when."""

    urls: NotifyUrls = ()  # secrets: they contain tokens
    on: tuple[Occasion, ...] = ("failure", "recovery")


class ForgeRules(Struct, frozen=True):
    """The forge that hosts the project: where releases go, and what it knows about a commit.

    Times in seconds; `tries` counts the first one too. Blank: by the variables of CI, else by the remote.
    """

    kind: ForgeKind = ""
    url: MaybeApi = ""  # the address of its API
    repository: MaybeLine = ""  # `owner/name` there
    token: MaybeReference = ""  # blank: GITHUB_TOKEN, GITLAB_TOKEN, GITEA_TOKEN, or what the forge's own CI sets
    checks: Annotated[Names | None, MORE_OR_USUAL] = (
        None  # `required`, for what protection and rulesets require; names; globs
    )
    ignore: Annotated[Lines, FEWER] = ()  # checks that do not count; names and globs
    wait: MaybeSeconds = 0.0  # for checks that run, or are not there yet; gate and run may last that much longer
    interval: Seconds = 15.0  # between two questions meanwhile
    approvals: Annotated[Approvals, HIGHER] = 0  # of the request that brought the commit
    blockers: Annotated[Names | None, MORE] = None  # labels of open issues and requests, case ignored
    timeout: Annotated[Seconds, LOWER] = 5.0
    tries: Annotated[Tries, LOWER] = 3
    deadline: Annotated[Seconds, LOWER] = 30.0


class ReleaseRules(Struct, frozen=True):
    """What a release on the forge says to its readers."""

    notes: NotesTemplate = ""  # Markdown with {changes}, {verdict} …; blank: these two


class RoundRules(Struct, frozen=True):
    """How long the critical stage may take to become healthy, and has to stay so. Times in seconds; 0: none."""

    wait: Annotated[Duration, LOWER] = 0.0
    hold: Annotated[Duration, HIGHER] = 0.0
    interval: Interval = 15.0
    hold_failures: Annotated[Failures, LOWER] = 1  # rounds in a row that a gate fails before that ends the hold


class Redaction(Struct, frozen=True):
    """Which variables are secrets, beside the required ones and those whose names say so; globs."""

    names: Annotated[VariableGlobs, MORE] = ()  # secrets whatever they are called
    # not secrets by their name alone: `names`, the required ones and URLs still are
    keep: Annotated[VariableGlobs, FEWER] = ()


class PackRule(Struct, frozen=True):
    """A gate pack that is owed."""

    shorthand: ClassVar[str] = "version"

    version: PackVersions
    distribution: MaybeDistribution = ""  # that has to bring it, by the name that pip knows; blank: any


class PackTable(Struct, frozen=True):
    """The table of a pack: its settings, a record each. `config.packs` derives a class of it for each pack."""


# What is judged of the machine that runs the gate, unless the policy skips it.
LOCAL: tuple[type[Target], ...] = (DiskLimits, MemoryLimits, ProcessRule, UnitRule)


class WaiverLimits(Struct, frozen=True):
    """What the layers above may waive: in place of waivers, which a file with these limits has none of."""

    max_days: WaiverDays | None = None  # from the day of the run
    never: GateGlobs = ()  # ids, which also stand for the gate's targets


class LayerRules(Struct, frozen=True):
    """What a policy file says of the files below it, and of all that is above it."""

    extends: PolicyFiles = ()  # the files below it; a later one overrides an earlier one
    locked: KeyGlobs = ()  # keys that nothing above may change
    stricter_only: KeyGlobs = ()  # keys that may only become stricter above
    waivers: WaiverLimits = field(default_factory=WaiverLimits)


BESIDE = ("env", *keys(LayerRules))  # what a file has beside the keys of the policy


class Policy(Struct, frozen=True):
    """The validated settings of one run. Times in seconds."""

    beside: ClassVar[tuple[str, ...]] = BESIDE

    environments: Annotated[Environments, FEWER] = ("dev", "stage", "prod")
    enable: Annotated[GateIds, MORE] = ()  # opt-in gates
    # the repository's own gates that must have a result, like the built-in ones
    required_gates: Annotated[GateIds, MORE] = ()
    gate_seconds: Annotated[GateSeconds, LOWER] = 90.0  # one gate
    deadline: Annotated[RunSeconds, LOWER] = 300.0  # the whole run
    at_once: AtOnce = 64  # how many targets are asked at the same time
    process: MaybeLine = ""
    git: GitRules = field(default_factory=GitRules)
    version: VersionRules = field(default_factory=VersionRules)
    required: Required = field(default_factory=Required)
    redact: Redaction = field(default_factory=Redaction)
    disk: DiskLimits = field(default_factory=DiskLimits)
    memory: MemoryLimits = field(default_factory=MemoryLimits)
    api: Api = field(default_factory=Dependency)  # the dependency without a name
    notify: Notify = field(default_factory=Notify)
    rounds: RoundRules = field(default_factory=RoundRules)
    forge: ForgeRules = field(default_factory=ForgeRules)
    release: ReleaseRules = field(default_factory=ReleaseRules)
    disks: tuple[DiskLimits, ...] = ()
    processes: tuple[ProcessRule, ...] = ()
    units: tuple[UnitRule, ...] = ()
    hosts: tuple[HostRule, ...] = ()  # the machines that take the release
    skip_local_host: MaybeLine = ""  # the reason; then disk, memory and process are judged on `hosts` alone
    dependencies: tuple[Dependency, ...] = ()
    tcp: tuple[TcpTarget, ...] = ()
    certificates: tuple[CertificateTarget, ...] = ()
    prometheus: tuple[PrometheusQuery, ...] = ()
    compare: tuple[CompareRule, ...] = ()
    disable: Annotated[Mapping[SpareGateId, Line], FEWER] = field(default_factory=dict)  # gate id: the reason
    advise: Annotated[Mapping[SpareGateId, LastDay], FEWER] = field(default_factory=dict)  # gate id: the last day
    waivers: Annotated[tuple[Waiver, ...], FEWER] = ()
    freezes: Annotated[tuple[Freeze, ...], MORE] = ()
    packs: Mapping[PackName, PackRule] = field(default_factory=dict)

    def run_seconds(self, asked: float | None = None) -> float:
        """Return the time of the whole run, of `asked` or the policy, with that for checks of the forge."""
        return (asked or self.deadline) + self.forge.wait

    def settings(self, kind: type[SomeSettings]) -> SomeSettings:
        """Return the settings of a gate pack by their class; raises `LookupError` where no pack of the run has it."""
        for table in asdict(self).values():
            for record in asdict(table).values() if isinstance(table, PackTable) else ():
                if type(record) is kind:
                    return record
        raise LookupError(f"no gate pack that the policy asks for has settings of the class {kind.__qualname__}")

    @classmethod
    def list_of(cls, kind: type[Target]) -> str:
        """Return the key of the list whose entries are of a class; or blank."""
        record: Any = cls
        return next((key for key, (_, held) in keys(record).items() if bare(item_kind(held))[0] is kind), "")

    def targets(self, kind: type[SomeTarget]) -> tuple[SomeTarget, ...]:
        """Return every target of a class: the unnamed one, then those that are listed.

        Where others are listed, an unnamed one that is blank is left out.
        """
        values = list(asdict(self).values())
        listed = [entry for value in values if isinstance(value, tuple) for entry in value if isinstance(entry, kind)]
        unnamed = [value for value in (*values, ProcessRule(self.process)) if isinstance(value, kind)]
        hosts = [host for _, rule in readable(self.hosts) for host in rule.each()]
        there = [one for host in hosts for one in host.asked() if isinstance(one, kind)]
        if kind is HostRule:
            return tuple(hosts)  # type: ignore[arg-type]  # of this kind
        if self.skip_local_host and kind in LOCAL:
            return tuple(there)
        return (*(replace(one, unnamed=True) for one in unnamed if not (one.is_blank and listed)), *listed, *there)

    def clashes(self) -> Iterator[Problem]:
        """Refuse gates that are both asked for and switched off, and what does not fit other parts of the policy."""
        for gate in self.disable:
            for key in ("enable", "required_gates"):
                if gate in getattr(self, key):
                    yield Problem(
                        ("disable", gate), "is switched off, and asked for by ", (key,), ": keep one of the two"
                    )
        yield from self._clashes_of_hosts()
        for number, waiver in readable(self.waivers):
            if waiver.env not in self.environments:
                names = ", ".join(self.environments) + nearest(waiver.env, self.environments)
                says = f"is {seen(waiver.env)}, expected one of the "
                yield Problem(("waivers", number, "env"), says, ("environments",), f": {names}")
        for key, value in asdict(self).items():
            if isinstance(value, Target):
                yield from (problem.below((key,)) for problem in value.steady_clash(self.gate_seconds))
            elif isinstance(value, tuple):
                yield from self._clashes_in_list(key, value)

    def _clashes_of_hosts(self) -> Iterator[Problem]:
        """Refuse two hosts of one label, and a machine that is skipped without others, or asked for all the same."""
        labels: dict[str, int] = {}
        groups: dict[tuple[str, str], int] = {}
        for number, rule in readable(self.hosts):
            if rule.inventory and (first := groups.setdefault((rule.inventory, rule.group), number)) != number:
                says = f"is the group {seen(rule.group)} of {rule.inventory}, as hosts[{first}] is: keep one of the two"
                yield Problem(("hosts", number), says)
            for label in (host.name_in_list for host in rule.each()):
                if label in labels:
                    says = f"is {seen(label)}, as hosts[{labels[label]}] is: each label has to be unique; set `name`"
                    yield Problem(("hosts", number), says)
                labels.setdefault(label, number)
        yield from self._clashes_of_labels()
        if not self.skip_local_host:
            return
        if not self.hosts:
            yield Problem(("skip_local_host",), "is set, expected ", ("hosts",), " beside it: else no host is judged")
        for key in ("disks", "processes", "units"):
            if getattr(self, key):
                yield Problem((key,), "is about this machine, which ", ("skip_local_host",), " leaves out: keep one")

    def _clashes_of_labels(self) -> Iterator[Problem]:
        """Refuse two gates of one id, as of the host `a` with the disk `b:/c`, and of `a:b` with `/c`."""
        listed = [one for key in ("disks", "processes", "units") for _, one in readable(getattr(self, key))]
        taken: dict[tuple[type, str], str] = {(type(one), one.label): "this machine" for one in listed}
        for number, rule in readable(self.hosts):
            for host in rule.each():
                for one in host.asked():
                    other = taken.setdefault((type(one), one.label), host.name_in_list)
                    if other != host.name_in_list:
                        says = f"would have a gate {seen(one.label)}, as {other} has: set another `name`"
                        yield Problem(("hosts", number), says)

    def _clashes_in_list(self, key: str, entries: Sequence[object]) -> Iterator[Problem]:
        """Refuse names of targets that are given twice; those of hosts are looked at elsewhere."""
        first: dict[str, int] = {}
        for position, entry in enumerate(entries):
            if not isinstance(entry, Target):
                continue
            label = "" if isinstance(entry, HostRule) else entry.label
            if label and first.setdefault(label, position) != position:
                says = f"is {seen(label)}, as {key}[{first[label]}] is: each name has to be unique"
                yield Problem((key, position), says)
            yield from (problem.below((key, position)) for problem in entry.steady_clash(self.gate_seconds))


def _kind(edge: datetime | WeekTime) -> str:
    if isinstance(edge, datetime):
        return "a date with a time"
    return "a day with a time" if edge.day else "a time of day"


def _before(freeze: Freeze) -> bool:
    """Return whether a window of one time ends after it begins; local times are those of its zone."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - late: few policies have freezes

    zone = ZoneInfo(freeze.zone)
    edges = [edge for edge in (freeze.from_, freeze.to) if isinstance(edge, datetime)]
    begin, end = (edge if edge.tzinfo else edge.replace(tzinfo=zone) for edge in edges)
    return begin.timestamp() < end.timestamp()


def urls(policy: Policy) -> dict[str, str]:
    """Return the URLs that gates ask, by their keys; without that of a gate that is switched off."""
    found = {} if "api" in policy.disable else {"api.url": policy.api.url}
    found |= {f"dependencies[{one.name}].url": one.url for one in policy.dependencies}
    return found | {f"prometheus[{one.name}].url": one.url for one in policy.prometheus}
