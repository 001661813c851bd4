"""Gates that an author believes in and pytest overlooks are missed; what only resembles one is not."""

from pathlib import Path

import pytest

from tests.conftest import CLI, PYTEST, RELEASE, Sentinel, each
from tests.plugin.test_proof import OK_GATE

WAYS = pytest.mark.parametrize("plain", [False, True], ids=["release-sentinel", "pytest"])
MARKED = "@pytest.mark.critical\ndef test_ready(): assert False\n"
INDENTED = "    @pytest.mark.critical\n    def test_ready(): assert False\n"

WITHIN = {
    "an indent too many": f"def more():\n    assert True\n{INDENTED}more()\npytestmark = pytest.mark.policy\n",
    "an indent too many, without a marker": (
        "pytestmark = pytest.mark.policy\ndef test_own():\n    assert True\n    def test_ready(): assert False\n"
    ),
    "within a condition of a function": f"{OK_GATE}def more():\n    if True:\n        @pytest.mark.policy\n"
    "        def test_ready(): assert False\nmore()\n",
    "a class within a function": f"{OK_GATE}def more():\n    @pytest.mark.policy\n    class test_ready: pass\nmore()\n",
    "a name that is taken away again": f"{OK_GATE}{MARKED}test_ready = None\n",
    "a name that is deleted": f"{OK_GATE}{MARKED}del test_ready\n",
    "a decorator of one's own": (
        f"def urgent(f): return pytest.mark.critical(f)\n@urgent\ndef check_ready(): assert False\n{OK_GATE}"
    ),
    "a decorator with a wrapper": (
        "def urgent(f):\n    @pytest.mark.critical\n    def inner(): f()\n    return inner\n"
        f"@urgent\ndef check_ready(): assert False\n{OK_GATE}"
    ),
    "a function that asserts within a gate": (
        "pytestmark = pytest.mark.policy\ndef test_own():\n    assert True\n    def test_ready(): assert False\n"
    ),
    "a marker by name": f"@getattr(pytest.mark, 'critical')\ndef check_ready(): assert False\n{OK_GATE}",
}


@each("kind", WITHIN)
def test_a_gate_that_is_no_test_of_its_file_is_missed(sentinel: Sentinel, kind: str, *, plain: bool) -> None:
    """Defined where pytest does not look, taken away, or marked in a way of the author's own."""
    sentinel.gate(WITHIN[kind])
    done = (sentinel.pytest if plain else sentinel)()
    name = "check_ready" if "check_ready" in WITHIN[kind] else "test_ready"
    assert done.code == 1, done.out
    assert f"[INCOMPLETE] no result from gate test_own.py::{name}: pytest did not collect it" in done.block, done.out


BELOW = "\ndef test_z(): assert False\n"
FILES = {
    "a list with a type": ("queue.py", f"pytestmark: list = [pytest.mark.policy]{BELOW}"),
    "a list that grows": ("queue.py", f"pytestmark = []\npytestmark += [pytest.mark.policy]{BELOW}"),
    "lists that are joined": ("queue.py", f"pytestmark = [] + [pytest.mark.policy]{BELOW}"),
    "one of two markers": (
        "queue.py",
        f"pytestmark = pytest.mark.policy if __debug__ else pytest.mark.critical{BELOW}",
    ),
    "a suffix with a number": ("test_z.py3", f"pytestmark = pytest.mark.policy{BELOW}"),
    "a suffix of a mail": ("test_z.py.txt", f"pytestmark = pytest.mark.policy{BELOW}"),
    "a misspelt marker": ("queue.py", f"pytestmark = pytest.mark.crtical{BELOW}"),
    "nearly the name of a test file": ("queue_tests.py", BELOW),
    "nearly the name of a test file, too": ("tests_queue.py", BELOW),
    "a marker of a helper": ("queue.py", "import marks\n@marks.urgent\ndef test_z(): assert False\n"),
    "an error": ("queue.py", "import pytest\n@pytest.mark.policy\ndef test_z() assert False\n"),
    "an error where pytest does not look": ("build/test_z.py", "@pytest.mark.policy\ndef test_z() assert False\n"),
}


