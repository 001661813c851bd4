"""What the host says of its disks, its memory and its processes."""

import contextlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from release_sentinel.observe import Unseen

_NO_LIMIT = 1 << 60  # cgroup v1 writes a number near 2**63 for "none"


@dataclass(frozen=True)
class Disk:
    """One file system. Sizes in bytes; `available` is what an ordinary user may still take."""

    path: str
    mount: str
    file_system: str
    used: int
    available: int
    inodes_used: int
    inodes_available: int


@dataclass(frozen=True)
class Memory:
    """Memory in bytes; `scope` says whose: the host's, or the control group's that limits this process."""

    used: int
    limit: int
    scope: str


@dataclass(frozen=True)
class Process:
    """One live process, with every name that it goes by."""

    pid: int
    names: frozenset[str]


# statvfs on a dead network mount never returns and no signal ends it: only another process can be left behind.
_STATVFS = """
import os, sys
path = os.path.realpath(sys.argv[1])
s = os.statvfs(path)
print(s.f_frsize * (s.f_blocks - s.f_bfree), s.f_frsize * s.f_bavail, s.f_files - s.f_ffree, s.f_favail, path)
"""


def disk(path: str, *, timeout: float = 5.0) -> Disk | Unseen:
    """Observe the file system that holds `path`."""
    if os.name == "nt":
        return _windows_disk(path)
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _STATVFS, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=0.5)  # no longer: a process that the kernel holds does not die
        return Unseen(f"{path} did not answer within {timeout:g} s: is its mount dead?", "see `mount` and the server")
    if process.returncode:
        return Unseen(f"{path} cannot be looked at: {(err.splitlines() or ['no reason given'])[-1]}")
    used, available, inodes_used, inodes_available, real = out.rstrip("\n").split(" ", 4)
    mount, file_system = _mount(real)
    return Disk(path, mount, file_system, int(used), int(available), int(inodes_used), int(inodes_available))


def _windows_disk(path: str) -> Disk | Unseen:
    import psutil  # noqa: PLC0415 - late: it costs 37 ms

    try:
        usage = psutil.disk_usage(path)
    except OSError as error:
        return Unseen(f"{path} cannot be looked at: {error}")
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
    except (OSError, psutil.Error) as error:
        return Unseen(f"the kernel reports no memory figures: {error}")
    group = _limited_group(root)
    if group is not None and group.limit < host.total:
        return group
    return Memory(host.total - host.available, host.total, "host")


def _limited_group(root: Path) -> Memory | None:
    """Return the memory of the control group with the smallest limit among this process's own and its ancestors."""
    found = []
    for folder in _group_folders(root):
        limit = _figure(folder / "memory.max") or _figure(folder / "memory.limit_in_bytes")
        usage = _figure(folder / "memory.current") or _figure(folder / "memory.usage_in_bytes")
        if limit and usage and limit < _NO_LIMIT:
            working_set = max(0, usage - _inactive_file(folder))
            found.append(Memory(working_set, limit, f"control group {folder}"))
    return min(found, key=lambda group: group.limit, default=None)


def _group_folders(root: Path) -> list[Path]:
    """Return the folders of this process's memory control group and of its ancestors, v2 and v1."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    folders = []
    for line in lines:
        number, controllers, name = line.split(":", 2)
        if number == "0" and not controllers:
            tops = [root / "sys/fs/cgroup", root / "sys/fs/cgroup/unified"]
        elif "memory" in controllers.split(","):
            tops = [root / "sys/fs/cgroup/memory"]
        else:
            continue
        for top in tops:
            own = top / name.lstrip("/")  # in a container this may be the host's name, and not be there
            folders += [folder for folder in (own, *own.parents) if folder == top or top in folder.parents]
    return folders


def _figure(file: Path) -> int:
    try:
        text = file.read_text().strip()
    except OSError:
        return 0
    return int(text) if text.isdigit() else 0


def _inactive_file(folder: Path) -> int:
    """Return the page cache that the kernel would give up first, in bytes; the rest is the working set."""
    try:
        rows = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        return 0
    return int(rows.get("total_inactive_file", rows.get("inactive_file", 0)))


def processes() -> tuple[Process, ...] | Unseen:
    """Observe every live process; zombies and kernel threads are none."""
    import psutil  # noqa: PLC0415 - late: it costs 37 ms

    found = []
    try:
        for entry in psutil.process_iter(["pid", "name", "exe", "cmdline", "status", "ppid"]):
            info = entry.info
            dead = info["status"] in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
            kernel_thread = not info["cmdline"] and not info["exe"] and 2 in {info["pid"], info["ppid"]}
            if not dead and not kernel_thread:
                found.append(Process(info["pid"], _names(info)))
    except (OSError, psutil.Error) as error:
        return Unseen(f"the process table cannot be read: {error}")
    return tuple(found)


def _names(info: dict[str, object]) -> frozenset[str]:
    """Return the names of a process: executable's and argv[0]'s base names; the kernel's where it is not cut short."""
    kernel = str(info["name"] or "")
    command = info["cmdline"] if isinstance(info["cmdline"], list) and info["cmdline"] else [""]
    candidates = {Path(str(info["exe"] or "")).name, Path(str(command[0])).name}
    if len(kernel.encode()) < 15 or os.name == "nt":  # the kernel keeps 15 bytes
        candidates.add(kernel)
    if info["pid"] == os.getpid():  # we know that we are a Python, whatever alias we were started by
        candidates |= {"python", f"python{sys.version_info[0]}"}
    return frozenset(candidates - {""})


def ourselves() -> frozenset[int]:
    """Return the process ids of this process and of its ancestors."""
    import psutil  # noqa: PLC0415 - late: it costs 37 ms

    try:
        return frozenset({os.getpid(), *(parent.pid for parent in psutil.Process().parents())})
    except psutil.Error:
        return frozenset({os.getpid()})
