"""Disk, memory and processes are observed as the kernel reports them to this process."""

import os
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
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
    """Record which control groups this process is in."""
    file = root / "proc/self/cgroup"
    file.parent.mkdir(parents=True)
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return root


def limited(root: Path, used: int, limit: int, name: str) -> host.Memory:
    """Return the expected result for the group `name`; sizes in MiB."""
    return host.Memory(used * MIB, limit * MIB, f"control group {root / 'sys/fs/cgroup' / name}")


def test_memory_of_a_v2_container(tmp_path: Path) -> None:
    """In a container the working set counts, against the container's limit."""
    belong(tmp_path, "0::/")
    stat = f"anon 1\ninactive_file {10 * MIB}\nactive_file 5"
    group(tmp_path, "v2", "", memory__max=64 * MIB, memory__current=40 * MIB, memory__stat=stat)
    assert host.memory(tmp_path) == host.Memory(30 * MIB, 64 * MIB, f"control group {tmp_path / 'sys/fs/cgroup'}")


def test_memory_of_a_v1_container(tmp_path: Path) -> None:
    """Under v1 the sum over the group's tree is subtracted, not the group's own part."""
    belong(tmp_path, "5:cpu,cpuacct:/docker/1", "4:memory:/docker/1", "1:name=systemd:/docker/1")
    stat = f"inactive_file 1\ntotal_inactive_file {10 * MIB}"
    files = {"memory__limit_in_bytes": 64 * MIB, "memory__usage_in_bytes": 40 * MIB, "memory__stat": stat}
    group(tmp_path, "v1", "/docker/1", **files)
    assert host.memory(tmp_path) == limited(tmp_path, 30, 64, "memory/docker/1")


def test_memory_of_a_v1_container_that_sees_itself_as_the_top(tmp_path: Path) -> None:
    """If the group's name is the host's and does not exist here, the top of the mount is the group."""
    belong(tmp_path, "4:memory:/docker/0123456789ab")
    group(tmp_path, "v1", "", memory__limit_in_bytes=64 * MIB, memory__usage_in_bytes=40 * MIB)
    assert host.memory(tmp_path) == limited(tmp_path, 40, 64, "memory")


def test_memory_on_a_hybrid_host(tmp_path: Path) -> None:
    """On a hybrid host the empty v2 line does not hide that memory is v1."""
    belong(tmp_path, "4:memory:/kubepods/pod1", "0::/")
    group(tmp_path, "unified", "", cgroup__procs=1)
    group(tmp_path, "v1", "/kubepods/pod1", memory__limit_in_bytes=64 * MIB, memory__usage_in_bytes=40 * MIB)
    assert host.memory(tmp_path) == limited(tmp_path, 40, 64, "memory/kubepods/pod1")


@pytest.mark.parametrize(
    ("outer", "inner", "seen"),
    [(32, 64, "pods"), (64, 32, "pods/one"), (64, "max", "pods"), ("max", 32, "pods/one")],
    ids=["outer-smaller", "inner-smaller", "inner-none", "outer-none"],
)
def test_the_smallest_limit_counts(tmp_path: Path, outer: int | str, inner: int | str, seen: str) -> None:
    """The smallest limit of a group and its ancestors counts, with that group's own use."""
    belong(tmp_path, "0::/pods/one")
    for name, limit, used in (("pods", outer, 20), ("pods/one", inner, 10)):
        size = limit * MIB if isinstance(limit, int) else limit
        group(tmp_path, "v2", name, memory__max=size, memory__current=used * MIB)
    smallest = min(limit for limit in (outer, inner) if isinstance(limit, int))
    assert host.memory(tmp_path) == limited(tmp_path, 20 if seen == "pods" else 10, smallest, seen)


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
    [("v2", "max"), ("v2", 1 << 55), ("v1", 9223372036854771712), ("v1", 18446744073709551615), ("v2", "nonsense")],
    ids=["max", "more-than-the-host", "v1-none", "v1-older-none", "nonsense"],
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
    assert seen.used == used * MIB


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


def test_memory_without_figures(mocker: MockerFixture) -> None:
    """A platform that refuses is unseen, in its own words."""
    mocker.patch.object(psutil, "virtual_memory", side_effect=OSError("sysctl failed"))
    assert host.memory() == Unseen("the kernel reports no memory figures: sysctl failed")


def test_disk_names_that_are_not_text(tmp_path: Path) -> None:
    """A path whose bytes are not UTF-8 can be inspected."""
    name = os.fsdecode(bytes(tmp_path) + b"/\xff")
    Path(name).mkdir()
    assert isinstance(host.disk(name), host.Disk)
