"""No run is SAFE without proof: whatever leaves a gate out exits 1 and names the gate and the cause."""

import sys
import textwrap
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from release_sentinel.gates import BUILT_IN
from release_sentinel.plugin import fixtures
from release_sentinel.plugin.folders import built_in
from tests.conftest import CLI, PYTEST, RELEASE, Sentinel, each
from tests.conftest import run as run_command

OK_GATE = "@pytest.mark.policy\ndef test_own(gate): gate.require(CheckResult(OK, 'fine'))\n"

LEFT_OUT = {
    "-k": (("-k", "version"), "no result from gates environment, repository, clean-tree, branch, configuration, disk"),
    "-m": (("-m", "critical"), "no result from gates environment, repository"),
    "--deselect": (
        ("--deselect", "gate_tests/test_own.py"),
        "no result from gate test_own.py::test_own: it was deselected",
    ),
    "--ignore": (
        ("--ignore=gate_tests/test_own.py",),
        "no result from gate test_own.py::test_own: pytest did not collect it",
    ),
    "--collect-only": (("--collect-only",), "--collect-only runs no gate"),
    "--setup-plan": (("--setup-plan",), "--setup-plan runs no gate"),
    "--setup-only": (("--setup-only",), "--setup-only runs no gate"),
    "--fixtures": (("--fixtures",), "--fixtures runs no gate"),
    "--markers": (("--markers",), "--markers runs no gate"),
    "--cache-show": (("--cache-show",), "--cache-show runs no gate"),
}


@pytest.mark.parametrize("option", LEFT_OUT)
def test_an_option_that_leaves_gates_out_is_incomplete(sentinel: Sentinel, option: str) -> None:
    """Options of pytest that choose, list or ignore make the run INCOMPLETE, with the cause."""
    sentinel.gate(OK_GATE)
    options, words = LEFT_OUT[option]
    run = sentinel.pytest(*options)
    assert run.code == 1
    assert run.block[0].startswith("INCOMPLETE (exit 1)"), run.out
    assert any(words in line for line in run.block), run.out
    assert 'name="verdict"' in run.junit
    assert run.verdict["verdict"] == "INCOMPLETE"


SOURCES = {
    "skip": (
        "@pytest.mark.policy\ndef test_own(): pytest.skip('not today')",
        "no result from gate own: it was skipped: not today",
    ),
    "skip mark": (
        "@pytest.mark.skip('no')\n@pytest.mark.policy\ndef test_own(): pass",
        "no result from gate own: it was skipped: no",
    ),
    "xfail": (
        "@pytest.mark.xfail\n@pytest.mark.policy\ndef test_own(): assert 0",
        "no result from gate own: it was skipped: xfail",
    ),
    "importorskip": ("pytest.importorskip('no_such_module')", "was skipped while it was collected"),
    "broken import": ("import no_such_module", "could not be collected"),
    "syntax error": ("def test_own(: pass", "could not be collected"),
    "empty parameters": (
        "@pytest.mark.policy\n@pytest.mark.parametrize('x', [])\ndef test_own(x): pass",
        "got empty parameter set",
    ),
    "shadowed": (
        OK_GATE + OK_GATE,
        "gate test_own.py::test_own: it is defined 2 times, and the last definition hides the others",
    ),
    "unmarked": ("def test_own(): assert True", "test_own.py::test_own carries no marker, expected exactly one of"),
    "misspelt": ("@pytest.mark.polcy\ndef test_own(): assert True", "carries no marker"),
    "both markers": (
        "@pytest.mark.policy\n@pytest.mark.critical\ndef test_own(): assert True",
        "carries 2 markers (policy, critical)",
    ),
    "judges nothing": ("@pytest.mark.policy\ndef test_own(): pass", "judges nothing: it needs gate.require(...)"),
    "other class name": (
        "class GateOwn:\n    @pytest.mark.policy\n    def test_own(self): assert True",
        "no result from gate test_own.py::GateOwn::test_own: pytest did not collect it",
    ),
    "class with a constructor": (
        "class TestOwn:\n    def __init__(self): pass\n    @pytest.mark.policy\n    def test_own(self): assert True",
        "no result from gate test_own.py::TestOwn::test_own",
    ),
    "__test__": ("__test__ = False\n" + OK_GATE, "no result from gate test_own.py::test_own"),
    "pytest.exit": (
        "@pytest.mark.policy\ndef test_own(): pytest.exit('done', returncode=0)",
        "pytest.exit ended the run",
    ),
    "a class that hides behind another": (
        (
            "class TestDb:\n    @pytest.mark.policy\n    def test_size(self): assert True\n"
            "@pytest.mark.policy\nclass QueueGate:\n    def test_size(self): assert False"
        ),
        "no result from gate test_own.py::QueueGate::test_size: pytest did not collect it",
    ),
    "a name that is no test's": (
        "@pytest.mark.policy\ndef check_queue(): assert False",
        "no result from gate test_own.py::check_queue: pytest did not collect it",
    ),
    "sys.exit while it is collected": ("import sys; sys.exit(0)", "could not be collected: sys.exit(0)"),
    "a built-in id": (OK_GATE.replace("test_own", "test_disk"), "the gate id 'disk' is a built-in one: rename"),
}


@pytest.mark.parametrize("source", SOURCES)
def test_a_gate_that_proves_nothing_is_incomplete(sentinel: Sentinel, source: str) -> None:
    """A gate file that leaves a gate without a result makes the run INCOMPLETE, and names the gate."""
    text, words = SOURCES[source]
    sentinel.gate(text)
    run = sentinel()
    assert run.code == 1
    assert run.block[0].startswith("INCOMPLETE (exit 1)"), run.out
    assert any(words in line for line in run.block), run.out


HIDDEN = {
    "a folder that pytest skips": "gate_tests/build/test_hidden.py",
    "a file of another name": "gate_tests/hidden_gates.py",
}


