"""What the code costs, as ratios that hold on any machine: `python -m tests.benchmarks [NAME …]`.

Each module `bench_*.py` beside this one has a `NAME` and a `measure()` that returns rows.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One measured ratio, and the highest that is acceptable."""

    what: str
    ratio: float
    target: float
    note: str = ""

    @property
    def holds(self) -> bool:
        """Whether the ratio is within its target."""
        return self.ratio <= self.target
