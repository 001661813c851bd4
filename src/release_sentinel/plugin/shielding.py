"""Keeps what a repository defines for its own gates, fixtures and hooks, from the built-in gates and those of packs."""

import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import release_sentinel
from release_sentinel.plugin import compat, fixtures, folders
from release_sentinel.plugin.session import GateSession

# The arguments of pytest's hooks that tell what a hook is called for; all but a fixture's definition have a path.
_ABOUT = ("item", "pyfuncitem", "metafunc", "collector", "fixturedef")
# A gate has its result by then, and what it cleans up may be of the whole run.
_SPARED = {"pytest_runtest_teardown", "pytest_fixture_post_finalizer"}
# Where pytest is installed, and this program: plugins there are not the repository's, also with `.venv` inside it.
_INSTALLED = {Path(str(module.__file__)).resolve().parents[1] for module in (pytest, release_sentinel)}


class Shield:
    """Decides what is shielded, and what comes from the repository."""

    def __init__(self, session: GateSession) -> None:
        self._session = session
        self._is_of_repository = cache(self._lies_in_repository)

    def raise_hooks(self) -> None:
        """Call no hook of the repository for a shielded test, its file, or a fixture that such tests may take."""
        compat.withhold_hooks(self._session.config.pluginmanager, self._is_shielded_call, self._is_theirs)

    def raise_fixtures(self, session: pytest.Session) -> None:
        """Give shielded tests no fixtures but ours, pytest's, and for those of a pack its own."""
        compat.shield_fixtures(session, self._own_fixtures, fixtures)

    def _own_fixtures(self, path: Path) -> Callable[[str], bool] | None:
        """Return which source files may define fixtures of a test: for a built-in gate none, for a pack its package."""
        if pack := self._session.pack_of(path):
            return lambda file: pack.package_holds(Path(file))
        return (lambda _: False) if folders.holds(path) else None

    def _is_shielded_call(self, hook: str, named: Mapping[str, Any]) -> bool:
        about = next((named[name] for name in _ABOUT if name in named), None)
        if about is None or hook in _SPARED:
            return False
        if "fixturedef" in named:
            return self._is_shared(about.func)
        path = getattr(getattr(about, "definition", about), "path", None)  # of a Metafunc, that of its function
        return path is not None and self._own_fixtures(path) is not None

    def _is_shared(self, fixture: Callable[..., object]) -> bool:
        """Tell whether shielded tests may take a fixture: its value may be kept from the first test that asks."""
        if compat.is_of(fixture, fixtures) or compat.is_pytests(fixture):
            return True
        source = Path(compat.source_of(fixture))
        return any(pack.package_holds(source) for pack in self._session.packs)

    def _is_theirs(self, plugin: object, function: Callable[..., object]) -> bool:
        """Tell whether a hook is of a conftest, or of a plugin that the repository has."""
        module = plugin if hasattr(plugin, "__file__") else sys.modules.get(type(plugin).__module__)
        return any(map(self._is_of_repository, (getattr(module, "__file__", None), compat.source_of(function))))

    def _lies_in_repository(self, file: str | None) -> bool:
        if not file:
            return False
        path = Path(file).resolve()
        inside = path.is_relative_to(self._session.invocation.repository)
        return inside and not any(path.is_relative_to(folder) for folder in _INSTALLED)
