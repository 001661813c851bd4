"""Finds secrets in a text, in a time that grows with the text and hardly with the number and the length of the secrets.

Secrets and text are compared as views: without their escapes, and folded. Every 8 bytes of a secret are one number, and
all of these are in one set. So is every 8 bytes of a text. While the secrets are few, every fourth byte of the text is
looked at first: 8 bytes cover four that start at a multiple of four.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import compress, count
from typing import Literal, NamedTuple
from urllib.parse import quote

from release_sentinel.redaction.beginnings import Beginnings
from release_sentinel.redaction.credential import Credential
from release_sentinel.redaction.plain import ordinary_parts
from release_sentinel.redaction.spellings import ADDRESS, ORDINARY, Pattern, encoded_patterns, patterns, raw
from release_sentinel.redaction.views import (
    DROPPED,
    Base64,
    Bytes,
    Characters,
    Folded,
    Slice,
    Span,
    View,
    fold,
    hexadecimal,
    levels,
    rows,
)

PIECE = 8  # bytes; a piece of a secret that long is masked on its own
_SHORT = 512  # characters; a longer secret has pieces enough on both sides of a blank or the end of a line
_GRAM = 4  # bytes that are looked at first
_FEW = 1 << 16  # grams; more of them are in any text
_CHUNK, _OVERLAP = 1 << 18, 1 << 12  # characters that are looked at in one go, and that the next go sees again
_LONGEST_UNIT = 20  # characters that one character may become: a secret may go on behind them
_NEAR = 512  # characters at the end of a text
_PRINTED = bytes(range(0x20, 0x7F)) + b"\0\t\n\r"


class _Whole(NamedTuple):
    """A secret that is longer than the pieces of it that are masked on their own."""

    folded: bytes
    first: int  # where its first piece starts
    edges: tuple[bytes, bytes]  # what is dropped at its ends


class Index:
    """What is searched for. Secrets can be added at any time, also while another thread searches."""

    def __init__(self) -> None:
        self._pieces: set[int] = set()
        self._grams: set[int] | None = set()  # None: too many
        self._wholes: dict[int, list[_Whole]] = {}  # by their first piece
        self._patterns: list[re.Pattern[str]] = []
        self._beginnings = Beginnings()
        self._spared: dict[str, None] = {}  # words that are masked in no secret that is only supposed to be one
        self._marks = _marks(_PRINTED, bytes(256))  # bytes of which decoded secrets consist
        self._version = 0  # how often something was added
        self._last: tuple[int, str, list[Span]] = (0, "", [])  # a short text is looked at twice in a row
        self._stars = False
        self._exact = False  # whether a secret has a character that a loose comparison leaves out

    def spare(self, words: Iterable[str]) -> None:
        """Treat these words as ordinary ones, in secrets that are added from now on."""
        self._spared |= dict.fromkeys(word.lower() for word in words if len(word) > PIECE - _GRAM)

    def add(self, secret: str, *, words: bool = True) -> None:
        """Search for a secret from now on; without `words`, for no piece of it that consists of ordinary ones."""
        views = list(_variants(secret))
        loose = {fold(view).data: view.data for view in views}
        exact = {fold(view, exact=True).data: view.data for view in views if len(secret) <= _SHORT}
        variants = loose | exact
        heads = [head for folded, plain in variants.items() if (head := self._learn(folded, plain, words=words))]
        if heads:
            self._exact = self._exact or not loose.keys() >= exact.keys()
            self._beginnings.add(secret, heads)
            if not secret.isascii():
                self._marks = _marks(b"".join(view.data for view in views), self._marks)
        if not heads or (not words and len(heads) < len(variants)):
            self._add_patterns(patterns(secret))
        if heads and len(raw(secret)) < PIECE:
            self._add_patterns(encoded_patterns(secret))
        self._stars = self._stars or "*" in secret
        self._version += 1

    def _add_patterns(self, found: Iterable[Pattern]) -> None:
        for pattern in found:
            self._patterns.append(re.compile(pattern.text))
            self._beginnings.add_whole(pattern.beginning)

    def add_in_place(self, found: Credential) -> None:
        """Search for a plain credential where it stands in its place, as written and quoted for a URL."""
        for encode in (str, partial(quote, safe="")):
            before, value, after = encode(found.before), encode(found.value), encode(found.after)
            end = re.escape(after) if after else r"(?!\w)"
            start = r"(?:(?<!\w)|(?<=%[0-9A-Fa-f]{2}))"
            compiled = re.compile(f"{start}{re.escape(before)}({re.escape(value)}){end}")
            if compiled not in self._patterns:
                self._patterns.append(compiled)
                self._beginnings.add_whole(f"{before}{value}{after}")
        self._version += 1

    def _learn(self, folded: bytes, plain: bytes, *, words: bool) -> bytes:
        """Add the pieces of a secret; return it up to the end of the first one, or nothing if it has none."""
        pieces, all_of_it = _pieces(folded)
        if not words and (ordinary := pieces & _of_words(plain, self._spared)):
            pieces, all_of_it = pieces - ordinary, False
        if not pieces:
            return b""
        starts = range(len(folded) - PIECE + 1)
        first = 0 if all_of_it else next(start for start in starts if _number(folded, start) in pieces)
        edges = _edges(plain)
        if not all_of_it or any(edges):
            self._wholes.setdefault(_number(folded, first), []).append(_Whole(folded, first, edges))
        if self._grams is not None:
            for skip in range(_GRAM):
                self._grams.update(_numbers(folded, skip, "I"))
            self._grams = self._grams if len(self._grams) <= _FEW else None
        self._pieces |= pieces
        return folded[: first + PIECE]

    def spans(self, text: str, *, again: bool = False) -> list[Span]:
        """Return where secrets and their pieces are in `text`: in order, without overlaps.

        `again`: a text that was masked before. A mask is text itself, and can be the end of a word.
        """
        version, known, spans = self._last
        if text == known and version == self._version and not again:
            return spans
        version = self._version
        found = [
            match.span(match.lastindex or 0)
            for pattern in self._patterns
            for match in pattern.finditer(text)
            if match[0]
        ]
        if self._pieces and (self._stars or not again):
            found += self._in_chunks(text)
        spans = merged((with_backslashes(text, start), end) for start, end in found)
        if len(text) <= _NEAR and not again:
            self._last = version, text, spans
        return spans

    @property
    def settles(self) -> bool:
        """Whether a text that was masked once holds nothing more to mask."""
        return not self._patterns and not self._stars

    def _in_chunks(self, text: str) -> Iterator[Span]:
        if len(text) <= _CHUNK + _OVERLAP:
            yield from self._in_text(Characters(text))
            return
        for start in range(0, len(text), _CHUNK):
            first = max(start - _OVERLAP, 0)
            for begin, end in self._in_text(Characters(text[first : start + _CHUNK])):
                yield first + begin, first + end

    def _in_text(self, text: Characters) -> Iterator[Span]:
        view: View = text
        for view in levels(text):
            yield from self._in_folded(view, fold(view))
            if self._exact:
                yield from self._in_folded(view, fold(view, exact=True))
        for inner in (Base64(view), *hexadecimal(view)):
            yield from self._in_decoded(inner)

    def _in_decoded(self, view: View) -> Iterator[Span]:
        """Search what base64 or hexadecimal digits say; most of it is not what they were meant to say."""
        marks = view.data.translate(self._marks)
        for start, end in rows(marks, PIECE):
            for said in levels(Slice(view, start, end)):
                yield from self._in_folded(said, fold(said))

    def _in_folded(self, view: View, folded: Folded) -> Iterator[Span]:
        data, end = folded.data, 0
        begin = -1
        for start in self._starts(data):
            for whole in self._wholes.get(_number(data, start), ()):
                if data.startswith(whole.folded, start - whole.first) and start >= whole.first:
                    yield _shown(view, folded, (start - whole.first, len(whole.folded)), whole.edges)
            if begin >= 0 and start < end:
                end = start + PIECE
                continue
            if begin >= 0:
                yield folded.span(begin, end)
            begin, end = start, start + PIECE
        if begin >= 0:
            yield folded.span(begin, end)

    def _starts(self, data: bytes) -> Iterable[int]:
        """Return where pieces of secrets start, in order."""
        if self._grams is None:
            return self._all_starts(data)
        words = _numbers(data, 0, "I")
        if self._grams.isdisjoint(words):
            return ()
        return self._starts_near(data, compress(count(0, _GRAM), map(self._grams.__contains__, words)))

    def _starts_near(self, data: bytes, places: Iterable[int]) -> Iterator[int]:
        passed = 0
        for place in places:
            for start in range(max(place + _GRAM - PIECE, passed), min(place, len(data) - PIECE) + 1):
                if _number(data, start) in self._pieces:
                    yield start
            passed = place + 1

    def _all_starts(self, data: bytes) -> list[int]:
        found: list[int] = []
        for skip in range(PIECE):
            words = _numbers(data, skip, "Q")
            if not self._pieces.isdisjoint(words):
                found += compress(count(skip, PIECE), map(self._pieces.__contains__, words))
        return sorted(found)

    def tail(self, text: str, begin: int = 0, *, settle: bool = False) -> int:
        """Return where a possible beginning of a secret starts at the end of `text`; else its length.

        A secret that ends before `begin` is no longer waited for, nor one that is whole if the text has to `settle`.
        """
        if not self._version:
            return len(text)
        starts = [self._beginnings.at_end(text)]
        near = max(len(text) - _NEAR, 0)
        if not settle and _touches(self.spans(text[near:]), len(text) - near, begin - near):
            spans = self.spans(text)
            starts += [spans[-1][0]] if _touches(spans, len(text), begin) else []
        return with_backslashes(text, min(starts))


def _touches(spans: list[Span], end: int, begin: int) -> bool:
    """Return whether the last secret may go on behind the end."""
    return bool(spans) and spans[-1][1] > begin and spans[-1][1] + _LONGEST_UNIT > end


def _variants(secret: str) -> Iterator[View]:
    """Yield a secret as it is, as escapes without their backslashes write it, as a form does, and without escapes.

    Letters that are not ASCII are not folded: they come in both cases, and in UTF-16.
    """
    others: tuple[str, ...] = ()
    if len(secret) <= _SHORT:
        others = (secret.translate(_LETTERS), secret.replace(" ", "+"))
        if not secret.isascii():
            others = (*others, secret.upper(), secret.lower(), secret.title())
            yield Bytes(secret.encode("utf-16-le", errors="surrogatepass"))
    for value in dict.fromkeys((secret, *others)):
        yield from levels(Characters(value))


_LETTERS = str.maketrans("\n\r\t\b\f", "nrtbf")


def _marks(marked: bytes, table: bytes) -> bytes:
    """Return a table of all bytes in which some more are marked."""
    return bytes(1 if byte in marked else mark for byte, mark in enumerate(table))


def _addresses(folded: bytes) -> list[Span]:
    """Return where a secret that is a URL has its scheme, and its host."""
    if b"://" not in folded:
        return []
    address = ADDRESS.match(folded.decode(errors="replace"))
    return [(0, folded.index(b"://") + 3), address.span(1)] if address else []


def _pieces(folded: bytes) -> tuple[set[int], bool]:
    """Return every piece of a secret that is masked on its own, and whether these are all.

    Others are a rule such as `--------`, the words of every run's output, and the host of a URL.
    """
    closed = _addresses(folded)
    found: set[int] = set()
    begin = 0
    for start, end in (*closed, (len(folded), 0)):
        for skip in range(PIECE):
            found.update(_numbers(folded[begin:start], skip, "Q"))
        begin = end
    rules = {
        _number(folded, match.start())
        for match in _MAY_BE_RULE.finditer(folded)
        if len(set(piece := folded[match.start() : match.start() + PIECE])) <= 2 and len(piece) == PIECE
    }
    left_out = found & (_ORDINARY | rules)
    found -= left_out
    return found, not left_out and not closed


def _of_words(plain: bytes, spared: Iterable[str]) -> set[int]:
    """Return the pieces of a secret that consist of ordinary or spared words, but for less than four characters."""
    text, found = plain.decode("latin-1"), set[int]()
    for start, end in (*ordinary_parts(text), *_places(text.lower(), spared)):
        if end - start > PIECE - _GRAM:
            zone = plain[max(start - _GRAM + 1, 0) : end + _GRAM - 1]
            for exact in (False, True):
                folded = fold(Bytes(zone), exact=exact).data
                for skip in range(PIECE):
                    found.update(_numbers(folded, skip, "Q"))
    return found


def _places(text: str, words: Iterable[str]) -> Iterator[Span]:
    for word in list(words):
        start = text.find(word)
        while start >= 0:
            yield start, start + len(word)
            start = text.find(word, start + len(word))


_MAY_BE_RULE = re.compile(rb"(?=(.)\1|(.).\2|.(.)\3)(?=...(?:(.)\4|(.).\5|.(.)\6))", re.DOTALL)


def _edges(plain: bytes) -> tuple[bytes, bytes]:
    """Return what is dropped at both ends of a secret, if anything."""
    lead, trail = len(plain) - len(plain.lstrip(DROPPED)), len(plain) - len(plain.rstrip(DROPPED))
    return plain[:lead], plain[len(plain) - trail :]


def _shown(view: View, folded: Folded, place: Span, edges: tuple[bytes, bytes]) -> Span:
    """Return the characters of a whole secret, with those that were dropped at its ends."""
    start, end = folded.source(place[0], place[0] + place[1])
    for byte in reversed(edges[0]):
        start -= view.data[start - 1 : start] == bytes([byte])
    for byte in edges[1]:
        end += view.data[end : end + 1] == bytes([byte])
    return view.span(start, end)


def _numbers(data: bytes, skip: int, size: Literal["I", "Q"]) -> "memoryview[int]":
    """Return every four (I) or eight (Q) bytes as one number."""
    step = _GRAM if size == "I" else PIECE
    return memoryview(data)[skip : skip + max(len(data) - skip, 0) // step * step].cast(size)


def _number(data: bytes, start: int) -> int:
    return int.from_bytes(data[start : start + PIECE], sys.byteorder)


_ORDINARY = frozenset(
    _number(word.encode(), start) for word in ORDINARY for start in range(len(word.encode()) - PIECE + 1)
)


def with_backslashes(text: str, start: int) -> int:
    """Return where the backslashes before `start` begin: half an escape is not an escape."""
    while start and text[start - 1] == "\\":
        start -= 1
    return start


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return spans in order, those that overlap as one; adjacent ones stay separate."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        elif start < end:
            found.append((start, end))
    return found
