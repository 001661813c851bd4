"""How a form of credentials is found in a text: by what stands before it, and by where it ends."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache

from release_sentinel.redaction.credential import Credential
from release_sentinel.redaction.names import field_says_secret, says_secret
from release_sentinel.redaction.plain import is_plain, is_variable

Find = Callable[[str], Iterator[Credential]]

# What may end a command or a sentence around a credential, or be in it.
_CLOSING, _BORDER = ")]}>,;:.", re.compile(r"[;|&,<>\\]")

# Every repetition is bounded, or keeps what it has matched: any text is read in linear time.
BLANK, GAP = r"[ \t]{1,20}+", r"[ \t]{0,20}+"
_NEXT = r"(?![\"']?[\w.-]{1,60}[\"']?[=:])"  # a border that another setting follows does not count
WORD = rf"((?:[^\s\"'`;|&,<>\\]|[;|&,<>\\]{_NEXT})++)"
VALUE = rf"'([^'\n]{{1,500}}+)'|\"([^\"\n]{{1,500}}+)\"|(?![-&])[\"'({{\[]?{WORD}"
_IN_QUOTES = r"'((?:[^'\\]|\\.|''){0,500}+)'|\"((?:[^\"\\]|\\.|\"\"){0,500}+)\"|\{([^}]{0,500}+)\}"
NAME = r"(?<![\w.-])-{0,2}(?P<name>[A-Za-z_][\w.-]{0,60}+)"

# Of `printf`, of a shell, the scheme of a header, and a function that is called.
_NO_VALUE = re.compile(r"%s|\$\(|(?i:basic|bearer|token)(?:\s|$)|[\w.:>-]{1,80}+\($")

_compiled = cache(re.compile)  # late: few forms occur in a run


def behind(*leads: str, value: str = VALUE) -> Find:
    """Find a value behind one of some patterns; where that has a name, the name has to say secret."""

    def find(text: str) -> Iterator[Credential]:
        for lead in leads:
            end = 0  # of a value: what is in it is not read again
            for match in _compiled(lead).finditer(text):
                name = match.groupdict().get("name")
                if match.start() < end or not (name is None or says_secret(name)):
                    continue
                found = _compiled(value).match(text, match.end())
                if found and not _is_none(_last(found)) and (name is None or says_secret(name, _last(found))):
                    end = found.end()
                    yield from map(Credential, _ends(_last(found)))

    return find


def _last(found: re.Match[str]) -> str:
    """Return the last group that took part in a match."""
    return str(found[found.lastindex or 0])


def _is_none(value: str) -> bool:
    return is_variable(value) or _NO_VALUE.match(value) is not None


def _ends(value: str) -> Iterable[str]:
    """Return a value as it is, and without what may end the text around it."""
    if is_plain(value):
        return [value]
    return filter(None, dict.fromkeys((value, value.rstrip(_CLOSING), _BORDER.split(value)[0].rstrip(_CLOSING))))


_PAIR = rf"{NAME}[\"']?{GAP}:?=>?(?!=){GAP}"


def pairs(text: str) -> Iterator[Credential]:
    """Yield what `name = value` says; between semicolons, a value may have blanks."""
    border = ";&" if ";" in text else r";&,\s"
    word, end = _compiled(rf"((?:[^{border}\"'\n]|[,&]{_NEXT})++)"), 0
    for match in _compiled(_PAIR).finditer(text):
        name = match["name"]
        if match.start() < end or not field_says_secret(name):
            continue
        quoted = _compiled(_IN_QUOTES).match(text, match.end())
        found = quoted or word.match(text, match.end())
        if not found or not (value := _last(found).strip()) or _is_none(value) or not field_says_secret(name, value):
            continue
        end = found.end()
        before = text[match.start("name") : found.start(found.lastindex or 0)]
        others = [re.sub(r"\\(.)", r"\1", value)] if quoted else _ends(value.split()[0])
        for one in dict.fromkeys((value, *others)):
            yield Credential(one, before)


def whole(pattern: str) -> Find:
    """Find a form of which the one group that takes part is the credential."""

    def find(text: str) -> Iterator[Credential]:
        for match in _compiled(pattern).finditer(text):
            yield Credential(_last(match))

    return find
