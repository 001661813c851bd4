"""The files of a commit."""

import os
from collections.abc import Iterable
from pathlib import Path

from release_sentinel.observe import Unseen
from release_sentinel.observe.git.process import LOCAL_SECONDS, ask

_SUBMODULE = "160000"


def absent(top: Path, folders: Iterable[Path], *, timeout: float = LOCAL_SECONDS) -> tuple[str, ...] | Unseen:
    """Return the paths below `folders` that HEAD's commit has and the work tree at `top` lacks.

    A sparse checkout leaves files out, and `git status` does not speak of them; nor of a submodule that was never
    checked out, if it was told to ignore those.
    """
    inside = top.resolve()
    places = {place for folder in folders for place in (folder.absolute(), folder.resolve())}
    paths = [str(place.relative_to(inside)) for place in places if inside in place.parents]
    listing = ask(top, "ls-tree", "-r", "-z", "--full-tree", "HEAD", "--", *paths, timeout=timeout) if paths else ""
    if isinstance(listing, Unseen):
        return listing
    entries = (entry.partition("\t") for entry in listing.split("\0") if entry)
    modes = {path: facts.partition(" ")[0] for facts, _, path in entries}
    marks = {path: top / path / ".git" if mode == _SUBMODULE else top / path for path, mode in modes.items()}
    return tuple(path for path, mark in marks.items() if not os.path.lexists(mark))
