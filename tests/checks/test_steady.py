"""What has to stay good is sampled several times, and the first bad sample decides."""

from collections.abc import Callable

import pytest

from release_sentinel.checks.result import CRIT, OK, UNKNOWN, WARN, CheckResult
from release_sentinel.checks.steady import steadily
from release_sentinel.config.targets import Steady
from release_sentinel.vocabulary import Status


def looks(*statuses: Status) -> Callable[[], CheckResult]:
    """Return a check that finds these, one after the other."""
    found = iter(statuses)
    return lambda: CheckResult(status := next(found), f"it is {status}", "fix it")


def test_one_sample_is_the_check_itself() -> None:
    """With one sample, nothing is added and there is no pause."""
    result = steadily(looks(OK), Steady(), pause=lambda _: pytest.fail("it paused"))
    assert result == CheckResult(OK, "it is OK", "fix it")


def test_good_samples() -> None:
    """All of them are taken, with the interval between them."""
    pauses: list[float] = []
    result = steadily(looks(OK, OK, OK), Steady(3, 5), pause=pauses.append)
    assert (result.status, result.message) == (OK, "it is OK (3 samples, 5 s apart)")
    assert pauses == [5, 5]


def test_the_last_of_the_good_samples_is_shown() -> None:
    """Its figures are the newest."""
    found = (CheckResult(OK, f"{number} in use") for number in (71, 72, 73))
    result = steadily(lambda: next(found), Steady(3, 5), pause=lambda _: None)
    assert result.message == "73 in use (3 samples, 5 s apart)"


@pytest.mark.parametrize("bad", [CRIT, UNKNOWN])
def test_the_first_bad_sample_decides(bad: Status) -> None:
    """A target that flaps is not healthy, and is not sampled again."""
    result = steadily(looks(OK, bad), Steady(5, 1), pause=lambda _: None)
    assert (result.status, result.message) == (bad, f"it is {bad} (on sample 2 of 5)")
    assert result.remedy == "fix it"


def test_a_warning_is_kept() -> None:
    """A sample that warned counts although the next one is good."""
    assert steadily(looks(OK, WARN, OK), Steady(3, 1), pause=lambda _: None).status is WARN
