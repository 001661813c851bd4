"""Values that ordinary text is full of: they are not masked where they are only supposed to be secrets."""

import re
from collections.abc import Iterator

from release_sentinel.redaction.letters import likeness

_LEAST = 6  # characters
_WORD, _NAME = 15, 24  # characters of one word, and of a name that is made of up to three
_WORDS = 3
_SHORT = 3  # characters; less are a word
_LIKENESS, _LIKENESS_OF_SEVERAL = -2, 6  # bits, of one word and of several as in `MyService`
_PART = 80  # characters of one part of a path
_LONGEST = 512

_LETTERS = re.compile(r"[a-z]+|[A-Z][a-z]+|[A-Z]+")
_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_SEPARATORS = re.compile(r"[-_./:, ]")
_TECHNICAL = re.compile(
    r"(?:sha|md|base|utf|oauth|x|amd|arm|aarch|ppc|python|node|java|jdk|ruby|rsa|aes|es|rs|hs|ps|ipv|http|win|linux|"
    r"ubuntu|debian|alpine|windows|macos)\d{1,4}|ed25519|k[38]s|"
    r"(?:postgres|postgresql|mysql|redis|dev|develop|int|integration|test|qa|uat|stage|"
    r"staging|preprod|prod|production|live|release|env|region|zone|host|server|runner|agent|worker|db|web|app|api|"
    r"cluster|build|job|eu|us|ap)\d{1,2}",
    re.IGNORECASE,
)
_SHAPES = re.compile(
    r"""
      v?\d+(?:\.\d+)+(?:[-+.](?:[a-z]{1,12}|\d{1,8}))*          # a version, also 1.2.3-rc.1; an address of IPv4
    | [-+]?(?:\d[\d.,:/TZ+_\ -]{0,30}|\d[\d.]{0,5}[a-zA-Z%]{1,3}) # a number, a date, a time, a duration
    | \[?[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}\]?              # an address of IPv6
    """,
    re.VERBOSE,
)
_HOST = re.compile(  # of words, with its port; also an address of mail
    r"(?:[A-Za-z0-9._%+-]{1,40}@)?[a-z][a-z0-9-]{0,40}(?:(?:\.[a-z][a-z0-9-]{0,40})*\.[a-z]{2,10}(?::\d{1,5})?|:\d{1,5})"
)
_REFERENCE = re.compile(  # or a place to fill in
    r"\$(\w+)|\$?\{{1,2}([\w .:-]+)\}{1,2}|\$\(([\w ./-]+)\)|<([\w .:-]+)>|%(\w+)%?"
)
_KNOWN = frozenset(  # names that are spelt as no word is
    (
        *("rabbitmq", "traefik", "sonarqube", "skopeo", "nextjs", "nuxtjs", "elixir", "fedora", "akamai", "github"),
        *("gitlab", "aiohttp", "asyncpg", "pymysql", "pyyaml", "uvloop", "httpcore", "oaep", "gssapi", "dnssec"),
    )
)
_NUMBERED = re.compile(r"[a-z]{1,15}\d{1,3}")
_TOKEN = re.compile(r"[A-Za-z0-9]+|[^\x00-\x7f]+")
_JOINT = re.compile(r"[-_./:, +=&?\"'\\\r\n\t{}\[\]]{1,12}")
_BETWEEN = re.compile(r"[^A-Za-z0-9]+")
_PATH = re.compile(r"(?:~|\.{1,2})?/.*|[A-Za-z]:[\\/].*|[a-z][a-z0-9+.-]*://[^@?#]*", re.DOTALL)
_FILE = re.compile(r"[a-z0-9_.-]+(?:/[a-z0-9_.-]+)*\.[a-z]{1,10}")
_MIXED = re.compile(r"(?=[A-Za-z]*\d)(?=[A-Z\d]*[a-z])(?=[a-z\d]*[A-Z])[A-Za-z\d]{16}")
_MADE = re.compile(r"[a-z0-9_.-]{1,80}\.(?:json|ya?ml|toml|xml|txt|env|conf|cfg|properties|pem|key|crt|p12|pfx|sh)")
_PATH_PARTS = re.compile(r"[\\/:]+")


