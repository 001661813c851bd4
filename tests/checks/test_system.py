"""A host is fit for a release while disk, memory and the required process are within their limits."""

import math
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from release_sentinel.checks.result import CRIT, OK, UNKNOWN, WARN, CheckResult
from release_sentinel.checks.system import check_disk, check_memory, check_process
from release_sentinel.config.targets import DiskLimits, MemoryLimits, ProcessRule
from release_sentinel.observe import Unseen, host, processes
from release_sentinel.observe.processes import Process, Table
from release_sentinel.vocabulary import Status
from tests.conftest import running

GIB = 1 << 30


def disk(used: float, available: float = 0, inodes: tuple[int, int] = (0, 0)) -> CheckResult:
    """Judge a recorded file system by the default limits."""
    available = available or 100 - used
    record = host.Disk("/srv", "/", "ext4", used, available, *inodes)  # type: ignore[arg-type]  # fractions are handy
    return check_disk("/srv", observe=lambda *_, **__: record)


def memory(used: float, limits: MemoryLimits | None = None) -> CheckResult:
    """Judge recorded memory, in per cent of one GiB."""
    record = host.Memory(used * GIB / 100, GIB, "host")  # type: ignore[arg-type]  # fractions are handy
    return check_memory(limits or MemoryLimits(), observe=lambda: record)


@pytest.mark.parametrize(
    ("used", "status"),
    [(0.001, OK), (74.999, OK), (75, WARN), (84.9999, WARN), (85, CRIT), (85.0001, CRIT), (99.9, CRIT)],
)
def test_disk_grades(used: float, status: Status) -> None:
    """Disk use warns from 75 % and fails from 85 %, unrounded."""
    assert disk(used).status is status


def test_disk_messages() -> None:
    """The message has the use, the place, and the limit that was reached."""
    assert disk(50).message == "50.0% of space in use on /srv (ext4 on /)"
    assert disk(80).message == "80.0% of space in use on /srv (ext4 on /), warns from 75%"
    assert disk(90).message == "90.0% of space in use on /srv (ext4 on /), expected below 85%"


@pytest.mark.parametrize(
    ("used", "remedy"), [(50, ""), (80, "free space, or grow the volume"), (90, "free space, or grow the volume")]
)
def test_disk_remedies(used: float, remedy: str) -> None:
    """What warns or fails has a remedy."""
    assert disk(used).remedy == remedy


def test_disk_is_judged_by_dfs_figure() -> None:
    """What is reserved for root is not available: 80 of 100 used with 5 to take is more than 94 %."""
    result = disk(80, 5)
    assert result.status is CRIT
    assert result.message.startswith("94.1% of space")


@pytest.mark.parametrize(("inodes", "status"), [((50, 50), OK), ((80, 20), WARN), ((95, 5), CRIT), ((0, 0), OK)])
def test_inodes(inodes: tuple[int, int], status: Status) -> None:
    """Inodes are held to the same limits; a file system without a fixed number of them is judged by its space."""
    assert disk(10, inodes=inodes).status is status


def test_inodes_are_shown() -> None:
    """The message shows the inodes if the file system has a number of them."""
    message = disk(10, inodes=(95, 5)).message
    assert message == "10.0% of space, 95.0% of inodes in use on /srv (ext4 on /), expected below 85%"


def test_the_limits_of_the_policy() -> None:
    """The policy's path and limits count."""
    seen = []

    def observe(path: str, *, timeout: float) -> host.Disk:
        assert timeout == 5
        seen.append(path)
        return host.Disk(path, "/data", "xfs", 60, 40, 0, 0)

    assert check_disk(limits=DiskLimits("/data", 50, 55), observe=observe).status is CRIT
    assert check_disk("/other", DiskLimits("/data", 50, 65), observe=observe).status is WARN
    assert seen == ["/data", "/other"]


def test_a_file_system_without_size() -> None:
    """A file system without a size, such as /proc, is unknown."""
    result = check_disk("/proc")
    assert (result.status, result.remedy) == (UNKNOWN, "name a real file system")
    assert result.message == "/proc (proc on /proc) reports no size"
    assert disk(0, 1).status is OK  # the smallest one that has a size


def test_a_file_system_without_inodes_is_judged_by_its_space() -> None:
    """Inodes that do not exist are not in use."""
    record = host.Disk("/srv", "/", "btrfs", 1, 199, 0, 0)
    assert check_disk(DiskLimits("/srv", 1, 1), observe=lambda *_, **__: record).status is OK


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    """A path that does not exist is unknown, never OK."""
    result = check_disk(str(tmp_path / "nothing"))
    assert result.status is UNKNOWN
    assert "No such file or directory" in result.message


