"""Settings are read as they are; secrets are wrapped before anybody can show them."""

import pytest

from release_sentinel.observe.settings import secrets, settings
from release_sentinel.redaction import Secret


def test_settings_tell_absent_from_blank() -> None:
    """A name that is not there is None; a blank value is a blank value, and blanks around a value stay."""
    assert settings(["A", "B", "C"], {"A": "", "C": " x "}) == {"A": "", "B": None, "C": " x "}


def test_only_the_names_asked_for() -> None:
    """What was not asked for is not read."""
    assert settings(["A"], {"A": "1", "OTHER": "2"}) == {"A": "1"}


def test_the_process_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a mapping the variables of this process are read."""
    monkeypatch.setenv("RS_API_URL", "https://example.com")
    assert settings(["RS_API_URL"]) == {"RS_API_URL": "https://example.com"}


def test_secrets_are_wrapped() -> None:
    """A secret is there for who reveals it, and in no text."""
    found = secrets(["TOKEN", "OTHER"], {"TOKEN": "s3cret"})
    token = found["TOKEN"]
    assert isinstance(token, Secret)
    assert token.reveal() == "s3cret"
    assert "s3cret" not in f"{found} {token} {token!r}"


def test_an_absent_secret_is_none() -> None:
    """A secret that is not there is None, a blank one is not."""
    assert secrets(["A", "B"], {"B": ""}) == {"A": None, "B": Secret("")}
