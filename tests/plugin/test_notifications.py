"""After the verdict people are told of it, once a run, by either command; and that cannot change the verdict."""

import re
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from tests.conftest import SECRET, Run, Sentinel


@pytest.fixture
def hook(httpserver: HTTPServer) -> str:
    """The address of a local receiver, as `RS_NOTIFY_URLS` names it."""
    httpserver.expect_request("/hook/0a1b2c3d4e5f").respond_with_data("fine")
    return f"json://127.0.0.1:{httpserver.port}/hook/0a1b2c3d4e5f"


def told(server: HTTPServer) -> list[Any]:
    """Return the messages that the receiver was sent."""
    return [request.get_json() for request, _ in server.log if request.path.startswith("/hook")]


def test_a_failure_and_the_recovery_are_told(sentinel: Sentinel, httpserver: HTTPServer, hook: str) -> None:
    """A blocked run, then a SAFE one, which reads the previous verdict from its file; the next SAFE one is no news."""
    sentinel.repo.write("notes.txt")
    assert sentinel(RS_NOTIFY_URLS=hook).code == 1
    Path(sentinel.repo.path, "notes.txt").unlink()
    assert [sentinel(RS_NOTIFY_URLS=hook).code for _ in range(2)] == [0, 0]
    titles = [message["title"] for message in told(httpserver)]
    assert titles == ["BLOCKED: shop v1.0.0 to prod", "SAFE: shop v1.0.0 to prod (recovered)"]
    assert "clean-tree: Git working tree is dirty" in told(httpserver)[0]["message"]


@pytest.mark.parametrize("way", ["release-sentinel", "pytest"])
def test_a_message_is_redacted_and_the_address_hidden(
    sentinel: Sentinel, httpserver: HTTPServer, hook: str, way: str
) -> None:
    """What a gate says of a secret is masked in the message, and the address is nowhere in what is printed."""
    sentinel.gate(f"@pytest.mark.critical\ndef test_own(): assert False, 'token {SECRET} at {hook}'")
    run = sentinel if way == "release-sentinel" else sentinel.pytest
    done: Run = run(f"--gate-notify={hook}")
    assert done.code == 2
    (message,) = told(httpserver)
    assert "[CRITICAL] own:" in message["message"]
    for text in (str(message), done.out, done.junit, str(done.verdict)):
        assert SECRET not in text
        assert "0a1b2c3d4e5f" not in text


@pytest.mark.parametrize("way", ["release-sentinel", "pytest"])
def test_a_failed_notification_changes_nothing(sentinel: Sentinel, httpserver: HTTPServer, way: str) -> None:
    """It is a WARN below the verdict block, SAFE stays SAFE, and is the last word."""
    httpserver.expect_request("/hook").respond_with_data("no", status=500)
    run = sentinel if way == "release-sentinel" else sentinel.pytest
    done: Run = run(f"--gate-notify=json://127.0.0.1:{httpserver.port}/hook", RS_NOTIFY_ON="always")
    assert (done.code, done.verdict["verdict"]) == (0, "SAFE")
    assert any(line.startswith("[WARN] the notification to json://*** failed: ") for line in done.block)
    assert re.search(r"\bSAFE\b.*v1\.0\.0", done.block[-1])
    assert "(exit 0)" in done.block[-1]


def test_a_killed_run_is_told(sentinel: Sentinel, httpserver: HTTPServer, hook: str) -> None:
    """The parent does it, which outlives what hung or died."""
    sentinel.gate("import os, signal\n@pytest.mark.policy\ndef test_own(): os.kill(os.getpid(), signal.SIGKILL)")
    assert sentinel(RS_NOTIFY_URLS=hook).code == 1
    (message,) = told(httpserver)
    assert message["title"] == "INCOMPLETE: shop v1.0.0 to prod"
    assert "was ended by SIGKILL" in message["message"]


def test_a_broken_policy_is_told(sentinel: Sentinel, httpserver: HTTPServer, hook: str) -> None:
    """Who may not be told by the policy is told by the environment."""
    sentinel.repo.commit("release-sentinel.toml", "no-such-key = 1\n")
    assert sentinel.pytest(RS_NOTIFY_URLS=hook).code == 1
    (message,) = told(httpserver)
    assert "the policy is not valid" in message["message"]


def test_an_address_without_a_scheme_is_a_mistake(sentinel: Sentinel) -> None:
    """An unset variable, or a bare token, is not shown."""
    done = sentinel("--gate-notify=T1JJ3T3L2/A1BRTD4JD")
    assert done.code == 1
    assert "--gate-notify: it is not an address such as slack://" in done.out
    assert "A1BRTD4JD" not in done.out
