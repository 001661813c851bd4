"""What the plugin takes from pytest beyond its interface. A test that fails here names the part that pytest changed."""

import sys
import warnings
from argparse import Namespace
from io import StringIO
from pathlib import Path

import pytest
from _pytest._io import TerminalWriter
from _pytest.assertion import rewrite

from release_sentinel.plugin import compat
from tests.conftest import run


@pytest.fixture(autouse=True)
def _no_other_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load none of the plugins that the machine has."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def _item(pytester: pytest.Pytester, source: str) -> pytest.Item:
    """Return the test of a file."""
    (item,) = pytester.getitems(source)
    return item


def test_pytest_main_answers_version_from_9_on(tmp_path: Path) -> None:
    """`pytest.main` answers `--version` before it loads plugins exactly where `answers_version` says so."""
    call = "import sys, pytest; sys.exit(pytest.main(['-p', 'no_such_plugin', '--version', 'v1.0.0']))"
    done = run(sys.executable, "-c", call, cwd=tmp_path)
    assert (done.code == 0) == compat.answers_version()


@pytest.mark.parametrize(
    ("version", "answers"), [((8, 4, 2), False), ((9, 0, 0), True), ((9, 0, 0, "rc1"), True), ((10, 1, 0), True)]
)
def test_every_later_pytest_is_taken_to_answer(version: tuple[int | str, ...], answers: bool) -> None:
    """A version that is not known yet is the dangerous kind."""
    assert compat.answers_version(version) is answers


@pytest.mark.parametrize(
    "body",
    [
        "import threading; thread = threading.Thread(target=lambda: 1 / 0); thread.start(); thread.join()",
        "class Fails:\n    def __del__(self): raise ValueError\n  one = Fails()\n  del one",
        "return False",
        "assert (False, 'x')",
    ],
    ids=("thread", "__del__", "return", "tuple"),
)
def test_warnings_that_are_failures(pytester: pytest.Pytester, body: str) -> None:
    """With the categories as errors, pytest fails a test for what it only warns of otherwise."""
    pytester.makepyfile(f"def test_it():\n  {body}")
    errors = [word for one in compat.FAILURES for word in ("-W", f"error::pytest.{one.__name__}")]
    found = pytester.runpytest_inprocess("-p", "threadexception", "-p", "unraisableexception", *errors)
    assert found.ret != 0


def test_filters_that_a_test_sets_do_not_hide_failures() -> None:
    """Also not the one that ignores everything."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compat.fail_on_warnings()
        with pytest.raises(pytest.PytestUnraisableExceptionWarning):
            warnings.warn(pytest.PytestUnraisableExceptionWarning("not released"), stacklevel=1)
        with pytest.raises(RuntimeWarning):
            warnings.warn("coroutine 'Shop.is_up' was never awaited", RuntimeWarning, stacklevel=1)
        warnings.warn("another one", RuntimeWarning, stacklevel=1)


@pytest.mark.parametrize(
    ("source", "is_case"),
    [
        ("import unittest\nclass TestA(unittest.TestCase):\n  def test_it(self): pass", True),
        ("import unittest\nclass TestA(unittest.IsolatedAsyncioTestCase):\n  async def test_it(self): pass", True),
        ("class TestA:\n  def test_it(self): pass", False),
        ("def test_it(): pass", False),
    ],
)
def test_the_function_of_a_test_is_replaced(pytester: pytest.Pytester, source: str, is_case: bool) -> None:
    """Pytest runs `item.obj`, or leaves a coroutine function to unittest, which takes it from the instance."""
    pytester.makeconftest(
        f"""
        from release_sentinel.plugin import compat
        def pytest_runtest_call(item):
            assert compat.is_test_case(item) is {is_case}
            async def awaited(): print("in its place")
            compat.replace_function(item, awaited if "async" in {source!r} else lambda: print("in its place"))
        """
    )
    pytester.makepyfile(source)
    found = pytester.runpytest_inprocess("-s")
    assert found.ret == 0
    assert "in its place" in found.stdout.str()


def test_known_args_namespace(request: pytest.FixtureRequest) -> None:
    """`config.known_args_namespace` has the options that decide how conftest files are loaded."""
    options = compat.early_options(request.config)
    assert isinstance(options, Namespace)
    assert {"version", "file_or_dir", "assertmode"} <= set(vars(options))


@pytest.mark.parametrize(("options", "rewrites"), [((), True), (("--assert=plain",), False)])
def test_assertmode(pytester: pytest.Pytester, options: tuple[str, ...], rewrites: bool) -> None:
    """`--assert` is stored as `assertmode`."""
    assert compat.rewrites_asserts(pytester.parseconfig(*options)) is rewrites


def test_inicache(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """`config.getini` believes `config._inicache`."""
    monkeypatch.setattr(rewrite, "PYC_TAIL", rewrite.PYC_TAIL)
    config = pytester.parseconfig()
    seen = [config.getini("enable_assertion_pass_hook")]
    for report in (True, False):
        compat.report_passed_asserts(config, report=report)
        seen.append(config.getini("enable_assertion_pass_hook"))
    assert seen == [False, True, False]


def test_pyc_tail(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name of rewritten byte code ends in `rewrite.PYC_TAIL` at the time when it is written or looked for."""
    monkeypatch.setattr(rewrite, "PYC_TAIL", before := rewrite.PYC_TAIL)
    assert "PYC_TAIL" in rewrite.AssertionRewritingHook.exec_module.__code__.co_names
    for _ in range(2):
        compat.report_passed_asserts(pytester.parseconfig(), report=True)
        assert f".gate{before}" == rewrite.PYC_TAIL
    compat.report_passed_asserts(pytester.parseconfig(), report=False)
    assert before == rewrite.PYC_TAIL


