"""Walks through a folder of kept files, in the order of their names, without following links to folders."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct

from release_sentinel.lines import one_line
from release_sentinel.sentences import sentence

_ENDING = ".json"


class Skipped(Struct, frozen=True):
    """A file or folder that does not count; `kind` is the word for why, for a folder `folder`."""

    file: str
    kind: str
    why: str


def paths(folder: Path, folders: list[Skipped], clean: Callable[[str], str]) -> Iterator[str]:
    """Yield the files named `*.json` by name, those of a folder before those of its folders.

    Adds to `folders` those that are links, or cannot be listed.
    """

    def skip(path: str, why: str) -> None:
        folders.append(Skipped(shown(path, folder, clean), "folder", why))

    rest = [str(folder)]  # not by recursion: a folder may be deeper than Python's stack
    while rest:
        top = rest.pop()
        try:
            with os.scandir(top) as listed:
                entries = sorted(listed, key=lambda entry: entry.name)
        except OSError as error:
            skip(top, f"cannot be listed: {sentence(error)}")
            continue
        inner = []
        for entry in entries:
            if not _is_folder(entry):
                if entry.name.lower().endswith(_ENDING):
                    yield entry.path
            elif entry.is_symlink():
                skip(entry.path, "is a link to a folder, and not followed")
            else:
                inner.append(entry.path)
        rest += reversed(inner)


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def shown(path: str, folder: Path, clean: Callable[[str], str]) -> str:
    """Return a path below `folder`, scrubbed, in one line, and with bytes that are not UTF-8 escaped."""
    below = path[len(os.path.join(folder, "")) :]  # noqa: PTH118 - for ten thousand files, faster than pathlib
    return one_line(clean(os.fsencode(below).decode("utf-8", "backslashreplace")))
