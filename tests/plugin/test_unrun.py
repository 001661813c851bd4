"""A call that runs nothing of what it calls is found in a gate file, and what only resembles one is not."""

import textwrap
from pathlib import Path
from types import ModuleType

import pytest

from release_sentinel.plugin.unrun import unrun
from tests.conftest import Sentinel

HEAD = """
import contextlib, sys, time
from contextlib import asynccontextmanager, contextmanager
import helpers
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
FINE = [
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
        @pytest.mark.policy
        def test_own():
            assert True
            {}
        """
    for call, code in (("check()", 1), ("next(iter([check]))", 0)):
        sentinel.gate(textwrap.dedent(source).format(call))
        run = (sentinel.pytest if plain else sentinel)()
        assert run.code == code, run.out
        told = "[INCOMPLETE] test_own.py, line 10: `check()` runs nothing: it makes a generator, which has to be"
        assert any(line.startswith(told) for line in run.block) == bool(code), run.out
