"""Is this host fit to take the release?"""

from collections.abc import Callable, Collection

from release_sentinel.checks.result import CRIT, OK, UNKNOWN, WARN, CheckResult
from release_sentinel.config.model import DiskLimits, MemoryLimits
from release_sentinel.observe import Unseen, host

_DISK, _MEMORY = DiskLimits(), MemoryLimits()


def check_disk(
    path: str | None = None,
    limits: DiskLimits = _DISK,
    *,
    observe: Callable[[str], host.Disk | Unseen] = host.disk,
) -> CheckResult:
    """Disk in use, in per cent of what an ordinary user may fill (df's figure), is below its limit; inodes too.

    Why: a full disk breaks the release in the middle: half-written files, no logs, no way back.
    Unknown: the path is not there, or its mount does not answer.
    Remedy: free space or grow the volume; the limits are `RS_DISK_WARN` and `RS_DISK_CRIT`.
    """
    seen = observe(path or limits.path)
    if isinstance(seen, Unseen):
        return CheckResult(UNKNOWN, seen.why, seen.remedy)
    where = f"{seen.path} ({seen.file_system} on {seen.mount})"
    space = _per_cent(seen.used, seen.available)
    if space is None:
        return CheckResult(UNKNOWN, f"{where} reports no size", "name a real file system")
    inodes = _per_cent(seen.inodes_used, seen.inodes_available)  # None: the file system has no fixed number of them
    counted = "" if inodes is None else f", {inodes:.1f}% of inodes"
    figures = f"{space:.1f}% of space{counted} in use on {where}"
    return _graded(max(space, inodes or 0.0), limits.warn, limits.crit, figures, "free space, or grow the volume")


def check_memory(
    limits: MemoryLimits = _MEMORY, *, observe: Callable[[], host.Memory | Unseen] = host.memory
) -> CheckResult:
    """Memory in use, in per cent of what this process may have, is below its limit.

    Why: a host out of memory kills the release that it is given, or its neighbours.
    Unknown: the kernel reports no usable figure.
    Remedy: free memory or raise the container's limit; the limits are `RS_MEMORY_WARN` and `RS_MEMORY_CRIT`.
    """
    seen = observe()
    if isinstance(seen, Unseen) or seen.limit <= 0:
        why = seen.why if isinstance(seen, Unseen) else "the kernel reports no size"
        return CheckResult(UNKNOWN, why, "see /proc/meminfo and the container's limits")
    used = 100 * seen.used / seen.limit
    figures = f"{used:.1f}% of {seen.limit / 2**30:.1f} GiB in use ({seen.scope})"
    return _graded(used, limits.warn, limits.crit, figures, "free memory, or raise the limit")


def check_process(
    name: str,
    *,
    ourselves: Collection[int] = (),
    observe: Callable[[], tuple[host.Process, ...] | Unseen] = host.processes,
) -> CheckResult:
    """At least one live process has exactly this name: its executable's, or that of its first argument.

    Why: a release onto a host whose agent, proxy or runtime is down does not arrive.
    Unknown: the process table cannot be read, or no name is given.
    Remedy: start the process, or correct `RS_REQUIRED_PROCESS`.

    Processes in `ourselves` (the gate and what started it) prove little: if only they match, the result is a WARN.
    """
    if not name.strip():
        return CheckResult(UNKNOWN, "no process is named", "set RS_REQUIRED_PROCESS")
    seen = observe()
    if isinstance(seen, Unseen):
        return CheckResult(UNKNOWN, seen.why, seen.remedy)
    matching = {process.pid for process in seen if name in process.names}
    if not matching:
        return CheckResult(
            CRIT,
            f"{name} not running ({len(seen)} processes seen)",
            f"start {name}, or correct RS_REQUIRED_PROCESS",
        )
    if others := matching - set(ourselves):
        pid = f"pid {min(others)}" if len(others) == 1 else f"{len(others)} processes"
        return CheckResult(OK, f"{name} running ({pid})")
    return CheckResult(
        WARN,
        f"only this gate itself, or what started it, is called {name}",
        "name a process in RS_REQUIRED_PROCESS that runs without the gate",
    )


def _per_cent(used: int, available: int) -> float | None:
    return 100 * used / (used + available) if used + available > 0 else None


def _graded(value: float, warn: float, crit: float, figures: str, remedy: str) -> CheckResult:
    """Judge an unrounded figure. The passing conditions are written out, so that NaN fails."""
    if value < warn:
        return CheckResult(OK, figures)
    if value < crit:
        return CheckResult(WARN, f"{figures}, warns from {warn:g}%", remedy)
    return CheckResult(CRIT, f"{figures}, expected below {crit:g}%", remedy)
