"""From the first look at the command line to the exit code: signals, the deadline, and the last word."""

import gc
import signal
import sys
from collections.abc import Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager, suppress
from functools import partial, wraps
from inspect import iscoroutinefunction
from types import FrameType
from typing import Any

import pytest

from release_sentinel.observe import this_process
from release_sentinel.plugin import collection, compat, scrubbing, terminal
from release_sentinel.plugin.conclusion import conclude
from release_sentinel.plugin.deadline import is_alarm
from release_sentinel.plugin.ending import can_show
from release_sentinel.plugin.gate import Record
from release_sentinel.plugin.preparation import prepare
from release_sentinel.plugin.session import RECORD, GateSession
from release_sentinel.redacted import RedactedVerdict
from release_sentinel.sentences import words_of
from release_sentinel.vocabulary import EXIT_BLOCKED, Stage

_STAGE = "a policy gate failed, so critical gates are not probed (--gate-all probes them)"
_NO_BASELINE = "there is no --gate-baseline to compare with"
_WATCH = "a watch after a deployment judges critical gates alone"
ROOM = 2.0  # seconds for a gate's own bound to end it, before the one around it does


_FUNCTION = pytest.StashKey[Any]()


def watch(session: GateSession) -> None:
    """Bound the run from now on, before other plugins and conftest files are loaded, to the end of the process."""

    def interrupts() -> bool:
        session.stuck = this_process.where()
        return session.held

    session.deadline.watch(interrupts, lambda: session.ending.now(_last_words(session)))
    session.config.add_cleanup(partial(_unconfigured, session))


def _unconfigured(session: GateSession) -> None:
    """Bound what is left of the process where pytest failed before it ran anything; the last of its clean-ups.

    `sys.exit` in a plugin, as it is loaded or at the end, comes by here on its way to the exit code.
    """
    if session.held:
        return
    session.deadline.end_watch()
    answered = session.ending.begun
    if not answered:
        session.ending.begin(int(pytest.ExitCode.USAGE_ERROR))
    error = sys.exception()
    if isinstance(error, SystemExit):
        if not answered:
            raise pytest.UsageError(f"sys.exit({error.code!r}) ended pytest early") from error
        raise SystemExit(session.ending.code or error.code)


def hold(session: GateSession) -> Generator[None, Any, int]:
    """Let pytest run within the deadline, and answer for it with the exit code that the verdict proves."""
    code = int(pytest.ExitCode.USAGE_ERROR)
    session.held = True
    try:
        code = yield from _answer(session)
    finally:
        session.held = False
        session.ending.begin(code)
    return code


def _answer(session: GateSession) -> Generator[None, Any, int]:
    session.workflow_output.begin()
    prepare(session)
    try:
        with _terminated_as_interrupt(session):
            code = int((yield) or 0)
    except SystemExit as error:  # from a hook or a plugin's clean-up: its code is not ours
        code = EXIT_BLOCKED
        session.problems.append(f"sys.exit({error.code!r}) ended pytest early")
    except KeyboardInterrupt as error:  # before pytest would take it: while gates are imported
        session.interrupt(error)
        code = EXIT_BLOCKED
    except BaseException as error:
        session.problems.append(words_of(error))
        session.write_reports(conclude(session, pytest.ExitCode.USAGE_ERROR))
        if isinstance(error, pytest.UsageError) or can_show("\n"):
            raise
        code = EXIT_BLOCKED
    finally:
        session.deadline.end_watch()
    verdict = session.verdict
    late = session.interrupted and verdict and verdict.exit_code != 128 + session.interrupted
    if verdict is None or late or code != verdict.exit_code or session.problems_since:
        verdict = conclude(session, session.pytest_code or code)
    with _signals_noted(session):
        code = terminal.finish(session, verdict)
    return code if can_show() else code or EXIT_BLOCKED


def begin(session: GateSession, item: pytest.Item) -> None:
    """Start a gate's record; leave the gate out where an earlier stage failed."""
    record = item.stash[RECORD]
    record.begin()
    record.waiver, record.advised = session.waivers.get(record.id), session.advised(record.id)
    if record.stage is Stage.POLICY and session.watch:
        record.leave_out(_WATCH, spare=True)
    if record.stage is Stage.CRITICAL and session.policy_failed and not session.invocation.has("--gate-all"):
        record.leave_out(_STAGE)
    if record.built_in and record.id.startswith("compare[") and session.baseline is None:
        record.leave_out(_NO_BASELINE, spare=True)
    session.deadline.begin()
    session.note(record)
    if record.stage is Stage.CRITICAL:
        items = item.session.items
        asked = collection.questions
        session.prefetch.begin(
            lambda: ((gate, session.deadline.bounded(ask)) for gate, ask in asked(session, items)),
            session.policy.at_once,
        )


