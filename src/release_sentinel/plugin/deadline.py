"""Bounds in time: on one gate, and on the whole run, whatever it is stuck in."""

import _thread
import contextvars
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from release_sentinel.observe.bounded import Bounded

T = TypeVar("T")

_GRACE = 5.0  # seconds that pytest gets to end by itself once the deadline has passed


class GateTimeoutError(Exception):
    """A gate did not answer within its bound."""


class Deadline:
    """The time that a run has, and that each of its gates may take of it. All in seconds."""

    def __init__(self, run: float, gate: float) -> None:
        self.run = run
        self._gate = gate
        self._end = time.monotonic() + run

    @property
    def passed(self) -> bool:
        """Whether the run's time is over."""
        return time.monotonic() >= self._end

    def call(self, function: Callable[[], T]) -> T:
        """Return what `function` returns. It runs in a thread, which is left behind when it takes too long.

        Raises `GateTimeoutError` then: nothing could end a thread that the kernel holds, such as in `statvfs`.
        """
        seconds, context = self._share(), contextvars.copy_context()

        def call() -> T:
            return context.run(function)

        task = Bounded(call)
        if not task.wait(seconds):
            raise self._too_late(seconds)
        return task.result(0)

    @contextmanager
    def interrupting(self) -> Iterator[None]:
        """Bound a block that has to stay in the main thread, such as fixtures; raises `GateTimeoutError`."""
        seconds, ended, fired = self._share(), threading.Event(), threading.Event()

        def interrupt() -> None:
            if not ended.wait(seconds):
                fired.set()
                _interrupt_main()

        if threading.current_thread() is not threading.main_thread():
            yield
            return
        threading.Thread(target=interrupt, daemon=True).start()
        try:
            yield
        except KeyboardInterrupt:
            if fired.is_set():
                raise self._too_late(seconds) from None
            raise
        finally:
            ended.set()

    def watch(self, last_words: Callable[[], int]) -> Callable[[], None]:
        """Watch over the run; return what ends the watch.

        When the deadline has passed, the main thread is interrupted; where even that does not end the run, `last_words`
        writes the reports, and the process ends with the exit code that it returns.
        """
        ended = threading.Event()

        def watchdog() -> None:
            if ended.wait(self.run):
                return
            _interrupt_main()
            if not ended.wait(_GRACE):
                os._exit(last_words())

        threading.Thread(target=watchdog, daemon=True).start()
        return ended.set

    def _share(self) -> float:
        return min(self._gate, max(self._end - time.monotonic(), 0.0))

    def _too_late(self, seconds: float) -> GateTimeoutError:
        of_run = f", all that was left of the run's {self.run:g} s" if seconds < self._gate else ""
        return GateTimeoutError(f"no answer within {seconds:.1f} s{of_run}")


def _interrupt_main() -> None:
    """Raise KeyboardInterrupt in the main thread, out of whatever call it waits in."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:  # Windows: noticed only between two instructions
        _thread.interrupt_main()
