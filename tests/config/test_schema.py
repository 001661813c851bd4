"""The JSON Schema and the validator agree: both accept the same and refuse the same."""

import json
import tomllib
from datetime import date, datetime, time
from typing import Any

import jsonschema
import pytest
from jsonschema import Draft202012Validator

from release_sentinel.config.file import Source
from release_sentinel.config.model import LayerRules, Policy
from release_sentinel.config.parts import NOT_BY_ENV, split
from release_sentinel.config.read import Reading, is_record, keys
from release_sentinel.config.schema import schema
from tests.config.test_load import BROKEN, FREEZE, POLICY, WAIVER

VALIDATOR = Draft202012Validator(schema(), format_checker=jsonschema.FormatChecker())

# What contradicts something elsewhere in the file, or needs the list of gates or time zones, is beyond a schema.
BEYOND = {
    "an unknown gate",
    "an unknown gate switched off",
    "on and off",
    "required and off",
    "a waiver for nowhere",
    "a zone like another",
    "a zone that is a path",
    "days twice",
    "a day without its end",
    "a week in full",
    *(kind for kind in BROKEN if kind.startswith("a day in full: ")),  # it cannot compare two keys
    "a freeze of no time",
    "once and weekly",
    "backwards",
    "an environment without rules",
    "rules without an environment",
    "a mistake in another's part",
    "an invalid pattern",  # the format `regex` is that of JavaScript
    "no number",  # JSON has neither
    "endless",
}

GOOD = {
    "nothing": "",
    "everything": POLICY,
    "a waiver": WAIVER,
    "a waiver with a time": WAIVER.replace("12-31", "12-31T18:00:00+01:00"),
    "a waiver in quotes": WAIVER.replace("2026-12-31", "'2026-12-31T18:00:00.5Z'"),
    "a freeze": FREEZE,
    "a freeze with days": FREEZE + 'days = ["mon"]\n',
    "a freeze of whole days": FREEZE.replace("16:00", "00:00").replace("18:00", "00:00") + 'days = ["sat", "sun"]\n',
    "a freeze of a minute less than a day": FREEZE.replace("16:00", "04:00").replace("18:00", "03:59"),
    "a freeze of days": FREEZE.replace("16:00", "fri 16:00").replace("18:00", "mon 08:00"),
    "a freeze once": FREEZE.replace('"16:00"', "2026-12-20T00:00:00").replace('"18:00"', "2026-12-21 00:00:00Z"),
    "a freeze of an environment": f"[env.prod]\n{FREEZE.replace('[[freezes]]', '[[env.prod.freezes]]')}",
    "a blank prefix": 'version.prefix = ""',
    "a gate switched off": '[disable]\n"process" = "none here"',
    "gates": "enable = ['freeze']\nrequired_gates = ['queue', 'queue[a b]']",
    "a whole number": "deadline = 5",
    "units by name": "units = ['nginx.service', 'backup.timer']",
    "units in full": "units = ['nginx', { name = 'agent.service', user = true }]",
    "bases": "extends = ['acme_gates:policy.toml', '../base.toml']",
    "locks": "locked = ['disk']\nstricter_only = ['*.crit']\nwaivers = { max_days = 0, never = ['acme.*'] }",
    "an advised gate": "advise = { disk = 2027-01-01 }",
    "patterns": "required.placeholders = ['^x+$']",
}


def plain(value: Any) -> Any:
    """Return a TOML document with the types of JSON."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, time):
        return f"{value:%H:%M}"
    return value.isoformat() if isinstance(value, date | datetime) else value


def accepts(document: dict[str, Any]) -> bool:
    """Return whether the validator accepts a document, parts for environments included."""
    read = split(Source(document=document))
    return not read.problems and not any(Reading().read(Policy, one)[1] for one in (read.common, *read.by_env.values()))


def test_the_schema_is_valid() -> None:
    """It is valid JSON, and a valid schema of its dialect."""
    Draft202012Validator.check_schema(schema())
    assert json.loads(json.dumps(schema())) == schema()


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_both_accept_what_is_valid(text: str) -> None:
    """Editors mark nothing that the gate accepts."""
    document = tomllib.loads(text)
    assert accepts(document)
    assert [error.message for error in VALIDATOR.iter_errors(plain(document))] == []


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_both_accept_the_types_of_json(text: str) -> None:
    """Dates and times may be texts, as in the schema."""
    assert accepts(plain(tomllib.loads(text)))


@pytest.mark.parametrize("name", [name for name in BROKEN if name not in BEYOND])
def test_both_refuse_what_is_invalid(name: str) -> None:
    """Editors mark what the gate refuses."""
    document = tomllib.loads(BROKEN[name][0])
    assert not accepts(document)
    assert not VALIDATOR.is_valid(plain(document))


@pytest.mark.parametrize("name", sorted(BEYOND))
def test_what_is_beyond_a_schema_is_known(name: str) -> None:
    """Remove a row from this list when the schema can refuse it."""
    assert name in BROKEN
    document = {**tomllib.loads(BROKEN[name][0])}
    if name not in {"no number", "endless"}:
        assert VALIDATOR.is_valid(plain(document))


ANY: list[Any] = [
    None,
    True,
    0,
    1,
    -1,
    50,
    1.5,
    700,
    100000,
    "",
    " ",
    "x",
    "x\n",
    "x y",
    " x",
    "200",
    "(",
    "2026-01-01",
]
ANY += ["fri 16:00", "16:00", "2026-01-01T00:00:00Z", "UTC", [], ["x"], [1], [200], [""], {}, {"x": "y"}, {"disk": 5}]
LEAVES = [
    (section, key)
    for record in (LayerRules, Policy)
    for section, (_, kind) in keys(record).items()
    for key in (keys(kind) if is_record(kind) else [""])
]


@pytest.mark.parametrize("leaf", LEAVES, ids=".".join)
def test_both_agree_about_any_value_of_any_key(leaf: tuple[str, str]) -> None:
    """Each key of the model is set to each of many values, in the file and in a part for an environment."""
    section, key = leaf
    for value in ANY if section != "skip_local_host" else ["", 1, []]:  # a reason needs `hosts` beside it
        document = {section: {key: value} if key else value}
        assert VALIDATOR.is_valid(document) == accepts(document), document
        if section not in NOT_BY_ENV:
            part = {"env": {"prod": document}}
            assert VALIDATOR.is_valid(part) == accepts(part), part


ELEMENTS = {"waivers": tomllib.loads(WAIVER)["waivers"][0], "freezes": tomllib.loads(FREEZE)["freezes"][0]}


@pytest.mark.parametrize("name", ELEMENTS)
def test_both_agree_about_any_value_inside_lists_of_tables(name: str) -> None:
    """The same for each key of a waiver and of a freeze window, and for each that is missing."""
    element = plain(ELEMENTS[name])
    for key in element:
        for value in ANY:
            document = {name: [{**element, key: value}]}
            if key not in {"zone", "env"} and not (key in {"from", "to"} and str(value)[:3] in {"fri", "202", "16:"}):
                assert VALIDATOR.is_valid(document) == accepts(document), document
        document = {name: [{inner: value for inner, value in element.items() if inner != key}]}
        assert VALIDATOR.is_valid(document) is accepts(document) is False
