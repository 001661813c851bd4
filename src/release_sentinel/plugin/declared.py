"""What a gate folder declares, read without running it: the gates that a run has to account for.

pytest leaves tests out without a word: a second function of one name, a misspelt name, a class with another name or a
constructor, a file or folder that a setting ignores. The author of such a gate believes that it guards the release.
"""

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import Path

from msgspec import Struct

from release_sentinel.arguments import GATE_FOLDER
from release_sentinel.plugin.folders import files_in, is_test_file
from release_sentinel.vocabulary import Stage

_SUFFIXES = {".py", ".pyw", ""}  # in any case; the last for an author who forgot it
_MARKS = frozenset(Stage)
_FIXTURE = "gate"  # what a function takes that judges
_TEST = "test"  # how the name of a test begins
_LIKE = 0.75  # how much alike a first word must be: more than one wrong letter of four
_XUNIT = re.compile(r"(setup|teardown)(_(module|class|method|function))?|(setUp|tearDown)(Class|Module)?")

_Function = ast.FunctionDef | ast.AsyncFunctionDef


class Declared(Struct, frozen=True):
    """One gate as the source has it: `path`, and its name within the file (`TestDisk::test_space`)."""

    path: Path  # of the source, links followed
    place: str  # of the file within the gate folder
    name: str
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
    sources = list(_sources(folder))
    marks = _Marks(sources)
    used = {name for source in sources for name in source.names()}
    for source in sources:
        yield from _gates(source, marks, used)


def has_marked_gates(folder: Path) -> bool:
    """Tell whether a file below `folder` speaks of the gates' markers."""
    sources = list(_sources(folder))
    marks = _Marks(sources)
    return any(map(marks.among, sources))


class _Source:
    """A Python file below a gate folder."""

    def __init__(self, path: Path, place: str, tree: ast.Module) -> None:
        self.path, self.place, self.body = path.resolve(), place, tree.body
        self.nodes = list(ast.walk(tree))
        self.assignments = [node for node in self.nodes if isinstance(node, ast.Assign)]

    def names(self) -> Iterator[str]:
        """Yield every name that the file speaks of but for definitions: attributes too, and names in strings."""
        for node in self.nodes:
            match node:
                case ast.Name():
                    yield node.id
                case ast.Attribute():
                    yield node.attr
                case ast.alias():
                    yield node.name
                case ast.Constant(value=str() as text) if text.isidentifier():
                    yield text


def _sources(folder: Path) -> Iterator[_Source]:
    for path in files_in(folder):
        if path.suffix.lower() not in _SUFFIXES:
            continue
        try:
            tree = ast.parse(path.read_bytes())  # the parser knows byte order marks and coding lines
        except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
            continue  # pytest reports what it cannot import
        yield _Source(path, path.relative_to(folder).as_posix(), tree)


class _Marks:
    """The names by which the files of a folder speak of the gates' markers."""

    def __init__(self, sources: Sequence[_Source]) -> None:
        imports = [node for source in sources for node in source.nodes if isinstance(node, ast.alias)]
        assignments = [(_names(node), node.value) for source in sources for node in source.assignments]
        self._mark = {"mark", *(node.asname for node in imports if node.name == "mark" and node.asname)}
        self._mark |= {name for names, value in assignments if _last(value) in self._mark for name in names}
        self._stages: set[str] = set()
        self._stages |= {name for names, value in assignments if self.holds(value) for name in names} - {"pytestmark"}
        self._stages |= {node.asname for node in imports if node.name in self._stages and node.asname}

    def holds(self, expression: ast.expr) -> bool:
        """Tell whether an expression is one of the markers, with or without arguments, or a list that holds one."""
        if isinstance(expression, ast.List | ast.Tuple):
            return any(map(self.holds, expression.elts))
        if isinstance(expression, ast.Call):
            return self.holds(expression.func)
        if isinstance(expression, ast.Attribute) and expression.attr in _MARKS:
            return _last(expression.value) in self._mark
        return _last(expression) in self._stages

    def wraps(self, expression: ast.expr) -> bool:
        """Tell whether one of the markers is put around something: `mark.policy(partial(ask, "web1"))`."""
        return (
            isinstance(expression, ast.Call)
            and self.holds(expression.func)
            and any(not isinstance(argument, ast.Constant) for argument in expression.args)
        )

    def on(self, definition: _Function | ast.ClassDef) -> bool:
        """Tell whether a definition carries one of the markers itself."""
        own = definition.body if isinstance(definition, ast.ClassDef) else []
        values = [one.value for one in own if isinstance(one, ast.Assign) and "pytestmark" in _names(one)]
        return any(map(self.holds, [*definition.decorator_list, *values]))

    def among(self, source: _Source) -> bool:
        """Tell whether a file marks anything."""
        definitions = (node for node in source.nodes if isinstance(node, _Function | ast.ClassDef))
        return any(map(self.on, definitions)) or any(self.holds(node.value) for node in source.assignments)


