"""What the host reports about its disks and its memory."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

from msgspec import Struct

from release_sentinel.lines import split
from release_sentinel.observe import Unseen, cgroups
from release_sentinel.observe.bounded import Bounded

WINDOWS = os.name == "nt"


class Disk(Struct, frozen=True):
    """One file system. Sizes in bytes; `available` is what an ordinary user may still use."""

    path: str
    mount: str
    file_system: str
    used: int
    available: int
    inodes_used: int
    inodes_available: int


class Memory(Struct, frozen=True):
    """Memory in bytes; `scope` says whose: the host's, or the control group's that limits this process."""

    used: int
    limit: int
    scope: str


# statvfs on a dead network mount never returns and no signal ends it: only another process can be left behind.
_STATVFS = """
import os, sys
sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")
path = os.path.realpath(sys.argv[1])
s = os.statvfs(path)
print(s.f_frsize * (s.f_blocks - s.f_bfree), s.f_frsize * s.f_bavail, s.f_files - s.f_ffree, s.f_favail, path)
"""


def disk(path: str, *, timeout: float = 5.0) -> Disk | Unseen:
    """Observe the file system that holds `path`."""
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
    used, available, inodes_used, inodes_available, real = out.rstrip("\n").split(" ", 4)
    mount, file_system = _mount(real)
    return Disk(path, mount, file_system, int(used), int(available), int(inodes_used), int(inodes_available))


def _hung(path: str, timeout: float) -> Unseen:
    return Unseen(f"{path} did not answer within {timeout:g} s: is its mount dead?", "see `mount` and the server")


def _windows_disk(path: str) -> Disk | Unseen:
    import psutil  # noqa: PLC0415 - late: it costs 37 ms

    try:
        usage = psutil.disk_usage(path)
    except OSError as error:
        return Unseen(f"{path} cannot be inspected: {error}")
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
    """Observe memory in use: of the control group that limits this process if there is one, else of the host.

    `root` is where `proc` and `sys` are found.
    """
    import psutil  # noqa: PLC0415 - late: it costs 37 ms

    try:
        host = psutil.virtual_memory()
    except (OSError, ValueError, psutil.Error) as error:
        return Unseen(f"the kernel reports no memory figures: {error}")
    group = min(cgroups.limits(root), key=lambda group: group.limit, default=None)
    if group is None or group.limit >= host.total:
        return Memory(host.total - host.available, host.total, "host")
    if group.working_set is None:
        return Unseen(f"the control group {group.folder} has a limit, but does not say how much of it is in use")
    return Memory(group.working_set, group.limit, f"control group {group.folder}")
