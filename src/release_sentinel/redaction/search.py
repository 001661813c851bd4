"""Finds secrets in a text, in a time that grows with the text and hardly with the number and the length of the secrets.

Secrets and text are compared as views: without their escapes, and folded. Any 6 bytes of a secret are one number, and
all of these are in one table. Of a text, the 6 bytes at every third place are looked up: 8 bytes that may be a piece of
a secret hold one of them, wherever they start. With many secrets it is the other way round, so that the table is short:
every third place of a secret, and every place of a text.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from functools import partial
from itertools import compress, count, repeat
from typing import NamedTuple
from urllib.parse import quote

from release_sentinel.redaction.beginnings import Beginnings
from release_sentinel.redaction.credential import Credential
from release_sentinel.redaction.plain import is_ordinary, ordinary_parts
from release_sentinel.redaction.spellings import ADDRESS, ORDINARY, Pattern, encoded_patterns, patterns, raw
from release_sentinel.redaction.views import (
    DROPPED,
    ESCAPING,
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
    strict,
)

PIECE = 8  # bytes; a piece of a secret that long is masked on its own
_SHORT = 512  # characters; a longer secret has pieces enough on both sides of a blank or the end of a line
_GRAM = 6  # bytes that are looked up
_STEP = PIECE - _GRAM + 1  # places, of which every piece has one
_FEW = 1 << 16  # bytes of secrets of which every place is in the table
_WORD = 8  # bytes of a number in a table
_ENDS = 4  # characters beside an ordinary word of which at least one makes a piece more than that word
_CHUNK, _OVERLAP = 1 << 18, 1 << 12  # characters that are looked at in one go, and that the next go sees again
_LONGEST_UNIT = 20  # characters that one character may become: a secret may go on behind them
_NEAR = 512  # characters at the end of a text
_SEEN = 4096  # short texts of which it is known what they hold


class _Whole(NamedTuple):
    """A secret that is longer than the pieces of it that are masked on their own."""

    folded: bytes
    first: int  # where its first piece starts
    edges: tuple[bytes, bytes]  # what is dropped at its ends


class Index:
    """What is searched for. Secrets can be added at any time, also while another thread searches."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []  # of secrets, folded; any 8 bytes of one are masked
        self._size, self._every = 0, 1  # bytes of the parts, and from one place to the next that is in the table
        self._grams: dict[int, int] = {}  # 6 bytes of a part, and its number
        self._shared: dict[int, list[int]] = {}  # those that are in more than one, and the numbers of all
        self._wholes: dict[int, list[_Whole]] = {}  # by their first piece
        self._patterns: list[re.Pattern[str]] = []
        self._beginnings = Beginnings()
        self._spared: dict[str, None] = {}  # words that are masked in no secret that is only supposed to be one
        self._marks = _DECODED  # bytes of which decoded secrets consist
        self._is_empty = True
        self._seen: dict[str, list[Span]] = {}  # of short texts: reports repeat ids, file names and words
        self._stars = False
        self._exact = False  # whether a secret has a character that a loose comparison leaves out
        self._strict = False  # whether one has a character that an exact comparison leaves out, too

    def spare(self, words: Iterable[str]) -> None:
        """Treat these words as ordinary ones, in secrets that are added from now on."""
        self._spared |= dict.fromkeys(word.lower() for word in words if len(word) > PIECE - _ENDS)

    def add(self, secret: str, *, words: bool = True) -> None:
        """Search for a secret from now on; without `words`, for no piece of it that consists of ordinary ones."""
        views = list(_variants(secret))
        loose = {fold(view).data: view.data for view in views}
        exact = {fold(view, exact=True).data: view.data for view in views if len(secret) <= _SHORT}
        variants = loose | exact
        heads = [head for folded, plain in variants.items() if (head := self._learn(folded, plain, words=words))]
        if heads:
            self._exact = self._exact or not loose.keys() >= exact.keys()
            self._add_strict(secret, words=words, exact=bool(exact))
            self._beginnings.add(secret, heads)
            if not secret.isascii():
                self._marks = _marks(b"".join(view.data for view in views), self._marks)
        if not heads or (not words and len(heads) < len(variants)):
            self._add_patterns(patterns(secret))
        if heads and len(raw(secret)) < PIECE:
            self._add_patterns(encoded_patterns(secret))
        self._stars = self._stars or "*" in secret
        self._changed()

    def _changed(self) -> None:
        """Forget what was found before. A search that began before now still notes what it finds in the old table."""
        self._is_empty, self._seen = False, {}

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
        self._changed()

    def _learn(self, folded: bytes, plain: bytes, *, words: bool) -> bytes:
        """Add the pieces of a secret; return it up to the end of the first one, or nothing if it has none."""
        pieces = _pieces(folded, frozenset() if words else _of_words(plain, self._spared))
        if not pieces:
            return b""
        first = pieces[0][0]
        edges = _edges(plain)
        if pieces != [(0, len(folded))] or any(edges):
            self._wholes.setdefault(_number(folded, first), []).append(_Whole(folded, first, edges))
        for start, end in pieces:
            self._add_part(folded[start:end])
        return folded[: first + PIECE]

    def _add_strict(self, secret: str, *, words: bool, exact: bool) -> None:
        """Add the pieces that are 8 characters because of the ends of lines, backslashes and the like in them."""
        dropped = ESCAPING if exact else DROPPED
        left_out = frozenset() if words else _of_words(secret.encode(errors="surrogatepass"), self._spared)
        for value in dict.fromkeys((secret, secret.translate(_ESCAPED))):
            data = strict(Characters(value)).data
            if len(data.translate(None, dropped)) < len(data):
                for start, end in _around(data, dropped, left_out):
                    self._strict = True
                    self._add_part(data[start:end])

    def _add_part(self, part: bytes) -> None:
        self._parts.append(part)
        self._size += len(part)
        if self._every == 1 and self._size > _FEW:
            self._every, self._grams, self._shared = _STEP, {}, {}
            for number in range(len(self._parts) - 1):
                self._add_grams(number)
        self._add_grams(len(self._parts) - 1)

    def _add_grams(self, number: int) -> None:
        grams = _numbers(self._parts[number], _GRAM, self._every)
        first = list(map(self._grams.setdefault, grams, repeat(number)))
        if first.count(number) < len(grams):
            for gram, other in zip(grams, first, strict=True):
                if other != number:
                    self._shared.setdefault(gram, [other]).append(number)

    def spans(self, text: str, *, again: bool = False) -> list[Span]:
        """Return where secrets and their pieces are in `text`: in order, without overlaps.

        `again`: a text that was masked before. A mask is text itself, and can be the end of a word.
        """
        seen = self._seen
        if not again and (known := seen.get(text)) is not None:
            return known
        found = [
            match.span(match.lastindex or 0)
            for pattern in self._patterns
            for match in pattern.finditer(text)
            if match[0]
        ]
        if self._parts and (self._stars or not again):
            found += self._in_chunks(text)
        spans = merged((with_backslashes(text, start), end) for start, end in found)
        if len(text) <= _NEAR and not again and len(seen) < _SEEN:
            seen[text] = spans
        return spans

    @property
    def is_empty(self) -> bool:
        """Whether nothing is searched for."""
        return self._is_empty

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
            if self._strict:
                yield from self._in_folded(view, strict(view))
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
        step = _STEP // self._every
        grams = _numbers(data, _GRAM, step)
        if self._grams.keys().isdisjoint(grams):
            return ()
        found = set[int]()
        begin, end = 0, 0  # of starts in a row that are found by now
        for place in compress(count(0, step), map(self._grams.__contains__, grams)):
            gram = grams[place // step]
            first = max(place - _STEP + 1, 0)
            if begin <= first and place < end:
                continue
            for start in range(first, min(place, len(data) - PIECE) + 1):
                row = 0 if begin <= start < end else self._row(data, start, gram)
                if row:
                    begin, end = start, start + row
                    found.update(range(begin, end))
        return sorted(found)

    def _row(self, data: bytes, start: int, gram: int) -> int:
        """Return at how many places from `start` on pieces start, of one secret that holds the gram."""
        piece = data[start : start + PIECE]
        for number in self._shared.get(gram) or (self._grams[gram],):
            part = self._parts[number]
            if (at := part.find(piece)) >= 0:
                row, more = 1, PIECE
                while more:
                    size = row + PIECE - 1
                    further = data[start + size : start + size + more]
                    if len(further) == more and part.startswith(further, at + size):
                        row, more = row + more, 2 * more
                    else:
                        more //= 2
                return row
        return 0

    def tail(self, text: str, begin: int = 0, *, settle: bool = False) -> int:
        """Return where a possible beginning of a secret starts at the end of `text`; else its length.

        A secret that ends before `begin` is no longer waited for, nor one that is whole if the text has to `settle`.
        """
        if self.is_empty:
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
_ESCAPED = {character: f"\\{chr(letter)}" for character, letter in _LETTERS.items()}


def _marks(marked: bytes, table: bytes) -> bytes:
    """Return a table of all bytes in which some more are marked."""
    return bytes(1 if byte in marked else mark for byte, mark in enumerate(table))


_DECODED = _marks(bytes(range(0x20, 0x7F)) + b"\0\t\n\r", bytes(256))


def _addresses(folded: bytes) -> list[Span]:
    """Return where a secret that is a URL has its scheme, and its host."""
    if b"://" not in folded:
        return []
    address = ADDRESS.match(folded.decode(errors="replace"))
    return [(0, folded.index(b"://") + 3), address.span(1)] if address else []


def _pieces(folded: bytes, words: AbstractSet[int]) -> list[Span]:
    """Return the parts of a secret of which any 8 bytes are masked on their own; most often that is all of it.

    The others are `words`, a rule such as `--------`, the words of every run's output, and the host of a URL.
    """
    numbers, words = _numbers(folded, PIECE), words | _ORDINARY if words else _ORDINARY
    left_out = set(_rules(folded))
    for start, end in _addresses(folded):
        left_out.update(range(start - PIECE + 1, end))
    if not words.isdisjoint(numbers):
        left_out.update(start for start, number in enumerate(numbers) if number in words)
    found, begin = [], 0
    for start in (*sorted(start for start in left_out if 0 <= start < len(numbers)), len(numbers)):
        if begin < start:
            found.append((begin, start + PIECE - 1))
        begin = start + 1
    return found


def _rules(folded: bytes) -> Iterator[int]:
    """Yield where a piece starts that is a rule: one character, or two that are not both letters or digits.

    Of any three bytes in it, two are equal.
    """
    this, size = int.from_bytes(folded, "little"), len(folded)
    next_, second = (
        int.from_bytes((this ^ this >> bits).to_bytes(size, "little").translate(_IS_ZERO), "little") for bits in (8, 16)
    )
    for begin, end in rows((next_ | next_ >> 8 | second).to_bytes(size, "little"), PIECE - 2):
        for start in range(begin, end):
            kinds = set(folded[start : start + PIECE])
            if len(kinds) == 1 or (len(kinds) == 2 and not bytes(kinds).isalnum()):
                yield start


_IS_ZERO = b"\1" + bytes(255)


def _of_words(plain: bytes, spared: Iterable[str]) -> AbstractSet[int]:
    """Return the pieces of a secret that consist of ordinary or spared words, but for less than four characters."""
    text, found = plain.decode("latin-1"), set[int]()
    for start, end in (*ordinary_parts(text), *_places(text.lower(), spared)):
        if end - start > PIECE - _ENDS:
            zone = plain[max(start - _ENDS + 1, 0) : end + _ENDS - 1]
            for folded in (fold(Bytes(zone)), fold(Bytes(zone), exact=True), strict(Bytes(zone))):
                found.update(_numbers(folded.data, PIECE))
    return found


def _places(text: str, words: Iterable[str]) -> Iterator[Span]:
    for word in list(words):
        start = text.find(word)
        while start >= 0:
            yield start, start + len(word)
            start = text.find(word, start + len(word))


def _around(data: bytes, dropped: bytes, left_out: AbstractSet[int]) -> Iterator[Span]:
    """Yield the parts of a secret in whose pieces something is dropped, but not of those that many texts have.

    These are the joints of every document: `", "`, `: null,`.
    """
    begin = end = 0
    for start, number in enumerate(_numbers(data, PIECE)):
        piece = data[start : start + PIECE]
        letters = piece.translate(None, _NO_LETTERS)
        if (
            len(letters) >= _ENDS
            and len(piece.translate(None, dropped)) < PIECE
            and number not in left_out
            and not (len(letters) < PIECE - 2 and is_ordinary(letters.decode(errors="replace")))
        ):
            if end and start > end - PIECE + 1:
                yield begin, end
            begin = begin if end and start <= end - PIECE + 1 else start
            end = start + PIECE
    if end:
        yield begin, end


_NO_LETTERS = bytes(byte for byte in range(128) if not chr(byte).isalnum())


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


def _numbers(data: bytes, width: int, step: int = 1) -> "memoryview[int]":
    """Return so many bytes at every place, or at every third one, as one number each."""
    last = len(data) - width
    count_ = last // step + 1 if last >= 0 else 0
    numbers = bytearray(_WORD * count_)
    for place in range(width if count_ else 0):
        numbers[place::_WORD] = data[place : place + last + 1 : step]
    return memoryview(numbers).cast("Q")


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
