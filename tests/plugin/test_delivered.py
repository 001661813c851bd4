"""What leaves a run after its verdict holds no secret: the tag's message, the release's notes, a notification."""

import json
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from tests.conftest import CLI, RELEASE, SECRET, Sentinel, pieces, run

TOKEN = "ghs_9Xk2Vb5Nm8Qw1Er4Ty7Ui0Op3As6Df9Gh2Jk"  # a variable that only its name makes a secret
PIN = "r5T8y-1U4iO7p"  # a variable that only the policy names
CHANGELOG = f"# Changelog\n\n## v1.0.0\n\n- deployed with {SECRET}\n- {TOKEN} and {PIN}\n- the prod part\n"
GATE = """
    import os
    @pytest.mark.critical
    def test_own(gate):
        gate.require(CheckResult(WARN, f"saw {os.environ['SHOP_PIN']} and {os.environ['OTHER_TOKEN']}"))
"""


@pytest.fixture
def forge(sentinel: Sentinel, httpserver: HTTPServer) -> HTTPServer:
    """An API that takes every release, and answers with a secret; the repository has a changelog that holds some."""
    answer = {"html_url": f"https://github.com/acme/shop/releases/1?token={TOKEN}"}
    httpserver.expect_request("/repos/acme/shop/releases", method="POST").respond_with_json(answer, 201)
    httpserver.expect_request("/hook/0a1b2c3d4e5f").respond_with_data("fine")
    sentinel.repo.commit("CHANGELOG.md", CHANGELOG)
    sentinel.repo.commit("release-sentinel.toml", '[required]\nsecrets = ["RS_DEPLOY_TOKEN", "SHOP_PIN"]\n')
    sentinel.gate(GATE)
    sentinel.repo.git("push", "--quiet", "origin", "main")
    return httpserver


def environ(server: HTTPServer) -> dict[str, Any]:
    """Return the variables of a job on GitHub, for the API on loopback."""
    return {
        "GITHUB_TOKEN": TOKEN,
        "OTHER_TOKEN": TOKEN,
        "SHOP_PIN": PIN,
        "GITHUB_REPOSITORY": "acme/shop",
        "GITHUB_API_URL": server.url_for("").rstrip("/"),
        "RS_NOTIFY_ON": "always",
        "RS_NOTIFY_URLS": f"json://127.0.0.1:{server.port}/hook/0a1b2c3d4e5f",
        "BUILDKITE": "true",
        "BUILDKITE_BUILD_URL": f"https://ci.example.com/b/1?token={TOKEN}",
        "BUILDKITE_BUILD_CREATOR": f"kim {PIN}",
    }


def assert_clean(server: HTTPServer, sentinel: Sentinel, shown: str, *, told: int) -> None:
    """Look into what the servers were sent, the tag's message, and what was printed."""
    sent = [request.get_json() for request, _ in server.log if request.method == "POST"]
    (release,) = [message for message in sent if "tag_name" in message]
    notified = [message for message in sent if "tag_name" not in message]
    assert len(notified) == told
    message = sentinel.repo.git("cat-file", "tag", "v1.0.0")
    for text in (json.dumps(sent), message, shown):
        assert pieces(text) & (pieces(SECRET) | pieces(TOKEN) | pieces(PIN)) == set()
    assert (release["tag_name"], release["name"]) == ("v1.0.0", "v1.0.0")
    assert "- the prod part" in release["body"]
    assert "- deployed with ***" in release["body"]
    assert "[WARNED] own: saw *** and ***" in message
    assert {one["title"].split(": ")[0] for one in notified} <= {"SAFE"}
    assert all(one["title"].endswith(" v1.0.0 to prod") for one in notified)


@pytest.mark.parametrize("way", ["release-sentinel", "pytest"])
def test_what_a_run_delivers(sentinel: Sentinel, forge: HTTPServer, way: str) -> None:
    """By the run itself: the tag, the release on GitHub, the notification with the build's page and its user."""
    start = sentinel if way == "release-sentinel" else sentinel.pytest
    done = start("--gate-tag", "--gate-push", "--gate-release", **environ(forge))
    assert done.code == 0, done.out
    assert_clean(forge, sentinel, done.out, told=1)


def test_what_a_later_step_delivers(sentinel: Sentinel, forge: HTTPServer) -> None:
    """By `release-sentinel tag`, also where another job wrote secrets into the verdict file."""
    assert sentinel(**environ(forge)).code == 0
    file = Path(sentinel.reports, "verdict.json")
    document = json.loads(file.read_text(encoding="utf-8"))
    for gate in document["gates"]:
        gate["reason"] = gate["reason"].replace("saw *** and ***", f"saw {PIN} and {TOKEN}")
    file.write_text(json.dumps(document), encoding="utf-8")
    command = ("tag", f"--verdict={file}", "--push", "--release")
    done = run(*CLI, *command, *RELEASE, cwd=sentinel.repo.path, env={**sentinel.settings, **environ(forge)})
    assert done.code == 0, done.out
    assert_clean(forge, sentinel, done.out, told=1)
