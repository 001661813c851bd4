"""Finds secrets in a text, in a time that grows with the text and hardly with the number of secrets.

A secret, or a piece of it, that is 8 characters long covers five characters that start at a multiple of four: every
fourth place is looked up, and the text is compared only where a secret is possible.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from itertools import accumulate

from release_sentinel.redaction.spellings import PIECE, Spelling, gaps, is_distinctive, with_gaps

Span = tuple[int, int]

_STRIDE, _CORE = 4, 5
_LONGEST_START = 256  # characters; of a longer secret, the rest is found by its pieces
_COLOUR = r"\x1b(?:\[[\d;]*+[A-Za-z]?+)?+"  # or the beginning of one
_OPEN_GAP = re.compile(rf"(?:[\r\n\\]|{_COLOUR})(?:[ \t\r\n\\E>|│?+-]|{_COLOUR})*+$")
_LONGEST_UNIT = 20  # characters that one character may become: a secret may go on behind them
_MARGIN = 200  # characters; what may come between two halves of a wrapped value


class Flat:
    """A text without its gaps, and where its characters come from."""

    def __init__(self, text: str) -> None:
        found = list(gaps(text))
        starts = [0, *(end for _, end in found)]
        ends = [*(start for start, _ in found), len(text)]
        self.text = "".join(text[start:end] for start, end in zip(starts, ends, strict=True)) if found else text
        self._removed = [0, *accumulate(end - start for start, end in found)]
        self._places = [start - removed for (start, _), removed in zip(found, self._removed, strict=False)]

    def origin(self, place: int) -> int:
        """Return where the character at `place` is in the original text."""
        return place + self._removed[bisect_right(self._places, place)]

    def span(self, start: int, end: int) -> Span:
        """Return where the characters from `start` to `end` are in the original text."""
        return self.origin(start), self.origin(end - 1) + 1


class Index:
    """What is searched for.

    `one_pass_suffices`: a masked text holds nothing more to mask, although a mask is text itself, and a word boundary.
    """

    def __init__(self, spellings: Iterable[Spelling]) -> None:
        self._pieces: set[str] = set()
        self._starts: dict[str, list[tuple[int, str]]] = defaultdict(list)  # of whole secrets: a core, its offset
        self._beginnings: set[str] = set()
        patterns: set[str] = set()
        cores: set[str] = set()
        for spelling in spellings:
            text = spelling.text
            self._pieces.update(spelling.pieces)
            in_pieces = bool(spelling.pieces) and len(spelling.pieces) == len(spelling.units) - PIECE + 1
            head = "".join(spelling.units[:PIECE]) if in_pieces else text[:_LONGEST_START]
            self._beginnings.update(head[:length] for length in range(1, len(head)))
            if spelling.pieces:
                cores.update(text[start : start + _CORE] for start in range(len(text) - _CORE + 1))
            if in_pieces:
                continue
            if len(text) >= PIECE and is_distinctive(text):
                for offset in range(_STRIDE):
                    core = text[offset : offset + _CORE]
                    cores.add(core)
                    self._starts[core].append((offset, text))
            else:
                patterns.add(_pattern(spelling))
        self._cores = frozenset(cores)
        self._lengths = sorted({len(piece) for piece in self._pieces})
        self._patterns = [re.compile(pattern) for pattern in sorted(patterns)]
        self.one_pass_suffices = not self._patterns and not any(
            "*" in piece for piece in (*self._pieces, *self._beginnings)
        )
        self._longest_beginning = max(map(len, self._beginnings), default=0)

    def spans(self, text: str) -> list[Span]:
        """Return where secrets and their pieces are in `text`: in order, without overlaps."""
        found = [match.span() for pattern in self._patterns for match in pattern.finditer(text) if match[0]]
        if self._cores:
            flat = Flat(text)
            found += [flat.span(*span) for span in _merged(self._in_flat(flat.text))]
        return _merged((_with_backslashes(text, start), end) for start, end in found)

    def _in_flat(self, text: str) -> list[Span]:
        cores, found = self._cores, set()
        for place in [at for at in range(0, len(text) - _CORE + 1, _STRIDE) if text[at : at + _CORE] in cores]:
            for start in range(max(place - _STRIDE + 1, 0), place + 1):
                found |= {(start, start + long) for long in self._lengths if text[start : start + long] in self._pieces}
            for offset, whole in self._starts.get(text[place : place + _CORE], ()):
                if text.startswith(whole, place - offset):  # one that began before the text would not fit into it
                    found.add((place - offset, place - offset + len(whole)))
        return list(found)

    def tail(self, text: str) -> int:
        """Return where a possible beginning of a secret starts at the end of `text`; else its length."""
        margin = max(len(text) - _MARGIN, 0)
        gap = _OPEN_GAP.search(text, margin)
        ends = (len(text), gap.start()) if gap else (len(text),)
        starts = [self._beginning(text, end) for end in ends]
        if (spans := self.spans(text)) and spans[-1][1] + _LONGEST_UNIT > ends[-1]:
            starts.append(spans[-1][0])
        return _with_backslashes(text, min(starts))

    def _beginning(self, text: str, end: int) -> int:
        """Return where a beginning of a secret that ends at `end` starts; else the length of the text."""
        near = max(end - 2 * self._longest_beginning - _MARGIN, 0)
        flat = Flat(text[near:end])
        for length in range(min(self._longest_beginning, len(flat.text)), 0, -1):
            if flat.text[-length:] in self._beginnings:
                return near + flat.origin(len(flat.text) - length)
        return len(text)


def _with_backslashes(text: str, start: int) -> int:
    """Return where the backslashes before `start` begin: half an escape is not an escape."""
    while start and text[start - 1] == "\\":
        start -= 1
    return start


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Return spans in order, those that overlap as one; adjacent ones stay separate."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _pattern(spelling: Spelling) -> str:
    """Return a regular expression for a secret that is too short, or too plain, to be masked everywhere.

    Less than three characters are masked only as a value, quoted or after `=`; less than four, and what is one word
    or number, only as a word of its own, because `main` or `true` is also part of ordinary text.
    """
    text = spelling.text
    if spelling.everywhere:
        return with_gaps(text)
    if len(text) < 3:
        return rf"(?:(?<=[\"'])|(?<==)){re.escape(text)}(?=[\"'\s,;&)]|$)"
    if not is_distinctive(text):
        edge = re.escape(text[0]), re.escape(text[-1])
        return rf"(?<![\w{edge[0]}]){with_gaps(text)}(?![\w{edge[1]}])"
    if len(text) < 4 or re.fullmatch(r"[^\W\d_]+|\d+", text):
        return rf"(?:(?<!\w)|(?<=\\[nrt])|(?<=%[\da-fA-F]{{2}})){with_gaps(text)}(?!\w)"
    return with_gaps(text)
