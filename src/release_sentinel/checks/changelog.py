"""Does the changelog describe the release?"""

import re

from release_sentinel.checks.result import CRIT, NO_REPOSITORY, OK, UNKNOWN, CheckResult
from release_sentinel.lines import one_line, split
from release_sentinel.observe import Unseen, texts
from release_sentinel.observe.git import Repository
from release_sentinel.observe.sections import sections

_NAMES = ("CHANGELOG", "CHANGES", "HISTORY", "NEWS", "RELEASES")
CANDIDATES = tuple(f"{name}{suffix}" for name in _NAMES for suffix in (".md", ".rst", ".txt", ".adoc", ""))
_OVERLINE = re.compile(r"\n[=\-^\"'*+#]{3,}\s*\Z")  # of the next heading, in reStructuredText
_SHOWN = 80  # characters of a heading that a message shows


def check_changelog(version: str, repository: Repository | Unseen, file: str = "", *, prefix: str = "v") -> CheckResult:
    """The changelog has a section for the version, with something in it.

    Why: without a description, users cannot judge the release, nor can the operators who may have to roll it back.
    Unknown: the changelog cannot be read, or none is named and none is found.
    Remedy: write the section (`## 1.4.2`) and commit it; the file is `RS_CHANGELOG`.

    Markdown, reStructuredText, AsciiDoc, GNU's NEWS and Debian's changelogs are understood. A heading is of the version
    that it is about: not of one in an address, a comparison or a mention (`since 1.0.0`, `Bump shop to 1.0.0`), nor, in
    the section of another version, of one beside a name. Definitions of links, comments and marks are no text.
    """
    if isinstance(repository, Unseen):
        return CheckResult(UNKNOWN, repository.why, NO_REPOSITORY)
    name = file or texts.first(repository.top, CANDIDATES)
    if not name:
        return CheckResult(UNKNOWN, "no changelog is named or found", "name one in RS_CHANGELOG")
    text = texts.read(repository.top / name)
    if isinstance(text, Unseen):
        return CheckResult(UNKNOWN, f"{name} cannot be read: {text.why}", "name the changelog in RS_CHANGELOG")
    number = version.removeprefix(prefix)
    found = sections(text, name)
    own = [one.told for one in found if number.lower() in one.versions]
    if not own:
        first = f"the first section is {one_line(repr(found[0].title), _SHOWN)}" if found else "nor any other section"
        return CheckResult(CRIT, f"{name} has no section for {number}, {first}", f"write `## {number}` and commit it")
    if not any(own):
        return CheckResult(CRIT, f"the section for {number} in {name} is empty", "write what changes, and commit it")
    return CheckResult(OK, f"{name} has a section for {number}")


def section(name: str, text: str, version: str, *, prefix: str = "v") -> str:
    """Return the text below the heading of a version in a changelog, by its name and text; or blank."""
    number = version.removeprefix(prefix).lower()
    own = next((one for one in sections(text, name) if number in one.versions), None)
    body = "\n".join(split(text)[own.begin : own.end]) if own else ""
    return _OVERLINE.sub("", body).strip()
