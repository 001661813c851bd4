"""What a pack has replaced that others use: its code runs in the same process, and may judge alone.

That finds what is replaced by mistake or without care. Code that wants to hide from it can: a pack is trusted as every
other package that is installed.
"""

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

_WATCHED = frozenset({"release_sentinel", "pluggy"})
# What runs gates, and what observers use; libraries that patch the latter for the whole process are known to exist.
_RUNS_GATES = "runner python main fixtures outcomes assertion.rewrite"
_OBSERVES = "subprocess socket ssl select selectors os time threading signal pathlib tempfile http.client"
_MODULES = frozenset({"pytest", *(f"_pytest.{name}" for name in _RUNS_GATES.split()), *_OBSERVES.split()})
_DESCRIPTORS = (staticmethod, classmethod, property)


class Watch:
    """The functions and classes that are loaded now, to be compared with what is there later."""

    def __init__(self) -> None:
        self._before = dict(_found())

    def replaced(self) -> list[str]:
        """Return the names of those that are not what they were."""
        return sorted(
            name for name, (owner, attribute, value) in self._before.items() if _held(owner, attribute) is not value
        )


def _found() -> Iterator[tuple[str, tuple[object, str, object]]]:
    for name, module in list(sys.modules.items()):
        if not (name in _MODULES or name.partition(".")[0] in _WATCHED) or not isinstance(module, ModuleType):
            continue
        for key, value in list(vars(module).items()):
            if callable(value):
                yield f"{name}.{key}", (module, key, value)
            if isinstance(value, type) and value.__module__ == name:
                for inner, held in list(vars(value).items()):
                    if callable(held) or isinstance(held, _DESCRIPTORS):
                        yield f"{name}.{key}.{inner}", (value, inner, held)


def _held(owner: Any, attribute: str) -> object:
    """Return what a module or class holds itself under a name."""
    return vars(owner).get(attribute) if isinstance(owner, ModuleType | type) else None
