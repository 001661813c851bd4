"""All that the plugin takes from pytest beyond its documented interface, for pytest 8.4 to 9.2.

No other module knows these parts. `tests/plugin/test_compat.py` has a test for each of them, which fails by name when
pytest changes it.
"""

import argparse
import contextlib
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from inspect import iscoroutinefunction
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from _pytest._io import TerminalWriter
from _pytest.assertion import rewrite
from _pytest.capture import CaptureManager
from _pytest.doctest import DoctestItem, DoctestModule, DoctestTextfile

# Warnings that are failures of a gate: an exception in a thread or in `__del__`, a test that returns its judgement, an
# assert on a tuple. pytest 8.4.0 and 8.4.1 have none for the third: there such a test fails.
FAILURES = tuple(
    getattr(pytest, name)
    for name in (
        "PytestUnhandledThreadExceptionWarning",
        "PytestUnraisableExceptionWarning",
        "PytestReturnNotNoneWarning",
        "PytestAssertRewriteWarning",
    )
    if hasattr(pytest, name)
)

_UNAWAITED = r"coroutine .* was never awaited"  # a RuntimeWarning of Python
_ASYNC_FIXTURE = ".* requested an async fixture "  # of pytest 8.4; later ones fail such a test
_GATE_TAIL = ".gate"
_ANSWERS_ITSELF = (9, 0)  # from this version on `pytest.main` answers `--version` before it loads a plugin


def fail_on_warnings() -> None:
    """Make errors of the warnings that are failures, whatever filters have been set since."""
    for category in FAILURES:
        warnings.simplefilter("error", category)
    warnings.filterwarnings("error", _UNAWAITED, RuntimeWarning)
    warnings.filterwarnings("error", _ASYNC_FIXTURE, pytest.PytestWarning)


def is_test_case(item: pytest.Item) -> bool:
    """Tell whether a test is a method of a `unittest.TestCase`, of which pytest takes no result."""
    case = getattr(sys.modules.get("unittest"), "TestCase", None)
    own = getattr(item, "cls", None)
    return case is not None and own is not None and issubclass(own, case)


def replace_function(item: Any, function: Callable[..., object]) -> None:
    """Let a test run another function in the place of its own.

    Where a method of a `unittest.TestCase` is a coroutine function, pytest leaves it to unittest, which takes it from
    the instance; the name that it has there is the end of `TestCase.id()`.
    """
    if iscoroutinefunction(function) and is_test_case(item):
        setattr(item.instance, item.instance.id().rpartition(".")[2], function)
    else:
        item.obj = function


def unsupported(version: tuple[int | str, ...] = pytest.version_tuple) -> str:
    """Say what is wrong with a version of pytest that this module is not written for; blank where nothing is."""
    if (8, 4) <= tuple(int(part) for part in version[:2]) < (10,):
        return ""
    shown = ".".join(str(part) for part in version[:3])
    return f"pytest {shown} is installed, expected pytest>=8.4,<10: pip install 'pytest>=8.4,<10'"


def answers_version(version: tuple[int | str, ...] = pytest.version_tuple) -> bool:
    """Tell whether this pytest prints its version for `--version VALUE` before any plugin is loaded."""
    return version[:2] >= _ANSWERS_ITSELF


def early_options(config: pytest.Config) -> argparse.Namespace:
    """Return the options as pytest's first look at the command line found them: before conftest files are loaded.

    pytest loads conftest files by it, so that changes count. `config.known_args_namespace` is not documented.
    """
    return config.known_args_namespace


def ini_arguments(config: pytest.Config) -> list[str]:
    """Return what `addopts` of the ini file adds to the command line; pytest knows it before it loads plugins."""
    return [str(word) for word in config.getini("addopts")]


def rewrites_asserts(config: pytest.Config) -> bool:
    """Tell whether pytest rewrites asserts: not with `--assert=plain`, nor without its plugin `assertion`."""
    return getattr(early_options(config), "assertmode", "") == "rewrite"


