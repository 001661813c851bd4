"""A call without a time limit gets one."""

import subprocess
import sys
import threading

import pytest

from release_sentinel.observe.bounded import Bounded


def test_the_answer_is_passed_on() -> None:
    """What the call returns is returned."""
    assert Bounded(lambda: 42).result(5) == 42


def test_none_is_an_answer() -> None:
    """A call that returns None has answered."""
    assert Bounded(lambda: None).result(5) is None


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), SystemExit(3)], ids=repr)
def test_the_error_is_passed_on(error: BaseException) -> None:
    """What the call raises is raised again where the result is awaited, not lost in a thread."""

    def call() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        Bounded(call).result(5)
    assert caught.value is error


def test_a_call_that_hangs_is_given_up() -> None:
    """The caller stops waiting at the bound, and the error names it."""
    release = threading.Event()
    with pytest.raises(TimeoutError, match=r"^no answer within 0\.05 s$"):
        Bounded(release.wait).result(0.05)
    release.set()


def test_calls_run_at_once() -> None:
    """The call starts when it is made, so that several run side by side."""
    barrier = threading.Barrier(2)
    calls = [Bounded(barrier.wait), Bounded(barrier.wait)]
    assert {call.result(threading.TIMEOUT_MAX) for call in calls} == {0, 1}


def test_a_call_that_hangs_does_not_keep_the_process() -> None:
    """The process ends although a call was left behind."""
    code = "import time; from release_sentinel.observe.bounded import Bounded; Bounded(lambda: time.sleep(9 ** 9))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("like_main", [False, True])
def test_the_threads_of_a_call_are_daemons_like_its_own(like_main: bool) -> None:
    """Python waits at its end for those of a call that runs as if the main thread had called."""
    inherited = Bounded(lambda: threading.Thread().daemon, like_main=like_main)
    assert inherited.result(5) is not like_main
