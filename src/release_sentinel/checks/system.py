"""Is this host fit to take the release?"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace as replace_in

from msgspec.structs import replace

from release_sentinel.checks.result import CRIT, OK, UNKNOWN, WARN, CheckResult, measured
from release_sentinel.config.targets import DiskLimits, MemoryLimits, ProcessRule
from release_sentinel.measures import Measure
from release_sentinel.observe import Unseen, host, processes
from release_sentinel.observe.patterns import EndlessPatternError, Matcher, Question
from release_sentinel.observe.processes import Process, Table

_DISK, _MEMORY = DiskLimits(), MemoryLimits()
_KERNEL_FILES = "see /proc/meminfo and the container's limits"


def check_disk(
    path: str | DiskLimits | None = None,
    limits: DiskLimits = _DISK,
    *,
    observe: Callable[..., host.Disk | Unseen] = host.disk,
) -> CheckResult:
    """Disk in use, in per cent of what an ordinary user may fill (df's figure), is below its limit; inodes too.

    Why: a full disk breaks the release midway: half-written files, no logs, no rollback.
    Unknown: the path does not exist, or its mount does not answer.
    Remedy: free space or grow the volume; the limits are `RS_DISK_WARN` and `RS_DISK_CRIT`, or the policy's `disks`.

    A file system that an error made read-only fails; one that is mounted read-only is a WARN, unless the policy says
    `read_only = true`.
    """
    where, limits = (path.path, path) if isinstance(path, DiskLimits) else (path or limits.path, limits)
    seen = observe(where, timeout=limits.timeout)
    if isinstance(seen, Unseen):
        return CheckResult(UNKNOWN, seen.why, seen.remedy)
    if seen.broken:
        message = f"{_place(seen)} is read-only: {seen.broken}"
        return CheckResult(CRIT, message, "see `dmesg`; repair the file system (fsck) and mount it again")
    result = _use(seen, limits)
    if not seen.read_only or limits.read_only:
        return result
    message = f"{result.message}; it is mounted read-only"
    if result.status is OK:
        remedy = "mount it read-write, or set `read_only = true` for this disk in the policy"
        return CheckResult(WARN, message, remedy)
    return replace_in(result, message=message)


def _place(seen: host.Disk) -> str:
    return f"{seen.path} ({seen.file_system} on {seen.mount})"


def _use(seen: host.Disk, limits: DiskLimits) -> CheckResult:
    """Judge how full a file system is."""
    where = _place(seen)
    if seen.never_writable and limits.read_only:
        return CheckResult(OK, f"{where} is mounted; it can only be read")
    space = _per_cent(seen.used, seen.available)
    if space is None:
        return CheckResult(UNKNOWN, f"{where} reports no size", "name a real file system")
    inodes = _per_cent(seen.inodes_used, seen.inodes_available)  # None: the file system has no fixed number of them
    counted = "" if inodes is None else f", {inodes:.1f}% of inodes"
    figures = f"{space:.1f}% of space{counted} in use on {where}"
    shares = [Measure("used", space, "%", limits.warn, limits.crit)]
    shares += [] if inodes is None else [Measure("inodes", inodes, "%", limits.warn, limits.crit)]
    free = Measure("free", seen.available, "bytes")
    if not seen.available >= limits.min_free:
        message = f"{figures}, {_size(seen.available)} free, expected at least {_size(limits.min_free)}"
        return measured(CheckResult(CRIT, message, "free space, or grow the volume"), *shares, free)
    fullest = max(space, inodes or 0.0)
    result = _graded(fullest, limits.warn, limits.crit, figures, "free space, or grow the volume")
    return measured(result, *shares, free)


def check_memory(
    limits: MemoryLimits = _MEMORY, *, observe: Callable[[], host.Memory | Unseen] = host.memory
) -> CheckResult:
    """Memory in use is below its limit: of the host and of each control group that limits this process.

    Why: a host without free memory kills the new release, or other processes.
    Unknown: the kernel reports no usable figure, or one of its files cannot be understood.
    Remedy: free memory or raise the container's limit; the limits are `RS_MEMORY_WARN` and `RS_MEMORY_CRIT`.

    The fullest one is judged, for any of them can kill. A group that is only slowed down beyond its `memory.high` is a
    WARN.
    """
    seen = observe()
    if isinstance(seen, Unseen):
        return CheckResult(UNKNOWN, seen.why, seen.remedy or _KERNEL_FILES)
    scopes = [_counted(scope, limits) for scope in (seen, *seen.others)]
    bounds = [scope for scope in scopes if not scope.slows]
    if any(scope.limit <= 0 for scope in bounds):
        return CheckResult(UNKNOWN, "the kernel reports no size", _KERNEL_FILES)
    fullest = max(bounds, key=lambda scope: scope.share)
    used = 100 * fullest.share
    figures = f"{used:.1f}% of {fullest.limit / 2**30:.1f} GiB in use ({fullest.scope})"
    if fullest.unused_huge_pages and not limits.count_unused_huge_pages:
        figures += f", besides {_size(fullest.unused_huge_pages)} of unused huge pages"
    if fullest.zfs_cache and not limits.count_zfs_cache:
        figures += f", besides {_size(fullest.zfs_cache)} of ZFS's cache"
    result = _graded(used, limits.warn, limits.crit, figures, "free memory, or raise the limit")
    result = _throttled(_with_causes(result, fullest, limits), scopes, limits)
    return measured(result, Measure("used", used, "%", limits.warn, limits.crit))


def _counted(scope: host.Memory, limits: MemoryLimits) -> host.Memory:
    """Return a scope's memory as the policy counts it.

    Unused huge pages leave the total too: nothing else can have them, so the rest is full before.
    """
    aside = 0 if limits.count_unused_huge_pages else scope.unused_huge_pages
    cache = 0 if limits.count_zfs_cache else scope.zfs_cache
    return replace(scope, used=scope.used - aside - cache, limit=scope.limit - aside)


def _with_causes(result: CheckResult, scope: host.Memory, limits: MemoryLimits) -> CheckResult:
    """Name what contributes to memory that is short."""
    causes, remedy = [], result.remedy
    if result.status is OK:
        return result
    if scope.zfs_cache and limits.count_zfs_cache:
        causes.append(f"{_size(scope.zfs_cache)} of it is ZFS's cache (ARC), which it can give back")
        remedy = f"{remedy}, or lower zfs_arc_max, or set `count_zfs_cache = false` under `memory`"
    if scope.unused_huge_pages and limits.count_unused_huge_pages:
        causes.append(f"{_size(scope.unused_huge_pages)} of it are unused huge pages")
        remedy = f"{remedy}, or lower vm.nr_hugepages"
    if scope.swap:
        in_use, most = scope.swap
        causes.append(f"{_size(in_use)} of {_size(most)} of swap in use" if most else "the group may not swap")
    return replace_in(result, message="; ".join([result.message, *causes]), remedy=remedy)


def _throttled(result: CheckResult, scopes: Iterable[host.Memory], limits: MemoryLimits) -> CheckResult:
    """Warn of a group near its `memory.high`, beyond which the kernel slows it down."""
    near = [scope for scope in scopes if scope.slows and not 100 * scope.share < limits.crit]
    if not near:
        return result
    nearest = max(near, key=lambda scope: scope.share)
    words = f"{100 * nearest.share:.1f}% of memory.high, {_size(nearest.limit)}, in use ({nearest.scope})"
    message = f"{result.message}; {words}: the kernel slows it down"
    if result.status is OK:
        return CheckResult(WARN, message, "free memory, or raise memory.high (MemoryHigh= of the unit)")
    return replace_in(result, message=message)


def check_process(
    name: str | ProcessRule,
    *,
    own_processes: Collection[int] = (),
    observe: Callable[[], Table | Unseen] | None = None,
) -> CheckResult:
    """At least one live process has exactly this name: of its executable, its title, or the script that it runs.

    Why: a release does not reach a host whose agent, proxy or runtime is down.
    Unknown: the process table cannot be read, or hides matches; no name is given, or a pattern takes too long.
    Remedy: start the process, or correct `RS_REQUIRED_PROCESS`, or the policy's `processes`.

    Processes in `own_processes` (the gate and what started it) prove little: if only they match, the result is a WARN.
    """
    rule = name if isinstance(name, ProcessRule) else ProcessRule(name)
    if not (rule.name + rule.command).strip():
        return CheckResult(UNKNOWN, "no process is named", f"set {_setting(rule)}")
    seen = observe() if observe else processes.processes(users=bool(rule.user))
    if isinstance(seen, Unseen):
        return CheckResult(UNKNOWN, seen.why, seen.remedy)
    try:
        matching = {process.pid for process in _meant(rule, seen.processes)}
    except EndlessPatternError as endless:
        return CheckResult(UNKNOWN, endless.seen.why, endless.seen.remedy)
    others = matching - set(own_processes)
    return measured(_counted_processes(rule, seen, matching, others), Measure("count", len(others), "processes"))


def _counted_processes(rule: ProcessRule, seen: Table, matching: set[int], others: set[int]) -> CheckResult:
    """Judge how many processes match; `others` are those besides this gate itself."""
    described = _described(rule)
    if rule.max and len(others) > rule.max:
        return CheckResult(
            CRIT, f"{described} running {len(others)} times, expected at most {rule.max}", f"stop all but {rule.max}"
        )
    if len(others) >= rule.min:
        pid = f"pid {min(others)}" if len(others) == 1 else f"{len(others)} processes"
        return CheckResult(OK, f"{described} running ({pid})")
    if len(matching) >= rule.min:
        message = f"{_few(rule, len(others))}, unless this gate itself is counted"
        only = f"only this gate itself, or what started it, matches {described}"
        remedy = f"name a process in {_setting(rule)} that runs without the gate"
        return CheckResult(WARN, message if others else only, remedy)
    return _absent(rule, seen, len(others))


def _absent(rule: ProcessRule, seen: Table, count: int) -> CheckResult:
    """Judge a process that is seen too few times: it is absent, or it is hidden."""
    described, number = _described(rule), len(seen.processes)
    found = _few(rule, count) if count else ""
    if seen.hidden:
        message = f"{found or f'{described} not seen'}, but {seen.hidden}"
        who = "let the account there" if rule.on_host else "run the gate as a user who may"
        return CheckResult(UNKNOWN, message, f"{who} see all processes")
    if any(process.cut and rule.name.startswith(process.cut) for process in seen.processes):
        message = f"{found or f'{described} not seen'}, but a process with a truncated name may be it"
        return CheckResult(UNKNOWN, message, "run the gate as a user who may see its command line")
    where = " in this container, which hides those of its host" if seen.container else ""
    return CheckResult(
        CRIT,
        f"{found or f'{described} not running'} ({number} processes seen{where})",
        f"start {rule.name or 'it'}, or correct {_setting(rule)}",
    )


def _setting(rule: ProcessRule) -> str:
    """Return where a process is named."""
    return f"`processes` of host {rule.on_host} in the policy" if rule.on_host else "RS_REQUIRED_PROCESS"


def _few(rule: ProcessRule, count: int) -> str:
    return f"{_described(rule)} running {count} {'time' if count == 1 else 'times'}, expected {rule.min}"


def _meant(rule: ProcessRule, seen: Iterable[Process]) -> list[Process]:
    """Return the processes that a rule is about; raises `EndlessPatternError`."""
    named = [process for process in seen if _is_named(rule, process)]
    if not rule.command:
        return named
    found = Matcher().answers([Question(rule.command, process.command) for process in named])
    return [process for process, matches in zip(named, found, strict=True) if matches]


def _is_named(rule: ProcessRule, process: Process) -> bool:
    return (not rule.name or processes.folded(rule.name) in process.names) and (
        not rule.user or any(rule.user in {user, user.rpartition("\\")[2]} for user in process.user)
    )


def _described(rule: ProcessRule) -> str:
    """Name what is looked for; a command line itself is never shown, because it may hold secrets."""
    user = f" of {rule.user}" if rule.user else ""
    command = f" with a command line like {rule.command!r}" if rule.command else ""
    return f"{rule.name or 'a process'}{user}{command}"


def _size(number: int) -> str:
    """Format a number of bytes."""
    for unit, size in (("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if number >= size:
            return f"{number / size:.1f} {unit}"
    return f"{number} bytes"


def _per_cent(used: int, available: int) -> float | None:
    return 100 * used / (used + available) if used + available > 0 else None


def _graded(value: float, warn: float, crit: float, figures: str, remedy: str) -> CheckResult:
    """Judge an unrounded figure. The passing conditions are written out, so that NaN fails."""
    if value < warn:
        return CheckResult(OK, figures)
    if value < crit:
        return CheckResult(WARN, f"{figures}, warns from {warn:g}%", remedy)
    return CheckResult(CRIT, f"{figures}, expected below {crit:g}%", remedy)