@pytest.mark.parametrize("place", HIDDEN)
def test_a_gate_where_pytest_does_not_look_is_incomplete(sentinel: Sentinel, place: str) -> None:
    """A gate in a folder or a file that pytest passes over is missed, not forgotten."""
    sentinel.gate(OK_GATE)
    sentinel.repo.commit(HIDDEN[place], "import pytest\n\n@pytest.mark.policy\ndef test_hidden(): assert True\n")
    run = sentinel()
    assert run.code == 1
    assert any("::test_hidden: pytest did not collect it" in line for line in run.block), run.out


GREEN = {
    "a base class": (
        (
            "class Base:\n    def test_up(self): assert True\n"
            "@pytest.mark.policy\nclass TestDb(Base): pass\n@pytest.mark.policy\nclass TestCache(Base): pass"
        ),
        {"db.up", "cache.up"},
    ),
    "an imported gate": ("from gate_tests.shared import test_shared", {"shared"}),
    "one name in two files": ("@pytest.mark.policy\ndef test_ready(): assert True", {"own.ready", "other.ready"}),
    "one of two definitions": (
        (
            "try:\n    import none_such\nexcept ImportError:\n"
            "    @pytest.mark.policy\n    def test_own(): assert True\n"
            "else:\n    @pytest.mark.policy\n    def test_own(): assert False"
        ),
        {"own"},
    ),
    "a helper that asserts": (
        "from gate_tests import helpers\n@pytest.mark.policy\ndef test_own(): helpers.judge()",
        {"own"},
    ),
    "a connection of the main thread": (
        (
            "import sqlite3\n@pytest.fixture\ndef db(): return sqlite3.connect(':memory:')\n"
            "@pytest.mark.policy\ndef test_own(db): assert db.execute('select 1').fetchone() == (1,)"
        ),
        {"own"},
    ),
}


def test_honest_gates_of_every_style_stay_green(sentinel: Sentinel) -> None:
    """What only resembles a gate that proves nothing is not refused, and each gate has a name of its own."""
    sentinel.repo.write("gate_tests/__init__.py", "")
    sentinel.repo.write("gate_tests/helpers.py", "def judge():\n    assert 1 == 1\n")
    marked = "import pytest\n\n@pytest.mark.policy\ndef test_{}(): assert True\n"
    sentinel.repo.write("gate_tests/shared.py", marked.format("shared"))
    for number, (source, _) in enumerate(GREEN.values()):
        name = "own" if "test_ready" in source else f"own_{number}"
        sentinel.gate(source.replace("test_own", f"test_own_{number}"), f"test_{name}.py")
    sentinel.gate(GREEN["one name in two files"][0], "test_other.py")
    run = sentinel()
    assert run.code == 0, run.out
    names = {name for _, ids in GREEN.values() for name in ids if name != "own"}
    assert names <= set(run.statuses)


@pytest.mark.parametrize("scope", ["session", "function"])
def test_cleaning_up_after_the_last_gate_blames_none(sentinel: Sentinel, scope: str) -> None:
    """A fixture that only a policy gate uses may be torn down after the last critical one: that is no CRITICAL."""
    sentinel.gate(
        f"""
        @pytest.fixture(scope="{scope}")
        def queue():
            yield
            raise OSError("the queue is gone")

        @pytest.mark.policy
        def test_own(queue): assert True
        """
    )
    run = sentinel()
    assert run.code == 1
    assert "OSError: the queue is gone" in run.out
    assert run.statuses["api"] != "UNKNOWN"


def test_a_conftest_with_an_option_of_that_name(sentinel: Sentinel) -> None:
    """Many test suites have an `--env`: in a gate run it has the gate's value, and nothing breaks."""
    sentinel.gate("@pytest.mark.policy\ndef test_own(request): assert request.config.getoption('--env') == 'prod'")
    sentinel.repo.commit("conftest.py", "def pytest_addoption(parser): parser.addoption('--env', default='x')\n")
    run = sentinel()
    assert run.code == 0, run.out
    assert "note: --env is the gate's; a conftest has an option of that name, too" in run.out


@pytest.mark.parametrize("option", ["-x", "--maxfail=1"])
def test_a_run_that_stops_early_names_what_did_not_run(sentinel: Sentinel, option: str) -> None:
    """After `-x` the gates that were left are named; the code stays that of the failure."""
    sentinel.repo.write("notes.txt")
    run = sentinel(option)
    assert run.code == 1
    assert any("api: stopping after 1 failures" in line for line in run.block), run.out


def test_a_stale_cache_leaves_nothing_out(sentinel: Sentinel) -> None:
    """`--lf` after a failure runs that gate alone, which is INCOMPLETE."""
    sentinel.repo.write("notes.txt")
    assert sentinel().code == 1
    (sentinel.repo.path / "notes.txt").unlink()
    run = sentinel("--lf")
    assert run.code == 1
    assert run.verdict["verdict"] == "INCOMPLETE"
    assert {"gate": "api", "why": "it was deselected"} in run.verdict["missing"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("assert 1 > 2, 'the queue is not empty'", "[POLICY] own: the queue is not empty"),
        ("pytest.fail('no')", "[POLICY] own: no"),
        ("gate.require(CheckResult(CRIT, 'bad'))", "[POLICY] own: bad"),
        ("gate.require(CheckResult(UNKNOWN, 'who knows'))", "[POLICY] own: could not be determined: who knows"),
        ("gate.require(CheckResult(CRIT, 'first')); gate.require(CheckResult(OK, 'x'))", "[POLICY] own: first"),
        ("1 / 0", "[POLICY] own: could not be determined: the gate broke: ZeroDivisionError: division by zero"),
        ("gate.require(True)", "TypeError: gate.require takes a CheckResult, not True"),
        ("assert CheckResult(OK, 'x')", "a CheckResult has no truth value"),
        ("raise SystemExit(0)", "the gate broke: SystemExit: 0"),
        ("try: gate.require(CheckResult(CRIT, 'bad'))\n    except BaseException: pass", "[POLICY] own: bad"),
    ],
)
def test_a_gate_that_fails_blocks(sentinel: Sentinel, body: str, reason: str) -> None:
    """However a gate of one's own fails, the run is BLOCKED, with its reason; a swallowed failure counts."""
    sentinel.gate(f"@pytest.mark.policy\ndef test_own(gate):\n    {body}")
    run = sentinel()
    assert run.code == 1
    assert any(reason in line for line in run.block), run.out


