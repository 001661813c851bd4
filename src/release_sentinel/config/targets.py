"""What the gates judge: one frozen record for each target, with the built-in limits and its own consistency checks.

A list of the policy is found by the class of its entries: see `Policy.targets`. Times are in seconds, sizes in bytes,
shares in per cent.
"""

import math
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from msgspec import Struct, field
from msgspec.structs import force_setattr, replace

from release_sentinel import jsonpath
from release_sentinel.config.kinds import (
    Address,
    Bytes,
    Count,
    Days,
    Destinations,
    Headers,
    HostsAtOnce,
    HttpStatuses,
    KeyFile,
    Line,
    MaybeChange,
    MaybeLine,
    MaybePort,
    MaybeRegex,
    MaybeSeconds,
    MaybeWord,
    Method,
    PerCent,
    Port,
    Redirects,
    Samples,
    Seconds,
    StartTls,
    Text,
    Tries,
    UnitName,
)
from release_sentinel.config.marks import FALSE, FEWER, HIGHER, LOWER, LOWER_OR_0, MORE, TRUE, NoKey
from release_sentinel.config.read import Problem, readable, seen, shown_key
from release_sentinel.redaction import says_secret
from release_sentinel.sentences import sentence
from release_sentinel.vocabulary import PROXY_SCHEMES

Scalar = str | int | float | bool
Operator = Literal["<", "<=", ">", ">=", "==", "!="]
Judgement = Literal["unknown", "ok", "crit"]
_USUAL_PORTS: Mapping[str, int] = {"": 443, "smtp": 25, "imap": 143, "ldap": 389, "postgres": 5432}
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


_BESIDE = {"namespace": "kubectl", "context": "kubectl", "container": "kubectl", "group": "inventory"}


class Steady(Struct, frozen=True):
    """How many samples in a row have to be good before a gate passes."""

    samples: Annotated[Samples, HIGHER] = 1
    interval: MaybeSeconds = 1.0


class Target(Struct, frozen=True, kw_only=True):
    """Something that a gate judges.

    `unnamed` is true for the one that is outside of the policy's lists, under `disk`, `memory`, `process` or `api`.
    """

    shorthand: ClassVar[str] = ""  # the key whose value alone may stand for an entry of a list

    unnamed: Annotated[bool, NoKey()] = False
    on_host: Annotated[str, NoKey()] = ""  # the label of the host that it is on; blank: this machine

    @property
    def steady(self) -> Steady:
        """How often it has to be good in a row."""
        return Steady()

    @property
    def name_in_list(self) -> str:
        """The name that distinguishes it from the other entries of its list."""
        return ""

    @property
    def label(self) -> str:
        """The name in the gate's id, `disk[/var]`; blank for the unnamed one, whose gate keeps its plain id.

        On another host, `disk[web1:/var]`.
        """
        if self.on_host:
            return ":".join(filter(None, (self.on_host, self.name_in_list)))
        return "" if self.unnamed else self.name_in_list

    @property
    def is_blank(self) -> bool:
        """Whether nothing is named that could be judged; only the unnamed one may be blank."""
        return False

    def clashes(self) -> Iterator[Problem]:
        """Yield the contradictions between its fields."""
        yield from ()

    def entry_clashes(self) -> Iterator[Problem]:
        """Yield what an entry of a list lacks. The unnamed one may lack it: that is for the gate `configuration`."""
        if not self.label:
            yield Problem((), "has no name")

    def steady_clash(self, gate_seconds: float) -> Iterator[Problem]:
        """Yield the contradiction with the time that a gate may take."""
        samples, interval = self.steady.samples, self.steady.interval
        if (samples - 1) * interval >= gate_seconds:
            yield Problem(("steady",), f"is {samples} samples {interval:g} s apart, longer than a gate may take")


class DiskLimits(Target, frozen=True):
    """Limits on one file system, in per cent of what an ordinary user may fill (df's `Use%`); inodes share them."""

    path: Line = "/"
    warn: Annotated[PerCent, LOWER] = 75.0
    crit: Annotated[PerCent, LOWER] = 85.0
    min_free: Annotated[Bytes, HIGHER] = 0  # bytes that an ordinary user can still write; 0: any number
    read_only: Annotated[bool, FALSE] = False  # whether it may be mounted read-only; by an error it never may
    timeout: Annotated[Seconds, LOWER] = 5.0
    steady: Steady = Steady()

    @property
    def name_in_list(self) -> str:
        """The path."""
        return self.path


