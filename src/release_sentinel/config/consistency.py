"""What the types of the policy's targets do not say: names that clash, limits that contradict, texts that do not parse.

Nothing that may hold a secret is shown.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from release_sentinel import jsonpath
from release_sentinel.config.headers import REFERENCE
from release_sentinel.config.model import Policy
from release_sentinel.config.targets import Steady, Target, Unlisted

_LISTS = ("disks", "processes", "dependencies", "tcp", "certificates", "prometheus")
_GATES = {"tcp": "tcp", "certificate": "certificates", "prometheus": "prometheus"}


def problems(policy: Policy) -> Iterator[str]:
    """Yield what is wrong with the policy's targets, a sentence each."""
    for name in _LISTS:
        targets: tuple[Target, ...] = getattr(policy, name)
        yield from _names(name, targets)
        for position, target in enumerate(targets):
            if not isinstance(target, Unlisted):
                where = f"{name} {target.label!r}" if target.label else f"{name}[{position}]"
                yield from (f"{where}: {problem}" for problem in _target(target, policy.gate_seconds))
    yield from (f"memory: {problem}" for problem in _steady(policy.memory.steady, policy.gate_seconds))
    for gate, name in _GATES.items():
        if gate in policy.enable and not getattr(policy, name):
            yield f"the gate {gate} is enabled, expected something to judge under `{name}`"
    if not 1 <= policy.at_once <= 1000:
        yield f"at_once is {policy.at_once}, expected a whole number from 1 to 1000"


def _names(name: str, targets: tuple[Target, ...]) -> Iterator[str]:
    if not targets and name not in _GATES.values():
        yield f"{name} is empty, expected at least one"
    labels = Counter(target.label for target in targets)
    yield from (
        f"{name}: {label!r} is there {count} times, expected once" for label, count in labels.items() if count > 1
    )
    for label in labels:
        if not label.isprintable() or label != label.strip():
            yield f"{name}: {label!r} is no name, expected printable characters"
    if any(not target.label and not isinstance(target, Unlisted) for target in targets):
        yield f"{name}: one of them has no name"


def _target(target: Any, gate_seconds: float) -> Iterator[str]:
    """Yield what is wrong with the fields of one target; which ones it has depends on what it is."""
    for field, fits, expected in _FIELDS:
        value = getattr(target, field, None)
        if value is not None and not fits(value):
            yield f"{field} is {value!r}, expected {expected}"
    for field in ("url", "proxy"):
        url: str = getattr(target, field, "http://x")
        if not _is_url(url) and not (field == "proxy" and url in {"", "none"}):
            yield f"{field} is no URL such as https://example.com"  # not shown: it may hold credentials
    for low, high in (("warn", "crit"), ("crit_days", "warn_days")):
        if getattr(target, low, 0) > getattr(target, high, 0):
            yield f"{low} is {getattr(target, low):g}, expected at most {high}, which is {getattr(target, high):g}"
    if 0 < getattr(target, "max", 0) < getattr(target, "min", 0):
        yield f"max is {target.max}, expected at least min, which is {target.min}"
    yield from _steady(target.steady, gate_seconds)
    if getattr(target, "client_key", "") and not target.client_cert:
        yield "client_key is there, expected client_cert beside it"
    for condition in getattr(target, "json", ()):
        yield from _condition(condition)
    yield from _headers(getattr(target, "headers", {}))


def _steady(steady: Steady, gate_seconds: float) -> Iterator[str]:
    if not (1 <= steady.samples <= 100 and steady.interval >= 0):
        yield f"steady is {steady.samples} samples {steady.interval:g} s apart, expected 1 to 100, 0 s or more apart"
    elif (steady.samples - 1) * steady.interval >= gate_seconds:
        yield f"steady is {steady.samples} samples {steady.interval:g} s apart, longer than a gate may take"


def _condition(condition: Any) -> Iterator[str]:
    try:
        jsonpath.steps(condition.path)
    except ValueError as error:
        yield f"json: {error}"
    if not _is_pattern(condition.matches):
        yield f"json {condition.path}: matches is {condition.matches!r}, expected a regular expression"
    if not condition.min <= condition.max:
        yield f"json {condition.path}: min is {condition.min:g}, expected at most max, which is {condition.max:g}"


def _headers(headers: Any) -> Iterator[str]:
    for name, value in headers.items():
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
            yield f"headers: {name!r} is no header's name"
        if re.search(r"[\r\n\0]", value) or "${" in REFERENCE.sub("", value):
            yield f"headers: the value of {name} is not one line of text and ${{NAMES}}"


def _is_url(text: str) -> bool:
    with suppress(ValueError):
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0 and " " not in text
    return False


def _is_pattern(text: str) -> bool:
    with suppress(re.error, RecursionError):
        return re.compile(text) is not None
    return False


def _within(low: float, high: float) -> Callable[[Any], bool]:
    return lambda value: low <= value <= high


_FIELDS: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
    ("warn", _within(0, 100), "per cent, from 0 to 100"),
    ("crit", _within(0, 100), "per cent, from 0 to 100"),
    ("min_free", lambda value: value >= 0, "a number of bytes"),
    ("timeout", _within(0.1, 600), "seconds, from 0.1 to 600"),
    ("deadline", _within(0.1, 600), "seconds, from 0.1 to 600"),
    ("tries", _within(1, 20), "a whole number from 1 to 20"),
    ("max_latency", _within(0, 600), "seconds, from 0 to 600"),
    ("max_redirects", _within(0, 20), "a whole number from 0 to 20"),
    ("max_age", lambda value: value >= 0, "seconds"),
    ("port", _within(1, 65535), "a port from 1 to 65535"),
    ("host", lambda value: bool(re.fullmatch(r"[^\s/@]+", value)), "a host's name or address"),
    ("crit_days", lambda value: value >= 0, "a number of days"),
    ("method", lambda value: bool(re.fullmatch(r"[A-Z]+", value)), "an HTTP method such as GET"),
    ("statuses", lambda value: bool(value) and all(100 <= status <= 599 for status in value), "HTTP status codes"),
    ("command", _is_pattern, "a regular expression"),
    ("matches", _is_pattern, "a regular expression"),
    ("query", lambda value: bool(value.strip()), "a PromQL query"),
    ("max", lambda value: value >= 0, "a number of processes"),
    ("min", lambda value: value >= 0, "a number of processes"),
)
