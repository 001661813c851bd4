"""An assert is refused only where nothing could make it fail; real runs of it are in `test_unnoticed.py`."""

import inspect
import subprocess
from pathlib import Path

import pytest

from release_sentinel.plugin.always_true import always_true

COROUTINE = "<coroutine object healthy at 0x7f780769b530>"
FUNCTION = "<function run at 0x7f2de0>"


def own() -> None:
    """Stand for a function that an assert asks about, and forgets to call."""


class Own:
    """Stands for a class of a gate file."""


other = own  # which may as well be None

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
    ("subprocess.run", "run", "a function"),
    ("own", FUNCTION, "a function"),
    ("Own", "Own", "a class"),
    ("lambda: x", "<function <lambda> at 0x7f>", "a function"),
    ("[x == 1 for x in xs]", "[False]", "a list of truths"),
    ("[not x for x in xs]", "[False]", "a list of truths"),
    ("[is_up(x) and 1 < x < 3 for x in xs]", "[False]", "a list of truths"),
    ("[name.startswith('v') for name in names]", "[False]", "a list of truths"),
    ("{x == 1 for x in xs}", "{False}", "a list of truths"),
    ("{x: x == 1 for x in xs}", "{1: False}", "a dict of truths"),
    ("'x == 6'", "'x == 6'", "a text"),
    ("b'x'", "b'x'", "a text"),
    ("f'{x == 6}'", "'False'", "a text"),
    ("[x == 6]", "[False]", "a list"),
    ("{x == 6}", "{False}", "a list"),
    ("{'x': x}", "{'x': 1}", "a dict"),
    ("x == 200 or 204", "(False or 204)", "true by what `or` adds"),
    ("x == 6 or 'x is not 6'", "(False or 'x is not 6')", "true by what `or` adds"),
]
RIGHT = [
    ("subprocess", "subprocess"),  # None where it could not be imported
    ("Path", "Path"),
    ("other", FUNCTION),
    ("client.on_error", "<function ask at 0x7f>"),
    ("[x for x in xs if x == 1]", "[1]"),
    ("[x == 1 for x in xs if x]", "[False]"),
    ("[host.name for host in hosts]", "['web1']"),
    ("[parsed(line) for line in lines]", "[1]"),
    ("[*hosts]", "['web1']"),
    ("{**hosts}", "{'web1': 1}"),
    ("{host: 1 for host in hosts}", "{'web1': 1}"),
    ("x == 6 and 'x is 6'", "(True and 'x is 6')"),
    ("first or second", "(None or 1)"),
    ("x or ''", "(1 or '')"),
    ("1", "1"),
    ("f'{x}'.strip()", "'x'"),
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
    frame = inspect.currentframe()
    assert frame
    line = frame.f_lineno + 1
    said = always_true(asked, explanation, line)
    assert said == "", (subprocess, Path)
