"""Settings are read as they are; secrets are wrapped before they can be shown."""

from pathlib import Path

import pytest

from release_sentinel.observe.settings import Mounted, mounted, secrets, settings
from release_sentinel.redaction import Secret


def test_settings_distinguish_absent_from_blank() -> None:
    """A name that is not set is None; a blank value stays blank, and blanks around a value stay."""
    assert settings(["A", "B", "C"], {"A": "", "C": " x "}) == {"A": "", "B": None, "C": " x "}


def test_only_the_names_asked_for() -> None:
    """What was not asked for is not read."""
    assert settings(["A"], {"A": "1", "OTHER": "2"}) == {"A": "1"}


def test_the_process_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a mapping the variables of this process are read."""
    monkeypatch.setenv("RS_API_URL", "https://example.com")
    assert settings(["RS_API_URL"]) == {"RS_API_URL": "https://example.com"}


def test_secrets_are_wrapped() -> None:
    """A secret is only shown by `reveal`, and in no text."""
    found = secrets(["TOKEN", "OTHER"], {"TOKEN": "s3cret"})
    token = found["TOKEN"]
    assert isinstance(token, Secret)
    assert token.reveal() == "s3cret"
    assert "s3cret" not in f"{found} {token} {token!r}"


def test_an_absent_secret_is_none() -> None:
    """A secret that is not set is None, a blank one is not."""
    assert secrets(["A", "B"], {"B": ""}) == {"A": None, "B": Secret("")}


def test_a_value_may_be_in_a_file(tmp_path: Path) -> None:
    """What `NAME_FILE` names is read as the value; a secret is wrapped here, too."""
    (tmp_path / "token").write_text("s3cret\n", encoding="utf-8")
    environ = {"TOKEN_FILE": str(tmp_path / "token")}
    assert settings(["TOKEN"], environ) == {"TOKEN": "s3cret"}
    assert secrets(["TOKEN"], environ) == {"TOKEN": Secret("s3cret")}


def test_something_else_may_stand_in() -> None:
    """The policy may provide what the environment does not set, or sets to blank."""
    assert settings(["A", "B", "C"], {"A": "1", "B": ""}, instead={"A": "2", "B": "2", "C": "2"}) == {
        "A": "1",
        "B": "",
        "C": "2",
    }


def test_what_is_mounted_is_reported(tmp_path: Path) -> None:
    """The file, what is wrong with it, and who may read it; never its content."""
    file = tmp_path / "token"
    file.write_text("s3cret", encoding="utf-8")
    file.chmod(0o444)
    found = mounted(["A", "B", "C"], {"A": "1", "B_FILE": str(file), "C": "1", "C_FILE": "/x"})
    assert found == {
        "B": Mounted(str(file), exposed=True),
        "C": Mounted("", "C and C_FILE are both set: keep one of them"),
    }
    assert "s3cret" not in repr(found)