def test_a_disk_that_is_unseen() -> None:
    """What the observer could not see is unknown, with its remedy."""
    result = check_disk("/mnt", observe=lambda *_, **__: Unseen("/mnt did not answer", "see `mount`"))
    assert (result.status, result.message, result.remedy) == (UNKNOWN, "/mnt did not answer", "see `mount`")


def test_a_real_disk() -> None:
    """This machine's disk is judged: with unreachable limits it passes, with limits of 0 it fails."""
    assert check_disk("/", DiskLimits("/", 100.1, 100.1)).status is OK
    assert check_disk("/", DiskLimits("/", 0, 0)).status is CRIT


@pytest.mark.parametrize(
    ("used", "status"), [(0, OK), (69.999, OK), (70, WARN), (84.9999, WARN), (85, CRIT), (100, CRIT), (120, CRIT)]
)
def test_memory_grades(used: float, status: Status) -> None:
    """Memory use warns from 70 % and fails from 85 %, unrounded."""
    assert memory(used).status is status


def test_memory_messages() -> None:
    """The message has the use, the total and the scope, and the remedy frees some."""
    assert memory(50).message == "50.0% of 1.0 GiB in use (host)"
    assert memory(75).message == "75.0% of 1.0 GiB in use (host), warns from 70%"
    assert memory(90).message == "90.0% of 1.0 GiB in use (host), expected below 85%"
    assert memory(90).remedy == "free memory, or raise the limit"


@pytest.mark.parametrize("limit", [0, -1])
def test_memory_without_size(limit: int) -> None:
    """If the kernel reports no size, memory is unknown."""
    result = check_memory(observe=lambda: host.Memory(0, limit, "host"))
    assert (result.status, result.message) == (UNKNOWN, "the kernel reports no size")
    assert result.remedy == "see /proc/meminfo and the container's limits"


def test_memory_that_is_unseen() -> None:
    """Memory that could not be seen is unknown."""
    result = check_memory(observe=lambda: Unseen("the kernel reports no memory figures"))
    assert (result.status, result.message) == (UNKNOWN, "the kernel reports no memory figures")


def test_real_memory() -> None:
    """This machine's memory is judged, and the message names the scope."""
    assert check_memory(MemoryLimits(0, 0)).status is CRIT
    message = check_memory(MemoryLimits(100.1, 100.1)).message
    assert "(host)" in message or "(control group " in message


def test_a_control_group_near_its_limit(tmp_path: Path) -> None:
    """A container near its limit fails although its host has plenty, and the message names the group."""
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("0::/\n", encoding="utf-8")
    (tmp_path / "sys/fs/cgroup").mkdir(parents=True)
    for name, figure in (("memory.max", 64 << 20), ("memory.current", 60 << 20)):
        (tmp_path / "sys/fs/cgroup" / name).write_text(f"{figure}\n", encoding="utf-8")
    result = check_memory(observe=lambda: host.memory(tmp_path))
    assert result.status is CRIT
    assert f"93.8% of 0.1 GiB in use (control group {tmp_path}/sys/fs/cgroup)" in result.message


def judged(limits: MemoryLimits | None = None, *others: host.Memory, **more: Any) -> CheckResult:
    """Judge a host of 1000 GiB, of which 900 are in use."""
    record = host.Memory(900 * GIB, 1000 * GIB, "host", others=others, **more)
    return check_memory(limits or MemoryLimits(), observe=lambda: record)


def test_the_fullest_scope_is_judged() -> None:
    """Whichever it is, the message says its name."""
    outer, inner = host.Memory(99, 100, "control group /outer"), host.Memory(1, 2, "control group /outer/inner")
    assert "99.0% of 0.0 GiB in use (control group /outer)" in judged(None, inner, outer).message
    assert "90.0% of 1000.0 GiB in use (host)" in judged(None, inner).message


def test_huge_pages_that_nobody_uses() -> None:
    """They leave both sides, so that a database's host passes, and one whose other memory is full does not."""
    result = judged(unused_huge_pages=800 * GIB)
    assert (result.status, result.message) == (
        OK,
        "50.0% of 200.0 GiB in use (host), besides 800.0 GiB of unused huge pages",
    )
    full = host.Memory(990 * GIB, 1000 * GIB, "host", unused_huge_pages=800 * GIB)
    assert check_memory(observe=lambda: full).status is CRIT
    counted = judged(MemoryLimits(count_unused_huge_pages=True), unused_huge_pages=800 * GIB)
    assert (counted.status, counted.message.rpartition("; ")[2]) == (
        CRIT,
        "800.0 GiB of it are unused huge pages",
    )
    garbage = judged(unused_huge_pages=1000 * GIB)
    assert garbage.status is UNKNOWN


