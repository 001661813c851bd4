"""One value of a JSON document is found by its path, or the error says how far the path leads."""

from typing import Any

import pytest

from release_sentinel import jsonpath

DOCUMENT = {"status": "ok", "a b": {"c.d": 1}, "checks": [{"up": True}, {"up": None}], "": 0}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$", DOCUMENT),
        ("$.status", "ok"),
        ("$['status']", "ok"),
        ('$["a b"]["c.d"]', 1),
        ("$.checks[0].up", True),
        ("$.checks[-1].up", None),
        ("$['']", 0),
    ],
)
def test_an_existing_value_is_found(path: str, value: Any) -> None:
    """Fields, positions from either end, and the whole document."""
    assert jsonpath.find(DOCUMENT, path) == value


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("$.state", "the body has no 'state'"),
        ("$.checks[2].up", "$.checks has no 2"),
        ("$.status.text", "$.status has no 'text'"),
        ("$.checks.up", "$.checks has no 'up'"),
        ("$.status[0]", "$.status has no 0"),
        ("$[0]", "the body has no 0"),
        ("$.checks[1].up.since", "$.checks[1].up has no 'since'"),
    ],
)
def test_a_missing_value_is_reported(path: str, words: str) -> None:
    """The message says how far the path leads; a text is not a list, and a list is not an object."""
    with pytest.raises(LookupError) as missing:
        jsonpath.find(DOCUMENT, path)
    assert missing.value.args == (words,)


@pytest.mark.parametrize("path", ["", "status", ".status", "$status", "$.", "$..a", "$.a[", "$.a[*]", "$.a b", "$[x]"])
def test_what_is_not_a_path(path: str) -> None:
    """It is refused, with an example of one."""
    with pytest.raises(ValueError, match=r"is not a path such as \$\.checks\[0\]\.status$"):
        jsonpath.steps(path)
