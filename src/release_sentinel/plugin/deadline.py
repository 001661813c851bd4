"""Bounds in time: on one gate, and on the whole run, whatever it is stuck in."""

import _thread
import contextvars
import faulthandler
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

from release_sentinel.observe.bounded import Bounded, until

T = TypeVar("T")
Wait = Callable[[Callable[[float], bool], float], bool]  # waits with the first for some seconds; did it end?

_MARGIN = 1.0  # seconds beyond the deadline for the running gate's own bound to end it
_GRACE = 5.0  # seconds that pytest gets to end by itself once it is interrupted


def _in_silence(wait: Callable[[float], bool], seconds: float) -> bool:
    return wait(seconds)


class GateTimeoutError(Exception):
    """A gate did not answer within its bound."""


class DeadlinePassedError(Exception):
    """A gate was not begun: the run's time was over."""


class Deadline:
    """The time that a run has, and that each of its gates may take of it. All in seconds."""

    def __init__(self, run: float, gate: float) -> None:
        self.run = run
        self._gate = gate
        self._end = time.monotonic() + run
        self._ended = threading.Event()

    @property
    def passed(self) -> bool:
        """Whether the run's time is over."""
        return time.monotonic() >= self._end

    @property
    def left(self) -> float:
        """The seconds that the run has left."""
        return max(self._end - time.monotonic(), 0.0)

    def begin(self) -> None:
        """Raise `DeadlinePassedError` where there is no time left to begin a gate."""
        if self.passed:
            raise DeadlinePassedError(f"the run's deadline of {self.run:g} s had passed")

    def call(self, function: Callable[[], T], wait: Wait = _in_silence, more: float = 0.0) -> T:
        """Return what `function` returns. It runs in a thread, which is left behind when it takes too long.

        `wait` waits for it, and may say so. It may take `more` seconds than other gates.
        Raises `GateTimeoutError` then: nothing could end a thread that the kernel holds, such as in `statvfs`.
        """
        seconds, context = self._share(more), contextvars.copy_context()
        # What is known to the context holds within, and how long is waited.
        task = Bounded(lambda: context.run(until(seconds, function)), like_main=True)
        if not wait(task.wait, seconds):
            raise self._too_late(seconds)
        return task.result(0)

    def bounded(self, call: Callable[[], T]) -> Callable[[], T]:
        """Return `call` so that it knows how long a gate has that begins when it is called."""

        def bounded() -> T:
            return until(self._share(), call)()

        return bounded

    @contextmanager
    def interrupting(self, more: float = 0.0) -> Iterator[None]:
        """Bound a block that has to stay in the main thread, such as fixtures; raises `GateTimeoutError`.

        It may take `more` seconds than a gate has, where something inside is bounded itself.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        seconds = max(self._share(), _MARGIN) + more  # cleaning up is due even when the run's time is over
        alarm = _Alarm(seconds)
        try:
            try:
                yield
            finally:
                alarm.end()
        except KeyboardInterrupt:
            if not alarm.rang:
                raise
        if alarm.rang:  # also where the block has swallowed the interrupt
            raise self._too_late(seconds) from None

    def watch(self, interrupts: Callable[[], bool], end: Callable[[], None]) -> None:
        """Watch over the run until `end_watch` is called.

        When the deadline has passed, the main thread is interrupted, if `interrupts` says so; where even that does not
        end the run, `end` writes the reports and ends the process.
        """

        def watchdog() -> None:
            if self._ended.wait(self.run + _MARGIN):
                return
            if interrupts():
                _interrupt_main()
                if self._ended.wait(_GRACE):
                    return
            end()

        threading.Thread(target=watchdog, daemon=True).start()
        end_by_force(self.run + _MARGIN + 2 * _GRACE)

    def end_watch(self) -> None:
        """Stop watching: the run has ended."""
        if not self._ended.is_set():
            self._ended.set()
            faulthandler.cancel_dump_traceback_later()

    def _share(self, more: float = 0.0) -> float:
        return min(self._gate + more, self.left)

    def _too_late(self, seconds: float) -> GateTimeoutError:
        of_run = f", all that was left of the run's {self.run:g} s" if seconds < self._gate else ""
        return GateTimeoutError(f"no answer within {seconds:.1f} s{of_run}")


def end_by_force(seconds: float) -> None:
    """End the process with exit code 1 and a traceback after some seconds, by a thread of C.

    For what keeps Python's lock, such as a regular expression, and for the end of a process, when Python's own threads
    have stopped.
    """
    with suppress(OSError, ValueError):
        faulthandler.dump_traceback_later(seconds, exit=True, file=_standard_error())


def _standard_error() -> int:
    """Return a descriptor that pytest does not redirect when it captures output; the first call has to come before."""
    if not _duplicates:
        _duplicates.append(os.dup(2))
    return _duplicates[0]


_duplicates: list[int] = []


class _Alarm:
    """Interrupts the main thread after some seconds, and then every second, until it is ended."""

    def __init__(self, seconds: float) -> None:
        self.rang = False
        self._seconds = seconds
        self._ended = threading.Event()
        self._lock = threading.Lock()
        threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self) -> None:
        seconds = self._seconds
        while not self._ended.wait(seconds):
            with self._lock:
                if not self._ended.is_set():
                    self.rang, seconds = True, _MARGIN
                    _interrupt_main()

    def end(self) -> None:
        """End the alarm. If it rang just now, the interrupt arrives in here, and not somewhere later."""
        with self._lock:
            self._ended.set()
        if self.rang and sys.exception() is None:
            time.sleep(_MARGIN)


_alarms: list[float] = []  # the interrupts that are ours, and on their way


def is_alarm() -> bool:
    """Tell, once for each, whether an interrupt that has just arrived is one of ours, and not the user's."""
    return bool(_alarms and _alarms.pop())


def _interrupt_main() -> None:
    """Raise KeyboardInterrupt in the main thread, out of whatever call it waits in."""
    _alarms.append(time.monotonic())
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:  # Windows: noticed only between two instructions
        _thread.interrupt_main()
