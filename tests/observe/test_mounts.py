"""Read-only mounts are told apart: on purpose, and by an error of the file system."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from release_sentinel.checks.result import CRIT, OK, WARN
from release_sentinel.checks.system import check_disk
from release_sentinel.config.targets import DiskLimits
from release_sentinel.observe import Unseen, host, mounts
from release_sentinel.vocabulary import Status
from tests.observe.test_host import in_namespace

LINE = "{number} 24 8:1 / {point} {options} shared:9 - {kind} /dev/sda1 {more}\n"


def table(root: Path, *lines: str) -> Path:
    """Record the kernel's table of mounts."""
    (root / "proc/self").mkdir(parents=True, exist_ok=True)
    (root / "proc/self/mountinfo").write_text("".join(lines), encoding="utf-8")
    return root


def line(point: str = "/srv", options: str = "rw", more: str = "rw", kind: str = "ext4", number: int = 30) -> str:
    """Return one line of the table."""
    return LINE.format(number=number, point=point, options=options, kind=kind, more=more)


def found(root: Path, path: str, number: int | None = None) -> mounts.Mount:
    """Return the mount that holds a path."""
    mount = mounts.find(root, path, number)
    assert mount
    return mount


def test_the_mount_of_a_path(tmp_path: Path) -> None:
    """The number decides; without one the deepest, and of equals the last, which hides the others."""
    table(
        tmp_path,
        line("/", kind="xfs", number=1),
        line("/srv", kind="ext4", number=2),
        line("/srv", kind="nfs", number=3),
        line("/srv/a\\040b", kind="tmpfs", number=4),
    )
    assert found(tmp_path, "/srv/x").file_system == "nfs"
    assert found(tmp_path, "/srv/x", 2).file_system == "ext4"
    assert found(tmp_path, "/srv/x", 99).file_system == "nfs"
    assert found(tmp_path, "/srv/a b/c").point == "/srv/a b"
    assert found(tmp_path, "/srvice").file_system == "xfs"


@pytest.mark.parametrize("text", ["", "30", "30 24 8:1 / /srv rw", "\0\xff - \n", "x 24 8:1 / /srv rw - ext4 a rw\n"])
def test_a_table_that_cannot_be_understood(tmp_path: Path, text: str) -> None:
    """What it does not say is not known; only a disk that can be written is judged without it."""
    table(tmp_path, text)
    assert mounts.find(tmp_path, "/srv", 30) is None
    disk = host.Disk("/srv", "/srv", "unknown", 1, 1, 1, 1)
    assert host.on_mount(tmp_path, disk, 30) == disk
    seen = host.on_mount(tmp_path, replace(disk, read_only=True), None)
    assert seen == Unseen("/srv is read-only, and /proc/self/mountinfo does not say why", "see `mount` and `dmesg`")


def test_no_table_at_all(tmp_path: Path) -> None:
    """As where /proc is not mounted."""
    assert mounts.find(tmp_path, "/srv", 30) is None


RO, BOTH = "its file system is read-only, and mounted read-write", "/etc/fstab mounts it read-write"
DATA = "UUID=1 /srv ext4 defaults,errors=remount-ro 0 2"
CASES = {
    "writable": (line(), DATA, ""),
    "by-an-error": (line(more="ro,errors=remount-ro"), "", RO),
    "by-an-error-since-6.12": (line(more="rw,emergency_ro"), "", "its file system says emergency_ro"),
    "shut-down": (line(more="rw,shutdown"), "", "its file system says shutdown"),
    "btrfs": (line(more="ro,space_cache=v2", kind="btrfs"), "", RO),
    "on-purpose": (line(options="ro,relatime", more="ro"), "", ""),
    "on-purpose-by-fstab": (line(options="ro", more="ro"), "UUID=1 /srv ext4 ro,noatime 0 2", ""),
    "not-as-fstab-says": (line(options="ro", more="ro"), f"# /srv\n\n{DATA}", BOTH),
    "fstab-with-a-type-by-itself": (line(options="ro", more="ro"), "/dev/sda1 /srv auto rw 0 2", BOTH),
    "fstab-of-another-type": (line(options="ro", more="ro"), "/dev/sda1 /srv xfs rw 0 2", ""),
    "fstab-of-another-place": (line(options="ro", more="ro"), "/dev/sda1 /var ext4 rw 0 2", ""),
    "garbage-in-fstab": (line(options="ro", more="ro"), "/dev/sda1 /srv\n\0\xff", ""),
    "a-read-only-view": (line(options="ro", more="rw"), DATA, ""),
    "look-alikes-of-options": (line(options="rw,errors=remount-ro", more="rw,errors=ro"), DATA, ""),
    "zfs-by-its-property": (line(more="ro,xattr", kind="zfs"), "", ""),
    "overlay-of-an-image": (line(more="ro,lowerdir=/a:/b", kind="overlay"), "", ""),
    "overlay-that-could-be-written": (line(more="ro,lowerdir=/a,upperdir=/b", kind="overlay"), "", RO),
    "never-writable": (line(more="ro", kind="squashfs"), "", ""),
}


