"""Documents become records by their annotations: a new field needs no code of its own."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta, Struct, field

from release_sentinel.config.marks import NoKey, Only
from release_sentinel.config.read import UNREADABLE, Reading, allowed, dotted, leaves


class Window(Struct, frozen=True):
    """A record inside another."""

    size: int
    mode: Literal["fast", "slow"] = "fast"


class House(Struct, frozen=True):
    """A record with every kind of field."""

    name: str = ""
    built: date | None = None
    windows: tuple[Window, ...] = ()
    front: Window | None = None
    rooms: Mapping[str, Window] = field(default_factory=dict)
    height: Annotated[float, Meta(gt=0, lt=9)] = 3.0
    level: Annotated[int, Meta(ge=-1)] = 0
    warn: float = 5.0
    crit: float = 9.0


def read(document: Any) -> tuple[Any, list[str]]:
    """Return the record, and what is wrong."""
    record, problems = Reading().read(House, document)
    return record, [f"{dotted(one.path)} {one.says}{dotted(one.other or ())}{one.ends}" for one in problems]


def test_every_kind_of_field_is_read() -> None:
    """Records in records, in lists and in tables, optional ones, dates, numbers."""
    document = {
        "built": date(1999, 1, 2),
        "windows": [{"size": 1}, {"size": 2, "mode": "slow"}],
        "front": {"size": 3},
        "rooms": {"hall": {"size": 4}},
        "height": 2,
    }
    house = House("", date(1999, 1, 2), (Window(1), Window(2, "slow")), Window(3), {"hall": Window(4)}, 2.0)
    assert read(document) == (house, [])
    assert read({}) == (House(), [])


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"height": 9}, "height is 9, expected a number above 0 below 9"),
        ({"level": -2}, "level is -2, expected a whole number at least -1"),
        ({"built": "soon"}, "built is 'soon', expected a date"),
        ({"name": 5}, "name is 5, expected a text"),
        ({"windows": [{"size": 1}, {"size": "x"}]}, "windows[1].size is 'x', expected a whole number"),
        ({"windows": [5]}, "windows[0] is 5, expected a table"),
        ({"windows": [{}]}, "windows[0].size is missing, expected a whole number"),
        (
            {"front": {"size": 1, "mode": "slwo"}},
            "front.mode is 'slwo', expected one of fast, slow; did you mean slow?",
        ),
        (
            {"rooms": {"hall": {"sise": 1, "size": 1}}},
            "rooms.hall.sise is not a key of [rooms.hall]; did you mean size?",
        ),
        ({"rooms": []}, "rooms is a list, expected a table"),
        ({"warn": 9.5}, "warn is 9.5, expected at most crit, which is 9"),
        ([], " is a list, expected a table"),
    ],
)
def test_what_is_wrong_is_reported(document: Any, problem: str) -> None:
    """The path, what was seen, what is allowed."""
    assert read(document)[1] == [problem]


def test_a_low_limit_lowers_the_warning() -> None:
    """In any record that has both, unless the warning is set."""
    assert read({"crit": 4.0})[0].warn == 4.0
    assert read({"crit": 4.0, "warn": 4.5})[1] == ["warn is 4.5, expected at most crit, which is 4"]
    assert read({"crit": "x", "warn": 9.5})[1] == ["crit is 'x', expected a number"]  # no contradiction is made up


def test_what_is_broken_keeps_its_place() -> None:
    """Positions in later messages are those of the file."""
    assert read({"windows": [{"size": "x"}, {"size": 2}]})[0].windows == (UNREADABLE, Window(2))


def test_a_long_value_is_cut() -> None:
    """So that the message stays readable."""
    assert read({"level": "x" * 500})[1] == [f"level is '{'x' * 80}…', expected a whole number at least -1"]


def test_kinds_have_descriptions() -> None:
    """Also those that do not declare one."""
    assert allowed(tuple[Literal["a", "b"], ...]) == "a list, each one of a, b"
    assert allowed(bool) == "true or false"
    assert allowed(House | None) == "a table"
    assert allowed(str | int | None) == "a text or a whole number"


class Shed(Struct, frozen=True):
    """A record with a field that documents do not set, and one of which they set a part."""

    painted: Annotated[bool, NoKey()] = False
    window: Annotated[Window, Only(("size",))] = field(default_factory=lambda: Window(1))


def test_what_no_document_sets_is_not_a_key() -> None:
    """Neither an internal field nor a key that is left out."""
    read = Reading().read(Shed, {"window": {"size": 5}})
    assert read == (Shed(window=Window(5)), [])
    _, problems = Reading().read(Shed, {"painted": True, "window": {"size": 5, "mode": "slow"}})
    assert [problem.path for problem in problems] == [("painted",), ("window", "mode")]
    assert [path for path, _, _ in leaves(Shed())] == [("window", "size")]


def test_a_table_that_documents_share_is_read_once() -> None:
    """By identity: an equal table is read again, and each document has all of its problems."""
    shared = {"hall": {"size": "x"}}
    reading = Reading()
    first, second = reading.read(House, {"rooms": shared}), reading.read(House, {"rooms": shared, "name": 5})
    assert first[0].rooms is second[0].rooms
    assert [problem.path for problem in first[1]] == [("rooms", "hall", "size")]
    assert [problem.path for problem in second[1]] == [("name",), ("rooms", "hall", "size")]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Annotated[str, Meta(pattern="^[a-z]+$")], "a text that matches ^[a-z]+$"),
        (Annotated[str, Meta(min_length=3, max_length=9)], "a text with at least 3 and at most 9 characters"),
        (Annotated[str, Meta(min_length=2)], "a text with at least 2 characters"),
        (Annotated[int, Meta(ge=0, multiple_of=5)], "a whole number at least 0 that is a multiple of 5"),
        (tuple[Annotated[str, Meta(pattern="^x")], ...], "a list, each a text that matches ^x"),
        (Annotated[str, Meta(pattern="^x", description="an x")], "an x"),
        (str, "a text"),
    ],
)
def test_each_bound_of_a_kind_is_in_its_words(kind: Any, words: str) -> None:
    """Those of a pack's settings have no description, as a rule."""
    assert allowed(kind) == words
