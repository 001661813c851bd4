"""Which proxy a request goes through, by the environment: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY."""

import os
import re
from collections.abc import Mapping
from importlib.util import find_spec
from ipaddress import ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from release_sentinel.observe import Unseen
from release_sentinel.redaction import without_credentials
from release_sentinel.vocabulary import PROXY_SCHEMES

_PORTS = {"http": 80, "https": 443}

_PORT = re.compile(r"(.+?):([0-9]{1,5})")


def proxy_for(url: str, chosen: str = "") -> str:
    """Return the URL of the proxy that `url` is asked through; blank for a direct connection.

    `chosen` is the policy's: `none`, a URL, or blank for what the environment says. Where it names none, the system's
    settings count, as they do for other programs (macOS, Windows).
    """
    if chosen:
        return "" if chosen == "none" else chosen
    from urllib.request import getproxies, getproxies_environment, proxy_bypass  # noqa: PLC0415 - late: it costs 20 ms

    parts = urlsplit(url)
    if getproxies_environment():
        exceptions = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
        return "" if is_exempt(url, exceptions) else _of(getproxies_environment(), parts.scheme)
    return "" if not parts.hostname or proxy_bypass(parts.hostname) else _of(getproxies(), parts.scheme)


def _of(proxies: Mapping[str, str], scheme: str) -> str:
    found = proxies.get(scheme) or proxies.get("all") or ""
    return found if not found or "://" in found else f"http://{found}"


def problem(proxy: str) -> Unseen | None:
    """Return why a proxy cannot be used, or None."""
    try:
        parts = urlsplit(proxy)
        usable = parts.scheme in PROXY_SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:  # and it is not shown: what cannot be parsed may hold a password anywhere
        return Unseen(
            "the proxy is not a URL such as http://proxy.example.com:3128",
            "correct HTTP_PROXY, HTTPS_PROXY or ALL_PROXY, or `proxy` in the policy",
        )
    if is_socks(proxy) and not find_spec("socks"):
        return Unseen(
            f"the proxy {without_credentials(proxy)} speaks SOCKS, and PySocks is not installed",
            "pip install PySocks, name an HTTP proxy, or add the host to NO_PROXY",
        )
    return None


def is_socks(proxy: str) -> bool:
    """Return whether a proxy speaks SOCKS, and not HTTP."""
    return urlsplit(proxy).scheme.startswith("socks")


def is_exempt(url: str, exceptions: str) -> bool:
    """Return whether NO_PROXY, a list of `exceptions`, exempts the host of `url`.

    An entry is `*`, a name (with all below it; a leading `.` or `*.` changes nothing), an address or a network; each
    may have a port, and addresses brackets.
    """
    parts = urlsplit(url)
    try:
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return False
    return any(_matches(entry, parts, port) for entry in re.split(r"[\s,]+", exceptions) if entry)


def _matches(entry: str, parts: SplitResult, port: int) -> bool:
    host = (parts.hostname or "").partition("%")[0].rstrip(".")
    if entry == "*":
        return True
    wanted, wanted_port = _split(entry)
    if wanted_port and wanted_port != port:
        return False
    try:
        address = ip_address(host)
    except ValueError:
        name = wanted.removeprefix("*").lstrip(".").rstrip(".").lower()
        return bool(name) and (host == name or host.endswith(f".{name}"))
    try:
        return address in ip_network(wanted, strict=False)
    except ValueError:
        return False


def _split(entry: str) -> tuple[str, int]:
    """Return the host of an entry without brackets, and its port; 0 for any."""
    port = 0
    if not _is_network(entry) and (found := _PORT.fullmatch(entry)):
        entry, port = found[1], int(found[2])
    return entry.replace("[", "").replace("]", ""), port


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True
