"""Addresses for notifications: secrets as a whole, except for a plain host."""

import re
from collections.abc import Iterator, Mapping

from release_sentinel.config.variables import look_up
from release_sentinel.redaction import MASK

NOTIFY = "RS_NOTIFY_URLS"
_PARTS = re.compile(r"[/?&=@#:,]+")
_HOST = re.compile(r"localhost|[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")  # a token in its place has no dot
_TOKEN = 8  # characters


def addresses(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the addresses for notifications that the environment names, valid or not."""
    words = (look_up(NOTIFY, environ).text or "").split(",")
    return tuple(word.strip() for word in words if word.strip())


def secrets_of(address: str) -> Iterator[str]:
    """Yield what has to be hidden of an address: all of it except a plain host, and each part that can be a token."""
    _, separator, rest = address.partition("://")
    place, slash, path = rest.partition("/") if separator else ("", "", address)
    user, _, host = place.rpartition("@")
    plain = _HOST.fullmatch(host.partition(":")[0])
    yield from (user, slash + path) if plain else (address, rest)
    yield from (part for part in _PARTS.split(rest) if len(part) >= _TOKEN and not _HOST.fullmatch(part))


def shown(address: str) -> str:
    """Return an address as it may be shown: its scheme."""
    scheme, separator, _ = address.partition("://")
    return f"{scheme}{separator}{MASK}" if separator else MASK
