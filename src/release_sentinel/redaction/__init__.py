"""Secrets, and how any text is scrubbed of them."""

from release_sentinel.redaction.forms import secrets_in
from release_sentinel.redaction.names import says_about, says_connection, says_secret
from release_sentinel.redaction.plain import is_plain
from release_sentinel.redaction.redactor import Redactor
from release_sentinel.redaction.secret import MASK, Secret
from release_sentinel.redaction.urls import USER_INFO

__all__ = [
    "MASK",
    "Redactor",
    "Secret",
    "is_plain",
    "says_about",
    "says_connection",
    "says_secret",
    "secrets_in",
    "without_credentials",
]


def without_credentials(url: str) -> str:
    """Return `url` as it may be shown: no user info, and no value of a token-like query field."""
    redactor = Redactor()
    redactor.add_url(url)
    return redactor.scrub(USER_INFO.sub(r"\1", url))
