"""Secrets, and how any text is scrubbed of them."""

import re

from release_sentinel.redaction.plain import is_plain
from release_sentinel.redaction.redactor import Redactor
from release_sentinel.redaction.secret import MASK, Secret
from release_sentinel.redaction.urls import USER_INFO, says_secret

_SCP = re.compile(r"^([^\s/:@]+):[^\s/@]+@(?=[^/])")  # user:password@host:path, which is no URL

__all__ = ["MASK", "Redactor", "Secret", "is_plain", "says_secret", "without_credentials"]


def without_credentials(url: str) -> str:
    """Return `url` as it may be shown: no user info, and no value of a token-like query field."""
    redactor = Redactor()
    redactor.add_url(url)
    return redactor.scrub(_SCP.sub(r"\1@", USER_INFO.sub(r"\1", url)))
