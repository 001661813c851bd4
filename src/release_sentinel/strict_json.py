"""JSON from elsewhere, without what two readers of it would take differently. A leaf."""

import json
import math
from typing import Any, NoReturn

from release_sentinel.sentences import sentence

DIGITS = 4300  # of a whole number: Python converts no longer one from decimal


class StrictJSONError(ValueError):
    """A text is not strict JSON; the message, one line, says why."""


def loads(text: str | bytes, *, unique: bool = False) -> Any:
    """Return what a text says; raises `StrictJSONError`. With `unique`, no object may have a name twice."""
    try:
        text = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        return json.loads(
            text, parse_constant=_refuse, parse_float=_finite, object_pairs_hook=_object if unique else None
        )
    except StrictJSONError:
        raise
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise StrictJSONError(sentence(error)) from None
    except RecursionError:
        raise StrictJSONError("it is nested too deep") from None
    except ValueError:
        raise StrictJSONError(f"a number has more than {DIGITS} digits") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in pairs:
        if name in made:
            raise StrictJSONError(f"{name!r} is there twice")
        made[name] = value
    return made


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise StrictJSONError(f"{text[:40]} is larger than any number that can be compared")
    return number


def _refuse(text: str) -> NoReturn:
    raise StrictJSONError(f"{text} is not JSON")
