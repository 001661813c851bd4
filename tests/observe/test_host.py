"""Disk, memory and processes are observed as the kernel reports them to this process."""

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from msgspec.structs import replace
from pytest_mock import MockerFixture

from release_sentinel.observe import Unseen, host
from tests.observe.parts import program

MIB = 1 << 20


def test_disk_is_what_the_kernel_says(tmp_path: Path) -> None:
    """Used and available space and inodes are those of the file system that holds the path."""
    seen = host.disk(str(tmp_path))
    assert isinstance(seen, host.Disk)
    expected = os.statvfs(tmp_path)
    slack = 0.02 * expected.f_frsize * expected.f_blocks  # others write meanwhile
    assert seen.used == pytest.approx(expected.f_frsize * (expected.f_blocks - expected.f_bfree), abs=slack)
    assert seen.available == pytest.approx(expected.f_frsize * expected.f_bavail, abs=slack)
    assert seen.inodes_available == pytest.approx(expected.f_favail, rel=0.02)


def test_disk_names_mount_and_file_system() -> None:
    """A path on a mount of its own has that mount and its type."""
    seen = host.disk("/proc/self")
    assert isinstance(seen, host.Disk)
    assert (seen.path, seen.mount, seen.file_system) == ("/proc/self", "/proc", "proc")


def test_disk_follows_links(tmp_path: Path) -> None:
    """A link is judged by the file system that it leads to."""
    (tmp_path / "link").symlink_to("/proc")
    seen = host.disk(str(tmp_path / "link"))
    assert isinstance(seen, host.Disk)
    assert seen.mount == "/proc"


def test_a_look_alike_of_a_mount_point() -> None:
    """A path that only begins like a mount point is not on that mount."""
    assert host._mount("/proceedings") == host._mount("/")