def test_assertion_rewriting_hook() -> None:
    """An `AssertionRewritingHook` in `sys.meta_path` rewrites asserts; it is gone meanwhile, and back where it was."""
    before = list(sys.meta_path)
    with compat.no_rewriting():
        left = list(sys.meta_path)
    rewriting = [finder for finder in before if type(finder).__name__ == "AssertionRewritingHook"]
    assert rewriting
    assert left == [finder for finder in before if finder not in rewriting]
    assert sys.meta_path == before


CONFTEST = """
import pytest
from release_sentinel.plugin import compat

def pytest_addoption(parser, pluginmanager):
    config = pluginmanager.get_plugin("pytestconfig")
    parser.getgroup("gate").addoption("--env", default="ours")
    with compat.option_kept(config, "--env", lambda: told.append(1)):
        parser.addoption("--env", "--environment", default="theirs")
        parser.getgroup("shop").addoption("--env", dest="shop_env", default="theirs")
        parser.addoption("--other", default="kept")
    parser.addoption("--more", default="kept")

told = []
"""


def test_addoption(pytester: pytest.Pytester) -> None:
    """Every option is added by `OptionGroup.addoption`: of two of one name the first stays, and others are added."""
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(
        """
        def test_it(request):
            option = request.config.option
            assert (option.env, option.shop_env, option.other, option.more) == ("given", "theirs", "kept", "kept")
            assert len(request.config.pluginmanager.get_plugins() and __import__("conftest").told) == 2
        """
    )
    done = pytester.runpytest("--env", "given")
    done.assert_outcomes(passed=1)


def test_terminal_writer(request: pytest.FixtureRequest) -> None:
    """The reporter's `_tw` is the writer that pytest hands out itself."""
    assert compat.reporter(request.config) is not None
    assert compat.terminal_writer(request.config) is request.config.get_terminal_writer()


@pytest.mark.parametrize("tty", [True, False])
def test_isatty(pytester: pytest.Pytester, tty: bool) -> None:
    """The reporter's `isatty` tells what its file is: a method, in pytest 8.4.0 an attribute."""
    file = StringIO()
    file.isatty = lambda: tty  # type: ignore[method-assign]  # no terminal is at hand
    config = pytester.parseconfig()
    config.pluginmanager.register(pytest.TerminalReporter(config, file), "terminalreporter")
    assert compat.is_terminal(config) is tty


@pytest.mark.parametrize("coloured", [True, False])
@pytest.mark.parametrize(("option", "value"), [("--color=yes", "yes"), ("--color=no", "no"), ("-pno:terminal", "auto")])
def test_hasmarkup(pytester: pytest.Pytester, option: str, value: str, coloured: bool) -> None:
    """The choice of colours counts with and without a reporter, and knows the value of `--color`."""
    asked, config = [], pytester.parseconfig(option)

    def is_coloured(option: str) -> bool:
        asked.append(option)
        return coloured

    compat.choose_colours(config, is_coloured)
    config._do_configure()
    writer = compat.terminal_writer(config, is_coloured)
    config._ensure_unconfigure()
    assert (writer.hasmarkup, asked) == (coloured, [value])


