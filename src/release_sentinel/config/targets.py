"""What the gates on host and dependencies judge: one frozen record for each target, with the built-in limits.

Times are in seconds, sizes in bytes, shares in per cent.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Scalar = str | int | float | bool
Operator = Literal["<", "<=", ">", ">=", "==", "!="]
Judgement = Literal["unknown", "ok", "crit"]


@dataclass(frozen=True)
class Steady:
    """How often a gate has to find its target good, one time after the other, before it passes."""

    samples: int = 1
    interval: float = 1.0


class Target:
    """Something that a gate judges."""

    steady: Steady

    @property
    def label(self) -> str:
        """The name in the gate's id, `disk[/var]`, that tells it from the others; blank where there are no others."""
        return ""


class Unlisted(Target):
    """The one target of a gate whose policy lists none: the gate keeps its plain id."""

    @property
    def label(self) -> str:
        """No label."""
        return ""


@dataclass(frozen=True)
class DiskLimits(Target):
    """Limits on one file system, in per cent of what an ordinary user may fill (df's `Use%`); inodes share them."""

    path: str = "/"
    warn: float = 75.0
    crit: float = 85.0
    min_free: int = 0  # bytes that an ordinary user can still write; 0: any number
    timeout: float = 5.0
    steady: Steady = Steady()

    @property
    def label(self) -> str:
        """The path."""
        return self.path


@dataclass(frozen=True)
class MemoryLimits(Target):
    """Limits on memory in use, in per cent of what this process may have."""

    warn: float = 70.0
    crit: float = 85.0
    steady: Steady = Steady()


@dataclass(frozen=True)
class ProcessRule(Target):
    """A process that has to run: `min` to `max` times (0: without an upper bound)."""

    name: str = ""
    min: int = 1
    max: int = 0
    user: str = ""  # the owner's name or number; blank: any
    command: str = ""  # a regular expression that is found in the command line; blank: any
    steady: Steady = Steady()

    @property
    def label(self) -> str:
        """The process's name."""
        return self.name or self.command


@dataclass(frozen=True)
class JsonCondition:
    """What one field of a JSON body has to be; every condition that is given has to hold. A missing field fails."""

    path: str  # `$.checks[0].status`
    equals: Scalar | None = None
    matches: str = ""  # a regular expression that is found in the text
    min: float = -math.inf
    max: float = math.inf


@dataclass(frozen=True)
class Dependency(Target):
    """One dependency over HTTP. `tries` counts the first one too; `deadline` bounds all of them together.

    A header's value takes secrets from the environment: `Bearer ${PAYMENTS_TOKEN}`. `proxy` is blank for the one that
    the environment names (`HTTPS_PROXY`, `NO_PROXY`), `none` for a direct connection, or the proxy's URL.
    """

    name: str = ""
    url: str = ""
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    statuses: tuple[int, ...] = (200,)
    timeout: float = 3.0
    tries: int = 3
    deadline: float = 15.0
    max_latency: float = 0.0  # of the answer that stands; above it the gate warns; 0: any
    max_redirects: int = 0
    proxy: str = ""
    ca_bundle: str = ""  # a PEM file; blank: the usual authorities, or REQUESTS_CA_BUNDLE
    client_cert: str = ""
    client_key: str = ""
    contains: str = ""
    matches: str = ""  # a regular expression that is found in the body
    json: tuple[JsonCondition, ...] = ()
    steady: Steady = Steady()

    @property
    def label(self) -> str:
        """The dependency's name."""
        return self.name


@dataclass(frozen=True)
class TcpTarget(Target):
    """A port that has to accept connections."""

    host: str
    port: int
    name: str = ""
    timeout: float = 3.0
    tries: int = 3
    deadline: float = 15.0
    steady: Steady = Steady()

    @property
    def label(self) -> str:
        """The name, or the address."""
        return self.name or f"{self.host}:{self.port}"


@dataclass(frozen=True)
class CertificateTarget(Target):
    """A server whose TLS certificate has to be trusted, and valid for some more days."""

    host: str
    port: int = 443
    name: str = ""
    server_name: str = ""  # blank: the host
    warn_days: float = 21.0
    crit_days: float = 7.0
    ca_bundle: str = ""  # a PEM file; blank: the usual authorities, or REQUESTS_CA_BUNDLE
    timeout: float = 5.0
    tries: int = 3
    deadline: float = 15.0
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

    name: str
    url: str  # of the server, without /api/v1
    query: str
    op: Operator
    value: float
    max_age: float = 300.0
    missing: Judgement = "unknown"
    nan: Judgement = "unknown"
    stale: Judgement = "unknown"
    warnings: Judgement = "unknown"
    several: Literal["unknown", "all", "any"] = "unknown"
    headers: Mapping[str, str] = field(default_factory=dict)
    proxy: str = ""
    ca_bundle: str = ""
    timeout: float = 5.0
    tries: int = 3
    deadline: float = 15.0
    steady: Steady = Steady()

    @property
    def label(self) -> str:
        """The query's name."""
        return self.name


class UnlistedDisk(Unlisted, DiskLimits):
    """What `RS_DISK_*` set where the policy lists no disk."""


class UnlistedProcess(Unlisted, ProcessRule):
    """What `RS_REQUIRED_PROCESS` sets where the policy lists no process."""


class UnlistedDependency(Unlisted, Dependency):
    """What `RS_API_*` set where the policy lists no dependency."""
