"""What the host reports about its disks and its memory."""

import contextlib
import math
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from release_sentinel.lines import split
from release_sentinel.observe import Unseen, cgroups, mounts
from release_sentinel.observe.bounded import Bounded
from release_sentinel.sentences import sentence

WINDOWS = os.name == "nt"


class Disk(Struct, frozen=True):
    """One file system. Sizes in bytes; `available` is what an ordinary user may still use.

    `broken` says why an error seems to have made it read-only; one that is mounted so has none. `never_writable` is of
    its type: such a file system is always full.
    """

    path: str
    mount: str
    file_system: str
    used: int
    available: int
    inodes_used: int
    inodes_available: int
    read_only: bool = False
    broken: str = ""
    never_writable: bool = False


class Memory(Struct, frozen=True):
    """Memory in bytes; `scope` says whose: the host's, or the control group's that limits this process.

    Of what is `used`, the kernel counts `zfs_cache` although ZFS can give it back, and `unused_huge_pages` although
    they are unused.
    """

    used: int
    limit: int
    scope: str
    zfs_cache: int = 0
    unused_huge_pages: int = 0
    swap: tuple[int, int] | None = None  # in use, and the most that the group may use; None: not limited
    slows: bool = False  # beyond the limit the kernel slows processes down; beyond all others it kills
    others: "tuple[Memory, ...]" = ()  # the scopes besides

    @property
    def share(self) -> float:
        """How much of the limit is in use; 1 is all of it."""
        return self.used / self.limit if self.limit > 0 else math.inf


# statvfs on a dead network mount never returns and no signal ends it: only another process can be left behind.
_STATVFS = """
import os, sys
sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")
path = os.path.realpath(sys.argv[1])
s = os.statvfs(path)
mount = "-"
try:
    with open(f"/proc/self/fdinfo/{os.open(path, os.O_PATH)}") as about:
        mount = next(line.split()[1] for line in about if line.startswith("mnt_id:"))
except (OSError, AttributeError, StopIteration, LookupError):
    pass
sizes = s.f_frsize * (s.f_blocks - s.f_bfree), s.f_frsize * s.f_bavail, s.f_files - s.f_ffree, s.f_favail
print(*sizes, s.f_flag, mount, path)
"""
_READ_ONLY = 1  # of statvfs' flags


def disk(path: str, *, timeout: float = 5.0, root: Path = Path("/")) -> Disk | Unseen:
    """Observe the file system that holds `path`. `root` is where the table of mounts is found, below `proc`."""
    if WINDOWS:
        try:
            return Bounded(lambda: _windows_disk(path)).result(timeout)
        except TimeoutError:
            return _hung(path, timeout)
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _STATVFS, path],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="surrogateescape",
    )
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=0.5)  # no longer: a process stuck in the kernel does not die
        return _hung(path, timeout)
    if process.returncode:
        return Unseen(f"{path} cannot be inspected: {(split(err) or ['no reason given'])[-1]}")
    *sizes, flags, number, real = out.rstrip("\n").split(" ", 6)
    used, available, inodes_used, inodes_available = map(int, sizes)
    seen = Disk(path, real, "unknown", used, available, inodes_used, inodes_available)
    if sys.platform != "linux":  # elsewhere the system's own volume may always be read-only
        mount, file_system = _mount(real)
        return replace(seen, mount=mount, file_system=file_system)
    seen = replace(seen, read_only=bool(int(flags) & _READ_ONLY))
    return on_mount(root, seen, int(number) if number.isdecimal() else None)


def on_mount(root: Path, seen: Disk, number: int | None) -> Disk | Unseen:
    """Return a file system with what the table of mounts says about it; `seen.mount` is the path without links."""
    mount = mounts.find(root, seen.mount, number)
    if mount is None and seen.read_only:
        why = f"{seen.path} is read-only, and /proc/self/mountinfo does not say why"
        return Unseen(why, "see `mount` and `dmesg`")
    if mount is None:
        return seen
    return replace(
        seen,
        mount=mount.point,
        file_system=mount.file_system,
        read_only=seen.read_only or mount.is_read_only,
        broken=mounts.broken(root, mount),
        never_writable=mount.is_never_writable,
    )


def _hung(path: str, timeout: float) -> Unseen:
    return Unseen(f"{path} did not answer within {timeout:g} s: is its mount dead?", "see `mount` and the server")


def _windows_disk(path: str) -> Disk | Unseen:
    import psutil  # noqa: PLC0415 - late: it costs 37 ms

    try:
        usage = psutil.disk_usage(path)
    except OSError as error:
        return Unseen(f"{path} cannot be inspected: {sentence(error)}")
    return Disk(path, *_mount(os.path.realpath(path)), usage.used, usage.free, 0, 0)