def test_the_cache_of_zfs() -> None:
    """It counts and is named, unless the policy says that it does not count."""
    result = judged(zfs_cache=600 * GIB)
    assert result.status is CRIT
    assert result.message.endswith("; 600.0 GiB of it is ZFS's cache (ARC), which it can give back")
    assert "count_zfs_cache = false" in result.remedy
    result = judged(MemoryLimits(count_zfs_cache=False), zfs_cache=600 * GIB)
    assert (result.status, result.message) == (
        OK,
        "30.0% of 1000.0 GiB in use (host), besides 600.0 GiB of ZFS's cache",
    )


@pytest.mark.parametrize(
    ("swap", "words"), [((0, 0), "the group may not swap"), ((GIB, 2 * GIB), "1.0 GiB of 2.0 GiB of swap in use")]
)
def test_a_limit_on_swap_is_named(swap: tuple[int, int], words: str) -> None:
    """Where memory is short, and only there."""
    group = host.Memory(95, 100, "control group /pod", swap=swap)
    assert judged(None, group).message.endswith(f"; {words}")
    assert "swap" not in check_memory(observe=lambda: replace(group, used=5)).message


@pytest.mark.parametrize(("used", "status"), [(80, OK), (85, WARN), (120, WARN)])
def test_a_group_that_is_slowed_down(used: int, status: Status) -> None:
    """Near `memory.high` it is a warning that names it, because it does not kill."""
    high = host.Memory(used * GIB, 100 * GIB, "control group /pod", slows=True)
    record = host.Memory(10, 100, "host", others=(high,))
    result = check_memory(observe=lambda: record)
    assert result.status is status
    assert ("memory.high, 100.0 GiB, in use (control group /pod)" in result.message) is (status is WARN)
    assert judged(None, high).status is CRIT


@pytest.mark.parametrize("used", [math.nan, math.inf], ids=["nan", "infinite"])
def test_a_figure_that_is_not_a_number_fails(used: float) -> None:
    """NaN as a figure does not pass."""
    assert memory(used).status is CRIT
    assert not disk(used, 1).status.passes


def test_a_limit_that_is_not_a_number_fails() -> None:
    """NaN as a limit is refused, so that nothing passes."""
    with pytest.raises(ValueError, match="warn of measure used is nan, expected a finite number"):
        memory(1, MemoryLimits(math.nan, math.nan))
    record = host.Disk("/", "/", "ext4", 1, 99, 0, 0)
    with pytest.raises(ValueError, match="expected a finite number"):
        check_disk("/", DiskLimits("/", math.nan, math.nan), observe=lambda *_, **__: record)


def table(*names: str) -> Table:
    """Return recorded processes with ids from 100, each with one name."""
    return Table(tuple(Process(pid, frozenset({name})) for pid, name in enumerate(names, start=100)))


def test_one_process() -> None:
    """One process of the name passes, and the message has its id."""
    result = check_process("nginx", observe=lambda: table("sh", "nginx"))
    assert (result.status, result.message) == (OK, "nginx running (pid 101)")


def test_several_processes() -> None:
    """Several processes of the name are counted."""
    assert check_process("nginx", observe=lambda: table("nginx", "nginx")).message == "nginx running (2 processes)"


@pytest.mark.parametrize(
    "name", ["nginx-exporter", "my-nginx", "ngin", "nginx2", "NGINX", "nginx.conf", "nginx:", " nginx"]
)
def test_look_alikes(name: str) -> None:
    """A name that only contains or resembles the wanted one is another process."""
    result = check_process("nginx", observe=lambda: table("sh", name))
    assert (result.status, result.message) == (CRIT, "nginx not running (2 processes seen)")
    assert result.remedy == "start nginx, or correct RS_REQUIRED_PROCESS"


def test_only_ourselves() -> None:
    """If only the gate or what started it has the name, the result is a warning that says so."""
    result = check_process("sh", observe=lambda: table("sh", "nginx"), own_processes={100})
    assert (result.status, result.message) == (WARN, "only this gate itself, or what started it, matches sh")
    assert result.remedy == "name a process in RS_REQUIRED_PROCESS that runs without the gate"


