"""What a Python module assigns to a name, found without importing it."""

import ast
import posixpath
from collections.abc import Iterable, Iterator
from typing import Any

from release_sentinel import regular
from release_sentinel.observe.manifests.files import (
    STEPS,
    AbsentError,
    Tree,
    UnclearError,
    Value,
    file_that_is_read,
    folders_above,
    text_of,
)
from release_sentinel.sentences import sentence


def value(tree: Tree, path: str, name: str) -> str:
    """Return the text that a module assigns to a name, there or where it imports the name from."""
    return Module(tree, path).text(name).text


def attribute(tree: Tree, path: str, dotted: str, roots: Iterable[str]) -> Value:
    """Return the value of `package.module.name`, to which a file refers; `roots` are the folders of packages."""
    module, _, name = dotted.rpartition(".")
    found = find(tree, module, roots)
    if not found:
        raise UnclearError(f"{path} refers to {dotted}, and that module is not in the repository")
    return Module(tree, found).text(name)


def find(tree: Tree, module: str, roots: Iterable[str]) -> str:
    """Return the path of a module; or blank."""
    parts = module.split(".")
    for root in roots:
        base = posixpath.normpath(posixpath.join(root, *parts))
        for path in (f"{base}/__init__.py", f"{base}.py"):
            if not base.startswith(("../", "/")) and tree.has(path):
                return path
    return ""


def parse(tree: Tree, path: str) -> tuple[ast.Module, str]:
    """Return the syntax tree of a Python file, and its text."""
    text = tree.read(path, regular.MIB)
    try:
        return ast.parse(text), text
    except (RecursionError, MemoryError) as error:
        raise UnclearError(f"{path} cannot be parsed: it is nested too deep") from error
    except (SyntaxError, ValueError) as error:
        raise UnclearError(f"{path} cannot be parsed: {sentence(error)}", "correct the file") from None


class Module:
    """The names that one module assigns or imports."""

    def __init__(self, tree: Tree, path: str, steps: int = STEPS) -> None:
        self._tree, self._path, self._steps = tree, path, steps
        module, self._text = parse(tree, path)
        self._bound: dict[str, list[ast.expr | ast.ImportFrom | None]] = {}
        for statement in module.body:
            for name, what in _bindings(statement):
                self._bound.setdefault(name, []).append(what)

    def text(self, name: str) -> Value:
        """Return the version that a name stands for, with the file that has it."""
        bound = self._bound.get(name, [])
        if not bound:
            raise AbsentError(f"{self._path} has no {name}", f"name the variable: {self._path}#NAME")
        if len(bound) == 1 and isinstance(bound[0], ast.ImportFrom):
            return self._imported(name, bound[0])
        if len(bound) == 1 and isinstance(bound[0], ast.expr) and (read := self._read(bound[0])):
            return read
        return Value(text_of(self._path, name, self._value(ast.Name(name), name)), self._path)

    def evaluate(self, node: ast.expr, name: str) -> Value:
        """Return the version that an expression of this module stands for; `name` is what messages call it."""
        if isinstance(node, ast.Name) and node.id in self._bound:
            return self.text(node.id)
        if read := self._read(node):
            return read
        return Value(text_of(self._path, name, self._value(node, name)), self._path)

    def _read(self, node: ast.expr) -> Value | None:
        segment = ast.get_source_segment(self._text, node) if isinstance(node, ast.Call | ast.Subscript) else None
        return file_that_is_read(self._tree, self._path, segment) if segment else None

    def _imported(self, name: str, statement: ast.ImportFrom) -> Value:
        original = next((alias.name for alias in statement.names if (alias.asname or alias.name) == name), name)
        above = folders_above(self._path)
        roots = above[statement.level - 1 : statement.level] if statement.level else above
        path = find(self._tree, statement.module, roots) if statement.module else ""
        if not path or not self._steps:
            raise self._computed(name)
        return Module(self._tree, path, self._steps - 1).text(original)

    def _value(self, node: ast.expr, name: str, steps: int = STEPS) -> Any:
        """Return a constant, or what is made of constants in one of the usual ways."""
        if steps:
            match node:
                case ast.Constant(constant):
                    return constant
                case ast.Name(other) if len(bound := self._bound.get(other, [])) == 1:
                    return self._of_name(other, bound[0], steps)
                case ast.Tuple(parts) | ast.List(parts):
                    return ".".join(str(self._value(part, name, steps - 1)) for part in parts)
                case ast.JoinedStr(parts):
                    return "".join(str(self._value(part, name, steps - 1)) for part in parts)
                case ast.FormattedValue(part, -1, None):
                    return self._value(part, name, steps - 1)
                case ast.Call(ast.Name("str"), [part], []):
                    return str(self._value(part, name, steps - 1))
                case ast.Call(ast.Attribute(ast.Constant("."), "join"), [part], []):
                    return self._value(_joined(part), name, steps - 1)
        raise self._computed(name)

    def _of_name(self, name: str, bound: ast.expr | ast.ImportFrom | None, steps: int) -> Any:
        if isinstance(bound, ast.ImportFrom):
            return self._imported(name, bound).text
        if bound is None:
            raise self._computed(name)
        return self._value(bound, name, steps - 1)

    def _computed(self, name: str) -> UnclearError:
        return UnclearError(f"{self._path} computes {name}, and nothing of it is run to find the version")


def _joined(node: ast.expr) -> ast.expr:
    """Return what is made into texts: X of `map(str, X)`, and of `str(part) for part in X`."""
    match node:
        case ast.Call(ast.Name("map"), [ast.Name("str"), parts], []):
            return parts
        case ast.GeneratorExp(
            ast.Call(ast.Name("str"), [ast.Name(part)], []), [ast.comprehension(ast.Name(each), parts, [], 0)]
        ) if part == each:
            return parts
    return node


def _bindings(statement: ast.stmt) -> Iterator[tuple[str, ast.expr | ast.ImportFrom | None]]:
    """Yield each name that a statement binds, with what it is bound to; None if that depends."""
    match statement:
        case ast.Assign(targets, bound):
            yield from ((target.id, bound) for target in targets if isinstance(target, ast.Name))
        case ast.AnnAssign(ast.Name(name), _, bound):
            if bound:
                yield name, bound
        case ast.ImportFrom():
            yield from ((name, statement) for name in _imported(statement))
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            pass  # the names inside are others
        case _:
            for node in ast.walk(statement):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    yield node.id, None
                elif isinstance(node, ast.ImportFrom):
                    yield from ((name, None) for name in _imported(node))


def _imported(statement: ast.ImportFrom) -> Iterator[str]:
    yield from (alias.asname or alias.name for alias in statement.names)
