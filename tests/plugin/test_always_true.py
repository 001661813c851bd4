"""An assert is refused only where nothing could make it fail; real runs of it are in `test_unnoticed.py`."""

import inspect
import subprocess

import pytest

from release_sentinel.plugin.always_true import always_true

COROUTINE = "<coroutine object healthy at 0x7f780769b530>"
FUNCTION = "<function run at 0x7f2de0>"
MODULE = subprocess  # a name that stands for a module where the asserts are

WRONG = [
    ("healthy()", f"{COROUTINE}\n +  where {COROUTINE} = healthy()", "a coroutine"),
    ("client.check(\n  1,\n)", COROUTINE, "a coroutine"),
    ("pages()", "<async_generator object pages at 0x7f>", "an async generator"),
    ("zip(a, b)", "<zip object at 0x7f>", "an iterator"),
    ("running()", "<contextlib._GeneratorContextManager object at 0x7f>", "a context manager"),
    ("iter(a)", "<list_iterator object at 0x7f>", "an iterator"),
    ("pool.apply_async(f)", "<multiprocessing.pool.ApplyResult object at 0x7f>", "a result that is not there yet"),
    ("asyncio.gather(f())", "<_GatheringFuture pending>", "a task"),
    ("subprocess.run", FUNCTION, "a function"),
    ("Queue().is_short", "is_short\n +  where is_short = <Queue>.is_short", "a function"),
    ("subprocess", "subprocess", "a module or class"),
]
RIGHT = [
    ("healthy() is not None", f"{COROUTINE} is not None"),  # fails by itself: nobody awaits it
    ("a or b", f"({COROUTINE} or b)"),
    ("not failures", "not []"),
    ("getattr(subprocess, 'run', None)", FUNCTION),
    ("handlers['x']", FUNCTION),
    ("client.ok", "True\n +  where True = <Client>.ok"),
    ("text", "'text'"),
    ("True", "True"),
    ("unknown_name", "unknown_name"),
    ("requests.get(url)", "<Response [200]>"),
    ("re.match('a', 'a')", "<re.Match object; span=(0, 1), match='a'>"),
    ("an explanation (", COROUTINE),
]


@pytest.mark.parametrize(("asked", "explanation", "kind"), WRONG, ids=lambda value: value[:20])
def test_what_is_true_whatever_it_stands_for(asked: str, explanation: str, kind: str) -> None:
    """The sentence has the expression, the line and what to do."""
    frame = inspect.currentframe()
    assert frame
    line = frame.f_lineno + 1
    said = always_true(asked, explanation, line)
    assert said.startswith(f"`assert {asked}` in line {line} always holds: it is {kind}")


@pytest.mark.parametrize(("asked", "explanation"), RIGHT, ids=lambda value: value[:20])
def test_what_could_have_failed(asked: str, explanation: str) -> None:
    """Comparisons, calls that may return a function or nothing, and whatever is not known."""
    assert always_true(asked, explanation, 7) == ""
