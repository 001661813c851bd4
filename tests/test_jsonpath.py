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


@pytest.mark.parametrize(
    "path", ["", "status", ".status", "$status", "$.", "$..a", "$.a[", "$.a[*", "$.a[**]", "$.a b", "$[x]"]
)
def test_what_is_not_a_path(path: str) -> None:
    """It is refused, with an example of one."""
    with pytest.raises(ValueError, match=r"is not a path such as \$\.checks\[0\]\.status$"):
        jsonpath.steps(path)


MANY = {"groups": [{"alerts": [{"state": "firing"}, {"state": "pending"}]}, {"alerts": []}, {"alerts": [{}]}], "*": 1}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (
            "$.groups[0].alerts[*].state",
            [("$.groups[0].alerts[0].state", "firing"), ("$.groups[0].alerts[1].state", "pending")],
        ),
        ("$.groups[1].alerts[*]", []),
        ("$.groups[1].alerts[*].state", []),
        (
            "$.groups[*].alerts[0].state",
            [
                ("$.groups[0].alerts[0].state", "firing"),
                "$.groups[1].alerts has no 0",
                "$.groups[2].alerts[0] has no 'state'",
            ],
        ),
        ("$.groups[2].alerts[*].state", ["$.groups[2].alerts[0] has no 'state'"]),
        ("$.groups[0][*]", ["$.groups[0] is not a list"]),
        ("$[*]", ["the body is not a list"]),
        ("$.nothing[*].state", ["the body has no 'nothing'"]),
        ("$['*']", [("$.*", 1)]),
    ],
)
def test_every_element_is_found(path: str, found: list[Any]) -> None:
    """With its place; what is missing in one element does not hide the others."""
    seen = [one.missing or (one.place, one.value) for one in jsonpath.find_all(MANY, path)]
    assert seen == found
    assert jsonpath.is_several(path) == ("[*]" in path)
