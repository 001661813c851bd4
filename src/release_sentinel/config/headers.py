"""Which secrets the headers of requests carry, so that they are asked for and never shown."""

import re
from collections.abc import Iterator

from release_sentinel.config.model import Policy

_REFERENCE = re.compile(r"\$\{([A-Za-z_]\w*)\}")
_TELLING = re.compile(r"auth|cookie|token|key|secret|passw", re.IGNORECASE)


def references(value: str) -> list[str]:
    """Return the environment variables that a header's value takes: `Bearer ${TOKEN}` takes TOKEN."""
    return _REFERENCE.findall(value)


def header_secrets(policy: Policy) -> list[str]:
    """Return the environment variables that headers take their values from."""
    return list(dict.fromkeys(name for _, value in _headers(policy) for name in references(value)))


def literal_secrets(policy: Policy) -> list[str]:
    """Return the values that stand in the policy itself, in headers that are there to carry secrets."""
    telling = [value for name, value in _headers(policy) if _TELLING.search(name) and not references(value)]
    return [word for value in telling for word in (value, value.rpartition(" ")[2])]


def _headers(policy: Policy) -> Iterator[tuple[str, str]]:
    for dependency in policy.dependencies:
        yield from dependency.headers.items()
    for query in policy.prometheus:
        yield from query.headers.items()
