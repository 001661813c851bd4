"""Calls in a gate file that run nothing of what they call: a generator that is not iterated, a `with` that is missing.

Python warns of none of them. A coroutine function is not among them: see `unnoticed`.
"""

import ast
import inspect
from collections.abc import Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from release_sentinel.errors import words_of

_ANY: Any = iter  # which function they are given does not matter
# The code of every function that they return.
_MANAGERS = {getattr(make(_ANY), "__code__", None) for make in (contextmanager, asynccontextmanager)}
_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def unrun(module: ModuleType, path: Path) -> Iterator[str]:
    """Yield a sentence for each statement of a gate file that only calls what has to be iterated or entered.

    Names are looked up in the loaded module; those of a function's own are not known.
    """
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError) as error:
        yield f"{path.name} cannot be read again: {words_of(error)}"
        return
    for call in _statements(tree, frozenset()):
        kind = _kind(_value(call.func, module))
        if kind:
            yield f"{path.name}, line {call.lineno}: `{ast.unparse(call)}` runs nothing: it makes {kind}"


def _statements(node: ast.AST, own: frozenset[str]) -> Iterator[ast.Call]:
    """Yield the calls whose result is dropped, unless a function gives the name that they call another meaning."""
    if isinstance(node, _Function):
        own |= _names(node)
    for child in ast.iter_child_nodes(node):
        yield from _statements(child, own)
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and _first(node.value.func) not in own:
        yield node.value


def _names(function: _Function) -> frozenset[str]:
    """Return the names that a function binds: its parameters, and whatever it assigns, imports or defines."""
    bound = set()
    for node in ast.walk(function):
        match node:
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.ExceptHandler(name=str(name)):
                bound.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                bound.add(name)
            case ast.alias(name=name, asname=other):
                bound.add(other or name.partition(".")[0])
    return frozenset(bound)


def _first(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _value(node: ast.expr, module: ModuleType) -> object:
    """Return what a name of a module stands for; of a dotted one only where it leads through modules."""
    if isinstance(node, ast.Name):
        return vars(module).get(node.id)
    if isinstance(node, ast.Attribute):
        owner = _value(node.value, module)
        return vars(owner).get(node.attr) if isinstance(owner, ModuleType) else None
    return None


def _kind(value: object) -> str:
    if inspect.isgeneratorfunction(value):
        return "a generator, which has to be iterated over"
    if inspect.isasyncgenfunction(value):
        return "an async generator, which has to be iterated over by `async for`"
    if isinstance(value, FunctionType) and value.__code__ in _MANAGERS:
        return "a context manager, which has to be entered by `with`"
    return ""
