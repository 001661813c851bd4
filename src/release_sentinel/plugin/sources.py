"""The Python files below a gate folder, parsed and not run: what they define, and what they mark as gates."""

import ast
import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

from release_sentinel.plugin.folders import files_in
from release_sentinel.vocabulary import Stage

# Python, in any case, and what an author writes by a slip; not byte code and not the copies that editors and patches
# leave behind. The last is a file without a suffix.
_PYTHON = re.compile(r"\.py(?![cod]$)\w?(\.txt)?|", re.IGNORECASE)
_MARKS = frozenset(Stage)
_SPEAKS_OF_MARKS = re.compile(rf"\bmark\s*\.\s*({'|'.join(_MARKS)})\b".encode())

Function = ast.FunctionDef | ast.AsyncFunctionDef
Assignment = ast.Assign | ast.AnnAssign | ast.AugAssign


class Source:
    """A Python file below a gate folder; `broken` if it cannot be parsed."""

    def __init__(self, path: Path, place: str, tree: ast.Module, *, broken: bool = False) -> None:
        self.path, self.place, self.body, self.broken = path.resolve(), place, tree.body, broken
        self.nodes = list(ast.walk(tree))
        self.assignments = [node for node in self.nodes if isinstance(node, Assignment)]

    def names(self) -> Iterator[str]:
        """Yield every name that the file speaks of, except definitions: attributes too, and names in strings."""
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

    def called(self) -> Iterator[str]:
        """Yield the name of everything that the file calls: of a class, to make an instance of it."""
        return (last(node.func) for node in self.nodes if isinstance(node, ast.Call))

    def no_tests(self) -> Iterator[str]:
        """Yield the name of each definition that says `__test__ = False`; blank for the file itself."""
        for node in self.assignments:
            if not (isinstance(value := node.value, ast.Constant) and value.value is False):
                continue
            for target in targets(node):
                if isinstance(target, ast.Attribute) and target.attr == "__test__":
                    yield last(target.value)
        yield from ("" for node in self.body if _says_no_test(node))
        yield from (
            node.name for node in self.nodes if isinstance(node, ast.ClassDef) and any(map(_says_no_test, node.body))
        )


def _says_no_test(node: ast.stmt) -> bool:
    return (
        isinstance(node, Assignment)
        and "__test__" in names_of(node)
        and isinstance(node.value, ast.Constant)
        and not node.value.value
    )


def is_python(path: Path) -> bool:
    """Tell whether a file is meant to be Python: by its suffix, also where it has none, or one by a slip."""
    ends = 2 if path.suffix.lower() == ".txt" else 1
    return bool(_PYTHON.fullmatch("".join(path.suffixes[-ends:])))


def sources_in(folder: Path) -> Iterator[Source]:
    """Yield the Python files below a folder."""
    for path in files_in(folder):
        if not is_python(path):
            continue
        place = path.relative_to(folder).as_posix()
        try:
            content = path.read_bytes()
        except OSError:
            continue  # pytest reports what it cannot read
        try:
            tree = ast.parse(content)  # the parser knows byte order marks and coding lines
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            if _SPEAKS_OF_MARKS.search(content):
                yield Source(path, place, ast.Module([], []), broken=True)
            continue
        yield Source(path, place, tree)


class Marks:
    """The names by which the files of a folder speak of the gates' markers."""

    def __init__(self, sources: Sequence[Source]) -> None:
        nodes = [node for source in sources for node in source.nodes]
        imports = [node for node in nodes if isinstance(node, ast.alias)]
        assignments = [(names_of(node), node.value) for source in sources for node in source.assignments if node.value]
        self._mark = {"mark", *(node.asname for node in imports if node.name == "mark" and node.asname)}
        self._mark |= {name for names, value in assignments if last(value) in self._mark for name in names}
        self._stages: set[str] = set()
        self._stages |= {name for names, value in assignments if self.holds(value) for name in names} - {"pytestmark"}
        self._stages |= {node.name for node in nodes if isinstance(node, Function) and self._is_decorator(node)}
        self._stages |= {node.asname for node in imports if node.name in self._stages and node.asname}

    def _is_decorator(self, function: Function) -> bool:
        """Tell whether a function gives a marker to what it takes or returns: a decorator of the author's own."""
        returned = [node.value for node in ast.walk(function) if isinstance(node, ast.Return) and node.value]
        inner = {node.name for node in ast.walk(function) if isinstance(node, Function) and self.on(node)}
        return any(self.holds(value) or last(value) in inner for value in returned) and bool(parameters(function))

    def holds(self, expression: ast.expr) -> bool:
        """Tell whether an expression is one of the markers, with or without arguments, or something that holds one."""
        match expression:
            case ast.List() | ast.Tuple() | ast.Set():
                return any(map(self.holds, expression.elts))
            case ast.Starred():
                return self.holds(expression.value)
            case ast.BinOp():
                return self.holds(expression.left) or self.holds(expression.right)
            case ast.IfExp():
                return self.holds(expression.body) or self.holds(expression.orelse)
            case ast.Call(func=ast.Name(id="getattr"), args=[source, ast.Constant(value=str() as name), *_]):
                return name in _MARKS and last(source) in self._mark
            case ast.Call():
                return self.holds(expression.func)
            case ast.Attribute() if _is_nearly_a_mark(expression.attr):  # pytest knows no misspelt one, either
                return last(expression.value) in self._mark or expression.attr in self._stages
        return last(expression) in self._stages

    def wraps(self, expression: ast.expr) -> bool:
        """Tell whether one of the markers is put around something: `mark.policy(partial(ask, "web1"))`."""
        return (
            isinstance(expression, ast.Call)
            and self.holds(expression.func)
            and any(not isinstance(argument, ast.Constant) for argument in expression.args)
        )

    def on(self, definition: Function | ast.ClassDef) -> bool:
        """Tell whether a definition carries one of the markers itself."""
        own = definition.body if isinstance(definition, ast.ClassDef) else []
        values = [one.value for one in own if isinstance(one, Assignment) and "pytestmark" in names_of(one)]
        return any(self.holds(value) for value in (*definition.decorator_list, *values) if value)

    def among(self, source: Source) -> bool:
        """Tell whether a file marks anything."""
        definitions = (node for node in source.nodes if isinstance(node, Function | ast.ClassDef))
        return any(map(self.on, definitions)) or any(
            self.holds(node.value) for node in source.assignments if node.value
        )


def _is_nearly_a_mark(name: str) -> bool:
    return bool(get_close_matches(name, _MARKS, n=1, cutoff=0.85))


def targets(assignment: Assignment) -> list[ast.expr]:
    """Return what an assignment sets."""
    return assignment.targets if isinstance(assignment, ast.Assign) else [assignment.target]


def names_of(assignment: Assignment) -> set[str]:
    """Return the names that an assignment sets."""
    return {target.id for target in targets(assignment) if isinstance(target, ast.Name)}


def parameters(function: Function) -> list[str]:
    """Return the names of what a function takes, except `*args` and `**named`."""
    of = function.args
    return [parameter.arg for parameter in (*of.posonlyargs, *of.args, *of.kwonlyargs)]


def last(expression: ast.expr) -> str:
    """Return the last name of an expression such as `pytest.mark`."""
    if isinstance(expression, ast.Attribute):
        return expression.attr
    return expression.id if isinstance(expression, ast.Name) else ""
