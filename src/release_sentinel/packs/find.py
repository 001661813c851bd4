"""The gate packs that a policy asks for: found among what is installed, proven to be what was installed, and loaded.

Nothing of a pack is imported before that, and nothing at all of one that is not asked for.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import Distribution, EntryPoint, distributions
from importlib.util import find_spec
from pathlib import Path
from shlex import quote

from msgspec import Struct

import release_sentinel_guard
from release_sentinel.config import packages
from release_sentinel.config.model import PackRule
from release_sentinel.config.packs import PackParts, is_free
from release_sentinel.observe.installed import Origin, read_origin, recorded, tree_digest
from release_sentinel.packs.needs import Needs, PackError, is_version, needs_of, normal
from release_sentinel.packs.record import OfPack, contents
from release_sentinel.sentences import words_of

GROUP = "release_sentinel.gates"
_ENTRY = r"\w+(\.\w+)*\s*(:\s*\w+(\.\w+)*\s*)?(\[[^\[\]]*\])?\s*"  # as importlib.metadata reads it
_METADATA = (".dist-info", ".data")  # folders of a wheel that are not packages


class InstalledPack(Struct, frozen=True):
    """A pack that is loaded, and what it was loaded from."""

    name: str
    version: str
    distribution: str
    digest: str  # `dirHash` of its package's files
    top: Path  # the folder of its package
    package: str  # the module that holds the folder of its gates
    folder: Path  # of its gates
    gates: tuple[OfPack, ...]
    settings: Mapping[str, type[Struct]]
    needs: Needs

    def holds(self, path: Path) -> bool:
        """Tell whether a file is one of the pack's gate files."""
        return self.folder in path.parents

    def package_holds(self, path: Path) -> bool:
        """Tell whether a file is one of the pack's package."""
        return path.resolve().is_relative_to(self.top)

    @property
    def parts(self) -> PackParts:
        """What the pack adds to the policy."""
        return PackParts(self.settings, tuple(gate.id for gate in self.gates))


ANY = PackRule(">=0")


def load(name: str, rule: PackRule, *, from_elsewhere: bool = False) -> InstalledPack:
    """Return the pack of that name; raises `PackError` unless it is whole, and the one that the policy asks for.

    A pack that judges a repository has to be `from_elsewhere`: its source is not in there.
    """
    if not is_free(name):
        raise PackError("has the name of a key of the policy: its author has to give it another")
    try:
        installed, entry = _claimed(name, rule)
        with without_byte_code():
            return _loaded(name, installed, entry, from_elsewhere=from_elsewhere)
    except PackError:
        raise
    except Exception as error:  # damaged metadata, files that cannot be read
        raise PackError(f"cannot be read: {type(error).__name__}: {words_of(error)}") from error


def is_installed(name: str) -> bool:
    """Tell whether a distribution brings a pack of that name; nothing of it is loaded."""
    return bool(_claims(name))


def install_line(name: str, rule: PackRule) -> str:
    """Return how to install a pack. Only the policy can tell the name of its distribution, if that is another one."""
    line = f"pip install {quote(f'{rule.distribution or name}{rule.version}')}"
    if rule.distribution:
        return line
    return f"{line} (if its distribution has another name, the policy can say so: packs.{name}.distribution)"


def _claimed(name: str, rule: PackRule) -> tuple[Distribution, EntryPoint]:
    """Return the distribution that brings a pack, and its entry point."""
    from packaging.specifiers import SpecifierSet  # noqa: PLC0415 - late: few policies have packs

    claims = _claims(name)
    if not claims:
        raise PackError(f"is not installed, expected {rule.version}: {install_line(name, rule)}")
    installed, entry = claims[0]
    owners = list(dict.fromkeys(f"{one.name} {one.version} in {one.locate_file('')}" for one, _ in claims))
    if len(owners) > 1:
        raise PackError(f"is claimed by {' and '.join(owners)}, expected one: uninstall the other")
    if len(claims) > 1:
        raise PackError(
            f"has {len(claims)} entry points in {owners[0]}, expected one: its author has to remove the rest"
        )
    if not re.fullmatch(_ENTRY, entry.value):
        raise PackError(
            f"has the entry point {entry.value!r}, expected 'package:attribute': its author has to change it"
        )
    own = quote(f"{installed.name}{rule.version}")
    if rule.distribution and normal(rule.distribution) != normal(installed.name):
        words = f"is from {installed.name} {installed.version}, expected from {rule.distribution}"
        raise PackError(f"{words}: pip uninstall {quote(installed.name)}; {install_line(name, rule)}")
    if not is_version(installed.version, SpecifierSet(rule.version)):
        seen = f"is installed as {installed.name} {installed.version}"
        raise PackError(f"{seen}, expected {rule.version}: pip install {own}")
    return installed, entry


