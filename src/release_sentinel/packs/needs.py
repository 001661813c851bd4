"""What a gate pack needs: the modules of the distributions that it depends on, and where they come from."""

import ast
import csv
import re
import sys
from collections.abc import Iterator
from importlib.machinery import all_suffixes
from importlib.metadata import Distribution, distributions
from pathlib import Path, PurePosixPath
from shlex import quote
from typing import TYPE_CHECKING

from msgspec import Struct

import release_sentinel_guard
from release_sentinel import __version__
from release_sentinel.config import packages
from release_sentinel.lines import split
from release_sentinel.observe.installed import NAME, read_origin

if TYPE_CHECKING:
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

_SUFFIXES = sorted(all_suffixes(), key=len, reverse=True)  # `.abi3.so` ends in `.so`
# What wheels bring at their top by mistake, and a repository has, too: nothing that is installed imports these.
_STRAY = frozenset({"benchmarks", "conftest", "doc", "docs", "examples", "scripts", "setup", "test", "tests"})


class PackError(Exception):
    """A pack cannot be used; the text continues its name."""


class Needs(Struct, frozen=True):
    """The modules that a pack may import from others: of each, the files that it may be, and their distribution."""

    files: dict[str, list[Path]]
    owners: dict[str, str]
    imported: frozenset[str] = frozenset()  # names in its own imports, also of what it does not require

    @property
    def tops(self) -> frozenset[str]:
        """The names of the packages, and of the modules in none."""
        return frozenset(name for name in (*self.files, *self.imported) if "." not in name)

    def shadowed(self) -> Iterator[str]:
        """Yield a sentence for each that was imported from elsewhere; it continues the name of the pack."""
        for name in sorted(self.files.keys() & sys.modules.keys()):
            file = getattr(sys.modules[name], "__file__", None)  # none of what puts an object in its own place
            if file and Path(file).resolve() not in {path.resolve() for path in self.files[name]}:
                yield f"needs {name} of {self.owners[name]}, and {file} was imported in its place: rename that"
        for name in sorted((self.imported & sys.modules.keys()) - self.files.keys()):
            file = getattr(sys.modules[name], "__file__", None)
            if file and not release_sentinel_guard.installed_first.is_installed(str(Path(file).parent)):
                yield f"imports {name}, and {file} of the judged repository was imported: rename that"


def needs_of(pack: Distribution, package: Path) -> Needs:
    """Return what a pack needs, whose sources are in the folder `package`, and what that needs in turn.

    What this program itself needs is protected by the guard. Raises `PackError`.
    """
    sources = package.rglob("*.py")
    names = {name for path in sources for name in _imports(path) if name.partition(".")[0] != package.name}
    needs, seen = Needs({}, {}, frozenset(names)), set[tuple[str, frozenset[str]]]()
    waiting = [*_required(pack, frozenset())]
    while waiting:
        required = waiting.pop()
        extras = frozenset(required.extras)
        found = _installed(required)
        if not found or (found[0].name, extras) in seen:
            continue
        seen.add((found[0].name, extras))
        for one in found:
            _add(needs, one)
        waiting += _required(found[0], extras)
    return needs


def _required(one: Distribution, extras: frozenset[str]) -> "Iterator[Requirement]":
    """Yield what a distribution with these extras requires here."""
    from packaging.requirements import Requirement  # noqa: PLC0415 - late: few policies have packs

    for required in map(Requirement, one.requires or ()):
        marker = required.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            yield required


def _installed(required: "Requirement") -> list[Distribution]:
    """Return the distributions of that name: none for this program itself. Raises `PackError` for another version."""
    if normal(required.name) == NAME:
        versions, found = [__version__], []
    else:
        found = list(distributions(name=required.name, path=[str(folder) for folder in packages.folders()]))
        versions = [one.version for one in found]
    asked = f"{required.name}{required.specifier}"
    if not versions:
        raise PackError(f"needs {asked}, which is not installed: pip install {quote(asked)}")
    for version in versions:
        if not is_version(version, required.specifier):
            raise PackError(f"needs {asked}, and version {version} is installed: pip install {quote(asked)}")
    return found


def normal(name: str) -> str:
    """Return the name of a distribution as pip compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def is_version(version: str, wanted: "SpecifierSet") -> bool:
    """Tell whether a version is wanted, also if it is a pre-release: as `pip check`."""
    from packaging.version import InvalidVersion  # noqa: PLC0415 - late: few policies have packs

    try:
        return wanted.contains(version, prereleases=True)
    except InvalidVersion:
        return False


def _add(needs: Needs, one: Distribution) -> None:
    """Add the modules of a distribution; of an editable one, they are not recorded."""
    origin = read_origin(one)
    source = origin.folder if origin.editable else None
    if source and not release_sentinel_guard.installed_first.is_installed(str(source)):
        words = f"needs {one.name}, an editable installation of the judged repository"
        raise PackError(f"{words}: pip install it from elsewhere")
    for row in csv.reader(split(one.read_text("RECORD") or "")):
        if row and (name := _module(PurePosixPath(row[0]))):
            needs.files.setdefault(name, []).append(Path(str(one.locate_file(row[0]))))
            needs.owners[name] = one.name


def _imports(source: Path) -> Iterator[str]:
    """Yield each name that a source may import, wherever it does, and the names of the packages that it is in."""
    try:
        nodes = [*ast.walk(ast.parse(source.read_bytes()))]
    except (OSError, SyntaxError, ValueError):  # its import fails, too
        return
    for node in nodes:
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Call) and node.args and isinstance(first := node.args[0], ast.Constant):
            called = getattr(node.func, "id", getattr(node.func, "attr", ""))
            names = [str(first.value)] if called in {"__import__", "import_module"} else []
        for name in names:
            parts = name.split(".")
            yield from (".".join(parts[:length]) for length in range(1, len(parts) + 1))


def _module(file: PurePosixPath) -> str:
    """Return the name by which a file can be imported; blank where it cannot."""
    suffix = next((suffix for suffix in _SUFFIXES if file.name.endswith(suffix)), "")
    parts = [*file.parts[:-1], file.name.removesuffix(suffix)]
    if not suffix or "__pycache__" in parts or not all(map(str.isidentifier, parts)) or parts[0] in _STRAY:
        return ""
    return ".".join(parts).removesuffix(".__init__")
