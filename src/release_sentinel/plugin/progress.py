"""What the run waits for while a gate takes long: one changing line on a terminal, plain lines anywhere else."""

from collections.abc import Callable
from time import monotonic

import pytest

from release_sentinel.plugin.compat import is_terminal, reporter, uncaptured

_FIRST = 2.0  # seconds before anything is said
_TERMINAL, _PLAIN = 1.0, 15.0  # seconds between two lines


class Progress:
    """Shows how long a gate has been waited for.

    `write` shows a text as it is; `terminal` says that it can be overwritten.
    """

    def __init__(self, write: Callable[[str], None], *, terminal: bool) -> None:
        self._write = write
        self._pause = _TERMINAL if terminal else _PLAIN
        self.is_terminal = terminal  # whether a line can be overwritten
        self._shown = 0  # characters of the line that the terminal shows

    def wait(self, gate: str, wait: Callable[[float], bool], seconds: float) -> bool:
        """Wait for a gate for `seconds`, with `wait` for a part of them; return whether it ended by then."""
        start = monotonic()
        pause = min(_FIRST, seconds)
        while not (ended := wait(pause)):
            waited = monotonic() - start
            if waited >= seconds:
                break
            self.tell(f"waiting for {gate}: {waited:.0f} s, for {seconds - waited:.0f} s more at most")
            pause = min(self._pause, seconds - waited)
        self.clear()
        return ended

    def tell(self, line: str) -> None:
        """Show a line; on a terminal in the place of the one before."""
        self._write(f"\r{line.ljust(self._shown)}" if self.is_terminal else f"\n{line}\n")
        self._shown = len(line)

    def clear(self) -> None:
        """Remove the line that a terminal shows."""
        if self._shown and self.is_terminal:
            self._write("\r" + " " * self._shown + "\r")
        self._shown = 0


def progress(config: pytest.Config, scrub: Callable[[str], str]) -> Progress:
    """Return the progress that this run shows; nothing with `-qq`."""
    shown = reporter(config)
    if shown is None or config.get_verbosity() < -1:
        return Progress(lambda _: None, terminal=False)

    def write(text: str) -> None:
        with uncaptured(config):
            shown.write(scrub(text), flush=True)

    return Progress(write, terminal=is_terminal(shown))
