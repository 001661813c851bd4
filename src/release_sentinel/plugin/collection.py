"""From collected tests to gates: their ids, their stage, their order."""

import inspect
import math
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Sized
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from release_sentinel.arguments import GATE_FOLDER
from release_sentinel.config.targets import Target
from release_sentinel.gates import BUILT_IN, BuiltInGate
from release_sentinel.lines import split
from release_sentinel.plugin import compat, folders
from release_sentinel.plugin.compat import LoadedModule
from release_sentinel.plugin.completeness import LeftOut
from release_sentinel.plugin.declared import Declared, folder_of
from release_sentinel.plugin.gate import Record
from release_sentinel.plugin.prefetch import Question
from release_sentinel.plugin.session import RECORD, SESSION, GateSession
from release_sentinel.sentences import words_of
from release_sentinel.vocabulary import Stage

if TYPE_CHECKING:
    from release_sentinel.packs.find import InstalledPack


class BuiltInModule(LoadedModule):
    """A file of the built-in gates, under a name that no file of a repository has.

    By pytest's own rules it would take the name of the repository's `gate_tests/test_version.py`, or of its package.
    """

    def funcnamefilter(self, name: str) -> bool:
        """Take tests by our names, whatever names a repository's tests have."""
        return name.startswith("test_")

    def classnamefilter(self, name: str) -> bool:
        """Take no class."""
        return not name

    def load(self) -> ModuleType:
        """Import the file under its own name."""
        spec = spec_from_file_location(f"{_PACKAGE}.{GATE_FOLDER}.{self.path.stem}", self.path)
        if spec is None or spec.loader is None:
            raise self.CollectError(f"{self.path} cannot be imported")
        module = sys.modules[spec.name] = module_from_spec(spec)
        spec.loader.exec_module(module)
        return module


class PackModule(LoadedModule):
    """A file of a pack's gates, imported as the module of its package that it is: packs share no names."""

    funcnamefilter = BuiltInModule.funcnamefilter

    @classmethod
    def from_parent(cls, parent: Any, **named: Any) -> Any:
        """Make one with an id of its own, which no file of a repository has; a folder may have the name of a pack.

        Outside of the repository, pytest's own are the names of files alone.
        """
        made = super().from_parent(parent, **named)
        if pack := made.pack:
            compat.give_id(made, f"pack:{pack.name}/{made.path.relative_to(pack.folder).as_posix()}")
        return made

    @property
    def pack(self) -> "InstalledPack | None":
        """The pack that the file is of."""
        return self.config.stash[SESSION].pack_of(self.path)

    def classnamefilter(self, name: str) -> bool:
        """Take classes by pytest's own names."""
        return name.startswith("Test")

    def load(self) -> ModuleType:
        """Import the file; what it asserts counts, as `GateSession.rewrite` has registered its package."""
        if (pack := self.pack) is None:
            raise self.CollectError(f"{self.path} is of no gate pack")
        session, inner = self.config.stash[SESSION], ".".join(self.path.relative_to(pack.folder).with_suffix("").parts)
        try:
            with session.pack_code.during(pack.name):
                module = import_module(f"{pack.package}.{inner}")
        except Exception as error:
            raise self.CollectError(f"{type(error).__name__}: {words_of(error)}") from error
        if hasattr(module, "pytest_plugins"):
            words = (
                "sets pytest_plugins, which is for a whole run: define the fixtures of its gates there, or import them"
            )
            raise self.CollectError(f"{self.path} {words}")
        return module


_PACKAGE = __name__.partition(".")[0]
_ORDER = {gate.id: position for position, gate in enumerate(BUILT_IN)}
_STAGES = frozenset(Stage)
_BY_ID = {gate.id: gate for gate in BUILT_IN}


def gate_id(item: pytest.Item) -> str:
    """Return the id of a gate: `test_clean_tree` is `clean-tree`, `test_disk[/var]` is `disk[/var]`."""
    if built_in := _built_in(item):
        gate, target = built_in
        return gate.item(target)  # pytest's own name for it escapes what is not ASCII
    name, bracket, parameter = item.name.partition("[")
    pack = item.config.stash[SESSION].pack_of(item.path)
    return (f"{pack.name}." if pack else "") + _base_id(name) + bracket + parameter


