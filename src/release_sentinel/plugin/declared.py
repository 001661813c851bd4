"""What a gate folder declares, read without running it: the gates that a run has to account for.

pytest leaves tests out without a word: a second function of one name, a misspelt name, a class with another name or a
constructor, a file or folder that a setting ignores. The author of such a gate believes that it guards the release.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import Path

from msgspec import Struct

from release_sentinel.arguments import GATE_FOLDER
from release_sentinel.plugin.folders import files_in, is_test_file
from release_sentinel.plugin.sources import Assignment, Function, Marks, Source, last, names_of, parameters, sources_in

_FIXTURE = "gate"  # what a function takes that judges
_TEST = "test"  # how the name of a test begins
_LIKE = 0.75  # how much alike a first word must be: more than one wrong letter of four
_XUNIT = re.compile(r"(setup|teardown)(_(module|class|method|function))?|(setUp|tearDown)(Class|Module)?")
_NEARLY_TEST_FILE = re.compile(r"tests_.*\.py|.*_tests\.py")
_INTERFACES = {"ABC", "Protocol", "NamedTuple", "TypedDict"}
_ELSEWHERE = re.compile(r"\bTYPE_CHECKING\b|\bplatform\b|\bos\.name\b|\bversion_info\b")  # holds on some machines
_NO_TEST = re.compile(r"fixture|\b(cached_)?property\b|\.(setter|deleter|getter)$")  # what makes a function no test


class Declared(Struct, frozen=True):
    """One gate as the source has it: `path`, and its name within the file (`TestDisk::test_space`)."""

    path: Path  # of the source, links followed
    place: str  # of the file within the gate folder
    name: str  # blank for a file that cannot be parsed, and speaks of the markers
    times: int = 1  # how often the source defines it; the last definition hides the others
    certain: bool = True  # whether it is named or marked as a gate; otherwise it only looks like one


def folder_of(path: Path) -> Path:
    """Return the gate folder that an argument of a run belongs to: the outermost one of its repository."""
    folder = (path if path.is_dir() else path.parent).absolute()
    named: list[Path] = []
    for candidate in (folder, *folder.parents):
        top = (candidate / ".git").exists()
        if candidate.name == GATE_FOLDER and not (top and named):  # a repository may have that name, too
            named.append(candidate)
        if top:
            break
    return named[-1] if named else folder


def modules_in(folder: Path) -> Iterator[str]:
    """Yield the names by which the Python files below `folder` may be imported: with the folder's own, and without."""
    for path in files_in(folder):
        if path.suffix == ".py":
            name = ".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__")
            yield from (name, f"{folder.name}.{name}")


def gates_in(folder: Path) -> Iterator[Declared]:
    """Yield every gate that the Python files below `folder` declare, and every function that looks like one."""
    sources = list(sources_in(folder))
    reader = _Reader(sources)
    for source in sources:
        yield from reader.gates(source)


def has_marked_gates(folder: Path) -> bool:
    """Tell whether a file below `folder` speaks of the gates' markers, or has a test that takes `gate`."""
    sources = list(sources_in(folder))
    marks = Marks(sources)
    return any(source.broken or marks.among(source) or any(map(_takes_gate, source.nodes)) for source in sources)


def _takes_gate(node: ast.AST) -> bool:
    return isinstance(node, Function) and node.name.startswith(_TEST) and _FIXTURE in parameters(node)


