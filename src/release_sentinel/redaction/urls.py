"""What is secret in a URL."""

import re
from collections.abc import Iterator
from urllib.parse import unquote

# The second alternative is for a password with a bare `/`, `?` or `#`, where a strict reader sees no user info at all.
USER_INFO = re.compile(r"^([a-zA-Z][\w+.-]*://)([^/?#]*|[^/?#@:\[]*:(?!\d*(?:[/?#]|$)).*)@")
_TOKEN_FIELD = re.compile(
    r"[?&#;]([^=&#;]*(?:token|key|secret|passw|pwd|auth|sig|credential|session)[^=&#;]*)=([^&#;]+)", re.IGNORECASE
)


def secrets_in(url: str) -> Iterator[str]:
    """Yield what is secret in `url`, as written and unquoted; nothing if it is not a URL."""
    if "://" not in url:
        return
    found = [match[2] for match in _TOKEN_FIELD.finditer(url)]
    if info := USER_INFO.match(url.strip()):
        user, _, password = info[2].partition(":")
        if password:
            found.append(password)
        elif info[1].lower() in {"http://", "https://"}:  # https://TOKEN@host; ssh's user name is not a secret
            found.append(user)
    for value in found:
        yield from (value, unquote(value))
