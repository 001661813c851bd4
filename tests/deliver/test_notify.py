"""People are told of the verdict by real messages to real receivers, which may answer, refuse or hang."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request

from release_sentinel.config.kinds import Occasion
from release_sentinel.deliver import incidents, notify
from release_sentinel.deliver.forms import form_of
from release_sentinel.deliver.notify import Message, announce, send, service_of, wanted
from release_sentinel.observe.ci import Build
from release_sentinel.reports.document import document
from release_sentinel.reports.message import body, cut, title
from tests.deliver.receivers import mailbox, receivers
from tests.reports.samples import SAMPLES

FAILURE: tuple[Occasion, ...] = ("failure",)
RECOVERY: tuple[Occasion, ...] = ("recovery",)
BLOCKED, SAFE = document(SAMPLES["blocked"]), {**document(SAMPLES["safe"]), "gates": []}
MESSAGE = Message("title", "text")
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
    assert said["type"] == "failure"
    for words in (
        "-> try again",
        "To do, kim: fix the release",
        "0123456789ab on main",
        "started by kim",
        "[POLICY] tag: the remote does not answer",
        "https://ci/7",
    ):
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
    (problem,) = send([closed()], MESSAGE)
    assert problem.startswith("the notification to json://*** failed: ")


def test_a_receiver_that_hangs_is_left_behind(httpserver: HTTPServer, deaf: str) -> None:
    """It costs its bound and no more, and the others were told."""
    httpserver.expect_request("/hook").respond_with_data("fine")
    for seconds in (2, 8, 32, 128):  # until this machine has the time to tell the others
        problems = send([deaf, address(httpserver)], MESSAGE, seconds)
        if len(received(httpserver)) == 1:
            break
    assert problems == [f"the notification to json://*** failed: no answer within {seconds} s"]
    assert len(received(httpserver)) == 1


@pytest.mark.parametrize("wrong", ["nonsense://there", "slack://x"])
def test_an_address_that_apprise_does_not_know(wrong: str) -> None:
    """It is told by its kind."""
    (problem,) = send([wrong], MESSAGE)
    assert problem == f"the notification to {wrong.partition('://')[0]}://*** failed: apprise knows no such address"


def test_without_apprise_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is started for it."""
    monkeypatch.setattr(notify, "find_spec", lambda _: None)
    (problem,) = send(["json://127.0.0.1/"], MESSAGE)
    assert problem == "no notification was sent: apprise is not installed: pip install apprise"


def test_apprise_stays_out_of_this_process(httpserver: HTTPServer) -> None:
    """Its import is dear and its threads are waited for."""
    httpserver.expect_request("/hook").respond_with_data("fine")
    assert send([address(httpserver)], MESSAGE) == []
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


def wicked(text: str) -> dict[str, Any]:
    """Return a BLOCKED verdict whose gate says this."""
    gate = {**BLOCKED["gates"][1], "reason": text, "outcome": "failed"}
    return {**BLOCKED, "gates": [gate]}


HOSTILE = "@everyone @here <!here> <@12> <at>kim</at> [click](http://evil.test/) **bold** `code` ~x~"
TEAMS = "prod-1.westus.logic.azure.com"
CHATS = (
    "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
    "discord://1234567890/abcdefghij",
    "workflows://prod-1.westus.logic.azure.com/643e8ed2/uVjFz",
)
PAGERS = ("pagerduty://routing@apikey", "opsgenie://apikey")


def test_what_each_kind_really_receives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slack, Discord, Teams, PagerDuty, Opsgenie and mail: repository, reason, remedy, link, colour, and no effect."""
    with receivers(tmp_path) as there, mailbox() as (port, mails):
        for name, value in there.environ.items():
            monkeypatch.setenv(name, value)
        everyone = [*CHATS, *PAGERS, f"mailto://127.0.0.1:{port}?from=a@b.example&to=c@d.example"]
        assert announce(wicked(HOSTILE), everyone, FAILURE, service="acme/shop", build=BUILD, clean=str) == []
    (mail,) = mails
    assert mail["subject"] == "BLOCKED: acme/shop v1.0.0 to prod"
    assert f"clean-tree: {HOSTILE}" in mail.get_content().replace("\r", "")
    slack, discord, teams = (there.of(host)[0].json for host in ("hooks.slack.com", "discord.com", TEAMS))
    for said in (slack, discord, teams):
        text = json.dumps(said, ensure_ascii=False)
        for words in ("acme/shop v1.0.0 to prod", "commit or remove them", "run: https://ci/7", "kim: fix the release"):
            assert words in text
        for effect in ("@everyone", "@here", "<!here>", "<@12>", "<at>", "(http://evil", "http://evil"):
            assert effect not in text
    assert slack["attachments"][0]["color"] == "#A32037"
    assert not slack["mrkdwn"]
    assert discord["embeds"][0]["color"] == 0xA32037
    assert not discord.get("content")
    for said in (discord, teams):
        for markup in ("[click]", " **bold**", " `code`", " ~x~"):
            assert markup not in json.dumps(said)
    assert "entities" not in json.dumps(teams)


@pytest.mark.sweep
def test_a_recovery_closes_what_a_failure_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By one key for repository and environment, though the run before is not known; a partial SAFE does nothing."""
    partial = {**SAFE, "verdict": "PARTIAL SAFE", "partial": True}
    warned = {**SAFE, "warnings": ["the waiver for tag has expired"]}
    other = {**BLOCKED, "env": "dev"}
    with receivers(tmp_path) as there:
        for name, value in there.environ.items():
            monkeypatch.setenv(name, value)
        for verdict in (BLOCKED, partial, warned, other):
            assert announce(verdict, PAGERS, ("failure", "recovery"), service="acme/shop", clean=str) == []
    opened, closed_, second = (sent.json for sent in there.of("events.pagerduty.com"))
    assert (opened["event_action"], opened["payload"]["severity"]) == ("trigger", "critical")
    assert "acme/shop v1.0.0 to prod" in opened["payload"]["summary"]
    assert opened["payload"]["source"] == "acme/shop"
    assert closed_ == {
        "routing_key": "routing",
        "event_action": "resolve",
        "dedup_key": "release-sentinel acme/shop prod",
    }
    assert opened["dedup_key"] == closed_["dedup_key"] != second["dedup_key"]
    first, end, _ = there.of("api.opsgenie.com")
    assert first.json["source"] == end.json["source"] == "acme/shop"
    assert (first.path, first.json["alias"]) == ("/v2/alerts", "release-sentinel acme/shop prod")
    assert end.path == "/v2/alerts/release-sentinel%20acme%2Fshop%20prod/close?identifierType=alias"


