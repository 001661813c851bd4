"""Which versions a heading of a changelog is about, and which it only mentions. Pure text, no files."""

import re

from msgspec import Struct

_LONGEST = 500  # characters of a heading that are looked at
_WORDS = 8  # before a version: a name and "release notes for", but no sentence
_VERSION = re.compile(
    r"(?<![\w.])v?(\d+(?:\.\d+){2,}(?:-[0-9a-z]+(?:[.-][0-9a-z]+)*)?(?:\+[0-9a-z.-]+)?)(?!\.?\w)", re.IGNORECASE
)
_LIKE_ONE = re.compile(r"\d\.\d")
_DOTTED_DATE = re.compile(r"(?:19|20)\d\d\.(?:0?[1-9]|1[0-2])\.(?:0?[1-9]|[12]\d|3[01])")
_DATE = re.compile(r"(?:19|20)\d\d[-./](?:0?[1-9]|1[0-2])[-./](?:0?[1-9]|[12]\d|3[01])(?!\d)")
_LIST = re.compile(r"[\[\]\s,;/&|+]*(?:and|or)?[\[\]\s,;/&|+]*", re.IGNORECASE)
_WORD = re.compile(r"[\w@/&.+'\u2019-]*\w|:")
_PLAIN_WORDS = {"version", "versions", "ver", "v", "release", "releases", "rel", "tag", "changelog", ":"}
# What stands before a version that a heading only mentions: "since 1.0.0", "Bump shop to 1.0.0", "requires 1.0.0".
_MENTION = re.compile(
    r"\b(?:(?:since|from|after|before|than|until|over|against|previous|last|vs|to|with|by|via|using|on|onto|at|without"
    r"|formerly|was)\W*(?:(?:version|release|ver|v)\b\W*)?"
    r"|(?:requires?|required|needs?|supports?|drops?|adds?|uses?)\W*(?:(?:version|ver|v)\b\W*)?)$",
    re.IGNORECASE,
)
# What begins a sentence about another project's version: "Bump shop 1.0.0"; but not "Update 1.0.0", "Fixes in 1.0.0".
_DEED = re.compile(
    r"\W*(?:now|based|depends?|use[sd]?|using|(?:bump|support|add|revert|backport)(?:s|ed|ing)?|fix(?:es|ed|ing)?"
    r"|drop(?:s|ped|ping)?|pin(?:s|ned|ning)?|switch(?:es|ed|ing)?"
    r"|(?:updat|upgrad|downgrad|requir|remov|mov|migrat|deprecat)(?:e|es|ed|ing))"
    r"\s+(?!(?:in|for|of|release|version|notes?|guide|v\d)\b)[\w@]",
    re.IGNORECASE,
)
# What follows another project's version: "Node 20.0.0 support".
_NEED = re.compile(
    r"\W*(?:support|compat|requir|is (?:now )?requir|dependency|(?:or|and) (?:later|newer|higher|above|greater|up))",
    re.IGNORECASE,
)
_BARE_END = re.compile(r"[\])*_`\s.]*(?:[\W_]*$|[-\u2013\u2014:,(\[/|\"\u201c]|\d{4}-)")
_NOT_SHOWN = (
    (re.compile(r"!\[[^\[\]]*\]\([^()]*\)"), ""),
    (re.compile(r"\[([^\[\]]*)\](?:\((?:[^()]|\([^()]*\))*\)|\[[^\[\]]*\])"), r"[\1]"),
    (re.compile(r"(?:link:|https?://)[^\s\[\]]*\[([^\[\]]*)\]"), r"\1"),  # AsciiDoc
    (re.compile(r":[a-z0-9_+-]+:"), ""),  # :tada:
    (re.compile(r"<[^<>]*>|\w+://\S+"), ""),
    (re.compile(r"[\w.+-]*\d\.{2,3}v?\d[\w.+-]*|v?\d[\w.+-]*\s*(?:->|→|=>|⇒)"), ""),  # v1.0.0...v1.1.0
)


class Subject(Struct, frozen=True):
    """The versions that a heading is about, in lower case; `bare` if it names nothing besides."""

    versions: tuple[str, ...] = ()
    bare: bool = False


def subject(title: str) -> Subject:
    """Return what a heading is about: the version that it names first, and those in a list with it.

    Addresses, comparisons, dates and versions that it only mentions are not what it is about. A name may come before.
    """
    if not _LIKE_ONE.search(title, 0, _LONGEST):  # a cheap look: most headings name none
        return Subject()
    title = _shown(title[:_LONGEST])
    versions: list[str] = []
    bare, end = False, 0
    for found in _VERSION.finditer(title):
        between = title[end : found.start()]
        if end and not _LIST.fullmatch(between):
            break
        dated = _DOTTED_DATE.fullmatch(found[1]) and _VERSION.search(title, found.end())
        if dated and not versions:  # 2026.11.23: 1.2.0
            continue
        if not end:
            words = _WORD.findall(_DATE.sub("", between))
            if not _may_come_before(between, words) or _NEED.match(title, found.end()):
                break
            bare = _BARE_END.match(title, found.end()) is not None and {word.lower() for word in words} <= _PLAIN_WORDS
        versions.append(found[1].lower())
        end = found.end()
    return Subject(tuple(versions), bare)


def _may_come_before(text: str, words: list[str]) -> bool:
    if _MENTION.search(text) or _DEED.match(text) or len(words) > _WORDS:
        return False
    after = words[words.index(":") + 1 :] if ":" in words else []  # "deps: shop 1.0.0"
    return {word.lower() for word in after} <= _PLAIN_WORDS


def _shown(title: str) -> str:
    """Return a heading as it is shown: without pictures, the targets of links, addresses, and comparisons."""
    for pattern, shown in _NOT_SHOWN:
        title = pattern.sub(shown, title)
    return title
