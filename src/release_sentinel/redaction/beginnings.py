"""Whether the end of a text may be the beginning of a secret, which goes on in the next piece of the text."""

import json
import re
import sys
from collections.abc import Iterable

from release_sentinel.redaction.spellings import base64_core, raw
from release_sentinel.redaction.views import ALPHABET, DROPPED, Characters, Part, View, fold, levels, written

_NEAR = 1024  # characters at the end of a text
_HEAD = 12  # bytes of a secret whose base64 and hexadecimal digits are looked for
_LONGEST = 256  # bytes of a secret that is masked as a whole only
_BYTES = 2  # digits that are the beginning of a secret also before a blank
_NONE = sys.maxsize
_COLOURS = re.compile(r"(?:\x1b\[[\d;]*+[A-Za-z])+$")
_COLOUR = r"\x1b(?:\[[\d;]*+[A-Za-z]?+)?+"  # or the beginning of one
_OPEN_GAP = re.compile(rf"(?:[\r\n\\]|{_COLOUR})(?:[ \t\r\n\\E>|│?+-]|{_COLOUR})*+$")
_OPEN_ESCAPE = re.compile(
    r"(?:(?:\\+u[dD][89abAB][0-9a-fA-F]{2})?\\+(?:[xuU]\{?[0-9a-fA-F]{0,7}|[0-3][0-7]?)?|`(?:u\{?[0-9a-fA-F]{0,6})?"
    r"|%(?:25)*[0-9a-fA-F]?|&(?:amp;)*#?\w{0,8})$"
)
_BLANKS = re.compile(r"[ \t]+$")


class _Prefixes:
    """Every prefix of some texts."""

    def __init__(self) -> None:
        self._known: set[bytes] = set()
        self._lengths: dict[bytes, list[int]] = {}  # by the last two bytes; the longest first

    def add(self, text: bytes, *, all_of_it: bool = True) -> None:
        """Add the prefixes of a text, or one that is whole."""
        for length in range(1 if all_of_it else max(len(text), 1), min(len(text), _LONGEST) + 1):
            prefix = text[:length]
            if prefix not in self._known:
                self._known.add(prefix)
                lengths = self._lengths.setdefault(prefix[-2:], [])
                if length not in lengths:
                    lengths.append(length)
                    lengths.sort(reverse=True)

    def at_end(self, data: bytes) -> int:
        """Return the length of the longest one that `data` ends with."""
        for length in self._lengths.get(data[-2:], ()):
            if length <= len(data) and data[-length:] in self._known:
                return length
        return int(data[-1:] in self._known)


class Beginnings:
    """The beginnings of all secrets: folded as texts are, and in base64 and hexadecimal digits."""

    def __init__(self) -> None:
        self._folded = _Prefixes()
        self._before_blank = _Prefixes()  # those that a blank follows in the secret itself
        self._written = _Prefixes()
        self._leads = b""  # what stands before the folded secrets, such as a quote
        self._escaped = False  # whether a secret may begin with an escape

    def add(self, secret: str, heads: Iterable[bytes]) -> None:
        """Add a secret, as far as it has to be seen until a piece of it is masked, in each of its variants."""
        start = secret[:_HEAD]
        escaped = json.dumps(start)[1:-1].encode()
        for head in dict.fromkeys((raw(start), escaped, start.encode("utf-16-le", errors="surrogatepass"))):
            for text in (head.hex(), head.hex().upper(), *(base64_core(head, offset) for offset in range(3))):
                self._written.add(text.encode())
                if len(head) < _HEAD:  # its last byte shows only with the next character
                    for last in ALPHABET:
                        self._written.add(text.encode() + bytes([last]), all_of_it=False)
        if not secret.isascii():  # and read as Latin-1
            heads = (*heads, _folded(secret[:_HEAD].encode(errors="surrogatepass").decode("latin-1")))
        for folded in heads:
            self._folded.add(folded.translate(None, DROPPED))
        self._note(secret)

    def add_whole(self, text: str) -> None:
        """Add a secret in one encoding, of which nothing but the whole is masked."""
        self._folded.add(_folded(text))
        self._note(text)

    def _note(self, text: str) -> None:
        for blank in re.finditer(r"\s+", text[:_LONGEST]):
            self._before_blank.add(_folded(text[: blank.start()]), all_of_it=False)
        lead = text[: len(text) - len(text.lstrip("\"'`$%"))]
        self._leads = bytes({*self._leads, *lead.encode()})
        self._escaped = self._escaped or not (text[:1].isalnum() and text[:1].isascii())

    def at_end(self, text: str) -> int:
        """Return where a beginning of a secret starts that `text` ends with; else its length."""
        near = max(len(text) - _NEAR, 0)
        colours = _COLOURS.search(text, near)
        starts = [len(text)]
        gap = _OPEN_GAP.search(text, near)
        if gap:
            starts.append(self._starts(text[: gap.start()], near))
        if not gap or gap[0].strip("\r\n"):
            starts.append(self._starts(text[: colours.start()] if colours else text, near))
        if escape := _OPEN_ESCAPE.search(text, near):
            starts.append(self._starts(text[: escape.start()], near))
            starts += [escape.start()] if self._escaped else []
        return min(starts)

    def _starts(self, text: str, near: int) -> int:
        """Return where a beginning starts that ends with `text`, or with the blanks at its end."""
        blanks = _BLANKS.search(text, near)
        known = self._before_blank if blanks else self._folded
        found = [_NONE]
        end = Part(text[: blanks.start()] if blanks else text, near)
        view: View = end
        for view in levels(end):
            found.append(self._start(view, known))
        letters = written(view)
        length = self._written.at_end(letters.data)
        if length >= (_BYTES if blanks else 1):
            found.append(letters.span(len(letters.data) - length, len(letters.data))[0])
        return min(found)

    def _start(self, view: View, known: _Prefixes) -> int:
        """Return where a beginning starts that a view ends with, with what is left out before it."""
        folded, end = fold(view), len(view.data)
        length = known.at_end(folded.data)
        start = folded.source(len(folded.data) - length, len(folded.data))[0] if length else end
        begin = len(view.data[:start].rstrip(self._leads)) if self._leads else start
        return view.span(begin, end)[0] if begin < end else _NONE


def _folded(text: str) -> bytes:
    return fold(Characters(text)).data