@pytest.mark.parametrize("name", ["with space", "straße", "line\nbreak", "-x"])
def test_disk_paths_with_unusual_names(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any name can be inspected."""
    (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    assert isinstance(host.disk(name), host.Disk)


def test_disk_of_a_path_that_is_not_there(tmp_path: Path) -> None:
    """A path that does not exist is unseen, in the kernel's words."""
    seen = host.disk(str(tmp_path / "nothing"))
    assert isinstance(seen, Unseen)
    assert seen.why.startswith(f"{tmp_path / 'nothing'} cannot be inspected: ")
    assert "No such file or directory" in seen.why


def test_disk_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mount that does not answer is unseen at the bound, and its child process does not stay as a zombie."""
    monkeypatch.setattr(sys, "executable", str(program(tmp_path / "python", "#!/bin/sh\nexec sleep 60\n")))
    seen = host.disk("/mnt/nfs", timeout=0.1)
    assert isinstance(seen, Unseen)
    assert seen.why == "/mnt/nfs did not answer within 0.1 s: is its mount dead?"
    assert seen.remedy == "see `mount` and the server"
    assert not [child for child in psutil.Process().children() if child.status() == psutil.STATUS_ZOMBIE]


def test_disk_ignores_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules in the working directory do not change the result."""
    (tmp_path / "os.py").write_text("raise SystemExit(1)\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert isinstance(host.disk("/"), host.Disk)


def group(root: Path, controllers: str, name: str, **files: object) -> None:
    """Record a control group; the file names are written with `__` for a dot."""
    if controllers == "v2":
        folder = root / "sys/fs/cgroup" / name.lstrip("/")
    elif controllers == "unified":
        folder = root / "sys/fs/cgroup/unified" / name.lstrip("/")
    else:
        folder = root / "sys/fs/cgroup/memory" / name.lstrip("/")
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in files.items():
        (folder / file.replace("__", ".")).write_text(f"{content}\n", encoding="utf-8")


def belong(root: Path, *lines: str) -> Path:
    """Record which control groups this process is in, on a host whose memory is free."""
    file = root / "proc/self/cgroup"
    file.parent.mkdir(parents=True)
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    meminfo(root)
    return root


def in_namespace(script: str) -> str:
    """Run a script of the shell with mounts of its own; return what it writes."""
    unshare = ("unshare", "--mount", "sh", "-ec")
    if not shutil.which("unshare") or subprocess.run([*unshare, "mount -t tmpfs none /mnt"], check=False).returncode:
        pytest.skip("only root may mount")
    return subprocess.run([*unshare, script], check=True, capture_output=True, text=True).stdout.strip()


def meminfo(root: Path, total: int = 1 << 16, available: int | None = None, **rows: object) -> Path:
    """Record the host's memory, in MiB; further rows as the kernel writes them."""
    file = root / "proc/meminfo"
    file.parent.mkdir(parents=True, exist_ok=True)
    free = total if available is None else available
    sizes = {"MemTotal": total, "MemFree": free, "MemAvailable": free}
    lines = [f"{name}: {size * 1024} kB" for name, size in sizes.items()] + [f"{name}: {n}" for name, n in rows.items()]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root


def fullest(root: Path) -> host.Memory:
    """Return the memory that is judged, without the others."""
    seen = host.memory(root)
    assert isinstance(seen, host.Memory), seen
    return replace(seen, others=())


def limited(root: Path, used: int, limit: int, name: str) -> host.Memory:
    """Return the expected result for the group `name`; sizes in MiB."""
    return host.Memory(used * MIB, limit * MIB, f"control group {root / 'sys/fs/cgroup' / name}")


def test_memory_of_a_v2_container(tmp_path: Path) -> None:
    """In a container the working set counts, against the container's limit."""
    belong(tmp_path, "0::/")
    stat = f"anon 1\ninactive_file {10 * MIB}\nactive_file 5"
    group(tmp_path, "v2", "", memory__max=64 * MIB, memory__current=40 * MIB, memory__stat=stat)
    assert fullest(tmp_path) == host.Memory(30 * MIB, 64 * MIB, f"control group {tmp_path / 'sys/fs/cgroup'}")


def test_memory_of_a_v1_container(tmp_path: Path) -> None:
    """Under v1 the sum over the group's tree is subtracted, not the group's own part."""
    belong(tmp_path, "5:cpu,cpuacct:/docker/1", "4:memory:/docker/1", "1:name=systemd:/docker/1")
    stat = f"inactive_file 1\ntotal_inactive_file {10 * MIB}"
    files = {"memory__limit_in_bytes": 64 * MIB, "memory__usage_in_bytes": 40 * MIB, "memory__stat": stat}
    group(tmp_path, "v1", "/docker/1", **files)
    assert fullest(tmp_path) == limited(tmp_path, 30, 64, "memory/docker/1")


def test_memory_of_a_v1_container_that_sees_itself_as_the_top(tmp_path: Path) -> None:
    """If the group's name is the host's and does not exist here, the top of the mount is the group."""
    belong(tmp_path, "4:memory:/docker/0123456789ab")
    group(tmp_path, "v1", "", memory__limit_in_bytes=64 * MIB, memory__usage_in_bytes=40 * MIB)
    assert fullest(tmp_path) == limited(tmp_path, 40, 64, "memory")


def test_memory_on_a_hybrid_host(tmp_path: Path) -> None:
    """On a hybrid host the empty v2 line does not hide that memory is v1."""
    belong(tmp_path, "4:memory:/kubepods/pod1", "0::/")
    group(tmp_path, "unified", "", cgroup__procs=1)
    group(tmp_path, "v1", "/kubepods/pod1", memory__limit_in_bytes=64 * MIB, memory__usage_in_bytes=40 * MIB)
    assert fullest(tmp_path) == limited(tmp_path, 40, 64, "memory/kubepods/pod1")


@pytest.mark.parametrize(
    ("outer", "inner", "seen"),
    [
        ((30, 32), (10, 64), "pods"),
        ((60, 64), (1, 8), "pods"),
        ((20, 64), (10, 16), "pods/one"),
        ((20, "max"), (10, 64), "pods/one"),
        ((20, 64), (10, "max"), "pods"),
    ],
    ids=["outer-smaller", "outer-full-of-a-neighbour", "inner-fuller", "outer-unlimited", "inner-unlimited"],
)
def test_the_fullest_group_counts(
    tmp_path: Path, outer: tuple[int, int | str], inner: tuple[int, int | str], seen: str
) -> None:
    """Of a group and its ancestors the fullest counts, whoever fills it: each can kill."""
    belong(tmp_path, "0::/pods/one")
    groups = {"pods": outer, "pods/one": inner}
    for name, (used, limit) in groups.items():
        size = limit * MIB if isinstance(limit, int) else limit
        group(tmp_path, "v2", name, memory__max=size, memory__current=used * MIB)
    used, limit = groups[seen]
    assert isinstance(limit, int)
    assert fullest(tmp_path) == limited(tmp_path, used, limit, seen)


def test_a_full_host_counts_before_an_empty_group(tmp_path: Path) -> None:
    """The host runs out of memory although the group has plenty; and the other way round."""
    belong(tmp_path, "0::/pod")
    group(tmp_path, "v2", "pod", memory__max=64 * MIB, memory__current=8 * MIB)
    meminfo(tmp_path, 1000, 50)
    assert fullest(tmp_path) == host.Memory(950 * MIB, 1000 * MIB, "host")
    meminfo(tmp_path, 1000, 900)
    assert fullest(tmp_path).scope.endswith("sys/fs/cgroup/pod")


def test_a_limit_on_memory_and_swap_counts(tmp_path: Path) -> None:
    """v1 kills at the limit of both together, too."""
    belong(tmp_path, "4:memory:/pod")
    files = {"memory__limit_in_bytes": 64 * MIB, "memory__usage_in_bytes": 40 * MIB}
    both = {"memory__memsw__limit_in_bytes": 100 * MIB, "memory__memsw__usage_in_bytes": 96 * MIB}
    group(tmp_path, "v1", "/pod", **files, **both)
    seen = fullest(tmp_path)
    assert (seen.used, seen.limit) == (96 * MIB, 100 * MIB)
    assert seen.scope == f"control group {tmp_path / 'sys/fs/cgroup/memory/pod'}, memory and swap"


def test_what_only_slows_down_is_not_judged_as_a_limit(tmp_path: Path) -> None:
    """A group above its memory.high is beside the scopes that kill."""
    belong(tmp_path, "0::/pod")
    group(tmp_path, "v2", "pod", memory__max="max", memory__high=32 * MIB, memory__current=40 * MIB)
    seen = host.memory(tmp_path)
    assert isinstance(seen, host.Memory)
    assert seen.scope == "host"
    assert [(other.limit, other.slows) for other in seen.others] == [(32 * MIB, True)]


def test_a_limit_on_swap_is_known(tmp_path: Path) -> None:
    """What the group may swap, and does."""
    belong(tmp_path, "0::/pod")
    files = {"memory__swap__max": 8 * MIB, "memory__swap__current": 2 * MIB}
    group(tmp_path, "v2", "pod", memory__max=64 * MIB, memory__current=40 * MIB, **files)
    assert fullest(tmp_path).swap == (2 * MIB, 8 * MIB)


ARC = "13 1 0x01 98 26656 1 2\nname type data\nhits 4 5\nc_min 4 {low}\nsize 4 {size}\n"


def test_the_cache_of_zfs(tmp_path: Path) -> None:
    """What it can give back: all above its minimum."""
    meminfo(tmp_path, 1000, 100)
    (tmp_path / "proc/spl/kstat/zfs").mkdir(parents=True)
    (tmp_path / "proc/spl/kstat/zfs/arcstats").write_text(ARC.format(low=50 * MIB, size=650 * MIB), encoding="utf-8")
    assert fullest(tmp_path) == host.Memory(900 * MIB, 1000 * MIB, "host", zfs_cache=600 * MIB)


def test_huge_pages_that_nobody_uses(tmp_path: Path) -> None:
    """Those that are free, without those that are promised; of each size, where the kernel lists the sizes."""
    meminfo(tmp_path, 1000, 100, HugePages_Total=300, HugePages_Free=200, HugePages_Rsvd=50, Hugepagesize="2048 kB")
    assert fullest(tmp_path).unused_huge_pages == 300 * MIB
    for size, free, promised in ((2048, 200, 50), (1048576, 2, 0)):
        pool = tmp_path / f"sys/kernel/mm/hugepages/hugepages-{size}kB"
        pool.mkdir(parents=True)
        (pool / "free_hugepages").write_text(f"{free}\n", encoding="utf-8")
        (pool / "resv_hugepages").write_text(f"{promised}\n", encoding="utf-8")
    assert fullest(tmp_path).unused_huge_pages == (300 + 2048) * MIB


BROKEN = {"empty": "", "cut": "MemTo", "garbage": "\0\xff\n::\n", "half": "MemTotal: 1000 kB\nMemFree:"}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_meminfo_that_cannot_be_understood(tmp_path: Path, text: str) -> None:
    """It is unseen, in words that name the file."""
    meminfo(tmp_path)
    (tmp_path / "proc/meminfo").write_text(text, encoding="utf-8")
    seen = host.memory(tmp_path)
    assert isinstance(seen, Unseen)
    assert seen.why.startswith(f"{tmp_path}/proc/meminfo cannot be understood: it has no Mem")


def test_a_real_meminfo_that_is_empty(tmp_path: Path) -> None:
    """The real command has words for it."""
    (tmp_path / "empty").touch()
    command = "from release_sentinel.observe import host; print(host.memory().why)"
    done = in_namespace(f"mount --bind '{tmp_path}/empty' /proc/meminfo && {sys.executable} -c '{command}'")
    assert done == "/proc/meminfo cannot be understood: it has no MemTotal"


def test_a_meminfo_of_an_older_kernel(tmp_path: Path) -> None:
    """Without MemAvailable, what is free and what is cached is available; more than all of it is not believed."""
    meminfo(tmp_path)
    older = "MemTotal: 1000 kB\nMemFree: 100 kB\nCached: 500 kB\nShmem: 200 kB\n"
    (tmp_path / "proc/meminfo").write_text(older, encoding="utf-8")
    assert fullest(tmp_path).used == 600 * 1024
    (tmp_path / "proc/meminfo").write_text(f"{older}MemAvailable: 2000 kB\n", encoding="utf-8")
    assert fullest(tmp_path).used == 900 * 1024


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("proc/self/cgroup", "4:mem", "cannot be understood: it has the line '4:mem'"),
        ("proc/self/cgroup", "0::pod\n", "cannot be understood: it names the group 'pod'"),
        ("proc/self/mountinfo", "", "is empty"),
        ("proc/self/mountinfo", "30 24 0:27 /\n", "cannot be understood: it has the line '30 24 0:27 /'"),
        ("proc/self/mountinfo", "30 24 0:27 / / rw - cgroup2\n", "cannot be understood: it has the line"),
        ("sys/fs/cgroup/pod/memory.max", "", "cannot be understood: it says '', expected a size or max"),
        ("sys/fs/cgroup/pod/memory.max", "ma", "cannot be understood: it says 'ma', expected a size or max"),
        ("sys/fs/cgroup/pod/memory.high", "-1", "cannot be understood: it says '-1', expected a size or max"),
        ("sys/fs/cgroup/pod/memory.current", "x", "does not say how much of it is in use"),
        ("sys/fs/cgroup/pod/memory.current", "", "does not say how much of it is in use"),
    ],
)
def test_control_groups_that_cannot_be_understood(tmp_path: Path, file: str, text: str, words: str) -> None:
    """What the kernel's files do not say clearly is unseen, never a traceback and never no limit."""
    belong(tmp_path, "0::/pod")
    group(tmp_path, "v2", "pod", memory__max=64 * MIB, memory__current=MIB)
    assert fullest(tmp_path).limit == 64 * MIB
    (tmp_path / file).write_text(text, encoding="utf-8")
    seen = host.memory(tmp_path)
    assert isinstance(seen, Unseen)
    assert words in seen.why


