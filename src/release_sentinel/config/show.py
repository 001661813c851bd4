"""The effective policy, as a policy file, with the source of each value."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time
from typing import Any

from release_sentinel.config.addresses import shown
from release_sentinel.config.load import Loaded
from release_sentinel.config.marks import Header, SecretAddress
from release_sentinel.config.read import KeyPath, dotted, has_mark, leaves
from release_sentinel.config.secrets import secret_equals, shown_header
from release_sentinel.redaction import MASK, without_credentials


def as_toml(loaded: Loaded) -> str:
    """Return the policy in TOML, `key = value  # source` a line; credentials inside URLs are not shown.

    What TOML cannot express (no value at all) is a comment.
    """
    lines: list[str] = []
    table: KeyPath = ()
    for path, value in _shown_leaves(loaded):
        if path[:-1] != table:
            table = path[:-1]
            lines += ["", _header(table)]
        key = _key(path[-1])
        source = "; ".join(filter(None, (loaded.sources.get(path, ""), loaded.lock_of(path))))
        if value is None:
            lines.append(f"# {key} is not set")
        else:
            lines.append(f"{key} = {_toml(value)}" + (f"  # {source}" if source else ""))
    return "\n".join(lines) + "\n"


def as_document(loaded: Loaded) -> dict[str, Any]:
    """Return the policy for machines: the value and the source of each key, and its lock if it has one."""
    return {dotted(path): _entry(loaded, path, value) for path, value in _shown_leaves(loaded)}


def _entry(loaded: Loaded, path: KeyPath, value: Any) -> dict[str, Any]:
    lock = loaded.lock_of(path)
    return {"value": _json(value), "source": loaded.sources.get(path, ""), **({"lock": lock} if lock else {})}


def _shown_leaves(loaded: Loaded) -> Iterator[tuple[KeyPath, Any]]:
    """Yield each value of the policy with its path, without the secrets that it holds."""
    secret = secret_equals(loaded.policy)
    for path, kind, value in leaves(loaded.policy):
        if path in secret:
            yield path, MASK
        elif has_mark(kind, SecretAddress):
            yield path, tuple(map(shown, value))
        else:
            yield path, shown_header(str(path[-1]), value) if has_mark(kind, Header) else value


def _header(table: KeyPath) -> str:
    names = ".".join(_key(part) for part in table if isinstance(part, str))
    return f"[[{names}]]" if isinstance(table[-1], int) else f"[{names}]"


def _key(part: str | int) -> str:
    text = str(part)
    bare = text.isascii() and text.replace("-", "").replace("_", "").isalnum()
    return text if bare else _toml(text)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(name)} = {_toml(item)}" for name, item in value.items()) + "}"
    if isinstance(value, Iterable) and not isinstance(value, str):
        return f"[{', '.join(_toml(item) for item in value)}]"
    return json.dumps(_shown(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def _json(value: Any) -> Any:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: _json(item) for name, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_json(item) for item in value]
    finite = value is None or (isinstance(value, int | float) and math.isfinite(value))
    return value if finite else _shown(value)


def _shown(value: object) -> str:
    return without_credentials(str(value))
