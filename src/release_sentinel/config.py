"""The settings of one run: what is allowed, what is required, and the limits that the checks judge by.

Built-in defaults lie under the `RS_*` variables of the environment; a value that cannot be understood is refused.
"""

import math
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, overload

from release_sentinel.errors import InvalidPolicyError, MissingSettingError


@overload
def get_env(name: str, *, required: Literal[True], default: str | None = None) -> str: ...
@overload
def get_env(name: str, *, required: bool = False, default: str) -> str: ...
@overload
def get_env(name: str, *, required: bool = False, default: None = None) -> str | None: ...
def get_env(name: str, *, required: bool = False, default: str | None = None) -> str | None:
    """Return the environment variable `name`, or `default`.

    Raises `MissingSettingError`, a `RuntimeError`, when it is `required` and there is neither.
    """
    value = os.environ.get(name, default)
    if required and value is None:
        raise MissingSettingError(name)
    return value


@dataclass(frozen=True)
class DiskLimits:
    """Limits on one file system, in per cent of what an ordinary user may fill (df's `Use%`)."""

    path: str = "/"
    warn: float = 75.0
    crit: float = 85.0


@dataclass(frozen=True)
class MemoryLimits:
    """Limits on memory in use, in per cent of what this process may have."""

    warn: float = 70.0
    crit: float = 85.0


@dataclass(frozen=True)
class ApiTarget:
    """One dependency over HTTP. Times in seconds; `tries` counts the first one too."""

    url: str
    timeout: float = 3.0
    tries: int = 3
    deadline: float = 15.0
    statuses: tuple[int, ...] = (200,)


_PLACEHOLDERS = (
    r"change[-_ ]?(me|it|this)",
    r"replace[-_ ]?(me|this|with.*)",
    r"<.*>",
    r"\$\{.*\}|\$\(.*\)|\$[A-Za-z_]\w*",
    r"\{\{.*\}\}|%\w+%",
    r"x{3,}|\*{3,}|\.{3,}|-+",
    r"to[-_ ]?do|tbd|fix[-_ ]?me|placeholder|n/?a|none|null|nil|undefined|unset|empty",
    r"(your|my|insert|enter)[-_ ].*",
)


@dataclass(frozen=True)
class Policy:
    """The validated settings of one run."""

    environments: tuple[str, ...] = ("dev", "stage", "prod")
    branches: tuple[str, ...] = ("main", "master")
    remote: str = ""  # blank: `origin`, or the only one there is
    version_prefix: str = "v"
    prereleases: bool = False
    settings: tuple[str, ...] = ("RS_REQUIRED_PROCESS", "RS_API_URL")
    secrets: tuple[str, ...] = ("RS_DEPLOY_TOKEN",)
    placeholders: tuple[str, ...] = _PLACEHOLDERS  # regular expressions, matched whole, case ignored
    disk: DiskLimits = field(default_factory=DiskLimits)
    memory: MemoryLimits = field(default_factory=MemoryLimits)
    process: str = ""
    gate_seconds: float = 90.0  # one gate
    deadline: float = 300.0  # the whole run
    api: ApiTarget = field(default_factory=lambda: ApiTarget(url=""))

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> "Policy":
        """Build the policy of one run from the defaults and the `RS_*` variables of `environ`.

        Raises `InvalidPolicyError`, which names every variable that cannot be understood.
        """
        environ = os.environ if environ is None else environ
        policy, problems = cls(), []
        for variable in VARIABLES:
            value = environ.get(variable.name, "").strip()
            if not value:
                continue
            try:
                policy = _put(policy, variable.path, variable.parse(value))
            except ValueError as error:
                problems.append(f"{variable.name} is {value!r}, expected {error}")
        policy = _lower_warnings(policy, environ)
        problems += _contradictions(policy)
        if problems:
            raise InvalidPolicyError(problems)
        return policy


def _put(record: Any, path: str, value: object) -> Any:
    """Return `record` with the field at the dotted `path` replaced."""
    name, _, rest = path.partition(".")
    return replace(record, **{name: _put(getattr(record, name), rest, value) if rest else value})


