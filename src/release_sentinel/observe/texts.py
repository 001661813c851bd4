"""Text files of the repository."""

from collections.abc import Iterable
from pathlib import Path

from release_sentinel import regular
from release_sentinel.observe import Unseen
from release_sentinel.sentences import sentence

MOST = 16 * regular.MIB  # bytes of a changelog or manifest


def first(top: Path, names: Iterable[str]) -> str:
    """Return the first of `names` that is a file at `top`, as it is spelt there; or blank.

    Case is ignored.
    """
    there = {path.name.casefold(): path.name for path in top.iterdir() if path.is_file()}
    return next((there[name.casefold()] for name in names if name.casefold() in there), "")


def read(path: Path) -> str | Unseen:
    """Return the text of a file."""
    try:
        return regular.read_text(path, MOST, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        return Unseen(sentence(error))
