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


WORDS = ["yes", "Off", "null", "NULL", "1", "1e3", "0x1", "~", "", "2024-01-01", "=", "- a", "y", "N"]


@pytest.mark.parametrize("word", WORDS)
def test_a_string_stays_a_string(word: str) -> None:
    """Also where it looks like something else."""
    assert yaml.safe_load(dump({word: [word, {word: word}]})) == {word: [word, {word: word}]}


def test_it_reads_well() -> None:
    """Names stand without quotes, lists under their key."""
    assert dump({"a": {"b": ["c/d", {"e": 1, "f": {}}]}}) == "a:\n  b:\n  - c/d\n  - e: 1\n    f: {}\n"


def test_what_only_other_readers_take_for_a_number_is_quoted() -> None:
    """Kubernetes' own reader has more forms of numbers than PyYAML, and one-letter words for true and false."""
    assert dump({"refs": ["1e3", "0o14", "y", "12_000", "1:30"]}) == (
        'refs:\n- "1e3"\n- "0o14"\n- "y"\n- "12_000"\n- "1:30"\n'
    )


def test_what_stands_twice_is_repeated() -> None:
    """Labels are written out wherever they stand; an anchor would have to be looked up."""
    labels = {"app": "gate"}
    assert dump({"a": labels, "b": labels}) == "a:\n  app: gate\nb:\n  app: gate\n"
