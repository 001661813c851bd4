"""The border: a verdict is cleaned of secrets once, and only a clean one is reported or delivered."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict, replace

from release_sentinel.lines import one_line
from release_sentinel.redaction import Redactor
from release_sentinel.verdict import Verdict

_WHOLE = {"traceback"}  # fields that keep their lines
_OURS = {"name"}  # fields of the verdict that hold a word of our own: SAFE


class RedactedVerdict(Verdict, frozen=True):
    """A verdict without secrets; made by `redact` alone."""


def redact(verdict: Verdict, redactor: Redactor) -> RedactedVerdict:
    """Return the verdict without secrets: every text that it holds, however deep, is scrubbed, and fits on one line."""
    clean = {
        name: value if name in _OURS else _clean(name, value, redactor.scrub) for name, value in asdict(verdict).items()
    }
    return RedactedVerdict(**clean)


def _clean(name: str, value: Any, scrub: Callable[[str], str]) -> Any:
    if type(value) is str:  # and not one of our enumerations
        return scrub(value) if name in _WHOLE else one_line(scrub(value))
    if isinstance(value, tuple):
        return tuple(_clean(name, item, scrub) for item in value)
    if isinstance(value, dict):
        return {_clean("", key, scrub): _clean(name, item, scrub) for key, item in value.items()}
    if isinstance(value, Struct):
        return replace(value, **{inner: _clean(inner, held, scrub) for inner, held in asdict(value).items()})
    return value
