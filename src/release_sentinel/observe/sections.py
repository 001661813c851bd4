"""The headings of a text in Markdown, reStructuredText or AsciiDoc, and what is below them for a reader to see."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from release_sentinel.lines import split

_HEADING = re.compile(r" {0,3}(#{1,6}|={1,6})\s+(\S.*)")
_UNDERLINE = re.compile(r"([=\-~^\"'*+#])\1{2,}\s*")
_SETEXT = re.compile(r"([=\-])\1{2,}\s*")
_FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})")
_BACKTICKS = re.compile(r" {0,3}(`{3,})(?=[^`]*$)")
_DELIMITER = re.compile(r"([-.+/])\1{3,}|([=*_])\2{3,}")  # of AsciiDoc's blocks: verbatim, or text
# What a reader does not see: definitions of links and footnotes, targets, comments, attributes, tags.
_DEFINITION = re.compile(r" {0,3}\[[^\[\]]+\]:|\.\. (?:_|\[|\|)|__ |:[\w-]+:(?:\s|$)|//(?!/)|\[\[[^\[\]]*\]\]\s*$")
_COMMENT = re.compile(r"\.\.(?:\s+(?![\w:-]+::).*)?")  # of reStructuredText
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_MARKDOWN, _ASCIIDOC = {".md", ".markdown", ".mkd", ".mdown"}, {".adoc", ".asciidoc", ".asc"}


class Line(Struct, frozen=True):
    """A line of a text: a heading with its level, or (0) any other; `seen` if it tells a reader something."""

    text: str
    level: int = 0
    seen: bool = False


def sections(text: str, name: str) -> Iterator[tuple[str, bool]]:
    """Yield each heading of a text, and whether something is told below it; `name` is that of the file.

    A section reaches to the next heading of its own level or above; a heading alone tells nothing.
    """
    suffix = Path(name).suffix.lower()
    found = list(_lines(text, markdown=suffix in _MARKDOWN, asciidoc=suffix in _ASCIIDOC))
    for position, line in enumerate(found):
        if line.level:
            yield line.text, _tells(found, position)


def _tells(lines: Sequence[Line], heading: int) -> bool:
    for position in range(heading + 1, len(lines)):
        line = lines[position]
        if line.level and line.level <= lines[heading].level:
            return False
        if line.seen:
            return True
    return False


def _lines(text: str, *, markdown: bool, asciidoc: bool) -> Iterator[Line]:
    """Yield the lines of a text, without underlines and the lines that begin and end code."""
    lines = _plain(split(text), markdown=markdown, asciidoc=asciidoc)
    underline = _SETEXT if markdown else _UNDERLINE
    underlines: list[str] = []  # a reStructuredText's levels are in the order in which its characters appear
    hidden = -1  # the indentation of a comment or definition that more lines may belong to
    for position, line in enumerate(lines):
        if line.seen:  # code
            yield line
            continue
        following = lines[position + 1] if position + 1 < len(lines) else Line("")
        blank = not line.text.strip()
        inside = 0 <= hidden < _indentation(line.text)
        if heading := _HEADING.fullmatch(line.text.rstrip()):
            yield Line(heading[2].strip("#= "), len(heading[1]))
        elif blank or _UNDERLINE.fullmatch(line.text):
            continue
        elif not following.seen and underline.fullmatch(following.text) and not inside:
            character = following.text[0]
            if character not in underlines:
                underlines.append(character)
            yield Line(line.text.strip(), underlines.index(character) + 1)
        elif _DEFINITION.match(line.text) or _COMMENT.fullmatch(line.text.rstrip()):
            hidden = _indentation(line.text)
            continue
        elif not inside:
            yield Line(line.text, seen=_is_seen(line.text))
        hidden = hidden if inside else -1


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def _is_seen(line: str) -> bool:
    """Return whether a line has more than punctuation, such as the mark of an entry that says nothing."""
    return any(character.isalnum() or not character.isascii() for character in _TAG.sub("", line))


def _plain(lines: Sequence[str], *, markdown: bool, asciidoc: bool) -> list[Line]:
    """Return the lines without comments and marks of code; those of code are `seen` unless they are blank.

    In Markdown `~~~` begins or ends code; elsewhere it is a line above or below a heading.
    """
    found: list[Line] = []
    fence, comment = "", False
    last = max((number for number, line in enumerate(lines) if "-->" in line), default=-1)
    for number, line in enumerate(lines):
        text = line.rstrip()
        if fence:
            if _ends(text, fence):
                fence = ""
            elif not fence.startswith("////"):
                found.append(Line(line, seen=bool(text)))
            continue
        text, comment = _without_comments(line, comment, closed=number <= last, markdown=markdown)
        if comment and not text.strip():
            continue
        if begun := (_FENCE if markdown else _BACKTICKS).match(text):
            fence = begun[1]
        elif asciidoc and (block := _DELIMITER.fullmatch(text.rstrip())) and not _is_title(found, text):
            fence = text.rstrip() if block[1] else ""
        else:
            found.append(Line(text))
    return found


def _ends(line: str, fence: str) -> bool:
    """Return whether a line ends the code that `fence` began."""
    return line == fence or (fence[0] in "`~" and line.strip().startswith(fence) and not line.strip().strip(fence[0]))


def _is_title(before: Sequence[Line], underline: str) -> bool:
    """Return whether the line before is of the length of an underline: a heading of AsciiDoc's older kind."""
    title = before[-1].text.rstrip() if before and not before[-1].seen else ""
    return bool(title) and not title.startswith((".", "[")) and abs(len(title) - len(underline.rstrip())) <= 1


def _without_comments(line: str, comment: bool, *, closed: bool, markdown: bool) -> tuple[str, bool]:
    """Return a line without the comments of HTML, and whether one is open at its end.

    One that is not `closed` below hides the rest of a Markdown text if it begins a line, and is text otherwise.
    """
    kept, position = "", 0
    while True:
        if comment:
            end = line.find("-->", position)
            if end < 0:
                return kept, True
            comment, position = False, end + 3
        begin = line.find("<!--", position)
        if begin < 0 or line.count("`", position, begin) % 2:
            return kept + line[position:], False
        if line.find("-->", begin) < 0 and not closed and (not markdown or line[:begin].strip()):
            return kept + line[position:], False
        kept += line[position:begin]
        comment, position = True, begin + 4
