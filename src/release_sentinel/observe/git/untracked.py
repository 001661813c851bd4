"""Untracked files that `git status` does not show: only rules that the commit holds may hide a file.

`.git/info/exclude` is of one clone. A `.gitignore` that is not tracked is shown by itself, unless it ignores itself.
"""

import posixpath
import sys
from collections.abc import Sequence
from pathlib import Path

from release_sentinel import regular
from release_sentinel.observe import Unseen
from release_sentinel.observe.git.process import ask
from release_sentinel.observe.git.records import Change

# What programs put beside a `.gitignore` of their own: a cache, which they can make again, or a virtual environment.
_MARKS = ("CACHEDIR.TAG", "pyvenv.cfg")
# Folders of tools that hide them as a whole, by `*`, and leave no such mark: uv, coverage, tox, Hypothesis.
_MADE = {"dist", "htmlcov", ".tox", ".hypothesis"}
_OPTIONS = ("-c", "core.fsmonitor=false", *(("-c", "core.ignoreCase=false") if sys.platform == "linux" else ()))
_LISTING = ("ls-files", "-z", "--others", "--exclude-per-directory=.gitignore")


def hidden(top: Path, paths: Sequence[str], timeout: float, *, each_file: bool = False) -> tuple[Change, ...] | Unseen:
    """Return the untracked files below `top` that rules outside of the commit may hide.

    `paths` are Git's pathspecs; folders without tracked files are one path, unless each file is wanted.
    """
    answer = ask(top, *_OPTIONS, *_LISTING, "--ignored", "--directory", "--", *paths, timeout=timeout)
    if isinstance(answer, Unseen):
        return answer
    listed = _split(answer)
    whole = {path.rstrip("/") for path in listed if path.endswith("/")}  # folders without tracked files
    rules = [path for path in listed if posixpath.basename(path) == ".gitignore"]
    found = [path for path in rules if posixpath.dirname(path) not in whole or not _is_made(top / path)]
    if _excludes(git_folder(top)):
        folders = () if each_file else ("--directory", "--no-empty-directory")
        answer = ask(top, *_OPTIONS, *_LISTING, *folders, "--", *paths, timeout=timeout)
        if isinstance(answer, Unseen):
            return answer
        found += _split(answer)
    return tuple(Change("??", path) for path in found)


def git_folder(top: Path) -> Path | None:
    """Return the Git folder of a work tree; None where it cannot be read."""
    link = top / ".git"
    try:
        if link.is_dir():
            return link
        text = regular.read_text(link, regular.MIB, errors="surrogateescape")
    except OSError:
        return None
    return top / text.removeprefix("gitdir: ").removesuffix("\n")


def _excludes(folder: Path | None) -> bool:
    """Return whether `info/exclude` has a pattern, or cannot be read; Git's own template is a comment."""
    if folder is None:
        return True
    try:
        shared = folder / "commondir"  # of a linked work tree
        if shared.exists():
            folder /= regular.read_text(shared, regular.MIB, errors="surrogateescape").removesuffix("\n")
        lines = regular.read(folder / "info/exclude", regular.MIB).split(b"\n")
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return any(line.strip() and not line.startswith(b"#") for line in lines)


def _is_made(rules: Path) -> bool:
    """Return whether a `.gitignore` is of a folder that a tool made for itself."""
    folder = rules.parent
    if any((folder / mark).is_file() for mark in _MARKS):
        return True
    try:
        lines = regular.read_text(rules, regular.MIB, errors="replace").split("\n")
    except OSError:
        return False
    return folder.name in _MADE and [line.strip() for line in lines if line.strip() and line[0] != "#"] == ["*"]


def _split(listing: str) -> list[str]:
    return [path for path in listing.split("\0") if path]
