"""The sections of a changelog in Markdown, reStructuredText, AsciiDoc or plain text, and what they tell a reader."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from release_sentinel.lines import split
from release_sentinel.observe.headings import Subject, subject

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
# The entries of a Debian changelog, and the line with which each ends.
_DEBIAN = re.compile(r"(\S+) \((?:\d+:)?([^()\s]+?)(-[^-()\s]+)?\) [^;]*;\s*urgency=.*")
_DEBIAN_END = re.compile(r" -- .*>  \w{3}, .*")
# The lines that are headings of a plain text: GNU's NEWS, and lines of a version and a date.
_OUTLINE = re.compile(r"\*+ (?:noteworthy |major )?(?:changes|new|news|what's new|version|release)\b.*", re.IGNORECASE)
_ALONE = re.compile(
    r"(?:(?:version|release|v)\s*:?\s*)?v?\d+(?:\.\d+){2}\S*(?:\s*[-\u2013\u2014,(\[:].*|\s+(?:19|20)\d\d\W.*)?",
    re.IGNORECASE,
)
_UNRELEASED = re.compile(r"\W*(?:unreleased|upcoming)\b", re.IGNORECASE)
_LOWEST = 7  # the level of a heading that no mark gives one
# What tools call the groups of a section; some give them the level of the section of a patch.
_GROUP = re.compile(
    r"\W*(?:bug ?fixes|bugs?|features?|performance\b.*|reverts?|breaking|.*breaking changes|added|changed|deprecated"
    r"|removed|fixed|security|documentation|docs|dependencies|miscellaneous(?: chores)?|chores?|build(?: system)?|ci"
    r"|continuous integration|tests?|(?:code )?refactor(?:ing)?|styles?|improvements?"
    r"|(?:other|major|minor|patch) changes)\W*",
    re.IGNORECASE,
)
_MARKDOWN, _ASCIIDOC = {".md", ".markdown", ".mkd", ".mdown"}, {".adoc", ".asciidoc", ".asc"}
_PLAIN_TEXT = {"", ".txt"}


class Line(Struct, frozen=True):
    """A line of a text: a heading with its level, or (0) any other; `seen` if it tells a reader something.

    `number` counts the lines of the text from 0; a heading takes the lines up to `end`, such as that below it.
    """

    text: str
    level: int = 0
    seen: bool = False
    number: int = 0
    end: int = 0


class Section(Struct, frozen=True):
    """A heading, the versions that it is about, and whether what is below it tells something.

    That is in the text's lines from `begin` to `end`, counted from 0.
    """

    title: str
    versions: tuple[str, ...]
    told: bool
    begin: int
    end: int


def sections(text: str, name: str) -> list[Section]:
    """Return the sections of a text, one for each heading; `name` is that of the file.

    A section reaches to the next heading of its own level or above, or about a version; headings alone tell nothing.
    """
    suffix = Path(name).suffix.lower()
    source = split(text)
    marks = {"markdown": suffix in _MARKDOWN, "asciidoc": suffix in _ASCIIDOC}
    lines = list(_lines(source, plain=suffix in _PLAIN_TEXT, **marks))
    subjects = _subjects(lines)
    levels = {line.level for line, about in zip(lines, subjects, strict=True) if about.versions}
    found = []
    for begin, line in enumerate(lines):
        if line.level:
            own = bool(subjects[begin].versions)
            end = begin + 1
            while end < len(lines) and not _ends(line, lines[end], subjects[end], levels if own else set()):
                end += 1
            last = lines[end].number if end < len(lines) else len(source)
            told = any(one.seen for one in lines[begin + 1 : end])
            found.append(Section(line.text, subjects[begin].versions, told, line.end, last))
    return found


def _subjects(lines: Sequence[Line]) -> list[Subject]:
    """Return which versions the headings are about; below the level of versions only one that is nothing else."""
    about_each = [subject(line.text) if line.level else Subject() for line in lines]
    marked = (
        line.level
        for line, about in zip(lines, about_each, strict=True)
        if about.bare or (line.level and _UNRELEASED.match(line.text))
    )
    highest = min(marked, default=_LOWEST)
    found: list[Subject] = []
    level = 0  # of the section of a version that a line is in
    for line, said in zip(lines, about_each, strict=True):
        about = said
        if line.level and line.level <= level:
            level = 0
        if (level or line.level > highest) and not about.bare:
            about = Subject()
        elif about.versions and not level:
            level = line.level
        found.append(about)
    return found


def _ends(heading: Line, line: Line, about: Subject, levels: set[int]) -> bool:
    """Return whether a section ends before a line; `levels` are those of versions, if the section is about one.

    Some tools write the groups of a patch at the patch's own level.
    """
    if not line.level:
        return False
    if about.versions or line.level < heading.level:
        return True
    group = levels and (len(levels) > 1 or _GROUP.fullmatch(line.text))
    return line.level == heading.level and not group


def _lines(source: Sequence[str], *, markdown: bool, asciidoc: bool, plain: bool) -> Iterator[Line]:
    """Yield the lines of a text, without underlines and the lines that begin and end code."""
    lines = _without_code(source, markdown=markdown, asciidoc=asciidoc)
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
            yield Line(heading[2].strip("#= "), len(heading[1]), number=line.number, end=line.number + 1)
        elif blank or _UNDERLINE.fullmatch(line.text):
            continue
        elif not following.seen and underline.fullmatch(following.text) and not inside:
            character = following.text[0]
            if character not in underlines:
                underlines.append(character)
            yield Line(line.text.strip(), underlines.index(character) + 1, number=line.number, end=following.number + 1)
        elif plain and not inside and (title := _title(line.text.rstrip())):
            yield Line(title, _LOWEST, number=line.number, end=line.number + 1)
        elif _DEFINITION.match(line.text) or _COMMENT.fullmatch(line.text.rstrip()):
            hidden = _indentation(line.text)
            continue
        elif not inside:
            yield Line(line.text, seen=_is_seen(line.text), number=line.number)
        hidden = hidden if inside else -1


def _title(line: str) -> str:
    """Return the title that a line of plain text is; blank if it is not one."""
    if entry := _DEBIAN.fullmatch(line):
        package, upstream, revision = entry.groups("")
        return f"{package} {upstream}, {upstream}{revision}"
    return line if _OUTLINE.fullmatch(line) or _ALONE.fullmatch(line) else ""


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def _is_seen(line: str) -> bool:
    """Return whether a line has more than punctuation, such as the mark of an entry that says nothing."""
    if _DEBIAN_END.fullmatch(line):
        return False
    return any(character.isalnum() or not character.isascii() for character in _TAG.sub("", line))


def _without_code(lines: Sequence[str], *, markdown: bool, asciidoc: bool) -> list[Line]:
    """Return the lines without comments and marks of code; those of code are `seen` unless they are blank.

    In Markdown `~~~` begins or ends code; elsewhere it is a line above or below a heading.
    """
    found: list[Line] = []
    fence, comment = "", False
    last = max((number for number, line in enumerate(lines) if "-->" in line), default=-1)
    for number, line in enumerate(lines):
        text = line.rstrip()
        if fence:
            if _closes(text, fence):
                fence = ""
            elif not fence.startswith("////"):
                found.append(Line(line, seen=bool(text), number=number))
            continue
        text, comment = _without_comments(line, comment, closed=number <= last, markdown=markdown)
        if comment and not text.strip():
            continue
        if begun := (_FENCE if markdown else _BACKTICKS).match(text):
            fence = begun[1]
        elif asciidoc and (block := _DELIMITER.fullmatch(text.rstrip())) and not _is_title(found, text):
            fence = text.rstrip() if block[1] else ""
        else:
            found.append(Line(text, number=number))
    return found


def _closes(line: str, fence: str) -> bool:
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