def test_current_line(pytester: pytest.Pytester) -> None:
    """What is written aside leaves pytest's `_current_line` as it is, and with it the column."""
    writer = compat.terminal_writer(pytester.parseconfig("-p", "no:terminal"))
    writer.write("one")
    compat.write_aside(writer, "\rmore\n than that\r")
    assert (compat.column(writer), writer._current_line) == (3, "one")


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("options", "shows"),
    [
        ((), False),
        (("--capture=sys",), False),
        (("-s",), True),
        (("--capture=tee-sys",), True),
        (("--log-cli-level=INFO",), True),
        (("-o", "log_cli=true"), True),
        (("-p", "no:logging"), False),
        (("-p", "no:capture"), True),
    ],
)
def test_what_a_gate_prints_is_shown_at_once(pytester: pytest.Pytester, options: tuple[str, ...], shows: bool) -> None:
    """By pytest's options `capture`, `log_cli_level` and `log_cli`, where their plugins are there."""
    config = pytester.parseconfig(*options)
    config._do_configure()
    try:
        assert compat.shows_output(config) is shows
    finally:
        config._ensure_unconfigure()


def test_no_terminal_reporter(pytester: pytest.Pytester) -> None:
    """Without the reporter there is a `TerminalWriter` all the same."""
    config = pytester.parseconfig("-p", "no:terminal")
    assert compat.reporter(config) is None
    assert isinstance(compat.terminal_writer(config), TerminalWriter)


@pytest.mark.parametrize(
    "write",
    ["with compat.uncaptured(request.config): print('seen')", "compat.stop_capturing(request.config); print('seen')"],
)
@pytest.mark.parametrize("capture", ["fd", "sys", "no"])
def test_capture_manager(pytester: pytest.Pytester, write: str, capture: str) -> None:
    """What is written past the `CaptureManager` is on the terminal, although the test passes."""
    pytester.makepyfile(f"from release_sentinel.plugin import compat\ndef test_it(request):\n    {write}\n")
    done = pytester.runpytest(f"--capture={capture}")
    assert "seen" in done.stdout.str()


def test_no_capture_manager(pytester: pytest.Pytester) -> None:
    """Where capturing is switched off as a plugin there is nothing to do."""
    config = pytester.parseconfig("-p", "no:capture")
    with compat.uncaptured(config):
        compat.stop_capturing(config)


FIXTURES = """
import pytest

@pytest.fixture
def inner(): pass

@pytest.fixture
def outer(inner, tmp_path): pass

@pytest.fixture
def marked(): pass

@pytest.fixture(autouse=True)
def around(): pass

@pytest.fixture
def unused(): pass

@pytest.mark.usefixtures("marked")
def test_it(outer): pass
"""


def test_fixtureinfo(pytester: pytest.Pytester) -> None:
    """An item's `_fixtureinfo` has the fixtures that it uses: asked for, by other fixtures, marks, and around it."""
    found = {function.__name__ for function in compat.fixtures_of(_item(pytester, FIXTURES))}
    assert {"outer", "inner", "tmp_path", "marked", "around"} <= found
    assert "unused" not in found


class Around:
    """A plugin that does something around every test."""

    @pytest.fixture(autouse=True)
    def around_all(self) -> None:
        """Do nothing."""


def test_baseid(pytester: pytest.Pytester) -> None:
    """A fixture that a plugin puts around every test has no `baseid`, and is none of the test's."""
    pytester.plugins.append(Around())
    item = _item(pytester, "def test_it(): pass")
    assert "around_all" in item.fixturenames  # type: ignore[attr-defined]  # of functions alone
    assert "around_all" not in {function.__name__ for function in compat.fixtures_of(item)}


def test_fixtures_of_pytest(pytester: pytest.Pytester) -> None:
    """Fixtures of pytest live in the package `_pytest`."""
    item = _item(pytester, "def test_it(tmp_path, capsys, request): pass")
    assert [compat.is_pytests(function) for function in compat.fixtures_of(item)][:2] == [True, True]
    assert not compat.is_pytests(test_fixtures_of_pytest)


