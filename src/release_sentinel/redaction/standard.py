"""Scrubs what this process writes to its standard output and error."""

import atexit
import io
import sys
import time
from _thread import start_new_thread
from collections.abc import Callable
from contextlib import suppress
from threading import RLock
from typing import IO, Any, cast

from release_sentinel.redaction.redactor import Redactor
from release_sentinel.redaction.stream import Stream, TextStream

_LONGEST = 1 << 13  # characters of half a line that are kept together until it ends or is flushed
_BLOCK = 1 << 16  # characters of lines that are scrubbed together
_PERIOD = 0.05  # seconds that a line waits for others, where more than this many came in as long a time
_AT_ONCE = 50
_STREAMS = ("stdout", "stderr", "__stdout__", "__stderr__")
_STARTS = {"subprocess.Popen", "os.posix_spawn", "os.system", "os.fork", "os.forkpty", "os.exec"}  # as Python audits


class _Rush:
    """Lines that come faster than anyone reads: many are scrubbed together, because each search has its price.

    They are shown a moment later, and before anything that could be written behind them: by another stream, or by a
    process that is started now.
    """

    def __init__(self) -> None:
        self.lock = RLock()
        self.behind: _Clean | None = None
        self._end, self._lines = 0.0, 0
        self._audits = False

    def holds(self, stream: "_Clean") -> bool:
        """Return whether a line of `stream` waits for others."""
        if self.behind:
            if stream.waiting <= _BLOCK:
                return True
            self.behind = None
            return False
        now = time.monotonic()
        if now >= self._end:
            self._end, self._lines = now + _PERIOD, 0
        self._lines += 1
        if self._lines <= _AT_ONCE:
            return False
        self.behind = stream
        start_new_thread(self._show_soon, ())  # no Thread, which would count as one that a gate has left behind
        if not self._audits:
            self._audits = True
            sys.addaudithook(lambda event, _: self.catch_up() if event in _STARTS else None)
        return True

    def catch_up(self) -> None:
        """Show the lines that wait."""
        with self.lock, suppress(OSError, ValueError):  # the file is closed: its next writer is told
            if self.behind:
                behind, self.behind = self.behind, None
                behind.show_lines()

    def _show_soon(self) -> None:
        time.sleep(_PERIOD)
        with suppress(Exception):  # the next line is shown at once, with these
            self.catch_up()


class _Clean:
    """A text or binary file whose writes are scrubbed; otherwise it behaves like the file.

    What may be the beginning of a secret waits for the next write, also where a line ends or the file is flushed.
    """

    def __init__(self, file: IO[Any], redactor: Redactor, rush: _Rush, *, binary: bool = False) -> None:
        self._file, self._redactor, self._rush, self._binary = file, redactor, rush, binary
        self._stream: Any = Stream(redactor) if binary else TextStream(redactor)
        self._newline: Any = b"\n" if binary else "\n"
        self._buffer: _Clean | None = None
        self._waiting: list[Any] = []  # half a line, which Python keeps, too, and lines of a rush
        self.waiting = 0  # characters of it

    def write(self, data: Any) -> int:
        """Write text or bytes; a line is written at once, so that it stays in order with what children write."""
        size = len(data)
        if self._binary:
            data = bytes(data)
        elif not data.isascii() and (encoding := getattr(self._file, "encoding", None)):
            data.encode(encoding, getattr(self._file, "errors", None) or "strict")  # fails here, as without us
        rush = self._rush
        with rush.lock:
            if rush.behind and rush.behind is not self:
                rush.catch_up()
            self._waiting.append(data)
            self.waiting += size
            line = self._newline in data
            if (line and not self._binary) or self._unbuffered:
                if not self._stream.is_idle and rush.holds(self):
                    return size
                self._show(settle=line)
                if line:
                    self._file.flush()
            elif self.waiting > _LONGEST:
                self._show(settle=line)
        return size

    @property
    def _unbuffered(self) -> bool:
        return isinstance(self._file, io.RawIOBase) if self._binary else getattr(self._file, "write_through", False)

    def _show(self, *, settle: bool) -> None:
        data, self._waiting, self.waiting = self._newline[:0].join(self._waiting), [], 0
        if self._buffer:
            self._buffer.flush_bytes()
        if data := self._stream.feed(data, settle=settle):
            self._file.write(data)

    def show_lines(self) -> None:
        """Write the lines that wait, and not the half one behind them."""
        data = self._newline[:0].join(self._waiting)
        end = len(data) if self._unbuffered else data.rfind(self._newline) + 1
        self._waiting = [data[:end]]
        self._show(settle=True)
        self._waiting, self.waiting = [data[end:]], len(data) - end
        self._file.flush()

    def writelines(self, lines: Any) -> None:
        """Write lines, one after the other."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Write what can be decided by now."""
        with self._rush.lock:
            self._show(settle=True)
            self._file.flush()

    def flush_bytes(self) -> None:
        """Write what can be decided by now of a binary file."""
        self._show(settle=True)

    def finish(self) -> None:
        """Write what was still held back."""
        with self._rush.lock, suppress(OSError, ValueError):  # the file is closed
            if self._buffer:
                self._buffer.finish()
            data = self._stream.feed(self._newline[:0].join(self._waiting)) + self._stream.end()
            self._waiting, self.waiting = [], 0
            if data:
                self._file.write(data)
            self._file.flush()

    @property
    def buffer(self) -> "_Clean":
        """The binary file underneath."""
        if self._buffer is None:
            self._buffer = _Clean(cast("Any", self._file).buffer, self._redactor, self._rush, binary=True)
        return self._buffer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __iter__(self) -> Any:
        return iter(self._file)


def scrub_standard_streams(redactor: Redactor) -> Callable[[], None]:
    """Scrub what is written to `sys.stdout`, `sys.stderr` and their originals; return a function that undoes this."""
    before = {name: getattr(sys, name) for name in _STREAMS}
    clean: dict[int, _Clean] = {}
    rush = _Rush()
    for name, file in before.items():
        if file is not None and not isinstance(file, _Clean):
            setattr(sys, name, cast("Any", clean.setdefault(id(file), _Clean(file, redactor, rush))))

    def finish() -> None:
        for stream in clean.values():
            stream.finish()

    def restore() -> None:
        atexit.unregister(finish)
        finish()
        for name, file in before.items():
            if isinstance(getattr(sys, name), _Clean):
                setattr(sys, name, file)

    atexit.register(finish)
    return restore
