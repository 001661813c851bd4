"""Is this an environment that releases go to?"""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from release_sentinel.arguments import find_top
from release_sentinel.checks.result import CRIT, OK, CheckResult, require
from release_sentinel.config.load import load_policy


def check_environment(env: str, allowed: Sequence[str]) -> CheckResult:
    """The environment is one that the policy names.

    Why: a typo (`production`, `prd`) deploys to the wrong place, with another environment's limits.
    Unknown: never; the name is given or it is not.
    Remedy: pass one of the environments to `--env`, or name the new one in `RS_ENVIRONMENTS`.
    """
    if env in allowed:
        return CheckResult(OK, f"{env} is an environment of the policy")
    nearest = get_close_matches(env.lower(), allowed, n=1, cutoff=0.5)
    hint = f"; did you mean {nearest[0]}?" if nearest else ""
    return CheckResult(
        CRIT,
        f"Invalid environment: {env!r}, expected one of {', '.join(allowed)}{hint}",
        f"pass --env {nearest[0] if nearest else allowed[-1]}, or add the name to RS_ENVIRONMENTS",
    )


def ensure_env_allowed(env: str) -> None:
    """Raise `PolicyError` unless `env` is one of the policy's environments."""
    require(check_environment(env, load_policy(repository=find_top(Path.cwd())).environments))