def test_ourselves_and_another() -> None:
    """Another process of the name counts, and own_processes are not counted with it."""
    result = check_process("sh", observe=lambda: table("sh", "sh"), own_processes={100})
    assert (result.status, result.message) == (OK, "sh running (pid 101)")


@pytest.mark.parametrize("name", ["", " "])
def test_no_name(name: str) -> None:
    """Without a name the result is unknown."""
    result = check_process(name)
    assert (result.status, result.message, result.remedy) == (
        UNKNOWN,
        "no process is named",
        "set RS_REQUIRED_PROCESS",
    )


def test_a_table_that_cannot_be_read() -> None:
    """Without permission to look, the result is unknown."""
    result = check_process("nginx", observe=lambda: Unseen("the process table cannot be read", "look as root"))
    assert (result.status, result.message, result.remedy) == (
        UNKNOWN,
        "the process table cannot be read",
        "look as root",
    )


@pytest.mark.parametrize("called", ["shop", "shop-proxy-with-a-long-name"])
def test_a_real_process(tmp_path: Path, called: str) -> None:
    """A process is found by its whole name while it runs, neither by a part of it, nor when it has ended."""
    name = f"{called}-{os.getpid()}"  # of this run alone: another one may test beside it
    (tmp_path / name).symlink_to("/bin/sleep")
    with running(str(tmp_path / name), "60"):
        assert check_process(name).status is OK
        assert check_process(name[:-1]).status is CRIT
        assert check_process(name[:15]).status is (OK if len(name) < 15 else CRIT)
    assert check_process(name).status is CRIT


