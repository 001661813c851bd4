"""Watches the code of gate packs while it runs: what it does to others makes the run incomplete."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from release_sentinel.packs.tampering import Watch


class PackCode:
    """Tells what a pack has replaced in this program, and what plugins it has registered."""

    def __init__(self, manager: pytest.PytestPluginManager, problems: list[str]) -> None:
        self._manager, self._problems = manager, problems
        self._watched = ""  # what was begun to be watched last
        self._watch: Watch | None = None
        self._plugins: list[object] = []

    @contextmanager
    def during(self, pack: str, place: str) -> Iterator[None]:
        """Watch a pack's code at one place, in one or several steps; where `pack` is blank, none is run."""
        if not pack:
            yield
            return
        from release_sentinel.packs.find import without_byte_code  # noqa: PLC0415 - late: few policies have packs
        from release_sentinel.packs.tampering import Watch  # noqa: PLC0415 - as above

        if self._watched != place:
            self._watched, self._watch, self._plugins = place, Watch(), self._registered()
        try:
            with without_byte_code():
                yield
        finally:
            found = [f"replaced {name}" for name in self._watch.replaced()] if self._watch else []
            new = [one for one in self._registered() if not any(one is before for before in self._plugins)]
            found += [f"registered the plugin {self._manager.get_name(one)} of pytest" for one in new]
            for what in found:
                words = f"the gate pack {pack} has {what}: a pack has to leave that alone"
                self._problems += [words] if words not in self._problems else []

    def _registered(self) -> list[object]:
        return [one for _, one in self._manager.list_name_plugin() if one is not None]