def is_plain(value: str) -> bool:
    """Return whether a value is too plain to be masked everywhere, where nothing but its place says that it is secret.

    So are less than 6 characters, a word, a name of up to three words, a number, a version, a date, a host, a path,
    an address without credentials, and a reference such as `${TOKEN}`. A mixture of letters and digits such as
    `hunter2`, and four words in a row, are not.
    """
    value = value.strip()
    if len(value) < _LEAST or len(set(value)) <= 2:
        return True
    if len(value) > _LONGEST:
        return False
    if _SHAPES.fullmatch(value) or is_variable(value) or _is_path(value):
        return True
    return (_HOST.fullmatch(value) is not None and all_words(value)) or _is_name(value)


def all_words(text: str) -> bool:
    """Return whether a text consists of words and numbers, whatever stands between them."""
    return all(map(is_ordinary, filter(None, _BETWEEN.split(text))))


def is_ordinary(token: str) -> bool:
    """Return whether letters and digits are words, as in `MyService`, or a number; random ones mostly are not."""
    if token.isdigit() or _TECHNICAL.fullmatch(token) or token.lower() in _KNOWN:
        return True
    words = _PARTS.findall(token)
    if "".join(words) != token or _has_digit(token):
        return False
    if not all(len(word) <= _WORD and _LETTERS.fullmatch(word) for word in words):
        return False
    least = _LIKENESS if len(words) == 1 else _LIKENESS_OF_SEVERAL
    return len(token) <= _SHORT or sum(likeness(word.lower()) for word in words) >= least


def ordinary_parts(text: str) -> Iterator[tuple[int, int]]:
    """Yield where words and numbers stand in a row in a value, with what usually separates them."""
    begin = end = 0
    for token in _TOKEN.finditer(text):
        if end and not _JOINT.fullmatch(text, end, token.start()):
            yield begin, end
            end = 0
        is_word = len(token[0]) >= _SHORT or token[0].isdigit()
        if is_word and len(token[0]) <= _NAME and is_ordinary(token[0]):
            begin = begin if end else token.start()
            end = token.end()
        elif end:
            yield begin, end
            end = 0
    if end:
        yield begin, end


def is_variable(value: str) -> bool:
    """Return whether a value only says which other one belongs in its place: `${TOKEN}`, `{{ token }}`."""
    found = _REFERENCE.fullmatch(value)
    return found is not None and all_words(found[found.lastindex or 0].replace("_", "-"))


def _is_name(value: str) -> bool:
    """Return whether a value is a word, or up to three, as in `us-east-1` and `MyService`."""
    if len(value) > _NAME or not value.isascii():
        return False
    parts = _SEPARATORS.split(value)
    words = [word for part in parts for word in ([part] if _TECHNICAL.fullmatch(part) else _PARTS.findall(part))]
    if "".join(words) != "".join(parts) or len(words) > _WORDS:
        return False
    return all(map(is_ordinary, filter(None, parts)))


def _is_path(value: str) -> bool:
    """Return whether a value is a path or a URL whose parts are all names: a token among them is mixed at random."""
    if _MIXED.search(value) or not _PATH.fullmatch(value):
        return _FILE.fullmatch(value) is not None and len(value) <= _PART and all(map(_is_in_path, value.split("/")))
    *folders, name = _PATH_PARTS.split(value)
    if not all(len(part) <= _PART and _is_in_path(part) for part in folders):
        return False
    made = sum(map(bool, folders)) > 1 and _MADE.fullmatch(name) is not None  # as `gha-creds-1a2b3c4d.json`
    return made or (len(name) <= _PART and _is_in_path(name))


def _is_in_path(part: str) -> bool:
    """Return whether a part of a path is a name; beside its words, it may have a short mixture such as `x64`."""
    return all(
        len(token) < _LEAST or is_ordinary(token) or _NUMBERED.fullmatch(token) for token in _BETWEEN.split(part)
    )


def _has_digit(text: str) -> bool:
    return any(character.isdigit() for character in text)