@pytest.mark.parametrize(
    "file", ["sys/fs/cgroup/pod/memory.stat", "proc/spl/kstat/zfs/arcstats", "sys/kernel/mm/hugepages/x"]
)
@pytest.mark.parametrize("text", ["", "inactive_file", "size 4", "\0\xff", "a b c d\n\n"])
def test_garbage_in_what_only_explains_a_figure(tmp_path: Path, file: str, text: str) -> None:
    """It changes no figure."""
    belong(tmp_path, "0::/pod")
    group(tmp_path, "v2", "pod", memory__max=64 * MIB, memory__current=40 * MIB)
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text(text, encoding="utf-8")
    assert (fullest(tmp_path).used, fullest(tmp_path).limit) == (40 * MIB, 64 * MIB)


def test_a_neighbour_group_does_not_count(tmp_path: Path) -> None:
    """The limit of a group that this process is not in does not apply to it."""
    belong(tmp_path, "0::/pods/one")
    group(tmp_path, "v2", "pods/one", memory__max="max", memory__current=MIB)
    group(tmp_path, "v2", "pods/two", memory__max=2 * MIB, memory__current=MIB)
    assert scope(tmp_path) == "host"


def scope(root: Path) -> str:
    """Return whose memory is judged."""
    seen = host.memory(root)
    assert isinstance(seen, host.Memory)
    return seen.scope


