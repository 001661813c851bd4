"""The recipes of the guide, as they are printed: each passes and fails on what the system that it asks really sends."""

import base64
import copy
import json
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import replace
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from release_sentinel.checks.api import check_api
from release_sentinel.checks.prometheus import check_prometheus
from release_sentinel.checks.result import CRIT, OK, CheckResult
from release_sentinel.config.load import load
from release_sentinel.config.targets import Dependency, PrometheusQuery
from release_sentinel.gates import GATES
from tests.conftest import Sentinel
from tests.guides import GUIDES, blocks, text

RECIPES = blocks(GUIDES["recipes"], "toml")
SECRETS = {
    "PAGERDUTY_TOKEN": "pd-s3cret",
    "JIRA_LOGIN": base64.b64encode(b"kim@example.com:s3cret").decode(),
    "RABBITMQ_LOGIN": base64.b64encode(b"monitor:s3cret").decode(),
}

ALERT = {
    "annotations": {"summary": "High error rate"},
    "endsAt": "2026-11-27T10:04:00.000Z",
    "fingerprint": "4f6a1b2c3d4e5f60",
    "generatorURL": "https://prometheus.example.com/graph",
    "labels": {"alertname": "HighErrorRate", "job": "shop", "severity": "critical"},
    "receivers": [{"name": "on-call"}],
    "startsAt": "2026-11-27T09:00:00.000Z",
    "status": {"inhibitedBy": [], "silencedBy": [], "state": "active"},
    "updatedAt": "2026-11-27T10:00:00.000Z",
}
WATCHDOG = {**ALERT, "labels": {"alertname": "Watchdog", "severity": "none"}}
SUMMARY = {
    "page": {"id": "kctbh9vrtdwd", "name": "Supplier", "url": "https://status.example.com"},
    "components": [
        {"id": "b13yz5g2cw10", "name": "API", "status": "operational", "group": False},
        {"id": "x2yz5g2cw111", "name": "Batch", "status": "under_maintenance", "group": False},
    ],
    "incidents": [{"id": "cp306tmzcl0y", "name": "Slow reports", "status": "monitoring", "impact": "minor"}],
    "scheduled_maintenances": [],
    "status": {"description": "Partially Degraded", "indicator": "minor"},
}
PAGES: dict[str, Any] = {"limit": 25, "offset": 0, "total": None, "more": False}
INCIDENT = {"id": "PT4KHLK", "type": "incident", "title": "Checkout is down", "status": "triggered", "urgency": "high"}
QUEUE = {
    "name": "orders",
    "vhost": "/",
    "state": "running",
    "consumers": 2,
    "messages": 3,
    "messages_ready": 1,
    "messages_unacknowledged": 2,
    "messages_details": {"rate": 0.0},
}
DEPLOYMENT = {
    "kind": "Deployment",
    "apiVersion": "apps/v1",
    "metadata": {"name": "shop", "namespace": "prod", "generation": 7},
    "spec": {"replicas": 3},
    "status": {
        "observedGeneration": 7,
        "replicas": 3,
        "updatedReplicas": 3,
        "readyReplicas": 3,
        "availableReplicas": 3,
    },
}
NODE = {"metadata": {"name": "node-1"}, "spec": {"podCIDR": "10.244.0.0/24"}, "status": {"conditions": []}}
CORDONED = {**NODE, "spec": {"unschedulable": True}}


def without(document: Mapping[str, Any], *path: str) -> Any:
    """Return a document without one of its fields."""
    changed: Any = copy.deepcopy(document)
    inner = changed
    for name in path[:-1]:
        inner = inner[name]
    del inner[path[-1]]
    return changed


def with_(document: Mapping[str, Any], **changes: Any) -> Any:
    """Return a document with other fields."""
    return {**document, **changes}


def down(**status: Any) -> Any:
    """Return the deployment in another state."""
    return with_(DEPLOYMENT, status={**DEPLOYMENT["status"], **status})  # type: ignore[dict-item]  # a table


class Case(Struct, frozen=True):
    """One answer of a system: which recipe asks for it, whether it is good, and what a failure says."""

    recipe: str
    body: Any
    words: str = ""  # blank: it passes


