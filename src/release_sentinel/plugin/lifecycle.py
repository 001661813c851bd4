"""From the first look at the command line to the exit code: signals, the deadline, and the last word."""

import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from functools import partial, wraps
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from release_sentinel import arguments
from release_sentinel.plugin import collection, compat, terminal
from release_sentinel.plugin.conclusion import conclude
from release_sentinel.plugin.deadline import is_alarm
from release_sentinel.plugin.progress import progress
from release_sentinel.plugin.scrubbing import PROGRAMS
from release_sentinel.plugin.session import RECORD, GateSession
from release_sentinel.vocabulary import EXIT_BLOCKED, Stage

_STAGE = "a policy gate failed, so critical gates are not probed (--gate-all probes them)"
ROOM = 2.0  # seconds for a gate's own bound to end it, before the one around it does
_GRACE = 5.0  # seconds for threads that a gate left behind


def hold(session: GateSession) -> Generator[None, Any, int]:
    """Let pytest run within the deadline, and answer for it with the exit code that the verdict proves."""
    session.workflow_output.begin()
    session.prepare()
    end_watch = session.deadline.watch(lambda: _last_words(session))
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
        session.problems.append(" ".join(str(error).split()) or type(error).__name__)
        session.write_reports(conclude(session, pytest.ExitCode.USAGE_ERROR))
        raise
    finally:
        end_watch()
    verdict = session.verdict
    late = session.interrupted and verdict and verdict.exit_code != 128 + session.interrupted
    if verdict is None or late or code != verdict.exit_code or session.problems_since:
        verdict = conclude(session, session.pytest_code or code)
    with _signals_ignored():
        code = terminal.finish(session, verdict)
    _leave(session, code)
    return code


def begin(session: GateSession, item: pytest.Item) -> None:
    """Start a gate's record; leave the gate out where an earlier stage failed."""
    record = item.stash[RECORD]
    record.begin()
    if record.stage is Stage.CRITICAL and session.policy_failed and not session.invocation.has("--gate-all"):
        record.not_evaluated = _STAGE
        pytest.skip(f"not evaluated: {_STAGE}")
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
    """Let the gate's function run within its bound.

    In a thread of its own, which can be left behind whatever it hangs in. A gate with fixtures that are neither
    pytest's nor ours stays in their thread, because of what belongs to one: connections, event loops, browsers.
    """
    function = getattr(item, "obj", None)
    if function is None:
        return
    deadline, alone = session.deadline, all(map(_is_known, compat.fixtures_of(item)))

    @wraps(function)
    def bounded(*args: object, **named: object) -> object:
        __tracebackhide__ = True
        if alone:
            wait = partial(progress(session.config, session.redactor.scrub).wait, item.stash[RECORD].id)
            return deadline.call(lambda: function(*args, **named), wait)
        with deadline.interrupting():
            return function(*args, **named)

    item.obj = bounded  # type: ignore[attr-defined]  # an item that has a function has `obj`


def _is_known(fixture: Callable[..., object]) -> bool:
    ours = getattr(fixture, "__module__", "").partition(".")[0] == "release_sentinel"
    return ours or compat.is_pytests(fixture)


def _last_words(session: GateSession) -> int:
    """Write the reports of a run that not even an interrupt could end; return its exit code."""
    running = [record.id for record in session.records.values() if record.runs and not record.finished]
    stuck = f" in gate {', '.join(running)}" if running else ""
    session.early_end = f"the deadline of {session.deadline.run:g} s had passed, and the run hung{stuck}"
    session.problems.append(session.early_end)
    with suppress(Exception):  # whatever it is stuck in may be captured; the last words must not be
        compat.stop_capturing(session.config)
    terminal.finish(session, conclude(session, pytest.ExitCode.INTERRUPTED))
    sys.stdout.flush()
    return EXIT_BLOCKED


def _leave(session: GateSession, code: int) -> None:
    """Make sure that the process ends although a hung gate left non-daemon threads behind."""
    hung = any(record.hung for record in session.records.values())
    if hung and Path(sys.argv[0]).name in PROGRAMS:
        timer = threading.Timer(_GRACE, os._exit, [code])
        timer.daemon = True
        timer.start()


def spare_collection() -> None:
    """Spare a process that is about to end pytest's five looks for garbage among all that was loaded."""
    if Path(sys.argv[0]).name in PROGRAMS:
        gc.freeze()


@contextmanager
def _terminated_as_interrupt(session: GateSession) -> Iterator[None]:
    """Turn what asks a process to end into an interrupt that pytest knows, so that the reports are written."""

    def interrupt(number: int, _frame: FrameType | None) -> None:
        if number != signal.SIGINT or not is_alarm():
            session.interrupted = number  # also where the code that runs now swallows the exception
        raise KeyboardInterrupt

    ends = [number for number in arguments.INTERRUPTS if signal.getsignal(number) is not signal.SIG_IGN]
    with _signals(dict.fromkeys(ends, interrupt)):
        yield


@contextmanager
def _signals_ignored() -> Iterator[None]:
    """Keep a second signal from tearing the reports."""
    with _signals(dict.fromkeys(arguments.INTERRUPTS, signal.SIG_IGN)):
        yield


Handler = Callable[[int, FrameType | None], None] | signal.Handlers


@contextmanager
def _signals(handlers: dict[signal.Signals, Handler]) -> Iterator[None]:
    """Handle signals in this way during the block; outside the main thread, where that is impossible, do nothing."""
    try:
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    except ValueError:
        before = {}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