def report_passed_asserts(config: pytest.Config, *, report: bool) -> None:
    """Have pytest call `pytest_assertion_pass` for each assert that holds, or stop it.

    It reads an ini setting (kept in `config._inicache`) when it rewrites a module, and no command line can set that one
    in place of a repository. It takes byte code from a cache that knows nothing of the setting (its names end in
    `rewrite.PYC_TAIL`), so that gate runs have names of their own.
    """
    config._inicache["enable_assertion_pass_hook"] = report  # noqa: SLF001 - see above
    tail = rewrite.PYC_TAIL.removeprefix(_GATE_TAIL)
    rewrite.PYC_TAIL = f"{_GATE_TAIL}{tail}" if report else tail


@contextlib.contextmanager
def no_rewriting() -> Iterator[None]:
    """Import modules as Python does meanwhile: pytest would rewrite the asserts of a plugin's modules in each run.

    Its importer is an `AssertionRewritingHook` in `sys.meta_path`.
    """
    before = list(sys.meta_path)
    sys.meta_path[:] = [finder for finder in before if not isinstance(finder, rewrite.AssertionRewritingHook)]
    try:
        yield
    finally:
        sys.meta_path[:] = [*(finder for finder in sys.meta_path if finder not in before), *before]


@contextlib.contextmanager
def option_kept(config: pytest.Config, name: str, tell: Callable[[], None]) -> Iterator[None]:
    """Leave out what is added meanwhile under the name of an option that exists: two would end in a traceback.

    `tell` is called for each that is left out. Every option of a plugin or conftest comes by `OptionGroup.addoption`.
    """
    add = pytest.OptionGroup.addoption

    def add_others(self: pytest.OptionGroup, *opts: str, **attrs: Any) -> None:
        if name not in opts:
            add(self, *opts, **attrs)
            return
        if "dest" in attrs and not hasattr(config.option, attrs["dest"]):
            setattr(config.option, attrs["dest"], attrs.get("default"))
        tell()

    pytest.OptionGroup.addoption = add_others  # type: ignore[method-assign]  # pytest has no way to replace an option
    try:
        yield
    finally:
        pytest.OptionGroup.addoption = add  # type: ignore[method-assign]  # as above