class MemoryLimits(Target, frozen=True):
    """Limits on memory in use, in per cent of what this process may use.

    ZFS's cache above its minimum counts as in use, because it may be given back too slowly. Huge pages that are set
    aside and unused do not count, neither as in use nor as memory.
    """

    warn: Annotated[PerCent, LOWER] = 70.0
    crit: Annotated[PerCent, LOWER] = 85.0
    count_zfs_cache: Annotated[bool, TRUE] = True
    count_unused_huge_pages: Annotated[bool, TRUE] = False
    steady: Steady = Steady()


class ProcessRule(Target, frozen=True):
    """A process that has to run: `min` to `max` times (0: without an upper bound)."""

    name: MaybeLine = ""
    min: Annotated[Count, HIGHER] = 1
    max: Annotated[Count, LOWER_OR_0] = 0
    user: MaybeLine = ""  # the owner's name or number; blank: any
    command: MaybeRegex = ""  # a regular expression that is found in the command line; blank: any
    steady: Steady = Steady()

    @property
    def name_in_list(self) -> str:
        """The process's name."""
        return self.name or self.command

    @property
    def is_blank(self) -> bool:
        """Whether neither a name nor a command line is given."""
        return not self.name_in_list

    def clashes(self) -> Iterator[Problem]:
        """Refuse an upper bound below the lower one."""
        if 0 < self.max < self.min:
            yield Problem(("max",), f"is {self.max}, expected at least min, which is {self.min}")


UNIT_TYPES = ("service", "socket", "target", "device", "mount", "automount", "swap", "timer", "path", "slice", "scope")


class UnitRule(Target, frozen=True):
    """A systemd unit that has to be active; a oneshot and a timer's last run have to have ended well.

    In the policy its name may stand for it: `units = ["nginx.service"]`.
    """

    shorthand: ClassVar[str] = "name"

    name: UnitName
    user: bool = False  # whether it is one of the user's own manager, `systemctl --user`
    steady: Steady = Steady()

    @property
    def unit(self) -> str:
        """The whole name, as systemctl completes it: a service, if it does not say what it is."""
        return self.name if self.name.rpartition(".")[2] in UNIT_TYPES else f"{self.name}.service"

    @property
    def name_in_list(self) -> str:
        """The whole name."""
        return self.unit

    def clashes(self) -> Iterator[Problem]:
        """Refuse a template, which never runs itself."""
        if self.unit.partition("@")[2].startswith("."):
            says = f"is {seen(self.name)}, a template, expected an instance such as getty@tty1.service"
            yield Problem(("name",), says)


