"""Scales numbers to places, for lines of characters and of pixels."""

from collections.abc import Sequence


class Scale:
    """Places numbers from `first` (the least) to `last` (the greatest); if all are equal, half way between.

    Numbers are divided before they are subtracted: the difference of huge ones would be infinite.
    """

    def __init__(self, values: Sequence[float], first: float, last: float) -> None:
        self._unit = max(map(abs, values)) or 1.0
        self._low, high = min(values) / self._unit, max(values) / self._unit
        self._span = high - self._low
        self._first, self._reach = first, last - first

    def __call__(self, value: float) -> float:
        """Return the place of one of the numbers."""
        share = (value / self._unit - self._low) / self._span if self._span else 0.5
        return self._first + self._reach * share
