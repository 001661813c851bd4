"""Does something stay good, and not only for the moment in which it was looked at?"""

import time
from collections.abc import Callable
from dataclasses import replace

from release_sentinel.checks.result import WARN, CheckResult
from release_sentinel.config.targets import Steady


def steadily(
    check: Callable[[], CheckResult], steady: Steady, *, pause: Callable[[float], object] = time.sleep
) -> CheckResult:
    """Return the result of asking `steady.samples` times: the first that does not pass, else the worst of them."""
    if steady.samples == 1:
        return check()
    said: list[CheckResult] = []
    for number in range(1, steady.samples + 1):
        if said:
            pause(steady.interval)
        result = check()
        said.append(result)
        if not result.status.passes:
            return _with(result, f"on look {number} of {steady.samples}")
    worst = next((result for result in said if result.status is WARN), said[-1])
    return _with(worst, f"{steady.samples} looks, {steady.interval:g} s apart")


def _with(result: CheckResult, words: str) -> CheckResult:
    return replace(result, message=f"{result.message} ({words})")