def bound(session: GateSession, item: pytest.Item) -> None:
    """Let the gate's function run within its bound, and take what it judges for the gate's judgement.

    In a thread of its own, which can be left behind whatever it hangs in. A gate with fixtures that are neither
    pytest's nor ours stays in their thread, because of what belongs to one: connections, event loops, browsers. So does
    a coroutine function: who awaits it asks whether it is one, and calls any other function without awaiting anything.
    """
    record = item.stash[RECORD]
    function = item.stash.setdefault(_FUNCTION, getattr(item, "obj", None))  # in a second round, not what it became
    if function is None:
        record.judging = True  # a test of another kind, which has no function of its own
        return
    if iscoroutinefunction(function):
        compat.replace_function(item, _awaited(function, record))
        return
    deadline, alone = session.deadline, all(map(_is_known, compat.fixtures_of(item)))

    def judge(*args: object, **named: object) -> object:
        __tracebackhide__ = True
        with record.judgement():
            result = function(*args, **named)
        compat.fail_on_warnings()
        if result is not None and compat.is_test_case(item):
            session.unnoticed.note(f"it returned {type(result).__name__}, which proves nothing: it needs an assert")
        return result

    @wraps(function)
    def bounded(*args: object, **named: object) -> object:
        __tracebackhide__ = True
        if alone:
            wait = partial(session.progress.wait, record.id)
            more = session.policy.forge.wait if record.id == "ci-checks" else 0.0
            return deadline.call(lambda: judge(*args, **named), wait, more)
        with deadline.interrupting():
            return judge(*args, **named)

    compat.replace_function(item, bounded)


def _awaited(function: Callable[..., Coroutine[Any, Any, object]], record: Record) -> Callable[..., object]:
    @wraps(function)
    async def judge(*args: object, **named: object) -> object:
        __tracebackhide__ = True
        with record.judgement():
            return await function(*args, **named)

    return judge


def _is_known(fixture: Callable[..., object]) -> bool:
    ours = getattr(fixture, "__module__", "").partition(".")[0] == "release_sentinel"
    return ours or compat.is_pytests(fixture)


def note_phase(session: GateSession, record: Record, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Take note of one phase of a gate, and scrub what pytest will show of it."""
    if not session.in_rounds:  # those of the last round are cleaned before pytest is told of them
        scrubbing.clean_report(report, session.redactor.scrub)
    error = call.excinfo.value if call.excinfo else None
    if error and report.when == "teardown" and session.cleaning_up:
        words = f"to clean up after the last gate failed: {type(error).__name__}: {words_of(error)}"
        if session.in_rounds:
            record.spoil(words)
        else:
            session.problems.append(words)
        error = None
    record.note(report, error, session.redactor.scrub)
    if report.when == "teardown" and record.runs:
        session.note(record)
    terminal.excuse(record, report)


def end(session: GateSession, pytest_session: pytest.Session, code: int) -> RedactedVerdict:
    """Reach the verdict, now that pytest has run all gates that it runs and ends with `code`."""
    compat.report_passed_asserts(session.config, report=False)  # what plugins import now has its ordinary cache
    session.pytest_code = code
    session.early_end = session.early_end or str(pytest_session.shouldfail or pytest_session.shouldstop or "")
    session.unnoticed.end(wait=not session.early_end)
    verdict = conclude(session, code)
    terminal.hide_judged(session.config, session.records)
    return verdict


def _last_words(session: GateSession) -> int:
    """Write the reports of a run that not even an interrupt could end; return its exit code."""
    running = [record.id for record in session.records.values() if record.runs and not record.finished]
    stuck = f" in gate {', '.join(running)}" if running else ""
    session.early_end = (
        f"the deadline of {session.deadline.run:g} s had passed, and the run hung{stuck or session.stuck}"
    )
    session.problems.append(session.early_end)
    with suppress(Exception):  # whatever it is stuck in may be captured; the last words must not be
        compat.stop_capturing(session.config)
        session.progress.clear()
    terminal.finish(session, conclude(session, pytest.ExitCode.INTERRUPTED))
    sys.stdout.flush()
    return EXIT_BLOCKED


def spare_collection() -> None:
    """Keep pytest's five garbage collections from what is loaded: the process is about to end."""
    if this_process.is_pytest():
        gc.freeze()


@contextmanager
def _terminated_as_interrupt(session: GateSession) -> Iterator[None]:
    """Turn what asks a process to end into an interrupt that pytest knows, so that the reports are written."""

    def interrupt(number: int, _frame: FrameType | None) -> None:
        if number != signal.SIGINT or not is_alarm():
            session.interrupted = number  # also where the code that runs now swallows the exception
        raise KeyboardInterrupt

    with this_process.interrupts_to(interrupt):
        yield


@contextmanager
def _signals_noted(session: GateSession) -> Iterator[None]:
    """Keep a signal from tearing the reports; it makes the run INCOMPLETE all the same."""

    def note(number: int, _frame: FrameType | None) -> None:
        if number != signal.SIGINT or not is_alarm():
            session.take(number)

    with this_process.interrupts_to(note):
        yield
