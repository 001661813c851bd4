"""What is written as YAML is read as it was meant."""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from release_sentinel.deliver.kubernetes.yaml import dump

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")) | st.sampled_from(" -:#'\"{}[]&*!|>%@`\\,"))
VALUES = st.recursive(
    TEXT | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=10,
)


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(TEXT, VALUES, min_size=1))
def test_what_is_written_is_read(document: dict[str, object]) -> None:
    """Whatever the shape and the characters."""
    assert yaml.safe_load(dump(document)) == document


@pytest.mark.parametrize("word", ["yes", "Off", "null", "NULL", "1", "1e3", "0x1", "~", "", "2024-01-01", "=", "- a"])
def test_a_string_stays_a_string(word: str) -> None:
    """Also where it looks like something else."""
    assert yaml.safe_load(dump({word: [word, {word: word}]})) == {word: [word, {word: word}]}


def test_it_reads_well() -> None:
    """Names stand without quotes, lists under their key."""
    assert dump({"a": {"b": ["c/d", {"e": 1, "f": {}}]}}) == "a:\n  b:\n  - c/d\n  - e: 1\n    f: {}\n"
