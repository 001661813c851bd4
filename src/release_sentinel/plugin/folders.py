"""Where gates live: the built-in ones inside the package, and the repository's own."""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from release_sentinel.arguments import GATE_FOLDER, find_top

_PACKAGE = Path(__file__).resolve().parents[1]
_TEST_FILES = ("test_*.py", "*_test.py")  # as pytest's `python_files` has it
# What tools leave beside sources; gates are not written there.
_TOOLS = {".git", ".ipynb_checkpoints", ".mypy_cache", ".nox", ".ruff_cache", ".tox", "__pycache__", "node_modules"}
_ENVIRONMENT = ("pyvenv.cfg", "conda-meta")  # what a folder with an environment of Python holds
_LEFT_BY_EDITORS = re.compile(r"\.#.*|#.*#|.*~")


def built_in() -> Path:
    """Return the folder of the built-in gates: inside an installed package, or at the top of a clone of the project."""
    return _gates_of(_PACKAGE)


@cache  # it is asked for at each hook of each test
def _gates_of(package: Path) -> Path:
    installed, clone = package / GATE_FOLDER, package.parents[1] / GATE_FOLDER
    return installed if installed.is_dir() else clone


def places(here: Path) -> list[Path]:
    """Return where the gate folders of a run in the folder `here` may be: there, and in each folder around it.

    That ends with the top of the repository; the places are in this order, outermost first.
    """
    here = here.resolve()
    top = find_top(here) or here
    return [folder / GATE_FOLDER for folder in reversed((here, *here.parents)) if folder.is_relative_to(top)]


def missing_from(given: Sequence[str], here: Path) -> list[Path]:
    """Return the gate folders that a run of the arguments `given` lacks.

    The built-in gates always belong to it, and so do the repository's own, also those of a folder in it where the run
    takes place. A folder that the arguments name, or a part of, is not lacking.
    """
    wanted = dict.fromkeys([built_in(), *(own.resolve() for own in places(here) if own.is_dir())])
    return unnamed(wanted, given, here)


def unnamed(wanted: Iterable[Path], given: Sequence[str], here: Path) -> list[Path]:
    """Return those folders that the arguments `given` do not speak of."""
    paths = [(here / word.partition("::")[0]).resolve() for word in given]
    return [
        folder
        for folder in wanted
        if not any(path == folder or path in folder.parents or folder in path.parents for path in paths)
    ]


def files_in(folder: Path) -> Iterator[Path]:
    """Yield every file below `folder`, in order, except what tools and editors leave there.

    Links to folders are followed as pytest does, but never in circles.
    """
    seen = set()
    for here, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(here)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if name not in _TOOLS and not _is_environment(Path(here, name)))
        yield from (Path(here, name) for name in sorted(names) if not _LEFT_BY_EDITORS.fullmatch(name))


def of_one_name(gate_folders: Iterable[Path]) -> Iterator[tuple[Path, Path]]:
    """Yield pairs of Python files in different gate folders that Python would import under one name."""
    first: dict[str, tuple[Path, Path]] = {}
    for folder in gate_folders:
        for path in files_in(folder):
            package = (path.parent / "__init__.py").exists()
            name = f"{path.parent.name}/" if package else path.stem
            if path.suffix != ".py" or path.name == "conftest.py" or (package and path.name != "__init__.py"):
                continue
            other, file = first.setdefault(name, (folder, path))
            if other != folder:
                yield file, path


def is_circle(path: Path) -> bool:
    """Tell whether `path` is a link to a folder that it is in: pytest would collect what is in it again and again."""
    return path.is_symlink() and path.parent.resolve().is_relative_to(path.resolve())


def _is_environment(folder: Path) -> bool:
    return any((folder / mark).exists() for mark in _ENVIRONMENT)


def is_test_file(name: str) -> bool:
    """Tell whether pytest collects a file of this name."""
    return any(fnmatchcase(name, pattern) for pattern in _TEST_FILES)


def misplaced(top: Path) -> Iterator[str]:
    """Yield what is wrong with the gate folder of the repository at `top`, a sentence each.

    It is not a folder, or links lead nowhere.
    """
    own = top / GATE_FOLDER
    if own.exists() and not own.is_dir():
        yield f"{GATE_FOLDER} is a file, expected a folder of gates: rename it"
    for path in (own, *files_in(own)):
        if path.is_symlink() and not path.exists():
            name = path.relative_to(top).as_posix()
            yield f"{name} is a link to {path.readlink()}, which is not there: fix or remove it"


def similar(top: Path) -> list[Path]:
    """Return the folders at `top` whose names are nearly that of a gate folder."""
    own, paths = top / GATE_FOLDER, sorted(top.iterdir()) if top.is_dir() else []
    near = [path for path in paths if path.name != GATE_FOLDER and path.is_dir() and _is_nearly(path.name)]
    return [path for path in near if not (own.exists() and path.samefile(own))]  # the same where case does not count


def _is_nearly(name: str) -> bool:
    return bool(get_close_matches(re.sub(r"\W", "_", name.lower()), [GATE_FOLDER], n=1, cutoff=0.9))


def holds(path: Path) -> bool:
    """Tell whether `path` is a file of the built-in gates."""
    return path.parent == built_in()


def is_built_in(path: Path) -> bool:
    """Tell whether `path` is a file of the built-in gates, or the very text of one."""
    return holds(path) or is_copy(path)


def is_copy(path: Path) -> bool:
    """Tell whether `path` is the very text of a built-in gate file, but not that file: a clone beside a wheel."""
    original = built_in() / path.name
    if path.parent.name != GATE_FOLDER or path == original or not (path.is_file() and original.is_file()):
        return False
    return path.read_bytes() == original.read_bytes()  # times may be equal where texts are not: images, wheels
