"""Text fits the terminal: broken at spaces, or cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_sentinel.widths import columns, cut, wrap

TEXTS = st.text(st.sampled_from("abc  漢é\u0301👍[]:,"), max_size=80).map(str.strip)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", 0), ("abc", 3), ("é", 1), ("e\u0301", 1), ("漢字", 4), ("👍", 2), ("❤\ufe0f", 1), ("ก็", 1)],
)
def test_columns(text: str, expected: int) -> None:
    """Wide characters take two, combining ones none."""
    assert columns(text) == expected


def test_a_text_that_fits_stays_as_it_is() -> None:
    """With its spaces, within and at its begin."""
    assert list(wrap("    ?? a  b", 11)) == ["    ?? a  b"]


def test_the_rest_of_a_text_is_indented() -> None:
    """So that the next paragraph begins where the eye looks for it."""
    assert list(wrap("    -> one two three", 12, hang=7)) == ["    -> one", "       two", "       three"]


def test_a_word_that_is_too_wide_stays_whole() -> None:
    """A path or an address is copied from the terminal, which folds it."""
    path = "/srv/" + "x" * 30
    assert list(wrap(f"see {path} there", 20, hang=4)) == ["see", f"    {path}", "    there"]


@given(TEXTS, st.integers(10, 60), st.integers(0, 7))
def test_nothing_is_lost_and_nothing_too_wide(text: str, width: int, hang: int) -> None:
    """All words stand there in order, and a line is too wide only for one word."""
    lines = list(wrap(text, width, hang))
    assert " ".join(lines).split() == text.split()
    assert all(columns(line) <= width or len(line.split()) == 1 for line in lines)


@given(TEXTS, st.integers(5, 60))
def test_a_cut_text_fits_and_keeps_both_ends(text: str, width: int) -> None:
    """What is left out is in the middle, and only where there is no room."""
    shown = cut(text, width)
    assert columns(shown) <= width
    if shown != text:
        assert columns(text) > width
        begin, end = shown.split("...")
        assert text.startswith(begin)
        assert text.endswith(end)