@pytest.mark.parametrize(("mountinfo", "fstab", "why"), CASES.values(), ids=CASES)
def test_why_a_mount_is_read_only(tmp_path: Path, mountinfo: str, fstab: str, why: str) -> None:
    """By an error, in the words of what shows it; or not."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/fstab").write_text(fstab, encoding="utf-8")
    assert mounts.broken(tmp_path, found(table(tmp_path, mountinfo), "/srv", 30)) == why


def judged(*, allowed: bool = False, used: int = 10, **more: bool | str) -> tuple[Status, str]:
    """Judge a recorded disk."""
    record = host.Disk("/srv", "/srv", "ext4", used, 100 - used, 0, 0, **more)  # type: ignore[arg-type]  # fields by name
    result = check_disk(DiskLimits("/srv", read_only=allowed), observe=lambda *_, **__: record)
    return result.status, result.message


def test_a_read_only_disk_is_judged() -> None:
    """By an error it fails whatever the policy says; on purpose it warns, unless the policy says so."""
    for allowed in (False, True):
        failed = (CRIT, "/srv (ext4 on /srv) is read-only: it broke")
        assert judged(allowed=allowed, read_only=True, broken="it broke") == failed
    figures = "10.0% of space in use on /srv (ext4 on /srv)"
    assert judged(read_only=True) == (WARN, f"{figures}; it is mounted read-only")
    assert judged(read_only=True, allowed=True) == (OK, figures)
    assert judged(allowed=True) == (OK, figures)
    status, message = judged(read_only=True, used=90)
    assert (status, message.endswith("expected below 85%; it is mounted read-only")) == (CRIT, True)


def test_a_disk_that_is_always_full() -> None:
    """An image that nothing can write to passes where the policy allows read-only mounts."""
    image = {"read_only": True, "never_writable": True, "used": 100}
    allowed = judged(**image, allowed=True)  # type: ignore[arg-type]  # fields by name
    assert allowed == (OK, "/srv (ext4 on /srv) is mounted; it can only be read")
    assert judged(**image)[0] is CRIT  # type: ignore[arg-type]  # fields by name


JUDGE = """
import sys
from release_sentinel.checks.system import check_disk
from release_sentinel.config.targets import DiskLimits
for allowed in (False, True):
    result = check_disk(DiskLimits(sys.argv[1], 95, 99, read_only=allowed))
    print(result.status, result.message.partition(": ")[2] or result.message.partition("; ")[2])
"""


def test_real_mounts(tmp_path: Path) -> None:
    """A real file system: writable, as a read-only view, mounted read-only, and after an error of its own."""
    if not shutil.which("mkfs.ext4"):
        pytest.skip("no mkfs.ext4")
    image, at, view = (tmp_path / name for name in ("image", "at", "view"))
    at.mkdir()
    view.mkdir()
    with image.open("wb") as file:
        file.truncate(8 << 20)
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)
    (tmp_path / "judge.py").write_text(JUDGE, encoding="utf-8")
    judge = f"{sys.executable} {tmp_path}/judge.py"
    if in_namespace(f"mount -o loop {image} {at} >/dev/null 2>&1 && echo yes || echo no") == "no":
        pytest.skip("no loop devices here")
    lines = in_namespace(
        f"mount -o loop,errors=remount-ro {image} {at}; {judge} {at}; "
        f"mount --bind {at} {view}; mount -o remount,bind,ro {view}; {judge} {view}; {judge} {at}; "
        f"trigger=/sys/fs/ext4/$(basename $(findmnt -no SOURCE {at}))/trigger_fs_error; "
        f"echo a test > $trigger; {judge} {at}; umount {view} {at}; "
        f"mount -o loop,ro,noload {image} {at}; {judge} {at}"
    ).splitlines()
    purpose = ["WARN it is mounted read-only", "OK "]
    assert [one.strip() for one in lines[:2]] == ["OK", "OK"]
    assert [one.strip() for one in lines[2:6]] == [purpose[0], "OK", "OK", "OK"]
    assert [one[:19] for one in lines[6:8]] == ["CRIT its file syste"] * 2
    assert [one.strip() for one in lines[8:]] == [purpose[0], "OK"]
