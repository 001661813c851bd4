"""This process: where it is stuck, and which processes it has started and left behind."""

import os
import signal
import stat
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from release_sentinel.arguments import INTERRUPTS

if TYPE_CHECKING:
    import psutil

_PYTHON = Path(os.__file__).parent
_OURS = Path(__file__).parents[1]
_PYTEST = {"_pytest", "pluggy"}  # packages
_PROGRAMS = {"pytest", "py.test", "__main__.py"}


def is_pytest() -> bool:
    """Tell whether pytest is the program, and not a library in another one."""
    return Path(sys.argv[0]).name in _PROGRAMS


@contextmanager
def interrupts_to(handler: Callable[[int, FrameType | None], object]) -> Iterator[None]:
    """Handle the signals that ask a process to end by `handler` during the block.

    One that is ignored, as by `nohup`, stays ignored. Outside the main thread, where that is impossible, do nothing.
    """
    before = {}
    with suppress(ValueError):
        for number in INTERRUPTS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, handler)
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


@contextmanager
def interrupts_deferred() -> Iterator[None]:
    """Let the signals that ask a process to end wait for the end of the block.

    A process that is started in it would else be left behind: the signal comes before it is known to what would end it.
    """
    waiting: list[int] = []
    with interrupts_to(lambda number, _: waiting.append(number)):
        yield
    for number in waiting[:1]:
        signal.raise_signal(number)


def outputs() -> list[Path]:
    """Return the regular files that this process writes, and those that are its parent's standard output and error.

    pytest may have put another file in the place of standard output, and `release-sentinel` gives its child a pipe.
    There are none where the system has no /proc.
    """
    mine, parents = Path("/proc/self/fd"), Path(f"/proc/{os.getppid()}/fd")
    found = []
    with suppress(OSError):
        for link in (*mine.iterdir(), parents / "1", parents / "2"):
            with suppress(OSError):
                if link.is_file() and link.lstat().st_mode & stat.S_IWUSR:
                    found.append(link.readlink())  # its own mode tells how the file was opened
    return found


def where() -> str:
    """Say where the main thread is, by the innermost file that is not Python's, pytest's or ours; blank if unknown.

    At its end it waits for other threads, and `multiprocessing` for processes: then it says which.
    """
    main = threading.main_thread()
    frames = sys._current_frames()  # noqa: SLF001 - there is no other way
    if found := _place(frames.get(main.ident or 0)):
        return f" in {found}"
    if main.ident not in frames:
        return " in a function of C that was registered with atexit"
    if threads := [one for one in threading.enumerate() if one is not main and not one.daemon]:
        places = ((one.name, _place(frames.get(one.ident or 0))) for one in threads)
        return f" in a thread that is not a daemon: {', '.join(f'{name} ({place})' for name, place in places)}".replace(
            " ()", ""
        )
    if multiprocessing := sys.modules.get("multiprocessing"):
        names = [child.name for child in multiprocessing.active_children() if not child.daemon]
        return f" waiting for process {', '.join(names)}" if names else ""
    return ""


def _place(frame: FrameType | None) -> str:
    for found in _outwards(frame):
        path = Path(found.f_code.co_filename)
        if path.is_absolute() and not _is_host(path):
            with suppress(ValueError, OSError):
                path = path.relative_to(Path.cwd())
            return f"{path}, line {found.f_lineno}"
    return ""


def _is_host(path: Path) -> bool:
    """Tell whether a file is part of Python, pytest or this program."""
    of_python = _PYTHON in path.parents and "site-packages" not in path.parts
    of_pytest = bool(_PYTEST.intersection(path.parts)) or path.parent.name == "pytest" or path.name in _PROGRAMS
    return of_python or of_pytest or _OURS in path.parents


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame:
        yield frame
        frame = frame.f_back


def children() -> "list[psutil.Process]":
    """Return the processes that this one has started and that have not been waited for."""
    with suppress(ChildProcessError, AttributeError):  # there is none, and psutil need not be loaded; Windows
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        import psutil  # noqa: PLC0415 - late, see above

        with suppress(psutil.Error):
            return psutil.Process().children()
    return []


def end_children(before: "Iterable[psutil.Process]" = ()) -> None:
    """Kill the processes that this one has started and left behind, and all that these have started.

    Those in `before` stay, and the two helpers of `multiprocessing`: they clean up once this process has ended, unless
    a worker that they have started keeps them.
    """
    for child in children():
        if child not in before:
            kill([*below(child.pid), *([] if child.pid in _helpers() else [child])])


def below(number: int) -> "list[psutil.Process]":
    """Return the processes that a process has started, and those that they have started."""
    import psutil  # noqa: PLC0415 - late: few runs need it

    with suppress(psutil.Error):  # it is gone
        return psutil.Process(number).children(recursive=True)
    return []


def kill(processes: "Iterable[psutil.Process]") -> None:
    """Kill each of the processes that is still there."""
    for process in processes:
        with suppress(Exception):  # gone already, or another user's
            process.kill()


def _helpers() -> set[object]:
    tracker, server = (sys.modules.get(f"multiprocessing.{name}") for name in ("resource_tracker", "forkserver"))
    return {
        getattr(getattr(tracker, "_resource_tracker", None), "_pid", None),
        getattr(getattr(server, "_forkserver", None), "_forkserver_pid", None),
    }
