"""What the types of the policy's targets do not say: names that clash, limits that contradict, texts that do not parse.

Each problem is a key of the policy, and what is wrong with it. Nothing that may hold a secret is shown.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from release_sentinel import jsonpath
from release_sentinel.config.targets import Steady, Target

_LISTS = ("disks", "processes", "dependencies", "tcp", "certificates", "prometheus")
_GATES = {"tcp": "tcp", "certificate": "certificates", "prometheus": "prometheus"}
_HEADER = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"

Key = tuple[str | int, ...]
Problems = Iterator[tuple[Key, str]]


def problems(policy: Any) -> Problems:
    """Yield what is wrong with the targets of a policy. Those that could not be read are passed over."""
    for name in _LISTS:
        targets = getattr(policy, name)
        yield from _names(name, targets)
        for position, target in enumerate(targets):
            if isinstance(target, Target):
                yield from (((name, position, *key), says) for key, says in _target(target, policy.gate_seconds))
    for name in ("disk", "memory"):
        steady = getattr(policy, name).steady
        yield from (((name, *key), says) for key, says in _steady(steady, policy.gate_seconds))
    for gate, name in _GATES.items():
        if gate in policy.enable and not getattr(policy, name):
            yield ("enable",), f"asks for the gate {gate}, expected something to judge under `{name}`"


def _names(name: str, targets: tuple[Any, ...]) -> Problems:
    labels: list[str | None] = [target.label if isinstance(target, Target) else None for target in targets]
    for position, label in enumerate(labels):
        if label is None:
            continue
        if not label:
            yield (name, position), "has no name"
        elif (first := labels.index(label)) != position:
            yield (name, position), f"is {label!r}, as {name}[{first}] is: names are given once"


def _target(target: Any, gate_seconds: float) -> Problems:
    """Yield what is wrong with the fields of one target; which ones it has depends on what it is."""
    for field in ("url", "proxy"):
        url = getattr(target, field, "http://x")
        unset = field == "proxy" and url in {"", "none"}
        if not (unset or _is_url(url)):
            yield (field,), "is no URL such as https://example.com"
    if getattr(target, "crit_days", 0) > getattr(target, "warn_days", 0):
        says = f"is {target.crit_days:g}, expected at most warn_days, which is {target.warn_days:g}"
        yield ("crit_days",), says
    if 0 < getattr(target, "max", 0) < getattr(target, "min", 0):
        yield ("max",), f"is {target.max}, expected at least min, which is {target.min}"
    yield from _steady(target.steady, gate_seconds)
    if getattr(target, "client_key", "") and not target.client_cert:
        yield ("client_key",), "is there, expected client_cert beside it"
    for position, condition in enumerate(getattr(target, "json", ())):
        yield from ((("json", position, *key), says) for key, says in _condition(condition))
    yield from _headers(getattr(target, "headers", {}))


def _steady(steady: Steady, gate_seconds: float) -> Problems:
    if (steady.samples - 1) * steady.interval >= gate_seconds:
        yield ("steady",), f"is {steady.samples} samples {steady.interval:g} s apart, longer than a gate may take"


def _condition(condition: Any) -> Problems:
    try:
        jsonpath.steps(getattr(condition, "path", "$"))
    except ValueError as error:
        yield ("path",), str(error).partition(" ")[2]
    low, high = getattr(condition, "min", 0), getattr(condition, "max", 0)
    if not low <= high:
        yield ("min",), f"is {low:g}, expected at most max, which is {high:g}"


def _headers(headers: Mapping[str, str]) -> Problems:
    for name in headers:
        if not re.fullmatch(_HEADER, name):
            yield ("headers",), f"has {name!r}, which is no header's name"


def _is_url(text: str) -> bool:
    with suppress(ValueError):
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0 and " " not in text
    return False
