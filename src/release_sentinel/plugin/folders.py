"""Where gates live: the built-in ones inside the package, and the repository's own."""

from collections.abc import Sequence
from pathlib import Path

from release_sentinel.arguments import GATE_FOLDER, find_top

_PACKAGE = Path(__file__).resolve().parents[1]


def built_in() -> Path:
    """Return the folder of the built-in gates: inside an installed package, or at the top of a clone of the project."""
    installed, clone = _PACKAGE / GATE_FOLDER, _PACKAGE.parents[1] / GATE_FOLDER
    return installed if installed.is_dir() else clone


def missing_from(given: Sequence[str], here: Path) -> list[Path]:
    """Return the gate folders that a run of the arguments `given` lacks.

    The built-in gates always belong to it, and so do the repository's own. Of a folder that the arguments speak of, be
    it only to choose a part, nothing is lacking.
    """
    paths = [(here / word.partition("::")[0]).resolve() for word in given]
    own = (find_top(here) or here) / GATE_FOLDER
    wanted = {built_in(): None, **({own.resolve(): None} if own.is_dir() else {})}
    return [
        folder
        for folder in wanted
        if not any(path == folder or path in folder.parents or folder in path.parents for path in paths)
    ]


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
