"""What fails in a repository's own gate where no code of it looks, and so would pass for nothing.

In a thread, in `__del__`, in a task or future whose result is never taken, in a coroutine that is never awaited. Python
and asyncio only print or log these, by hooks that are replaced here for as long as gates run.
"""

import gc
import inspect
import logging
import sys
import threading
import warnings
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from types import CoroutineType
from typing import Any

from release_sentinel.lines import split
from release_sentinel.plugin.gate import Record
from release_sentinel.plugin.unfinished import Unfinished
from release_sentinel.sentences import words_of

_UNAWAITED = "_warn_unawaited_coroutine"  # Python calls it whatever filters of warnings there are
# What asyncio and executors log of code that failed or did not end. Other errors are about sockets and files left open.
_LOGGED = (
    "exception calling callback for ",
    "Task exception was never retrieved",
    "Future exception was never retrieved",
    "_GatheringFuture exception was never retrieved",
    "Task was destroyed but it is pending!",
    "Exception in callback ",
    "Unhandled exception in ",
    "unhandled exception during ",
    "an error occurred during closing of asynchronous generator ",
)


class UnnoticedError(Exception):
    """Something in a gate failed or was left undone, and the gate has not noticed."""


class Unnoticed:
    """Raises what went unnoticed at the end of the phase of the gate in which it came up.

    Where no gate runs, or one that has nothing to do with it, it is told as a problem of the run.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._record: Record | None = None
        self._before: set[threading.Thread] = set()
        self._started = Unfinished(lambda: self._record.id if self._record and not self._record.built_in else "")
        self._found: list[tuple[str, BaseException | None]] = []
        self._futures: weakref.WeakKeyDictionary[Future[Any], weakref.finalize[..., Any]] = weakref.WeakKeyDictionary()
        self._begun = False
        self._undo = ExitStack()

    def begin(self) -> None:
        """Take the place of the hooks, until `undo`. Only a run with gates of the repository's own needs it."""
        self._begun = True
        self._replace(threading, "excepthook", self._in_thread)
        self._replace(sys, "unraisablehook", self._unraisable)
        self._replace(warnings, _UNAWAITED, self._unawaited)
        for name in ("asyncio", "concurrent.futures"):
            self._read(logging.getLogger(name))
        self._watch_futures()
        self._started.watch(self._replace)

    def undo(self) -> None:
        """Put the hooks back that were there before."""
        self._undo.close()

    def _replace(self, owner: object, name: str, value: Callable[..., Any]) -> None:
        self._undo.callback(setattr, owner, name, getattr(owner, name))
        setattr(owner, name, value)

    @contextmanager
    def during(self, record: Record, *, last: bool = False) -> Iterator[None]:
        """Watch over one phase of a gate; raises `UnnoticedError` after it. `last`: nothing follows in this gate."""
        if not self._begun:
            yield
            return
        if self._record is not record:
            self._record, self._before = record, set(threading.enumerate())
            self._found.clear()
        try:
            yield
            self._raise()
        finally:
            self._found.clear()
            if last:
                if record.hung:
                    self._started.forget(record.id)
                else:
                    self._started.adopt(set(threading.enumerate()) - self._before, record.id)
                self._record = None

    def end(self, *, wait: bool) -> None:
        """Find what gates have left behind: what still runs, garbage, coroutines and tasks that were never asked.

        `wait`: let it end.
        """
        if not self._begun:
            return
        held = self._started.calls()  # so that what failed is told here, and not by a thread after the verdict
        if wait:
            for words in self._started.finish():
                self._tell(words)
        gc.collect()
        self._look_at_coroutines()
        for lost in list(self._futures.values()):
            lost()
        held.clear()

    def _look_at_coroutines(self) -> None:
        """Find the coroutines that were not begun, and the tasks that failed or stopped half way, and are kept."""
        futures = getattr(sys.modules.get("asyncio"), "futures", None)
        kinds = (futures.Future, getattr(futures, "_PyFuture", futures.Future)) if futures else ()
        for one in gc.get_objects():
            if type(one) is CoroutineType and inspect.getcoroutinestate(one) == inspect.CORO_CREATED:
                self._unawaited(one)
                one.close()
            elif issubclass(type(one), kinds):
                self._look_at_task(one)

    def _look_at_task(self, one: Any) -> None:
        """Judge an asyncio future that exists at the end: asyncio would log it after the verdict, if ever."""
        kind = type(one).__name__
        if getattr(one, "_log_traceback", False):
            error = one.exception()  # which also keeps asyncio from logging it
            self.note(f"asyncio: {kind} exception was never retrieved: {_words(error)}", error)
        elif isinstance(one, sys.modules["asyncio"].Task) and not one.done() and not one.get_loop().is_running():
            name = getattr(one.get_coro(), "__qualname__", "?")
            self.note(f"asyncio: {kind} of {name} has not ended, and nothing runs it any more: await it")

    def note(self, words: str, error: BaseException | None = None) -> None:
        """Take note of what was not noticed, in the gate that runs now."""
        record = self._record
        if record is None:
            self._tell(f"after its gate had ended, or in no gate: {words}")
        elif record.built_in:
            self._tell(f"in what another gate has left behind: {words}")
        else:
            self._found.append((words, error))

    def _raise(self) -> None:
        if self._found:
            error = next((error for _, error in self._found if error), None)
            raise UnnoticedError("; ".join(dict.fromkeys(words for words, _ in self._found))) from error

    def _in_thread(self, args: threading.ExceptHookArgs) -> None:
        thread = args.thread
        name = thread.name if thread else "<unknown>"
        words = f"exception in thread {name}: {_words(args.exc_value, args.exc_type)}"
        if owner := self._started.gate_of(thread):
            self._tell(f"gate {owner} did not wait for its thread: {words}")
        else:
            self.note(words, args.exc_value)

    def _unraisable(self, args: Any) -> None:
        words = _words(args.exc_value, args.exc_type)
        self.note(f"{args.err_msg or 'exception ignored in'} {_shown(args.object)}: {words}", args.exc_value)

    def _unawaited(self, coroutine: Any) -> None:
        name = getattr(coroutine, "__qualname__", "?")
        self.note(f"coroutine {name} was never awaited, so that nothing of it ran: await it")

    def _lose(self, words: str, gate: str) -> None:
        """Tell of a future that failed: in the gate that submitted it, or after that."""
        if gate and (self._record is None or self._record.id != gate):
            self._tell(f"gate {gate} did not wait for its future: {words}")
        else:
            self.note(words)

    def _read(self, logger: logging.Logger) -> None:
        """See what is logged as an error, also where the logger is switched off or set to another level."""
        log = logger.error

        def error(message: str, *args: object, **named: Any) -> None:
            if message.startswith(_LOGGED):
                info = named.get("exc_info")
                cause = info[1] if isinstance(info, tuple) else sys.exception()
                first = split(_formatted(message, args))[0]
                self.note(f"{logger.name}: {first}{f': {_words(cause)}' if cause else ''}", cause)
            log(message, *args, **named)

        self._replace(logger, "error", error)

    def _watch_futures(self) -> None:
        """Notice the exception of a future of an executor that ends without anyone asking for its result."""
        fail = Future.set_exception

        def set_exception(future: Future[Any], exception: BaseException | None) -> None:
            words = f"exception in a future whose result() was not asked for: {_words(exception)}"
            lost = weakref.finalize(future, self._lose, words, self._started.gate_of(future))
            lost.atexit = False
            self._futures[future] = lost
            fail(future, exception)

        def asked(ask: Callable[..., Any]) -> Callable[..., Any]:
            def answer(future: Future[Any], timeout: float | None = None) -> Any:
                try:
                    return ask(future, timeout)
                finally:
                    if future.done():
                        self._asked(future)

            return answer

        self._replace(Future, "set_exception", set_exception)
        self._replace(Future, "result", asked(Future.result))
        self._replace(Future, "exception", asked(Future.exception))

    def _asked(self, future: Future[Any]) -> None:
        self._started.ask(future)
        if lost := self._futures.pop(future, None):
            lost.detach()


def _words(error: BaseException | None, kind: type[BaseException] | None = None) -> str:
    return f"{type(error).__name__}: {words_of(error)}" if error else getattr(kind, "__name__", "an exception")


def _formatted(message: str, args: tuple[object, ...]) -> str:
    try:
        return message % args if args else message
    except (Exception, SystemExit):  # noqa: BLE001 - of a gate's own class
        return message


def _shown(value: object) -> str:
    """Return the name of the function in which an exception was ignored, or what else it was."""
    try:
        return str(getattr(value, "__qualname__", None) or repr(value))
    except (Exception, SystemExit):  # noqa: BLE001 - of a gate's own class
        return type(value).__name__
