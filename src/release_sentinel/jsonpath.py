"""Values of a JSON document by their path: `$`, then fields (`.a`, `['a b']`), positions (`[0]`, `[*]`)."""

import re
from typing import Any, NamedTuple

_STEP = re.compile(r"\.([^.\[\]'\"\s]+)|\['([^']*)'\]|\[\"([^\"]*)\"\]|\[(-?[0-9]{1,18})\]|\[(\*)\]")


class Found(NamedTuple):
    """What is at one place of a document: a value, or how far the path leads."""

    place: str
    value: Any = None
    missing: str = ""


def steps(path: str) -> list[str | int | None]:
    """Return the fields and positions that `path` names; None: every position. Raises `ValueError` if it is invalid."""
    found: list[str | int | None] = []
    at = 1 if path.startswith("$") else 0
    while at < len(path):
        step = _STEP.match(path, at) if path.startswith("$") else None
        if step is None:
            raise ValueError(f"{path!r} is not a path such as $.checks[0].status")
        if step[5]:
            found.append(None)
        else:
            name = next((part for part in step.groups()[:3] if part is not None), None)
            found.append(int(step[4]) if name is None else name)
        at = step.end()
    if not path:
        raise ValueError(f"{path!r} is not a path such as $.checks[0].status")
    return found


def last_field(path: str) -> str:
    """Return the last field that a path names; blank where it names none, or is invalid."""
    try:
        return next((step for step in reversed(steps(path)) if isinstance(step, str)), "")
    except ValueError:
        return ""


def is_several(path: str) -> bool:
    """Return whether a path may lead to several places."""
    return None in steps(path)


def find_all(document: Any, path: str) -> list[Found]:
    """Return what is at each place that a path leads to; of an empty list, nothing."""
    places = [Found("$", document)]
    for step in steps(path):
        places = [after for place in places for after in _after(place, step)]
    return places


def _after(at: Found, step: str | int | None) -> list[Found]:
    """Return the places that one step leads to; what is missing stays so."""
    if at.missing:
        return [at]
    if step is None and isinstance(at.value, list):
        return [Found(f"{at.place}[{number}]", value) for number, value in enumerate(at.value)]
    if step is not None:
        fits = isinstance(at.value, list) if isinstance(step, int) else isinstance(at.value, dict)
        try:
            value = at.value[step] if fits else None
        except (LookupError, TypeError):
            fits = False
        if fits:
            return [Found(f"{at.place}[{step}]" if isinstance(step, int) else f"{at.place}.{step}", value)]
    whole = "the body" if at.place == "$" else at.place
    return [Found(at.place, missing=f"{whole} is not a list" if step is None else f"{whole} has no {step!r}")]


def find(document: Any, path: str) -> Any:
    """Return the value at `path`. Raises `LookupError` if it does not exist, and says how far the path leads."""
    (found,) = find_all(document, path)
    if found.missing:
        raise LookupError(found.missing)
    return found.value