CASES = {
    "no alert": Case("alerts", []),
    "an alert": Case("alerts", [ALERT], '$[*].labels.alertname has 1 elements, expected 0 ("HighErrorRate")'),
    "an alert without a name": Case("alerts", [without(ALERT, "labels", "alertname")], "has no 'alertname'"),
    "no Alertmanager": Case("alerts", {"status": "error"}, "the body is not a list"),
    "the watchdog": Case("watchdog", [WATCHDOG]),
    "no watchdog": Case("watchdog", [], "expected at least 1"),
    "all parts work": Case("supplier", SUMMARY),
    "nothing known": Case("supplier", with_(SUMMARY, incidents=[])),
    "a part is down": Case(
        "supplier",
        with_(SUMMARY, components=[{"name": "API", "status": "major_outage"}]),
        '$.components[0].status is "major_outage"',
    ),
    "a critical incident": Case(
        "supplier",
        with_(SUMMARY, incidents=[{"impact": "critical"}]),
        '1 of 1 elements that fit, expected 0 ("critical")',
    ),
    "no parts": Case("supplier", with_(SUMMARY, components=[]), "$.components[*].status has no elements"),
    "another page": Case("supplier", {"page": {}}, "the body has no 'incidents'"),
    "no incident": Case("incidents", with_(PAGES, incidents=[])),
    "an incident": Case("incidents", with_(PAGES, incidents=[INCIDENT]), 'expected 0 ("Checkout is down")'),
    "no issue": Case("blockers", {"issues": [], "isLast": True}),
    "no issue, Data Center": Case("blockers", {"startAt": 0, "maxResults": 10, "total": 0, "issues": []}),
    "an issue": Case("blockers", {"issues": [{"id": "1", "key": "SHOP-7", "fields": {}}]}, 'expected 0 ("SHOP-7")'),
    "a short queue": Case("orders", QUEUE),
    "a long queue": Case("orders", with_(QUEUE, messages=101), "$.messages is 101, expected at most 100"),
    "no consumers": Case("orders", with_(QUEUE, consumers=0), "$.consumers is 0, expected at least 1"),
    "a queue without figures": Case("orders", without(QUEUE, "messages"), "the body has no 'messages'"),
    "short queues": Case("queues", [{"name": "a", "messages": 0}, {"name": "b", "messages": 10_000}]),
    "one long queue": Case(
        "queues", [{"name": "a", "messages": 0}, {"name": "b", "messages": 10_001}], "$[1].messages"
    ),
    "all replicas": Case("shop", DEPLOYMENT),
    "few replicas": Case("shop", down(readyReplicas=2), "$.status.readyReplicas is 2, expected at least 3"),
    "no replicas": Case("shop", without(DEPLOYMENT, "status", "readyReplicas"), "$.status has no 'readyReplicas'"),
    "a roll-out": Case("shop", down(updatedReplicas=1), "$.status.updatedReplicas is 1, expected at least 3"),
    "one cordoned node": Case("nodes", {"kind": "NodeList", "items": [CORDONED]}),
    "cordoned nodes": Case("nodes", {"kind": "NodeList", "items": [CORDONED] * 2}, "2 of 2 elements that fit"),
}


