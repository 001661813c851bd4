"""What the run waits for while a gate takes long: one changing line on a terminal, plain lines anywhere else."""

from collections.abc import Callable
from time import monotonic

from release_sentinel.lines import visible
from release_sentinel.plugin import compat
from release_sentinel.plugin.screen import Screen
from release_sentinel.widths import columns, cut

_FIRST = 2.0  # seconds before anything is said
_TERMINAL, _PLAIN = 1.0, 15.0  # seconds between two lines
_NARROWEST = 20


class Progress:
    """The one line of a run that says what it waits for.

    `write` shows a text as it is; `width` returns that of a terminal where a line can be overwritten, None elsewhere;
    `column` returns how many columns of a row are taken by output that goes on there afterwards.
    """

    def __init__(
        self,
        write: Callable[[str], None],
        *,
        width: Callable[[], int] | None = None,
        column: Callable[[], int] = lambda: 0,
        scrub: Callable[[str], str] = str,
    ) -> None:
        self._write, self._width, self._column, self._scrub = write, width, column, scrub
        self._shown = 0  # columns of the line that the terminal shows
        self._resumes = 0  # the column of the line above that the output goes on at; 0: there is none

    @property
    def is_overwritten(self) -> bool:
        """Whether a line takes the place of the one before, so that it can be told often."""
        return self._width is not None

    def wait(self, gate: str, wait: Callable[[float], bool], seconds: float) -> bool:
        """Wait for a gate for `seconds`, with `wait` for a part of them; return whether it ended by then."""
        start, told = monotonic(), False
        pause = min(_FIRST, seconds)
        try:
            while not (ended := wait(pause)):
                waited = monotonic() - start
                if waited >= seconds:
                    break
                self.tell(f"waiting for {gate}: {waited:.0f} s, for {seconds - waited:.0f} s more at most")
                told = True
                pause = min(_TERMINAL if self.is_overwritten else _PLAIN, seconds - waited)
        finally:
            if told:
                self.clear()
        return ended

    def tell(self, line: str) -> None:
        """Show a line; on a terminal in the place of the one before, and no wider than the terminal."""
        line = visible(self._scrub(line))
        if self._width is None:
            self._write(f"\n{line}\n")
            return
        room, begin = self._width(), ""
        if not self._shown and (taken := self._column()):
            begin, self._resumes = "\n", taken % room  # after a full row, the output goes on in the next one
        line = cut(line, max(room - 1, _NARROWEST))  # in the last column, some terminals begin another line
        width = columns(line)
        self._write(f"{begin}\r{line}{' ' * (self._shown - width)}")
        self._shown = width

    def clear(self) -> None:
        """Remove the line that a terminal shows, and go back to where it was before."""
        if self._shown:
            back = f"\x1b[A\x1b[{self._resumes}C" if self._resumes else ""
            self._write(f"\r{' ' * self._shown}\r{back}")
        self._shown = self._resumes = 0


def progress(screen: Screen, scrub: Callable[[str], str]) -> Progress:
    """Return the progress that this run shows; nothing with `-qq`."""
    config = screen.config
    if compat.reporter(config) is None or config.get_verbosity() < -1:
        return Progress(lambda _: None)

    writer = compat.terminal_writer(config)

    def write(text: str) -> None:
        with compat.uncaptured(config):
            writer.write(text, flush=True)

    def write_aside(text: str) -> None:
        with compat.uncaptured(config):
            compat.write_aside(writer, text)

    if not screen.can_overwrite:
        return Progress(write, scrub=scrub)
    return Progress(
        write_aside,
        width=lambda: compat.terminal_size(writer)[0],
        column=lambda: compat.column(writer),
        scrub=scrub,
    )
