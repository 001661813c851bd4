"""Watches the code of gate packs: what it does to others, and others to it, makes the run incomplete."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from release_sentinel.packs.find import InstalledPack
    from release_sentinel.packs.tampering import Code, Watch


class PackCode:
    """Tells what a pack has replaced in this program, what plugins it has registered, and what is replaced in it.

    To be made before a conftest is loaded: the packs are as they were installed.
    """

    def __init__(
        self, manager: pytest.PytestPluginManager, problems: list[str], packs: "Sequence[InstalledPack]"
    ) -> None:
        self._manager, self._problems = manager, problems
        self._watched = ""  # the place that is watched, or was last
        self._watch: Watch | None = None
        self._plugins: list[object] = []
        self._code = {pack.name: _code_of(pack) for pack in packs}

    @contextmanager
    def during(self, pack: str, place: str) -> Iterator[None]:
        """Watch a pack's code at one place, in one or several steps; where `pack` is blank, none is run."""
        if not pack:
            yield
            return
        from release_sentinel.packs.find import without_byte_code  # noqa: PLC0415 - late: few policies have packs
        from release_sentinel.packs.tampering import Watch  # noqa: PLC0415 - as above

        if self._watched != place:
            self.look(pack)
            self._watched, self._watch, self._plugins = place, Watch(), self._registered()
        try:
            with without_byte_code():
                yield
        finally:
            self._code[pack].add()
            found = [f"replaced {name}" for name in self._watch.replaced()] if self._watch else []
            new = [one for one in self._registered() if not any(one is before for before in self._plugins)]
            found += [f"registered the plugin {self._manager.get_name(one)} of pytest" for one in new]
            for what in found:
                self._tell(f"the gate pack {pack} has {what}: a pack has to leave that alone")

    def look(self, *packs: str) -> None:
        """Tell what has been replaced in these packs by now; in all where none is named."""
        for pack in packs or self._code:
            for name in self._code[pack].replaced():
                words = "a conftest, a gate or a plugin has to leave the code of a pack alone"
                self._tell(f"{name} of the gate pack {pack} was replaced: {words}")

    def _tell(self, words: str) -> None:
        self._problems += [words] if words not in self._problems else []

    def _registered(self) -> list[object]:
        return [one for _, one in self._manager.list_name_plugin() if one is not None]


def _code_of(pack: "InstalledPack") -> "Code":
    from release_sentinel.packs.tampering import Code  # noqa: PLC0415 - late: few policies have packs

    return Code(pack.top.name)