def _mount(path: str) -> tuple[str, str]:
    """Return the mount point that holds `path` and its file system's type, from the mount table alone."""
    import psutil  # noqa: PLC0415 - late: it costs 37 ms

    holding = [part for part in psutil.disk_partitions(all=True) if Path(path).is_relative_to(part.mountpoint)]
    if not holding:
        return path, "unknown"
    deepest = max(holding, key=lambda part: len(part.mountpoint))  # the last mounted of equals hides the others
    return deepest.mountpoint, next(part.fstype for part in reversed(holding) if part.mountpoint == deepest.mountpoint)


def memory(root: Path = Path("/")) -> Memory | Unseen:
    """Observe memory in use: of the host, and of each control group that limits this process; the fullest one first.

    `root` is where `proc` and `sys` are found.
    """
    try:
        host = _host_memory(root)
        groups = cgroups.limits(root)
    except cgroups.UnclearError as error:
        return error.seen
    if isinstance(host, Unseen):
        return host
    scopes = [host]
    for group in groups:
        if group.limit >= host.limit and not group.with_swap:
            continue  # the host is full first
        if group.working_set is None:
            return Unseen(f"the control group {group.folder} has a limit, but does not say how much of it is in use")
        scope = f"control group {group.folder}{', memory and swap' if group.with_swap else ''}"
        scopes.append(Memory(group.working_set, group.limit, scope, slows=group.slows, swap=group.swap))
    fullest = max((scope for scope in scopes if not scope.slows), key=lambda scope: scope.share)
    return replace(fullest, others=tuple(scope for scope in scopes if scope is not fullest))


def _host_memory(root: Path) -> Memory | Unseen:
    file = root / "proc/meminfo"
    if file.exists():
        try:
            return _of_meminfo(root, _figures(file.read_text(encoding="utf-8", errors="replace")))
        except OSError as error:
            return Unseen(f"{file} cannot be read: {sentence(error)}")
        except ValueError as error:
            return Unseen(f"{file} cannot be understood: {sentence(error)}")
    import psutil  # noqa: PLC0415 - late: it costs 37 ms

    try:
        host = psutil.virtual_memory()
    except (OSError, ValueError, LookupError, psutil.Error) as error:
        return Unseen(f"the kernel reports no memory figures: {sentence(error)}")
    return Memory(host.total - host.available, host.total, "host")


def _figures(text: str) -> dict[str, int]:
    """Return the rows of /proc/meminfo: sizes in KiB, and counts."""
    rows = (line.partition(":") for line in split(text))
    return {name: int(words[0]) for name, _, rest in rows if (words := rest.split()) and words[0].isdecimal()}


def _figure(figures: Mapping[str, int], name: str) -> int:
    if name not in figures:
        raise ValueError(f"it has no {name}")
    return figures[name]


def _of_meminfo(root: Path, figures: Mapping[str, int]) -> Memory:
    """Return the host's memory; raises `ValueError` with what is missing."""
    total, free = _figure(figures, "MemTotal"), _figure(figures, "MemFree")
    if "MemAvailable" not in figures and "Cached" in figures:  # kernels before 3.14, and WSL 1
        available = free + figures["Cached"] - figures.get("Shmem", 0)
    else:
        available = _figure(figures, "MemAvailable")
    if available > total:  # as some containers report it
        available = free
    used = max(total - available, 0) * 1024
    arc = min(_zfs_cache(root), used)
    return Memory(used, total * 1024, "host", zfs_cache=arc, unused_huge_pages=_unused_huge_pages(root, figures))


def _unused_huge_pages(root: Path, figures: Mapping[str, int]) -> int:
    """Return the bytes of huge pages that are set aside, and neither in use nor promised to a process."""
    pools = list((root / "sys/kernel/mm/hugepages").glob("hugepages-*kB"))
    if not pools:
        count = figures.get("HugePages_Free", 0) - figures.get("HugePages_Rsvd", 0)
        return max(count, 0) * figures.get("Hugepagesize", 0) * 1024
    unused = 0
    for pool in pools:
        size = pool.name.removeprefix("hugepages-").removesuffix("kB")
        count = _count(pool / "free_hugepages") - _count(pool / "resv_hugepages")
        unused += max(count, 0) * (int(size) if size.isdecimal() else 0) * 1024
    return unused


def _count(file: Path) -> int:
    """Return the number in a file; 0 where there is none."""
    try:
        text = file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return 0
    return int(text) if text.isascii() and text.isdigit() else 0


def _zfs_cache(root: Path) -> int:
    """Return the bytes of ZFS's cache (ARC) that it can give back: all above its minimum."""
    try:
        text = (root / "proc/spl/kstat/zfs/arcstats").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    rows = {row[0]: int(row[2]) for line in split(text) if len(row := line.split()) == 3 and row[2].isdecimal()}
    return max(rows.get("size", 0) - rows.get("c_min", rows.get("size", 0)), 0)