class HostRule(Target, frozen=True):
    """Hosts that take the release, how they are reached, and what has to hold on each of them.

    One of `ssh`, `docker`, `podman`, `kubectl` and `inventory` (with `group`) says which. `timeout` is for one try;
    `deadline` bounds all of them; `at_once` are asked at the same time through one jump host, or of one host.
    """

    ssh: Destinations = ()
    docker: MaybeWord = ""
    podman: MaybeWord = ""
    kubectl: MaybeWord = ""  # a pod, or a workload such as deploy/shop
    namespace: MaybeWord = ""
    context: MaybeWord = ""
    container: MaybeWord = ""
    inventory: MaybeLine = ""  # of Ansible
    group: MaybeWord = ""
    name: MaybeWord = ""  # in ids; blank: the host's own
    disks: tuple[DiskLimits, ...] = ()
    memory: MemoryLimits | None = None
    processes: tuple[ProcessRule, ...] = ()
    units: tuple[UnitRule, ...] = ()
    timeout: Annotated[Seconds, LOWER] = 10.0
    tries: Annotated[Tries, LOWER] = 3
    deadline: Annotated[Seconds, LOWER] = 30.0
    at_once: HostsAtOnce = 8

    @property
    def ways(self) -> dict[str, str]:
        """How it is reached, by key."""
        given = {"ssh": " ".join(self.ssh), "docker": self.docker, "podman": self.podman, "kubectl": self.kubectl}
        return {key: value for key, value in {**given, "inventory": self.inventory}.items() if value}

    @property
    def name_in_list(self) -> str:
        """The name, or that of the host: of `ssh://deploy@web1:2222` web1."""
        return self.name or (_host_of(self.ssh[0]) if self.ssh else self.docker or self.podman or self.kubectl)

    def each(self) -> "Iterator[HostRule]":
        """Yield one rule for each host."""
        if len(self.ssh) > 1:
            yield from (replace(self, ssh=(one,)) for one in self.ssh)
        elif not self.inventory:
            yield self

    def asked(self) -> "Iterator[Target]":
        """Yield what has to hold on the one host of this rule."""
        memory = (self.memory,) if self.memory else ()
        for _, one in readable((*self.disks, *memory, *self.processes, *self.units)):
            yield replace(one, on_host=self.name_in_list)

    def clashes(self) -> Iterator[Problem]:
        """Refuse an entry without a way, with two, or that asks for nothing, and keys that do not belong together."""
        ways = tuple(self.ways)
        if len(ways) != 1:
            expected = "expected one of ssh, docker, podman, kubectl, inventory"
            yield Problem((), f"has {' and '.join(ways) or 'no way to the host'}, {expected}")
        for key, needed in _BESIDE.items():
            if getattr(self, key) and needed not in ways:
                yield Problem((key,), "is set, expected ", (needed,), " beside it")
        if self.name and (len(self.ssh) > 1 or self.inventory):
            yield Problem(("name",), f"is {seen(self.name)}, for several hosts: expected one host, or no name")
        if not (self.disks or self.memory or self.processes or self.units):
            yield Problem((), "asks for nothing, expected disks, memory, processes or units")
        for key in ("disks", "processes", "units"):
            labels: dict[str, int] = {}
            for position, one in readable(getattr(self, key)):
                label = one.name_in_list
                if label and labels.setdefault(label, position) != position:
                    says = f"is {seen(label)}, as {key}[{labels[label]}] is: expected each once"
                    yield Problem((key, position), says)

    def entry_clashes(self) -> Iterator[Problem]:
        """Its name follows from how it is reached."""
        yield from ()

    def steady_clash(self, gate_seconds: float) -> Iterator[Problem]:
        """Look at what is asked of the host."""
        for key in ("disks", "processes", "units"):
            for position, one in readable(getattr(self, key)):
                yield from (problem.below((key, position)) for problem in one.steady_clash(gate_seconds))
        if self.memory:
            yield from (problem.below(("memory",)) for problem in self.memory.steady_clash(gate_seconds))


def _host_of(destination: str) -> str:
    """Return the host of an OpenSSH destination, which may be an IPv6 address with or without brackets."""
    host = destination.removeprefix("ssh://").rpartition("@")[2].partition("/")[0]
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    return host or destination


class JsonCondition(Struct, frozen=True):
    """What one field of a JSON body has to be; every condition that is given has to hold. A missing field fails.

    `[*]` in a path stands for every element of a list: all have to meet the condition, and there has to be one. With
    `count`, `min_count` or `max_count`, that many of them have to; a path without `[*]` then leads to a list.
    """

    path: Line  # `$.checks[0].status`, `$.checks[*].status`
    equals: Scalar | None = None
    matches: MaybeRegex = ""  # a regular expression that is found in the text
    min: float = -math.inf
    max: float = math.inf
    count: Count | None = None
    min_count: Count | None = None
    max_count: Count | None = None

    @property
    def is_about_secret(self) -> bool:
        """Whether the field that it leads to holds a secret, by its name: what is there may not be shown."""
        return says_secret(jsonpath.last_field(self.path))

    @property
    def counts(self) -> bool:
        """Whether it is the number of elements that has to be met."""
        return (self.count, self.min_count, self.max_count) != (None, None, None)

    @property
    def fewest(self) -> int:
        """The least number of elements that has to meet the condition."""
        return next((bound for bound in (self.count, self.min_count) if bound is not None), 0)

    @property
    def most(self) -> float:
        """The greatest number of elements that may."""
        return next((bound for bound in (self.count, self.max_count) if bound is not None), math.inf)

    @property
    def expected(self) -> str:
        """How many elements have to meet the condition, in words."""
        if self.fewest == self.most:
            return f"{self.most}"
        words = [f"at least {self.fewest}"] if self.fewest else []
        return " and ".join([*words, f"at most {self.most}"] if self.most < math.inf else words)

    def clashes(self) -> Iterator[Problem]:
        """Refuse a path that does not parse, and bounds that no number meets."""
        if self.count is not None and (self.min_count, self.max_count) != (None, None):
            yield Problem(("count",), "is given, expected neither min_count nor max_count beside it")
        elif self.counts and not self.fewest and self.most == math.inf:
            yield Problem(("min_count",), "is 0, expected at least 1: any number would meet the condition")
        elif not self.fewest <= self.most:
            yield Problem(("min_count",), f"is {self.fewest}, expected at most max_count, which is {self.most}")
        try:
            jsonpath.steps(self.path)
        except ValueError as error:
            yield Problem(("path",), sentence(error).partition(" ")[2])
        if not self.min <= self.max:
            yield Problem(("min",), f"is {self.min:g}, expected at most max, which is {self.max:g}")


