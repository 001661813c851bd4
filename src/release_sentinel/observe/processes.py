"""The process table, as far as this user may see it."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from release_sentinel.lines import split
from release_sentinel.observe import Unseen, names
from release_sentinel.sentences import sentence

WINDOWS = os.name == "nt"
_SEEN = ("pid", "name", "exe", "cmdline", "status", "ppid")
_OWNER = ("username",) if WINDOWS else ("username", "uids")
FIRST_NAMESPACE = "pid:[4026531836]"  # the host's own, by a constant of Linux


class Process(Struct, frozen=True):
    """One live process: all its names, its owner, its command line.

    `cut` is the kernel's name, possibly cut short, of a process whose other names are not visible.
    """

    pid: int
    names: frozenset[str]
    user: tuple[str, ...] = ()  # name and number
    command: str = ""
    cut: str = ""


class Table(Struct, frozen=True):
    """The live processes; `hidden` says why there may be more, `container` that the host's are not among them."""

    processes: tuple[Process, ...]
    hidden: str = ""
    container: bool = False


def folded(name: str) -> str:
    """Return a name as names are compared: on Windows without case, and without `.exe`."""
    return name.casefold().removesuffix(".exe") if WINDOWS else name


def processes(root: Path = Path("/"), *, users: bool = False) -> Table | Unseen:
    """Observe every live process, on request with its owner; zombies and kernel threads do not count.

    `root` is where `proc` is found.
    """
    import psutil  # noqa: PLC0415 - late: it costs 37 ms

    found = []
    try:
        for entry in psutil.process_iter([*_SEEN, *(_OWNER if users else ())]):
            info = entry.info
            dead = info["status"] in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
            kernel_thread = not info["cmdline"] and not info["exe"] and 2 in {info["pid"], info["ppid"]}
            if not dead and not kernel_thread:
                found.append(_process(info))
    except (OSError, ValueError, LookupError, psutil.Error) as error:
        return Unseen(f"the process table cannot be read: {sentence(error)}")
    return Table(tuple(found), _hidden(root), _in_container(root))


def _process(info: Mapping[str, object]) -> Process:
    command = info["cmdline"] if isinstance(info["cmdline"], list) else []
    kernel = str(info["name"] or "")
    may_be_cut = len(os.fsencode(kernel)) >= names.KERNEL_NAME and not WINDOWS
    concealed = may_be_cut and info["cmdline"] is None and not info["exe"]
    number = getattr(info.get("uids"), "effective", None)
    user = tuple(str(part) for part in (info.get("username"), number) if part is not None)
    return Process(
        int(str(info["pid"])),
        frozenset(folded(name) for name in _names(info, kernel, command)),
        user,
        " ".join(command),
        kernel if concealed else "",
    )


def _names(info: Mapping[str, object], kernel: str, command: list[str]) -> set[str]:
    """Return the names of a process."""
    found = names.names(kernel, str(info["exe"] or ""), command, windows=WINDOWS)
    if info["pid"] == os.getpid():  # we know that we are a Python, whatever alias we were started by
        found |= {"python", f"python{sys.version_info[0]}"}
    return found


def _hidden(root: Path) -> str:
    """Return why processes of other users are hidden from us, or blank. If they are not, process 1 is visible."""
    if not (root / "proc/self").exists():  # not Linux
        return ""
    try:
        (root / "proc/1/stat").read_bytes()
    except OSError:
        return f"/proc hides the processes of other users{_option(root)}"
    return ""


def _option(root: Path) -> str:
    try:
        mounts = [line.split(" ") for line in split((root / "proc/self/mounts").read_text(errors="replace"))]
    except OSError:
        return ""
    options = [
        option
        for mount in mounts
        if len(mount) > 3 and mount[1:3] == ["/proc", "proc"]
        for option in mount[3].split(",")
    ]
    return next((f" (it is mounted with {option})" for option in options if option.startswith("hidepid=")), "")


def _in_container(root: Path) -> bool:
    try:
        return str((root / "proc/self/ns/pid").readlink()) != FIRST_NAMESPACE
    except OSError:
        return False


def own_processes() -> frozenset[int]:
    """Return the process ids of this process and of its ancestors."""
    import psutil  # noqa: PLC0415 - late: it costs 37 ms

    try:
        return frozenset({os.getpid(), *(parent.pid for parent in psutil.Process().parents())})
    except psutil.Error:
        return frozenset({os.getpid()})
