"""How wide text is on a terminal, and how it is made to fit. A leaf; widths are in columns."""

import re
from collections.abc import Iterator
from unicodedata import category, east_asian_width

_CUT = "..."  # ASCII, which every terminal can show


def columns(text: str) -> int:
    """Return how many columns a text takes: wide characters two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(map(_columns_of, text))


def _columns_of(character: str) -> int:
    if category(character) in {"Mn", "Me"}:
        return 0
    return 2 if east_asian_width(character) in {"W", "F"} else 1


def wrap(text: str, width: int, hang: int = 0) -> Iterator[str]:
    """Yield the lines of a text, broken at spaces to fit into `width`; `hang` columns stand before all but the first.

    A word that is wider stays whole, for the terminal to fold: a path or an address can still be copied.
    """
    if columns(text) <= width:
        yield text
        return
    line = ""
    for word in re.findall(r"\s*\S+", text):
        if line.strip() and columns(line) + columns(word) > width:
            yield line
            line = " " * hang + word.lstrip()
        else:
            line += word
    yield line


def cut(text: str, width: int) -> str:
    """Return a text in `width` columns, at least three: of a longer one both ends."""
    if columns(text) <= width:
        return text
    room = max(width - len(_CUT), 0)
    end = "".join(reversed(_fitting(reversed(text), room // 2)))
    return "".join([*_fitting(iter(text), room - columns(end)), _CUT, end])


def _fitting(text: Iterator[str], width: int) -> list[str]:
    """Return the first characters of a text that fit into `width`."""
    kept, used = [], 0
    for character in text:
        used += _columns_of(character)
        if used > width:
            break
        kept.append(character)
    return kept