@pytest.mark.parametrize(
    ("kind", "limit"),
    [("v2", "max"), ("v2", 1 << 55), ("v1", 9223372036854771712), ("v1", 18446744073709551615)],
    ids=["max", "more-than-the-host", "v1-none", "v1-older-none"],
)
def test_no_limit_means_the_host(tmp_path: Path, kind: str, limit: object) -> None:
    """With no limit, or one above the host's memory, the host's memory is judged."""
    belong(tmp_path, "0::/" if kind == "v2" else "4:memory:/")
    files = ("memory__max", "memory__current") if kind == "v2" else ("memory__limit_in_bytes", "memory__usage_in_bytes")
    group(tmp_path, kind, "", **dict(zip(files, (limit, MIB), strict=True)))
    assert scope(tmp_path) == "host"


def test_no_control_groups_at_all(tmp_path: Path) -> None:
    """Without control groups the host's memory is judged: one minus available over total."""
    seen = host.memory(tmp_path)
    assert isinstance(seen, host.Memory)
    expected = psutil.virtual_memory()
    assert (seen.limit, seen.scope) == (expected.total, "host")
    assert seen.used == pytest.approx(expected.total - expected.available, abs=0.05 * expected.total)


@pytest.mark.parametrize(
    ("stat", "used"),
    [("", 40), ("inactive_file", 40), ("anon 1", 40), (f"inactive_file {80 * MIB}", 0)],
    ids=["empty", "no-figure", "no-row", "more-than-all"],
)
def test_a_working_set_is_never_negative(tmp_path: Path, stat: str, used: int) -> None:
    """With a missing or odd count of page cache the use is still between 0 and the total."""
    belong(tmp_path, "0::/")
    group(tmp_path, "v2", "", memory__max=64 * MIB, memory__current=40 * MIB, memory__stat=stat)
    seen = host.memory(tmp_path)
    assert isinstance(seen, host.Memory)
    assert [one.used for one in (seen, *seen.others) if one.scope != "host"] == [used * MIB]


