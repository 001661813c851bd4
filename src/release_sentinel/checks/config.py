"""Is everything configured that the release needs, before anything is tried with it?"""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from release_sentinel.checks.result import CRIT, OK, CheckResult
from release_sentinel.config.load import load_policy
from release_sentinel.config.model import PLACEHOLDERS
from release_sentinel.errors import MissingSettingError, PolicyError
from release_sentinel.observe import settings
from release_sentinel.redaction import Secret, without_credentials

logger = logging.getLogger(__name__)


def check_configuration(
    values: Mapping[str, str | Secret | None], *, placeholders: Sequence[str] = PLACEHOLDERS
) -> CheckResult:
    """Every required setting and secret is present, neither blank nor a placeholder; URLs parse.

    Why: a pipeline that runs half configured fails in the middle of the deployment, or deploys to the wrong place.
    Unknown: never; a value is there or it is not.
    Remedy: set the named variables in the CI job's environment, secrets from its secret store.
    """
    missing = [name for name, value in values.items() if value is None]
    wrong = [problem for name, value in values.items() for problem in _problems(name, value, placeholders)]
    words = [str(MissingSettingError(*missing))] if missing else []
    if not (words := words + wrong):
        return CheckResult(OK, f"{', '.join(values)} are set" if values else "nothing is required")
    return CheckResult(CRIT, "; ".join(words), "set them in the CI job's environment, secrets from its secret store")


def _problems(name: str, value: str | Secret | None, placeholders: Sequence[str]) -> Iterator[str]:
    """Yield what is wrong with a value, without the value of a secret."""
    if value is None:
        return
    secret = isinstance(value, Secret)
    text = value.reveal() if isinstance(value, Secret) else value
    if not text.strip():
        yield f"{name} is blank"
    elif text.strip().lower() == name.lower() or any(
        re.fullmatch(pattern, text.strip(), re.IGNORECASE) for pattern in placeholders
    ):
        yield f"{name} is a placeholder" + ("" if secret else f" ({text!r})")
    elif name.endswith("_URL") and not _is_url(text):
        # What cannot be parsed cannot be stripped of credentials either.
        hidden = secret or set("@?") & set(text)
        yield f"{name} is no URL such as https://example.com" + ("" if hidden else f" ({text!r})")


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text.strip())
        parts.port  # noqa: B018 - raises where the port is no number
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and not re.search(r"\s", text.strip())


def ensure_required_config() -> dict[str, str | Secret]:
    """Return the required settings by the short names `process`, `api_url` and `token`.

    Raises `MissingSettingError` where one is absent, another `PolicyError` where one is unusable; both are
    `RuntimeError`. The token is a `Secret`: `.reveal()` hands it to the call that needs it.
    """
    policy = load_policy()
    values: dict[str, str | Secret | None] = {
        **settings.settings(policy.required.settings),
        **settings.secrets(policy.required.secrets),
    }
    missing = [name for name, value in values.items() if value is None]
    if missing:
        raise MissingSettingError(*missing)
    result = check_configuration(values, placeholders=policy.required.placeholders)
    if not result.status.passes:
        raise PolicyError(result.message, result.remedy)
    process, api_url = policy.processes[0].name, policy.dependencies[0].url
    logger.info("Config OK: process=%s, api_url=%s", process, without_credentials(api_url))
    return {"process": process, "api_url": api_url, "token": values["RS_DEPLOY_TOKEN"] or ""}
