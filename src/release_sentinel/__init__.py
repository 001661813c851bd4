"""A release safety gate for CI/CD: one command decides whether a release may go out.

PYTEST_DONT_REWRITE (the guard imports parts of it before pytest, which would warn of that)
"""

from typing import TYPE_CHECKING, Any

from release_sentinel.errors import PolicyError, SentinelError
from release_sentinel.vocabulary import Status

if TYPE_CHECKING:
    from release_sentinel.checks.result import CRIT, OK, UNKNOWN, WARN, CheckResult
    from release_sentinel.measures import Measure

__version__ = "0.1.0"

__all__ = [
    "CRIT",
    "OK",
    "UNKNOWN",
    "WARN",
    "CheckResult",
    "Measure",
    "PolicyError",
    "SentinelError",
    "Status",
    "__version__",
]


def __getattr__(name: str) -> Any:
    """Load what judges when it is asked for: the command starts its child without it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from release_sentinel.checks import result  # noqa: PLC0415 - see above

    return getattr(result, name)
