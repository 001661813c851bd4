"""The process table is observed as the kernel has it, as far as permissions allow."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from pytest_mock import MockerFixture

from release_sentinel.observe import Unseen, processes
from release_sentinel.observe.processes import Process, Table
from tests.conftest import running
from tests.observe.parts import program


def names_of(pid: int) -> frozenset[str]:
    """Return the names of a live process; empty if it is not visible."""
    seen = processes.processes()
    assert isinstance(seen, Table)
    return next((process.names for process in seen.processes if process.pid == pid), frozenset())


def sleeper(path: Path) -> Path:
    """Link a program that sleeps under another name."""
    path.symlink_to("/bin/sleep")
    return path


def test_a_process_started_through_a_link(tmp_path: Path) -> None:
    """A process has the name that it was started by, and that of the program behind the link."""
    with running(str(sleeper(tmp_path / "shop-proxy")), "60") as process:
        assert names_of(process.pid) >= {"shop-proxy", Path("/bin/sleep").resolve().name}


def test_a_long_name_is_not_cut(tmp_path: Path) -> None:
    """A name of more than fifteen characters is known in full, not as the kernel truncates it."""
    with running(str(sleeper(tmp_path / "shop-proxy-with-a-long-name")), "60") as process:
        names = names_of(process.pid)
    assert "shop-proxy-with-a-long-name" in names
    assert "shop-proxy-with" not in names


def test_arguments_are_not_names(tmp_path: Path) -> None:
    """An argument of a process is not its name."""
    with running(str(sleeper(tmp_path / "watcher")), "60", "0") as process:
        assert not names_of(process.pid) & {"60", "0"}


def test_a_script_has_the_name_of_its_interpreter(tmp_path: Path) -> None:
    """A script is known by its own name as the kernel has it, and by its interpreter's."""
    script = program(tmp_path / "shop-script", "#!/bin/sh\nread line\n")
    with running(str(script)) as process:
        names = names_of(process.pid)
    assert "shop-script" in names


def test_a_process_whose_program_was_replaced(tmp_path: Path) -> None:
    """A process keeps its name after an upgrade removed its file."""
    copy = tmp_path / "shop-proxy"
    shutil.copy("/bin/sleep", copy)
    with running(str(copy), "60") as process:
        copy.unlink()
        assert "shop-proxy" in names_of(process.pid)


