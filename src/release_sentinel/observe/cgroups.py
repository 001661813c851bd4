"""The memory control groups that limit this process: v2, v1, and hosts that have both."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from msgspec import Struct

from release_sentinel.lines import split

_NO_LIMIT = 1 << 60  # v1 writes a number near 2**63 for "none"


class Group(Struct, frozen=True):
    """One control group with a limit, in bytes; `working_set` is None where its use cannot be read."""

    folder: Path
    limit: int
    working_set: int | None


def limits(root: Path) -> list[Group]:
    """Return the groups with a limit among this process's own and their ancestors. `root` has `proc` and `sys`."""
    found = []
    for folder in dict.fromkeys(_folders(root)):
        limit = _first(folder, "memory.max", "memory.limit_in_bytes")
        if limit is not None and limit < _NO_LIMIT:
            usage = _first(folder, "memory.current", "memory.usage_in_bytes")
            found.append(Group(folder, limit, None if usage is None else max(0, usage - _inactive_file(folder))))
    return found


def _folders(root: Path) -> Iterator[Path]:
    """Yield the folders of this process's groups, and those of their ancestors as far as they are mounted here."""
    try:
        lines = split((root / "proc/self/cgroup").read_text(errors="surrogateescape"))
    except OSError:
        return
    for line in lines:
        number, controllers, name = line.split(":", 2)
        if number == "0" and not controllers:
            version = "cgroup2"
        elif "memory" in controllers.split(","):
            version = "cgroup"
        else:
            continue
        for mounted, top in _mounts(root, version):
            # In a container the name may be the host's: then the top of what is mounted is our own group.
            own = top / _below(name, mounted)
            yield from (folder for folder in (own, *own.parents) if folder == top or top in folder.parents)


def _below(name: str, mounted: str) -> PurePosixPath:
    """Return where the group `name` is below a mount of the group `mounted`; at its top, if it is not below."""
    path = PurePosixPath(name)
    inside = path.relative_to(mounted) if path.is_relative_to(mounted) else path.relative_to("/")
    return PurePosixPath(*(part for part in inside.parts if part != ".."))


def _mounts(root: Path, version: str) -> list[tuple[str, Path]]:
    """Return the mounts of a hierarchy: the group that is mounted, and where. Without a table, the usual places."""
    usual = {"cgroup2": ("sys/fs/cgroup", "sys/fs/cgroup/unified"), "cgroup": ("sys/fs/cgroup/memory",)}
    try:
        lines = split((root / "proc/self/mountinfo").read_text(errors="surrogateescape"))
    except OSError:
        return [("/", root / place) for place in usual[version]]
    found = []
    for line in lines:
        fields, _, rest = line.partition(" - ")
        kind, _, options = rest.split(" ", 2)
        mounted, place = fields.split(" ")[3:5]
        if kind == version and (version == "cgroup2" or "memory" in options.split(" ")[-1].split(",")):
            found.append((mounted, root / place.lstrip("/")))
    return found


def _first(folder: Path, *names: str) -> int | None:
    """Return the figure of the first of these files that holds one."""
    for name in names:
        try:
            text = (folder / name).read_text().strip()
        except OSError:
            continue
        if text.isdigit():
            return int(text)
    return None


def _inactive_file(folder: Path) -> int:
    """Return the page cache that the kernel would give up first, in bytes; the rest is the working set."""
    try:
        rows = dict(line.split() for line in split((folder / "memory.stat").read_text()))
        return int(rows.get("total_inactive_file", rows.get("inactive_file", 0)))
    except (OSError, ValueError):
        return 0