def test_a_failed_subtest_fails_its_gate(sentinel: Sentinel) -> None:
    """From pytest 9 on, a test that goes on after a failed subtest is itself reported as passed."""
    sentinel.gate(
        """
        import unittest

        @pytest.mark.policy
        class TestOwn(unittest.TestCase):
            def test_own(self):
                assert True
                with self.subTest(queue="mail"):
                    assert False, "the mail queue is not empty"
        """
    )
    run = sentinel()
    assert run.code == 1
    assert any("[POLICY] own: " in line and "the mail queue is not empty" in line for line in run.block), run.out


def test_a_broken_critical_gate_is_critical(sentinel: Sentinel) -> None:
    """A critical gate that breaks could not tell: exit 2, with its traceback above the block."""
    sentinel.gate("@pytest.mark.critical\ndef test_own(): raise OSError('no route')")
    run = sentinel()
    assert run.code == 2
    assert "OSError: no route" in run.out.partition(" release-sentinel ===")[0]


@pytest.mark.parametrize("where", ["setup", "teardown"])
def test_a_fixture_that_breaks_fails_its_gate(sentinel: Sentinel, where: str) -> None:
    """A gate whose fixture breaks, before or after it, could not tell."""
    body = {"setup": "1 / 0\n    yield", "teardown": "yield\n    1 / 0"}[where]
    sentinel.gate(f"@pytest.fixture\ndef tool():\n    {body}\n\n@pytest.mark.policy\ndef test_own(tool): assert True")
    run = sentinel()
    assert run.code == 1
    assert any(f"the gate broke in its {where}: ZeroDivisionError" in line for line in run.block), run.out


def test_plain_asserts_and_classes_are_gates(sentinel: Sentinel) -> None:
    """Asserts that hold are a judgement, in functions, classes and parametrized gates."""
    sentinel.gate(
        """
        @pytest.mark.policy
        class TestQueue:
            def test_empty(self):
                assert [] == []

            @pytest.mark.parametrize("name", ["a", "b"])
            def test_named(self, name):
                assert name
        """
    )
    run = sentinel()
    assert run.code == 0, run.out
    assert {"empty", "named[a]", "named[b]"} <= set(run.statuses)


@pytest.mark.sweep
def test_asserts_count_although_an_ordinary_run_has_cached_the_byte_code(sentinel: Sentinel) -> None:
    """Byte code that an ordinary pytest run has left behind does not hide a gate's asserts."""
    sentinel.repo.commit(".gitignore", "__pycache__\n")
    sentinel.gate("@pytest.mark.policy\ndef test_own(): assert True")
    folder = sentinel.repo.path / "gate_tests"
    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:release_sentinel.plugin", "test_own.py")
    ordinary = run_command(*command, cwd=folder, env={"PYTHONDONTWRITEBYTECODE": ""})
    assert ordinary.code == 0
    assert list(folder.glob("__pycache__/test_own*.pyc"))
    assert sentinel().code == 0


def test_partial_accepts_a_chosen_subset(sentinel: Sentinel) -> None:
    """With --gate-partial the chosen gates decide, and every report says PARTIAL."""
    run = sentinel("--gate-partial", "-k", "version or tag")
    assert run.code == 0
    assert run.block[0] == "PARTIAL SAFE (exit 0): v1.0.0 to prod passed the chosen gates, not all of them"
    assert run.verdict["verdict"] == "PARTIAL SAFE"
    assert run.verdict["partial"] is True
    assert "PARTIAL SAFE" in run.junit


@pytest.mark.parametrize("options", [("-k", "nothing_at_all"), ("--collect-only",)])
def test_partial_does_not_accept_nothing(sentinel: Sentinel, options: tuple[str, ...]) -> None:
    """Even a partial run has to judge something."""
    run = sentinel("--gate-partial", *options)
    assert run.code == 1
    assert run.verdict["verdict"] == "PARTIAL INCOMPLETE"


def test_a_partial_run_that_fails_is_blocked(sentinel: Sentinel) -> None:
    """A chosen gate that fails blocks a partial run."""
    sentinel.repo.write("notes.txt")
    run = sentinel("--gate-partial", "-k", "clean_tree")
    assert run.code == 1
    assert run.verdict["verdict"] == "PARTIAL BLOCKED"


EXITS = {
    "conftest": "import sys; sys.exit(0)\n",
    "configure": "def pytest_configure(config): raise SystemExit(0)\n",
    "session start": "def pytest_sessionstart(session): raise SystemExit(0)\n",
    "session finish": "def pytest_sessionfinish(session): raise SystemExit(0)\n",
    "unconfigure": "def pytest_unconfigure(config): raise SystemExit(0)\n",
    "pytest.exit in a conftest": "import pytest; pytest.exit('bye', returncode=0)\n",
    "pytest.exit at the start": "import pytest\ndef pytest_sessionstart(session): pytest.exit('bye', returncode=0)\n",
    "pytest.exit while collecting": "import pytest\ndef pytest_collection(session): pytest.exit('bye', returncode=0)\n",
    "items dropped": "def pytest_collection_modifyitems(items): items.clear()\n",
    "items dropped last": "import pytest\n@pytest.hookimpl(trylast=True)\n"
    "def pytest_collection_modifyitems(items): items.clear()\n",
    "nothing run": "def pytest_runtest_protocol(item): return True\n",
    "nothing called": "def pytest_pyfunc_call(pyfuncitem): return True\n",
    "loop replaced": "def pytest_runtestloop(session): return True\n",
    "main replaced": "import pytest\n@pytest.hookimpl(tryfirst=True)\ndef pytest_cmdline_main(config): return 0\n",
}