def test_memory_of_this_process() -> None:
    """The memory of this process is observed, and is above 0 and at most the total."""
    seen = host.memory()
    assert isinstance(seen, host.Memory)
    assert 0 < seen.used <= seen.limit


def test_disk_on_windows(mocker: MockerFixture) -> None:
    """The platform's own figures count; it has no inodes."""
    mocker.patch.object(host, "WINDOWS", new=True)
    mocker.patch.object(psutil, "disk_usage", return_value=SimpleNamespace(used=30, free=70))
    seen = host.disk("/")
    assert isinstance(seen, host.Disk)
    assert (seen.used, seen.available, seen.inodes_used, seen.inodes_available) == (30, 70, 0, 0)


def test_disk_on_windows_that_is_not_there(mocker: MockerFixture) -> None:
    """A drive that does not exist is unseen, in the platform's words."""
    mocker.patch.object(host, "WINDOWS", new=True)
    mocker.patch.object(psutil, "disk_usage", side_effect=OSError("no such drive"))
    assert host.disk("X:") == Unseen("X: cannot be inspected: no such drive")


def test_disk_on_windows_that_hangs(mocker: MockerFixture) -> None:
    """A share that does not answer is given up at the bound."""
    release = threading.Event()
    mocker.patch.object(host, "WINDOWS", new=True)
    mocker.patch.object(psutil, "disk_usage", side_effect=lambda _: release.wait())
    seen = host.disk("X:", timeout=0.05)
    release.set()
    assert isinstance(seen, Unseen)
    assert seen.why == "X: did not answer within 0.05 s: is its mount dead?"


def test_memory_on_macos(mocker: MockerFixture, tmp_path: Path) -> None:
    """Without /proc there are no control groups, and the platform's figures count."""
    mocker.patch.object(psutil, "virtual_memory", return_value=SimpleNamespace(total=100, available=40))
    assert host.memory(tmp_path) == host.Memory(60, 100, "host")


def test_memory_without_figures(mocker: MockerFixture, tmp_path: Path) -> None:
    """A platform that refuses is unseen, in its own words."""
    mocker.patch.object(psutil, "virtual_memory", side_effect=OSError("sysctl failed"))
    assert host.memory(tmp_path) == Unseen("the kernel reports no memory figures: sysctl failed")


def test_disk_names_that_are_not_text(tmp_path: Path) -> None:
    """A path whose bytes are not UTF-8 can be inspected."""
    name = os.fsdecode(bytes(tmp_path) + b"/\xff")
    Path(name).mkdir()
    assert isinstance(host.disk(name), host.Disk)
