"""Files of Git LFS whose content was not fetched: the work tree holds the pointers, and `git status` is clean."""

import os
import re
import stat
from pathlib import Path

from release_sentinel import regular
from release_sentinel.observe import Unseen
from release_sentinel.observe.git.process import ask
from release_sentinel.observe.git.records import POINTER, Change

_ATTRIBUTES = re.compile(r"\t((?:[^\0]*/)?\.gitattributes)\0")
_FILTER = b"filter=lfs"
_LONGEST = 1024  # bytes: Git LFS takes no longer file as a pointer
_POINTER = re.compile(rb"version https?://(git-lfs|hawser)\.github\.com/\S*\n(?:[a-z0-9.-]+ [^\n]*\n)*oid sha256:")


def pointers(top: Path, listing: str, timeout: float) -> tuple[Change, ...] | Unseen:
    """Return the files below `top` that are pointers without their content.

    `listing` is what `git ls-files -z --stage` prints. Git is asked only if a committed `.gitattributes` names LFS.
    """
    if not any(_names_lfs(top / path) for path in _ATTRIBUTES.findall(listing)):
        return ()
    options = ("-c", "core.fsmonitor=false", "-c", "core.attributesFile=")
    answer = ask(top, *options, "ls-files", "-z", "--", ":(attr:filter=lfs)", timeout=timeout)
    if isinstance(answer, Unseen):
        return answer
    return tuple(Change(POINTER, path) for path in answer.split("\0") if path and _is_pointer(top / path))


def _names_lfs(attributes: Path) -> bool:
    try:
        return _FILTER in regular.read(attributes, 16 * regular.MIB)
    except OSError:
        return True  # Git reads it from the index, where a sparse checkout leaves it out


def _is_pointer(file: Path) -> bool:
    try:
        seen = os.lstat(file)
        if not stat.S_ISREG(seen.st_mode) or seen.st_size > _LONGEST:
            return False
        return _POINTER.match(regular.read(file, regular.MIB)) is not None
    except OSError:
        return False  # `git status` shows it
