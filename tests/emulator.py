"""A terminal, as far as our output needs one: what a user sees of it in the end."""

import re

from release_sentinel.widths import columns

_PARTS = re.compile(r"\x1b\[([\d;]*)([A-Za-z])|([\s\S])")


class Terminal:
    """Rows of characters, which scroll; `marks` are the SGR codes that each row has met."""

    def __init__(self, width: int, height: int) -> None:
        self._width, self._height = width, height
        self._rows: list[dict[int, str]] = [{}]
        self.marks: list[set[str]] = [set()]
        self._row = self._column = 0
        self._style = ""

    def write(self, text: str) -> None:
        """Take what a program writes; a newline also begins the row, as the kernel's terminal has it."""
        for codes, final, character in _PARTS.findall(text):
            if final == "m":
                self._style = "" if codes in {"", "0"} else f"{self._style};{codes}"
            elif final == "A":
                self._row = max(self._row - int(codes or 1), len(self._rows) - self._height, 0)
            elif final == "C":
                self._column = min(self._column + int(codes or 1), self._width - 1)
            elif final:
                raise ValueError(f"an escape sequence that we do not write: {codes}{final}")
            elif character == "\r":
                self._column = 0
            elif character == "\n":
                self._next()
            elif character.isprintable():
                self._put(character)
            else:
                raise ValueError(f"a character that no terminal shows: {character!r}")

    def _next(self) -> None:
        self._row, self._column = self._row + 1, 0
        if self._row == len(self._rows):
            self._rows.append({})
            self.marks.append(set())

    def _put(self, character: str) -> None:
        width = columns(character)
        if self._column + width > self._width:
            self._next()
        self._rows[self._row][self._column] = character
        if width == 2:
            self._rows[self._row][self._column + 1] = ""
        self.marks[self._row] |= set(filter(None, self._style.split(";")))
        self._column += width

    @property
    def rows(self) -> list[str]:
        """Every row, also those that have scrolled away."""
        return [
            "".join(row.get(column, " ") for column in range(max(row, default=-1) + 1)).rstrip() for row in self._rows
        ]

    @property
    def screen(self) -> list[str]:
        """The rows that can be seen at the end."""
        return self.rows[-self._height :]
