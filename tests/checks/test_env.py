"""A release goes only to an environment of the policy."""

import pytest

from release_sentinel.checks.env import check_environment, ensure_env_allowed
from release_sentinel.checks.result import CRIT, OK
from release_sentinel.errors import PolicyError
from tests.conftest import Repo

ALLOWED = ("dev", "stage", "prod")


@pytest.mark.parametrize("env", ALLOWED)
def test_an_environment_of_the_policy(env: str) -> None:
    """Each environment that the policy names passes."""
    result = check_environment(env, ALLOWED)
    assert (result.status, result.message) == (OK, f"{env} is an environment of the policy")


@pytest.mark.parametrize(
    "env", ["", " ", "Prod", "PROD", "prod ", "prod\n", "production", "pro", "dev,prod", "*", "pr*d"]
)
def test_look_alikes(env: str) -> None:
    """Only the exact name is the environment."""
    result = check_environment(env, ALLOWED)
    assert result.status is CRIT
    assert result.message.startswith(f"Invalid environment: {env!r}, expected one of dev, stage, prod")


@pytest.mark.parametrize(
    ("env", "meant"),
    [("prd", "prod"), ("production", "prod"), ("PROD", "prod"), ("staging", "stage"), ("develop", "dev")],
)
def test_the_nearest_name_is_shown(env: str, meant: str) -> None:
    """For a near miss, message and remedy name what was probably meant."""
    result = check_environment(env, ALLOWED)
    assert result.message.endswith(f"; did you mean {meant}?")
    assert result.remedy == f"pass --env {meant}, or add the name to RS_ENVIRONMENTS"


def test_no_guess_for_a_name_that_resembles_none() -> None:
    """A name that resembles none gets no suggestion."""
    result = check_environment("qa", ALLOWED)
    assert result.message == "Invalid environment: 'qa', expected one of dev, stage, prod"
    assert result.remedy == "pass --env prod, or add the name to RS_ENVIRONMENTS"


def test_ensure_env_allowed() -> None:
    """The function of the first version raises a RuntimeError with the message and the remedy."""
    ensure_env_allowed("prod")
    with pytest.raises(RuntimeError, match="Invalid environment: 'qa'") as caught:
        ensure_env_allowed("qa")
    assert isinstance(caught.value, PolicyError)
    assert caught.value.remedy


def test_ensure_env_allowed_asks_the_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environments of the policy count, and only they."""
    monkeypatch.setenv("RS_ENVIRONMENTS", "qa, live")
    ensure_env_allowed("qa")
    with pytest.raises(PolicyError, match="expected one of qa, live"):
        ensure_env_allowed("prod")


def test_ensure_env_allowed_reads_the_policy_of_the_repository(monkeypatch: pytest.MonkeyPatch, repo: Repo) -> None:
    """Also from a folder below its top."""
    repo.write("release-sentinel.toml", 'environments = ["qa"]\n')
    monkeypatch.chdir(repo.write("docs/index.md").parent)
    ensure_env_allowed("qa")
