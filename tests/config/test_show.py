"""The effective policy is printed as a policy file, with the source of each value."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec import Struct, field

from release_sentinel.config.load import Loaded, load
from release_sentinel.config.read import Reading
from release_sentinel.config.show import as_document, as_toml
from tests.config.test_load import FREEZE, POLICY, WAIVER, write

FULL = POLICY.replace(
    "[env.dev]", f"{WAIVER}{FREEZE}days = ['fri']\n[disable]\nprocess = 'a \"quoted\" \\reason'\n[env.dev]"
)


@pytest.mark.parametrize("env", ["dev", "stage", "prod", ""])
def test_what_is_printed_is_the_policy(tmp_path: Path, env: str) -> None:
    """Read as a file, without its parts, it gives the same policy."""
    loaded = load({"RS_API_TRIES": "5"}, file=write(tmp_path, FULL), env=env)
    printed = tmp_path / "printed.toml"
    printed.write_text(as_toml(loaded), encoding="utf-8")
    assert load({}, file=printed).policy == loaded.policy


def test_each_line_has_its_source(tmp_path: Path) -> None:
    """`key = value  # source`."""
    lines = as_toml(load({"RS_API_TRIES": "5"}, file=write(tmp_path, POLICY), env="prod")).splitlines()
    assert "gate_seconds = 90.0  # default" in lines
    assert "deadline = 60.0  # release-sentinel.toml:21 [env.prod]" in lines
    assert 'path = "/srv"  # release-sentinel.toml:22 [env.prod]' in lines
    assert "tries = 5  # RS_API_TRIES" in lines
    keys = [line for line in lines if line and not line.startswith("[")]
    assert all("  # " in line or line.startswith("# ") for line in keys)  # what has no value has no source


def test_credentials_in_a_url_are_not_shown() -> None:
    """A URL with credentials is shown without them."""
    loaded = load({"RS_API_URL": "https://kim:s3cret@example.com/?token=s3cret"})
    assert "s3cret" not in as_toml(loaded) + json.dumps(as_document(loaded))


def test_the_document_has_value_and_source(tmp_path: Path) -> None:
    """For machines: JSON types, one value per key."""
    document = json.loads(json.dumps(as_document(load({}, file=write(tmp_path, FULL), env="prod"))))
    assert document["disk.crit"] == {"value": 60.0, "source": "release-sentinel.toml:36 [env.prod]"}
    assert document["waivers[0].expires"]["value"] == "2026-12-31"
    assert document["freezes[0].from"]["value"] == "16:00"
    assert document["disable.process"]["value"] == 'a "quoted" \\reason'
    assert document["git.remote"] == {"value": "", "source": "default"}


def test_odd_text_survives(tmp_path: Path) -> None:
    """Quotes, backslashes, control characters and other scripts are read back unchanged."""
    odd = 'a"b\\c\u00e9\u65e5\x7f\U0001f600'
    text = f"process = {json.dumps(odd, ensure_ascii=False)}\n".replace("\x7f", "\\u007f")
    loaded = load({}, file=write(tmp_path, text))
    assert loaded.policy.process == odd
    assert tomllib.loads(as_toml(loaded))["process"] == odd


def test_what_is_empty_is_printed() -> None:
    """Empty waivers, freezes and `disable` are printed, and can be read again."""
    lines = as_toml(load({})).splitlines()
    assert {"waivers = []  # default", "freezes = []  # default", "disable = {}  # default"} <= set(lines)


class Shelf(Struct, frozen=True):
    """A record with inner tables before its own keys."""

    books: tuple["Shelf", ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    below: "Shelf | None" = None
    name: str = "x"


def test_tables_of_any_depth_are_printed_in_their_place() -> None:
    """Keys first, then the inner tables, whatever the order of the fields: TOML cannot return to an outer table."""
    inner = Shelf((Shelf(name="a"), Shelf(name="b")), {"k k": "v"}, Shelf(name="c"), "d")
    loaded = Loaded(Shelf((inner, Shelf(name="e")), name="f"))  # type: ignore[arg-type]  # a stand-in for a policy
    assert Reading().read(Shelf, tomllib.loads(as_toml(loaded))) == (loaded.policy, [])