@each("kind", FILES)
def test_a_gate_in_a_file_that_pytest_passes_over_is_missed(sentinel: Sentinel, kind: str, *, plain: bool) -> None:
    """Whatever its markers look like, and although it cannot be parsed."""
    name, source = FILES[kind]
    sentinel.gate(OK_GATE)
    sentinel.gate("def urgent(f): return pytest.mark.critical(f)\n", "marks.py")
    sentinel.repo.commit(f"gate_tests/{name}", source)
    done = (sentinel.pytest if plain else sentinel)()
    reason = f"gate {name}: it marks gates" if "error" in kind else f"gate {name}::test_z: pytest did not collect it"
    assert done.code == 1, done.out
    assert any(f"no result from {reason}" in line for line in done.block), done.out


NO_GATES = """
import abc
import functools
import sys
from typing import TYPE_CHECKING, Protocol
from pytest import fixture as made
pytestmark = pytest.mark.policy
module = pytest.fixture(scope="module")

@pytest.fixture
def test_db(): return 1
@made
def test_cache(): return 1
@module
def test_queue(): return 1
class Client:
    def __init__(self, name): self.name = name
    def test_connection(self): return self.name
class Probe(abc.ABC):
    @abc.abstractmethod
    def test_connection(self): ...
class Db(Probe):
    def test_connection(self): return True
class Source(Protocol):
    def test_connection(self): ...
class Quiet:
    __test__ = False
    def test_connection(self): assert False
def test_helper(): assert False
test_helper.__test__ = False
class TestOwn:
    @pytest.fixture
    def test_data(self): return 1
    @property
    def test_url(self): return "http://shop"
    @functools.cached_property
    def test_name(self): return "shop"
    def test_own(self, test_data, test_db, test_cache, test_queue):
        '''>>> 1 + 1
        3
        '''
        assert self.test_url and Client("shop").test_connection() and Db().test_connection()
if sys.platform == "win32":
    def test_windows(): assert False
if TYPE_CHECKING:
    def test_typing(): assert False
def make(name):
    @pytest.mark.policy
    def test(): assert name
    return test
test_made = make("shop")
def outer():
    def test_inner(): return True
    assert test_inner()
def test_outer():
    outer()
    assert True
"""


@WAYS
def test_what_only_has_the_name_of_a_test_is_no_gate(sentinel: Sentinel, *, plain: bool) -> None:
    """Fixtures, properties, helpers, examples, what says so itself, and what tools and editors leave beside gates."""
    sentinel.repo.write(".gitignore", ".ipynb_checkpoints\n.venv\n.#*\n*~\n")
    sentinel.repo.write("gate_tests/hosts.txt", ">>> 1 + 1\n3\n")
    sentinel.repo.write("gate_tests/.ipynb_checkpoints/test_own-checkpoint.py", OK_GATE)
    sentinel.repo.write("gate_tests/.venv/pyvenv.cfg", "home = /usr/bin\n")
    sentinel.repo.write("gate_tests/.venv/lib/test_lib.py", OK_GATE)
    sentinel.repo.write("gate_tests/test_own.py~", OK_GATE)
    (sentinel.repo.path / "gate_tests" / ".#test_own.py").symlink_to("user@host.4711:1796200000")
    sentinel.gate(NO_GATES)
    done = (sentinel.pytest if plain else sentinel)("--doctest-modules", "--doctest-glob=*.txt")
    assert done.code == 0, done.out
    assert {"own", "outer", "made"} <= set(done.statuses)


def project(sentinel: Sentinel, place: str, source: str = MARKED) -> Path:
    """Give a folder of the repository gates of its own."""
    sentinel.repo.commit(f"{place}/gate_tests/test_shop.py", f"import pytest\n{source}")
    return sentinel.repo.path / place


@pytest.mark.sweep
@WAYS
def test_the_gates_of_the_folder_of_the_run_are_run(sentinel: Sentinel, *, plain: bool) -> None:
    """In a project of a larger repository, beside those of the whole one, and not those of another project."""
    sentinel.gate(OK_GATE)
    project(sentinel, "services/api")
    shop = project(sentinel, "services/shop")
    done = (sentinel.pytest if plain else sentinel)(cwd=shop)
    assert (done.code, done.statuses["ready"], done.statuses["own"]) == (2, "CRIT", "OK"), done.out
    project(sentinel, "services/shop", MARKED.replace("False", "True"))
    done = (sentinel.pytest if plain else sentinel)(cwd=shop)
    assert (done.code, done.statuses["ready"], done.statuses["own"]) == (0, "OK", "OK"), done.out


