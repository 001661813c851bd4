"""What sets a policy: the file, its part for one environment, the variables; each over the one before."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from release_sentinel.config import toml
from release_sentinel.config.fields import KeyPath, dotted
from release_sentinel.config.variables import Variable


@dataclass(frozen=True)
class Layer:
    """One of the things that set the policy, in the order of their precedence."""

    sets: Callable[[KeyPath], bool]
    name: Callable[[KeyPath], str]  # of a key, as messages call it
    source: Callable[[KeyPath], str]
    place: Callable[[KeyPath], str]  # file and line, where there are any


def setter(path: KeyPath, layers: Sequence[Layer]) -> Layer:
    """Return the layer that set a key, or else the table that holds it."""
    while path:
        for layer in reversed(layers):
            if layer.sets(path):
                return layer
        path = path[:-1]
    return layers[0]


def of_file(source: toml.Source, document: Mapping[str, Any], env: str = "") -> Layer:
    """Return what a file sets by `document`, for all environments or for one."""

    def full(path: KeyPath) -> KeyPath:
        return ("env", env, *path) if env else path

    return Layer(
        sets=lambda path: _holds(document, path),
        name=lambda path: dotted(full(path)),
        source=lambda path: f"{source.where(full(path))}{f' [env.{env}]' if env else ''}",
        place=lambda path: source.where(full(path)),
    )


def of_variables(values: Iterable[Variable]) -> Layer:
    """Return what variables set."""
    names: dict[KeyPath, str] = {variable.key: variable.name for variable in values}

    def name(path: KeyPath) -> str:
        while path not in names:
            path = path[:-1]
        return names[path]

    return Layer(
        sets=lambda path: any(path[: len(key)] == key for key in names), name=name, source=name, place=lambda _: ""
    )


def _holds(document: Any, path: KeyPath) -> bool:
    for part in path:
        try:
            document = document[part]
        except (LookupError, TypeError):  # not there, or nothing can be there
            return False
    return True


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return one document of two: tables are merged, everything else is replaced."""
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        result[key] = merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result


def put(document: Any, path: KeyPath, value: object) -> Any:
    """Return `document` with the value at `path`, a path of tables, replaced; what is not there yet is made."""
    if not path:
        return value
    table = dict(document) if isinstance(document, Mapping) else {}
    return {**table, path[0]: put(table.get(path[0]), path[1:], value)}
