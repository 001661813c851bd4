"""Does something stay good over several samples?"""

import time
from collections.abc import Callable
from dataclasses import replace

from release_sentinel.checks.result import WARN, CheckResult
from release_sentinel.config.targets import Steady


def steadily(
    check: Callable[[], CheckResult], steady: Steady, *, pause: Callable[[float], object] = time.sleep
) -> CheckResult:
    """Check `steady.samples` times and return one result: the first that does not pass, else the worst of them."""
    if steady.samples == 1:
        return check()
    results: list[CheckResult] = []
    for number in range(1, steady.samples + 1):
        if results:
            pause(steady.interval)
        result = check()
        results.append(result)
        if not result.status.passes:
            return _with(result, f"on sample {number} of {steady.samples}")
    worst = next((result for result in results if result.status is WARN), results[-1])
    return _with(worst, f"{steady.samples} samples, {steady.interval:g} s apart")


def _with(result: CheckResult, words: str) -> CheckResult:
    return replace(result, message=f"{result.message} ({words})")