def test_node_id(pytester: pytest.Pytester) -> None:
    """An item's id and keywords follow its name: `_id`, up to pytest 9.1 `_nodeid`, and `keywords._markers`."""
    item = _item(pytester, "import pytest\n@pytest.mark.parametrize('x', ['secret'])\ndef test_it(x): assert x")
    before = item.nodeid
    compat.rename(item, "test_it[***]")
    assert item.name == "test_it[***]"
    assert item.nodeid == before.replace("secret", "***")
    assert ("test_it[***]" in item.keywords, "test_it[secret]" in item.keywords) == (True, False)


def test_trace_writer(pytester: pytest.Pytester) -> None:
    """The writer of pluggy's trace is `_writer` of its root."""
    config = pytester.parseconfig()
    lines: list[str] = []
    config.trace.root.setwriter(lines.append)
    compat.filter_trace(config, lambda text: text.replace("secret", "***"))
    config.trace("a secret")
    assert "***" in "".join(lines)
    assert "secret" not in "".join(lines)


def test_trace_file(pytester: pytest.Pytester) -> None:
    """The writer of `--debug` is the method of an open file, and what that says already is cleaned, too."""
    config = pytester.parseconfig()
    with (pytester.path / "trace.log").open("w+", encoding="utf-8") as file:
        config.trace.root.setwriter(file.write)
        config.trace("first secret")
        compat.filter_trace(config, lambda text: text.replace("secret", "***"))
        config.trace("second secret")
    text = (pytester.path / "trace.log").read_text(encoding="utf-8")
    assert "first ***" in text
    assert "second ***" in text


def test_no_trace(pytester: pytest.Pytester) -> None:
    """Without `--debug` there is no writer, and none is set."""
    config = pytester.parseconfig()
    compat.filter_trace(config, str.upper)
    assert config.trace.root._writer is None


MODULE = """
import types
from release_sentinel.plugin.compat import LoadedModule

class Module(LoadedModule):
    def load(self):
        module = types.ModuleType("elsewhere")
        exec("def test_it(): pass", module.__dict__)
        return module

def pytest_pycollect_makemodule(module_path, parent):
    return Module.from_parent(parent, path=module_path)
"""


def test_getobj(pytester: pytest.Pytester) -> None:
    """The module of a module node comes from its `_getobj`."""
    pytester.makeconftest(MODULE)
    pytester.makepyfile("raise RuntimeError('imported in the ordinary way')")
    pytester.runpytest().assert_outcomes(passed=1)


@pytest.mark.parametrize(
    "version", [(8, 4, 0), (8, 4, 2), (8, 10, 0), (8, 5, "0rc1"), (9, 0, 1), (9, 2, 0), (9, 11, 0)]
)
def test_a_supported_pytest_is_taken(version: tuple[int | str, ...]) -> None:
    """Versions are compared as numbers."""
    assert compat.unsupported(version) == ""


@pytest.mark.parametrize("version", [(10, 0, 0), (10, 0, "0rc1"), (80, 4, 0), (8, 3, 5), (8, 0, 0), (7, 4, 4)])
def test_another_pytest_is_refused(version: tuple[int | str, ...]) -> None:
    """A pytest for which the plugin is not written does not judge; the remedy is in the words."""
    shown, expected = ".".join(map(str, version)), "pytest>=8.4,<10"
    assert compat.unsupported(version) == f"pytest {shown} is installed, expected {expected}: pip install '{expected}'"


SHIELD = """
import pytest
from release_sentinel.plugin import compat

@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session):
    assert callable(session._fixturemanager.getfixturedefs)
    assert list(session._fixturemanager._getautousenames(session)) is not None
    own = lambda file: file.endswith("test_shielded.py")
    compat.shield_fixtures(session, lambda path: own if own(str(path)) else None, __import__("ours"))

@pytest.fixture
def word():
    return "theirs"

@pytest.fixture(autouse=True)
def for_all(request):
    request.node.user_properties.append(("for_all", "theirs"))
"""