@each("place", ["services/shop", "tests", "a b/ü"])
def test_gates_in_a_folder_below_are_not_forgotten(sentinel: Sentinel, place: str, *, plain: bool) -> None:
    """They are no part of the run, unless they are named; a project with a policy of its own has its own runs."""
    run = sentinel.pytest if plain else sentinel
    sentinel.gate(OK_GATE)
    project(sentinel, place)
    done = run()
    assert done.code == 1, done.out
    missed = f"no result from gate {place}/gate_tests: it is not read: name it as an argument"
    assert any(missed in line for line in done.block), done.out
    assert run(f"{place}/gate_tests").code == 2
    sentinel.repo.commit(f"{place}/release-sentinel.toml", "")
    done = run()
    assert done.code == 0, done.out


@WAYS
def test_a_folder_below_without_gates_is_nothing(sentinel: Sentinel, *, plain: bool) -> None:
    """Its name alone says nothing."""
    sentinel.gate(OK_GATE)
    project(sentinel, "electronics", "def test_nand(): assert True\n")
    done = (sentinel.pytest if plain else sentinel)()
    assert done.code == 0, done.out


CONFCUT = {"--noconftest": "--noconftest", "--confcutdir": "--confcutdir={}/gate_tests"}


@each("option", CONFCUT)
def test_the_conftest_at_the_top_is_not_left_out(sentinel: Sentinel, option: str, *, plain: bool) -> None:
    """It may hold what makes the gates strict, wherever it is above them."""
    run = sentinel.pytest if plain else sentinel
    word = CONFCUT[option].format(sentinel.repo.path)
    sentinel.gate(OK_GATE)
    assert run(word).code == 0
    sentinel.repo.commit("conftest.py", "")
    done = run(word)
    assert done.code == 1, done.out
    assert (
        f"[INCOMPLETE] {option} leaves out conftest.py, which the gates below it rely on: run without it" in done.block
    )


FIRST_ONLY = """
import pytest
@pytest.hookimpl(wrapper=True)
def pytest_pycollect_makeitem(collector, name, obj):
    made = yield
    return made[:1] if isinstance(made, list) else made
"""
TWICE = """
@pytest.mark.critical
@pytest.mark.parametrize("host", ["web1", "web2"])
@pytest.mark.parametrize("port", [80, 443])
def test_ready(host, port): assert True
"""


@WAYS
def test_a_conftest_that_makes_but_a_part_of_a_gate_is_noticed(sentinel: Sentinel, *, plain: bool) -> None:
    """Each set of parameters that the marks give is owed, whatever makes the items."""
    run = sentinel.pytest if plain else sentinel
    sentinel.gate(TWICE)
    assert run().code == 0
    sentinel.repo.commit("gate_tests/conftest.py", FIRST_ONLY)
    done = run()
    assert done.code == 1, done.out
    missed = "no result from gate ready[...]: pytest collected 1 of its 4 sets of parameters"
    assert any(missed in line for line in done.block), done.out


@WAYS
def test_a_conftest_with_a_hook_that_does_not_exist_breaks_no_built_in_gate(sentinel: Sentinel, *, plain: bool) -> None:
    """It is a conftest that cannot be loaded, as any other."""
    sentinel.repo.commit("gate_tests/conftest.py", "def pytest_no_such_hook(): pass\n")
    sentinel.repo.commit("gate_tests/hosts.json", "{}")
    done = (sentinel.pytest if plain else sentinel)()
    assert done.code == 0, done.out
    assert any("conftest.py cannot be loaded (pytest has no hook pytest_no_such_hook)" in line for line in done.block)
    sentinel.gate(OK_GATE)
    done = (sentinel.pytest if plain else sentinel)()
    assert done.code == 1, done.out
    assert any("no result from gate test_own.py::test_own: gate_tests/conftest.py" in line for line in done.block)


