"""The ways in which a secret may be written: as it is, escaped once or twice, in base64, in hexadecimal digits."""

import base64
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import NamedTuple
from urllib.parse import quote

PIECE = 8  # characters; a piece of a secret that long is masked on its own
_SHORT = 4  # characters; base64 and hexadecimal digits of less are too common to be masked
_WRAPS = 16  # spaces of a secret at which it may be wrapped

# What may split a value when it is printed: the end of a line with the next one's margin, as pytest and quoting
# write it, colours, and backslashes: each JSON and each repr around a text doubles them.
_COLOUR = r"\x1b\[[\d;]*[A-Za-z]"
_GAP = re.compile(rf"(?:{_COLOUR}|\\|\r?\n(?:[ \t]|{_COLOUR})*(?:[E>|│?+-](?:{_COLOUR})*[ \t]+(?:{_COLOUR})*){{0,2}})+")
_GAP_BEGINS = re.compile(r"[\r\n\x1b\\]")  # found ten times faster than a gap itself

# Words of every run's output; a piece of a secret that reads the same reveals nothing. A test compares them with the
# ids and stages of the gates.
_ORDINARY = (
    "release-sentinel release_sentinel gate_tests policy critical environment repository clean-tree branch version tag "
    "configuration version-increases version-files changelog in-sync signature freeze disk memory process unit api "
    "tcp certificate prometheus incomplete collected evaluated https:// http://localhost 127.0.0.1 localhost password"
)
ORDINARY = frozenset(_ORDINARY.split())
_ADDRESS = re.compile(r"[a-z][\w+.-]*://(?:[^/?#]*@)?([^/?#:]*)", re.IGNORECASE)


