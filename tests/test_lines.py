"""Lines are what other programs take for lines; what is shown of others' text stays on one."""

from pathlib import Path

import pytest

from release_sentinel import lines
from release_sentinel.lines import foreign, one_line, split

NO_ENDS = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"  # where `str.splitlines` splits, and no file format does


def test_only_newlines_end_a_line() -> None:
    """With a carriage return before them, or without."""
    assert split("") == []
    assert split("a") == split("a\n") == split("a\r\n") == ["a"]
    assert split("a\n\nb\r\n\n") == ["a", "", "b", ""]
    assert split(f"a{NO_ENDS}b\n") == [f"a{NO_ENDS}b"]


def test_no_text_of_others_is_split_elsewhere() -> None:
    """`str.splitlines` is for texts of our own, and where another program splits in the same way."""
    source = Path(lines.__file__).parent
    users = {file.name for file in source.rglob("*.py") if ".splitlines(" in file.read_text(encoding="utf-8")}
    assert users == {"arguments.py", "gates.py", "github.py"}  # argparse; docstrings; how much of a summary fits


def test_one_line_shows_what_cannot_be_seen() -> None:
    """Control characters, ends of lines and directions of writing are escaped; a long text is cut."""
    assert one_line(" é ✓ \n") == "é ✓"
    assert one_line("a\nb\x1b[2J\u2028\u202e") == r"a\nb\x1b[2J\u2028\u202e"
    assert one_line("x" * 2001) == f"{'x' * 2000} …"


def test_a_text_is_cut_between_words() -> None:
    """The beginning of a short secret is not shown; one long word is cut anywhere."""
    assert one_line("it is dev-key it", 10) == one_line("it is dev-key it", 6) == "it is …"
    assert one_line("it is dev-key it", 13) == "it is dev-key …"
    assert one_line("a dev-key-of-many-letters", 12) == "a dev-key-of …"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::error::x", ": :error::x"),
        ("a\n::error::x", r"a\n::error::x"),
        ("##vso[task.complete]", "# #vso[task.complete]"),
        ("x ##[error]y", "x # #[error]y"),
        ("###teamcity[x]", "# # #teamcity[x]"),
        (5, "5"),
    ],
)
def test_a_text_of_others_is_no_command(text: object, shown: str) -> None:
    """No runner finds a command in it."""
    assert foreign(text) == shown