@pytest.mark.parametrize("place", EXITS)
def test_a_conftest_cannot_end_the_run_in_green(sentinel: Sentinel, place: str) -> None:
    """A conftest that exits 0, drops the gates or replaces the loop gets no exit 0, and leaves no green report."""
    sentinel.gate("@pytest.mark.policy\ndef test_own(): assert True")
    sentinel.repo.commit("gate_tests/conftest.py", EXITS[place])
    run = sentinel.pytest()
    assert run.code not in {0, 2}, run.out
    assert run.verdict["verdict"] == "INCOMPLETE"
    assert run.junit.count("<error") == 1


def test_arguments_from_a_file_are_read(sentinel: Sentinel) -> None:
    """A gate run whose arguments stand in a file, as pytest allows, is judged like any other."""
    sentinel.gate("@pytest.mark.policy\ndef test_own(): assert True")
    sentinel.repo.commit("release.txt", "gate_tests\n--env=prod\n--version\nv1.0.0\n")
    run = run_command(*PYTEST, "@release.txt", cwd=sentinel.repo.path, env=sentinel.settings)
    assert run.code == 0, run.out
    assert run.block[0] == "SAFE (exit 0): v1.0.0 may go to prod"


EACH_HOST = """
@pytest.mark.critical
@pytest.mark.parametrize("host", ["web1", "web2"])
def test_ready(host, gate):
    gate.require(CheckResult(OK, host))
"""
EACH_NAME = """
def make(name):
    @pytest.mark.critical
    def test(gate):
        gate.require(CheckResult(OK, name))
    return test
for name in ("web1", "web2"):
    globals()[f"test_ready_{name}"] = make(name)
"""
EACH_CLASS = """
class Ready:
    def test_ready(self, gate):
        gate.require(CheckResult(OK, "it is"))
@pytest.mark.critical
class TestWeb1(Ready): pass
@pytest.mark.critical
class TestWeb2(Ready): pass
"""
DROP = """
def pytest_collection_modifyitems(items):
    items[:] = [item for item in items if "web2" not in item.nodeid.lower()]
"""
PARTS = {
    "-k": (EACH_HOST, "", ("-k", "not web2"), "ready[web2]: it was deselected"),
    "--deselect": (
        EACH_HOST,
        "",
        ("--deselect", "gate_tests/test_own.py::test_ready[web2]"),
        "ready[web2]: it was deselected",
    ),
    "a node id": (EACH_HOST, "", ("gate_tests/test_own.py::test_ready[web1]",), "ready[web2]: pytest collected it"),
    "a conftest": (EACH_HOST, DROP, (), "ready[web2]: pytest collected it, and something kept it from the run"),
    "-k of a loop": (EACH_NAME, "", ("-k", "not web2"), "ready-web2: it was deselected"),
    "a conftest and a loop": (EACH_NAME, DROP, (), "ready-web2: pytest collected it"),
    "-k of inherited gates": (EACH_CLASS, "", ("-k", "not TestWeb2"), "ready: it was deselected"),
}


@pytest.mark.sweep
@each("way", PARTS)
def test_a_part_of_a_gate_that_is_left_out_is_missed(sentinel: Sentinel, way: str, *, plain: bool) -> None:
    """Each set of parameters, each turn of a loop and each subclass is a gate of its own: all that pytest collects."""
    source, conftest, options, words = PARTS[way]
    run = sentinel.pytest if plain else sentinel
    sentinel.gate(source)
    if conftest:
        sentinel.repo.commit("gate_tests/conftest.py", conftest)
    else:
        assert run().code == 0
    # Beside the whole folder, pytest 9 takes a node id in it for a repetition, and runs all.
    done = sentinel._run(*PYTEST, *RELEASE, *options, cwd=None) if plain and way == "a node id" else run(*options)
    assert done.code == 1, done.out
    assert done.block[0].startswith("INCOMPLETE (exit 1)")
    assert any(words in line for line in done.block), done.out
    assert done.verdict["missing"]
    assert run(*options, "--gate-partial").code == 0


OURS = sorted(name for name, value in vars(fixtures).items() if type(value).__name__ == "FixtureFunctionDefinition")
THEIRS = "import pytest\n" + "".join(
    f"@pytest.fixture(scope='session', autouse={name == 'policy'})\ndef {name}(): raise RuntimeError('theirs')\n"
    for name in [*OURS, "target"]
)
EVERY_GATE = f"enable = {[gate.id for gate in BUILT_IN if gate.opt and not gate.judges]}\n"


@each("place", ["conftest.py", "gate_tests/conftest.py", "a plugin"])
def test_the_built_in_gates_take_our_fixtures(sentinel: Sentinel, place: str, *, plain: bool) -> None:
    """Whatever a conftest or a plugin defines under their names, or for every test, reaches no built-in gate."""
    assert {"release", "repository", "policy", "tags", "build", "gate"} <= set(OURS)
    sentinel.repo.write("release-sentinel.toml", EVERY_GATE)
    sentinel.repo.write("gate_tests/readme.txt", "no gates yet")
    sentinel.repo.commit("theirs.py" if place == "a plugin" else place, THEIRS)
    sentinel.repo.git("push", "--quiet", "origin", "main")
    options = ("-p", "theirs") if place == "a plugin" else ()
    done = (sentinel.pytest if plain else sentinel)(*options, PYTHONPATH=str(sentinel.repo.path))
    assert len(done.verdict["gates"]) == 20, done.out
    assert "theirs" not in done.junit
    failed = {gate["id"] for gate in done.verdict["gates"] if gate["status"] in {"CRIT", "UNKNOWN"}}
    assert failed == {"version-files", "changelog", "signature", "ci-checks", "review", "blockers"}


