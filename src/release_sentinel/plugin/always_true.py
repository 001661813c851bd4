"""Asserts that hold whatever they ask about: on a coroutine, a function, an iterator, a failed process, a text."""

import ast
import inspect
import re
from functools import cache
from types import BuiltinFunctionType, FrameType, FunctionType, MethodType

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
_FUNCTION_SHOWN = re.compile(r"<(?:function|built-in function|built-in method|bound method) (?:\S*\.)?(\w+)[ >]")
_TRUTHS = re.compile(r"is(instance|subclass)|(is|has)_\w+|hasattr|all|any|bool|callable|(start|end)swith|exists")


def always_true(orig: str, explanation: str, line: int) -> str:
    """Return what is wrong with an assert that holds; blank where it could have failed.

    `orig` is its source without the message, `explanation` what pytest says of its values, `line` where it is.
    """
    asked = _parsed(orig)
    if asked is None:
        return ""
    kind = _kind_of_source(asked) or _kind_of_value(asked, explanation.partition("\n")[0], line)
    return f"`assert {orig}` in line {line} always holds: it is {kind}" if kind else ""


@cache
def _parsed(orig: str) -> ast.expr | None:
    try:
        return ast.parse(f"({orig}\n)", mode="eval").body
    except SyntaxError:
        return None


def _kind_of_source(asked: ast.expr) -> str:
    """Judge an assert by its source alone. `assert True` and `assert 1` say themselves that they ask nothing."""
    match asked:
        case ast.Constant(value=str() | bytes()) | ast.JoinedStr():
            return "a text: write the condition without quotation marks"
        case ast.ListComp(elt=elt, generators=loops) | ast.SetComp(elt=elt, generators=loops):
            return "a list of truths, each of which may be false: write all(...)" if _asks_all(elt, loops) else ""
        case ast.DictComp(value=value, generators=loops):
            return "a dict of truths, each of which may be false: write all(...)" if _asks_all(value, loops) else ""
        case ast.List(elts=found) | ast.Set(elts=found) | ast.Tuple(elts=found):
            whole = all(isinstance(one, ast.Starred) for one in found)
            return "" if whole else "a list, whatever is in it: write the condition without brackets"
        case ast.Dict(keys=keys) if any(keys):
            return "a dict, whatever is in it: write the condition without brackets"
        case ast.BoolOp(op=ast.Or(), values=parts) if any(map(_holds, parts)):
            return "true by what `or` adds, whatever the rest says: compare with each value"
    return ""


def _holds(part: ast.expr) -> bool:
    return bool(part.value) if isinstance(part, ast.Constant) else bool(_kind_of_source(part))


def _asks_all(element: ast.expr, loops: list[ast.comprehension]) -> bool:
    """Tell a forgotten `all` from the question whether there is anything: the loops choose nothing."""
    return _is_truth(element) and not any(loop.ifs for loop in loops)


def _is_truth(element: ast.expr) -> bool:
    match element:
        case ast.Compare() | ast.UnaryOp(op=ast.Not()):
            return True
        case ast.BoolOp(values=parts):
            return all(map(_is_truth, parts))
        case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
            return _TRUTHS.fullmatch(name) is not None
    return False


def _kind_of_value(asked: ast.expr, shown: str, line: int) -> str:
    """Judge an assert by what pytest shows of its value."""
    if isinstance(asked, ast.Compare | ast.BoolOp | ast.UnaryOp):
        return ""
    for pattern, kind in _OBJECTS:
        if re.match(pattern, shown):
            return kind
    match asked:
        case ast.Lambda():
            return _FUNCTION
        case ast.Attribute(attr=name):  # of a method pytest shows only the name
            function = _FUNCTION_SHOWN.match(shown)
            return _FUNCTION if shown == name or (function and function[1] == name) else ""
        case ast.Name(id=name):
            return _kind_of_name(name, line)
    return ""


def _kind_of_name(name: str, line: int) -> str:
    """Judge an assert on a name: what was defined by that name is never missing. Another value may be."""
    for frame in _frames(line):
        names = {**frame.f_globals, **frame.f_locals}
        if name not in names:
            continue
        value = names[name]
        if isinstance(value, FunctionType | MethodType | BuiltinFunctionType):
            return _FUNCTION if value.__name__ == name else ""
        is_own = isinstance(value, type) and type(value) is type and value.__module__ == frame.f_globals.get("__name__")
        return "a class: make an instance of it" if is_own and value.__name__ == name else ""
    return ""


def _frames(line: int) -> list[FrameType]:
    """Return the frames in which an assert in this line may just have held, the innermost first."""
    found = []
    frame: FrameType | None = inspect.currentframe()
    while frame is not None:
        if frame.f_lineno == line:
            found.append(frame)
        frame = frame.f_back
    return found