class Dependency(Target, frozen=True):
    """One dependency over HTTP. `tries` counts the first one too; `deadline` bounds all of them together.

    A header's value takes secrets from the environment: `Bearer ${PAYMENTS_TOKEN}`. `proxy` is blank for the one that
    the environment names (`HTTPS_PROXY`, `NO_PROXY`), `none` for a direct connection, or the proxy's URL.
    """

    name: MaybeLine = ""
    url: MaybeLine = ""
    method: Method = "GET"
    headers: Headers = field(default_factory=dict)
    statuses: Annotated[HttpStatuses, FEWER] = (200,)
    timeout: Annotated[Seconds, LOWER] = 3.0
    tries: Annotated[Tries, LOWER] = 3
    deadline: Annotated[Seconds, LOWER] = 15.0
    max_latency: Annotated[MaybeSeconds, LOWER_OR_0] = 0.0  # of the final answer; above it the gate warns; 0: any
    max_redirects: Annotated[Redirects, LOWER] = 0
    proxy: MaybeLine = ""
    ca_bundle: MaybeLine = ""  # a PEM file; blank: the usual authorities, or REQUESTS_CA_BUNDLE
    client_cert: MaybeLine = ""
    client_key: KeyFile = ""
    contains: str = ""
    matches: MaybeRegex = ""  # a regular expression that is found in the body
    json: Annotated[tuple[JsonCondition, ...], MORE] = ()
    steady: Steady = Steady()

    @property
    def name_in_list(self) -> str:
        """The dependency's name."""
        return self.name

    @property
    def is_blank(self) -> bool:
        """Whether there is no URL."""
        return not self.url

    def clashes(self) -> Iterator[Problem]:
        """Refuse what is not a proxy, a key without its certificate, and invalid header names."""
        yield from _proxy_problem(self.proxy)
        yield from _key_problem(self.client_key, self.client_cert)
        yield from _header_problems(self.headers)

    def entry_clashes(self) -> Iterator[Problem]:
        """An entry needs a URL, too."""
        yield from super().entry_clashes()
        if not self.url:
            yield Problem(("url",), "is blank, expected a URL such as https://example.com")


class TcpTarget(Target, frozen=True):
    """A port that has to accept connections."""

    host: Address
    port: Port
    name: MaybeLine = ""
    timeout: Annotated[Seconds, LOWER] = 3.0
    tries: Annotated[Tries, LOWER] = 3
    deadline: Annotated[Seconds, LOWER] = 15.0
    steady: Steady = Steady()

    @property
    def name_in_list(self) -> str:
        """The name, or the address."""
        return self.name or f"{self.host}:{self.port}"


class CertificateTarget(Target, frozen=True):
    """A server whose TLS certificate has to be trusted, and valid for some more days.

    `port` 0 is the usual one: 443, and with `starttls` that of the protocol in which TLS is asked for.
    """

    host: Address
    port: MaybePort = 0
    name: MaybeLine = ""
    server_name: MaybeLine = ""  # blank: the host
    warn_days: Annotated[Days, HIGHER] = 21.0
    crit_days: Annotated[Days, HIGHER] = 7.0
    starttls: StartTls = ""
    ca_bundle: MaybeLine = ""  # a PEM file; blank: the usual authorities, or REQUESTS_CA_BUNDLE
    client_cert: MaybeLine = ""
    client_key: MaybeLine = ""
    timeout: Annotated[Seconds, LOWER] = 5.0
    tries: Annotated[Tries, LOWER] = 3
    deadline: Annotated[Seconds, LOWER] = 15.0
    steady: Steady = Steady()

    def __post_init__(self) -> None:
        force_setattr(self, "port", self.port or _USUAL_PORTS[self.starttls])

    @property
    def name_in_list(self) -> str:
        """The name, or the address."""
        return self.name or f"{self.host}:{self.port}"

    def clashes(self) -> Iterator[Problem]:
        """Refuse a limit that is reached before the warning, and a key without its certificate."""
        if self.crit_days > self.warn_days:
            says = f"is {self.crit_days:g}, expected at most warn_days, which is {self.warn_days:g}"
            yield Problem(("crit_days",), says)
        yield from _key_problem(self.client_key, self.client_cert)


