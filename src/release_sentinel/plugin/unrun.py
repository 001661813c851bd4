"""Statements of a gate file that run nothing, or that drop what fails.

A generator that is not iterated, a `with` that is missing, a check that is named and not called, a comparison without
`assert`, a `return` in `finally`. Python warns of none of them. A call of a coroutine function is not among them: see
`unnoticed`.
"""

import ast
import inspect
from collections.abc import Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from release_sentinel.sentences import words_of

_ANY: Any = iter  # which function they are given does not matter
# The code of every function that they return.
_MANAGERS = {getattr(make(_ANY), "__code__", None) for make in (contextmanager, asynccontextmanager)}
_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_Scope = _Function | ast.ClassDef
_Loop = ast.For | ast.AsyncFor | ast.While
_EXPECTS = ("raises", "suppress", "warns", "deprecated_call")  # a `with` of these wants the statement to fail
_BY_NAME = {"NameError", "UnboundLocalError", "TypeError"}  # what a name or a comparison fails with by itself


def unrun(module: ModuleType, path: Path) -> Iterator[str]:
    """Yield a sentence for each statement of a gate file that runs nothing, or that drops an exception.

    Names of what is called are looked up in the loaded module; those of a function's own are not known.
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
    for node in _idle(tree, within=False):
        yield f"{path.name}, line {node.lineno}: `{ast.unparse(node)}` does nothing: {_instead(node)}"
    for leaving in _leaving(tree):
        name = type(leaving).__name__.lower()
        yield (
            f"{path.name}, line {leaving.lineno}: `{name}` in `finally` drops what has failed before it, such as an "
            "assert: move it behind the `try`"
        )


def _idle(node: ast.AST, *, within: bool) -> Iterator[ast.expr]:
    """Yield the expressions that stand in a function (`within`) as a statement, and do nothing there."""
    within = within or isinstance(node, _Function)
    if isinstance(node, ast.Expr) and within and _does_nothing(node.value):
        yield node.value
    for field, value in ast.iter_fields(node):
        if field == "body" and _wants_failure(node):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _idle(child, within=within)


def _does_nothing(value: ast.expr) -> bool:
    match value:
        case ast.Name() | ast.Compare() | ast.UnaryOp(op=ast.Not()) | ast.Lambda() | ast.GeneratorExp():
            return True
        case ast.BoolOp(values=parts):
            return _does_nothing(parts[-1])
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            return any(map(_does_nothing, parts))
    return False


def _instead(value: ast.expr) -> str:
    match value:
        case ast.Name():
            return "call it, or leave it out"
        case ast.GeneratorExp():
            return "it makes a generator, which has to be iterated over"
        case ast.Lambda():
            return "call it"
    return "write `assert` before it"


def _wants_failure(node: ast.AST) -> bool:
    """Tell whether the body of a `with` or `try` may consist of what fails, such as an unknown name."""
    if isinstance(node, ast.With | ast.AsyncWith):
        calls = [item.context_expr for item in node.items]
        names = [_last(call.func) for call in calls if isinstance(call, ast.Call)]
        return any(name in _EXPECTS or name.startswith("assert") for name in names)
    if isinstance(node, ast.Try | ast.TryStar):
        kinds = [kind for handler in node.handlers if handler.type for kind in ast.walk(handler.type)]
        return any(isinstance(kind, ast.Name) and kind.id in _BY_NAME for kind in kinds)
    return False


def _leaving(node: ast.AST) -> Iterator[ast.stmt]:
    """Yield each statement by which a `finally` is left before its end."""
    if isinstance(node, ast.Try | ast.TryStar):
        for one in node.finalbody:
            yield from _exits(one, in_loop=False)
    for child in ast.iter_child_nodes(node):
        yield from _leaving(child)


def _exits(node: ast.AST, *, in_loop: bool) -> Iterator[ast.stmt]:
    if isinstance(node, ast.Return) or (isinstance(node, ast.Break | ast.Continue) and not in_loop):
        yield node
    if isinstance(node, _Scope):
        return
    for field, value in ast.iter_fields(node):
        looping = in_loop or (isinstance(node, _Loop) and field == "body")
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _exits(child, in_loop=looping)


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


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


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
