"""The result that every check returns."""

from dataclasses import dataclass, field, replace
from typing import NoReturn

from release_sentinel.errors import PolicyError
from release_sentinel.lines import visible
from release_sentinel.measures import Measure
from release_sentinel.vocabulary import Status

OK, WARN, UNKNOWN, CRIT = Status.OK, Status.WARN, Status.UNKNOWN, Status.CRIT


@dataclass(frozen=True)
class CheckResult:
    """What a check found.

    `message` is one line: what was seen and what was expected. `remedy` says what to do; `details` are further lines,
    such as the paths that differ. What would end a line in one of them is escaped. `tries` counts the tries up to the
    final answer; `measures` are the numbers that were judged.

    It has no truth value: `assert check_memory()` would pass whatever the check finds.
    """

    status: Status
    message: str
    remedy: str = ""
    details: tuple[str, ...] = field(default=())
    tries: int = 1
    measures: tuple[Measure, ...] = ()

    def __bool__(self) -> NoReturn:
        raise TypeError("a CheckResult has no truth value: use gate.require(result), or compare result.status")

    def __post_init__(self) -> None:
        object.__setattr__(self, "status", Status(self.status))
        for name in ("message", "remedy"):
            object.__setattr__(self, name, visible(str(getattr(self, name)).strip()))
        object.__setattr__(self, "details", tuple(visible(str(detail)) for detail in self.details))


def measured(result: CheckResult, *measures: Measure) -> CheckResult:
    """Return a result with what was measured for it."""
    return replace(result, measures=measures)


def require(result: CheckResult) -> None:
    """Raise `PolicyError` unless `result` passes."""
    if not result.status.passes:
        raise PolicyError(result.message, result.remedy)


NO_REPOSITORY = "fix the gate `repository` first"  # the remedy of every check that needs one
