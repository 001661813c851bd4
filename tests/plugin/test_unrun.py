"""A call that runs nothing of what it calls is found in a gate file, and what only resembles one is not."""

import re
import textwrap
from pathlib import Path
from types import ModuleType

import pytest

from release_sentinel.plugin.unrun import unrun
from tests.conftest import Sentinel

HEAD = """
import contextlib, sys, time
from contextlib import asynccontextmanager, contextmanager
import helpers, pytest
def check(): yield 1
async def pages(): yield 1
@contextmanager
def running(): yield
@asynccontextmanager
async def serving(): yield
def plain(): return 1
class Queue:
    def check(self): yield 1
"""
FOUND = {
    "check()": ("a generator, which has to be iterated over", "check()"),
    "check() in a branch": ("a generator, which", "if 1:\n        check()"),
    "pages()": ("an async generator, which has to be iterated over by `async for`", "pages()"),
    "running()": ("a context manager, which has to be entered by `with`", "running()"),
    "serving()": ("a context manager, which", "serving()"),
    "helpers.check(1)": ("a generator, which", "helpers.check(1)"),
    "check() in a function": ("a generator, which", "def inner(): check()\n    inner()"),
}
IDLE = {
    "check": ("call it, or leave it out", "check"),
    "check in a branch": ("call it, or leave it out", "if gate:\n        plain()\n    else:\n        check"),
    "gate == 2": ("write `assert` before it", "gate == 2"),
    "plain() != 2": ("write `assert` before it", "with open(__file__):\n        plain() != 2"),
    "1 < plain() < 2": ("write `assert` before it", "class A:\n        def b(self): 1 < plain() < 2"),
    "not plain()": ("write `assert` before it", "not plain()"),
    "gate and plain() == 2": ("write `assert` before it", "gate and plain() == 2"),
    "(gate == 2, 'wrong')": ("write `assert` before it", "gate == 2, 'wrong'"),
    "(plain() for one in gate)": ("it makes a generator, which has to be iterated", "(plain() for one in gate)"),
    "lambda: plain()": ("call it", "lambda: plain()"),
    "plain": ("call it, or leave it out", "try: plain\n    except ValueError: pass"),
    "gate > 2": ("write `assert` before it", "try: plain()\n    except NameError: gate > 2"),
}
LEAVING = {
    "return": "try: plain()\n    finally:\n        return",
    "return 1": "try: plain()\n    except ValueError: pass\n    finally:\n        if plain():\n            return 1",
    "return in a loop": "try: plain()\n    finally:\n        for one in (1, 2):\n            return one",
    "break": "for one in (1, 2):\n        try: plain()\n        finally: break",
    "continue": "while plain() > 1:\n        try: plain()\n        finally: continue",
    "break behind a loop": (
        "for one in (1, 2):\n        try: plain()\n        finally:\n"
        "            for two in (1,): pass\n            else: break"
    ),
    "return in try in finally": "try: plain()\n    finally:\n        try: return\n        except ValueError: pass",
}
FINE = [
    "'text'",
    "...",
    "gate.attribute",
    "[plain() for one in (1, 2)]",
    "gate and plain()",
    "(plain(), plain())",
    "(lambda: plain())()",
    "with contextlib.suppress(NameError):\n        none_such",
    "with pytest.raises(TypeError), running():\n        gate < 'text'",
    "try: none_such\n    except (NameError, ValueError): pass",
    "for one in (1, 2):\n        try: plain()\n        finally:\n            for two in (1, 2): break",
    "try: plain()\n    finally:\n        def clean(): return 1\n        clean()",
    "try: return plain()\n    finally: plain()",
    "try: return plain()\n    except ValueError: return 1\n    else: return 2",
    "list(check())",
    "for one in check(): print(one)",
    "with running(): plain()",
    "found = check()",
    "plain()",
    "time.sleep(0)",
    "Queue().check()",  # not known without running it
    "helpers.none_such()",
    "check = print\n    check()",
    "from sys import exit as check\n    check()",
    "def check(): pass\n    check()",
    "(lambda check: check())(plain)",
    "sys.modules['x'].y.z()",
]


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[ModuleType, Path]:
    """A module of helpers, and an empty gate file."""
    helpers = ModuleType("helpers")
    exec("def check(host): yield host", vars(helpers))  # noqa: S102 - it has to be a real one
    monkeypatch.setitem(__import__("sys").modules, "helpers", helpers)
    return ModuleType("test_own"), tmp_path / "test_own.py"


def found(loaded: tuple[ModuleType, Path], body: str) -> list[str]:
    """Return what is said of a gate with a body."""
    module, path = loaded
    source = f"{HEAD}def test_own(gate):\n    {body}\n"
    path.write_text(source, encoding="utf-8")
    exec(source, vars(module))  # noqa: S102 - as it is loaded
    return list(unrun(module, path))


@pytest.mark.parametrize("kind", FOUND)
def test_a_call_that_runs_nothing(loaded: tuple[ModuleType, Path], kind: str) -> None:
    """The sentence names the place, the call and what it makes."""
    words, body = FOUND[kind]
    (said,) = found(loaded, body)
    assert said.startswith("test_own.py, line ")
    assert f"`{kind.partition(' ')[0]}` runs nothing: it makes {words}" in said


@pytest.mark.parametrize("kind", IDLE)
def test_a_statement_that_does_nothing(loaded: tuple[ModuleType, Path], kind: str) -> None:
    """A call or an `assert` was forgotten."""
    words, body = IDLE[kind]
    (said,) = found(loaded, body)
    assert f"`{kind.partition(' in ')[0]}` does nothing: {words}" in said or f"`{kind}` does nothing: {words}" in said


@pytest.mark.parametrize("kind", LEAVING)
def test_a_finally_that_drops_an_exception(loaded: tuple[ModuleType, Path], kind: str) -> None:
    """That of an assert is among them."""
    (said,) = found(loaded, LEAVING[kind])
    assert f"`{kind.partition(' ')[0]}` in `finally` drops what has failed before it" in said


@pytest.mark.parametrize("body", FINE)
def test_a_call_that_runs(loaded: tuple[ModuleType, Path], body: str) -> None:
    """Also where a function gives the name another meaning."""
    assert found(loaded, body) == []


def test_a_file_that_has_gone(tmp_path: Path) -> None:
    """Nothing is known of it, and that is said."""
    (said,) = unrun(ModuleType("test_own"), tmp_path / "test_own.py")
    assert said.startswith("test_own.py cannot be read again: ")


@pytest.mark.parametrize("plain", [False, True], ids=["release-sentinel", "pytest"])
def test_a_gate_with_such_a_call_holds_the_release_back(sentinel: Sentinel, *, plain: bool) -> None:
    """Its author believes that it has run."""
    source = """
        def check():
            assert False
            yield
        def wrong(): raise AssertionError
        @pytest.mark.policy
        def test_own():
            assert True
            {}
        """
    lines = {
        "check()": "`check()` runs nothing: it makes a generator, which has to be",
        "wrong": "`wrong` does nothing: call it",
        "1 == 2": "`1 == 2` does nothing: write `assert` before it",
        "try: assert 1 == 2\n    finally: return": "`return` in `finally` drops what has failed before it",
        "next(iter([check]))": "",
    }
    for call, words in lines.items():
        sentinel.gate(textwrap.dedent(source).format(call))
        run = (sentinel.pytest if plain else sentinel)()
        assert run.code == bool(words), run.out
        assert not words or any(
            re.match(rf"\[INCOMPLETE\] test_own.py, line 1\d: {re.escape(words)}", line) for line in run.block
        ), run.out
