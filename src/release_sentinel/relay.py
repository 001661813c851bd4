"""Between a child process and our own standard output and error: what the child writes is scrubbed as it passes."""

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from threading import Lock, Thread
from typing import IO, TYPE_CHECKING

from release_sentinel.redaction import Redactor
from release_sentinel.redaction.stream import Stream

if TYPE_CHECKING:
    import subprocess

_LEFT_BEHIND = 1.0  # seconds for output that is on its way when the child has ended
_CHUNK = 1 << 16  # bytes


class Relay:
    """Hands on what `child` writes to its pipes, until it ends.

    `closed` tells whether nobody reads our standard output; the child's then ends too, and it can notice.
    """

    def __init__(self, child: "subprocess.Popen[bytes]", redactor: Redactor) -> None:
        for file in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError, AttributeError):  # what we have printed ourselves comes first
                file.flush()
        pipes = ((child.stdout, 1), (child.stderr, 2))
        self._lines = [_Line(pipe, _duplicate(number), Stream(redactor)) for pipe, number in pipes if pipe]

    @property
    def closed(self) -> bool:
        """Whether something that the child has printed could not be shown."""
        return self._lines[0].broken

    def end(self) -> None:
        """Show what is still on its way. Whoever else holds the child's end of a pipe is not waited for."""
        for line in self._lines:
            line.end()


class _Line:
    """One pipe, read in a thread of its own."""

    def __init__(self, source: IO[bytes], target: int | None, stream: Stream) -> None:
        self.broken = False
        self._source, self._target, self._stream = source, target, stream
        self._ended = False
        self._lock = Lock()
        self._thread = Thread(target=self._read, daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._thread.join(_LEFT_BEHIND)
        with self._lock:
            self._ended = True
            self._write(self._stream.end())
            if self._target is not None:
                os.close(self._target)
                self._target = None

    def _read(self) -> None:
        with self._source:  # closed, it tells a child that still writes that nobody reads
            while data := os.read(self._source.fileno(), _CHUNK):
                with self._lock:
                    if self._ended or not self._write(self._stream.feed(data)):
                        return

    def _write(self, data: bytes) -> bool:
        try:
            while data and not self.broken:
                if self._target is None:
                    raise BrokenPipeError
                data = data[os.write(self._target, data) :]
        except OSError:
            self.broken = True
        return not self.broken


def _duplicate(number: int) -> int | None:
    """Return a copy of one of our own file descriptors; None where it is closed, and may become some other file."""
    try:
        return os.dup(number)
    except OSError:
        return None


def terminal(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that tell a child, which sees a pipe, how wide the terminal is that we write to."""
    if "COLUMNS" in environ or not _is_terminal():
        return {}
    try:
        return {"COLUMNS": str(os.get_terminal_size(1).columns)}
    except OSError:
        return {}


def colour(arguments: Sequence[str], environ: Mapping[str, str]) -> list[str]:
    """Return pytest's option for colours where our terminal shows them and nobody has chosen."""
    chosen = {"NO_COLOR", "FORCE_COLOR", "PY_COLORS"} & set(environ)
    words = (*arguments, *environ.get("PYTEST_ADDOPTS", "").split())
    if chosen or environ.get("TERM") == "dumb" or any(word.startswith("--color") for word in words):
        return []
    return ["--color=yes"] if _is_terminal() else []


def _is_terminal() -> bool:
    try:
        return os.isatty(1)
    except OSError:
        return False