@WAYS
def test_a_link_in_circles_is_followed_once(sentinel: Sentinel, *, plain: bool) -> None:
    """A gate is run once, however often a link leads back to it."""
    (sentinel.repo.path / "gate_tests" / "db").mkdir(parents=True)
    (sentinel.repo.path / "gate_tests" / "db" / "again").symlink_to("..")
    sentinel.gate(OK_GATE)
    done = (sentinel.pytest if plain else sentinel)()
    assert (done.code, list(done.statuses).count("own")) == (0, 1), done.out


METHODS = """
@pytest.mark.policy
class TestShop:
    def test_own(self): assert True
    def ready_test(self): assert False
    def should_be_ready(self): assert False
"""


@WAYS
def test_a_method_that_looks_like_a_gate_is_asked_about(sentinel: Sentinel, *, plain: bool) -> None:
    """In a class of tests without a base, which nothing else could call."""
    sentinel.gate(METHODS)
    done = (sentinel.pytest if plain else sentinel)()
    assert done.code == 1
    for name in ("ready_test", "should_be_ready"):
        assert any(f"test_own.py::TestShop::{name}" in line and "looks like a gate" in line for line in done.block)


@pytest.mark.sweep
@WAYS
def test_gate_folders_with_modules_of_one_name(sentinel: Sentinel, *, plain: bool) -> None:
    """Python would take one for the other: the run says so, and judges nothing by the wrong one."""
    sentinel.gate(OK_GATE)
    shop = project(sentinel, "services/shop", "@pytest.mark.policy\ndef test_shop(): assert True\n")
    run = sentinel.pytest if plain else sentinel
    assert run(cwd=shop).code == 0
    for name in ("gate_tests/helpers.py", "services/shop/gate_tests/helpers.py"):
        sentinel.repo.commit(name, "LIMIT = 1\n")
    done = run(cwd=shop)
    assert done.code == 1
    assert any("helpers.py would be one module to Python: rename one of them" in line for line in done.block)


def test_a_conftest_above_the_folder_of_the_run_is_loaded(sentinel: Sentinel) -> None:
    """Plain pytest would look for none above its settings file."""
    sentinel.repo.commit("conftest.py", "import pytest\n@pytest.fixture\ndef limit(): return 1\n")
    sentinel.gate("@pytest.mark.policy\ndef test_own(limit): assert limit == 1\n")
    shop = project(sentinel, "services/shop", "@pytest.mark.policy\ndef test_shop(): assert True\n")
    sentinel.repo.commit("services/shop/pytest.ini", "[pytest]\n")
    done = sentinel.pytest(cwd=shop)
    assert (done.code, done.statuses["own"]) == (0, "OK"), done.out


@pytest.mark.parametrize("names", ["python_functions = check_* test_*", "python_files = check_*.py"])
@WAYS
def test_the_built_in_gates_have_their_own_names(sentinel: Sentinel, names: str, *, plain: bool) -> None:
    """Whatever names a repository's tests have."""
    sentinel.repo.commit("pytest.ini", f"[pytest]\n{names}\n")
    done = (sentinel.pytest if plain else sentinel)()
    assert (done.code, len(done.statuses)) == (0, 11), done.out


@WAYS
def test_a_folder_that_is_left_out_by_name_is_not_read(sentinel: Sentinel, *, plain: bool) -> None:
    """Such as one with test data: the caller says so."""
    sentinel.gate(OK_GATE)
    project(sentinel, "tests/data")
    run = sentinel.pytest if plain else sentinel
    assert run().code == 1
    done = run("--ignore=tests/data")
    assert done.code == 0, done.out


@pytest.mark.parametrize("where", ["services/shop/gate_test", "services/shop/gate-tests"])
@WAYS
def test_a_folder_of_nearly_the_name_beside_the_run(sentinel: Sentinel, where: str, *, plain: bool) -> None:
    """Not only at the top of the repository."""
    sentinel.gate(OK_GATE)
    sentinel.repo.commit(f"{where}/test_shop.py", f"import pytest\n{MARKED}")
    command = PYTEST if plain else CLI
    done = sentinel._run(*command, *RELEASE, cwd=sentinel.repo.path / "services" / "shop")
    assert done.code == 1
    assert any(f"{Path(where).name} is not read: rename it to gate_tests" in line for line in done.block), done.out
