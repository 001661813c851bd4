"""What a gate has started and not waited for: threads, calls of an executor, processes of `multiprocessing`.

Each may still judge when the gate has ended, and its result would be lost.
"""

import inspect
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from threading import Thread
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

_GRACE = 5.0  # seconds that all of it gets to end, together
_EXECUTORS = ("concurrent.futures.thread", "concurrent.futures.process")
_SERVING = (*_EXECUTORS, "multiprocessing.managers", "multiprocessing.pool")  # their processes end by themselves


class Replace(Protocol):
    """Put a value in an attribute's place, until gates have run."""

    def __call__(self, owner: object, name: str, value: Callable[..., Any]) -> None:
        """Replace the attribute `name` of `owner`."""


class Unfinished:
    """Knows which gate has started what; `gate` returns the id of the one that runs, a blank where none does."""

    def __init__(self, gate: Callable[[], str]) -> None:
        self._gate = gate
        self._threads: WeakKeyDictionary[Thread, str] = WeakKeyDictionary()
        self._calls: WeakKeyDictionary[Future[Any], tuple[str, str]] = WeakKeyDictionary()  # the gate, what it calls
        self._withdrawn: dict[Future[Any], tuple[str, str]] = {}  # calls that an executor has cancelled
        self._processes: WeakKeyDictionary[BaseProcess, str] = WeakKeyDictionary()

    def watch(self, replace: Replace) -> None:
        """See what is started from now on."""
        # Late: a run without gates of the repository's own does without them.
        from concurrent.futures.process import ProcessPoolExecutor  # noqa: PLC0415 - see above
        from multiprocessing.process import BaseProcess  # noqa: PLC0415 - see above

        for kind in (ThreadPoolExecutor, ProcessPoolExecutor):
            replace(kind, "submit", self._submitting(kind.submit))
        replace(Future, "cancel", self._cancelling(Future.cancel))
        replace(BaseProcess, "start", self._starting(BaseProcess.start))

    def adopt(self, threads: set[Thread], gate: str) -> None:
        """Take note of the threads that a gate has left behind."""
        self._threads.update(dict.fromkeys(threads, gate))

    def forget(self, gate: str) -> None:
        """Wait for nothing that a gate has started: it hung."""
        for future in [future for future, (owner, _) in list(self._calls.items()) if owner == gate]:
            self._calls.pop(future, None)
        for process in [process for process, owner in list(self._processes.items()) if owner == gate]:
            self._processes.pop(process, None)

    def ask(self, future: Future[Any]) -> None:
        """Take note that a gate has asked for a result, and so knows that there is none."""
        self._withdrawn.pop(future, None)

    def gate_of(self, one: Thread | Future[Any] | None) -> str:
        """Return the id of the gate that left a thread, or submitted a future; a blank where that is not known."""
        if isinstance(one, Future):
            return self._calls.get(one, ("", ""))[0]
        return self._threads.get(one, "") if one else ""

    def calls(self) -> list[Future[Any]]:
        """Return the futures that gates have submitted and that still exist."""
        return list(self._calls)

    def finish(self) -> Iterator[str]:
        """Wait for all of it, within bounds. Yield a sentence for whatever has not ended, or will never be run."""
        end = time.monotonic() + _GRACE
        executors = [
            *getattr(sys.modules["concurrent.futures.thread"], "_threads_queues", ()),
            *getattr(sys.modules["concurrent.futures.process"], "_threads_wakeups", ()),
        ]
        for thread, gate in list(self._threads.items()):
            if thread.daemon or thread in executors:  # whose calls are waited for instead
                continue
            thread.join(max(end - time.monotonic(), 0.0))
            if thread.is_alive():
                yield f"gate {gate} did not wait for its thread {thread.name}, which still runs: join it"
        for process, gate in list(self._processes.items()):
            process.join(max(end - time.monotonic(), 0.0))
            if process.is_alive():
                yield f"gate {gate} did not wait for its process {process.name}, which still runs: join it"
        yield from self._finish_calls(end)

    def _finish_calls(self, end: float) -> Iterator[str]:
        calls = dict(self._calls)
        running = [future for future in calls if not future.done()]  # `wait` would wait for one that is cancelled
        wait(running, max(end - time.monotonic(), 0.0))
        for gate, name in dict.fromkeys(owner for future, owner in calls.items() if not future.done()):
            yield f"gate {gate} did not wait for {name} in an executor, which has not ended: ask for its result()"
        for gate, name in dict.fromkeys(self._withdrawn.values()):
            yield f"gate {gate} shut an executor down before {name} had run in it: ask for its result() first"

    def _submitting(self, submit: Callable[..., Any]) -> Callable[..., Any]:
        def submitting(pool: Executor, called: Callable[..., Any], /, *args: object, **named: object) -> Any:
            future = submit(pool, called, *args, **named)
            if gate := self._gate():
                self._calls[future] = gate, str(getattr(called, "__qualname__", type(called).__qualname__))
            return future

        return submitting

    def _cancelling(self, cancel: Callable[..., bool]) -> Callable[..., bool]:
        """Tell what an executor cancels at its end from what a gate cancels because it does not need it."""

        def cancelling(future: Future[Any]) -> bool:
            cancelled = cancel(future)
            frame = inspect.currentframe()
            caller = frame.f_back if frame else None
            by_executor = caller is not None and caller.f_globals.get("__name__") in _EXECUTORS
            if cancelled and by_executor and future in self._calls:
                self._withdrawn[future] = self._calls[future]
            return cancelled

        return cancelling

    def _starting(self, start: Callable[..., None]) -> Callable[..., None]:
        def starting(process: "BaseProcess") -> None:
            module = getattr(getattr(process, "_target", None), "__module__", "")  # which `start` removes
            start(process)
            if not process.daemon and module not in _SERVING and (gate := self._gate()):
                self._processes[process] = gate

        return starting
