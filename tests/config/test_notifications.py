"""Addresses of notifications are secrets wherever they come from."""

import json
from pathlib import Path

import pytest

from release_sentinel.config.effective import as_document, as_toml
from release_sentinel.config.load import load
from release_sentinel.config.notifications import addresses, secrets_of, shown
from release_sentinel.config.secrets import known_secrets
from release_sentinel.errors import InvalidPolicyError
from release_sentinel.redaction import Redactor

SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general"
TEAMS = "https://acme.webhook.office.com/webhookb2/0a1b2c3d@4e5f6a7b/IncomingWebhook/9c8d7e6f/f0e1d2c3"


def test_the_environment_names_several() -> None:
    """With commas between them, or in a file."""
    assert addresses({"RS_NOTIFY_URLS": f" {SLACK}, ,{TEAMS}"}) == (SLACK, TEAMS)
    assert addresses({}) == addresses({"RS_NOTIFY_URLS": " "}) == ()
    assert load({"RS_NOTIFY_URLS": f"{SLACK},{TEAMS}"}).policy.notify.urls == (SLACK, TEAMS)


def test_a_file_may_hold_them(tmp_path: Path) -> None:
    """As containers mount secrets."""
    (tmp_path / "urls").write_text(f"{SLACK}\n")
    environ = {"RS_NOTIFY_URLS_FILE": str(tmp_path / "urls")}
    assert known_secrets(environ).scrub(f"see {SLACK}") == "see ***"


@pytest.mark.parametrize("part", ["T1JJ3T3L2", "A1BRTD4JD", "TIiajkdnlazkcOXrIdevi7FQ", SLACK])
def test_every_token_is_hidden(part: str) -> None:
    """Also the one that stands where other URLs have their host."""
    assert part not in Redactor(*secrets_of(SLACK)).scrub(f"failed: {part}!")


def test_a_plain_host_is_none() -> None:
    """A name that is no token may be read elsewhere."""
    clean = Redactor(*secrets_of("json://kim:s3cr3tpass@hooks.example.com/hooks/0a1b2c3d4e5f")).scrub
    assert clean("http://api.example.com/health") == "http://api.example.com/health"
    assert "s3cr3tpass" not in clean("kim s3cr3tpass")
    assert "0a1b2c3d4e5f" not in clean("/0a1b2c3d4e5f")


def test_an_address_is_shown_by_its_kind() -> None:
    """Enough to tell which of them failed."""
    assert shown(SLACK) == "slack://***"
    assert shown("nonsense") == "***"


def test_the_printed_policy_does_not_show_them() -> None:
    """Neither as a file nor as a document."""
    loaded = load({"RS_NOTIFY_URLS": SLACK})
    printed = as_toml(loaded) + json.dumps(as_document(loaded))
    assert 'urls = ["slack://***"]  # RS_NOTIFY_URLS' in printed
    assert "T1JJ3T3L2" not in printed


def test_a_wrong_one_is_not_shown(tmp_path: Path) -> None:
    """Somebody forgot the scheme of a token."""
    wrong = "T1JJ3T3L2/A1BRTD4JD"
    with pytest.raises(InvalidPolicyError) as error:
        load({"RS_NOTIFY_URLS": wrong})
    assert wrong not in str(error.value)
    assert "RS_NOTIFY_URLS is something else, expected addresses as apprise has them" in str(error.value)
    assert wrong not in known_secrets({"RS_NOTIFY_URLS": wrong}).scrub(wrong)
    (tmp_path / "p.toml").write_text(f'[notify]\nurls = ["{wrong}"]\n')
    with pytest.raises(InvalidPolicyError) as error:
        load({}, file=tmp_path / "p.toml")
    assert wrong not in str(error.value)
