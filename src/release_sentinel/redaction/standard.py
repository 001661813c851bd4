"""Scrubs what this process itself writes to its standard output and error."""

import sys
from collections.abc import Callable
from typing import IO, Any, cast

from release_sentinel.redaction.redactor import Redactor

_STREAMS = ("stdout", "stderr", "__stdout__", "__stderr__")


class _Clean:
    """A text or binary file whose writes are scrubbed, one by one; otherwise it behaves like the file."""

    def __init__(self, file: IO[Any], redactor: Redactor) -> None:
        self._file = file
        self._redactor = redactor

    def write(self, data: Any) -> int:
        """Write text or bytes; a line is written at once, so that it stays in order with what children write."""
        if isinstance(data, str):
            self._file.write(self._redactor.scrub(data))
            if "\n" in data:
                self._file.flush()
        else:
            text = bytes(data).decode(errors="surrogateescape")
            self._file.write(self._redactor.scrub(text).encode(errors="surrogateescape"))
        return len(data)

    def writelines(self, lines: Any) -> None:
        """Write lines, as one text."""
        self.write("".join(lines))

    @property
    def buffer(self) -> "_Clean":
        """The binary file underneath."""
        return _Clean(cast("Any", self._file).buffer, self._redactor)

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

    def restore() -> None:
        for name, file in before.items():
            if isinstance(getattr(sys, name), _Clean):
                setattr(sys, name, file)

    return restore
