"""JSON is strict: what cannot be read is named in one line."""

import pytest

from release_sentinel.strict_json import StrictJSONError, loads

WRONG: dict[str, tuple[str | bytes, str]] = {
    "a number without end": ("9" * 5000, "a number has more than 4300 digits"),
    "one below zero": (b"[-" + b"9" * 5000 + b"]", "a number has more than 4300 digits"),
    "nested without end": ("[" * 100_000, "it is nested too deep"),
    "NaN": ("[NaN]", "NaN is not JSON"),
    "infinity": ("-Infinity", "-Infinity is not JSON"),
    "larger than a number": ('{"a": 1e999}', "1e999 is larger than any number that can be compared"),
    "half": ('{"a": ', "line 1, column 7: expected a value"),
    "a comma": ('{\n"a": 1 "b": 2}', "line 2, column 8: expected ',' delimiter"),
    "nothing": (" \n", "it is empty"),
    "bytes": (b"\xff", "byte 1 is not UTF-8"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_not_json_is_named(name: str) -> None:
    """The message is one line."""
    text, words = WRONG[name]
    with pytest.raises(StrictJSONError) as error:
        loads(text)
    assert str(error.value) == words


def test_a_name_may_have_to_be_unique() -> None:
    """Readers of JSON disagree on which of two counts."""
    assert loads('{"a": 1, "a": 2}') == {"a": 2}
    with pytest.raises(StrictJSONError, match="'a' is there twice"):
        loads('[{"b": {"a": 1, "a": 2}}]', unique=True)


def test_what_is_json_is_read() -> None:
    """With a byte order mark, too, and with numbers up to the bound."""
    assert loads(b'\xef\xbb\xbf{"a": [1.5, true, null]}') == {"a": [1.5, True, None]}
    assert loads("9" * 4300) == int("9" * 4300)
