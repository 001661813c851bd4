"""The credentials in addresses: of URLs, of `user:password@host`, and in the fields of a query."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from release_sentinel.redaction.credential import Credential
from release_sentinel.redaction.names import field_says_secret
from release_sentinel.redaction.plain import is_plain

_SCHEME = r"[a-zA-Z][\w+.-]{0,40}://"
# Behind the first alternative there has to be a host. The second one is for a password with a bare `/`, `?` or `#`,
# where a strict reader sees no user info at all.
_INFO = r"([^/?#]*(?=@(?:[^/?#@:,]*(?::\d*)?(?:[/?#,]|$)|\[))|[^/?#@:\[]*:(?!\d*(?:[/?#]|$)).*)@"
USER_INFO = re.compile(rf"^({_SCHEME}){_INFO}")
_BEGIN, _BEHIND = re.compile(_SCHEME), re.compile(_INFO)
_BORDER = re.compile(rf"[\s\"'`<>|\\]+|[,;](?={_SCHEME})")  # between the URLs of one value
_USERS = re.compile(r"([^,@:/]*):([^,@]+)@[^,@]+")  # of a cluster: user:password@host,user:password@host
_TOKEN_BEFORE = "x-oauth-basic"  # noqa: S105 - what GitHub takes in place of a password, behind a token

# Without a scheme: USER:PASSWORD, and @HOST behind it; `npm:package@1.2` and an image's digest are something else.
_LOGIN = re.compile(
    r"(?:^|(?<=[=,;])|(?<=http:)|(?<=https:))(?!(?:https?|jdbc|mailto|npm|jsr|pkg|git|github|gitlab|docker|image|file|sips?|urn|\d{1,2}|\d{4}-\d\d-\d\d):)"
    r"([\w.+%-]{1,64}):(?=[^\s@/])|(?<=/)([\w.+%-]{1,64}):(?=[^\s@/])"
)
_HOST = re.compile(r"@(?!sha\d+:|md5:)(?:[A-Za-z0-9._-]+|\[[0-9a-fA-F:]+\])(?::\d{1,5})?(?=[/?,;:]|$)")
_FIELD = re.compile(r"(^|[?&#;])([^=&#;?\s]{1,64})=([^&#;\s\"'<>\\]+)")
_SHOWN_FIELD = "code"  # of Azure's functions; elsewhere it may be a number


def of_urls(text: str) -> Iterator[Credential]:
    """Yield the user info of every address in a text, as far as it is secret."""
    if "@" not in text:
        return
    for part in [text] if text.count("://") == 1 and USER_INFO.match(text) else _BORDER.split(text):
        if "@" in part:
            yield from _of_url(part) if "://" in part else _without_scheme(part)


def _of_url(part: str) -> Iterator[Credential]:
    last, position = part.rindex("@"), 0
    for scheme in _BEGIN.finditer(part):
        if not position <= scheme.start() < last or not (match := _BEHIND.match(part, scheme.end())):
            continue
        position = match.end()
        users = match[1].split(",") if "," in match[1] and _USERS.match(match[0]) else [match[1]]
        for info in users:
            if len(users) > 1 and "@" in info:
                info = info.rpartition("@")[0]  # noqa: PLW2901 - without the host
            user, colon, password = info.partition(":")
            if password and password != _TOKEN_BEFORE:
                yield Credential(password, f"{user}:" if user else "//:", "@")
            elif scheme[0].lower().endswith(("http://", "https://")) and _may_be_token(user):
                yield Credential(user, "//", colon + password + "@")


def _may_be_token(user: str) -> bool:
    """Return whether a user name without a password can be a token: not where it is a name, as for ssh and Azure."""
    return bool(user) and (not is_plain(user) or any(character.isdigit() for character in user))


def _without_scheme(part: str) -> Iterator[Credential]:
    """Yield the password behind each `user:`, as far as the last host before the next one, or before a `/`."""
    hosts = [host.start() for host in _HOST.finditer(part)]
    logins = list(_LOGIN.finditer(part))
    first = [login.start() for login in logins if login[1]]
    closed, end = f"{part}/", 0
    for login in logins:
        if login[1]:
            following = bisect_right(first, login.start())
            limit = first[following] if following < len(first) else len(part)
        else:
            limit = closed.find("/", login.end())
        place = bisect_left(hosts, limit) - 1
        if place >= 0 and hosts[place] >= login.end() and login.start() >= end:
            end = hosts[place]
            yield Credential(part[login.end() : end], login[0], "@")


def of_fields(text: str) -> Iterator[Credential]:
    """Yield the values of query fields whose names say that they are secret."""
    if "=" not in text:
        return
    for match in _FIELD.finditer(text):
        begin, name, value = match.groups()
        if field_says_secret(name):
            yield Credential(value, f"{name}=")
        elif begin and name.lower() == _SHOWN_FIELD:
            yield Credential(value)