def _names(assignment: ast.Assign) -> set[str]:
    return {target.id for target in assignment.targets if isinstance(target, ast.Name)}


def _last(expression: ast.expr) -> str:
    """Return the last name of an expression such as `pytest.mark`."""
    if isinstance(expression, ast.Attribute):
        return expression.attr
    return expression.id if isinstance(expression, ast.Name) else ""


def _gates(source: _Source, marks: _Marks, used: Collection[str]) -> Iterator[Declared]:
    """Yield what one file declares."""
    file = Path(source.place).name.lower().replace("-", "_")  # also of a file that pytest passes over
    meant = is_test_file(file) or marks.among(source)
    found = _definitions(source.body)
    for name, (times, definitions) in found.items():
        last, short = definitions[-1], name.rpartition("::")[2]
        if isinstance(last, ast.Assign):
            if marks.wraps(last.value):
                yield Declared(source.path, source.place, name)
        elif any(marks.on(one) for one in definitions if not isinstance(one, ast.Assign)):
            if not isinstance(last, ast.ClassDef):
                yield Declared(source.path, source.place, name, times)
            elif not any(other.startswith(f"{name}::{_TEST}") for other in found):  # those are named themselves
                yield Declared(source.path, source.place, name)
        elif isinstance(last, ast.ClassDef):
            continue
        elif short.startswith(_TEST) and (meant or _FIXTURE in _parameters(last)):
            yield Declared(source.path, source.place, name, times)
        elif meant and short not in used and _looks_like_a_gate(last, in_class="::" in name):
            yield Declared(source.path, source.place, name, certain=False)


_Definition = _Function | ast.ClassDef | ast.Assign
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
            case ast.Assign():
                _add(found, {f"{within}{name}": (0, [statement]) for name in _names(statement)})
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
            return [statement.body, statement.orelse], []
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


def _parameters(function: _Function) -> list[str]:
    of = function.args
    return [parameter.arg for parameter in (*of.posonlyargs, *of.args, *of.kwonlyargs)]


def _looks_like_a_gate(function: _Function, *, in_class: bool) -> bool:
    """Tell whether a function that no other place speaks of may be a gate with a misspelt name.

    It is named nearly like a test, takes what judges, or asserts. One whose name begins with an underscore is none, nor
    one that pytest or a decorator registers; the methods of a class may be called by what it is derived from.
    """
    decorators = [ast.unparse(decorator) for decorator in function.decorator_list]
    if function.name.startswith(("_", "pytest_")) or _XUNIT.fullmatch(function.name):
        return False
    if any("fixture" in decorator for decorator in decorators):
        return False
    if _is_nearly_a_test(function.name) or _FIXTURE in _parameters(function):
        return True
    if in_class or any("mark" not in decorator for decorator in decorators):
        return False
    return any(isinstance(node, ast.Assert) for node in ast.walk(function))


def _is_nearly_a_test(name: str) -> bool:
    """Tell whether the first word of a name is `test` but for its case, or for one slip of a finger."""
    word = name.lower().partition("_")[0]
    near = sorted(word) == sorted(_TEST) or SequenceMatcher(None, word, _TEST).ratio() > _LIKE
    return word.startswith(_TEST) or (len(word) <= len(_TEST) + 1 and near)
