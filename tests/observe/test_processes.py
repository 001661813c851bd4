"""The process table is seen as the kernel has it, as far as we may look."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from release_sentinel.observe import processes
from release_sentinel.observe.processes import Table
from tests.conftest import running
from tests.observe.parts import program


def names_of(pid: int) -> frozenset[str]:
    """Return the names of a live process; none where it is not seen."""
    seen = processes.processes()
    assert isinstance(seen, Table)
    return next((process.names for process in seen.processes if process.pid == pid), frozenset())


def sleeper(path: Path) -> Path:
    """Link a program that does nothing for long under another name."""
    path.symlink_to("/bin/sleep")
    return path


def test_a_process_started_through_a_link(tmp_path: Path) -> None:
    """A process goes by the name that it was started by, and by that of the program behind the link."""
    with running(str(sleeper(tmp_path / "shop-proxy")), "60") as process:
        assert names_of(process.pid) >= {"shop-proxy", Path("/bin/sleep").resolve().name}


def test_a_long_name_is_not_cut(tmp_path: Path) -> None:
    """A name of more than fifteen characters is known whole, and not by what the kernel keeps of it."""
    with running(str(sleeper(tmp_path / "shop-proxy-with-a-long-name")), "60") as process:
        names = names_of(process.pid)
    assert "shop-proxy-with-a-long-name" in names
    assert "shop-proxy-with" not in names


def test_arguments_are_no_names(tmp_path: Path) -> None:
    """What a process is given as an argument is not its name."""
    with running(str(sleeper(tmp_path / "watcher")), "60", "0") as process:
        assert not names_of(process.pid) & {"60", "0"}


def test_a_script_goes_by_its_interpreter(tmp_path: Path) -> None:
    """A script is known by its own name as the kernel has it, and by its interpreter's."""
    script = program(tmp_path / "shop-script", "#!/bin/sh\nread line\n")
    with running(str(script)) as process:
        names = names_of(process.pid)
    assert "shop-script" in names


def test_a_process_whose_program_was_replaced(tmp_path: Path) -> None:
    """A process goes on by its name after an upgrade removed its file."""
    copy = tmp_path / "shop-proxy"
    shutil.copy("/bin/sleep", copy)
    with running(str(copy), "60") as process:
        copy.unlink()
        assert "shop-proxy" in names_of(process.pid)


@contextmanager
def zombie(path: Path) -> Iterator[int]:
    """Leave a process unwaited for; yield its id."""
    process = subprocess.Popen([str(sleeper(path)), "0"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    try:
        yield process.pid
    finally:
        process.wait()


def test_a_zombie_is_no_process(tmp_path: Path) -> None:
    """A process that ended and was not waited for is not live, though it is in the table."""
    with zombie(tmp_path / "shop-zombie") as pid:
        assert psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
        assert names_of(pid) == frozenset()


def test_kernel_threads_are_no_processes() -> None:
    """No kernel thread is among the processes."""
    seen = processes.processes()
    assert isinstance(seen, Table)
    assert not any("kthreadd" in process.names for process in seen.processes)


def test_this_process_is_a_python() -> None:
    """The gate itself goes by `python`, however it was started."""
    assert names_of(os.getpid()) >= {"python", "python3"}


def test_ourselves() -> None:
    """We are this process and its ancestors, not its children."""
    with running("/bin/sleep", "60") as process:
        ourselves = processes.ourselves()
    assert {os.getpid(), os.getppid()} <= ourselves
    assert process.pid not in ourselves
