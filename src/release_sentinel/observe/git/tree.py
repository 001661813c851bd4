"""The files of a commit."""

import os
import posixpath
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from release_sentinel.observe import Unseen
from release_sentinel.observe.git.process import LOCAL_SECONDS, OBJECT, ask, odd

_ENTRY = re.compile(rf"([0-7]{{6}}) (?:blob|commit|tree) {OBJECT}\t(.+)", re.DOTALL)
_SUBMODULE = "160000"
_LINK = "120000"
_LINKS = 5  # that are followed


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
    modes = _entries(top, "HEAD", paths, timeout, "-r") if paths else {}
    if isinstance(modes, Unseen):
        return modes
    marks = {path: top / path / ".git" if mode == _SUBMODULE else top / path for path, mode in modes.items()}
    return tuple(path for path, mark in marks.items() if not os.path.lexists(mark))


def file_of(
    top: Path, commit: str, names: Sequence[str], *, timeout: float = LOCAL_SECONDS
) -> tuple[str, str] | Unseen | None:
    """Return the path and the text of the first of the files `names` that a commit has; None: it has none.

    They are in one folder, and their case is ignored. Symbolic links are followed within the commit.
    """
    names = [posixpath.normpath(name) for name in names]
    folder = posixpath.dirname(names[0])
    listed = _entries(top, commit, [f"{folder}/"] if folder else [], timeout)
    if isinstance(listed, Unseen):
        return listed
    spelt = {path.casefold(): path for path in listed}
    path = next((spelt[name.casefold()] for name in names if name.casefold() in spelt), "")
    for _ in range(_LINKS):
        found = _entries(top, commit, [path], timeout) if path else {}
        if isinstance(found, Unseen) or path not in found:
            return found if isinstance(found, Unseen) else None
        text = ask(top, "cat-file", "blob", f"{commit}:{path}", timeout=timeout)
        if isinstance(text, Unseen):
            return text
        if found[path] != _LINK:
            return path, text.encode(errors="surrogateescape").decode(errors="replace")
        path = posixpath.normpath(posixpath.join(posixpath.dirname(path), text))
    return Unseen(f"{names[0]} is a symbolic link that leads to too many others")


def _entries(top: Path, commit: str, paths: Sequence[str], timeout: float, *options: str) -> dict[str, str] | Unseen:
    """Return what a commit has at these paths, or at its top, by path; the values are Git's modes."""
    listing = ask(top, "ls-tree", "-z", "--full-tree", *options, commit, "--", *paths, timeout=timeout)
    if isinstance(listing, Unseen):
        return listing
    *lines, rest = listing.split("\0")
    entries = [_ENTRY.fullmatch(line) for line in lines]
    if rest or not all(entries):
        return odd("ls-tree", listing)
    return {entry[2]: entry[1] for entry in entries if entry}