@pytest.mark.parametrize("plain", [False, True], ids=["release-sentinel", "pytest"])
def test_a_fixture_of_the_repository_passes_no_built_in_gate(sentinel: Sentinel, *, plain: bool) -> None:
    """A release that the repository makes up is not the one that is judged."""
    release = "class Made: env = 'prod'; version = 'v1.0.0'"
    sentinel.repo.commit(
        "conftest.py", f"import pytest\n{release}\n@pytest.fixture(scope='session')\ndef release(): return Made()\n"
    )
    run = sentinel.pytest if plain else sentinel
    done = run(release=("--env", "nowhere", "--version", "garbage"))
    assert (done.code, done.statuses["environment"], done.statuses["version"]) == (1, "CRIT", "CRIT"), done.out


@pytest.mark.parametrize("place", ["gate_tests/conftest.py", "gate_tests/db/conftest.py"])
@pytest.mark.parametrize("plain", [False, True], ids=["release-sentinel", "pytest"])
def test_gates_without_their_conftest_prove_nothing(sentinel: Sentinel, place: str, *, plain: bool) -> None:
    """It may hold what makes them strict; without one of its own, a repository may leave conftest files out."""
    run = sentinel.pytest if plain else sentinel
    sentinel.gate(OK_GATE)
    assert run("--noconftest").code == 0
    sentinel.repo.commit(place, "")
    done = run("--noconftest")
    assert done.code == 1
    assert done.block[1] == (
        f"[INCOMPLETE] --noconftest leaves out {place}, which the gates below it rely on: run without it"
    )
    assert run().code == 0


@pytest.mark.parametrize("plain", [False, True], ids=["release-sentinel", "pytest"])
def test_a_policy_under_a_similar_name_is_not_ignored(sentinel: Sentinel, *, plain: bool) -> None:
    """Its author believes in it: the run is INCOMPLETE, and names the file and its right name."""
    sentinel.repo.commit("release_sentinel.toml", "[disk]\ncrit = 1\n")
    done = (sentinel.pytest if plain else sentinel)()
    assert done.code == 1
    assert any("release_sentinel.toml is not read: rename it to release-sentinel.toml" in line for line in done.block)


WARNED = {
    "an exception in a thread": (
        """
        import threading
        def test_own(gate):
            thread = threading.Thread(target=lambda: 1 / 0)
            thread.start()
            thread.join()
            gate.require(CheckResult(OK, "fine"))
        """,
        "division by zero",
    ),
    "an assert in a thread": (
        """
        import threading
        def check(): assert 1 > 2, "the queue is not empty"
        def test_own():
            thread = threading.Thread(target=check)
            thread.start()
            thread.join()
            assert True
        """,
        "the queue is not empty",
    ),
    "an exception in __del__": (
        """
        class Lock:
            def __del__(self): raise RuntimeError("not released")
        def test_own():
            lock = Lock()
            del lock
            assert True
        """,
        "not released",
    ),
    "a result that is returned": ("def test_own():\n    assert True\n    return False", "returned"),
    "an assert on a tuple": ("def test_own():\n    assert True\n    assert (False, 'x')", "assertion is always true"),
}
LENIENT = "[pytest]\nfilterwarnings =\n    ignore\n"


@each("failure", WARNED)
def test_a_failure_of_which_pytest_only_warns_fails_its_gate(sentinel: Sentinel, failure: str, *, plain: bool) -> None:
    """Beside an assert that holds, and whatever filters of warnings the repository or the command line sets."""
    source, words = WARNED[failure]
    sentinel.gate("pytestmark = pytest.mark.policy\n" + textwrap.dedent(source))
    sentinel.repo.commit("pytest.ini", LENIENT)
    done = (sentinel.pytest if plain else sentinel)("-W", "ignore")
    assert done.code == 1, done.out
    assert any(words in line for line in done.block), done.block


@pytest.mark.parametrize("plugin", ["threadexception", "unraisableexception"])
def test_what_notices_such_failures_is_not_switched_off(sentinel: Sentinel, plugin: str) -> None:
    """Without it, no failure in a thread would be noticed."""
    done = sentinel("-p", f"no:{plugin}")
    assert done.code == 1
    assert f"-p no:{plugin} would hide failures of a gate: leave it out" in done.out


