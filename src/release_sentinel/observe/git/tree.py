"""The files of a commit."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from release_sentinel.observe import Unseen
from release_sentinel.observe.git.process import LOCAL_SECONDS, OBJECT, ask, odd

_ENTRY = re.compile(rf"([0-7]{{6}}) (?:blob|commit) {OBJECT}\t(.+)", re.DOTALL)
_SUBMODULE = "160000"


def folders_called(top: Path, name: str, *, timeout: float = LOCAL_SECONDS) -> tuple[Path, ...] | Unseen:
    """Return the folders of the work tree at `top` that have this name, at any depth, and tracked files in them."""
    paths = tracked_files(top, f"**/{name}/**", timeout=timeout)
    if isinstance(paths, Unseen):
        return paths
    places = (Path(path).parts for path in paths)
    return tuple(dict.fromkeys(Path(top, *parts[: parts.index(name) + 1]) for parts in places if name in parts))


def tracked_files(here: Path, glob: str, *, timeout: float = LOCAL_SECONDS) -> tuple[str, ...] | Unseen:
    """Return the tracked files of the repository around `here` that match a glob, from its top."""
    listing = ask(here, "ls-files", "-z", "--full-name", "--", f":(top,glob){glob}", timeout=timeout)
    if isinstance(listing, Unseen):
        return listing
    *paths, rest = listing.split("\0")
    return odd("ls-files", listing) if rest else tuple(paths)


def absent(top: Path, places: Iterable[Path], *, timeout: float = LOCAL_SECONDS) -> tuple[str, ...] | Unseen:
    """Return the files `places`, and the files below them, that HEAD's commit has and the work tree at `top` lacks.

    A sparse checkout leaves files out, and `git status` does not speak of them; nor of a submodule that was never
    checked out, if it was told to ignore those.
    """
    inside = top.resolve()
    wanted = {path for place in places for path in (place.absolute(), place.resolve())}
    paths = [str(path.relative_to(inside)) for path in wanted if inside in path.parents]
    listing = ask(top, "ls-tree", "-r", "-z", "--full-tree", "HEAD", "--", *paths, timeout=timeout) if paths else ""
    if isinstance(listing, Unseen):
        return listing
    *lines, rest = listing.split("\0")
    entries = [_ENTRY.fullmatch(line) for line in lines]
    if rest or not all(entries):
        return odd("ls-tree", listing)
    modes = {entry[2]: entry[1] for entry in entries if entry}
    marks = {path: top / path / ".git" if mode == _SUBMODULE else top / path for path, mode in modes.items()}
    return tuple(path for path, mark in marks.items() if not os.path.lexists(mark))
