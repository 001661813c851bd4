"""The sources of settings, one above the other: what each sets, and where it says so."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from release_sentinel.config.file import Source
from release_sentinel.config.model import Policy
from release_sentinel.config.read import KeyPath, dotted, shorthands
from release_sentinel.config.variables import Variable


class Layer(Struct, frozen=True):
    """One source of settings; several are in the order of their precedence."""

    sets: Callable[[KeyPath], bool]
    name: Callable[[KeyPath], str]  # of a key, as messages show it
    source: Callable[[KeyPath], str]
    place: Callable[[KeyPath], str]  # file and line, where there are any

    def key(self, path: KeyPath) -> str:
        """Return where and how the layer names a key: `release-sentinel.toml:3: disk.crit`, or `RS_DISK_CRIT`."""
        place = self.place(path)
        return f"{place}{': ' if place else ''}{self.name(path) or dotted(path)}"


def of_file(source: Source, document: Mapping[str, Any], env: str = "") -> Layer:
    """Return what a file sets by `document`, for all environments or for one."""
    part: KeyPath = ("env", env) if env else ()
    note = f" [env.{env}]" if env else ""
    return Layer(
        sets=lambda path: _holds(document, path),
        name=lambda path: dotted((*part, *path)),
        source=lambda path: f"{source.where((*part, *path))}{note}",
        place=lambda path: source.where((*part, *path)),
    )


def of_variables(values: Iterable[Variable]) -> Layer:
    """Return what variables set."""
    return _named({variable.key: variable.name for variable in values})


def of_options(flags: Mapping[KeyPath, str]) -> Layer:
    """Return what options of the command line set, by the paths of their keys."""
    return _named(flags)


def _named(names: Mapping[KeyPath, str]) -> Layer:
    def source(path: KeyPath) -> str:
        return next((names[path[:end]] for end in range(len(path), 0, -1) if path[:end] in names), "")

    def name(path: KeyPath) -> str:
        below = (said for key, said in names.items() if key[: len(path)] == path)
        return source(path) or ", ".join(below)

    return Layer(sets=lambda path: bool(source(path)), name=name, source=source, place=lambda _: "")


def setter(path: KeyPath, layers: Sequence[Layer]) -> Layer | None:
    """Return the layer that set a key, or else the table that holds it; None for a default."""
    for end in range(len(path), 0, -1):
        for layer in reversed(layers):
            if layer.sets(path[:end]):
                return layer
    return None


def _holds(document: Any, path: KeyPath) -> bool:
    for part in path:
        if isinstance(part, int):
            if not isinstance(document, list) or part >= len(document):
                return False
        elif isinstance(document, str):  # the value of one key stands for its table
            return part in shorthands(Policy)
        elif not isinstance(document, Mapping) or part not in document:
            return False
        document = document[part]
    return True
