"""Watches what the code of gate packs does to others, and others do to it: both make the run incomplete."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from release_sentinel.packs.tampering import Tampering


class PackCode:
    """Tells what a pack has replaced, what plugins it has registered, and what is replaced in it.

    To be made before a conftest is loaded; without a pack there is no `tampering`.
    """

    def __init__(self, manager: pytest.PytestPluginManager, problems: list[str], tampering: "Tampering | None") -> None:
        self._manager, self._problems, self._tampering = manager, problems, tampering
        self._plugins: list[object] = []  # of pytest, before the pack's code ran

    @contextmanager
    def during(self, pack: str, phase: str = "") -> Iterator[None]:
        """Watch the code of a pack, in a phase of one of its gates or elsewhere; where `pack` is blank, none is run."""
        if not pack or self._tampering is None:
            yield
            return
        from release_sentinel.packs.find import without_byte_code  # noqa: PLC0415 - late: few policies have packs

        begins = phase in ("", "setup")
        self._tell(self._tampering.by_others(within=not begins))
        self._plugins = self._registered() if begins else self._plugins
        try:
            with without_byte_code():
                yield
        finally:
            self._tell(self._tampering.by_pack(pack, goes_on=phase == "setup"))
            new = [one for one in self._registered() if not any(one is before for before in self._plugins)]
            names = (f"registered the plugin {self._manager.get_name(one)} of pytest" for one in new)
            self._tell(f"the gate pack {pack} has {name}: a pack has to leave that alone" for name in names)

    def _tell(self, sentences: Iterable[str]) -> None:
        self._problems += [words for words in sentences if words not in self._problems]

    def _registered(self) -> list[object]:
        return [one for _, one in self._manager.list_name_plugin() if one is not None]