@contextmanager
def zombie(path: Path) -> Iterator[int]:
    """Leave a zombie process; yield its id."""
    process = subprocess.Popen([str(sleeper(path)), "0"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    try:
        yield process.pid
    finally:
        process.wait()


def test_a_zombie_does_not_count(tmp_path: Path) -> None:
    """A process that ended and was not waited for is not live, although it is in the table."""
    with zombie(tmp_path / "shop-zombie") as pid:
        assert psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
        assert names_of(pid) == frozenset()


def test_kernel_threads_do_not_count() -> None:
    """No kernel thread is among the processes."""
    seen = processes.processes()
    assert isinstance(seen, Table)
    assert not any("kthreadd" in process.names for process in seen.processes)


def test_this_process_is_a_python() -> None:
    """The gate itself has the name `python`, however it was started."""
    assert names_of(os.getpid()) >= {"python", "python3"}


def test_ourselves() -> None:
    """Own processes are this process and its ancestors, not its children."""
    with running("/bin/sleep", "60") as process:
        own_processes = processes.own_processes()
    assert {os.getpid(), os.getppid()} <= own_processes
    assert process.pid not in own_processes


def recorded(root: Path, *, first: bool = True, options: str = "rw", namespace: str = "pid:[4026531836]") -> Path:
    """Record what /proc shows of the first process, of its own mount, and of our namespace."""
    (root / "proc/self/ns").mkdir(parents=True)
    (root / "proc/self/ns/pid").symlink_to(namespace)
    (root / "proc/self/mounts").write_text(f"proc /proc proc {options} 0 0\n", encoding="utf-8")
    if first:
        (root / "proc/1").mkdir()
        (root / "proc/1/stat").write_text("1 (init) S\n", encoding="utf-8")
    return root


def seen_in(root: Path) -> Table:
    """Observe the processes, with a recorded /proc."""
    seen = processes.processes(root)
    assert isinstance(seen, Table)
    return seen


def test_processes_that_are_hidden(tmp_path: Path) -> None:
    """If process 1 is not visible, others may be hidden, and the mount's option is reported."""
    root = recorded(tmp_path, first=False, options="rw,nosuid,hidepid=invisible")
    words = "/proc hides the processes of other users (it is mounted with hidepid=invisible)"
    assert seen_in(root).hidden == words


def test_processes_that_are_hidden_without_a_known_option(tmp_path: Path) -> None:
    """The option that hides them need not be known."""
    assert seen_in(recorded(tmp_path, first=False)).hidden == "/proc hides the processes of other users"


def test_an_option_that_hides_nothing_from_us(tmp_path: Path) -> None:
    """A user who may look sees the first process, whatever the mount's options are."""
    assert seen_in(recorded(tmp_path, options="rw,hidepid=2")).hidden == ""


def test_a_container_has_processes_of_its_own(tmp_path: Path) -> None:
    """A namespace other than the kernel's first does not show the host's processes."""
    assert seen_in(recorded(tmp_path / "in", namespace="pid:[4026532198]")).container
    assert not seen_in(recorded(tmp_path / "out")).container


def test_nothing_is_hidden_where_there_is_no_proc(tmp_path: Path) -> None:
    """Other systems do not use /proc."""
    assert (seen_in(tmp_path).hidden, seen_in(tmp_path).container) == ("", False)


def test_a_real_proc_that_hides() -> None:
    """A real /proc with hidepid shows its first process only to root."""
    script = (
        "import os, psutil, sys; from release_sentinel.observe import processes as p; "
        "os.setgroups([]); os.setgid(int(sys.argv[1])); os.setuid(int(sys.argv[1])); print(p.processes().hidden)"
    )
    command = f"mount -t proc -o hidepid=2 proc /proc && {sys.executable} -c '{script}' "
    unshare = ("unshare", "--mount", "--pid", "--fork", "sh", "-c")
    if not shutil.which("unshare") or subprocess.run([*unshare, "mount -t proc proc /proc"], check=False).returncode:
        pytest.skip("only root may mount a /proc of its own")
    lines = [
        subprocess.run([*unshare, f"{command}{user}; :"], check=True, capture_output=True, text=True).stdout.strip()
        for user in ("0", "65534")
    ]
    assert lines == ["", "/proc hides the processes of other users (it is mounted with hidepid=invisible)"]


def entry(**info: object) -> SimpleNamespace:
    """Return a process as psutil reports it; what is not given is not visible."""
    nothing = dict.fromkeys(("name", "exe", "cmdline", "status", "username", "uids"))
    return SimpleNamespace(info={**nothing, "pid": 4711, "ppid": 1, **info})


def reported_by_psutil(mocker: MockerFixture, *entries: SimpleNamespace) -> list[Process]:
    """Let psutil report these processes; return the observed table."""
    mocker.patch.object(psutil, "process_iter", return_value=entries)
    seen = processes.processes(users=True)
    assert isinstance(seen, Table)
    return list(seen.processes)


def test_names_on_windows(mocker: MockerFixture) -> None:
    """Names are compared without case and without `.exe`; a path has other separators."""
    mocker.patch.object(processes, "WINDOWS", new=True)
    agent = entry(name="Shop-Agent.EXE", exe=r"C:\Shop\Shop-Agent.EXE", cmdline=[r"C:\Shop\agent-alias.exe", "-d"])
    (seen,) = reported_by_psutil(mocker, agent)
    assert seen.names == {"shop-agent", "agent-alias"}
    assert [processes.folded(name) for name in ("SHOP-AGENT", "shop-agent.exe", "shop")] == [
        "shop-agent",
        "shop-agent",
        "shop",
    ]


def test_names_elsewhere_keep_their_case() -> None:
    """`Nginx` and `nginx.exe` are not nginx."""
    assert [processes.folded(name) for name in ("Nginx", "nginx.exe")] == ["Nginx", "nginx.exe"]


def test_a_process_of_which_only_the_short_name_is_seen(mocker: MockerFixture) -> None:
    """On macOS other users' command lines are not visible, and the kernel's name may be cut."""
    (seen,) = reported_by_psutil(mocker, entry(name="shop-agent-with", status="running"))
    assert (seen.names, seen.cut) == (frozenset(), "shop-agent-with")
    (seen,) = reported_by_psutil(mocker, entry(name="shop-agent", status="running"))
    assert (seen.names, seen.cut) == (frozenset({"shop-agent"}), "")


def test_owners_and_command_lines(mocker: MockerFixture) -> None:
    """Both are reported if they are asked for."""
    uids = SimpleNamespace(effective=33)
    (seen,) = reported_by_psutil(mocker, entry(name="nginx", cmdline=["nginx", "-c", "x"], username="www", uids=uids))
    assert (seen.user, seen.command) == (("www", "33"), "nginx -c x")


def test_a_table_that_cannot_be_read(mocker: MockerFixture) -> None:
    """What the platform refuses is unseen, in its own words."""
    mocker.patch.object(psutil, "process_iter", side_effect=psutil.AccessDenied(msg="not permitted"))
    seen = processes.processes()
    assert isinstance(seen, Unseen)
    assert seen.why.startswith("the process table cannot be read: ")


@pytest.mark.parametrize("name", ["shop(proxy", "shop) R 1", "shop proxy"])
def test_names_that_look_like_the_kernel_s_own_table(tmp_path: Path, name: str) -> None:
    """Parentheses and blanks in a name are handled."""
    with running(str(sleeper(tmp_path / name)), "60") as process:
        assert name in names_of(process.pid)