def parametrize(session: GateSession, metafunc: pytest.Metafunc) -> None:
    """Make one item of a built-in gate for each target that the policy lists; an unlisted one keeps the plain name."""
    gate = _BY_ID.get(_base_id(metafunc.function.__name__))
    if gate is None or not gate.judges or not folders.holds(metafunc.definition.path):
        return
    targets = gate.targets(session.policy)
    metafunc.parametrize("target", targets, ids=[target.label or pytest.HIDDEN_PARAM for target in targets])


def questions(session: GateSession, items: Sequence[pytest.Item]) -> Iterator[tuple[str, Question]]:
    """Yield the questions of all gates among `items` that are asked early, each with the gate's id.

    What needs no preparation is asked first: it is under way while the rest is prepared.
    """
    found = [built_in for item in items if (built_in := _built_in(item))]
    # What is asked of other hosts waits for their one answer, and must not hold a place meanwhile.
    pairs = [(gate, target) for gate, target in found if gate.prefetched and not target.on_host]
    prepared = set()
    for gate, target in sorted(pairs, key=lambda pair: pair[0].prepare is not None):
        if gate.prepare and gate.prepare not in prepared:
            gate.prepare()
            prepared.add(gate.prepare)
        yield gate.item(target), session.observations.question(gate.check, target)


def is_asked_for(session: GateSession, collector: pytest.Collector, name: str) -> bool:
    """Tell whether the policy of this run asks for what is called `name`.

    Only opt-in gates may be unasked, and those of packs switched off.
    """
    if pack := session.pack_of(collector.path):
        off = f"{pack.name}.{_base_id(name)}" in session.policy.disable
        if off:
            inner = collector.nodeid.partition("::")[2]
            session.found.unmarked.add((collector.path.resolve(), f"{inner}::{name}" if inner else name))
        return not off
    if not folders.holds(collector.path):
        return True
    return _base_id(name) in session.owed or _base_id(name) not in _ORDER


def prepare(session: GateSession, items: list[pytest.Item]) -> None:
    """Keep the gates among `items`, in the order of their stages, and note everything that is not a gate."""
    unmarked = []
    for item in items:
        if compat.is_doctest(item):  # an example, wherever it stands
            continue
        kinds = [kind.value for kind in Stage if item.get_closest_marker(kind)]
        if len(kinds) == 1:
            record = _record(session, item, Stage(kinds[0]))
            item.stash[RECORD] = session.records[item.nodeid] = record
        else:
            unmarked.append(item)
            session.found.unmarked.add((item.path.resolve(), _function(item)))
            carries = f"carries {len(kinds)} markers ({', '.join(kinds)})" if kinds else "carries no marker"
            session.problems.append(f"{item.nodeid} {carries}, expected exactly one of `policy` and `critical`")
    records = list(session.records.values())
    _qualify(records)
    session.publish({record.id.partition("[")[0]: "the id of a gate" for record in records})
    session.problems += [*_clashes(records), *_unlisted(session, records), *_shadows(session)]
    items[:] = sorted((item for item in items if RECORD in item.stash), key=_position)
    if unmarked:
        session.config.hook.pytest_deselected(items=unmarked)
    session.records = {item.nodeid: session.records[item.nodeid] for item in items}
    session.found.dropped = [*_dropped(session.found.tests, items), *_unmade(session.found.tests)]
    session.found.carriers = list(_carriers(session))
    if any(not item.nodeid.isascii() and not _is_text(item.nodeid) for item in items):
        compat.forget_names(session.config)
    session.look_ahead({name for item in items for name in getattr(item, "fixturenames", ())})


def _is_text(name: str) -> bool:
    """Return whether a name can be written: the bytes of a file's name may be of another encoding."""
    try:
        return bool(name.encode())
    except UnicodeEncodeError:
        return False


