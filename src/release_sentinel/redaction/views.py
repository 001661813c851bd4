"""What a text says once its escapes are undone, and where in the text each byte comes from.

A view holds bytes. `span` returns, for a range of these bytes, the range of characters of the text that they stand for.
"""

import re
from base64 import b64decode
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Protocol

Span = tuple[int, int]
Edit = tuple[int, int, bytes]  # a range of bytes, and what it says

_BLOCK = 256  # bytes; places are counted block by block, and only where they are asked for
_LEVELS = 3  # escapes inside escapes inside escapes
_HEXADECIMAL = 16  # digits; less occur in other numbers

# What an exact comparison leaves out: the ends of lines, and what encodings put before anything.
ESCAPING = bytes(range(0x20)) + b"\x7f\\"
# What a loose one leaves out besides: quotes are doubled or cut and glued (SQL, CSV, YAML, shell, pprint), `$` and `%`
# are doubled, white space is where lines are wrapped, NUL is the half of UTF-16.
DROPPED = ESCAPING + b" \"'`$%"
_FOLD = bytes.maketrans(bytes(range(0x41, 0x5B)), bytes(range(0x61, 0x7B)))

_WRAPPED = bytes(range(0x21)) + b"\"'\\"  # what may stand inside base64 and between hexadecimal digits
ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_BASE64 = bytes(byte if byte in ALPHABET else {0x2D: 0x2B, 0x5F: 0x2F}.get(byte, 0x2F) for byte in range(256))
_WRITTEN = bytes(byte if byte in ALPHABET + b"-_" else 0x2E for byte in range(256))
_WRITTEN = _WRITTEN.replace(b"-", b"+").replace(b"_", b"/")
_DIGITS = bytes(byte | 0x20 if chr(byte) in "0123456789abcdefABCDEF" else 0x2E for byte in range(256))
_IS_DIGIT = bytes(byte in b"0123456789abcdefABCDEF" for byte in range(256))
_TAILS = bytes(range(0x80, 0xC0))  # bytes of UTF-8 that do not begin a character


class View(Protocol):
    """Bytes that stand for a text."""

    data: bytes

    def span(self, start: int, end: int) -> Span:
        """Return the range of characters that the bytes from `start` to `end` stand for."""


class Slice:
    """A part of a view."""

    def __init__(self, of: View, start: int, end: int) -> None:
        self._of, self._start = of, start
        self.data = of.data[start:end]

    def span(self, start: int, end: int) -> Span:
        """Return the range of characters."""
        return self._of.span(self._start + start, self._start + end)


