"""TOML from elsewhere, parsed in a time that grows with the length of the text. A leaf.

`tomllib` needs quadratic time for a key of many parts, and a frame for each level of a nested list.
"""

import re
import tomllib
from collections.abc import Iterable
from typing import Any

from release_sentinel.sentences import sentence
from release_sentinel.strict_json import DIGITS

DEEPEST = 32  # tables, lists and parts of a key below one another
_TOO_DEEP = f"is nested more than {DEEPEST} deep, in tables, lists or dotted keys"
# Strings and comments, for text that may be invalid TOML: one that is not closed reaches to the end of line or text.
_ASIDE = re.compile(
    r'"""(?:\\.|[^\\"]|"(?!""))*+(?:"{3,5}|\\?\Z)|\'\'\'(?:[^\']|\'(?!\'\'))*+(?:\'{3,5}|\Z)'
    r'|"(?:\\.|[^"\\\n])*+"?|\'[^\'\n]*+\'?|#[^\n]*+',
    re.DOTALL,
)
_BRACKET = re.compile(r"[\[\]{}]")
_DOTTED = re.compile(rf"(?<![\w-])(?:[\w-]++[ \t]*+\.[ \t]*+){{{DEEPEST}}}")


class StrictTOMLError(ValueError):
    """A text is not TOML, or exceeds a bound; the message says which."""


def loads(text: str) -> dict[str, Any]:
    """Return the document in a text; raises `StrictTOMLError`."""
    text = text.replace("\r\n", "\n")
    if _is_deep(text):
        raise StrictTOMLError(_TOO_DEEP)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise StrictTOMLError(f"is not valid TOML: {sentence(error)}") from None
    except RecursionError:  # deep in a caller's own frames
        raise StrictTOMLError(_TOO_DEEP) from None
    except ValueError:
        raise StrictTOMLError(f"a number has more than {DIGITS} digits") from None
    level: list[Any] = [document]
    for _ in range(DEEPEST + 1):  # dotted keys in nested tables
        level = [inner for value in level for inner in _inner(value)]
    if level:
        raise StrictTOMLError(_TOO_DEEP)
    return document


def _is_deep(text: str) -> bool:
    """Return whether brackets or the parts of a key are nested too deep, before anything is parsed."""
    plain = _ASIDE.sub(lambda match: "" if match[0][0] == "#" else "s", text)
    depth, steps = 0, {"[": 1, "{": 1, "]": -1, "}": -1}
    for bracket in _BRACKET.finditer(plain):
        depth = max(depth + steps[bracket[0]], 0)
        if depth > DEEPEST:
            return True
    return _DOTTED.search(plain) is not None


def _inner(value: Any) -> Iterable[Any]:
    """Return the values that a table or list holds."""
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
