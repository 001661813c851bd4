"""Do the services that the release depends on answer?"""

from typing import Protocol

from release_sentinel.checks.result import CRIT, OK, UNKNOWN, WARN, CheckResult
from release_sentinel.config.model import ApiTarget
from release_sentinel.observe import http
from release_sentinel.observe.http import Exchange


class Ask(Protocol):
    """How a dependency is asked; `observe.http.get` is the real one."""

    def __call__(self, url: str, *, timeout: float, tries: int, deadline: float, statuses: tuple[int, ...]) -> Exchange:
        """Ask `url`; times in seconds."""
        ...


def check_api(
    url: str | ApiTarget, timeout: float = ApiTarget.timeout, retries: int = ApiTarget.tries, *, observe: Ask = http.get
) -> CheckResult:
    """The dependency answers with an expected status, within its deadline.

    Why: a release into an outage cannot be told from a release that caused it.
    Unknown: no URL is given.
    Remedy: look at the dependency; the address is `RS_API_URL`, the expected statuses are `RS_API_STATUSES`.

    `retries` is the number of tries, the first one included; `timeout` bounds each of them, in seconds.
    """
    target = url if isinstance(url, ApiTarget) else ApiTarget(url, timeout, retries)
    if not target.url.strip():
        return CheckResult(UNKNOWN, "no URL is given", "set RS_API_URL")
    seen = observe(
        target.url, timeout=target.timeout, tries=target.tries, deadline=target.deadline, statuses=target.statuses
    )
    effort = f"{seen.tries} {'try' if seen.tries == 1 else 'tries'}, {seen.seconds:.1f} s"
    expected = " or ".join(str(status) for status in target.statuses)
    if seen.status in target.statuses:
        said = f"GET {seen.url} answered {seen.status} ({effort})"
        if seen.earlier:
            return CheckResult(
                WARN, f"{said}, after: {', '.join(seen.earlier)}", "look at why it flaps", tries=seen.tries
            )
        return CheckResult(OK, said, tries=seen.tries)
    if seen.status is None:
        said = f"GET {seen.url} unreachable: {seen.error}"
    else:
        said = f"GET {seen.url} returned {seen.status}, expected {expected}"
    details = tuple(f"try {number}: {words}" for number, words in enumerate(seen.earlier, start=1))
    return CheckResult(CRIT, f"{said} ({effort})", "see whether the dependency is up", details, seen.tries)
