"""What pytest calls in a gate run, in the order in which it calls."""

import os
import sys
import warnings
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from release_sentinel.invocation import parse
from release_sentinel.lines import visible
from release_sentinel.options import OPTIONS
from release_sentinel.plugin import collection, compat, fixtures, folders, guard, lifecycle, rounds, scrubbing, terminal
from release_sentinel.plugin.always_true import always_true
from release_sentinel.plugin.session import RECORD, SESSION, GateSession
from release_sentinel.plugin.shielding import Shield
from release_sentinel.plugin.unrun import unrun
from release_sentinel.reports.document import document
from release_sentinel.sentences import sentence
from release_sentinel.timeline import recording
from release_sentinel.vocabulary import Stage


def register(config: pytest.Config, parser: pytest.Parser) -> None:
    """Register options, hooks and fixtures for a gate run, once."""
    if SESSION in config.stash:
        return
    params = config.invocation_params
    words = [str(word) for word in params.args]
    invocation = parse(
        words, os.environ, Path(params.dir), ini=compat.ini_arguments(config), ini_file=str(config.inipath or "")
    )
    guard.find_installed_first(config, invocation.repository)
    session = config.stash[SESSION] = GateSession(config, invocation)
    lifecycle.watch(session)
    scrubbing.shield(config, session.redactor)
    compat.tolerate_conftests(config, session.conftests.note)
    _declare_options(parser)
    for name, plugin in {
        "release-sentinel": Hooks(session),
        ANSWER: Answer(session),
        "release-sentinel-admission": Admission(session),
        "release-sentinel-fixtures": fixtures,
        "release-sentinel-scrubber": scrubbing.Scrubber(session.redactor),
    }.items():
        if config.pluginmanager.register(plugin, name) is None:
            raise pytest.UsageError(f"-p no:{name} would switch the gate off: leave it out")
    session.load()


def _declare_options(parser: pytest.Parser) -> None:
    group = parser.getgroup("release gate")
    for option in OPTIONS:
        if not option.own:
            continue
        try:
            option.add_to(group.addoption, without="--version")  # which is pytest's own
        except ValueError as error:
            raise pytest.UsageError(
                f"another plugin of this environment has an option {option.flag} already ({sentence(error)}); "
                "a gate run needs its own: switch that plugin off with `-p no:NAME`, or install release-sentinel in an "
                "environment of its own"
            ) from error


def _count_assertions(config: pytest.Config) -> None:
    """Have pytest report each assert that holds."""
    if sys.flags.optimize:
        raise pytest.UsageError("python -O (PYTHONOPTIMIZE) strips asserts out of what gates call: run without it")
    if not compat.rewrites_asserts(config):
        raise pytest.UsageError("--assert=plain and -p no:assertion make every assert of a gate hold: leave them out")
    for plugin in ("threadexception", "unraisableexception"):
        if not config.pluginmanager.has_plugin(plugin):
            raise pytest.UsageError(f"-p no:{plugin} would hide failures of a gate: leave it out")
    compat.report_passed_asserts(config, report=True)


@contextmanager
def _strict() -> Iterator[None]:
    """Let failures that pytest only warns of fail the gate, whatever filters of warnings a repository has set."""
    with warnings.catch_warnings():
        compat.fail_on_warnings()
        yield


ANSWER = "release-sentinel-answer"


class Answer:
    """Holds the exit code: outermost, so that nothing that pytest or a plugin does can better it."""

    def __init__(self, session: GateSession) -> None:
        self._session = session

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_cmdline_main(self) -> Generator[None, Any, int]:
        """Let pytest run, and answer for it."""
        return (yield from lifecycle.hold(self._session))


