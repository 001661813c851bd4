"""Bounds in time: on one gate, and on the whole run."""

import contextvars
import os
import signal
import threading
import time

import pytest

from release_sentinel.plugin.deadline import Deadline, DeadlinePassedError, GateTimeoutError

LONG = 3600.0


def test_a_gate_may_begin_while_there_is_time() -> None:
    """Nothing is raised, and nothing has passed."""
    deadline = Deadline(run=LONG, gate=LONG)
    deadline.begin()
    assert not deadline.passed


def test_no_gate_begins_when_time_is_over() -> None:
    """The refusal tells the bound of the run, in seconds."""
    deadline = Deadline(run=0.001, gate=LONG)
    time.sleep(0.01)
    assert deadline.passed
    with pytest.raises(DeadlinePassedError, match=r"^the run's deadline of 0\.001 s had passed$"):
        deadline.begin()


def test_a_call_hands_back_what_it_returned() -> None:
    """A gate that is quick enough does not notice its bound."""
    assert Deadline(run=LONG, gate=LONG).call(lambda: "answer") == "answer"


def test_a_gate_may_be_given_more_time_than_others() -> None:
    """But not more than is left of the run."""
    ended = threading.Event()
    deadline = Deadline(run=LONG, gate=0.01)
    assert deadline.call(lambda: "answer", lambda wait, seconds: seconds == LONG / 2 + 0.01 and wait(LONG), LONG / 2)
    with pytest.raises(GateTimeoutError, match="all that was left of the run"):
        Deadline(run=0.01, gate=LONG).call(lambda: ended.wait(1), more=LONG)
    ended.set()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, pytest.fail.Exception])
def test_a_call_hands_on_what_it_raised(error: type[BaseException]) -> None:
    """Judgements, breaks and exits of a gate arrive as they were."""

    def gate() -> None:
        raise error("why")

    with pytest.raises(error, match="why"):
        Deadline(run=LONG, gate=LONG).call(gate)


def test_a_call_sees_the_context_of_its_caller() -> None:
    """Context variables that fixtures set are there in the gate's thread."""
    name: contextvars.ContextVar[str] = contextvars.ContextVar("name", default="unset")
    token = name.set("set by a fixture")
    try:
        assert Deadline(run=LONG, gate=LONG).call(name.get) == "set by a fixture"
    finally:
        name.reset(token)


def test_a_call_that_hangs_is_left_behind() -> None:
    """The caller gives up at the gate's bound, and says it."""
    release = threading.Event()
    with pytest.raises(GateTimeoutError, match=r"^no answer within 0\.1 s$"):
        Deadline(run=LONG, gate=0.1).call(release.wait)
    release.set()


def test_a_call_gets_only_what_is_left_of_the_run() -> None:
    """Where the run ends before the gate's own bound, the sentence says whose time it was."""
    release = threading.Event()
    words = r"^no answer within 0\.[0-2] s, all that was left of the run's 0\.2 s$"
    with pytest.raises(GateTimeoutError, match=words):
        Deadline(run=0.2, gate=LONG).call(release.wait)
    release.set()


def test_a_block_that_is_quick_is_not_interrupted() -> None:
    """The alarm ends with the block, so that it cannot ring later, when something else is running."""
    before = set(threading.enumerate())
    with Deadline(run=LONG, gate=LONG).interrupting():
        alarms = set(threading.enumerate()) - before
    for alarm in alarms:
        alarm.join()  # long before its time
    assert len(alarms) == 1


def test_a_block_that_hangs_is_interrupted() -> None:
    """A fixture that waits in the main thread is got out of it, after a second at the earliest."""
    began, release = time.monotonic(), threading.Event()
    with pytest.raises(GateTimeoutError, match=r"^no answer within 1\.0 s"), Deadline(LONG, 0.1).interrupting():
        release.wait()
    assert time.monotonic() - began >= 1


def test_a_hang_is_told_without_the_interrupt_behind_it() -> None:
    """The reader sees what took too long, not how it was ended."""
    with pytest.raises(GateTimeoutError) as raised, Deadline(LONG, 0.1).interrupting():
        threading.Event().wait()
    assert raised.value.__suppress_context__


def test_cleaning_up_has_time_although_the_run_has_none() -> None:
    """The fixtures of the last gate have a second to let go of what they hold."""
    deadline = Deadline(run=0.001, gate=LONG)
    time.sleep(0.01)
    with pytest.raises(GateTimeoutError, match=r"^no answer within 1\.0 s"), deadline.interrupting():
        threading.Event().wait()


def test_an_interrupt_from_outside_passes_through() -> None:
    """Ctrl-C during a fixture is not taken for a hang."""
    interrupt = threading.Timer(0.1, os.kill, [os.getpid(), signal.SIGINT])
    interrupt.start()
    with pytest.raises(KeyboardInterrupt), Deadline(LONG, LONG).interrupting():
        threading.Event().wait()


@pytest.mark.parametrize("error", [ValueError, SystemExit, pytest.skip.Exception])
def test_an_error_of_the_block_passes_through(error: type[BaseException]) -> None:
    """Whatever a fixture raises is its own."""
    with pytest.raises(error, match="why"), Deadline(LONG, LONG).interrupting():
        raise error("why")


def test_outside_the_main_thread_a_block_is_not_bounded() -> None:
    """No interrupt could reach it there; above all, none reaches the main thread instead."""
    threads: list[set[threading.Thread]] = []

    def block() -> None:
        before = set(threading.enumerate())
        with Deadline(run=LONG, gate=LONG).interrupting():
            threads.append(set(threading.enumerate()) - before)

    thread = threading.Thread(target=block)
    thread.start()
    thread.join()
    assert threads == [set()]  # no alarm was set


def test_a_watch_that_is_ended_stays_silent() -> None:
    """A run that ends in time is not interrupted afterwards: its watchdog is gone long before the deadline."""
    before, said = set(threading.enumerate()), list[str]()

    deadline = Deadline(run=LONG, gate=LONG)
    deadline.watch(lambda: True, lambda: said.append("too late"))
    watchdogs = set(threading.enumerate()) - before
    deadline.end_watch()
    for watchdog in watchdogs:
        watchdog.join()
    assert (len(watchdogs), said) == (1, [])


def test_a_watch_interrupts_the_main_thread() -> None:
    """A run that is stuck past its deadline is interrupted, and can still write its reports."""
    deadline = Deadline(run=0.01, gate=LONG)
    deadline.watch(lambda: True, lambda: None)
    try:
        with pytest.raises(KeyboardInterrupt):
            threading.Event().wait()
    finally:
        deadline.end_watch()


def test_a_watch_ends_what_must_not_be_interrupted() -> None:
    """While plugins are loaded an interrupt would end pytest in its own way: the process is ended at once."""
    ended = threading.Event()
    deadline = Deadline(run=0.01, gate=LONG)
    deadline.watch(lambda: False, ended.set)
    try:
        assert ended.wait(LONG)
    finally:
        deadline.end_watch()
