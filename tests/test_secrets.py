"""What has to be kept secret is known from the environment and the policy."""

from pathlib import Path

import pytest

from release_sentinel.config.model import ApiTarget, Policy
from release_sentinel.config.secrets import known_secrets, learn
from release_sentinel.redaction import MASK, Redactor
from tests.conftest import SECRET

ENVIRONS = {
    "required secret": {"RS_DEPLOY_TOKEN": SECRET},
    "URL of a setting": {"RS_API_URL": f"https://user:{SECRET.replace('/', '%2F')}@host/"},
    "URL of anything": {"GIT_URL": "https://oauth2:s3cr3t%2FTok+en&value@host/shop.git"},
    "policy that is not valid": {"RS_DEPLOY_TOKEN": SECRET, "RS_DISK_CRIT": "much"},
}


@pytest.mark.parametrize("environ", ENVIRONS.values(), ids=ENVIRONS)
def test_the_environment_s_secrets_are_known(environ: dict[str, str]) -> None:
    """Before a gate runs, and whatever the policy says."""
    assert known_secrets(environ).scrub(f"is {SECRET}") == f"is {MASK}"


def test_a_secret_in_a_file_is_known(tmp_path: Path) -> None:
    """Containers mount them; the line break at its end is no part of it."""
    (tmp_path / "token").write_text(f"{SECRET}\n", encoding="utf-8")

    assert known_secrets({"RS_DEPLOY_TOKEN_FILE": str(tmp_path / "token")}).scrub(SECRET) == MASK


@pytest.mark.parametrize("path", ["/nowhere", "/", "\0"])
def test_a_file_that_cannot_be_read_is_no_error(path: str) -> None:
    """The gate `configuration` reports it."""
    assert known_secrets({"RS_DEPLOY_TOKEN_FILE": path}).scrub(SECRET) == SECRET


def test_the_policy_s_urls_are_known() -> None:
    """A dependency's credentials need not come from the environment."""
    redactor = Redactor()
    learn(redactor, Policy(api=ApiTarget(url="https://user:hunter22@host")), {})

    assert redactor.scrub("hunter22") == MASK


def test_other_variables_are_no_secrets() -> None:
    """Ordinary settings stay readable."""
    assert known_secrets({"RS_REQUIRED_PROCESS": "nginx", "LANG": "C"}).scrub("nginx C") == "nginx C"
