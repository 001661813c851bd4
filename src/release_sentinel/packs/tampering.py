"""What a pack has replaced in other code, and other code in a pack: all of it runs in one process.

This finds what is replaced by mistake. Code that wants to hide from it can: a pack is trusted as every
other package that is installed.
"""

import builtins
import sys
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

from release_sentinel_guard import LIBRARIES

_OURS = "release_sentinel"
# Packages that are watched whole: those that this program calls, except pytest, which changes its own.
_OF_PYTEST = {"_pytest", "pytest_jsonreport", "pytest_metadata"}
_PACKAGES = (LIBRARIES | {"json", "http", "email"}) - _OF_PYTEST
# What runs gates, and what observers use; libraries that patch the latter for the whole process are known to exist.
_RUNS_GATES = "runner python main fixtures outcomes assertion.rewrite"
_OBSERVES = (
    "subprocess socket ssl select selectors os time datetime threading signal pathlib tempfile http.client shutil"
)
_MODULES = frozenset({"pytest", *(f"_pytest.{name}" for name in _RUNS_GATES.split()), *_OBSERVES.split()})
# Loaded before a pack is: what a function was before it was replaced is not known otherwise.
_LOADED = (*sorted(_MODULES), "requests", "urllib3.connectionpool", "urllib3.response", "psutil", "json")
_DESCRIPTORS = (staticmethod, classmethod, property)


class Watch:
    """The functions and classes that are loaded now, and our own data, to be compared with what is there later."""

    def __init__(self) -> None:
        for name in _LOADED:
            import_module(name)
        self._before = dict(_found())
        self._classes = [(name, value, set(vars(value))) for name, value in _classes()]

    def replaced(self) -> list[str]:
        """Return the names of those that were replaced, and of methods that were added to classes."""
        changed = (
            name for name, (owner, attribute, value) in self._before.items() if _held(owner, attribute) is not value
        )
        added = (
            f"{name}.{attribute}"
            for name, owner, before in self._classes
            for attribute in vars(owner).keys() - before
            if _is_method(vars(owner)[attribute]) and not attribute.startswith("__annot")  # which Python itself makes
        )
        return sorted({*changed, *added})


class Code:
    """The functions and classes of a package as they were when each of its modules was first seen here."""

    def __init__(self, package: str) -> None:
        self._package = package
        self._modules: dict[str, ModuleType] = {}
        self._before: dict[str, tuple[object, str, object, object]] = {}
        self.add()

    def add(self) -> None:
        """See what has been imported since."""
        for name, module in list(sys.modules.items()):
            if name.partition(".")[0] != self._package or name in self._modules:
                continue
            self._modules[name] = module
            for key, value in list(vars(module).items()):
                if callable(value):
                    self._before[f"{name}.{key}"] = module, key, value, _body(value)
                if isinstance(value, type) and value.__module__ == name:
                    for inner, held in list(vars(value).items()):
                        if not inner.startswith("__") or _is_method(held):
                            self._before[f"{name}.{key}.{inner}"] = value, inner, held, _body(held)

    def replaced(self) -> list[str]:
        """Return the names of those that were replaced, and of built-in functions that a module hides since then."""
        found = {name for name, module in self._modules.items() if sys.modules.get(name) is not module}
        for name, (owner, attribute, value, body) in self._before.items():
            held = _held(owner, attribute)
            if held is not value or _body(held) != body:
                found.add(name)
        for name, module in self._modules.items():
            hidden = vars(module).keys() & vars(builtins).keys()
            new = {key for key in hidden if not key.startswith("__") and f"{name}.{key}" not in self._before}
            found |= {f"{name}.{key}" for key in new if callable(vars(module)[key])}
        return sorted(found)


def _body(value: object) -> object:
    """Return the code and the defaults of a function; a tuple of None for anything else."""
    function = getattr(value, "__func__", value)
    return tuple(getattr(function, name, None) for name in ("__code__", "__defaults__", "__kwdefaults__"))


def _modules() -> Iterator[tuple[str, ModuleType]]:
    for name, module in list(sys.modules.items()):
        watched = name in _MODULES or name.partition(".")[0] in _PACKAGES
        if watched and isinstance(module, ModuleType):
            yield name, module


def _classes() -> Iterator[tuple[str, type]]:
    for name, module in _modules():
        for key, value in list(vars(module).items()):
            if isinstance(value, type) and value.__module__ == name:
                yield f"{name}.{key}", value


def _found() -> Iterator[tuple[str, tuple[object, str, object]]]:
    for name, module in _modules():
        has_data = name.partition(".")[0] == _OURS
        for key, value in list(vars(module).items()):
            is_data = has_data and not key.startswith("__") and not isinstance(value, ModuleType)
            if callable(value) or is_data:
                yield f"{name}.{key}", (module, key, value)
    for name, owner in _classes():
        for key, value in list(vars(owner).items()):
            if _is_method(value):
                yield f"{name}.{key}", (owner, key, value)


def _is_method(value: object) -> bool:
    return callable(value) or isinstance(value, _DESCRIPTORS)


def _held(owner: Any, attribute: str) -> object:
    """Return what a module or class holds itself under a name."""
    return vars(owner).get(attribute) if isinstance(owner, ModuleType | type) else None