class Bytes:
    """Bytes that are no text; each stands for itself."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def span(self, start: int, end: int) -> Span:
        """Return the range itself."""
        return start, end


class _Sieve:
    """Which bytes of `source` are left when some are dropped; counted late, since most texts have nothing to mask."""

    def __init__(self, source: bytes, dropped: bytes) -> None:
        self._source, self._dropped = source, dropped
        self._known: list[int] | None = None

    @property
    def _counts(self) -> list[int]:
        """How many are left before each block."""
        if self._known is None:
            counts, total = [], 0
            for start in range(0, len(self._source), _BLOCK):
                counts.append(total)
                total += len(self._source[start : start + _BLOCK].translate(None, self._dropped))
            self._known = counts
        return self._known

    def place(self, number: int) -> int:
        """Return where the byte is that is number `number` of those that are left."""
        block = bisect_right(self._counts, number) - 1
        number -= self._counts[block]
        for place in range(block * _BLOCK, min(block * _BLOCK + _BLOCK, len(self._source))):
            if self._source[place] not in self._dropped:
                if not number:
                    return place
                number -= 1
        return len(self._source)

    def before(self, place: int) -> int:
        """Return how many are left before `place`."""
        block = min(place // _BLOCK, len(self._counts) - 1)
        return self._counts[block] + len(self._source[block * _BLOCK : place].translate(None, self._dropped))


class Characters:
    """A text in UTF-8."""

    def __init__(self, text: str) -> None:
        self.data = text.encode(errors="surrogatepass")
        self._beginnings = None if len(self.data) == len(text) else _Sieve(self.data, _TAILS)

    def span(self, start: int, end: int) -> Span:
        """Return the range of characters, whole ones."""
        if self._beginnings is None:
            return start, end
        first = self._beginnings.before(start) - (0x80 <= self.data[start] < 0xC0)
        return first, self._beginnings.before(end)


class Part:
    """The end of a text, as a text of its own."""

    def __init__(self, text: str, start: int) -> None:
        self._start, self._inner = start, Characters(text[start:])
        self.data = self._inner.data

    def span(self, start: int, end: int) -> Span:
        """Return the range in the whole text."""
        first, last = self._inner.span(start, end)
        return first + self._start, last + self._start


class Folded:
    """A view without some of its bytes, the others translated."""

    def __init__(self, of: View, table: bytes, dropped: bytes) -> None:
        self._of, self._sieve = of, _Sieve(of.data, dropped)
        self.data = of.data.translate(table, dropped)

    def source(self, start: int, end: int) -> Span:
        """Return the range in the view that this one is made of."""
        return self._sieve.place(start), self._sieve.place(end - 1) + 1

    def span(self, start: int, end: int) -> Span:
        """Return the range of characters."""
        return self._of.span(*self.source(start, end))


def fold(view: View, *, exact: bool = False) -> Folded:
    """Return a view as it is compared: in lower case, without what encodings add or take away."""
    return Folded(view, _FOLD, ESCAPING if exact else DROPPED)


def strict(view: View) -> Folded:
    """Return a view in lower case, with all it has but backslashes that another encoding has added."""
    if b"\\" in view.data:
        view = _Decoded(view, [(*match.span(), match[1] or b"") for match in _BACKSLASHES.finditer(view.data)])
    return Folded(view, _FOLD, b"")


_BACKSLASHES = re.compile(rb"\\+(?=[\"'`$])|(\\)\\+")


def written(view: View) -> Folded:
    """Return a view as base64 and hexadecimal digits are read; everything else is a dot."""
    return Folded(view, _WRITTEN, _WRAPPED)


class _Decoded:
    """A view in which some ranges are replaced by what they say."""

    def __init__(self, of: View, edits: list[Edit]) -> None:
        self._of, self._edits = of, edits
        self._places: list[int] = []  # where each replacement starts here
        pieces, passed, length = [], 0, 0
        for start, end, said in edits:
            pieces += [of.data[passed:start], said]
            length += start - passed
            self._places.append(length)
            length += len(said)
            passed = end
        self.data = b"".join((*pieces, of.data[passed:]))

    def _source(self, place: int) -> Span:
        number = bisect_right(self._places, place) - 1
        if number < 0:
            return place, place + 1
        start, end, said = self._edits[number]
        behind = place - self._places[number] - len(said)
        return (start, end) if behind < 0 else (end + behind, end + behind + 1)

    def span(self, start: int, end: int) -> Span:
        """Return the range of characters, whole escapes."""
        return self._of.span(self._source(start)[0], self._source(end - 1)[1])


class Base64:
    """What base64 in a view says, read four times: as if its first group lacked no, one, two or three characters.

    Each byte stands for the characters that it alone determines.
    """

    def __init__(self, view: View) -> None:
        self._of = Folded(view, _BASE64, _WRAPPED)
        letters = self._of.data
        row = len(letters) + 3
        row += -row % 4
        rows_ = (b"".join((b"A" * lacking, letters)).ljust(row, b"A") for lacking in range(4))
        self._row = row // 4 * 3 + 3
        self.data = b64decode(b"////".join(rows_))  # which says no text

    def span(self, start: int, end: int) -> Span:
        """Return the range of characters that are determined as a whole."""
        lacking, start = divmod(start, self._row)
        end -= lacking * self._row
        first, last = (start * 8 + 5) // 6 - lacking, end * 8 // 6 - lacking
        return self._of.span(max(first, 0), min(last, len(self._of.data)))


class _Hexadecimal:
    """What rows of hexadecimal digits say, one behind the other."""

    def __init__(self, of: View, rows: list[Span]) -> None:
        self._of = of
        self._places, self._starts, said, length = [], [], [], 0
        for start, end in rows:
            self._places.append(length)
            self._starts.append(start)
            said.append(bytes.fromhex(of.data[start : end - (end - start) % 2].decode()))
            length += len(said[-1]) + 1
        self.data = b"\xfe".join(said)

    def span(self, start: int, end: int) -> Span:
        """Return the range of characters."""
        row = bisect_right(self._places, start) - 1
        begin = self._starts[row] + 2 * (start - self._places[row])
        return self._of.span(begin, begin + 2 * (end - start))


def levels(view: View) -> Iterator[View]:
    """Yield a view, and what it says once its escapes are undone, and theirs."""
    yield view
    for _ in range(_LEVELS):
        if not (edits := _edits(view.data)):
            return
        view = _Decoded(view, edits)
        yield view


def hexadecimal(view: View) -> Iterator[View]:
    """Yield what hexadecimal digits in a view say, if there are any: read from the first one and from the second on."""
    digits = Folded(view, _DIGITS, _WRAPPED)
    if found := list(rows(digits.data.translate(_IS_DIGIT), _HEXADECIMAL)):
        for skip in (0, 1):
            yield _Hexadecimal(digits, [(start + skip, end) for start, end in found])


def rows(marks: bytes, least: int) -> Iterator[Span]:
    """Yield where at least so many bytes in a row are 1; the others are 0."""
    row, end = b"\1" * least, 0
    while (start := marks.find(row, end)) >= 0:
        end = marks.find(b"\0", start)
        end = len(marks) if end < 0 else end
        yield start, end


def _edits(data: bytes) -> list[Edit]:
    return [(*match.span(), _SAY[match.lastgroup or ""](match)) for match in _ESCAPE.finditer(data)]


# What may split a value when it is printed: the end of a line with the next one's margin, as pytest and quoting write
# it, and colours.
_STYLE = rb"\[[\d;]*+[A-Za-z]"
_MARGIN = rb"(?:[E>|?+-]|\xe2\x94\x82)"
_CP1252 = {
    character.encode(): bytes([byte])
    for byte in range(0x80, 0xA0)
    if (character := bytes([byte]).decode("cp1252", errors="ignore"))
}
_LATIN = rb"(?:\xc2[\x80-\xbf]|" + b"|".join(map(re.escape, _CP1252)) + rb")"
# Each alternative begins with one byte, and all of these bytes let the search skip ordinary text ten times faster.
_ESCAPE = re.compile(
    rb"""
      \n (?P<margin>(?:[ \t]|{colour})*+(?:{margin}(?:{colour})*+[ \t]++(?:{colour})*+){1,2}+)
    | \\ \\*+ (?: x(?P<x>[0-9a-fA-F]{2})
              | u(?P<pair>[dD][89abAB][0-9a-fA-F]{2}\\++u[dD][c-fC-F][0-9a-fA-F]{2})
              | u(?P<u>[0-9a-fA-F]{4}) | U(?P<U>[0-9a-fA-F]{8}) | u\{(?P<brace>[0-9a-fA-F]{1,6})\}
              | (?P<octal>[0-3][0-7]{2}) )
    | ` u\{(?P<tick>[0-9a-fA-F]{1,6})\}
    | % (?:25)*(?P<percent>[0-9a-fA-F]{2})
    | & (?:amp;)*
      (?: \#0*(?P<decimal>[0-9]{1,7}) | \#[xX]0*(?P<hex>[0-9a-fA-F]{1,6}) | (?P<name>[a-zA-Z]{2,8}) );
    | \x1b (?P<colour>{style})
    | \xc3 (?P<latin> [\x82-\x9f]{latin} | [\xa0-\xaf]{latin}{2} | [\xb0-\xb4]{latin}{3} )
    | \xed (?P<byte>[\xb2\xb3][\x80-\xbf])
    """.replace(b"{colour}", rb"\x1b" + _STYLE)
    .replace(b"{style}", _STYLE)
    .replace(b"{margin}", _MARGIN)
    .replace(b"{latin}", _LATIN),
    re.VERBOSE,
)


def _character(number: int) -> bytes:
    try:
        return chr(number).encode(errors="surrogatepass")
    except (ValueError, OverflowError):
        return b""


def _number(group: str, base: int) -> Callable[[re.Match[bytes]], bytes]:
    return lambda match: _character(int(match[group], base))


def _pair(match: re.Match[bytes]) -> bytes:
    high, low = match["pair"][:4], match["pair"][-4:]
    return _character(0x10000 + ((int(high, 16) & 0x3FF) << 10) + (int(low, 16) & 0x3FF))


def _named(match: re.Match[bytes]) -> bytes:
    """Return what a name of HTML stands for."""
    from html import unescape  # noqa: PLC0415 - late: few texts have one

    return unescape(f"&{match['name'].decode()};").encode()


def _latin(match: re.Match[bytes]) -> bytes:
    """Return the character whose UTF-8 was read as Latin-1 or as Windows-1252."""
    read = match[0].decode()
    return b"".join(_CP1252.get(one.encode()) or one.encode("latin-1") for one in read)


def _lone(match: re.Match[bytes]) -> bytes:
    """Return a byte of the environment that is not UTF-8 as the character of its number."""
    return _character(ord(match[0].decode(errors="surrogatepass")) - 0xDC00)


_SAY: dict[str, Callable[[re.Match[bytes]], bytes]] = {
    **{group: _number(group, 16) for group in ("x", "u", "U", "brace", "tick", "percent", "hex")},
    "octal": _number("octal", 8),
    "decimal": _number("decimal", 10),
    "pair": _pair,
    "name": _named,
    "margin": lambda _: b"",
    "colour": lambda _: b"",
    "latin": _latin,
    "byte": _lone,
}