class Admission:
    """Refuses what must not run: the whole run, or a gate whose stage may not begin."""

    def __init__(self, session: GateSession) -> None:
        self._session = session

    @pytest.hookimpl(tryfirst=True)
    def pytest_cmdline_main(self) -> int | None:
        """End the run where the policy cannot be understood."""
        return 1 if self._session.refused else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Start a gate, or leave it out because an earlier stage failed."""
        lifecycle.begin(self._session, item)


class Hooks:
    """Every hook hands over in a line or two."""

    def __init__(self, session: GateSession) -> None:
        self._session, self._shield = session, Shield(session)
        self._shield.raise_hooks()

    def rewrite(self, args: list[str]) -> None:
        """Rewrite pytest's arguments in place; called by the entry point, which pytest calls early enough."""
        _count_assertions(self._session.config)  # now that other plugins' modules are loaded, out of their own cache
        self._session.rewrite(args)

    def note_rival(self) -> None:
        """Say that a conftest has an `--env`, as many test suites do: it gets the value of our own.

        Called by the entry point.
        """
        self._session.notes.append("note: --env is the gate's; a conftest has an option of that name, too")

    def pytest_plugin_registered(self, plugin: object, manager: pytest.PytestPluginManager) -> None:
        """Keep our answer outermost: of several wrappers, the one that is registered last answers for the others."""
        answer = manager.get_plugin(ANSWER)
        if answer and plugin is not answer and hasattr(plugin, "pytest_cmdline_main") and not self._session.held:
            manager.unregister(answer)
            manager.register(answer, ANSWER)

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Declare the markers, decide on colours, and let asserts be explained."""
        self._session.screen.choose_colours()
        compat.ensure_terminal_writer(config)
        config.addinivalue_line("markers", f"{Stage.POLICY}: a gate on the release itself; a failure exits 1 (BLOCKED)")
        config.addinivalue_line(
            "markers", f"{Stage.CRITICAL}: a gate on host or services; a failure exits 2 (CRITICAL)"
        )

    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Keep the built-in gates to our own fixtures, whatever a conftest or a plugin defines."""
        self._shield.raise_fixtures(session)

    def pytest_report_header(self) -> str:
        """Say what is judged."""
        release = self._session.release
        said = f"release: {release.version} to {release.env}, from {release.repository}"
        return visible(self._session.redactor.scrub(said))

    @pytest.hookimpl(tryfirst=True)
    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Collect a built-in gate once, also in a clone beside an installed package; none without its conftest."""
        is_repeated = folders.is_copy(collection_path) or folders.is_circle(collection_path)
        if self._session.pack_of(collection_path):
            return None
        return True if is_repeated or self._session.conftests.keeps_out(collection_path) else None

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.Module | None:
        """Collect the gates of others where a repository's test files have other names."""
        missed = self._kind_of(file_path) if folders.is_test_file(file_path.name) else None
        if not missed or any(file_path.match(pattern) for pattern in parent.config.getini("python_files")):
            return None
        return missed.from_parent(parent, path=file_path)

    def pytest_pycollect_makemodule(self, module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
        """Import the gates of others under names that no file of a repository has."""
        kind = self._kind_of(module_path)
        return kind.from_parent(parent, path=module_path) if kind else None

    def _kind_of(self, path: Path) -> type[pytest.Module] | None:
        """Return how a file is collected that is not the repository's own."""
        if folders.holds(path):
            return collection.BuiltInModule
        return collection.PackModule if self._session.pack_of(path) else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_pycollect_makeitem(self, collector: pytest.Collector, name: str) -> list[pytest.Item] | None:
        """Leave out a built-in gate that the policy does not ask for."""
        return None if collection.is_asked_for(self._session, collector, name) else []

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Note every test that is found; a file that ends the process keeps its own gates from running, and no others.

        Where a node id chooses one test, no other hook sees what else its file holds.
        """
        try:
            with _strict():
                report = yield
        except SystemExit as error:
            report = pytest.CollectReport(collector.nodeid, "failed", f"sys.exit({error.code!r})", [])
        collection.note_found(self._session, collector, report)
        return report

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Make an item of a built-in gate for each target that the policy lists."""
        collection.parametrize(self._session, metafunc)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Take note of what could not be collected."""
        collection.note(self._session, report)

    def pytest_deselected(self, items: Iterable[pytest.Item]) -> None:
        """Take note of what was left out."""
        self._session.found.left_out |= {collection.gate_id(item): "it was deselected" for item in items}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Turn tests into gates, policy first; a plugin may have given them other names."""
        scrubbing.rename_all(items, self._session.redactor.scrub)
        collection.prepare(self._session, items)
        if not all(record.built_in for record in self._session.records.values()):
            self._session.unnoticed.begin()
            self._session.config.add_cleanup(self._session.unnoticed.undo)
            self._session.problems += [said for one in self._session.found.modules for said in unrun(one.obj, one.path)]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Run the critical gates in rounds, where they are asked for."""
        return True if not session.config.option.collectonly and rounds.run(self._session, session) else None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None]:
        """Bound what prepares a gate."""
        with self._phase(item, "setup"), self._session.deadline.interrupting():
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None]:
        """Bound what cleans up after a gate, and after the last one for all of them."""
        self._session.cleaning_up = nextitem is None
        with self._phase(item, "teardown"), self._session.deadline.interrupting():
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None]:
        """Bound the gate itself, and what a plugin makes of it: it may run a coroutine elsewhere."""
        lifecycle.bound(self._session, item)
        with self._phase(item, "call"), self._session.deadline.interrupting(more=lifecycle.ROOM):
            return (yield)

    @contextmanager
    def _phase(self, item: pytest.Item, phase: str) -> Iterator[None]:
        """Let what pytest only warns of, and what no code notices, fail the gate."""
        record = item.stash[RECORD]
        watching = self._session.pack_code.during(record.pack, phase)
        unnoticed = self._session.unnoticed.during(record, last=phase == "teardown")
        with watching, _strict(), recording(record.recorder), unnoticed:
            yield

    def pytest_assertion_pass(self, item: pytest.Item, lineno: int, orig: str, expl: str) -> None:
        """Count what a gate asserts: a plain assert is a judgement too, unless nothing could make it fail."""
        record = item.stash[RECORD]
        record.holds()
        if not record.built_in and (wrong := always_true(orig, expl, lineno)):
            self._session.unnoticed.note(wrong)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Record one phase, and scrub what pytest will show of it."""
        report = yield
        lifecycle.note_phase(self._session, item.stash[RECORD], call, report)
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take note of a gate that was run in another process: what it judged is not known here."""
        record = self._session.records.get(report.nodeid)
        if record and not record.runs:
            self._session.found.left_out[record.id] = (
                "it ran in another process (a mark `forked`?), where its result is lost"
            )

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> Any:
        """Show warnings, and gates that were not evaluated."""
        record = self._session.records.get(report.nodeid)
        return terminal.status(record, report) if record else None

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Tell an interrupt from a gate that ended the session."""
        self._session.interrupt(excinfo.value)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> Generator[None]:
        """Turn markers and results into the exit code, and put it back if a later plugin changes it."""
        verdict = lifecycle.end(self._session, session, int(exitstatus))
        session.exitstatus = verdict.exit_code
        try:
            return (yield)
        finally:
            session.exitstatus = verdict.exit_code or session.exitstatus
            lifecycle.spare_collection()

    @pytest.hookimpl(optionalhook=True)
    def pytest_json_modifyreport(self, json_report: dict[str, Any]) -> None:
        """Give pytest-json-report's document the verdict, and the true exit code."""
        verdict = self._session.verdict
        if verdict is not None:
            json_report["release"] = document(verdict)
            json_report["exitcode"] = verdict.exit_code
        scrubbing.scrub_in_place(json_report, self._session.redactor.scrub)
