"""What holds while code of gate packs is loaded: it ends no process, and what it prints is scrubbed.

A conftest is loaded behind pytest's capture. Packs are loaded before that, and by commands, which have none.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, NoReturn, TypeVar

from release_sentinel.observe.bounded import Bounded, remaining, until

T = TypeVar("T")
SECONDS = 300.0  # for all packs of a policy
_MOST = 1 << 16  # bytes that are shown of what is printed


class HeldExit:
    """Holds `os._exit`, which skips every other hold. Code that keeps the stand-in calls later what it stood for."""

    def __init__(self) -> None:
        self.called: list[int] = []  # the exit codes that it was called with while it was held
        self._process, self._leave, self._holds = os.getpid(), os._exit, True
        os._exit = self._refuse

    def _refuse(self, status: int) -> NoReturn:
        if self._holds and os.getpid() == self._process:  # a fork ends as it likes
            self.called.append(status)
            raise SystemExit(status)
        self._leave(status)

    def release(self) -> None:
        """Hold it no longer."""
        self._holds, os._exit = False, self._leave


@contextmanager
def held_exit() -> Iterator[HeldExit]:
    """Hold `os._exit` in a block in which code of packs runs."""
    _stood.append(os._exit)
    held = HeldExit()
    try:
        yield held
    finally:
        held.release()


def guarded(call: Callable[[], T]) -> T:
    """Return what `call` returns, in which code of packs runs; the standard streams of Python are scrubbed already.

    Raises what it raises, and `TimeoutError` where it takes longer than `SECONDS`, or than the caller waits. It runs in
    a thread, so that no interrupt is the user's.
    """
    seconds = remaining(SECONDS)
    with held_exit(), _aside():
        task = Bounded(until(seconds, call))
        task.wait(seconds)
    return task.result(0)


def end(code: int) -> None:
    """End the process if code of packs was run in it: nothing that it has left behind goes on, or has the last word."""
    if not _stood:
        return
    _finish(sys.stdout, sys.stderr)
    _stood[0](code)


_stood: list[Callable[[int], NoReturn]] = []  # what `os._exit` was when code of packs was run first


@contextmanager
def _aside() -> Iterator[None]:
    """Keep aside what is written to standard output and error, and show it then on the latter.

    There it is scrubbed. The standard output is a command's own: another program may read it.
    """
    with _file() as file:
        streams = sys.stdout, sys.stderr
        _finish(*streams)
        kept = {}
        for number in (1, 2):
            with suppress(OSError):  # it is closed
                kept[number] = os.dup(number)
                os.dup2(file.fileno(), number)
        sys.stdout = sys.stderr or sys.stdout  # also where it is no descriptor, or kept for later
        try:
            yield
        finally:
            _finish(sys.stdout, sys.stderr, *streams)
            sys.stdout, sys.stderr = streams
            for number, copy in kept.items():
                os.dup2(copy, number)
                os.close(copy)
            _show(file)


def _file() -> IO[bytes]:
    try:
        return tempfile.TemporaryFile(buffering=0)
    except OSError:  # there is no place for it: what is printed is lost, and not shown as it is
        return open(os.devnull, "r+b", buffering=0)  # noqa: PTH123 - a device


def _finish(*streams: Any) -> None:
    """Let each stream write what it has; a scrubbed one also what it holds back."""
    for stream in streams:
        with suppress(Exception):  # it is closed, or something that a pack has put there
            getattr(stream, "finish", stream.flush)()


def _show(file: IO[bytes]) -> None:
    file.seek(0)
    text = (file.read(_MOST) or b"").decode(errors="surrogateescape")
    if file.read(1):  # cut between lines, and not in a secret
        text = f"{text.rpartition(chr(10))[0]}\n(the rest of what gate packs print as they are loaded is left out)"
    if text:
        with suppress(OSError, ValueError, AttributeError):
            sys.stderr.write(f"{text.removesuffix(chr(10))}\n")
            sys.stderr.flush()
