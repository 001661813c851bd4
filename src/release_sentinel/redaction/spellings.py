"""The ways in which a short or plain secret may be written: it is masked as a whole only, and nowhere inside a word."""

import base64
import json
import os
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple
from urllib.parse import quote

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
    "configuration version-increases version-files changelog in-sync signature freeze ci-checks review blockers "
    "host disk memory process unit api tcp certificate prometheus compare incomplete collected evaluated "
    "https:// http://localhost 127.0.0.1 localhost password"
)
ORDINARY = frozenset(_ORDINARY.split())
ADDRESS = re.compile(r"[a-z][\w+.-]*://(?:[^/?#]*@)?([^/?#:]*)", re.IGNORECASE)


def gaps(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the gaps of `text` start and end."""
    passed = 0
    for begin in _GAP_BEGINS.finditer(text):
        if begin.start() >= passed and (gap := _GAP.match(text, begin.start())):
            passed = gap.end()
            yield gap.span()


class Pattern(NamedTuple):
    """A regular expression for a secret in one encoding, and what is to be seen first of it."""

    text: str
    beginning: str


def patterns(secret: str) -> Iterator[Pattern]:
    """Yield a pattern for each encoding of a secret that has no piece which may be masked on its own."""
    flat = _GAP.sub("", secret)
    plain = dict.fromkeys(text for value in (secret, flat) for text in (*_escaped(value), *_wrapped(value)))
    for text in filter(None, plain):
        yield Pattern(_pattern(text), text)
    if len(secret) >= _SHORT:
        yield from encoded_patterns(secret)


def encoded_patterns(secret: str) -> Iterator[Pattern]:
    """Yield a pattern for a secret in hexadecimal digits and in base64, which is masked also inside a word."""
    for text in dict.fromkeys(_encoded(secret)):
        yield Pattern(with_gaps(text), text)


def _pattern(text: str) -> str:
    """Return a regular expression for a secret that is too short, or too plain, to be masked everywhere.

    Less than three characters are masked only as a value, quoted or after `=`; less than four, and what is one word
    or number, only as a word of its own, because `main` or `true` is also part of ordinary text.
    """
    if len(text) < 3:
        return rf"(?:(?<=[\"'])|(?<==)){re.escape(text)}(?=[\"'\s,;&)]|$)"
    if not is_distinctive(text):
        edge = re.escape(text[0]), re.escape(text[-1])
        return rf"(?<![\w{edge[0]}]){with_gaps(text)}(?![\w{edge[1]}])"
    if len(text) < 4 or re.fullmatch(r"[^\W\d_]+|\d+", text):
        return rf"(?:(?<!\w)|(?<=\\[nrt])|(?<=%[\da-fA-F]{{2}})){with_gaps(text)}(?!\w)"
    return with_gaps(text)


def with_gaps(text: str) -> str:
    """Return a regular expression for `text` with gaps wherever they may be."""
    return f"(?>{_GAP.pattern})?+".join(map(re.escape, text))


def is_distinctive(text: str | bytes) -> bool:
    """Return whether a text is more than a rule such as `--------`."""
    return len(set(text)) > 2


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


def _escaped(secret: str) -> Iterator[str]:
    """Yield `secret` in each way to escape it, without backslashes."""
    characters = sorted(set(secret))
    for writing in dict.fromkeys(zip(*map(_writings, characters), strict=True)):
        yield "".join(map(dict(zip(characters, writing, strict=True)).__getitem__, secret))


def _encoded(secret: str) -> Iterator[str]:
    """Yield `secret` in hexadecimal digits and in base64, at each offset in a longer base64 text."""
    yield from (raw(secret).hex(), raw(secret).hex().upper())
    for value in dict.fromkeys((raw(secret), json.dumps(secret, ensure_ascii=False)[1:-1].encode(errors="replace"))):
        for core in (base64_core(value, offset) for offset in range(3)):
            for plus, slash in _ALPHABETS:
                yield core.replace("+", plus).replace("/", slash)


_ALPHABETS = (("+", "/"), ("-", "_"), ("%2B", "%2F"))


def base64_core(value: bytes, offset: int) -> str:
    """Return the characters that encode `value` alone when it starts `offset` bytes into a longer base64 text."""
    encoded = base64.b64encode(bytes(offset) + value).decode()
    return encoded[(offset * 8 + 5) // 6 : (offset + len(value)) * 8 // 6]


def raw(text: str) -> bytes:
    """Return the bytes of a value; those of the environment need not be UTF-8."""
    try:
        return text.encode(errors="surrogatepass" if os.name == "nt" else "surrogateescape")
    except UnicodeEncodeError:
        return text.encode(errors="surrogatepass")
