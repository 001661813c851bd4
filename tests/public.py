"""The shape of the public API: `python -m tests.public` writes it again, where it changes on purpose."""

import inspect
import sys
from collections.abc import Iterator
from enum import Enum
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from release_sentinel.public import PUBLIC

FILE = Path(__file__).with_suffix(".txt")


def member(module: str, name: str) -> Any:
    """Return what a public name stands for."""
    return getattr(import_module(module), name)


def shapes() -> Iterator[str]:
    """Yield a line for each public name: what callers may rely on, in words that no version of Python changes."""
    for module, names in PUBLIC.items():
        for name in names:
            yield f"{module}.{name}{_shape(member(module, name))}"


def _shape(found: Any) -> str:
    if isinstance(found, ModuleType):
        return " (module)"
    if inspect.isclass(found):
        of_python = issubclass(found, Enum | BaseException) and "__init__" not in vars(found)
        return ("" if of_python else _parameters(found)) + "".join(
            f"\n    .{line}" for line in sorted(_attributes(found))
        )
    return _parameters(found) if callable(found) else f": {type(found).__name__}"


def _parameters(call: Any) -> str:
    parameters = inspect.signature(call).parameters.values()
    marks: dict[Any, str] = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    shown = [
        f"{marks.get(one.kind, '')}{one.name}{'=' if one.default is not one.empty else ''}"
        + (" (keyword)" if one.kind is one.KEYWORD_ONLY else "")
        for one in parameters
    ]
    return f"({', '.join(shown)})"


def _attributes(found: type) -> Iterator[str]:
    own = {name for base in found.__mro__ if base.__module__.startswith("release_sentinel") for name in vars(base)}
    for name in own | set(getattr(found, "__dataclass_fields__", ())):
        if not name.startswith("_"):
            attribute = inspect.getattr_static(found, name, None)
            yield name + (_parameters(attribute) if inspect.isfunction(attribute) else "")


if __name__ == "__main__":
    FILE.write_text("\n".join(shapes()) + "\n", encoding="utf-8")
    sys.exit(0)