JUDGE = "gate.require(CheckResult(OK, 'fine'))"
MISSPELT = {
    "a name under a module's marker": (
        f"pytestmark = pytest.mark.critical\ndef test_own(gate): {JUDGE}\ndef tset_ready(): assert False",
        "test_own.py::tset_ready",
    ),
    "a name beside a marked gate": (
        OK_GATE + "def ready(gate): gate.require(CheckResult(CRIT, 'no'))",
        "test_own.py::ready",
    ),
    "a capital letter": (OK_GATE + "def Test_ready(gate): pass", "test_own.py::Test_ready"),
    "the methods of a marked class": (
        f"@pytest.mark.critical\nclass TestQueue:\n    def check_ready(self): assert False\n{OK_GATE}",
        "test_own.py::TestQueue",
    ),
    "a marked class of another name": (
        (
            "class Ready:\n    def test_ready(self): assert False\n"
            "@pytest.mark.critical\nclass Web1(Ready): pass\n"
            f"@pytest.mark.critical\nclass TestWeb2(Ready): pass\n{OK_GATE}"
        ),
        "test_own.py::Web1",
    ),
    "an alias of a marker": (
        f"critical = pytest.mark.critical\n@critical\ndef check_ready(): assert False\n{OK_GATE}",
        "test_own.py::check_ready",
    ),
    "a marker that is made at run time": (
        f"@getattr(pytest.mark, 'crit' + 'ical')\ndef check_ready(): assert False\n{OK_GATE}",
        "test_own.py::check_ready",
    ),
    "a marked lambda": (f"test_ready = pytest.mark.critical(lambda gate: gate)\n{OK_GATE}", "test_own.py::test_ready"),
    "a marked partial": (
        f"from functools import partial\ntest_ready = pytest.mark.critical(partial(print, 'x'))\n{OK_GATE}",
        "test_own.py::test_ready",
    ),
    "a marked object": (
        (
            "class Retried:\n    def __init__(self, function): self.function = function\n    __call__ = print\n"
            f"@pytest.mark.critical\n@Retried\ndef test_ready(): assert False\n{OK_GATE}"
        ),
        "test_own.py::test_ready",
    ),
    "a marked function in a loop": (
        "for name in ('web1', 'web2'):\n    globals()[f'check_{name}'] = pytest.mark.critical(lambda gate: gate)\n"
        + OK_GATE,
        "test_own.py::check_web1, test_own.py::check_web2",
    ),
}


@each("kind", MISSPELT)
def test_a_misspelt_gate_is_missed(sentinel: Sentinel, kind: str, *, plain: bool) -> None:
    """Whatever carries a gate's marker, or looks like a gate, and is not collected."""
    source, named = MISSPELT[kind]
    sentinel.gate(source)
    done = (sentinel.pytest if plain else sentinel)()
    assert done.code == 1, done.out
    assert any(named in line for line in done.block if line.startswith("[INCOMPLETE] no result from gate")), done.out


OTHER_FILES = {
    "another case": "gate_tests/test_z.PY",
    "a capital letter": "gate_tests/Test_z.py",
    "a hyphen": "gate_tests/test-z.py",
    "no suffix": "gate_tests/test_z",
    "a script for Windows": "gate_tests/test_z.pyw",
}
ALIASED = "from marks import important\n@important\ndef check(): assert False\n"


@each("kind", [*OTHER_FILES, "an alias in a helper"])
def test_a_gate_in_a_misspelt_file_is_missed(sentinel: Sentinel, kind: str, *, plain: bool) -> None:
    """A file that pytest passes over, although it marks gates."""
    place = OTHER_FILES.get(kind, "gate_tests/more_gates.py")
    sentinel.gate(OK_GATE)
    sentinel.repo.commit("gate_tests/marks.py", "import pytest\nimportant = [pytest.mark.policy]\n")
    sentinel.repo.commit(place, OK_GATE if kind in OTHER_FILES else ALIASED)
    done = (sentinel.pytest if plain else sentinel)()
    assert done.code == 1, done.out
    name = "test_own" if kind in OTHER_FILES else "check"
    assert f"[INCOMPLETE] no result from gate {Path(place).name}::{name}: pytest did not collect it" in done.block


LOOK_ALIKES = f"""
import unittest
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
pytestmark = pytest.mark.policy
slow = pytest.mark.slow
critical = pytest.mark.critical
LIMIT = pytest.param(1, marks=slow)

def setup_module(): assert True
def teardown_function(function): assert True
@pytest.fixture
def text(): assert True; return "text"
@contextmanager
def running():
    assert True
    yield
def _tset(gate): assert False
def require(gate, text): {JUDGE}
def assert_small(number): assert number < 2
def text_of(number): return str(number)
class Handler(BaseHTTPRequestHandler):
    def do_GET(self): assert self.path
class Base:
    def best(self): return 1
    def test_best(self): assert self.best() == 1
class TestBoth(Base):
    def setup_method(self): assert True
class TestCase(unittest.TestCase):
    def setUp(self): assert True
    def test_it(self): assert True
@pytest.mark.parametrize("number", [LIMIT])
def test_own(gate, number, text):
    with running():
        assert_small(number)
        assert text_of(1) == "1"
    require(gate, text)
"""


@pytest.mark.parametrize("plain", [False, True], ids=["release-sentinel", "pytest"])
def test_what_only_resembles_a_gate_is_not_missed(sentinel: Sentinel, *, plain: bool) -> None:
    """Helpers, fixtures, set-up functions and base classes stay what they are."""
    sentinel.repo.write("pytest.ini", "[pytest]\nmarkers = slow\n")
    sentinel.repo.write("gate_tests/helpers.py", "def test_connection(): assert True\ndef check(): assert True\n")
    sentinel.repo.write("gate_tests/conftest.py", "def pytest_configure(config): assert config\n")
    sentinel.repo.write("gate_tests/test_own.py.orig", OK_GATE)
    sentinel.gate(LOOK_ALIKES)
    done = (sentinel.pytest if plain else sentinel)()
    assert done.code == 0, done.out


def test_a_helper_that_asserts_and_is_used_nowhere_is_asked_about(sentinel: Sentinel) -> None:
    """The message says both ways out."""
    sentinel.gate(OK_GATE + "def queue_is_short(): assert False\n")
    done = sentinel()
    assert done.code == 1
    assert done.block[1] == (
        "[INCOMPLETE] no result from gate test_own.py::queue_is_short: "
        "it looks like a gate, and pytest does not run it: begin its name with test_, or with _ if it is not one"
    )


BROKEN = {
    "an import": ("import django_of_ours\n", "ModuleNotFoundError: No module named 'django_of_ours'"),
    "a plugin": ("pytest_plugins = ['plugin_of_ours']\n", "No module named 'plugin_of_ours'"),
    "an option": ("def pytest_addoption(parser): raise LookupError('no database')\n", "LookupError: no database"),
    "its syntax": ("def x(:\n", "SyntaxError"),
    "an exit": ("import sys; sys.exit(0)\n", "sys.exit(0)"),
    "a skip": ("import pytest; pytest.skip('not here', allow_module_level=True)\n", "not here"),
}


