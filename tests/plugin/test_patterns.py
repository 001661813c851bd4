"""An endless pattern of the policy fails its own gate, by name and in time; the other gates keep their results."""

import time

import pytest
from pytest_httpserver import HTTPServer

from tests.conftest import Run, Sentinel
from tests.plugin.test_hangs import only_own_is_unknown, patiently

ENDLESS = "(a+)+$"
PLACES = {
    "api[web]": f'[[dependencies]]\nname = "web"\nurl = "URL"\nmatches = "{ENDLESS}"\n',
    "api[json]": f'[[dependencies]]\nname = "json"\nurl = "URL"\njson = [{{ path = "$.a", matches = "{ENDLESS}" }}]\n',
    "process": f'process = ""\n[[processes]]\nname = "AGENT"\n[[processes]]\nname = "sleeper"\ncommand = "{ENDLESS}"\n',
    "configuration": f'[required]\nsecrets = ["RS_DEPLOY_TOKEN", "LONG"]\nplaceholders = ["{ENDLESS}"]\n',
}
LONG = "a" * 60 + "!"


def judged(sentinel: Sentinel, way: str, place: str) -> Run:
    """Run the gate with an endless pattern at one place of the policy."""
    text = PLACES[place].replace("URL", sentinel.settings["RS_API_URL"].replace("health", "long"))
    sentinel.repo.commit("release-sentinel.toml", text.replace("AGENT", sentinel.settings["RS_REQUIRED_PROCESS"]))
    run = sentinel if way == "release-sentinel" else sentinel.pytest
    return run("--gate-all", RS_GATE_SECONDS="3", RS_DEADLINE="60", RS_REQUIRED_PROCESS="", LONG=LONG)


@pytest.mark.parametrize("way", ["release-sentinel", "pytest"])
@pytest.mark.parametrize("place", ["api[web]", "api[json]", "configuration"])
def test_an_endless_pattern_fails_its_gate(sentinel: Sentinel, httpserver: HTTPServer, way: str, place: str) -> None:
    """UNKNOWN, with the pattern; every other gate is judged, and the run ends long before its deadline."""
    asked = httpserver.expect_request("/long")
    if place == "api[json]":
        asked.respond_with_json({"a": LONG})
    else:
        asked.respond_with_data(LONG)
    start = time.monotonic()
    run = judged(sentinel, way, place)
    assert time.monotonic() - start < 40
    bad = {gate: status for gate, status in run.statuses.items() if status != "OK"}
    (gate,) = [gate for gate in run.verdict["gates"] if gate["id"] == place]
    assert gate["status"] == "UNKNOWN"
    assert f"the pattern {ENDLESS!r} was not matched against a text of 61 characters within " in gate["reason"]
    assert bad.pop(place) == "UNKNOWN"
    assert set(bad) <= {"process", "configuration"}
    assert "hung" not in run.out


def test_a_gate_of_one_s_own_that_holds_python_is_named(sentinel: Sentinel) -> None:
    """No thread can end it; the parent names it, and keeps what was judged before."""
    sentinel.gate(f"import re\n@pytest.mark.critical\ndef test_own():\n    assert re.search({ENDLESS!r}, {LONG!r})")
    graces = "plugin.deadline:_MARGIN=0.5 plugin.deadline:_GRACE=0.5"

    def good(run: Run) -> bool:
        began = "the run's deadline" not in str(run.gates.get("own"))  # the time was not over before it
        return began and only_own_is_unknown(run) and {"environment", "tag", "disk", "api"} <= set(run.statuses)

    run, _ = patiently(lambda seconds: sentinel("--gate-deadline", seconds, GRACES=graces), good)
    assert run.code == 1
    assert run.verdict["verdict"] == "INCOMPLETE"
    assert good(run), run.out
    assert "the run ended in this gate" in run.junit
    assert "without a finished verdict, in gate own\n" in run.out
