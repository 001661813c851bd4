"""Numbers that gates measure, with the limits that they were held against."""

import math

from msgspec import Struct

from release_sentinel.vocabulary import Status


class Measure(Struct, frozen=True):
    """One number: its name within its gate, its unit, and the limits that it was held against, if there are any.

    A limit that is reached is broken. Where `warn` is above `crit`, less is worse. Limits are finite.
    """

    name: str
    value: float
    unit: str = ""
    warn: float | None = None
    crit: float | None = None

    def __post_init__(self) -> None:
        """Refuse limits that hold nothing back, and what no report has a number for; raises `ValueError`."""
        for name, number in (("value", self.value), ("warn", self.warn), ("crit", self.crit)):
            try:
                is_finite = number is None or math.isfinite(number)
            except OverflowError:  # an integer beyond every float
                raise ValueError(f"{name} of measure {self.name} has too many digits for a number") from None
            if not is_finite and name != "value":
                raise ValueError(f"{name} of measure {self.name} is {number}, expected a finite number or none")

    def __str__(self) -> str:
        return f"{self.name} {self.value:g}{f' {self.unit}' if self.unit else ''}"

    @property
    def less_is_worse(self) -> bool:
        """Whether the limits are lower bounds."""
        return self.warn is not None and self.crit is not None and self.warn > self.crit

    @property
    def status(self) -> Status:
        """Whether the limits hold. NaN and infinity break any: the passing conditions are written out."""
        if not math.isfinite(self.value):
            return Status.CRIT
        if not self._is_within(self.crit):
            return Status.CRIT
        return Status.OK if self._is_within(self.warn) else Status.WARN

    def _is_within(self, limit: float | None) -> bool:
        if limit is None:
            return True
        return self.value > limit if self.less_is_worse else self.value < limit


def full_name(gate: str, measure: str) -> str:
    """Return the name of a measure in a whole run: `disk[/var].used`."""
    return f"{gate}.{measure}"
