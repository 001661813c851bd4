"""Between a child process and our own standard output and error: what the child writes is scrubbed as it passes."""

import os
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from threading import Lock, Thread
from typing import IO, TYPE_CHECKING

from release_sentinel.vocabulary import TERMINAL

if TYPE_CHECKING:
    import subprocess

    from release_sentinel.redaction import Redactor
    from release_sentinel.redaction.channel import SecretChannel
    from release_sentinel.redaction.stream import Stream

_LEFT_BEHIND = 1.0  # seconds without output after which a process that still holds a pipe is not waited for
_TALKATIVE = 5.0  # seconds for one that goes on writing
_CHUNK = 1 << 16  # bytes
_PERIOD, _AT_ONCE = 0.05, 50  # seconds, and how many pieces are scrubbed one by one in that time
_PAUSE = 0.002  # seconds after which more have come together


class Relay:
    """Hands on what a child writes to its pipes, until it ends.

    To be made before the child is: where our standard output is closed, the child's pipe would take its place.
    `closed` says whether our standard output is closed; the child's is closed then too, so that it can notice.
    """

    def __init__(self) -> None:
        for file in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError, AttributeError):  # what we have printed ourselves comes first
                file.flush()
        self._targets = [
            _duplicate(number) if stream else None for number, stream in ((1, sys.__stdout__), (2, sys.__stderr__))
        ]
        self._lines: list[_Line] = []

    def begin(
        self, child: "subprocess.Popen[bytes]", redactor: "Redactor", channel: "SecretChannel | None" = None
    ) -> None:
        """Hand on what `child` has written and writes from now on, without what `redactor` knows or `channel` adds."""
        from release_sentinel.redaction.stream import Stream  # noqa: PLC0415 - late: the child is started without it

        pipes = zip((child.stdout, child.stderr), self._targets, strict=True)
        self._lines = [_Line(pipe, target, Stream(redactor), channel) for pipe, target in pipes if pipe]

    def close(self) -> None:
        """Let go of our standard output and error, where no child was started."""
        for number in filter(None, self._targets):
            os.close(number)

    @property
    def closed(self) -> bool:
        """Whether something that the child has printed could not be shown."""
        return self._lines[0].broken

    def end(self, patience: float) -> None:
        """Show what is still on its way, for `patience` seconds at most.

        That allows for a slow reader. Another process that holds the child's end of a pipe is not waited for.
        """
        for line in self._lines:
            line.end(patience)


class _Line:
    """One pipe, read in a thread of its own."""

    def __init__(
        self, source: IO[bytes], target: int | None, stream: "Stream", channel: "SecretChannel | None"
    ) -> None:
        self.broken = False
        self._source, self._target, self._stream, self._channel = source, target, stream, channel
        self._reads = 0
        self._end_of_period, self._pieces = 0.0, 0
        self._ended = self._open = False
        self._lock = Lock()  # held while something is written
        self._thread = Thread(target=self._read, daemon=True)
        self._thread.start()

    def end(self, patience: float) -> None:
        begun = time.monotonic()
        while self._thread.is_alive() and (waited := time.monotonic() - begun) < patience:
            reads = self._reads
            self._thread.join(_LEFT_BEHIND)
            if not self._lock.locked() and (self._reads == reads or waited > _TALKATIVE):
                break
        if not self._lock.acquire(timeout=_LEFT_BEHIND):
            self.broken = True
            return
        self._ended = True
        self._write(self._stream.end())
        if self._open and self._target is not None and os.isatty(self._target):
            self._write(b"\n")  # a child that was killed has left its last line as it was
        self._close()
        self._lock.release()

    def _read(self) -> None:
        with self._source:  # closing it shows a child that still writes that there is no reader
            while data := self._piece():
                self._reads += 1
                with self._lock:
                    if self._channel:
                        self._channel.learn()
                    if self._ended or not self._write(self._stream.feed(data, settle=data.endswith(b"\n"))):
                        return

    def _piece(self) -> bytes:
        """Return what has come; of many small pieces some together, because each search for secrets has its price."""
        if not self._stream.is_idle:
            now = time.monotonic()
            if now >= self._end_of_period:
                self._end_of_period, self._pieces = now + _PERIOD, 0
            self._pieces += 1
            if self._pieces > _AT_ONCE:
                time.sleep(_PAUSE)
        return os.read(self._source.fileno(), _CHUNK)

    def _write(self, data: bytes) -> bool:
        self._open = not data.endswith(b"\n") if data else self._open
        try:
            while data and not self.broken:
                if self._target is None:
                    raise BrokenPipeError
                data = data[os.write(self._target, data) :]
        except OSError:
            self.broken = True
            self._close()
        return not self.broken

    def _close(self) -> None:
        if self._target is not None:
            os.close(self._target)
            self._target = None


def _duplicate(number: int) -> int | None:
    """Return a copy of one of our own file descriptors; None where it is closed, and may become some other file."""
    try:
        return os.dup(number)
    except OSError:
        return None


def terminal(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that tell a child, which sees a pipe, of the terminal that we write to, and of its size."""
    try:
        size = os.get_terminal_size(1) if os.isatty(1) else None
    except OSError:
        size = None
    if size is None:
        return {TERMINAL: ""}
    told = {"COLUMNS": str(size.columns), "LINES": str(size.lines)}
    return {TERMINAL: "1"} | {name: value for name, value in told.items() if name not in environ}
