"""People are told of the verdict by real messages to real receivers, which may answer, refuse or hang."""

import json
import socket
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request

from release_sentinel.config.kinds import Occasion
from release_sentinel.deliver import notify
from release_sentinel.deliver.notify import announce, send, wanted
from release_sentinel.observe.ci import Build
from release_sentinel.reports.document import document
from tests.reports.samples import SAMPLES

FAILURE: tuple[Occasion, ...] = ("failure",)
RECOVERY: tuple[Occasion, ...] = ("recovery",)
BLOCKED, SAFE = document(SAMPLES["blocked"]), {**document(SAMPLES["safe"]), "gates": []}
BUILD = Build("Jenkins", url="https://ci/7", actor="kim")


def address(server: HTTPServer, kind: str = "json", path: str = "/hook") -> str:
    """Return apprise's address of a local receiver."""
    return f"{kind}://127.0.0.1:{server.port}{path}"


def received(server: HTTPServer) -> list[Request]:
    """Return what a local receiver was sent."""
    return [request for request, _ in server.log]


@pytest.fixture
def deaf() -> Iterator[str]:
    """The address of a receiver that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"json://127.0.0.1:{server.getsockname()[1]}/?rto=3600&cto=3600"


def closed() -> str:
    """Return the address of a port at which no one listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"json://127.0.0.1:{server.getsockname()[1]}/"


def test_a_json_webhook_hears_everything(httpserver: HTTPServer) -> None:
    """Verdict, version, environment, commit, who triggered, the failed gates with their reasons, the link: once."""
    httpserver.expect_request("/hook", method="POST").respond_with_data("fine")
    assert announce(BLOCKED, [address(httpserver)], FAILURE, build=BUILD, clean=str) == []
    (request,) = received(httpserver)
    said: Any = request.get_json()
    assert said["title"] == "BLOCKED: v1.0.0 to prod"
    for words in ("0123456789ab on main", "started by kim", "[POLICY] tag: the remote does not answer", "https://ci/7"):
        assert words in said["message"]


def test_a_form_hears_it_too(httpserver: HTTPServer) -> None:
    """Another of apprise's kinds, beside the first: each receiver is told once."""
    httpserver.expect_request("/hook", method="POST").respond_with_data("fine")
    assert announce(BLOCKED, [address(httpserver), address(httpserver, "form")], FAILURE, clean=str) == []
    kinds = sorted(str(request.mimetype) for request in received(httpserver))
    assert kinds == ["application/json", "application/x-www-form-urlencoded"]


def test_a_refusal_is_told(httpserver: HTTPServer) -> None:
    """500 is no reason to fail, and the others are told all the same; the address does not appear."""
    httpserver.expect_request("/broken").respond_with_data("no", status=500)
    httpserver.expect_request("/hook").respond_with_data("fine")
    (problem,) = announce(
        BLOCKED, [address(httpserver, path="/broken"), address(httpserver)], FAILURE, build=BUILD, clean=str
    )
    assert problem.startswith("the notification to json://*** failed: ")
    assert "500" in problem
    assert "127.0.0.1" not in problem.partition("failed")[0]
    assert len(received(httpserver)) == 2


def test_a_refused_connection_is_told() -> None:
    """No one listens."""
    (problem,) = send([closed()], "title", "text")
    assert problem.startswith("the notification to json://*** failed: ")


def test_a_receiver_that_hangs_is_left_behind(httpserver: HTTPServer, deaf: str) -> None:
    """It costs its bound and no more, and the others were told."""
    httpserver.expect_request("/hook").respond_with_data("fine")
    for seconds in (2, 8, 32, 128):  # until this machine has the time to tell the others
        problems = send([deaf, address(httpserver)], "title", "text", seconds)
        if len(received(httpserver)) == 1:
            break
    assert problems == [f"the notification to json://*** failed: no answer within {seconds} s"]
    assert len(received(httpserver)) == 1


@pytest.mark.parametrize("wrong", ["nonsense://there", "slack://x"])
def test_an_address_that_apprise_does_not_know(wrong: str) -> None:
    """It is told by its kind."""
    (problem,) = send([wrong], "title", "text")
    assert problem == f"the notification to {wrong.partition('://')[0]}://*** failed: apprise knows no such address"


def test_without_apprise_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is started for it."""
    monkeypatch.setattr(notify, "find_spec", lambda _: None)
    (problem,) = send(["json://127.0.0.1/"], "title", "text")
    assert problem == "no notification was sent: apprise is not installed: pip install apprise"


def test_apprise_stays_out_of_this_process(httpserver: HTTPServer) -> None:
    """Its import is dear and its threads are waited for."""
    httpserver.expect_request("/hook").respond_with_data("fine")
    assert send([address(httpserver)], "title", "text") == []
    assert "apprise" not in sys.modules


OCCASIONS: list[tuple[str, str, tuple[Occasion, ...], bool]] = [
    ("BLOCKED", "", ("failure",), True),
    ("INCOMPLETE", "SAFE", ("failure",), True),
    ("PARTIAL CRITICAL", "", ("failure",), True),
    ("BLOCKED", "", ("recovery",), False),
    ("SAFE", "BLOCKED", ("recovery",), True),
    ("SAFE", "INCOMPLETE", ("failure", "recovery"), True),
    ("SAFE", "BLOCKED", ("failure",), False),
    ("SAFE", "SAFE", ("failure", "recovery"), False),
    ("SAFE", "PARTIAL SAFE", ("recovery",), False),
    ("SAFE", "", ("failure", "recovery"), False),
    ("PARTIAL SAFE", "BLOCKED", ("failure", "recovery"), False),
    ("SAFE", "SAFE", ("always",), True),
    ("BLOCKED", "BLOCKED", (), False),
]


@pytest.mark.parametrize(("label", "previous", "on", "told"), OCCASIONS)
def test_occasions(label: str, previous: str, on: tuple[Occasion, ...], *, told: bool) -> None:
    """A failure each time, a recovery once: a whole SAFE run after one that was not."""
    assert wanted(label, on, previous) is told


def test_a_recovery_says_so(httpserver: HTTPServer) -> None:
    """And without an occasion no one is bothered."""
    httpserver.expect_request("/hook").respond_with_data("fine")
    assert announce(SAFE, [address(httpserver)], RECOVERY, previous="SAFE", clean=str) == []
    assert announce(SAFE, [address(httpserver)], RECOVERY, previous="BLOCKED", clean=str) == []
    (request,) = received(httpserver)
    assert json.loads(request.data)["title"] == "SAFE: v1.0.0 to prod (recovered)"
