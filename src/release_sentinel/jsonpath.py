"""One value of a JSON document by its path: `$`, then fields (`.status`, `['a b']`) and positions (`[0]`)."""

import re
from typing import Any

_STEP = re.compile(r"\.([^.\[\]'\"\s]+)|\['([^']*)'\]|\[\"([^\"]*)\"\]|\[(-?[0-9]{1,18})\]")


def steps(path: str) -> list[str | int]:
    """Return the fields and positions that `path` names. Raises `ValueError` if it is invalid."""
    found: list[str | int] = []
    at = 1 if path.startswith("$") else 0
    while at < len(path):
        step = _STEP.match(path, at) if path.startswith("$") else None
        if step is None:
            raise ValueError(f"{path!r} is not a path such as $.checks[0].status")
        found.append(int(step[4]) if step[4] is not None else next(part for part in step.groups() if part is not None))
        at = step.end()
    if not path:
        raise ValueError(f"{path!r} is not a path such as $.checks[0].status")
    return found


def find(document: Any, path: str) -> Any:
    """Return the value at `path`. Raises `LookupError` if it does not exist, and says how far the path leads."""
    value, seen = document, "$"
    for step in steps(path):
        fits = isinstance(value, list) if isinstance(step, int) else isinstance(value, dict)
        try:
            value = value[step] if fits else None
        except (LookupError, TypeError):
            fits = False
        if not fits:
            raise LookupError(f"{seen} has no {step!r}" if seen != "$" else f"the body has no {step!r}")
        seen += f"[{step}]" if isinstance(step, int) else f".{step}"
    return value