def _claims(name: str) -> list[tuple[Distribution, EntryPoint]]:
    """Return each installed distribution with a pack of that name."""
    installed = distributions(path=[str(folder) for folder in packages.folders()])
    return [(one, entry) for one in installed for entry in _entries(one) if (entry.group, entry.name) == (GROUP, name)]


def _entries(one: Distribution) -> list[EntryPoint]:
    try:
        return list(one.entry_points) if GROUP in (one.read_text("entry_points.txt") or "") else []
    except (OSError, ValueError):
        return []


def _loaded(name: str, installed: Distribution, entry: EntryPoint, *, from_elsewhere: bool) -> InstalledPack:
    """Load the record that an entry point names, once its package is proven to be what was installed."""
    root = entry.module.partition(".")[0]
    if any(one.group == "pytest11" for one in installed.entry_points):
        words = "also brings a plugin of pytest, which is loaded in every run, asked for or not"
        raise PackError(f"{words}: move that to a distribution of its own")
    origin = read_origin(installed)
    if not origin.editable:
        _prove_whole(installed, root)
    start = _start(root, installed, origin)
    if from_elsewhere and not release_sentinel_guard.installed_first.is_installed(str(start.parent)):
        raise PackError(f"is {start.parent}, in the judged repository: install a built version of it, without -e")
    needs = needs_of(installed, start.parent)
    release_sentinel_guard.installed_first.need(needs.tops)
    for shadow in needs.shadowed():
        raise PackError(shadow)
    brought = contents(name, entry, start)
    return InstalledPack(
        name,
        installed.version,
        installed.name,
        digest=tree_digest(start.parent),
        top=start.parent,
        package=brought.package,
        folder=brought.folder,
        gates=brought.gates,
        settings=brought.settings,
        needs=needs,
    )


def _prove_whole(installed: Distribution, root: str) -> None:
    """Prove that a package is as it was installed: every file of its RECORD, and no other, is there."""
    again = f"install it again: pip install --force-reinstall --no-deps {quote(installed.name)}"
    contents = recorded(installed)
    if isinstance(contents, str):
        raise PackError(f"is not whole, {contents}: {again}")
    if f"{root}/__init__.py" not in contents:
        raise PackError(f"has no {root}/__init__.py in its RECORD, expected a package of that name: {again}")
    tops = {file.partition("/")[0] for file in contents}
    if beside := sorted(top for top in tops if top != root and not top.endswith(_METADATA)):
        raise PackError(f"brings {', '.join(beside)} beside its package {root}: leave it out")
    site = Path(str(installed.locate_file("")))
    for path in sorted((site / root).rglob("*")):
        name = path.relative_to(site)
        is_file = path.is_symlink() or not path.is_dir()  # a link may lead to a folder of modules
        if is_file and "__pycache__" not in name.parts and name.as_posix() not in contents:
            raise PackError(f"is not whole, {path} is not a file that was installed: remove it")


def _start(root: str, installed: Distribution, origin: Origin) -> Path:
    """Return the file by which a package starts: the one that was installed, and no other of that name."""
    if root in sys.stdlib_module_names or root in release_sentinel_guard.LIBRARIES:
        raise PackError(f"is the package {root}, a name that Python or this program uses: rename it")
    if origin.editable:
        return _source(root, origin)
    start = Path(str(installed.locate_file(f"{root}/__init__.py"))).resolve()
    loaded = getattr(sys.modules.get(root), "__file__", None)
    if root in sys.modules and (loaded is None or Path(loaded).resolve() != start):
        raise PackError(f"is {start}, and {loaded or root} was imported in its place: rename that")
    return start


def _source(root: str, origin: Origin) -> Path:
    """Return the file by which a package of an editable installation starts, in the folder of its sources."""
    spec = sys.modules[root].__spec__ if root in sys.modules else find_spec(root)
    start = Path(spec.origin).resolve() if spec and spec.origin else None
    if origin.folder is None or start is None or not start.is_relative_to(origin.folder.resolve()):
        where = f"{start} is imported" if start else f"there is no module {root}"
        raise PackError(f"is an editable installation of {origin.url}, and {where}: install it again")
    return start


@contextmanager
def without_byte_code() -> Iterator[None]:
    """Import from sources alone: byte code is in no RECORD, and need not be of the source beside it.

    None is left either, beside the sources of an editable installation, which may be the judged repository.
    """
    before, sys.pycache_prefix = sys.pycache_prefix, __file__  # a file: no folder of byte code can be in it
    try:
        yield
    finally:
        sys.pycache_prefix = before
