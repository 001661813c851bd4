"""Each error writes its own sentence."""

import pytest

from release_sentinel.errors import InvalidPolicyError, MissingSettingError, PolicyError, SentinelError

ERRORS = [
    SentinelError("no"),
    PolicyError("no"),
    MissingSettingError("RS_API_URL"),
    InvalidPolicyError(["RS_DISK_CRIT is 'x', expected per cent"]),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_every_error_is_a_runtime_error(error: SentinelError) -> None:
    """Callers of the first version catch `RuntimeError`."""
    with pytest.raises(RuntimeError):
        raise error


@pytest.mark.parametrize("error", ERRORS[1:], ids=lambda error: type(error).__name__)
def test_every_broken_policy_is_a_policy_error(error: SentinelError) -> None:
    """One name catches whatever holds a release back."""
    assert isinstance(error, PolicyError)


def test_a_policy_error_says_how_to_mend_it() -> None:
    """Message and remedy are told apart."""
    error = PolicyError("the tree is dirty", "commit the changes")

    assert (str(error), error.remedy) == ("the tree is dirty", "commit the changes")


def test_a_remedy_may_be_left_out() -> None:
    """A custom check needs nothing but a message."""
    assert PolicyError("no").remedy == ""


def test_one_missing_setting_is_named_as_it_ever_was() -> None:
    """The sentence of the first version is kept to the letter."""
    error = MissingSettingError("RS_API_URL")

    assert str(error) == "Missing required env var: RS_API_URL"
    assert error.names == ("RS_API_URL",)
    assert error.remedy == "set them in the CI job's environment"


def test_all_missing_settings_are_named_at_once() -> None:
    """One run tells everything that has to be set."""
    error = MissingSettingError("RS_API_URL", "RS_DEPLOY_TOKEN")

    assert str(error) == "Missing required env vars: RS_API_URL, RS_DEPLOY_TOKEN"
    assert error.names == ("RS_API_URL", "RS_DEPLOY_TOKEN")


def test_all_problems_of_a_policy_are_named_at_once() -> None:
    """One run tells everything that has to be corrected."""
    error = InvalidPolicyError(["A is 1, expected 2", "B is 3, expected 4"])

    assert str(error) == "the policy is not valid: A is 1, expected 2; B is 3, expected 4"
    assert error.problems == ("A is 1, expected 2", "B is 3, expected 4")
    assert error.remedy == "correct the settings named above"
