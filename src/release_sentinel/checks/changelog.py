"""Does the changelog describe the release?"""

import re
from pathlib import Path

from release_sentinel.checks.result import CRIT, NO_REPOSITORY, OK, UNKNOWN, CheckResult
from release_sentinel.lines import one_line, split
from release_sentinel.observe import Unseen, texts
from release_sentinel.observe.git import Repository
from release_sentinel.observe.sections import sections

_NAMES = ("CHANGELOG", "CHANGES", "HISTORY", "NEWS", "RELEASES")
_CANDIDATES = tuple(f"{name}{suffix}" for name in _NAMES for suffix in (".md", ".rst", ".txt", ".adoc", ""))
_HEADING = re.compile(r"(#{1,6}|={1,6})\s+(.*)")
_FENCE = re.compile(r"\s{0,3}(```|~~~)")
_SHOWN = 80  # characters of a heading that a message shows
_LONGEST = 500  # characters of a heading that are looked at
_VERSION = re.compile(
    r"(?<![\w.])v?(\d+(?:\.\d+){2,}(?:-[0-9a-z]+(?:[.-][0-9a-z]+)*)?(?:\+[0-9a-z.-]+)?)(?!\.?\w)", re.IGNORECASE
)
_DATE = re.compile(r"(?:19|20)\d\d\.(?:0?[1-9]|1[0-2])\.(?:0?[1-9]|[12]\d|3[01])")
_LIST = re.compile(r"[\[\]\s,;/&|+]*(?:and|or)?[\[\]\s,;/&|+]*", re.IGNORECASE)
_MENTION = re.compile(r"\b(?:since|from|after|before|than|until|over|against|previous|last|vs\.?)\W*$", re.IGNORECASE)
_NOT_SHOWN = (
    (re.compile(r"!\[[^\[\]]*\]\([^()]*\)"), ""),
    (re.compile(r"\[([^\[\]]*)\](?:\((?:[^()]|\([^()]*\))*\)|\[[^\[\]]*\])"), r"[\1]"),
    (re.compile(r"(?:link:|https?://)[^\s\[\]]*\[([^\[\]]*)\]"), r"\1"),  # AsciiDoc
    (re.compile(r"<[^<>]*>|\w+://\S+"), ""),
    (re.compile(r"[\w.+-]*\d\.{2,3}v?\d[\w.+-]*|v?\d[\w.+-]*\s*(?:->|→|=>|⇒)"), ""),  # v1.0.0...v1.1.0
)


def check_changelog(version: str, repository: Repository | Unseen, file: str = "", *, prefix: str = "v") -> CheckResult:
    """The changelog has a section for the version, with something in it.

    Why: without a description, users cannot judge the release, nor can the operators who may have to roll it back.
    Unknown: the changelog cannot be read, or none is named and none is found.
    Remedy: write the section (`## 1.4.2`) and commit it; the file is `RS_CHANGELOG`.

    Markdown, reStructuredText and AsciiDoc are understood. Definitions of links, comments and marks are no text; a
    version in an address, a comparison or a mention (`since 1.0.0`) is no heading of it.
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
    found = list(sections(text, name))
    own = [body for title, body in found if _names(title, number)]
    if not own:
        newest = f", the first section is {one_line(repr(found[0][0]), _SHOWN)}" if found else ", nor any other section"
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
    """Return whether a heading names exactly this version: first, or in a list of versions.

    Addresses, comparisons and versions that it only mentions (`since 1.0.0`) are not what it is about.
    """
    if number.lower() not in title[:_LONGEST].lower():
        return False
    title = _plain(title[:_LONGEST])
    end, listed = 0, True
    for found in _VERSION.finditer(title):
        between = title[end : found.start()]
        listed = listed and bool(_LIST.fullmatch(between) if end else not _MENTION.search(between))
        if _DATE.fullmatch(found[1]) and found[1] != number:
            continue
        if listed and found[1].lower() == number.lower():
            return True
        end = found.end()
    return False


def _plain(title: str) -> str:
    """Return a heading as it is shown: without pictures, the targets of links, addresses, and comparisons."""
    for pattern, shown in _NOT_SHOWN:
        title = pattern.sub(shown, title)
    return title
