"""Receivers that keep incidents: one a repository and environment, opened by a failure and closed by a SAFE."""

from hashlib import sha256
from urllib.parse import parse_qs, quote, urlsplit

_LONGEST = 255  # characters of a key, PagerDuty's limit and the shortest

# By apprise's scheme: the parameter of an address that names an incident. One that the address has already holds.
_KEYS = {"pagerduty": "dedup", "opsgenie": "alias", "splunk": "entity_id", "victorops": "entity_id"}


def kept_by(address: str) -> bool:
    """Return whether the receiver at an address keeps incidents."""
    return _scheme(address) in _KEYS


def key(service: str, env: str) -> str:
    """Return the name of the incident of one repository and environment: the same in every run."""
    name = f"release-sentinel {service} {env}"
    return name if len(name) <= _LONGEST else f"release-sentinel {sha256(name.encode()).hexdigest()}"


def addressed(address: str, name: str, service: str = "", *, resolves: bool) -> str:
    """Return the address with the incident's name, its source and what happens to it, as apprise takes them."""
    scheme = _scheme(address)
    if scheme not in _KEYS:
        return address
    more = {_KEYS[scheme]: name}
    if scheme == "pagerduty":
        more["action"] = "resolve" if resolves else "trigger"
        if service and not urlsplit(address).path.strip("/"):  # which may name the source, too
            more["source"] = "-".join(service.split())  # apprise takes no spaces
    given = parse_qs(urlsplit(address).query, keep_blank_values=True)
    added = "&".join(f"{word}={quote(value, safe='')}" for word, value in more.items() if word not in given)
    return f"{address}{'&' if '?' in address else '?'}{added}" if added else address


def _scheme(address: str) -> str:
    return address.partition("://")[0].lower()
