"""Text files of the repository."""

from pathlib import Path

from release_sentinel.observe import Unseen, texts


def test_the_first_of_several(tmp_path: Path) -> None:
    """The first name that exists is returned as it is spelt there; a folder is not a file."""
    (tmp_path / "CHANGELOG.md").mkdir()
    (tmp_path / "Changes.rst").touch()
    (tmp_path / "news.md").touch()
    assert texts.first(tmp_path, ["CHANGELOG.md", "CHANGES.rst", "NEWS.md"]) == "Changes.rst"
    assert texts.first(tmp_path, ["HISTORY.md"]) == ""


def test_a_text(tmp_path: Path) -> None:
    """A text is read without its byte order mark."""
    (tmp_path / "a.md").write_bytes(b"\xef\xbb\xbf# 1.0.0\n")
    assert texts.read(tmp_path / "a.md") == "# 1.0.0\n"


def test_what_cannot_be_read(tmp_path: Path) -> None:
    """The error says whether a file is missing or is not text."""
    assert texts.read(tmp_path / "a.md") == Unseen("No such file or directory")
    (tmp_path / "b.md").write_bytes(b"\xff")
    assert texts.read(tmp_path / "b.md") == Unseen("byte 1 is not UTF-8")
