"""The credentials in a value: in URLs anywhere in it, in connection strings, and in headers."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from urllib.parse import unquote, unquote_plus

from release_sentinel.redaction.plain import is_plain

_LONGEST = 1 << 18  # characters of a value
_SCHEME = r"[a-zA-Z][\w+.-]{0,40}://"
# Behind the first alternative there has to be a host. The second one is for a password with a bare `/`, `?` or `#`,
# where a strict reader sees no user info at all.
_INFO = r"([^/?#]*(?=@(?:[^/?#@:,]*(?::\d*)?(?:[/?#,]|$)|\[))|[^/?#@:\[]*:(?!\d*(?:[/?#]|$)).*)@"
USER_INFO = re.compile(rf"^({_SCHEME}){_INFO}")
_IN_TEXT = re.compile(rf"({_SCHEME}){_INFO}")
_BORDER = re.compile(rf"[\s\"'`<>|\\]+|[,;](?={_SCHEME})")  # between the URLs of one value
_WITHOUT_SCHEME = re.compile(
    r"(?:^|(?<=[=,;]))([\w.+-]{1,64}):([^\s@/][^\s@]*)@(?!sha\d+:|md5:)(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?::\d{1,5})?(?=[/?,;]|$)"
)
_USERS = re.compile(r"([^,@:/]*):([^,@]+)@[^,@]+")  # of a cluster: user:password@host,user:password@host
_FIELD = re.compile(r"[?&#;]([^=&#;?\s]{1,64})=([^&#;\s\"'<>]+)")
_NAME = r"(?:^|(?<=[\s;,?&\"'{]))(?:--?)?([A-Za-z][\w.-]{0,40}(?: [A-Za-z]\w{0,20})?)\s?=\s?"
_QUOTED = r"'(?:[^'\\]|\\.|'')*+'|\"(?:[^\"\\]|\\.|\"\")*+\"|\{[^}]*\}"
_PAIR = re.compile(rf"{_NAME}({_QUOTED}|[^;\s&,\"']++)")
_PAIR_TO_SEMICOLON = re.compile(rf"{_NAME}({_QUOTED}|[^;&\"']++)")  # where values may have blanks
_HEADER = re.compile(r"(?i)\bauthorization\b[\"']?\s*[:=]\s*[\"']?(?:(?:basic|bearer|token)\s+)?([\w+/=.~-]{4,})")

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SECRET = frozenset(
    (
        *("sig", "signature", "token", "accesstoken", "apitoken", "authtoken", "key", "apikey", "accesskey"),
        *("accountkey", "secretkey", "secret", "clientsecret", "password", "passwd", "pwd", "pass", "passphrase"),
        *("passcode", "credential", "credentials", "session", "sessionid", "jsessionid", "phpsessid", "sas"),
    )
)
_WHOLE = _SECRET | {"auth", "authorization"}
_OTHER_KEYS = frozenset(("public", "primary", "partition", "sort", "cache", "foreign", "routing", "host"))
_ABOUT = frozenset(  # a field whose name ends so says something about a secret
    (
        *("name", "type", "id", "url", "uri", "path", "file", "policy", "version", "expiry", "expires", "expiration"),
        *("ttl", "length", "size", "count", "source", "store", "alias", "arn", "endpoint", "algorithm", "alg"),
        *("format", "mode", "enabled", "required", "timeout", "age", "provider", "manager"),
    )
)
_TOKEN_BEFORE = "x-oauth-basic"  # noqa: S105 - what GitHub takes in place of a password, behind a token


class Credential(NamedTuple):
    """A password or token in a value, and what stands before and behind it."""

    value: str
    before: str
    after: str = ""

    @property
    def values(self) -> Iterable[str]:
        """Return it as it is written, and unquoted."""
        return dict.fromkeys((self.value, unquote(self.value), unquote_plus(self.value)))


def secrets_in(text: str) -> Iterator[str]:
    """Yield what is secret in a value, as written and unquoted; what is too plain to be masked everywhere is not."""
    for found in credentials(text):
        yield from (value for value in found.values if not is_plain(value))


def credentials(text: str) -> Iterator[Credential]:
    """Yield the credentials in a value, plain ones too."""
    text = text.strip()
    if len(text) > _LONGEST or not ("=" in text or "@" in text or ":" in text):
        return
    parts = [text] if text.count("://") == 1 and USER_INFO.match(text) else _BORDER.split(text)
    for part in parts:
        if "://" in part:
            yield from _of_url(part)
        elif (match := _WITHOUT_SCHEME.search(part)) and not match[1].isdigit():
            yield Credential(match[2], f"{match[1]}:", "@")
        if "://" in part or "jdbc:" in part:
            yield from _secret_pairs(_FIELD.findall(part))
    yield from _secret_pairs((_PAIR_TO_SEMICOLON if ";" in text else _PAIR).findall(text))
    for match in _HEADER.finditer(text):
        yield Credential(match[1], "")


def _of_url(part: str) -> Iterator[Credential]:
    for match in _IN_TEXT.finditer(part):
        users = match[2].split(",") if "," in match[2] and _USERS.match(f"{match[2]}@") else [match[2]]
        for info in users:
            if len(users) > 1 and "@" in info:
                info = info.rpartition("@")[0]  # noqa: PLW2901 - without the host
            user, colon, password = info.partition(":")
            if password and password != _TOKEN_BEFORE:
                yield Credential(password, f"{user}:" if user else "//:", "@")
            elif re.search(r"(?i)https?://$", match[1]) and _may_be_token(user):
                yield Credential(user, "//", colon + password + "@")


def _may_be_token(user: str) -> bool:
    """Return whether a user name without a password can be a token: not where it is a name, as for ssh and Azure."""
    return bool(user) and (not is_plain(user) or any(character.isdigit() for character in user))


def _secret_pairs(pairs: Iterable[tuple[str, str]]) -> Iterator[Credential]:
    for name, value in pairs:
        if says_secret(name):
            quoted = len(value) > 1 and value[0] + value[-1] in {"''", '""', "{}"}
            inner = value[1:-1] if quoted else value.strip()
            if inner:
                yield Credential(inner, f"{name}={value[0] if quoted else ''}")
            if quoted and "\\" in inner:
                yield Credential(re.sub(r"\\(.)", r"\1", inner), f"{name}={value[0]}")


def says_secret(name: str) -> bool:
    """Return whether the name of a field says that it holds a secret: one of its words does.

    `api_key` and `X-Amz-Signature` do; `design`, `authSource`, `keyspace` and `tokenType` do not.
    """
    words = [word.lower() for word in _WORDS.findall(unquote(name))]
    if "".join(words) in _WHOLE or words[-2:] == ["session", "id"]:
        return True
    if not words or words[-1] in _ABOUT or _OTHER_KEYS & set(words):
        return False
    return not _SECRET.isdisjoint(words)