def _lower_warnings(policy: "Policy", environ: Mapping[str, str]) -> "Policy":
    """Let a limit that is set below the default warning take the warning along, where that is not set itself."""
    for name in ("disk", "memory"):
        limits = getattr(policy, name)
        if not environ.get(f"RS_{name.upper()}_WARN", "").strip():
            policy = _put(policy, f"{name}.warn", min(limits.warn, limits.crit))
    return policy


def _contradictions(policy: Policy) -> Iterable[str]:
    for name, limits in (("DISK", policy.disk), ("MEMORY", policy.memory)):
        if not limits.warn <= limits.crit:
            yield f"RS_{name}_WARN is {limits.warn:g}, expected at most RS_{name}_CRIT, which is {limits.crit:g}"


def _names(value: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in value.split(",") if name.strip())
    if not names:
        raise ValueError("a list of names, with commas between them")
    return names


def _flag(value: str) -> bool:
    try:
        return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[value.lower()]
    except KeyError:
        raise ValueError("true or false") from None


def _statuses(value: str) -> tuple[int, ...]:
    names = [name.strip() for name in value.split(",")]
    if not all(name.isascii() and name.isdigit() and 100 <= int(name) <= 599 for name in names):
        raise ValueError("HTTP status codes, with commas between them")
    return tuple(int(name) for name in names)


def _number(low: float, high: float, unit: str) -> Callable[[str], float]:
    def parse(value: str) -> float:
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not low <= number <= high:
            raise ValueError(f"{unit} from {low:g} to {high:g}")
        return number

    return parse


def _count(low: int, high: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not (value.isascii() and value.isdigit() and low <= int(value) <= high):
            raise ValueError(f"a whole number from {low} to {high}")
        return int(value)

    return parse


@dataclass(frozen=True)
class Variable:
    """An environment variable that sets one field of the policy."""

    name: str
    path: str
    parse: Callable[[str], object]
    meaning: str


_per_cent = _number(0, 100, "per cent,")
_seconds = _number(0.1, 600, "seconds,")

VARIABLES = (
    Variable("RS_REQUIRED_PROCESS", "process", str, "the process that has to run (gate `process`)"),
    Variable("RS_API_URL", "api.url", str, "the dependency that has to answer (gate `api`)"),
    Variable("RS_API_STATUSES", "api.statuses", _statuses, "HTTP statuses that count as healthy"),
    Variable("RS_API_TIMEOUT", "api.timeout", _seconds, "seconds for one try"),
    Variable("RS_API_TRIES", "api.tries", _count(1, 20), "tries, the first one included"),
    Variable("RS_API_DEADLINE", "api.deadline", _seconds, "seconds for all tries together"),
    Variable("RS_GATE_SECONDS", "gate_seconds", _number(0.1, 3600, "seconds,"), "seconds that one gate may take"),
    Variable("RS_DEADLINE", "deadline", _number(0.1, 86400, "seconds,"), "seconds that the whole run may take"),
    Variable("RS_ENVIRONMENTS", "environments", _names, "names that `--env` may have"),
    Variable("RS_BRANCHES", "branches", _names, "branches that releases come from; globs"),
    Variable("RS_REMOTE", "remote", str, "the Git remote that is asked for tags"),
    Variable("RS_VERSION_PREFIX", "version_prefix", str, "what stands before the SemVer number"),
    Variable("RS_PRERELEASES", "prereleases", _flag, "whether pre-releases such as v1.0.0-rc.1 may go out"),
    Variable("RS_DISK_PATH", "disk.path", str, "the path whose file system is judged"),
    Variable("RS_DISK_WARN", "disk.warn", _per_cent, "disk use that warns, in per cent"),
    Variable("RS_DISK_CRIT", "disk.crit", _per_cent, "disk use that fails, in per cent"),
    Variable("RS_MEMORY_WARN", "memory.warn", _per_cent, "memory use that warns, in per cent"),
    Variable("RS_MEMORY_CRIT", "memory.crit", _per_cent, "memory use that fails, in per cent"),
)
