"""Scrubs what this process writes to its standard output and error."""

import atexit
import sys
from collections.abc import Callable
from contextlib import suppress
from threading import RLock
from typing import IO, Any, cast

from release_sentinel.redaction.redactor import Redactor
from release_sentinel.redaction.stream import Stream, TextStream

_LONGEST = 1 << 13  # characters of half a line that are kept together until it ends or is flushed
_STREAMS = ("stdout", "stderr", "__stdout__", "__stderr__")


class _Clean:
    """A text or binary file whose writes are scrubbed; otherwise it behaves like the file.

    What may be the beginning of a secret waits for the next write, also where a line ends or the file is flushed.
    """

    def __init__(self, file: IO[Any], redactor: Redactor) -> None:
        self._file = file
        self._redactor = redactor
        self._text, self._bytes = TextStream(redactor), Stream(redactor)
        self._buffer: _Clean | None = None
        self._half = ""  # of a line: Python keeps it, too, until it ends or is flushed
        self._lock = RLock()

    def write(self, data: Any) -> int:
        """Write text or bytes; a line is written at once, so that it stays in order with what children write."""
        with self._lock:
            if isinstance(data, str):
                self._write_text(data)
            else:
                self._put(self._bytes.feed(bytes(data), settle=b"\n" in bytes(data)))
        return len(data)

    def _write_text(self, text: str) -> None:
        if not text.isascii() and (encoding := getattr(self._file, "encoding", None)):
            text.encode(encoding, getattr(self._file, "errors", None) or "strict")  # fails here, as without us
        self._half += text
        line = "\n" in text
        if line or len(self._half) > _LONGEST or getattr(self._file, "write_through", False):
            text, self._half = self._half, ""
            self._put(self._text.feed(text, settle=line))
        if line:
            self._file.flush()

    def _put(self, data: Any) -> None:
        if data:
            self._file.write(data)

    def writelines(self, lines: Any) -> None:
        """Write lines, one after the other."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Write what can be decided by now."""
        with self._lock:
            text, self._half = self._half, ""
            self._put(self._text.feed(text, settle=True))
            if self._buffer:
                self._buffer.flush_bytes()
            self._file.flush()

    def flush_bytes(self) -> None:
        """Write what can be decided by now of a binary file."""
        with self._lock:
            self._put(self._bytes.feed(b"", settle=True))

    def finish(self) -> None:
        """Write what was still held back."""
        with self._lock, suppress(OSError, ValueError):  # the file is closed
            if self._buffer:
                self._buffer.finish()
            text, self._half = self._half, ""
            if rest := self._text.feed(text) + self._text.end():
                self._file.write(rest)
            if data := self._bytes.end():
                self._file.write(data)
            self._file.flush()

    @property
    def buffer(self) -> "_Clean":
        """The binary file underneath."""
        if self._buffer is None:
            self._buffer = _Clean(cast("Any", self._file).buffer, self._redactor)
        return self._buffer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __iter__(self) -> Any:
        return iter(self._file)


def scrub_standard_streams(redactor: Redactor) -> Callable[[], None]:
    """Scrub what is written to `sys.stdout`, `sys.stderr` and their originals; return a function that undoes this."""
    before = {name: getattr(sys, name) for name in _STREAMS}
    clean: dict[int, _Clean] = {}
    for name, file in before.items():
        if file is not None and not isinstance(file, _Clean):
            setattr(sys, name, cast("Any", clean.setdefault(id(file), _Clean(file, redactor))))

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