def _dropped(collected: Iterable[pytest.Item], kept: Iterable[pytest.Item]) -> Iterator[LeftOut]:
    """Yield each test of a gate folder, or with a gate's marker, that was collected and is not kept."""
    remaining = set(map(id, kept))
    for item in collected:
        if compat.is_doctest(item):
            continue
        marked = any(True for stage in Stage for _ in item.iter_markers(stage))
        if id(item) not in remaining and (marked or GATE_FOLDER in item.path.parts):
            yield LeftOut(gate_id(item), item.path.resolve(), _function(item))


def _unmade(collected: Iterable[pytest.Item]) -> Iterator[LeftOut]:
    """Yield each test that has fewer items than its marks give it sets of parameters: a conftest made but a part."""
    items = defaultdict(list)
    for item in collected:
        items[item.path.resolve(), _function(item)].append(item)
    for (path, function), made in items.items():
        sets = [one.args[1] for one in made[0].iter_markers("parametrize") if len(one.args) > 1]
        if all(isinstance(one, Sized) for one in sets) and len(made) < (
            owed := math.prod(len(one) or 1 for one in sets)
        ):
            name = gate_id(made[0]).partition("[")[0]
            yield LeftOut(
                f"{name}[...]", path, function, f"pytest collected {len(made)} of its {owed} sets of parameters"
            )


def _carriers(session: GateSession) -> Iterator[Declared]:
    """Yield what carries a gate's marker in a gate file and is not among the collected tests, by whatever name.

    Also a marker put around anything but a plain function: pytest takes it for a marker with an argument.
    """
    collected = {id(one) for item in session.found.tests for one in (_underlying(item), *_classes(item))}
    for module in session.found.modules:
        folder = folder_of(module.path)
        for name, value in getattr(module.obj, "__dict__", {}).items():  # a text file with doctests has no object
            if id(value) not in collected and any(getattr(mark, "name", "") in _STAGES for mark in _marks_on(value)):
                yield Declared(module.path.resolve(), module.path.relative_to(folder).as_posix(), name)


def _marks_on(value: object) -> Sequence[object]:
    if isinstance(value, pytest.MarkDecorator):
        return [value] if any(map(callable, value.args)) else []
    marks = getattr(value, "__dict__", {}).get("pytestmark", []) if callable(value) else []
    return marks if isinstance(marks, list | tuple) else [marks]


def _underlying(item: pytest.Item) -> Any:
    return getattr(item, "function", None)


def _classes(item: pytest.Item) -> Sequence[type]:
    return getattr(getattr(item, "cls", None), "__mro__", ())


def note_found(session: GateSession, collector: pytest.Collector, report: pytest.CollectReport) -> None:
    """Take note of the tests that a collector has found, and of itself if it is a repository's gate file."""
    found = [node for node in report.result or () if isinstance(node, pytest.Item)]
    session.found.tests += found
    for node in found if session.pack_of(collector.path) else ():
        node.extra_keyword_matches.add(gate_id(node))  # for -k
    if isinstance(collector, pytest.Module) and report.passed and not folders.holds(collector.path):
        session.found.modules += [collector] if compat.is_test_module(collector) else []


def note(session: GateSession, report: pytest.CollectReport) -> None:
    """Take note of a file or folder whose gates could not be collected, or that skipped itself."""
    if report.failed:
        found = [line.strip() for line in split(str(report.longrepr)) if line.strip()]
        errors = [line[1:].strip() for line in found if line.startswith("E ")] or found or ["no reason given"]
        session.problems.append(f"{report.nodeid} could not be collected: {errors[-1]}")
        session.found.unmarked.add(((session.config.rootpath / report.nodeid).resolve(), ""))
    elif report.skipped:
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        session.problems.append(f"{report.nodeid} was skipped while it was collected: {why}")


def _record(session: GateSession, item: pytest.Item, stage: Stage) -> Record:
    return Record(
        id=gate_id(item),
        stage=stage,
        nodeid=item.nodeid,
        path=item.path.resolve(),
        function=_function(item),
        built_in=folders.holds(item.path),
        pack=pack.name if (pack := session.pack_of(item.path)) else "",
        strict=session.invocation.has("--gate-strict"),
        wordy=session.config.get_verbosity() > 1,
        declared=frozenset(_declared(item)),
    )


