"""Reads files that users and other programs hand over: regular files alone, up to a bound. A leaf.

A pipe or a device would hang the run, or never end.
"""

import errno
import os
import stat
from pathlib import Path

MIB = 1 << 20


def read(path: Path, most: int) -> bytes:
    """Return the content of a regular file of at most `most` bytes, whole MiB; raises `OSError` for any other."""
    _demand_regular(path.stat().st_mode)  # opening a device may already do something
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as file:
        found = os.fstat(handle)
        _demand_regular(found.st_mode)  # it may have been replaced
        content = file.read(min(found.st_size, most) + 1)  # no buffer of `most` for each small file
        if len(content) > found.st_size:  # it grows, or is one of /proc, which have no size
            content += file.read(most + 1 - len(content))
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it is longer than the {most // MIB} MiB that are read")
    return content


def read_text(path: Path, most: int, *, encoding: str = "utf-8", errors: str = "strict") -> str:
    """Return the text of a regular file, with each line ended by a newline alone; raises `OSError` or `ValueError`."""
    return read(path, most).decode(encoding, errors).replace("\r\n", "\n").replace("\r", "\n")


def text_or_blank(path: Path, most: int = MIB) -> str:
    """Return the text of a regular file, whatever its encoding; blank where it cannot be read."""
    try:
        return read_text(path, most, errors="replace")
    except OSError:
        return ""


def _demand_regular(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is not a regular file")
