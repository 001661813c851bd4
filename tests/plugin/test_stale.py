"""No report of an older run stays where pytest fails before it loads the plugin."""

import json

import pytest

import release_sentinel_guard
from release_sentinel import vocabulary
from tests.conftest import Sentinel

GATE = "@pytest.mark.policy\ndef test_own(): assert True\n"
OPTIONS = {
    "-p nosuch": ("-p", "nosuch"),
    "-p": ("-p",),
    "-c nosuch": ("-c", "nosuch.ini"),
    "-c": ("-c",),
    "--rootdir": ("--rootdir", "nosuch"),
    "-W nosuch": ("-W", "nosuch"),
    "--tb": ("--tb=nosuch",),
    "--maxfail": ("--maxfail=1e30",),
    "-o": ("-o", "nosuch"),
    **{
        f"no:{name}": ("-p", f"no:{name}")
        for name in ("main", "runner", "fixtures", "mark", "helpconfig", "release_sentinel.plugin", "python")
    },
}
FILES = {
    "a bad pytest.ini": ("pytest.ini", "[pytest\n"),
    "an unbalanced quote": ("pytest.ini", "[pytest]\naddopts = -k 'x\n"),
    "a bad pyproject.toml": ("pyproject.toml", "[tool.pytest\n"),
    "minversion": ("pytest.ini", "[pytest]\nminversion = 99\n"),
    "required_plugins": ("pytest.ini", "[pytest]\nrequired_plugins = nosuch\n"),
}
ENVIRON = {
    "PYTEST_ADDOPTS": {"PYTEST_ADDOPTS": "-k 'x"},
    "PYTEST_PLUGINS": {"PYTEST_PLUGINS": "nosuch"},
    "an option in PYTEST_ADDOPTS": {"PYTEST_ADDOPTS": "--nosuch"},
}


@pytest.fixture
def before(sentinel: Sentinel) -> Sentinel:
    """A repository whose last run was SAFE, and left its reports."""
    sentinel.gate(GATE)
    assert sentinel.pytest().verdict["verdict"] == "SAFE"
    return sentinel


@pytest.mark.parametrize("kind", [*OPTIONS, *FILES, *ENVIRON])
def test_a_run_that_pytest_refuses_leaves_no_older_report(before: Sentinel, kind: str) -> None:
    """Options, settings files and variables that pytest does not accept: not 0, and every report says INCOMPLETE."""
    if kind in FILES:
        before.repo.commit(*FILES[kind])
    done = before.pytest(*OPTIONS.get(kind, ()), **ENVIRON.get(kind, {}))  # type: ignore[arg-type]  # mixed values
    assert done.code not in {0, 2}, done.out
    assert done.verdict["verdict"] == "INCOMPLETE", done.out
    assert "INCOMPLETE" in done.junit


def test_the_plugin_that_is_not_loaded_at_all(before: Sentinel) -> None:
    """PYTEST_DISABLE_PLUGIN_AUTOLOAD without `-p`: pytest does not know the options, and the reports are not SAFE."""
    done = before.pytest("-p", "no:release_sentinel.plugin")
    assert done.code == 4
    assert done.verdict["verdict"] == "INCOMPLETE"
    assert json.loads((before.reports / "verdict.json").read_text(encoding="utf-8"))["previous"]["verdict"] == "SAFE"


def test_the_guard_knows_who_has_a_parent() -> None:
    """One name for the variable, although the guard loads nothing for it."""
    assert release_sentinel_guard._HANDOVER == vocabulary.HANDOVER
