"""The default run of the tests leaves out further members of slow kinds, says so, and no kind is left out."""

from pathlib import Path

import pytest

SOURCE = """
import pytest

@pytest.fixture
def settings(): pass
@pytest.mark.parametrize("kind", range(5))
def test_few(settings, kind): pass
@pytest.mark.parametrize("kind", range(9))
def test_many(settings, kind): pass
@pytest.mark.sweep
@pytest.mark.parametrize("one", range(2))
@pytest.mark.parametrize("other", range(3))
def test_marked(one, other): pass
@pytest.mark.parametrize("kind", range(9))
def test_cheap(kind): pass
def test_alone(settings): pass
@pytest.mark.sweep
def test_of_an_executor(): pass
"""
KEPT = {
    "test_few[0]",
    "test_many[0]",
    "test_many[8]",
    "test_marked[0-0]",
    *(f"test_cheap[{number}]" for number in range(9)),
    "test_alone",
}
ALL = 5 + 9 + 6 + 9 + 2


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    """A suite with our plugin, as here by its conftest."""
    root = str(Path(__file__).parents[1])
    pytester.makeconftest(f"import sys\nsys.path.insert(0, {root!r})\npytest_plugins = ['tests.sweeps']\n")
    pytester.makeini("[pytest]\nmarkers = sweep\n")
    pytester.makepyfile(SOURCE)
    return pytester


def ran(suite: pytest.Pytester, *options: str) -> tuple[set[str], str]:
    """Return the names of the tests that ran, and what was printed."""
    done = suite.runpytest_inprocess("-p", "no:randomly", "-v", *options)
    lines = [line for line in done.outlines if "PASSED" in line]
    return {line.partition("::")[2].split(" ")[0] for line in lines}, done.stdout.str()


@pytest.mark.parametrize("options", [(), (".",), ("-p", "randomly")], ids=" ".join)
def test_the_first_members_run_by_default(suite: pytest.Pytester, options: tuple[str, ...]) -> None:
    """Of many the last, too; what is cheap runs as a whole, and the number of the others is said."""
    names, text = ran(suite, *options)
    assert names == KEPT
    assert f"{ALL - len(KEPT)} further members of kinds were left out: pytest --all runs them, too" in text
    assert f"{ALL - len(KEPT)} deselected" in text


@pytest.mark.parametrize("options", [("--all",), ("test_the_whole.py",), ("-k", "test")], ids=" ".join)
def test_every_member_runs_that_is_asked_for(suite: pytest.Pytester, options: tuple[str, ...]) -> None:
    """By the option, by a file, by a name."""
    names, text = ran(suite, *(word.replace("the_whole", "every_member_runs_that_is_asked_for") for word in options))
    assert len(names) == ALL
    assert "left out" not in text


def test_the_controller_of_workers_says_it(suite: pytest.Pytester) -> None:
    """It collects nothing itself."""
    _, text = ran(suite, "-p", "xdist", "-n", "1")
    assert f"{ALL - len(KEPT)} further members of kinds were left out" in text