def test_fixture_manager(pytester: pytest.Pytester) -> None:
    """`session._fixturemanager` finds fixtures by `getfixturedefs`, and those for every test by `_getautousenames`."""
    pytester.makepyfile(ours="import pytest\n@pytest.fixture\ndef word(): return 'ours'\n")
    pytester.makeconftest(SHIELD)
    asks = "def test_it(word, tmp_path, request):\n    assert (word, bool(request.node.user_properties)) == {}\n"
    own = "import pytest\n@pytest.fixture\ndef own(): return 1\n@pytest.fixture(autouse=True)\ndef own_too(own): pass\n"
    dynamic = "def test_later(request):\n    assert request.getfixturevalue('word') == {}\n"
    pytester.makepyfile(
        test_shielded=own + asks.format(("ours", False)) + dynamic.format("'ours'") + "def test_own(own): assert own",
        test_other=asks.format(("theirs", True)) + dynamic.format("'theirs'"),
    )
    pytester.syspathinsert()
    done = pytester.runpytest("-p", "ours")
    done.assert_outcomes(passed=5)


def test_hook_calls() -> None:
    """All calls of hooks go by `_inner_hookexec`, with the hooks that are to be called: some can be left out."""
    manager = pytest.PytestPluginManager()

    class Theirs:
        def pytest_report_header(self) -> str:
            return "theirs"

    class Other:
        def pytest_report_header(self) -> str:
            return "other"

    kept, left_out = Other(), Theirs()
    manager.register(kept)
    manager.register(left_out)
    compat.withhold_hooks(
        manager,
        lambda hook, named: hook == "pytest_report_header" and named["start_path"] == "shielded",
        lambda plugin, function: plugin is left_out and "Theirs" in function.__qualname__,
    )
    ask = manager.hook.pytest_report_header
    assert ask(config=None, start_path="shielded", startdir=None) == ["other"]
    assert ask(config=None, start_path="x", startdir=None) == ["theirs", "other"]


LOOP = """
import pytest
from release_sentinel.plugin import compat

@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session):
    for _ in range(2):
        told = [one for item in session.items for one in compat.run_quietly(session, item, None)]
        assert session.testsfailed == 0
    for one in told:
        one.call()
    return True
"""


@pytest.mark.parametrize(
    ("body", "outcomes"),
    [
        ("def test_it(): assert next(RUNS)", {"passed": 1}),
        ("def test_it(): assert not next(RUNS)", {"failed": 1}),
        (
            "@pytest.mark.flaky(reruns=5)\ndef test_it(): assert next(RUNS) > 3",
            {"passed": 1},  # its first round takes four runs
        ),
        ("@pytest.mark.flaky(reruns=5)\ndef test_it(): assert next(RUNS) in (0, 3)", {"passed": 1}),
        ("@pytest.mark.flaky(reruns=5, condition=False)\ndef test_it(): assert next(RUNS) != 1", {"failed": 1}),
        ("@pytest.mark.flaky(reruns=5, only_rerun='Other')\ndef test_it(): assert next(RUNS) != 1", {"failed": 1}),
        ("@pytest.mark.flaky(reruns=5, rerun_except='Assert')\ndef test_it(): assert next(RUNS) != 1", {"failed": 1}),
    ],
    ids=["late", "early", "reruns", "reruns of the last", "condition", "only_rerun", "rerun_except"],
)
def test_hookexec(pytester: pytest.Pytester, body: str, outcomes: dict[str, int]) -> None:
    """What `_inner_hookexec` keeps from pytest is told of the last round alone, whatever has run the test."""
    pytester.makeconftest(LOOP)
    pytester.makepyfile(f"import itertools, pytest\nRUNS = itertools.count()\n{body}\n")
    done = pytester.runpytest("-p", "pytest_rerunfailures", "-p", "no:randomly")
    done.assert_outcomes(**outcomes)
    assert done.ret == (1 if "failed" in outcomes else 0)


@pytest.mark.skipif(pytest.version_tuple < (9, 0), reason="pytest has subtests from 9.0 on")
def test_failed_subtests_key(pytester: pytest.Pytester) -> None:
    """The subtests of an earlier round are forgotten; those of the last one count."""
    pytester.makeconftest(LOOP)
    pytester.makepyfile(
        """
        import itertools
        EARLY, LATE = itertools.count(), itertools.count()

        def test_early(subtests):
            with subtests.test("a"):
                assert next(EARLY) > 0

        def test_late(subtests):
            with subtests.test("a"):
                assert next(LATE) < 1
        """
    )
    done = pytester.runpytest("-p", "no:randomly")
    done.stdout.fnmatch_lines(["SUBFAILED[[]a[]]*test_late*"])
    assert "test_early" not in done.stdout.str().partition("short test summary")[2]
    assert done.ret == 1
