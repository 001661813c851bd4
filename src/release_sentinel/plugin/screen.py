"""What a run is shown on: a terminal of some size, or a file, a pipe, a CI log; and whether in colours."""

from collections.abc import Iterable, Mapping

import pytest

from release_sentinel import colours
from release_sentinel.colours import Tone
from release_sentinel.lines import visible
from release_sentinel.plugin import compat
from release_sentinel.reports.text import Line
from release_sentinel.widths import columns, wrap

_PROMPT = 2  # rows that the shell needs for its own


class Screen:
    """Where the lines of a run go. `relayed`: a parent process shows on a terminal what this one prints."""

    def __init__(self, config: pytest.Config, environ: Mapping[str, str], *, relayed: bool) -> None:
        self.config = config
        self._environ, self._relayed = environ, relayed

    @property
    def is_terminal(self) -> bool:
        """Whether a line has to fit into a width."""
        return self._relayed or compat.is_terminal(self.config)

    @property
    def _takes_sequences(self) -> bool:
        """Whether this is a terminal that takes escape sequences; for an old console, pytest translates its own."""
        return compat.is_terminal(self.config) or (self._relayed and colours.understood(self._environ))

    @property
    def can_overwrite(self) -> bool:
        """Whether a line can be shown in the place of another, because nothing else is shown meanwhile."""
        return self._takes_sequences and self._environ.get("TERM") != "dumb" and not compat.shows_output(self.config)

    def choose_colours(self) -> None:
        """Decide whether pytest's output and ours are coloured."""
        compat.choose_colours(self.config, self._is_coloured)

    def _is_coloured(self, option: str) -> bool:
        return colours.wanted(self._environ, terminal=self._takes_sequences, option=option)

    def show(self, title: str, tone: Tone, lines: Iterable[Line], closing: Iterable[Line] = ()) -> None:
        """Write a title and lines, each on one line unless this is a terminal.

        `closing` is added where the rest does not fit on the terminal, and its beginning has scrolled away.
        """
        writer = compat.terminal_writer(self.config, self._is_coloured)
        width, height = compat.terminal_size(writer)
        fitted = self._fitted(lines, width)
        if self.is_terminal and sum(_rows(line, width) for line in fitted) + _PROMPT + 2 > height:
            fitted += [Line(""), *self._fitted(closing, width)]
        writer.line()
        writer.sep("=", title, **_markup(tone))
        for line in fitted:
            writer.line(line.text, **_markup(line.tone))
        writer.flush()

    def say(self, *lines: Line) -> None:
        """Write lines below all that is shown already."""
        writer = compat.terminal_writer(self.config, self._is_coloured)
        for line in self._fitted(lines, compat.terminal_size(writer)[0]):
            writer.line(line.text, **_markup(line.tone))
        writer.flush()

    def _fitted(self, lines: Iterable[Line], width: int) -> list[Line]:
        shown = [line._replace(text=visible(line.text)) for line in lines]
        if not self.is_terminal:
            return shown
        return [line._replace(text=text) for line in shown for text in wrap(line.text, width, line.hang)]


def _rows(line: Line, width: int) -> int:
    """Return how many rows of the terminal a line takes: a word that is too wide is folded."""
    return max(1, -(-columns(line.text) // width))


def _markup(tone: Tone) -> dict[str, bool]:
    return dict.fromkeys(tone.split(), True)