def gaps(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the gaps of `text` start and end."""
    passed = 0
    for begin in _GAP_BEGINS.finditer(text):
        if begin.start() >= passed and (gap := _GAP.match(text, begin.start())):
            passed = gap.end()
            yield gap.span()


class Spelling(NamedTuple):
    """A secret in one encoding: what each of its characters became, and which pieces of it are masked on their own."""

    units: tuple[str, ...]
    pieces: tuple[str, ...] = ()
    everywhere: bool = False  # masked also in the middle of a word

    @property
    def text(self) -> str:
        """The whole secret."""
        return "".join(self.units)


def spellings(secret: str) -> Iterator[Spelling]:
    """Yield `secret` in every known encoding, each without gaps."""
    flat = _GAP.sub("", secret)
    for value in dict.fromkeys((secret, flat)):
        starts = cache(_distinctive_starts)
        for units in _escaped(value):
            # Backslashes that an encoding keeps are gaps, and are not searched for.
            seen = "".join(character for character, unit in zip(value, units, strict=True) if unit)
            yield _spelling(tuple(filter(None, units)), starts(seen))
    for wrapped in _wrapped(flat):
        yield _spelling(tuple(wrapped), _distinctive_starts(wrapped))
    if len(secret) >= _SHORT:
        yield from _encoded(secret)


def with_gaps(text: str) -> str:
    """Return a regular expression for `text` with gaps wherever they may be."""
    return f"(?>{_GAP.pattern})?+".join(map(re.escape, text))


def _spelling(units: tuple[str, ...], starts: Iterable[int], *, everywhere: bool = False) -> Spelling:
    pieces = ("".join(units[start : start + PIECE]) for start in starts)
    return Spelling(units, tuple(piece for piece in pieces if is_distinctive(piece)), everywhere)


def is_distinctive(text: str) -> bool:
    """Return whether a text is more than a rule such as `--------`."""
    return len(set(text)) > 2


def _distinctive_starts(secret: str) -> list[int]:
    """Return where the pieces of `secret` that are masked on their own start: not ordinary ones, nor an address."""
    address = _ADDRESS.match(secret)
    known = [(0, secret.index("://") + 3), address.span(1)] if address else []
    return [
        start
        for start in range(len(secret) - PIECE + 1)
        if secret[start : start + PIECE].lower() not in _ORDINARY
        and not any(start < end and begin < start + PIECE for begin, end in known)
    ]


def _wrapped(flat: str) -> Iterator[str]:
    """Yield a value as it reads after a wrap at one of its spaces, which removes the space."""
    for space in [place for place, character in enumerate(flat) if character == " "][:_WRAPS]:
        yield flat[:space] + flat[space + 1 :]


Escape = Callable[[str], str]  # of one character


def _percent(safe: str, *, lower: bool = False, space: str = "%20") -> Escape:
    def write(character: str) -> str:
        quoted = quote(raw(character), safe=safe)
        return space if character == " " else quoted.lower() if lower and quoted[0] == "%" else quoted

    return write


def _json(*, ascii_only: bool = True, for_html: str = "") -> Escape:
    def write(character: str) -> str:
        if character in for_html:
            return f"\\u{ord(character):04x}"
        return json.dumps(character, ensure_ascii=ascii_only)[1:-1]

    return write


def _xml(**more: str) -> Escape:
    """Escape for XML; `xml.sax.saxutils` does it too, and loads a web client for that."""
    named = {"quot": '"', "apos": "'", "line": "\n", "tab": "\t"}
    table = {"&": "&amp;", "<": "&lt;", ">": "&gt;", **{named[name]: entity for name, entity in more.items()}}
    return lambda character: table.get(character, character)


_SAFE = ("/", "", "~()*!.'", "!#$%&'()*+,/:;=?@[]~", ";,/?:@&=+$-_.!~*'()#")  # quote, JavaScript, requests, browsers
_XML: tuple[Escape, ...] = (
    _xml(),
    _xml(quot="&quot;"),
    _xml(quot="&quot;", apos="&apos;"),
    _xml(quot="&quot;", apos="&#x27;"),
    _xml(quot="&#34;", apos="&#39;"),
    _xml(line="&#10;", tab="&#9;"),
    _xml(line="&#10;", tab="&#9;", quot="&quot;"),
)
_ALL: tuple[Escape, ...] = (
    str,
    _json(),
    _json(ascii_only=False),
    _json(for_html="<>&"),
    _json(for_html="<>&'"),
    lambda character: repr(character)[1:-1],
    lambda character: repr(raw(character))[2:-1],
    lambda character: ascii(character)[1:-1],
    *_XML,
    *(_percent(safe, lower=lower) for safe in _SAFE for lower in (False, True)),
    *(_percent("", lower=lower, space="+") for lower in (False, True)),
)


@cache
def _writings(character: str) -> tuple[str, ...]:
    """Return one character in each way to escape it, and to escape that for XML, without backslashes."""
    once = [write(character) for write in _ALL]
    twice = ["".join(map(outer, inner)) for inner in once for outer in _XML]
    percent_twice = quote(quote(raw(character), safe=""), safe="")
    return tuple(writing.replace("\\", "") for writing in (*once, *twice, percent_twice))


def _escaped(secret: str) -> Iterator[tuple[str, ...]]:
    """Yield what each character of `secret` becomes, for each way to escape it."""
    characters = sorted(set(secret))
    for writing in dict.fromkeys(zip(*map(_writings, characters), strict=True)):
        table = dict(zip(characters, writing, strict=True))
        yield tuple(map(table.__getitem__, secret))


def _encoded(secret: str) -> Iterator[Spelling]:
    """Yield `secret` in hexadecimal digits and in base64, at each offset in a longer base64 text."""
    digits = raw(secret).hex(" ").split()
    for units in (digits, [digit.upper() for digit in digits]):
        yield _whole_or_pieces(units)
    for value in dict.fromkeys((raw(secret), json.dumps(secret, ensure_ascii=False)[1:-1].encode(errors="replace"))):
        for core in (_base64_core(value, offset) for offset in range(3)):
            for plus, slash in _ALPHABETS if set("+/") & set(core) else _ALPHABETS[:1]:
                yield _whole_or_pieces([{"+": plus, "/": slash}.get(character, character) for character in core])


_ALPHABETS = (("+", "/"), ("-", "_"), ("%2B", "%2F"))


def _whole_or_pieces(units: list[str]) -> Spelling:
    return _spelling(tuple(units), range(len(units) - PIECE + 1), everywhere=True)


def _base64_core(value: bytes, offset: int) -> str:
    """Return the characters that encode `value` alone when it starts `offset` bytes into a longer base64 text."""
    encoded = base64.b64encode(bytes(offset) + value).decode()
    return encoded[(offset * 8 + 5) // 6 : (offset + len(value)) * 8 // 6]


def raw(text: str) -> bytes:
    """Return the bytes of a value; those of the environment need not be UTF-8."""
    try:
        return text.encode(errors="surrogatepass" if os.name == "nt" else "surrogateescape")
    except UnicodeEncodeError:
        return text.encode(errors="surrogatepass")
