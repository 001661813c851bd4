"""The environment variables that set the policy, each with what it may say."""

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Variable:
    """An environment variable that sets one field of the policy."""

    name: str
    path: str
    parse: Callable[[str], object]
    meaning: str


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


def _choice(*words: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in words:
            raise ValueError(f"one of {', '.join(words)}")
        return value

    return parse


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


_per_cent = _number(0, 100, "per cent,")
_seconds = _number(0.1, 600, "seconds,")

VARIABLES = (
    Variable("RS_REQUIRED_PROCESS", "processes.0.name", str, "the process that has to run (gate `process`)"),
    Variable("RS_API_URL", "dependencies.0.url", str, "the dependency that has to answer (gate `api`)"),
    Variable("RS_API_STATUSES", "dependencies.0.statuses", _statuses, "HTTP statuses that count as healthy"),
    Variable("RS_API_TIMEOUT", "dependencies.0.timeout", _seconds, "seconds for one try"),
    Variable("RS_API_TRIES", "dependencies.0.tries", _count(1, 20), "tries, the first one included"),
    Variable("RS_API_DEADLINE", "dependencies.0.deadline", _seconds, "seconds for all tries together"),
    Variable("RS_GATE_SECONDS", "gate_seconds", _number(0.1, 3600, "seconds,"), "seconds that one gate may take"),
    Variable("RS_DEADLINE", "deadline", _number(0.1, 86400, "seconds,"), "seconds that the whole run may take"),
    Variable("RS_ENABLE", "enable", _names, "opt-in gates to run"),
    Variable("RS_ENVIRONMENTS", "environments", _names, "names that `--env` may have"),
    Variable("RS_BRANCHES", "git.branches", _names, "branches that releases come from; globs"),
    Variable("RS_REMOTE", "git.remote", str, "the Git remote that is asked for tags"),
    Variable("RS_TAG_MODE", "git.tag_mode", _choice("auto", "new", "existing"), "whether the tag has to exist"),
    Variable("RS_SIGNERS", "git.signers", _names, "who may sign (gate `signature`)"),
    Variable("RS_VERSION_FILES", "version.files", _names, "manifests that say the version (gate `version-files`)"),
    Variable("RS_CHANGELOG", "version.changelog", str, "the changelog (gate `changelog`)"),
    Variable("RS_VERSION_PREFIX", "version.prefix", str, "what stands before the SemVer number"),
    Variable("RS_PRERELEASES", "version.prereleases", _flag, "whether pre-releases such as v1.0.0-rc.1 may go out"),
    Variable("RS_DISK_PATH", "disks.0.path", str, "the path whose file system is judged"),
    Variable("RS_DISK_WARN", "disks.0.warn", _per_cent, "disk use that warns, in per cent"),
    Variable("RS_DISK_CRIT", "disks.0.crit", _per_cent, "disk use that fails, in per cent"),
    Variable("RS_MEMORY_WARN", "memory.warn", _per_cent, "memory use that warns, in per cent"),
    Variable("RS_MEMORY_CRIT", "memory.crit", _per_cent, "memory use that fails, in per cent"),
)