@pytest.fixture
def targets(tmp_path: Path, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Return what asks for something by its name in the guide, from a stand-in instead of the system itself."""
    monkeypatch.setenv("NO_PROXY", "*")
    httpserver.clear()

    def find(name: str, recipe: str = "") -> Any:
        for source in RECIPES:
            there = re.sub(r"https://[^/\"]+|http://127\.0\.0\.1:8001", httpserver.url_for("").rstrip("/"), source)
            (tmp_path / "release-sentinel.toml").write_text(there, encoding="utf-8")
            policy = load({}, repository=tmp_path, gates=GATES).policy
            for target in (*policy.targets(Dependency), *policy.targets(PrometheusQuery)):
                if target.name_in_list == name and recipe in source:
                    return replace(target, tries=1)
        raise LookupError(name)

    return find


def answer(server: HTTPServer, document: Any) -> list[Request]:
    """Let the stand-in answer every request; return what it is asked."""
    asked: list[Request] = []

    def respond(request: Request) -> Response:
        asked.append(request)
        return Response(json.dumps(document), content_type="application/json")

    server.expect_request(re.compile(".*")).respond_with_handler(respond)
    return asked


@pytest.mark.parametrize("case", CASES)
def test_a_recipe(targets: Callable[[str], Any], httpserver: HTTPServer, case: str) -> None:
    """It asks once, passes on a good answer, and names what is wrong with another."""
    wanted = CASES[case]
    target = targets(wanted.recipe)
    asked = answer(httpserver, wanted.body)
    result = check_api(target, environ=SECRETS)
    assert wanted.words in result.message
    assert result.status is (CRIT if wanted.words else OK), result.message
    assert len(asked) == 1


def test_every_recipe_is_tried(tmp_path: Path) -> None:
    """Each dependency of the guide has an answer that passes and one that does not."""
    names = set()
    for source in RECIPES:
        (tmp_path / "release-sentinel.toml").write_text(source, encoding="utf-8")
        names |= {target.name for target in load({}, repository=tmp_path, gates=GATES).policy.dependencies}
    for good in (True, False):
        assert {case.recipe for case in CASES.values() if (not case.words) is good} == names


def test_what_recipes_send(targets: Callable[[str], Any], httpserver: HTTPServer) -> None:
    """Addresses and headers arrive as these systems need them."""
    asked = answer(httpserver, [])
    for name in ("alerts", "incidents", "blockers", "orders"):
        check_api(targets(name), environ=SECRETS)
    alerts, incidents, blockers, orders = asked
    assert alerts.args["filter"] == 'severity="critical"'
    assert incidents.args.getlist("statuses[]") == ["triggered", "acknowledged"]
    assert incidents.headers["Authorization"] == "Token token=pd-s3cret"
    assert blockers.args["jql"] == "project=SHOP AND priority=Blocker AND statusCategory!=Done"
    assert blockers.authorization
    assert (blockers.authorization.username, blockers.authorization.password) == ("kim@example.com", "s3cret")
    assert orders.environ["REQUEST_URI"] == "/api/queues/%2F/orders"


@pytest.mark.parametrize(
    ("name", "value", "good"),
    [("alerts", "0", True), ("alerts", "2", False), ("error-budget", "0.4", True), ("error-budget", "-0.2", False)],
)
def test_a_query(targets: Callable[..., Any], httpserver: HTTPServer, name: str, value: str, good: bool) -> None:
    """Prometheus is asked for one number."""
    query = targets(name, "[[prometheus]]")
    vector = {"resultType": "vector", "result": [{"metric": {}, "value": [time.time(), value]}]}
    asked = answer(httpserver, {"status": "success", "data": vector})
    result: CheckResult = check_prometheus(replace(query, max_age=0))
    assert result.status is (OK if good else CRIT), result.message
    assert [request.args["query"] for request in asked] == [query.query]


STAND_IN = """
class Error(Exception): pass
class connect:
    def __init__(self, dsn, connect_timeout):
        if "down" in dsn: raise Error("connection refused")
        self.dsn = dsn
    def __enter__(self): return self
    def __exit__(self, *error): pass
    def execute(self, query): return self
    def fetchone(self): return ("standby" in self.dsn,)
"""


@pytest.mark.parametrize(
    ("dsn", "name", "code", "words"),
    [
        ("postgresql://primary", "localhost", 0, "the database takes writes"),
        ("postgresql://standby", "localhost", 2, "the database is a standby"),
        ("postgresql://down", "shop.invalid", 2, "the database does not answer: connection refused"),
    ],
)
def test_the_gates_of_one_s_own(sentinel: Sentinel, dsn: str, name: str, code: int, words: str) -> None:
    """They work as printed, with a stand-in for the database's driver."""
    dns, database = blocks(GUIDES["recipes"], "python")
    found = dns.replace("shop.example.com", name).replace('{"192.0.2.10", "192.0.2.11"}', '{"127.0.0.1", "::1"}')
    sentinel.repo.write("gate_tests/test_dns.py", found)
    sentinel.repo.write("gate_tests/psycopg.py", STAND_IN)
    sentinel.gate(database, "test_database.py")
    run = sentinel(SHOP_DSN=dsn)
    assert run.code == code, run.out
    reasons = {gate["id"]: gate["reason"] for gate in run.verdict["gates"]}
    assert reasons["database"] == words
    assert run.statuses["dns"] in ({"OK"} if name == "localhost" else {"CRIT", "UNKNOWN"})


def test_the_guide_names_what_it_was_asked_for() -> None:
    """One section each."""
    for title in ("No alert fires", "Error budget left", "No open incident", "Queue drained", "Replicas ready"):
        assert f"\n## {title}\n" in text(GUIDES["recipes"])
    for title in ("DNS record present", "Database answers"):
        assert f"\n## {title}\n" in text(GUIDES["recipes"])