@pytest.mark.parametrize("own", ["pagerduty://routing@apikey/theirs", "pagerduty://routing@apikey?source=theirs"])
def test_the_users_own_source_holds(own: str) -> None:
    """PagerDuty's source is the repository, unless an address names another."""
    assert "source=acme" in incidents.addressed("pagerduty://routing@apikey", "key", "acme/shop", resolves=False)
    assert "source=my-shop" in incidents.addressed("pagerduty://routing@apikey", "key", "my shop", resolves=False)
    assert "acme" not in incidents.addressed(own, "key", "acme/shop", resolves=False)


@pytest.mark.parametrize(
    ("service", "room", "said"),
    [
        ("acme/shop", 60, "BLOCKED: acme/shop v1.0.0 to prod"),
        ("acme/shop", 33, "BLOCKED: acme/shop v1.0.0 to prod"),
        ("acme/shop", 30, "BLOCKED: acme/… v1.0.0 to prod"),
        ("group/" * 50 + "shop", 60, f"BLOCKED: {'group/' * 50}"[:44] + "… v1.0.0 to prod"),
        ("", 20, "BLOCKED: v1.0.0 to …"),
        ("acme/shop", 20, "BLOCKED: … v1.0.0 t…"),
    ],
)
def test_a_title_keeps_what_matters(service: str, room: int, said: str) -> None:
    """Verdict, version and environment stay as long as there is room; the name of the repository gives way."""
    assert cut(f"BLOCKED: {service} v1.0.0 to prod", service, room) == said
    assert len(title(BLOCKED, "group/" * 50 + "shop")) == 200
    assert title(BLOCKED, "group/" * 50 + "shop").endswith("… v1.0.0 to prod")


@pytest.mark.parametrize(("kind", "most"), [("discord", 2000), ("pagerduty", 1024), ("workflows", 1000)])
def test_a_long_story_keeps_what_matters(kind: str, most: int) -> None:
    """Decision, task, first reason and link stay, in the room that the receiver has."""
    document_ = {**BLOCKED, "gates": [wicked(f"reason {number} " + "*" * 150)["gates"][0] for number in range(20)]}
    text = form_of(f"{kind}://x").written(body(document_), "https://ci/7", most)
    assert len(text) <= most
    for words in ("must not go to prod", "To do", "reason 0", "cut here", "run: https://ci/7"):
        assert words in text


@pytest.mark.parametrize(
    ("remote", "name"),
    [
        ("https://kim:t0ken@forge.example/acme/shop.git", "acme/shop"),
        ("git@forge.example:Acme/group/Shop.git", "Acme/group/Shop"),
        ("/srv/git/shop.git", "work"),
        ("", "work"),
    ],
)
def test_the_repository_is_named_without_credential_or_path(tmp_path: Path, remote: str, name: str) -> None:
    """By the remote, or by its folder."""
    top = tmp_path / "work"
    subprocess.run(["git", "init", "-q", top], check=True)
    if remote:
        subprocess.run(["git", "-C", top, "remote", "add", "origin", remote], check=True)
    assert service_of(top) == name


@pytest.mark.parametrize(
    ("label", "on", "told"),
    [
        ("SAFE", ("recovery",), True),
        ("SAFE", ("failure",), False),
        ("PARTIAL SAFE", ("always",), False),
        ("PREVIEW SAFE", ("recovery", "always"), False),
        ("BLOCKED", ("failure",), True),
        ("BLOCKED", ("recovery",), False),
    ],
)
def test_occasions_of_a_pager(label: str, on: tuple[Occasion, ...], *, told: bool) -> None:
    """Every SAFE closes what may be open."""
    assert wanted(label, on, "", pages=True) is told


@pytest.mark.parametrize("scheme", ["pagerduty", "opsgenie", "splunk", "victorops"])
def test_the_users_own_key_holds(scheme: str) -> None:
    """What an address says is left alone."""
    mine = incidents.addressed(f"{scheme}://x", "theirs", resolves=False).partition("?")[2]
    kept = mine.replace("theirs", "mine").replace("trigger", "map")
    assert incidents.addressed(f"{scheme}://x?{kept}", "theirs", resolves=True) == f"{scheme}://x?{kept}"
