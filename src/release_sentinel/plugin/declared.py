"""What a gate folder declares, read without running it: the gates that a run has to account for.

pytest leaves tests out without a word: a second function of one name, a class with another name or a constructor, a
file or folder that a setting ignores. The author of such a gate believes that it guards the release.
"""

import ast
from collections import Counter
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from pathlib import Path

from msgspec import Struct

from release_sentinel.arguments import GATE_FOLDER

_FILES = ("test_*.py", "*_test.py")
_MARKS = (b"mark.policy", b"mark.critical")
_ENDINGS = tuple(mark.decode() for mark in _MARKS)


class Declared(Struct, frozen=True):
    """One test function as the source has it: `path`, and its name within the file (`TestDisk::test_space`)."""

    path: Path
    name: str
    times: int  # how often the source defines it; the last definition hides the others


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
    for path in folder.rglob("*.py"):
        name = ".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__")
        yield from (name, f"{folder.name}.{name}")


def gates_in(folder: Path) -> Iterator[Declared]:
    """Yield every gate that the Python files below `folder` declare."""
    for path in sorted(folder.rglob("*.py")):
        try:
            source = path.read_bytes()  # the parser knows byte order marks and coding lines
            tree = ast.parse(source)
        except (OSError, ValueError, SyntaxError):
            continue  # pytest reports what it cannot import
        if any(fnmatch(path.name, pattern) for pattern in _FILES) or any(mark in source for mark in _MARKS):
            for name, times in _tests(tree.body).items():
                yield Declared(path.resolve(), name, times)


def _tests(body: Iterable[ast.stmt], within: str = "") -> "Counter[str]":
    """Count the definitions of each gate; of branches that exclude one another, only one can take place."""
    found: Counter[str] = Counter()
    for statement in body:
        match statement:
            case ast.ClassDef():
                found += _tests(statement.body, f"{within}{statement.name}::")
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                if statement.name.startswith("test") or any(map(_marks, statement.decorator_list)):
                    found[f"{within}{statement.name}"] += 1
            case ast.If():
                found += _tests(statement.body, within) | _tests(statement.orelse, within)
            case ast.Try() | ast.TryStar():
                whole = _tests([*statement.body, *statement.orelse], within)
                for handler in statement.handlers:
                    whole |= _tests(handler.body, within)
                found += whole + _tests(statement.finalbody, within)
            case ast.With() | ast.For() | ast.While():
                found += _tests(statement.body, within)
    return found


def _marks(decorator: ast.expr) -> bool:
    """Tell whether a decorator is one of the gates' markers, with or without arguments."""
    name = ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)
    return name.endswith(_ENDINGS)