class _Reader:
    """What tells a gate from a helper: what all files of a folder say together."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._marks = Marks(sources)
        self._used = {name for source in sources for name in source.names()}
        nodes = [node for source in sources for node in source.nodes]
        self._helpers = _helpers(nodes, {name for source in sources for name in source.called()})
        renamed = (node.asname for node in nodes if isinstance(node, ast.alias) and node.name == "fixture")
        assigned = (
            name
            for source in sources
            for node in source.assignments
            if isinstance(node.value, ast.Call) and last(node.value.func) == "fixture"
            for name in names_of(node)
        )
        self._fixtures = {name for name in (*renamed, *assigned) if name}

    def gates(self, source: Source) -> Iterator[Declared]:
        """Yield what one file declares."""
        if source.broken:
            yield Declared(source.path, source.place, "")
        file = Path(source.place).name.lower().replace("-", "_")  # also of a file that pytest passes over
        meant = is_test_file(file) or bool(_NEARLY_TEST_FILE.fullmatch(file)) or self._marks.among(source)
        found, no_tests = _definitions(source.body), set(source.no_tests())
        for name, (times, definitions) in found.items():
            if isinstance(final := definitions[-1], Assignment) and final.value and self._marks.wraps(final.value):
                yield Declared(source.path, source.place, name)
                continue
            defined = [one for one in definitions if not isinstance(one, Assignment)]
            if not defined:
                continue
            latest, short = defined[-1], name.rpartition("::")[2]
            if any(map(self._marks.on, defined)):
                # Of a class, its tests are named themselves.
                if not isinstance(latest, ast.ClassDef) or not any(one.startswith(f"{name}::{_TEST}") for one in found):
                    yield Declared(source.path, source.place, name, times)
            elif isinstance(latest, ast.ClassDef) or self._is_no_test(name, latest, no_tests):
                continue
            elif short.startswith(_TEST) and (meant or _FIXTURE in parameters(latest)):
                yield Declared(source.path, source.place, name, times)
            elif meant and short not in self._used and _looks_like_a_gate(latest, in_class=_may_be_a_hook(name, found)):
                yield Declared(source.path, source.place, name, certain=False)
        yield from self._nested(source, meant=meant)

    def _is_no_test(self, name: str, function: Function, no_tests: set[str]) -> bool:
        """Tell whether its author, or what uses it, says that a function without a marker is not a gate.

        It is a fixture or a property, or a method of a class that other code makes instances of.
        """
        owner, _, short = name.rpartition("::")
        owner = owner.rpartition("::")[2]
        if no_tests.intersection({"", owner, short} if owner else {"", short}) or owner in self._helpers:
            return True
        decorators = [ast.unparse(decorator) for decorator in function.decorator_list]
        return any(_NO_TEST.search(text) or text.partition("(")[0] in self._fixtures for text in decorators)

    def _nested(self, source: Source, *, meant: bool) -> Iterator[Declared]:
        """Yield the gates that are defined within a function, as by an indent too many, and that nothing else names."""
        for outer in source.body:
            inner = [node for function in _functions(outer) for node in _within(function)]
            for node in dict.fromkeys(inner):
                marked = self._marks.on(node)
                plain = isinstance(node, Function) and node.name.startswith(_TEST) and not node.decorator_list
                if node.name not in self._used and (marked or (meant and plain)):
                    yield Declared(source.path, source.place, node.name)
                elif node.name not in self._used and meant and isinstance(node, Function) and _asserts(node):
                    yield Declared(source.path, source.place, node.name, certain=False)


def _helpers(nodes: Iterable[ast.AST], called: set[str]) -> set[str]:
    """Return the names of classes that hold no tests: code makes instances of them, or they are interfaces."""
    classes = [node for node in nodes if isinstance(node, ast.ClassDef)]
    bases = {node.name: {last(base) for base in node.bases} for node in classes}
    found = called | {name for name, above in bases.items() if above & _INTERFACES}
    for _ in bases:  # what an instance is derived from, however far
        found |= {above for name in found for above in bases.get(name, ())}
    return found


def _may_be_a_hook(name: str, found: "_Found") -> bool:
    """Tell whether a method may be called by what its class is derived from; not in a class of tests without a base."""
    owner, _, _ = name.rpartition("::")
    defined = [one for one in found.get(owner, (0, []))[1] if isinstance(one, ast.ClassDef)]
    return bool(owner) and not any(one.name.startswith("Test") and not one.bases for one in defined)


def _functions(statement: ast.stmt) -> Iterator[Function]:
    return (node for node in ast.walk(statement) if isinstance(node, Function))


def _within(function: Function) -> Iterator[Function | ast.ClassDef]:
    """Yield what is defined in a function, except methods, which their class stands for."""
    statements: list[ast.AST] = [*function.body]
    while statements:
        node = statements.pop(0)
        if isinstance(node, Function | ast.ClassDef):
            yield node
        if not isinstance(node, ast.ClassDef):
            statements += ast.iter_child_nodes(node)


_Definition = Function | ast.ClassDef | Assignment
_Found = dict[str, tuple[int, list[_Definition]]]


def _definitions(body: Iterable[ast.stmt], within: str = "") -> _Found:
    """Find how often each name may be defined, and how; of branches that exclude one another, one takes place."""
    found: _Found = {}
    for statement in body:
        match statement:
            case ast.ClassDef():
                _add(found, {f"{within}{statement.name}": (1, [statement])})
                _add(found, _definitions(statement.body, f"{within}{statement.name}::"))
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                _add(found, {f"{within}{statement.name}": (1, [statement])})
            case ast.Assign() | ast.AnnAssign(value=ast.expr()):
                _add(found, {f"{within}{name}": (0, [statement]) for name in names_of(statement)})
        branches, always = _branches(statement)
        whole: _Found = {}
        for branch in branches:
            whole = _either(whole, _definitions(branch, within))
        _add(found, whole)
        _add(found, _definitions(always, within))
    return found


def _branches(statement: ast.stmt) -> tuple[list[list[ast.stmt]], list[ast.stmt]]:
    """Return the parts of a statement of which one takes place, and the part that always does."""
    match statement:
        case ast.If():
            elsewhere = _ELSEWHERE.search(ast.unparse(statement.test))
            return [[], statement.orelse] if elsewhere else [statement.body, statement.orelse], []
        case ast.Try() | ast.TryStar():
            handlers = [handler.body for handler in statement.handlers]
            return [[*statement.body, *statement.orelse], *handlers], statement.finalbody
        case ast.Match():
            return [case.body for case in statement.cases], []
        case ast.With() | ast.For() | ast.While():
            return [], statement.body
    return [], []


def _add(found: _Found, more: _Found) -> None:
    for name, (times, definitions) in more.items():
        before, earlier = found.get(name, (0, []))
        found[name] = (before + times, [*earlier, *definitions])


def _either(one: _Found, other: _Found) -> _Found:
    both = dict(one)
    _add(both, other)
    return {
        name: (max(one.get(name, (0, []))[0], other.get(name, (0, []))[0]), definitions)
        for name, (_, definitions) in both.items()
    }


def _looks_like_a_gate(function: Function, *, in_class: bool) -> bool:
    """Tell whether a function that no other place speaks of may be a gate with a misspelt name.

    It is named nearly like a test, takes what judges, or asserts. It is not one if its name begins with an underscore,
    or if pytest or a decorator registers it; the methods of a class may be called by what it is derived from.
    """
    decorators = [ast.unparse(decorator) for decorator in function.decorator_list]
    if function.name.startswith(("_", "pytest_")) or _XUNIT.fullmatch(function.name):
        return False
    if any("fixture" in decorator for decorator in decorators):
        return False
    if _is_nearly_a_test(function.name) or _FIXTURE in parameters(function):
        return True
    return not in_class and _asserts(function)


def _asserts(function: Function) -> bool:
    """Tell whether a function asserts, and no decorator puts it to another use."""
    decorators = [ast.unparse(decorator) for decorator in function.decorator_list]
    if function.name.startswith("_") or any("mark" not in decorator for decorator in decorators):
        return False
    return any(isinstance(node, ast.Assert) for node in ast.walk(function))


def _is_nearly_a_test(name: str) -> bool:
    """Tell whether the first word of a name is `test` apart from its case or one slip."""
    word = name.lower().partition("_")[0]
    near = sorted(word) == sorted(_TEST) or SequenceMatcher(None, word, _TEST).ratio() > _LIKE
    return word.startswith(_TEST) or (len(word) <= len(_TEST) + 1 and near)
