"""The record by which a pack says what it brings: imported, and checked part by part, since its author wrote it."""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.metadata import EntryPoint
from importlib.util import module_from_spec
from pathlib import Path
from typing import Any

from msgspec import Struct

from release_sentinel.config.kinds import PACK_NAME
from release_sentinel.config.packs import table_of
from release_sentinel.config.read import clashes
from release_sentinel.config.schema import record_schema
from release_sentinel.gates import SECTIONS, DocumentedGate
from release_sentinel.observe.bounded import Bounded, remaining
from release_sentinel.packs import Pack, PackGate
from release_sentinel.packs.guards import held_exit
from release_sentinel.packs.needs import PackError
from release_sentinel.sentences import words_of
from release_sentinel.vocabulary import Stage

LOAD_SECONDS = 30.0  # for the module of an entry point
_GATE_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_NAME = re.compile(PACK_NAME)  # of a table of settings, and of the folder of the gates


class OfPack(DocumentedGate, frozen=True):
    """A gate of a pack, by its whole id."""

    check: Callable[..., Any]


class Contents(Struct, frozen=True):
    """What a record brings: gates, settings by the names of their tables, and where the files of the gates are."""

    gates: tuple[OfPack, ...]
    settings: Mapping[str, type[Struct]]
    package: str  # the module that holds the folder of its gates
    folder: Path


def contents(name: str, entry: EntryPoint, start: Path) -> Contents:
    """Import the module of an entry point, and return what the record brings that it names. Raises `PackError`.

    To be called from `guards.guarded`, which keeps what the code prints.
    """
    seconds = remaining(LOAD_SECONDS)
    with held_exit() as held:
        call = Bounded(partial(_read, name, entry, start))
        ended = call.wait(seconds)
    if held.called:
        raise PackError(f"is broken: {entry.value}: it called os._exit({held.called[0]}), which ends the process")
    if not ended:
        raise PackError(f"is broken: {entry.module} was not imported within {seconds:.2g} s")
    try:
        return call.result(0)
    except PackError:
        raise
    except BaseException as error:  # whatever ends a process
        raise PackError(f"is broken: {entry.value}: {_words(error)}") from error


def _words(error: BaseException) -> str:
    kind = type(error).__name__
    said = f"sys.exit({error.code!r})" if isinstance(error, SystemExit) else words_of(error)
    return said if said == kind else f"{kind}: {said}"


def _read(name: str, entry: EntryPoint, start: Path) -> Contents:
    pack = _imported(entry, start)  # its fields may be of any type
    if not isinstance(pack, Pack):
        raise PackError(f"is broken: {entry.value} is a {type(pack).__name__}, expected a release_sentinel.packs.Pack")
    if pack.name != name:
        raise PackError(f"is broken: its record has the name {pack.name!r}, and its entry point {name!r}")
    package, folder = _folder(entry, pack, start.parent)
    return Contents(tuple(_gates(pack)), dict(_settings(pack)), package, folder)


def _imported(entry: EntryPoint, start: Path) -> Any:
    """Return what an entry point names, of the package that starts at that file."""
    root = start.parent.name
    if root not in sys.modules:
        spec = PathFinder.find_spec(root, [str(start.parent.parent)])
        if spec is None or spec.loader is None:
            raise ImportError(f"{start} cannot be imported")
        module = sys.modules[root] = module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except BaseException:
            _forget(root)
            raise
    found: Any = import_module(entry.module)
    for part in entry.attr.split(".") if entry.attr else ():
        found = getattr(found, part)
    return found


def _forget(root: str) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == root]:
        del sys.modules[name]


def _gates(pack: Any) -> Iterator[OfPack]:
    """Yield the gates that a record lists, each documented."""
    if not isinstance(pack.gates, tuple) or not pack.gates:
        raise PackError("is broken: it lists no gates: gates has to be a tuple of PackGate")
    seen = set()
    for gate in pack.gates:
        if not isinstance(gate, PackGate) or not _GATE_NAME.fullmatch(str(gate.name)):
            raise PackError(f"is broken: it lists {gate!r}, expected PackGate with a name such as queue-drained")
        if gate.name in seen:
            raise PackError(f"is broken: it lists the gate {gate.name} twice")
        seen.add(gate.name)
        if gate.stage not in tuple(Stage) or not callable(gate.check):
            raise PackError(f"is broken: its gate {gate.name} needs a stage, policy or critical, and a check")
        made = OfPack(f"{pack.name}.{gate.name}", Stage(gate.stage), gate.check)
        try:
            lacking = [] if made.title.strip() else ["title"]
            lacking += [name for name in SECTIONS if not _has(made, name)]
        except TypeError:  # a docstring that is not a text
            lacking = ["docstring"]
        if lacking:
            words = f"the docstring of the check of {gate.name} has no {', '.join(lacking)}"
            raise PackError(f"is broken: {words}: write `Why: …`, a line each")
        yield made


def _has(gate: OfPack, section: str) -> bool:
    try:
        return bool(gate.section(section).strip())
    except LookupError:
        return False


def _settings(pack: Any) -> Iterator[tuple[str, type[Struct]]]:
    """Yield the settings of a pack by the names of their tables: records that can be read, with defaults for all."""
    if not isinstance(pack.settings, Mapping):
        raise PackError("is broken: its settings are not a mapping of names to records")
    for name, kind in pack.settings.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise PackError(f"is broken: its settings have the name {name!r}, expected lower case, digits and _")
        if not isinstance(kind, type) or not issubclass(kind, Struct) or not kind.__struct_config__.frozen:
            raise PackError(f"is broken: its settings {name} are not a frozen msgspec.Struct")
        try:
            problems = list(clashes(kind()))
            record_schema(kind)
        except Exception as error:
            words = f"{type(error).__name__}: {words_of(error)}"
            raise PackError(
                f"is broken: its settings {name} need keys of plain kinds, with defaults: {words}"
            ) from error
        if problems:
            raise PackError(f"is broken: the defaults of its settings {name} contradict one another")
        yield name, kind
    table_of(pack.name, tuple(pack.settings.items()))


def _folder(entry: EntryPoint, pack: Any, root: Path) -> tuple[str, Path]:
    """Return the package of an entry point's module, and the folder of the gates in it."""
    package = getattr(sys.modules[entry.module], "__package__", "") or root.name
    if not isinstance(pack.folder, str) or not _NAME.fullmatch(pack.folder):
        raise PackError(f"is broken: its folder is {pack.folder!r}, expected the name of one in {package}")
    folder = root.parent.joinpath(*package.split("."), pack.folder).resolve()
    if not folder.is_dir() or not folder.is_relative_to(root):
        raise PackError(f"is broken: there is no folder {folder}, which its record names")
    for path in sorted(folder.rglob("conftest.py")):
        words = f"{path} would reach other gates"
        raise PackError(f"is broken: {words}: define fixtures in the files of the gates, or import them there")
    return f"{package}.{pack.folder}", folder
