"""No run is SAFE without proof: whatever leaves a gate out exits 1 and names the gate and the cause."""

import sys
import textwrap

import pytest

from release_sentinel.plugin import fixtures
from tests.conftest import PYTEST, RELEASE, Sentinel
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


@pytest.mark.parametrize("way", PARTS)
@pytest.mark.parametrize("plain", [False, True], ids=["release-sentinel", "pytest"])
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
EVERY_GATE = "enable = ['version-increases', 'version-files', 'changelog', 'in-sync', 'signature', 'freeze']\n"


@pytest.mark.parametrize("place", ["conftest.py", "gate_tests/conftest.py", "a plugin"])
@pytest.mark.parametrize("plain", [False, True], ids=["release-sentinel", "pytest"])
def test_the_built_in_gates_take_our_fixtures(sentinel: Sentinel, place: str, *, plain: bool) -> None:
    """Whatever a conftest or a plugin defines under their names, or for every test, reaches no built-in gate."""
    assert {"release", "repository", "policy", "tags", "build", "gate"} <= set(OURS)
    sentinel.repo.write("release-sentinel.toml", EVERY_GATE)
    sentinel.repo.write("gate_tests/readme.txt", "no gates yet")
    sentinel.repo.commit("theirs.py" if place == "a plugin" else place, THEIRS)
    sentinel.repo.git("push", "--quiet", "origin", "main")
    options = ("-p", "theirs") if place == "a plugin" else ()
    done = (sentinel.pytest if plain else sentinel)(*options, PYTHONPATH=str(sentinel.repo.path))
    assert len(done.verdict["gates"]) == 17, done.out
    assert "theirs" not in done.junit
    failed = {gate["id"] for gate in done.verdict["gates"] if gate["status"] in {"CRIT", "UNKNOWN"}}
    assert failed == {"version-files", "changelog", "signature"}


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
        f"[INCOMPLETE] --noconftest leaves out {place}, which the gates beside it rely on: run without it"
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


@pytest.mark.parametrize("failure", WARNED)
@pytest.mark.parametrize("plain", [False, True], ids=["release-sentinel", "pytest"])
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
