"""What the gates on host and dependencies judge: one frozen record for each target, with the built-in limits.

Times are in seconds, sizes in bytes, shares in per cent.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from release_sentinel.config.kinds import (
    Address,
    Bytes,
    Count,
    Days,
    HeaderValue,
    HttpStatuses,
    Line,
    MaybeLine,
    MaybeRegex,
    MaybeSeconds,
    Method,
    PerCent,
    Port,
    Redirects,
    Samples,
    Seconds,
    Tries,
)

Scalar = str | int | float | bool
Operator = Literal["<", "<=", ">", ">=", "==", "!="]
Judgement = Literal["unknown", "ok", "crit"]


@dataclass(frozen=True)
class Steady:
    """How often a gate has to find its target good, one time after the other, before it passes."""

    samples: Samples = 1
    interval: MaybeSeconds = 1.0


class Target:
    """Something that a gate judges."""

    steady: Steady

    @property
    def label(self) -> str:
        """The name in the gate's id, `disk[/var]`, that tells it from the others; blank where there are no others."""
        return ""


class Unlisted(Target):
    """The target of a gate that stands outside of the policy's lists: the gate keeps its plain id."""

    @property
    def label(self) -> str:
        """No label."""
        return ""


@dataclass(frozen=True)
class DiskLimits(Target):
    """Limits on one file system, in per cent of what an ordinary user may fill (df's `Use%`); inodes share them."""

    path: Line = "/"
    warn: PerCent = 75.0
    crit: PerCent = 85.0
    min_free: Bytes = 0  # bytes that an ordinary user can still write; 0: any number
    timeout: Seconds = 5.0
    steady: Steady = Steady()

    @property
    def label(self) -> str:
        """The path."""
        return self.path


@dataclass(frozen=True)
class MemoryLimits(Target):
    """Limits on memory in use, in per cent of what this process may have."""

    warn: PerCent = 70.0
    crit: PerCent = 85.0
    steady: Steady = Steady()


@dataclass(frozen=True)
class ProcessRule(Target):
    """A process that has to run: `min` to `max` times (0: without an upper bound)."""

    name: MaybeLine = ""
    min: Count = 1
    max: Count = 0
    user: MaybeLine = ""  # the owner's name or number; blank: any
    command: MaybeRegex = ""  # a regular expression that is found in the command line; blank: any
    steady: Steady = Steady()

    @property
    def label(self) -> str:
        """The process's name."""
        return self.name or self.command


@dataclass(frozen=True)
class JsonCondition:
    """What one field of a JSON body has to be; every condition that is given has to hold. A missing field fails."""

    path: Line  # `$.checks[0].status`
    equals: Scalar | None = None
    matches: MaybeRegex = ""  # a regular expression that is found in the text
    min: float = -math.inf
    max: float = math.inf


@dataclass(frozen=True)
class Dependency(Target):
    """One dependency over HTTP. `tries` counts the first one too; `deadline` bounds all of them together.

    A header's value takes secrets from the environment: `Bearer ${PAYMENTS_TOKEN}`. `proxy` is blank for the one that
    the environment names (`HTTPS_PROXY`, `NO_PROXY`), `none` for a direct connection, or the proxy's URL.
    """

    name: MaybeLine = ""
    url: MaybeLine = ""
    method: Method = "GET"
    headers: Mapping[Line, HeaderValue] = field(default_factory=dict)
    statuses: HttpStatuses = (200,)
    timeout: Seconds = 3.0
    tries: Tries = 3
    deadline: Seconds = 15.0
    max_latency: MaybeSeconds = 0.0  # of the answer that stands; above it the gate warns; 0: any
    max_redirects: Redirects = 0
    proxy: MaybeLine = ""
    ca_bundle: MaybeLine = ""  # a PEM file; blank: the usual authorities, or REQUESTS_CA_BUNDLE
    client_cert: MaybeLine = ""
    client_key: MaybeLine = ""
    contains: str = ""
    matches: MaybeRegex = ""  # a regular expression that is found in the body
    json: tuple[JsonCondition, ...] = ()
    steady: Steady = Steady()

    @property
    def label(self) -> str:
        """The dependency's name."""
        return self.name


@dataclass(frozen=True)
class TcpTarget(Target):
    """A port that has to accept connections."""

    host: Address
    port: Port
    name: MaybeLine = ""
    timeout: Seconds = 3.0
    tries: Tries = 3
    deadline: Seconds = 15.0
    steady: Steady = Steady()

    @property
    def label(self) -> str:
        """The name, or the address."""
        return self.name or f"{self.host}:{self.port}"


@dataclass(frozen=True)
class CertificateTarget(Target):
    """A server whose TLS certificate has to be trusted, and valid for some more days."""

    host: Address
    port: Port = 443
    name: MaybeLine = ""
    server_name: MaybeLine = ""  # blank: the host
    warn_days: Days = 21.0
    crit_days: Days = 7.0
    ca_bundle: MaybeLine = ""  # a PEM file; blank: the usual authorities, or REQUESTS_CA_BUNDLE
    timeout: Seconds = 5.0
    tries: Tries = 3
    deadline: Seconds = 15.0
    steady: Steady = Steady()

    @property
    def label(self) -> str:
        """The name, or the address."""
        return self.name or f"{self.host}:{self.port}"


@dataclass(frozen=True)
class PrometheusQuery(Target):
    """A PromQL instant query whose one number has to meet a condition: `number op value`.

    What is said of `missing` data, of `nan`, of `stale` samples (older than `max_age`; 0: any age) and of an answer
    with `warnings` is the policy's choice; of `several` series, all or any one may have to meet the condition.
    Of what is computed from samples, such as a sum, only a newer server can bound the age (`lookback_delta`); others
    look back as far as they are set to, by default five minutes.
    """

    name: Line
    url: Line  # of the server, without /api/v1
    query: Line
    op: Operator
    value: float
    max_age: MaybeSeconds = 300.0
    missing: Judgement = "unknown"
    nan: Judgement = "unknown"
    stale: Judgement = "unknown"
    warnings: Judgement = "unknown"
    several: Literal["unknown", "all", "any"] = "unknown"
    headers: Mapping[Line, HeaderValue] = field(default_factory=dict)
    proxy: MaybeLine = ""
    ca_bundle: MaybeLine = ""
    timeout: Seconds = 5.0
    tries: Tries = 3
    deadline: Seconds = 15.0
    steady: Steady = Steady()

    @property
    def label(self) -> str:
        """The query's name."""
        return self.name


class UnlistedDisk(Unlisted, DiskLimits):
    """What `disk` says, and `RS_DISK_*` set."""


class UnlistedProcess(Unlisted, ProcessRule):
    """What `process` says, and `RS_REQUIRED_PROCESS` sets."""


class UnlistedDependency(Unlisted, Dependency):
    """What `api` says, and `RS_API_*` set."""
