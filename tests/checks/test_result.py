"""A check's result is one frozen record that cannot be mistaken for a truth value."""

import dataclasses

import pytest

from release_sentinel.checks.result import CRIT, OK, UNKNOWN, WARN, CheckResult, require
from release_sentinel.errors import PolicyError
from release_sentinel.vocabulary import Status


@pytest.mark.parametrize("status", list(Status))
def test_no_truth_value(status: Status) -> None:
    """`assert check()` raises whatever the check finds."""
    with pytest.raises(TypeError, match=r"has no truth value: use gate.require"):
        assert CheckResult(status, "seen")


@pytest.mark.parametrize(("status", "passes"), [(OK, True), (WARN, True), (UNKNOWN, False), (CRIT, False)])
def test_what_passes(status: Status, passes: bool) -> None:
    """OK and WARN pass; what could not be determined does not."""
    assert status.passes is passes


@pytest.mark.parametrize("status", [UNKNOWN, CRIT])
def test_require_raises(status: Status) -> None:
    """A result that does not pass raises a RuntimeError with its message and its remedy."""
    with pytest.raises(RuntimeError, match=r"^seen$") as caught:
        require(CheckResult(status, "seen", "fix it"))
    assert isinstance(caught.value, PolicyError)
    assert caught.value.remedy == "fix it"


@pytest.mark.parametrize("status", [OK, WARN])
def test_require_lets_pass(status: Status) -> None:
    """A result that passes raises nothing."""
    require(CheckResult(status, "seen"))


def test_the_words_of_the_first_version() -> None:
    """A status compares with, and prints as, the plain word of the first version."""
    assert [f"{status}" for status in (OK, WARN, CRIT, UNKNOWN)] == ["OK", "WARN", "CRIT", "UNKNOWN"]
    assert CheckResult(Status("CRIT"), "seen").status == "CRIT"


def test_a_plain_word_becomes_a_status() -> None:
    """A custom check may write the plain word; a word that is not a status is refused at once."""
    assert CheckResult("OK", "seen").status is OK  # type: ignore[arg-type]  # as an untyped caller writes it
    with pytest.raises(ValueError, match="FINE"):
        CheckResult("FINE", "seen")  # type: ignore[arg-type]  # as above


def test_what_a_check_does_not_say_is_blank() -> None:
    """By default there is one try, and no remedy and no details."""
    assert CheckResult(OK, "seen") == CheckResult(OK, "seen", remedy="", details=(), tries=1)


def test_a_result_is_frozen() -> None:
    """A result cannot be changed afterwards."""
    result = CheckResult(CRIT, "seen")
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.status = OK  # type: ignore[misc]  # that is the claim