def test_a_real_zombie(tmp_path: Path) -> None:
    """A process that ended and was not waited for does not run."""
    (tmp_path / "shop-zombie").symlink_to("/bin/sleep")
    process = subprocess.Popen([str(tmp_path / "shop-zombie"), "0"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    result = check_process("shop-zombie")
    process.wait()
    assert result.status is CRIT
    assert "shop-zombie not running" in result.message


def test_this_python_alone_proves_little() -> None:
    """Naming `python` while only the gate is one warns; without the list of ancestors it would pass."""
    seen = processes.processes()
    assert isinstance(seen, Table)
    mine = Table(tuple(process for process in seen.processes if process.pid == os.getpid()))
    assert check_process("python", observe=lambda: mine, own_processes=processes.own_processes()).status is WARN
    assert check_process("python", observe=lambda: mine).status is OK


def test_free_space() -> None:
    """A policy may require free bytes for the release, whatever the percentage."""
    record = host.Disk("/srv", "/", "ext4", 10 * GIB, 90 * GIB, 0, 0)
    for wanted, status in ((90 * GIB, OK), (90 * GIB + 1, CRIT)):
        result = check_disk(DiskLimits("/srv", min_free=wanted), observe=lambda *_, **__: record)
        assert result.status is status
    assert result.message == "10.0% of space in use on /srv (ext4 on /), 90.0 GiB free, expected at least 90.0 GiB"


@pytest.mark.parametrize(
    ("free", "words"),
    [
        (1023, "1023 bytes"),
        (1024, "1.0 KiB"),
        ((1 << 20) - 1, "1024.0 KiB"),
        (1 << 20, "1.0 MiB"),
        (1 << 30, "1.0 GiB"),
        (3 << 39, "1.5 TiB"),
    ],
)
def test_free_space_is_shown_in_a_unit_that_fits(free: int, words: str) -> None:
    """The largest one of which there is at least one whole."""
    record = host.Disk("/srv", "/", "ext4", free, free, 0, 0)
    result = check_disk(DiskLimits("/srv", min_free=free + 1), observe=lambda *_, **__: record)
    assert f", {words} free, " in result.message


def counted(rule: ProcessRule, *names: str, own_processes: set[int] | None = None, **table_is: Any) -> CheckResult:
    """Judge recorded processes, with ids from 100, by a rule."""
    seen = replace(table(*names), **table_is)
    return check_process(rule, observe=lambda: seen, own_processes=own_processes or ())


@pytest.mark.parametrize(("number", "status"), [(0, CRIT), (1, CRIT), (2, OK), (3, OK), (4, CRIT)])
def test_counts(number: int, status: Status) -> None:
    """A rule may require a number of processes within two bounds."""
    assert counted(ProcessRule("nginx", 2, 3), *["nginx"] * number).status is status


def test_counts_are_shown() -> None:
    """The message says how many there are and how many were expected."""
    rule = ProcessRule("nginx", 2, 3)
    assert counted(rule, "nginx").message == "nginx running 1 time, expected 2 (1 processes seen)"
    assert counted(rule, *["nginx"] * 4).message == "nginx running 4 times, expected at most 3"
    assert counted(ProcessRule("sh", 3), "sh", "sh").message == "sh running 2 times, expected 3 (2 processes seen)"


def test_ourselves_do_not_make_up_a_number() -> None:
    """If the number is only reached with the gate itself, the result is a warning."""
    result = counted(ProcessRule("sh", 2), "sh", "sh", own_processes={100})
    assert (result.status, result.message) == (
        WARN,
        "sh running 1 time, expected 2, unless this gate itself is counted",
    )


def process(name: str = "java", **more: Any) -> Process:
    """Return a recorded process."""
    return Process(100, frozenset({name}), **more)


@pytest.mark.parametrize(
    ("user", "status"), [("www", OK), ("33", OK), ("root", CRIT), ("ww", CRIT), ("", OK), ("SHOP\\www", CRIT)]
)
def test_users(user: str, status: Status) -> None:
    """The owner matches by its whole name or its number."""
    seen = Table((process(user=("www", "33")),))
    assert check_process(ProcessRule("java", user=user), observe=lambda: seen).status is status


def test_users_of_a_domain() -> None:
    """On Windows an owner matches with its domain, and without."""
    seen = Table((process(user=("SHOP\\www",)),))
    for user in ("www", "SHOP\\www"):
        assert check_process(ProcessRule("java", user=user), observe=lambda: seen).status is OK


def test_command_lines() -> None:
    """A pattern in the policy distinguishes processes of one name; the command line is never shown."""
    seen = Table((process(command="java -Dtoken=s3cret -jar shop.jar"),))
    assert check_process(ProcessRule("java", command=r"shop\.jar$"), observe=lambda: seen).status is OK
    assert check_process(ProcessRule(command="shop"), observe=lambda: seen).status is OK
    result = check_process(ProcessRule("java", command="other"), observe=lambda: seen)
    assert (result.status, "s3cret" in f"{result}") == (CRIT, False)
    assert result.message == "java with a command line like 'other' not running (1 processes seen)"


def test_hidden_processes() -> None:
    """If some may be hidden, one that is not seen is unknown; one that is seen passes."""
    result = counted(ProcessRule("nginx"), "sh", hidden="/proc hides the processes of other users")
    assert (result.status, result.message) == (UNKNOWN, "nginx not seen, but /proc hides the processes of other users")
    assert result.remedy == "run the gate as a user who may see all processes"
    some = counted(ProcessRule("nginx", 2), "nginx", hidden="/proc hides the processes of other users")
    assert some.message == "nginx running 1 time, expected 2, but /proc hides the processes of other users"
    assert counted(ProcessRule("nginx"), "nginx", hidden="/proc hides").status is OK


@pytest.mark.parametrize(
    ("name", "status"), [("shop-agent-with-a-long-name", UNKNOWN), ("shop-agent-else", CRIT), ("shop-agent", CRIT)]
)
def test_names_that_are_cut(name: str, status: Status) -> None:
    """A process with a truncated name may be the one; a look-alike is not."""
    seen = Table((Process(100, frozenset(), cut="shop-agent-with"),))
    result = check_process(name, observe=lambda: seen)
    assert result.status is status
    assert (result.remedy == "run the gate as a user who may see its command line") is (status is UNKNOWN)


def test_names_that_are_cut_may_make_up_a_number() -> None:
    """Processes of the name are counted, and one with a truncated name may be the missing one."""
    long = "shop-agent-with-a-long-name"
    seen = Table((Process(100, frozenset({long})), Process(101, frozenset(), cut=long[:15])))
    result = check_process(ProcessRule(long, 2), observe=lambda: seen)
    assert (result.status, result.message.partition(",")[0]) == (UNKNOWN, f"{long} running 1 time")


def test_names_that_are_cut_do_not_matter_to_a_rule_without_a_name() -> None:
    """If only the command line counts, the name does not matter; message and remedy have none."""
    seen = Table((Process(100, frozenset(), cut="shop-agent-with"),))
    result = check_process(ProcessRule(command="other"), observe=lambda: seen)
    assert result.status is CRIT
    assert result.message == "a process with a command line like 'other' not running (1 processes seen)"
    assert result.remedy == "start it, or correct RS_REQUIRED_PROCESS"


def test_a_container_is_reported() -> None:
    """The message says that processes of the host are not visible from the container."""
    message = counted(ProcessRule("nginx"), "sh", container=True).message
    assert message == "nginx not running (1 processes seen in this container, which hides those of its host)"
