"""Does the changelog describe the release?"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from release_sentinel.checks.result import CRIT, NO_REPOSITORY, OK, UNKNOWN, CheckResult
from release_sentinel.lines import split
from release_sentinel.observe import Unseen, texts
from release_sentinel.observe.git import Repository

_NAMES = ("CHANGELOG", "CHANGES", "HISTORY", "NEWS", "RELEASES")
_CANDIDATES = tuple(f"{name}{suffix}" for name in _NAMES for suffix in (".md", ".rst", ".txt", ".adoc", ""))
_HEADING = re.compile(r"(#{1,6}|={1,6})\s+(.*)")
_UNDERLINE = re.compile(r"([=\-~^\"'*+#])\1{2,}\s*")
_SETEXT = re.compile(r"([=\-])\1{2,}\s*")
_FENCE = re.compile(r"\s{0,3}(```|~~~)")
_BACKTICKS = re.compile(r"\s{0,3}```")


def check_changelog(version: str, repository: Repository | Unseen, file: str = "", *, prefix: str = "v") -> CheckResult:
    """The changelog has a section for the version, with something in it.

    Why: without a description, users cannot judge the release, nor can the operators who may have to roll it back.
    Unknown: the changelog cannot be read, or none is named and none is found.
    Remedy: write the section (`## 1.4.2`) and commit it; the file is `RS_CHANGELOG`.
    """
    if isinstance(repository, Unseen):
        return CheckResult(UNKNOWN, repository.why, NO_REPOSITORY)
    name = file or texts.first(repository.top, _CANDIDATES)
    if not name:
        return CheckResult(UNKNOWN, "no changelog is named or found", "name one in RS_CHANGELOG")
    text = texts.read(repository.top / name)
    if isinstance(text, Unseen):
        return CheckResult(UNKNOWN, f"{name} cannot be read: {text.why}", "name the changelog in RS_CHANGELOG")
    number = version.removeprefix(prefix)
    sections = list(_sections(text, markdown=Path(name).suffix.lower() == ".md"))
    own = [body for title, body in sections if _names(title, number)]
    if not own:
        newest = f", the first section is {sections[0][0]!r}" if sections else ", nor any other section"
        return CheckResult(CRIT, f"{name} has no section for {number}{newest}", f"write `## {number}` and commit it")
    if not any(own):
        return CheckResult(CRIT, f"the section for {number} in {name} is empty", "write what changes, and commit it")
    return CheckResult(OK, f"{name} has a section for {number}")


def section(top: Path, version: str, file: str = "", *, prefix: str = "v") -> str:
    """Return the text below the heading of a version in a Markdown changelog; or blank."""
    text = texts.read(top / (file or texts.first(top, _CANDIDATES) or _CANDIDATES[0]))
    if isinstance(text, Unseen):
        return ""
    body: list[str] = []
    level, fenced = 0, False
    for line in split(text):
        fenced ^= bool(_FENCE.match(line))
        heading = None if fenced else _HEADING.fullmatch(line.rstrip())
        if level and heading and len(heading[1]) <= level:
            break
        if level:
            body.append(line)
        elif heading and _names(heading[2], version.removeprefix(prefix)):
            level = len(heading[1])
    return "\n".join(body).strip()


def _names(title: str, number: str) -> bool:
    """Return whether a heading names exactly this version, and not one that merely contains it."""
    return re.search(rf"(?<![\w.])v?{re.escape(number)}(?![\w+]|[.-]\w)", title, re.IGNORECASE) is not None


def _sections(text: str, *, markdown: bool) -> Iterator[tuple[str, bool]]:
    """Yield each heading of a Markdown, reStructuredText or AsciiDoc text, and whether text follows below it.

    A section reaches to the next heading of its own level or above; a heading alone is not text.
    """
    lines = list(_lines(text, markdown=markdown))
    for position, (level, line) in enumerate(lines):
        if level:
            yield line, _has_text(lines, position)


def _has_text(lines: Sequence[tuple[int, str]], heading: int) -> bool:
    for position in range(heading + 1, len(lines)):
        level, line = lines[position]
        if level and level <= lines[heading][0]:
            return False
        if not level and line.strip():
            return True
    return False


def _without_comments(text: str) -> str:
    """Return a text without the comments of HTML; one that is not closed stays.

    In linear time: a pattern would look for an end from each begin.
    """
    kept, position = [], 0
    while (begin := text.find("<!--", position)) >= 0 and (end := text.find("-->", begin + 4)) >= 0:
        kept.append(text[position:begin])
        position = end + 3
    return "".join([*kept, text[position:]])


def _lines(text: str, *, markdown: bool) -> Iterator[tuple[int, str]]:
    """Yield each line with its level as a heading, 0 for text; underlines and code fences are left out.

    In Markdown `~~~` begins or ends code; elsewhere it is a line above or below a heading.
    """
    underline, fence = (_SETEXT, _FENCE) if markdown else (_UNDERLINE, _BACKTICKS)
    lines = split(_without_comments(text))
    underlines: list[str] = []  # a reStructuredText's levels are in the order in which its characters appear
    fenced = False
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if fence.match(line):
            fenced = not fenced
        elif not fenced and (heading := _HEADING.fullmatch(line.rstrip())):
            yield len(heading[1]), heading[2].strip("# ")
        elif not fenced and line.strip() and not _UNDERLINE.fullmatch(line) and underline.fullmatch(following):
            character = following[0]
            if character not in underlines:
                underlines.append(character)
            yield underlines.index(character) + 1, line.strip()
        elif fenced or not _UNDERLINE.fullmatch(line):
            yield 0, line
