"""The mounts of Linux: what is mounted where, and whether it is read-only, on purpose or by an error."""

import re
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from release_sentinel.lines import split

# Options of a file system that stopped all writing by itself. Before Linux 6.12 it turned itself `ro` instead.
_STOPPED = ("emergency_ro", "shutdown")
_NEVER_WRITABLE = {"squashfs", "erofs", "iso9660", "cramfs", "romfs"}
# These do not turn read-only by an error. ZFS does so by a property, without its mount being told.
_NEVER_BY_ITSELF = _NEVER_WRITABLE | {"zfs", "nfs", "nfs4", "cifs", "smb3", "9p", "virtiofs", "tmpfs"}


class Mount(Struct, frozen=True):
    """One mount: its number and point, the file system's type, the options of both."""

    number: int
    point: str
    file_system: str
    options: frozenset[str]  # of the mount
    super_options: frozenset[str]  # of the file system, which other mounts may share

    @property
    def is_read_only(self) -> bool:
        """Whether nothing can be written here."""
        return "ro" in self.options or "ro" in self.super_options

    @property
    def is_never_writable(self) -> bool:
        """Whether no file system of its type can be written to."""
        return self.file_system in _NEVER_WRITABLE


def find(root: Path, path: str, number: int | None) -> Mount | None:
    """Return the mount `number`, else the one that holds `path`; None where the kernel's table does not say.

    `root` is where `proc` is found.
    """
    try:
        text = (root / "proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None
    mounts = list(_mounts(text))
    by_number = [mount for mount in mounts if mount.number == number]
    holding = by_number or [mount for mount in mounts if Path(path).is_relative_to(mount.point)]
    # The last mounted of those at one point hides the others.
    return max(reversed(holding), key=lambda mount: len(mount.point), default=None)


def _mounts(text: str) -> Iterator[Mount]:
    """Yield the mounts of /proc/self/mountinfo; a malformed line is left out."""
    for line in split(text):
        fields, _, rest = line.partition(" - ")
        words, kinds = fields.split(" "), rest.split(" ")
        if len(words) >= 6 and len(kinds) >= 3 and words[0].isdecimal() and words[4].startswith("/"):
            options, more = frozenset(words[5].split(",")), frozenset(kinds[-1].split(","))
            yield Mount(int(words[0]), _plain(words[4]), _plain(kinds[0]), options, more)


def _plain(word: str) -> str:
    """Return a word of a table of mounts without its escapes, which are octal numbers."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), word)


def broken(root: Path, mount: Mount) -> str:
    """Return why an error seems to have made a mount read-only; blank where it is writable, or read-only on purpose."""
    if stopped := [option for option in _STOPPED if option in mount.super_options]:
        return f"its file system says {stopped[0]}"
    if "ro" not in mount.super_options or mount.file_system in _NEVER_BY_ITSELF or _is_lower_only(mount):
        return ""
    if "rw" in mount.options:
        return "its file system is read-only, and mounted read-write"
    if _is_writable_by_fstab(root, mount):
        return "/etc/fstab mounts it read-write"
    return ""


def _is_lower_only(mount: Mount) -> bool:
    """Return whether a mount shows layers of which none can be written, as of an image."""
    return mount.file_system == "overlay" and not any(one.startswith("upperdir=") for one in mount.super_options)


def _is_writable_by_fstab(root: Path, mount: Mount) -> bool:
    try:
        text = (root / "etc/fstab").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return False
    rows = [line.split() for line in split(text) if not line.lstrip().startswith("#")]
    at_point = [row for row in rows if len(row) >= 4 and _plain(row[1]) == mount.point]
    kinds = {mount.file_system, "auto"}
    return any(row[2] in kinds and "ro" not in row[3].split(",") for row in at_point)