def tolerate_conftests(config: pytest.Config, note: Callable[[Path, BaseException], None]) -> None:
    """Go on without a conftest file that cannot be loaded, once it is noted; pytest would end the run.

    pytest loads each by `pluginmanager._importconftest`, which imports it, registers it under its path, imports the
    plugins that it names, and lets it add its options.
    """
    manager: Any = config.pluginmanager
    load, broken = manager._importconftest, dict[Path, ModuleType]()  # noqa: SLF001 - see above

    def importconftest(path: Path, *args: Any, **named: Any) -> ModuleType:
        if path in broken:
            return broken[path]
        try:
            module: ModuleType = load(path, *args, **named)
            _refuse_unknown_hooks(manager, module)
        except (Exception, SystemExit, pytest.skip.Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - it is noted
            note(path, error)
            if (half := manager.get_plugin(str(path))) is not None:
                manager.unregister(half)
                manager._conftest_plugins.discard(half)  # noqa: SLF001 - see above
            return broken.setdefault(path, ModuleType(path.stem))
        return module

    manager._importconftest = importconftest  # noqa: SLF001 - see above


def _refuse_unknown_hooks(manager: pytest.PytestPluginManager, module: ModuleType) -> None:
    """Refuse a conftest file with a hook that is never called, as pytest does later, and with a traceback.

    That is `pluginmanager.check_pending()`, when the collection begins.
    """
    unknown = sorted(
        caller.name
        for caller in manager.get_hookcallers(module) or ()
        if not caller.has_spec()
        and any(one.plugin is module and not one.optionalhook for one in caller.get_hookimpls())
    )
    if unknown:
        raise pytest.UsageError(f"pytest has no hook {', '.join(unknown)}")


def is_test_module(collector: pytest.Collector) -> bool:
    """Tell whether a collector is a Python file with tests, and not one that `doctest` reads examples from."""
    return isinstance(collector, pytest.Module) and not isinstance(collector, DoctestModule | DoctestTextfile)


def is_doctest(item: pytest.Item) -> bool:
    """Tell whether an item is an example of a text or docstring, which pytest's plugin `doctest` has collected."""
    return isinstance(item, DoctestItem)


def ensure_terminal_writer(config: pytest.Config) -> None:
    """Let asserts be explained without pytest's reporter: `config.get_terminal_writer()` is how pytest does that."""
    if reporter(config) is None and not config.pluginmanager.has_plugin("terminalreporter"):
        config.get_terminal_writer = lambda: TerminalWriter(sys.stdout)  # type: ignore[method-assign]  # it asserts


def terminal_writer(config: pytest.Config, is_coloured: Callable[[str], bool] | None = None) -> TerminalWriter:
    """Return what writes to the terminal, also after the session and where pytest's own reporter is switched off.

    The reporter's `_tw` is what `config.get_terminal_writer()` returns, which fails without one. `is_coloured` takes
    the value of pytest's option `--color`, and tells whether there are colours.
    """
    found = reporter(config)
    writer = found._tw if found else TerminalWriter(sys.stdout)  # noqa: SLF001 - see above
    if is_coloured and not found:
        writer.hasmarkup = is_coloured(_color(config))
    return writer


def choose_colours(config: pytest.Config, is_coloured: Callable[[str], bool]) -> None:
    """Let pytest's own reporter, which is not made yet, show colours or not."""
    if hasattr(config.option, "color"):  # without the reporter's module, other plugins do without colours
        config.option.color = "yes" if is_coloured(_color(config)) else "no"


def _color(config: pytest.Config) -> str:
    """Return the value of pytest's option `--color`, which the reporter's module declares."""
    return str(getattr(config.option, "color", "auto"))


def terminal_size(writer: TerminalWriter) -> tuple[int, int]:
    """Return the width that pytest draws lines of, and the terminal's height."""
    return writer.fullwidth, shutil.get_terminal_size().lines


def reporter(config: pytest.Config) -> pytest.TerminalReporter | None:
    """Return pytest's own reporter; None where it is switched off or another has taken its place."""
    found = config.pluginmanager.get_plugin("terminalreporter")
    return found if isinstance(found, pytest.TerminalReporter) else None


def is_terminal(config: pytest.Config) -> bool:
    """Tell whether output is shown on a terminal. In pytest 8.4.0 the reporter's `isatty` is not a method."""
    isatty: Any = getattr(reporter(config) or sys.stdout, "isatty", False)
    return bool(isatty() if callable(isatty) else isatty)


def shows_output(config: pytest.Config) -> bool:
    """Tell whether what gates print or log is shown while they run (`-s`, `log_cli`)."""
    live = config.pluginmanager.has_plugin("logging-plugin") and config.getini("log_cli")
    level, capture = (getattr(config.option, name, None) for name in ("log_cli_level", "capture"))
    return bool(live) or level is not None or capture not in {"fd", "sys"}


def column(writer: TerminalWriter) -> int:
    """Return how many columns of its last row pytest's line takes: from 0 to all of them."""
    width = writer.width_of_current_line
    return (width - 1) % writer.fullwidth + 1 if width else 0


def write_aside(writer: TerminalWriter, text: str) -> None:
    """Write what is removed before pytest writes again, and keep its account of its line, `_current_line`."""
    line = writer._current_line  # noqa: SLF001 - see above
    writer.write(text, flush=True)
    writer._current_line = line  # noqa: SLF001 - see above


@contextlib.contextmanager
def uncaptured(config: pytest.Config) -> Iterator[None]:
    """Let what is written meanwhile reach the terminal: pytest has a fixture for that, and nothing for a plugin."""
    capture = config.pluginmanager.get_plugin("capturemanager")
    with capture.global_and_fixture_disabled() if isinstance(capture, CaptureManager) else contextlib.nullcontext():
        yield


def stop_capturing(config: pytest.Config) -> None:
    """Let everything that is written from now on reach the terminal: for the last words of a run that hangs."""
    capture = config.pluginmanager.get_plugin("capturemanager")
    if isinstance(capture, CaptureManager):
        capture.suspend_global_capture(in_=True)


def fixtures_of(item: pytest.Item) -> Iterator[Callable[..., object]]:
    """Yield the function of each fixture that a test uses, directly or not, as pytest worked it out: `_fixtureinfo`.

    A fixture that an installed plugin applies to every test does not count, unless the test asks for it.
    """
    info = getattr(item, "_fixtureinfo", None)
    definitions = getattr(info, "name2fixturedefs", {})
    asked = {*getattr(info, "argnames", ()), *(name for mark in item.iter_markers("usefixtures") for name in mark.args)}
    wanted = [
        name for name, overriding in definitions.items() if name in asked or any(one.baseid for one in overriding)
    ]
    for name in wanted:  # grows meanwhile
        for definition in definitions.get(name, ()):
            yield definition.func
            wanted += [more for more in definition.argnames if more not in wanted]


def shield_fixtures(
    session: pytest.Session, shielded: Callable[[Path], Callable[[str], bool] | None], ours: ModuleType
) -> None:
    """Let the tests of some files see no fixtures but pytest's own, those of the module `ours`, and some of their own.

    `shielded` takes the path of a test. It returns None for one that is not shielded, else a function that tells
    whether a source file may define fixtures for it.

    A conftest or plugin may define one of the same name, or one that applies to every test. pytest looks both up by
    methods of its fixture manager, which is not documented: `getfixturedefs` and `_getautousenames`.
    """
    manager: Any = session._fixturemanager  # noqa: SLF001 - see above
    defined, automatic = manager.getfixturedefs, manager._getautousenames  # noqa: SLF001 - see above

    def getfixturedefs(name: str, node: Any) -> Any:
        found, is_own = defined(name, node), shielded(node.path)
        if not found or not is_own:
            return found
        return tuple(
            one for one in found if is_of(one.func, ours) or is_pytests(one.func) or is_own(source_of(one.func))
        )

    def getautousenames(node: Any) -> Iterator[str]:
        for name in automatic(node):
            if shielded(node.path) is None or getfixturedefs(name, node):
                yield name

    manager.getfixturedefs, manager._getautousenames = getfixturedefs, getautousenames  # noqa: SLF001 - see above


def withhold_hooks(
    manager: Any,
    withheld: Callable[[str, Mapping[str, Any]], bool],
    theirs: Callable[[object, Callable[..., object]], bool],
) -> None:
    """Leave hooks out of some calls, for as long as the manager lives.

    `withheld` is asked with the hook's name and the arguments of a call; then `theirs`, with the plugin and the
    function of each hook, which of them are left out. All calls go by `_inner_hookexec`; pluggy has no public way.
    """
    execute = manager._inner_hookexec  # noqa: SLF001 - see above

    def call(name: str, hooks: Any, named: Any, *more: Any) -> Any:
        if withheld(name, named):
            hooks = [hook for hook in hooks if not theirs(hook.plugin, hook.function)]
        return execute(name, hooks, named, *more)

    manager._inner_hookexec = call  # noqa: SLF001 - see above


def source_of(function: Callable[..., object]) -> str:
    """Return the source file of a function; blank for anything else."""
    return str(getattr(getattr(function, "__code__", None), "co_filename", ""))


def is_of(function: Callable[..., object], module: ModuleType) -> bool:
    """Tell whether a function was defined in a module, whatever name it has given itself."""
    return getattr(function, "__globals__", None) is vars(module)


def is_pytests(function: Callable[..., object]) -> bool:
    """Tell whether a fixture is one of pytest's own, which live in the package `_pytest`."""
    module = getattr(function, "__module__", "")
    return module.partition(".")[0] == "_pytest" and module in sys.modules and is_of(function, sys.modules[module])


def rename(node: Any, name: str) -> None:
    """Give a test or collector another name: in its id (`_id`, up to pytest 9.1 `_nodeid`) and its keywords."""
    give_id(node, node.nodeid.removesuffix(node.name) + name)
    node.keywords._markers.pop(node.name, None)  # noqa: SLF001 - pytest has no public way to rename
    node.keywords[name] = True
    node.name = name


def give_id(node: Any, nodeid: str) -> None:
    """Give a test or collector another id."""
    if hasattr(node, "_id"):
        node._id = type(node._id).parse(nodeid)  # noqa: SLF001 - as above
    else:
        node._nodeid = nodeid  # noqa: SLF001 - as above


def clean_cache(clean: Callable[[Any], Any]) -> Callable[[], None]:
    """Put what is written to pytest's cache through `clean`, keys and values; return what ends that.

    It is the class that is changed: a conftest can write before any hook of ours sees the cache.
    """
    kind: Any = pytest.Cache
    write = kind.set

    def write_clean(cache: pytest.Cache, key: str, value: object) -> None:
        write(cache, clean(key), clean(value))

    def restore() -> None:
        kind.set = write

    kind.set = write_clean
    return restore


def forget_names(config: pytest.Config) -> None:
    """Keep pytest's cache from the names of this run's tests: it breaks at one that is not text."""
    for name in ("lfplugin", "nfplugin", "lfplugin-collwrapper", "lfplugin-collskip"):
        if config.pluginmanager.has_plugin(name):
            config.pluginmanager.unregister(name=name)


def filter_trace(config: pytest.Config, clean: Callable[[str], str]) -> None:
    """Put every line of the trace that `--debug` or PYTEST_DEBUG writes through `clean`, and what it says already.

    pluggy has no public way to ask for the writer (`config.trace.root._writer`).
    """
    root = config.trace.root
    write = root._writer  # noqa: SLF001 - see above
    if write is None:
        return
    file: Any = getattr(write, "__self__", None)
    if isinstance(getattr(file, "name", None), str):  # of a file; standard error's is a number
        file.flush()
        seen = Path(file.name).read_text(encoding="utf-8", errors="surrogateescape")
        file.seek(0)
        file.truncate()
        file.write(clean(seen))
    root.setwriter(partial(_write_clean, write, clean))


def _write_clean(write: Callable[[str], object], clean: Callable[[str], str], text: str) -> None:
    write(clean(text))


class LoadedModule(pytest.Module):
    """A test file that a subclass imports in its own way, in place of pytest's (`_getobj`)."""

    def load(self) -> ModuleType:
        """Import the file at `self.path`."""
        raise NotImplementedError

    def _getobj(self) -> ModuleType:
        return self.load()


def run_items(session: pytest.Session, items: Sequence[pytest.Item], following: pytest.Item | None) -> None:
    """Run items as pytest's own loop does, which is `_pytest.main.pytest_runtestloop`; `following` comes after them."""
    for item, after in zip(items, [*items, following][1:], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)


class DeferredHook(NamedTuple):
    """A call that tells pytest and its plugins of a test, and that was not made; `call` makes it."""

    report: pytest.TestReport | None
    call: Callable[[], object]


_TELLS = {"pytest_runtest_logstart", "pytest_runtest_logreport", "pytest_runtest_logfinish"}


def run_quietly(session: pytest.Session, item: pytest.Item, following: pytest.Item | None) -> list[DeferredHook]:
    """Run one item, of which pytest learns later, if at all; return the calls that tell it of the last run.

    A plugin may run it again, and subtests are told of while it runs. pluggy has no way to keep a call from the hooks,
    which all go by `_inner_hookexec`.
    """
    manager: Any = session.config.pluginmanager
    execute, deferred = manager._inner_hookexec, list[DeferredHook]()  # noqa: SLF001 - see above

    def keep(name: str, hooks: Any, named: Any, *more: Any) -> Any:
        if name not in _TELLS:
            return execute(name, hooks, named, *more)
        if name == "pytest_runtest_logstart":
            deferred.clear()
        deferred.append(DeferredHook(named.get("report"), partial(execute, name, hooks, named, *more)))
        return []

    _forget_subtests(item)
    manager._inner_hookexec = keep  # noqa: SLF001 - see above
    try:
        run_items(session, [item], following)
    finally:
        manager._inner_hookexec = execute  # noqa: SLF001 - see above
    return deferred


def _forget_subtests(item: pytest.Item) -> None:
    """Let pytest forget which subtests of an earlier run of an item failed: it counts them in the config's stash."""
    key = getattr(sys.modules.get("_pytest.subtests"), "failed_subtests_key", None)  # from pytest 9.0 on
    failed: dict[object, int] = item.config.stash.get(key, {}) if key is not None else {}
    failed.pop(getattr(item, "id", item.nodeid), None)