def _declared(item: pytest.Item) -> Iterator[tuple[Path, str]]:
    """Yield where a gate's source may be: in its file, in a base class, or where its function was imported from."""
    yield item.path.resolve(), _function(item)
    for owner in _classes(item):
        source = getattr(sys.modules.get(owner.__module__), "__file__", None)
        yield Path(source or "").resolve(), owner.__qualname__.replace(".", "::")
    function = inspect.unwrap(_underlying(item) or (lambda: None))
    for owner in _classes(item):
        if function.__name__ in vars(owner) and owner.__module__ in sys.modules:
            source = getattr(sys.modules[owner.__module__], "__file__", None)
            yield Path(source or "").resolve(), f"{owner.__qualname__.replace('.', '::')}::{function.__name__}"
    if code := getattr(function, "__code__", None):
        yield Path(code.co_filename).resolve(), function.__qualname__.replace(".", "::")


def _built_in(item: pytest.Item) -> tuple[BuiltInGate, Target] | None:
    """Return the built-in gate that an item is, with its target, where it has one."""
    callspec = getattr(item, "callspec", None)
    gate = _BY_ID.get(_base_id(item.name.partition("[")[0]))
    if callspec is None or gate is None or not gate.judges or not folders.holds(item.path):
        return None
    return gate, callspec.params["target"]


def _base_id(name: str) -> str:
    return name.removeprefix("test_").replace("_", "-")


def _function(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[2].partition("[")[0]


def _qualify(records: Sequence[Record]) -> None:
    """Tell gates of one name apart, by their classes or else by their files: `ready` becomes `queue.ready`."""
    by_id = defaultdict(list)
    for record in records:
        if record.id.partition("[")[0] not in _ORDER and not record.pack:
            by_id[record.id].append(record)
    for gates in by_id.values():
        for record in gates if len(gates) > 1 else ():
            owner, _, _ = record.function.rpartition("::")
            owner = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", owner.removeprefix("Test")).lower().replace("::", "-")
            record.id = f"{owner or _base_id(record.path.stem)}.{record.id}"


def _clashes(records: Sequence[Record]) -> list[str]:
    """Name the ids that more than one gate has, or that a repository's gate takes from a built-in one."""
    by_id = defaultdict(list)
    for record in records:
        by_id[record.id].append(record)
    problems = []
    for name, gates in by_id.items():
        taken = name.partition("[")[0] in _ORDER and not all(gate.built_in for gate in gates)
        if len(gates) > 1 or taken:
            where = ", ".join(gate.nodeid for gate in gates)
            problems.append(f"the gate id {name!r} is {'a built-in one' if taken else 'used twice'}: rename {where}")
    return problems


def _shadows(session: GateSession) -> Iterator[str]:
    """Yield what a pack needs and the files of gates and conftests have imported from elsewhere."""
    for pack in session.packs:
        yield from (f"the gate pack {pack.name} {words}" for words in pack.needs.shadowed())


def _unlisted(session: GateSession, records: Iterable[Record]) -> Iterator[str]:
    """Say which gates of a pack are not as the pack itself lists them."""
    listed = {gate.id: gate.stage for gate in session.gates_of_packs}
    for record in records if listed else ():
        stage = listed.get(record.id.partition("[")[0])
        if record.pack and stage is None:
            yield f"{record.nodeid} is not among the gates that the pack {record.pack} lists: update the pack"
        elif record.pack and stage is not record.stage:
            yield f"{record.nodeid} is marked {record.stage}, and the pack {record.pack} lists it as {stage}"


def _position(item: pytest.Item) -> tuple[int, int]:
    record = item.stash[RECORD]
    own = len(_ORDER)  # gates of one's own come after the built-in ones, and before what compares all measures
    name = record.id.partition("[")[0]
    return list(Stage).index(record.stage), own + 1 if name == "compare" else _ORDER.get(name, own)