@each("kind", BROKEN)
@pytest.mark.parametrize("place", ["conftest.py", "gate_tests/conftest.py"])
def test_a_conftest_that_cannot_be_loaded_breaks_no_built_in_gate(
    sentinel: Sentinel, kind: str, place: str, *, plain: bool
) -> None:
    """It is the fault of the gates that may need it: without any, the release is judged all the same."""
    run = sentinel.pytest if plain else sentinel
    source, words = BROKEN[kind]
    sentinel.repo.write("gate_tests/README.md", "None yet.\n")
    sentinel.repo.commit(place, source)
    done = run()
    assert (done.code, len(done.verdict["gates"])) == (0, 11), done.out
    assert f"note: {place} cannot be loaded (" in done.out
    assert words in done.out
    sentinel.gate(OK_GATE)
    done = run()
    assert (done.code, len(done.verdict["gates"])) == (1, 11), done.out
    assert done.block[1].startswith(
        f"[INCOMPLETE] no result from gate test_own.py::test_own: {place} cannot be loaded: "
    )
    assert words in done.block[1]
    assert "Traceback" not in done.out


@pytest.mark.parametrize("plain", [False, True], ids=["release-sentinel", "pytest"])
def test_a_conftest_that_cannot_be_loaded_is_the_fault_of_the_gates_below_it(
    sentinel: Sentinel, *, plain: bool
) -> None:
    """Gates beside it run; a subset lacks those that it keeps from running, too, and a file that hides its gates."""
    run = sentinel.pytest if plain else sentinel
    sentinel.gate(OK_GATE)
    sentinel.repo.write("gate_tests/db/conftest.py", "import django_of_ours\n")
    sentinel.repo.commit("gate_tests/db/test_db.py", "for name in ():\n    globals()[name] = name\n")
    for options in ((), ("--gate-partial", "-k", "own or disk or loaded")):
        done = run(*options)
        assert (done.code, done.statuses["own"]) == (1, "OK"), done.out
        assert done.block[1].startswith(
            "[INCOMPLETE] no result from gate gate_tests/db: gate_tests/db/conftest.py cannot"
        )


def _sparse(sentinel: Sentinel, *patterns: str) -> None:
    sentinel.repo.git("sparse-checkout", "set", "--no-cone", *patterns)


def _link(sentinel: Sentinel, name: str, target: str) -> None:
    link = sentinel.repo.path / name
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(target)
    sentinel.repo.git("add", "--all")
    sentinel.repo.git("commit", "--quiet", "--message", "a link")


def _without_the_folder(sentinel: Sentinel) -> None:
    sentinel.gate(OK_GATE)
    _sparse(sentinel, "/*", "!/gate_tests/")


def _without_one_file(sentinel: Sentinel) -> None:
    sentinel.gate(OK_GATE)
    sentinel.repo.commit("gate_tests/test_b.py", "import pytest\n@pytest.mark.policy\ndef test_b(): assert True\n")
    _sparse(sentinel, "/*", "!/gate_tests/test_b.py")


def _without_what_a_gate_reads(sentinel: Sentinel) -> None:
    sentinel.gate("from pathlib import Path\n" + OK_GATE)
    sentinel.repo.commit("gate_tests/hosts/web1.txt", "web1\n")
    _sparse(sentinel, "/*", "!/gate_tests/hosts/")


def _behind_a_link(sentinel: Sentinel) -> None:
    sentinel.repo.write("ci/gates/test_b.py", "import pytest\n@pytest.mark.policy\ndef test_b(): assert True\n")
    sentinel.repo.commit("ci/gates/test_c.py", "import pytest\n@pytest.mark.policy\ndef test_c(): assert True\n")
    _link(sentinel, "gate_tests", "ci/gates")
    _sparse(sentinel, "/*", "!/ci/gates/test_b.py")


def _a_submodule(sentinel: Sentinel) -> None:
    sentinel.repo.write("release-sentinel.toml", "[git]\nsubmodules = false\n")
    sentinel.repo.git("add", "--all")
    sentinel.repo.git("update-index", "--add", "--cacheinfo", f"160000,{sentinel.repo.head},gate_tests")
    sentinel.repo.git("commit", "--quiet", "--message", "a submodule")
    sentinel.repo.path.joinpath("gate_tests").mkdir()


def _another_folder(sentinel: Sentinel, *, name: str) -> None:
    source = f"import pytest\nfrom release_sentinel import OK, CheckResult\n{OK_GATE}"
    sentinel.repo.commit(f"{name}/test_own.py", source)


LACKS = "the commit has it, and the work tree lacks it (is this a sparse checkout?)"
NOT_ON_DISK: dict[str, tuple[Callable[[Sentinel], object], str]] = {
    "no folder": (_without_the_folder, f"no result from gate gate_tests/test_own.py: {LACKS}"),
    "one file less": (_without_one_file, f"no result from gate gate_tests/test_b.py: {LACKS}"),
    "a data file less": (_without_what_a_gate_reads, f"no result from gate gate_tests/hosts/web1.txt: {LACKS}"),
    "one file less behind a link": (_behind_a_link, f"no result from gate ci/gates/test_b.py: {LACKS}"),
    "a submodule that was never checked out": (_a_submodule, f"no result from gate gate_tests: {LACKS}"),
    "a link to no folder": (
        lambda sentinel: _link(sentinel, "gate_tests", "ci/gates"),
        "gate_tests is a link to ci/gates, which is not there",
    ),
    "a link to no file": (
        lambda sentinel: _link(sentinel, "gate_tests/test_b.py", "../shared/test_b.py"),
        "gate_tests/test_b.py is a link to ../shared/test_b.py, which is not there",
    ),
    "a link in the folder to no folder": (
        lambda sentinel: _link(sentinel, "gate_tests/db", "/nowhere/db"),
        "gate_tests/db is a link to /nowhere/db, which is not there",
    ),
    "a file": (
        lambda sentinel: sentinel.repo.commit("gate_tests", "ci/gates"),
        "gate_tests is a file, expected a folder of gates",
    ),
    **{
        f"a folder {name}": (partial(_another_folder, name=name), f"{name} is not read: rename it to gate_tests")
        for name in ("Gate_Tests", "gate_test", "gate-tests", "gatetests", "gates_tests", "gate_tets")
    },
}


