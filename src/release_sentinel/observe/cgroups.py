"""The memory control groups that limit this process: v2, v1, and hosts that have both."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from msgspec import Struct

from release_sentinel.lines import split
from release_sentinel.observe import Unseen
from release_sentinel.sentences import sentence

_NO_LIMIT = 1 << 60  # v1 writes a number near 2**63 for "none"
_REMEDY = "see the files of the container's control groups"
# The file with the limit, the one with the use (v2, then v1): from the first one on the kernel kills, by the second one
# it counts swap as well and kills, by the third one it only slows down.
_MEMORY = (("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes"))
_WITH_SWAP = (("memory.memsw.limit_in_bytes", "memory.memsw.usage_in_bytes"),)
_SLOWED = (("memory.high", "memory.current"),)
_SWAP = (("memory.swap.max", "memory.swap.current"),)


class Group(Struct, frozen=True):
    """One limit of a control group, in bytes; `working_set` is None where its use cannot be read."""

    folder: Path
    limit: int
    working_set: int | None
    with_swap: bool = False  # both count swap as well
    slows: bool = False  # beyond the limit the kernel slows the group down; beyond all others it kills
    swap: tuple[int, int] | None = None  # in use, and the most that the group may use; None: not limited


class UnclearError(Exception):
    """A file of the kernel does not say what it should; `seen` says which one."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.seen = Unseen(why, _REMEDY)


def limits(root: Path) -> list[Group]:
    """Return the limits of this process's groups and of their ancestors. `root` has `proc` and `sys`.

    Raises `UnclearError` where a file is there and cannot be read or understood.
    """
    found = []
    for folder in dict.fromkeys(_folders(root)):
        swap = _pair(folder, _SWAP)
        limit_of_swap = None if swap is None else (swap[1] or 0, swap[0])
        for files, with_swap, slows in ((_MEMORY, False, False), (_WITH_SWAP, True, False), (_SLOWED, False, True)):
            if pair := _pair(folder, files):
                limit, usage = pair
                working_set = None if usage is None else max(0, usage - _inactive_file(folder))
                found.append(Group(folder, limit, working_set, with_swap, slows, limit_of_swap))
    return found


def _pair(folder: Path, files: tuple[tuple[str, str], ...]) -> tuple[int, int | None] | None:
    """Return a limit with the use that it bounds; None where there is no limit."""
    for limit_file, usage_file in files:
        limit = _limit(folder / limit_file)
        if limit is not None:
            return (limit, _number(folder / usage_file)) if limit < _NO_LIMIT else None
    return None


def _folders(root: Path) -> Iterator[Path]:
    """Yield the folders of this process's groups, and those of their ancestors as far as they are mounted here."""
    file = root / "proc/self/cgroup"
    for line in _lines(file) or ():
        number, controllers, name = _fields(file, line, line.split(":", 2), 3)
        if number == "0" and not controllers:
            version = "cgroup2"
        elif "memory" in controllers.split(","):
            version = "cgroup"
        else:
            continue
        for mounted, top in _mounts(root, version):
            # In a container the name may be the host's: then the top of what is mounted is our own group.
            own = top / _below(file, name, mounted)
            yield from (folder for folder in (own, *own.parents) if folder == top or top in folder.parents)


def _below(file: Path, name: str, mounted: str) -> PurePosixPath:
    """Return where the group `name` is below a mount of the group `mounted`; at its top, if it is not below."""
    path = PurePosixPath(name)
    if not path.is_absolute():
        raise UnclearError(f"{file} cannot be understood: it names the group {name!r}")
    inside = path.relative_to(mounted) if path.is_relative_to(mounted) else path.relative_to("/")
    return PurePosixPath(*(part for part in inside.parts if part != ".."))


def _mounts(root: Path, version: str) -> list[tuple[str, Path]]:
    """Return the mounts of a hierarchy: the group that is mounted, and where. Without a table, the usual places."""
    usual = {"cgroup2": ("sys/fs/cgroup", "sys/fs/cgroup/unified"), "cgroup": ("sys/fs/cgroup/memory",)}
    file = root / "proc/self/mountinfo"
    lines = _lines(file)
    if lines is None:
        return [("/", root / place) for place in usual[version]]
    if not lines:
        raise UnclearError(f"{file} is empty")
    found = []
    for line in lines:
        fields, _, rest = line.partition(" - ")
        kind, *_, options = _fields(file, line, rest.split(" "), 3)
        mounted, place = _fields(file, line, fields.split(" "), 5)[3:5]
        if kind == version and (version == "cgroup2" or "memory" in options.split(",")):
            found.append((mounted, root / place.lstrip("/")))
    return found


def _lines(file: Path) -> list[str] | None:
    """Return the lines of a file of the kernel; None if it is not there."""
    text = _text(file)
    return None if text is None else split(text)


def _text(file: Path) -> str | None:
    """Return what a file of the kernel says; None if it is not there."""
    try:
        return file.read_text(encoding="utf-8", errors="surrogateescape")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UnclearError(f"{file} cannot be read: {sentence(error)}") from error


def _fields(file: Path, line: str, fields: list[str], least: int) -> list[str]:
    if len(fields) < least:
        raise UnclearError(f"{file} cannot be understood: it has the line {line!r}")
    return fields


def _limit(file: Path) -> int | None:
    """Return the figure of a file, which is large for `max`; None if there is no such file."""
    text = _text(file)
    if text is None:
        return None
    if text.strip() == "max":
        return _NO_LIMIT
    if not (text.strip().isascii() and text.strip().isdigit()):
        raise UnclearError(f"{file} cannot be understood: it says {text.strip()[:40]!r}, expected a size or max")
    return int(text)


def _number(file: Path) -> int | None:
    """Return the figure of a file; None where it holds none."""
    text = (_text(file) or "").strip()
    return int(text) if text.isascii() and text.isdigit() else None


def _inactive_file(folder: Path) -> int:
    """Return the page cache that the kernel would give up first, in bytes; the rest is the working set.

    It is 0 where it cannot be read: then the use is overstated, and not the other way round.
    """
    try:
        rows = dict(row for line in _lines(folder / "memory.stat") or () if len(row := line.split()) == 2)
        return int(rows.get("total_inactive_file", rows.get("inactive_file", 0)))
    except (UnclearError, ValueError):
        return 0
