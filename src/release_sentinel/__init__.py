"""A release safety gate for CI/CD: one command decides whether a release may go out."""

from release_sentinel.checks.result import CRIT, OK, UNKNOWN, WARN, CheckResult
from release_sentinel.errors import PolicyError, SentinelError
from release_sentinel.vocabulary import Status

__version__ = "0.1.0"

__all__ = ["CRIT", "OK", "UNKNOWN", "WARN", "CheckResult", "PolicyError", "SentinelError", "Status", "__version__"]