@pytest.mark.sweep
@each("kind", NOT_ON_DISK)
def test_gates_of_the_commit_that_are_not_on_disk_are_missed(sentinel: Sentinel, kind: str, *, plain: bool) -> None:
    """Sparse checkouts, links that lead nowhere, a folder that is none, or has nearly the name."""
    prepare, words = NOT_ON_DISK[kind]
    prepare(sentinel)
    command = (*PYTEST, str(built_in()), *RELEASE) if plain else (*CLI, *RELEASE)
    done = sentinel._run(*command, cwd=None)
    assert done.code == 1, done.out
    assert any(words in line for line in done.block if line.startswith("[INCOMPLETE]")), done.out


@pytest.mark.parametrize("plain", [False, True], ids=["release-sentinel", "pytest"])
def test_a_sparse_checkout_with_its_gates_is_judged(sentinel: Sentinel, *, plain: bool) -> None:
    """What else the commit has is not owed; nor a folder of a similar name that marks no gates."""
    sentinel.gate(OK_GATE)
    sentinel.repo.write("gate_test/test_nand.py", "def test_nand(): assert True\n")
    sentinel.repo.commit("docs/guide.txt")
    _sparse(sentinel, "/*", "!/docs/")
    done = (sentinel.pytest if plain else sentinel)()
    assert done.code == 0, done.out


@pytest.mark.parametrize("linked", ["file", "folder"])
@pytest.mark.parametrize("plain", [False, True], ids=["release-sentinel", "pytest"])
def test_gates_behind_links_are_gates(sentinel: Sentinel, linked: str, *, plain: bool) -> None:
    """A link to a file or folder elsewhere in the repository is followed, to what pytest leaves out, too."""
    run = sentinel.pytest if plain else sentinel
    sentinel.repo.commit("ci/test_b.py", "import pytest\n@pytest.mark.policy\ndef test_b(): assert True\n")
    sentinel.gate(OK_GATE)
    name, target = ("gate_tests/test_b.py", "../ci/test_b.py") if linked == "file" else ("gate_tests/ci", "../ci")
    _link(sentinel, name, target)
    done = run()
    assert (done.code, done.statuses["b"]) == (0, "OK"), done.out
    sentinel.repo.commit("ci/test_b.py", "import pytest\n@pytest.mark.policy\ndef check_b(): assert True\n")
    done = run()
    place = "test_b.py" if linked == "file" else "ci/test_b.py"
    assert f"[INCOMPLETE] no result from gate {place}::check_b: pytest did not collect it" in done.block, done.out


@pytest.mark.parametrize("plain", [False, True], ids=["release-sentinel", "pytest"])
def test_without_pytest_s_reporter_asserts_hold_all_the_same(sentinel: Sentinel, *, plain: bool) -> None:
    """`-p no:terminal` takes away what explains an assert, and no assert with it."""
    run = sentinel.pytest if plain else sentinel
    sentinel.gate("@pytest.mark.policy\ndef test_own():\n    assert 1 == 1\n    assert 2 in [2], 'two'\n")
    assert run("-p", "no:terminal").code == 0
    sentinel.gate("@pytest.mark.policy\ndef test_own():\n    assert 1 == 1\n    assert [1] == [2]\n")
    done = run("-p", "no:terminal")
    assert done.code == 1
    assert "[POLICY] own: assert [1] == [2]" in done.block


@pytest.mark.parametrize("name", ["gate_tests/test_hosts.txt", "gate_tests/data/test.txt"])
@pytest.mark.parametrize("plain", [False, True], ids=["release-sentinel", "pytest"])
def test_a_text_file_beside_gates_is_no_gate(sentinel: Sentinel, name: str, *, plain: bool) -> None:
    """Pytest looks for doctests in it: its module has no object."""
    sentinel.gate(OK_GATE)
    sentinel.repo.commit(name, "web1\nweb2\n")
    done = (sentinel.pytest if plain else sentinel)()
    assert done.code == 0, done.out


@pytest.mark.parametrize("plain", [False, True], ids=["release-sentinel", "pytest"])
def test_without_the_logging_of_pytest_gates_run_all_the_same(sentinel: Sentinel, *, plain: bool) -> None:
    """Its settings are unknown then."""
    done = (sentinel.pytest if plain else sentinel)("-p", "no:logging")
    assert done.code == 0, done.out


ASYNC_CASE = """
import unittest
@pytest.mark.critical
class TestShop(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.url = "http://shop"
        assert self.url
    async def test_up(self):
        assert self.url == URL
"""


@pytest.mark.parametrize(("url", "code"), [("down", 2), ("http://shop", 0)])
@pytest.mark.parametrize("plain", [False, True], ids=["release-sentinel", "pytest"])
def test_an_async_test_case_runs(sentinel: Sentinel, url: str, code: int, *, plain: bool) -> None:
    """Unittest awaits a coroutine function only where it can tell that it is one."""
    sentinel.gate(f"URL = {url!r}\n{ASYNC_CASE}")
    done = (sentinel.pytest if plain else sentinel)()
    assert done.code == code, done.out
