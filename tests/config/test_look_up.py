"""A value is in the environment, or in a file that the environment names."""

import os
from pathlib import Path

import pytest

from release_sentinel.config.variables import look_up


def mount(tmp_path: Path, content: bytes, mode: int = 0o400) -> dict[str, str]:
    """Return an environment whose `TOKEN` is in a file."""
    file = tmp_path / "token"
    file.write_bytes(content)
    file.chmod(mode)
    return {"TOKEN_FILE": str(file)}


def test_a_variable_is_taken_as_it_is() -> None:
    """Absent, blank and surrounded by blanks are three different values."""
    assert [look_up("A", environ).text for environ in ({}, {"A": ""}, {"A": " x "})] == [None, "", " x "]


@pytest.mark.parametrize(
    ("content", "text"),
    [(b"s3cret", "s3cret"), (b"s3cret\n", "s3cret"), (b"s3cret\r\n", "s3cret"), (b" a\nb\n\n", " a\nb\n"), (b"", "")],
)
def test_a_file_is_read_without_its_last_newline(tmp_path: Path, content: bytes, text: str) -> None:
    """One newline, as editors and `echo` leave it, is not part of the value."""
    found = look_up("TOKEN", mount(tmp_path, content))
    assert (found.text, found.problem) == (text, "")
    assert found.file == str(tmp_path / "token")


WANTED = "TOKEN_FILE has to be the path of a file that holds the value"


@pytest.mark.parametrize("blank", ["", "  "])
def test_a_blank_on_either_side_is_unset(tmp_path: Path, blank: str) -> None:
    """CI systems pass undefined variables on as blanks."""
    assert look_up("TOKEN", {**mount(tmp_path, b"x"), "TOKEN": blank}).text == "x"
    assert look_up("TOKEN", {"TOKEN": "x", "TOKEN_FILE": blank}).text == "x"


def test_setting_both_is_refused(tmp_path: Path) -> None:
    """It would be unclear which one counts."""
    found = look_up("TOKEN", {**mount(tmp_path, b"x"), "TOKEN": "y"})
    assert (found.text, found.problem) == (None, "TOKEN and TOKEN_FILE are both set: keep one of them")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """The system's own words are kept, and what was given for the path is not shown: it may be the value itself."""
    found = look_up("TOKEN", {"TOKEN_FILE": str(tmp_path / "none")})
    expected = f"{WANTED}, and what it names cannot be read: No such file or directory"
    assert (found.text, found.problem) == (None, expected)


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"caf\xe9", "cannot be read: it is not UTF-8"), (b"x" * (1 << 20) + b"y", "is longer than 1 MiB")],
)
def test_a_file_that_does_not_hold_a_value(tmp_path: Path, content: bytes, why: str) -> None:
    """The problem is named, and the content never shown."""
    assert look_up("TOKEN", mount(tmp_path, content)).problem == f"{WANTED}, and that file {why}"


def test_what_would_hang_the_run_is_not_opened(tmp_path: Path) -> None:
    """A pipe without a writer, a device, a folder."""
    os.mkfifo(tmp_path / "pipe")
    for file in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        found = look_up("TOKEN", {"TOKEN_FILE": str(file)})
        assert found.problem == f"{WANTED}, and what it names is not a regular file"


@pytest.mark.parametrize(("mode", "exposed"), [(0o400, False), (0o440, False), (0o444, True), (0o604, True)])
def test_a_file_that_every_user_may_read_is_exposed(tmp_path: Path, mode: int, *, exposed: bool) -> None:
    """The mode of the file itself counts."""
    assert look_up("TOKEN", mount(tmp_path, b"x", mode)).exposed is exposed


def test_no_representation_shows_the_text(tmp_path: Path) -> None:
    """The value may be a secret."""
    assert "s3cret" not in repr(look_up("TOKEN", mount(tmp_path, b"s3cret")))
