"""A time limit for calls that have none of their own."""

import math
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar, copy_context
from typing import Generic, TypeVar

from release_sentinel import timeline

T = TypeVar("T")
_end: ContextVar[float] = ContextVar("_end")  # the moment up to which the caller waits, by the monotonic clock


def until(seconds: float, call: Callable[[], T]) -> Callable[[], T]:
    """Return what calls `call` and lets it know, by `remaining`, that its caller waits for `seconds` at most."""

    def bounded() -> T:
        _end.set(time.monotonic() + seconds)
        return call()

    return lambda: copy_context().run(bounded)


def remaining(seconds: float) -> float:
    """Return `seconds`, or as much less as the caller still waits, with time to say what took so long."""
    waits = _end.get(math.inf) - time.monotonic()
    return max(min(seconds, waits - max(0.1 * waits, 0.1)), 0.0) if waits < math.inf else seconds


class Bounded(Generic[T]):
    """A call that runs in a thread of its own. The caller stops waiting at the bound; the thread is left behind.

    A daemon thread does not keep the process alive, so a name server that never answers cannot hang the run. With
    `like_main` the threads that the call starts are no daemons, unless it says so: as if the main thread had called.
    """

    def __init__(self, call: Callable[[], T], *, like_main: bool = False) -> None:
        self._call = call
        self._like_main = like_main
        self._recorder = timeline.current()
        self._done = threading.Event()
        self._answer: T | None = None
        self._error: BaseException | None = None
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        if self._like_main:  # a thread inherits it from the one that starts it, and no argument of that one is public
            threading.current_thread()._daemonic = False  # type: ignore[attr-defined]  # noqa: SLF001 - see above
        try:
            with timeline.recording(self._recorder):
                self._answer = self._call()
        except BaseException as error:  # noqa: BLE001 - raised again where the result is awaited
            self._error = error
        self._done.set()

    def wait(self, seconds: float) -> bool:
        """Return whether the call ended within `seconds`."""
        return self._done.wait(seconds)

    def result(self, seconds: float) -> T:
        """Return what the call returned or raise what it raised; `TimeoutError` when it takes over `seconds`."""
        if not self.wait(seconds):
            raise TimeoutError(f"no answer within {seconds:g} s")
        if self._error is not None:
            raise self._error
        return self._answer  # type: ignore[return-value]  # set: the call returned
