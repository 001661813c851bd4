"""Asserts that hold whatever they ask about: on a coroutine, a function, an iterator, a process that has failed."""

import ast
import inspect
import re
from functools import cache
from types import BuiltinFunctionType, FrameType, FunctionType, MethodType, ModuleType

# What pytest's explanation of an assert begins with, and what to write instead.
_OBJECTS = (
    (r"<coroutine object |<coroutine_wrapper object ", "a coroutine: await it"),
    (r"<async_generator object ", "an async generator: iterate over it with `async for`"),
    (
        r"<generator object |<(map|filter|zip|enumerate|reversed|itertools\.\w+|\w*_iterator) object ",
        "an iterator: write all(...) or any(...), or iterate over it",
    ),
    (r"<contextlib\._\w+ContextManager object ", "a context manager: enter it by `with`"),
    (r"<(Task|_GatheringFuture) ", "a task: await it"),
    (r"<Future ", "a future: await it, or ask for its result()"),
    (r"<multiprocessing\.pool\.\w+Result ", "a result that is not there yet: ask for it with get()"),
    (r"CompletedProcess\(|<\w*Popen: ", "a process, whatever its exit code: compare its returncode with 0"),
)
_FUNCTION = "a function: call it, or write `is not None`"


def always_true(orig: str, explanation: str, line: int) -> str:
    """Return what is wrong with an assert that holds; blank where it could have failed.

    `orig` is its source without the message, `explanation` what pytest says of its values, `line` where it is.
    """
    first = explanation.partition("\n")[0]
    asked = _parsed(orig) if first.isidentifier() or first.startswith(("<", "CompletedProcess(")) else None
    if asked is None or isinstance(asked, ast.Compare | ast.BoolOp | ast.UnaryOp):
        return ""
    kind = next((kind for pattern, kind in _OBJECTS if re.match(pattern, first)), "")
    if not kind and isinstance(asked, ast.Name | ast.Attribute | ast.Lambda):
        kind = _kind_of_name(asked, first, line)
    return f"`assert {orig}` in line {line} always holds: it is {kind}" if kind else ""


@cache
def _parsed(orig: str) -> ast.expr | None:
    try:
        return ast.parse(f"({orig}\n)", mode="eval").body
    except SyntaxError:
        return None


def _kind_of_name(asked: ast.Name | ast.Attribute | ast.Lambda, first: str, line: int) -> str:
    """Judge an assert on a name or on an attribute. Of a method, and of what is global, pytest shows only the name."""
    if first.startswith(("<function ", "<built-in ", "<bound method ")):
        return _FUNCTION
    if not isinstance(asked, ast.Name):
        return _FUNCTION if isinstance(asked, ast.Attribute) and first == asked.attr else ""
    value = _value(asked.id, line)
    if isinstance(value, FunctionType | MethodType | BuiltinFunctionType):
        return _FUNCTION
    if isinstance(value, ModuleType) or (isinstance(value, type) and type(value) is type):
        return "a module or class"
    return ""


def _value(name: str, line: int) -> object:
    """Return the value of a name where an assert in this line has just held; None where that is not found."""
    frame: FrameType | None = inspect.currentframe()
    while frame is not None:
        if frame.f_lineno == line and name in {*frame.f_locals, *frame.f_globals}:
            return frame.f_locals.get(name, frame.f_globals.get(name))
        frame = frame.f_back
    return None
