"""The conftest files of a repository that cannot be loaded: only the repository's own gates need them."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from release_sentinel.arguments import find_top
from release_sentinel.plugin import folders
from release_sentinel.plugin.declared import gates_in
from release_sentinel.plugin.sources import is_python
from release_sentinel.regular import text_or_blank
from release_sentinel.sentences import words_of
from release_sentinel.verdict import Missing

_MOVES = re.compile(r"--confcutdir|--rootdir|--config-file|-c")
_NO_GATES = {"conftest.py", "__init__.py"}


class Conftests:
    """Which conftest files could not be loaded, and why."""

    def __init__(self) -> None:
        self._broken: dict[Path, str] = {}

    def note(self, path: Path, error: BaseException) -> None:
        """Take note of a conftest file that ended in an error."""
        cause = getattr(error, "cause", error)  # of pytest's own ConftestImportFailure
        words = f"sys.exit({cause.code!r})" if isinstance(cause, SystemExit) else words_of(cause)
        kind = "" if isinstance(cause, SystemExit | pytest.UsageError) else f"{type(cause).__name__}: "
        self._broken[path] = words if words == type(cause).__name__ else f"{kind}{words}"

    def keeps_out(self, path: Path) -> bool:
        """Tell whether the tests of a file are not collected: a conftest file that they may rely on is broken."""
        return path.is_file() and not folders.holds(path) and any(one.parent in path.parents for one in self._broken)

    def unproven(self, gate_folders: Iterable[Path], top: Path) -> Iterator[Missing]:
        """Yield each gate that was not collected for that reason, or its folder if that does not say what it holds."""
        for folder in gate_folders:
            for conftest, why in self._broken.items():
                below = _below(folder, conftest.parent)
                if below is None or folders.holds(folder / "test_.py"):
                    continue
                reason = f"{_shown(conftest, top)} cannot be loaded: {why}"
                names = [gate for gate in gates_in(folder) if gate.certain and below in gate.path.parents]
                for gate in names:
                    yield Missing(f"{gate.place}::{gate.name}", reason)
                collects = "pytest_collect_" in text_or_blank(conftest)  # tests of its own, from files of any kind
                if not names and any(_may_be_a_gate(path, collects=collects) for path in folders.files_in(below)):
                    yield Missing(_shown(below, top), reason)

    def left_out(self, config: pytest.Config, words: Iterable[str], gate_folders: Iterable[Path]) -> Iterator[str]:
        """Yield a sentence for each file that the gates rely on, and that an option keeps from being loaded.

        That is `--noconftest`, and what moves the folder above which pytest looks for none. Where the repository's own
        settings do so, it is how its tests are meant.
        """
        no_conftest = getattr(config.option, "noconftest", False)
        moving = [word.partition("=")[0] for word in words if _MOVES.match(word)]
        chosen = "--noconftest" if no_conftest else "".join(moving[-1:])
        relied_on = (path for folder in gate_folders for path in _relied_on(folder, deep=no_conftest) if chosen)
        for path in dict.fromkeys(relied_on):
            if no_conftest or not (path in self._broken or config.pluginmanager.has_plugin(str(path))):
                name = _shown(path, find_top(path.parent) or path.parent)
                yield f"{chosen} leaves out {name}, which the gates below it rely on: run without it"

    def notes(self, top: Path) -> Iterator[str]:
        """Yield a sentence for each file: it concerns no built-in gate."""
        for path, why in self._broken.items():
            yield f"note: {_shown(path, top)} cannot be loaded ({why}); the built-in gates do not need it"


def _relied_on(folder: Path, *, deep: bool) -> Iterator[Path]:
    """Yield the conftest files that the gates of a folder rely on: around it, and, if so wanted, those in it."""
    top = find_top(folder) or folder
    if not folder.is_dir() or folders.holds(folder / "test_.py"):
        return
    around = [one / "conftest.py" for one in (folder, *folder.parents) if one == top or top in one.parents]
    inside = [path for path in folders.files_in(folder) if path.name == "conftest.py"] if deep else []
    yield from (path for path in (*around, *inside) if path.is_file())


def _below(folder: Path, place: Path) -> Path | None:
    """Return the part of a gate folder that a conftest file in `place` is for; None where there is none."""
    folder, place = folder.resolve(), place.resolve()
    if place == folder or place in folder.parents:
        return folder
    return place if folder in place.parents else None


def _may_be_a_gate(path: Path, *, collects: bool) -> bool:
    name = path.name.lower()
    return name not in _NO_GATES and not name.startswith((".", "readme")) and (collects or is_python(path))


def _shown(path: Path, top: Path) -> str:
    path, top = path.resolve(), top.resolve()
    return path.relative_to(top).as_posix() if path.is_relative_to(top) else str(path)
