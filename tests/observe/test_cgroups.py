"""The control groups that limit memory are found where they are mounted, according to the kernel's own files."""

from pathlib import Path

import pytest

from release_sentinel.observe import Unseen, cgroups, host
from tests.observe.test_host import MIB, belong, group

MOUNT = "30 24 0:27 {mounted} {place} rw,nosuid shared:9 - {kind} cgroup {options}\n"


def mounted(root: Path, *mounts: tuple[str, str, str, str]) -> None:
    """Record the mounts of control groups: which group, where, kind and options."""
    lines = [MOUNT.format(mounted=one[0], place=one[1], kind=one[2], options=one[3]) for one in mounts]
    (root / "proc/self/mountinfo").write_text("".join(lines), encoding="utf-8")


def folders(root: Path) -> list[str]:
    """Return the folders of the limited groups, as seen from the root."""
    return [f"/{found.folder.relative_to(root)}" for found in cgroups.limits(root)]


def test_a_group_below_what_is_mounted(tmp_path: Path) -> None:
    """In a container the mount shows the container's group as its top: names are relative to it."""
    belong(tmp_path, "4:memory:/docker/1/inner", "0::/")
    mounted(tmp_path, ("/docker/1", "/sys/fs/cgroup/memory", "cgroup", "rw,memory"))
    group(tmp_path, "v1", "/inner", memory__limit_in_bytes=32 * MIB, memory__usage_in_bytes=MIB)
    group(tmp_path, "v1", "/", memory__limit_in_bytes=64 * MIB, memory__usage_in_bytes=MIB)
    assert folders(tmp_path) == ["/sys/fs/cgroup/memory/inner", "/sys/fs/cgroup/memory"]


def test_a_hierarchy_in_an_unusual_place(tmp_path: Path) -> None:
    """Groups are looked for where the mount table says, not in the usual place."""
    belong(tmp_path, "7:cpu,memory:/shop")
    mounted(tmp_path, ("/", "/cgroup/cpu,memory", "cgroup", "rw,cpu,memory"))
    folder = tmp_path / "cgroup/cpu,memory/shop"
    folder.mkdir(parents=True)
    (folder / "memory.limit_in_bytes").write_text(f"{64 * MIB}\n", encoding="utf-8")
    group(tmp_path, "v1", "/shop", memory__limit_in_bytes=MIB, memory__usage_in_bytes=MIB)
    assert folders(tmp_path) == ["/cgroup/cpu,memory/shop"]


def test_other_controllers_do_not_count(tmp_path: Path) -> None:
    """A mount without the memory controller is not read."""
    belong(tmp_path, "4:memory:/shop")
    mounted(tmp_path, ("/", "/sys/fs/cgroup/memory", "cgroup", "rw,cpuset"))
    group(tmp_path, "v1", "/shop", memory__limit_in_bytes=MIB, memory__usage_in_bytes=MIB)
    assert folders(tmp_path) == []


def test_a_hybrid_host(tmp_path: Path) -> None:
    """Both hierarchies are mounted, and the one with the memory controller is read."""
    belong(tmp_path, "4:memory:/pod", "0::/pod")
    mounted(
        tmp_path,
        ("/", "/sys/fs/cgroup/unified", "cgroup2", "rw"),
        ("/", "/sys/fs/cgroup/memory", "cgroup", "rw,memory"),
    )
    group(tmp_path, "unified", "/pod", cgroup__procs=1)
    group(tmp_path, "v1", "/pod", memory__limit_in_bytes=64 * MIB, memory__usage_in_bytes=MIB)
    assert folders(tmp_path) == ["/sys/fs/cgroup/memory/pod"]


def test_a_group_outside_of_the_mount(tmp_path: Path) -> None:
    """A name that leads out of the mount stays inside."""
    belong(tmp_path, "0::/../../other")
    group(tmp_path, "v2", "other", memory__max=64 * MIB, memory__current=MIB)
    group(tmp_path, "v2", "", memory__max=32 * MIB, memory__current=MIB)
    assert folders(tmp_path) == ["/sys/fs/cgroup/other", "/sys/fs/cgroup"]


def test_a_limit_without_its_use_is_unseen(tmp_path: Path) -> None:
    """A container whose use cannot be read is not judged by its host."""
    belong(tmp_path, "0::/")
    group(tmp_path, "v2", "", memory__max=64 * MIB)
    seen = host.memory(tmp_path)
    assert isinstance(seen, Unseen)
    assert seen.why.endswith("has a limit, but does not say how much of it is in use")


def test_an_unused_group_is_seen(tmp_path: Path) -> None:
    """A use of 0 is a figure, too."""
    belong(tmp_path, "0::/")
    group(tmp_path, "v2", "", memory__max=64 * MIB, memory__current=0)
    seen = host.memory(tmp_path)
    assert isinstance(seen, host.Memory)
    assert (0, 64 * MIB) in {(one.used, one.limit) for one in (seen, *seen.others)}


@pytest.mark.skipif(not Path("/proc/self/cgroup").exists(), reason="no control groups on this system")
def test_this_machine_s_own_groups() -> None:
    """Exactly those groups of this process are found whose files hold a limit, each with its use."""
    folders = dict.fromkeys(cgroups._folders(Path("/")))
    files = [folder / name for folder in folders for name in ("memory.max", "memory.limit_in_bytes")]
    texts = {file.parent: file.read_text().strip() for file in files if file.exists()}
    if not texts:
        pytest.skip("no control group of this process counts memory")
    limited = {folder: int(text) for folder, text in texts.items() if text != "max" and len(text) < len(str(1 << 60))}
    found = cgroups.limits(Path("/"))
    assert {group.folder: group.limit for group in found if not (group.slows or group.with_swap)} == limited
    assert all(group.working_set is not None for group in found)


@pytest.mark.skipif(not Path("/sys/fs/cgroup").exists(), reason="no control groups on this system")
def test_this_machine_s_mounts() -> None:
    """Every mounted hierarchy with memory is one that the kernel lists."""
    places = [place for version in ("cgroup", "cgroup2") for _, place in cgroups._mounts(Path("/"), version)]
    assert places
    assert all(place.is_dir() for place in places)