class PrometheusQuery(Target, frozen=True):
    """A PromQL instant query whose one number has to meet a condition: `number op value`.

    The policy chooses the status of `missing` data, of `nan`, of `stale` samples (older than `max_age`; 0: any age) and
    of an answer with `warnings`, or a partial one; of `several` series, all or any one may have to meet the condition.
    For values computed from samples, such as a sum, only newer servers can bound the age (`lookback_delta`); others
    look back as far as they are configured to, by default five minutes.
    """

    name: Line
    url: Line  # of the server, without /api/v1
    query: Text
    op: Operator
    value: float
    max_age: Annotated[MaybeSeconds, LOWER_OR_0] = 300.0
    missing: Judgement = "unknown"
    nan: Judgement = "unknown"
    stale: Judgement = "unknown"
    warnings: Judgement = "unknown"
    several: Literal["unknown", "all", "any"] = "unknown"
    headers: Headers = field(default_factory=dict)
    proxy: MaybeLine = ""
    ca_bundle: MaybeLine = ""
    timeout: Annotated[Seconds, LOWER] = 5.0
    tries: Annotated[Tries, LOWER] = 3
    deadline: Annotated[Seconds, LOWER] = 15.0
    steady: Steady = Steady()

    @property
    def name_in_list(self) -> str:
        """The query's name."""
        return self.name

    def clashes(self) -> Iterator[Problem]:
        """Refuse what is not a proxy, and invalid header names."""
        yield from _proxy_problem(self.proxy)
        yield from _header_problems(self.headers)


class CompareRule(Target, frozen=True):
    """By how much a measure may differ from its value in an earlier verdict file; a bound itself is good.

    In `measure`, `*` stands for anything, unless the text is the name of a measure itself: `disk[*].used`.
    """

    measure: Line
    name: MaybeLine = ""  # in the gate's id; blank: the measure
    max_increase: Annotated[MaybeChange, LOWER] = None
    max_decrease: Annotated[MaybeChange, LOWER] = None
    missing: Judgement = "unknown"  # where one side has no such measure

    @property
    def name_in_list(self) -> str:
        """The name, or the measure."""
        return self.name or self.measure

    def matches(self, name: str) -> bool:
        """Whether the rule is about a measure."""
        anything = ".*".join(map(re.escape, self.measure.split("*")))
        return name == self.measure or re.fullmatch(anything, name, re.DOTALL) is not None

    def clashes(self) -> Iterator[Problem]:
        """Refuse a rule that bounds nothing."""
        if self.max_increase is None and self.max_decrease is None:
            yield Problem((), "bounds nothing, expected max_increase or max_decrease")


def _proxy_problem(text: str) -> Iterator[Problem]:
    """Refuse what is not a proxy, without showing it."""
    if text not in {"", "none"} and not is_url(text, PROXY_SCHEMES):
        yield Problem(("proxy",), "is not none, nor a URL such as http://proxy.example.com:3128")


def _key_problem(key: str, certificate: str) -> Iterator[Problem]:
    if key and not certificate:
        yield Problem(("client_key",), "is set, expected client_cert beside it")


def _header_problems(headers: Mapping[str, str]) -> Iterator[Problem]:
    for name in headers:
        if not _HEADER.fullmatch(name):
            yield Problem(("headers",), f"has {shown_key(name)!r}, which is not the name of a header")


def is_url(text: str, schemes: Collection[str] = ("http", "https")) -> bool:
    """Return whether a text is a URL with one of these schemes, and a host."""
    with suppress(ValueError):
        parts = urlsplit(text)
        is_web = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
        return is_web and not re.search(r"\s", text)
    return False
