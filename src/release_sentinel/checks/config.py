"""Is everything that the release needs configured, before any of it is used?"""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from release_sentinel.arguments import find_top
from release_sentinel.checks.result import CRIT, OK, WARN, CheckResult
from release_sentinel.config.load import load_policy
from release_sentinel.config.model import PLACEHOLDERS
from release_sentinel.config.targets import is_url
from release_sentinel.config.variables import in_policy
from release_sentinel.errors import MissingSettingError, PolicyError
from release_sentinel.observe import settings
from release_sentinel.observe.settings import Mounted
from release_sentinel.redaction import Secret, without_credentials

logger = logging.getLogger(__name__)

_REMEDY = "set them in the CI job's environment, secrets from its secret store"
_NO_FILES: Mapping[str, Mounted] = MappingProxyType({})


def check_configuration(
    values: Mapping[str, str | Secret | None],
    *,
    placeholders: Sequence[str] = PLACEHOLDERS,
    files: Mapping[str, Mounted] = _NO_FILES,
    withheld: str = "",
) -> CheckResult:
    """Every required setting and secret is present, neither blank nor a placeholder; URLs parse.

    Why: a half-configured pipeline fails in the middle of the deployment, or deploys to the wrong place.
    Unknown: never; a value is there or it is not.
    Remedy: set the named variables in the CI job's environment, secrets from its secret store.

    `files` are the values that come from a file which `NAME_FILE` names; one that cannot be read fails, and one with a
    secret that any user may read warns. `withheld` says why CI may hold secrets back from this build.
    """
    unread = [file.problem for file in files.values() if file.problem]
    missing = [name for name, value in values.items() if value is None and not (name in files and files[name].problem)]
    wrong = [problem for name, value in values.items() for problem in _problems(name, value, placeholders)]
    words = [str(MissingSettingError(*missing))] if missing else []
    if words := words + unread + wrong:
        return CheckResult(CRIT, "; ".join([*words, withheld] if withheld else words), _REMEDY)
    exposed = [file.file for name, file in files.items() if file.exposed and isinstance(values.get(name), Secret)]
    if exposed:
        return CheckResult(
            WARN,
            f"{', '.join(values)} are set, but any user of this machine may read {', '.join(exposed)}",
            f"chmod o= {' '.join(exposed)}, or mount secrets with mode 0400",
        )
    return CheckResult(OK, f"{', '.join(values)} are set" if values else "nothing is required")


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
    elif name.endswith("_URL") and not is_url(text.strip()):
        # What cannot be parsed cannot be stripped of credentials either.
        hidden = secret or set("@?") & set(text)
        yield f"{name} is not a URL such as https://example.com" + ("" if hidden else f" ({text!r})")


def ensure_required_config() -> dict[str, str | Secret]:
    """Return the required settings by the short names `process`, `api_url` and `token`.

    Raises `MissingSettingError` where one is absent, another `PolicyError` where one is unusable; both are
    `RuntimeError`. The token is a `Secret`: `.reveal()` hands it to the call that needs it.
    """
    policy = load_policy(repository=find_top(Path.cwd()))
    values: dict[str, str | Secret | None] = {
        **settings.settings(policy.required.settings, instead=in_policy(policy, policy.required.settings)),
        **settings.secrets(policy.required.secrets),
    }
    files = settings.mounted(values)
    missing = [name for name, value in values.items() if value is None and name not in files]
    if missing:
        raise MissingSettingError(*missing)
    result = check_configuration(values, placeholders=policy.required.placeholders, files=files)
    if not result.status.passes:
        raise PolicyError(result.message, result.remedy)
    logger.info("Config OK: process=%s, api_url=%s", policy.process, without_credentials(policy.api.url))
    return {"process": policy.process, "api_url": policy.api.url, "token": values.get("RS_DEPLOY_TOKEN") or ""}
