"""The credentials in a remote's URL, handed to Git by its environment.

Git starts a helper with the whole URL in its command line, which every user of the machine can read by `ps`. So Git is
given the URL without them, and its own settings, in variables, say what to answer when the server asks.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from release_sentinel.observe import Unseen
from release_sentinel.observe.git.process import LOCAL_SECONDS, ask, run
from release_sentinel.observe.git.records import Remote

Setting = tuple[str, str]  # a key of Git's settings, and its value

_URL = re.compile(r"(https?://)([^/?#]*)@(.*)", re.DOTALL | re.IGNORECASE)
_USER, _PASSWORD = "RELEASE_SENTINEL_GIT_USER", "RELEASE_SENTINEL_GIT_PASSWORD"


class _Login(NamedTuple):
    """How one URL of a remote is written, and what Git makes of it: a URL without credentials, and these."""

    written: str
    url: str
    user: str
    password: str | None  # None: the URL has none


def has_login(url: str) -> bool:
    """Return whether a URL carries credentials that would be seen in a command line."""
    return _URL.fullmatch(url) is not None


def variables(
    top: Path,
    remote: Remote,
    *,
    push: bool = False,
    settings: Sequence[Setting] = (),
    timeout: float = LOCAL_SECONDS,
) -> dict[str, str]:
    """Return the variables by which Git reaches a remote, and that hand it the credentials of its URLs.

    `settings` of Git go along with them; without any of these there are no variables.
    """
    logins, rule = [], "insteadof"
    if remote.address:
        logins = list(_logins([remote.address], [remote.address]))
        settings = [*settings, (f"remote.{remote.name}.url", logins[0].url if logins else remote.address)]
    elif remote.has_login:
        logins, rule = _of_remote(top, remote.name, push, timeout)
    return _variables(logins, rule, settings, os.environ) if logins or settings else {}


def _of_remote(top: Path, remote: str, push: bool, timeout: float) -> tuple[list[_Login], str]:
    """Return the logins of a remote's URLs, and the name of the rule that rewrites them."""
    own = _values(top, f"remote.{remote}.pushurl", timeout) if push else []
    written = own or _values(top, f"remote.{remote}.url", timeout)
    effective = ask(top, "remote", "get-url", *(["--push"] if push else []), "--all", remote, timeout=timeout)
    if isinstance(effective, Unseen):
        return [], ""
    logins = list(_logins(written, effective.removesuffix("\n").split("\n")))
    return logins, "pushinsteadof" if push and not own else "insteadof"


def _values(top: Path, key: str, timeout: float) -> list[str]:
    answer = run(top, "config", "--null", "--get-all", key, timeout=timeout)
    return [] if isinstance(answer, Unseen) else answer.out.split("\0")[:-1]


def _logins(written: list[str], effective: list[str]) -> Iterator[_Login]:
    if len(written) != len(effective):  # a line break in a URL
        return
    for text, url in zip(written, effective, strict=True):
        if (match := _URL.fullmatch(url)) and not set("\r\n\0") & set(unquote(match[2])):
            user, colon, password = match[2].partition(":")
            yield _Login(text, match[1] + match[3], unquote(user), unquote(password) if colon else None)


def _variables(logins: list[_Login], rule: str, more: Sequence[Setting], environ: Mapping[str, str]) -> dict[str, str]:
    first = environ.get("GIT_CONFIG_COUNT", "")
    numbers = range(int(first) if re.fullmatch("[0-9]{1,6}", first) else 0)
    of_caller = [
        (environ.get(f"GIT_CONFIG_KEY_{one}", ""), environ.get(f"GIT_CONFIG_VALUE_{one}", "")) for one in numbers
    ]
    settings = [*more, *of_caller]  # the last one counts, and the caller's come after those of the clone
    values: dict[str, str] = {}
    for number, one in enumerate(logins):
        settings.append((f"url.{one.url}.{rule}", one.written))  # the longest one counts: this is the whole URL
        settings.append((f"credential.{one.url}.username", one.user))
        if one.password is not None:
            values |= {f"{_USER}_{number}": one.user, f"{_PASSWORD}_{number}": one.password}
            said = f'\'username=%s\\npassword=%s\\n\' "${_USER}_{number}" "${_PASSWORD}_{number}"'
            answer = f'!f() {{ test "$1" = get && printf {said}; }}; f'
            settings += [(f"credential.{one.url}.helper", ""), (f"credential.{one.url}.helper", answer)]
    for number, (key, value) in enumerate(settings):
        values |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return {**values, "GIT_CONFIG_COUNT": str(len(settings))}
