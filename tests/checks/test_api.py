"""A dependency is fit when it answers as expected within its deadline; any other answer is reported."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace
from pytest_httpserver import HTTPServer

from release_sentinel.checks.api import Ask, check_api
from release_sentinel.checks.result import CRIT, OK, UNKNOWN, WARN, CheckResult
from release_sentinel.config.targets import Dependency, JsonCondition
from release_sentinel.observe import retry
from release_sentinel.observe.http import Exchange, Request
from tests.observe.parts import closed_port, drip_headers, raw_server

URL = "https://example.com/health"


@pytest.fixture(autouse=True)
def _direct_and_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask without a proxy, and pause for a moment where a release pauses for seconds."""
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(retry, "_FIRST_PAUSE", 0.01)


Serve = Callable[..., str]


@pytest.fixture
def serve(httpserver: HTTPServer) -> Serve:
    """Let a real server answer with these statuses, one after the other; return its URL."""
    httpserver.clear()

    def answers(*statuses: int) -> str:
        for status in statuses:
            httpserver.expect_ordered_request("/health").respond_with_data("", status=status)
        return httpserver.url_for("/health")

    return answers


def observing(status: int | None = None, error: str = "", tries: int = 1, *earlier: str) -> Ask:
    """Return an observer with a recorded exchange."""

    def observe(request: Request, environ: object) -> Exchange:
        assert (request, environ) == (Request(URL, statuses=(200,)), None)  # the defaults
        return recorded

    recorded = Exchange(URL, status, error, tries, 1.234, earlier)
    return observe


def test_an_answer(serve: Serve) -> None:
    """An expected answer passes; the message has the URL, the status and the effort."""
    url = serve(200)
    result = check_api(url)
    assert (result.status, result.tries, result.remedy) == (OK, 1, "")
    assert result.message.startswith(f"GET {url} answered 200 (1 try, ")


def test_a_pass_after_a_retry(serve: Serve) -> None:
    """A dependency that answered after a retry warns, and the message has the earlier errors."""
    result = check_api(serve(503, 200))
    assert (result.status, result.tries, result.remedy) == (WARN, 2, "find out why it flaps")
    assert "answered 200 (2 tries, " in result.message
    assert result.message.endswith(", after: HTTP 503")


@pytest.mark.parametrize("status", [204, 301, 302, 400, 401, 404, 500, 503])
def test_another_status(serve: Serve, status: int) -> None:
    """Any other status fails, and the message has both what was seen and what was expected."""
    result = check_api(serve(status), retries=1)
    assert result.status is CRIT
    assert f"returned {status}, expected 200 (1 try, " in result.message
    assert result.remedy == "see whether the dependency is up"


def test_the_expected_statuses_of_the_policy(serve: Serve) -> None:
    """The policy may widen what is expected; 200 is then no longer expected."""
    assert check_api(Dependency(url=serve(401, 200), statuses=(204, 401))).status is OK
    result = check_api(Dependency(url=serve(200), statuses=(204, 401)))
    assert "returned 200, expected 204 or 401" in result.message


def test_an_expected_503(serve: Serve) -> None:
    """A status that is expected passes at the first try, even if it would otherwise be retried."""
    result = check_api(Dependency(url=serve(503, 200), statuses=(503,)))
    assert (result.status, result.tries) == (OK, 1)


def test_unreachable() -> None:
    """A dependency that refuses the connection fails in plain words, and every try is reported."""
    url = f"http://127.0.0.1:{closed_port()}/"
    result = check_api(url, retries=2)
    assert (result.status, result.tries) == (CRIT, 2)
    assert result.message.startswith(f"GET {url} unreachable: Connection refused (2 tries, ")
    assert result.details == ("try 1: Connection refused",)


def test_the_tries_of_a_failure_are_reported() -> None:
    """A failure reports how every earlier try ended, in order."""
    result = check_api(URL, observe=observing(None, "no answer within 0.4 s", 3, "HTTP 503", "Connection refused"))
    assert result.message == f"GET {URL} unreachable: no answer within 0.4 s (3 tries, 1.2 s)"
    assert result.details == ("try 1: HTTP 503", "try 2: Connection refused")


def test_the_first_versions_arguments(serve: Serve) -> None:
    """`timeout` bounds a try and `retries` counts them, the first one included, as in the first version."""
    assert check_api(serve(503, 503, 200), timeout=3, retries=2).status is CRIT
    with raw_server(drip_headers) as port:
        result = check_api(f"http://127.0.0.1:{port}/", timeout=0.2, retries=1)
    assert "unreachable: no answer within 0.2 s (1 try, " in result.message


def test_the_deadline_of_the_policy() -> None:
    """The deadline bounds all tries together."""
    with raw_server(drip_headers) as port:
        result = check_api(Dependency(url=f"http://127.0.0.1:{port}/", timeout=60, tries=9, deadline=0.2))
    assert (result.status, result.tries) == (CRIT, 1)


@pytest.mark.parametrize("url", ["", " ", Dependency(url="")])
def test_no_url(url: str | Dependency) -> None:
    """Without a URL nothing is known, and the remedy names the variable."""
    result = check_api(url)
    assert (result.status, result.message, result.remedy) == (UNKNOWN, "no URL is given", "set RS_API_URL")


def test_an_invalid_url() -> None:
    """What is not a URL fails at once, with that reason."""
    result = check_api("localhost:8080/health")
    assert (result.status, result.tries) == (CRIT, 1)
    assert "unreachable: it is not a URL such as https://example.com" in result.message


@pytest.mark.parametrize("status", [200, 500])
def test_credentials_are_not_shown(serve: Serve, status: int) -> None:
    """Neither pass nor failure shows the credentials in the URL."""
    url = serve(status).replace("http://", "http://deploy:s3cret@") + "?token=s3cret"
    result = check_api(url, retries=1)
    assert "/health?token=***" in result.message
    assert "s3cret" not in f"{result}"


def test_a_status_of_zero_does_not_pass() -> None:
    """A status that is not in the set fails, whatever it is."""
    assert check_api(URL, observe=observing(0)).status is CRIT


def body(text: str, *, whole: bool = True, **conditions: Any) -> CheckResult:
    """Judge a recorded answer with a body."""
    exchange = Exchange(URL, 200, "", 1, 0.1, body=text.encode(), whole=whole)
    return check_api(Dependency(url=URL, **conditions), observe=lambda *_: exchange)


@pytest.mark.parametrize(
    ("conditions", "words"),
    [
        ({"contains": "ready"}, ""),
        ({"contains": "steady"}, "its body does not contain 'steady'"),
        ({"matches": r"db:\s+up"}, ""),
        ({"matches": r"^up"}, "its body does not match '^up'"),
        ({"contains": "steady", "matches": "^up"}, "its body does not contain 'steady'; its body does not match '^up'"),
    ],
)
def test_text_conditions(conditions: dict[str, Any], words: str) -> None:
    """Every condition on the text has to hold; each that does not is reported."""
    result = body("ready, db:  up", **conditions)
    assert result.status is (CRIT if words else OK)
    assert f"answered 200, but {words} (" in result.message or not words


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (JsonCondition("$.status"), ""),
        (JsonCondition("$.status", equals="ok"), ""),
        (JsonCondition("$.status", matches="^o"), ""),
        (JsonCondition("$.queue", min=3, max=3), ""),
        (JsonCondition("$.up", equals=True), ""),
        (JsonCondition("$.nothing"), ""),
        (JsonCondition("$.queue", equals=3.0), ""),
        (JsonCondition("$.state"), "$.state is missing: the body has no 'state'"),
        (JsonCondition("$.status", equals="fine"), '$.status is "ok", expected "fine"'),
        (JsonCondition("$.status", matches="^k"), "$.status is \"ok\", expected a text that matches '^k'"),
        (JsonCondition("$.queue", matches="3"), "$.queue is 3, expected a text that matches '3'"),
        (JsonCondition("$.queue", max=2.5), "$.queue is 3, expected at most 2.5"),
        (JsonCondition("$.queue", min=4), "$.queue is 3, expected at least 4"),
        (JsonCondition("$.up", equals=1), "$.up is true, expected 1"),
        (JsonCondition("$.up", min=0), "$.up is true, expected at least 0"),
        (JsonCondition("$.up", max=2), "$.up is true, expected at most 2"),
        (JsonCondition("$.nothing", min=0), "$.nothing is null, expected at least 0"),
        (JsonCondition("$.status", min=0), '$.status is "ok", expected at least 0'),
        (JsonCondition("$.status", max=0), '$.status is "ok", expected at most 0'),
        (JsonCondition("$.queue", equals="3"), '$.queue is 3, expected "3"'),
        (JsonCondition("$.nothing", equals=False), "$.nothing is null, expected false"),
        (JsonCondition("$.long", equals="x"), f'$.long is "{"y" * 79}…, expected "x"'),
        (JsonCondition("$.line", equals="x"), f'$.line is "{"y" * 78}", expected "x"'),
        (JsonCondition("$.api_key", equals="Zq5-wR8tB3nL"), "$.api_key is ***, expected ***"),
        (JsonCondition("$.api_key", matches="^k"), "$.api_key is ***, expected a text that matches '^k'"),
        (JsonCondition("$.token", equals="expired"), '$.token is "valid", expected "expired"'),
    ],
)
def test_json_conditions(condition: JsonCondition, words: str) -> None:
    """A field must exist and must have the expected type and value."""
    document = {"status": "ok", "queue": 3, "up": True, "nothing": None, "long": "y" * 200, "line": "y" * 78}
    document |= {"api_key": "Kx9-mR8tB3nL", "token": "valid"}
    result = body(json.dumps(document), json=(condition,))
    assert result.status is (CRIT if words else OK)
    assert f"but {words} (" in result.message or not words


LISTS = {
    "alerts": [{"name": "A", "state": "firing"}, {"name": "B", "state": "pending"}, {"name": "C", "state": "firing"}],
    "none": [],
    "pods": [{"ready": 2}, {"ready": 1}, {}],
    "many": list(range(9)),
    "text": "none",
}


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        # how many there are
        (JsonCondition("$.none", count=0), ""),
        (JsonCondition("$.alerts", count=3), ""),
        (JsonCondition("$.alerts", min_count=3, max_count=3), ""),
        (JsonCondition("$.alerts[*].name", count=0), '$.alerts[*].name has 3 elements, expected 0 ("A", "B", "C")'),
        (JsonCondition("$.many", max_count=8), "$.many has 9 elements, expected at most 8 (0, 1, 2, 3, 4, …)"),
        (JsonCondition("$.alerts", count=4), "$.alerts has 3 elements, expected 4"),
        (JsonCondition("$.none", min_count=1), "$.none has 0 elements, expected at least 1"),
        (JsonCondition("$.none", min_count=2, max_count=3), "$.none has 0 elements, expected at least 2 and at most 3"),
        (JsonCondition("$.text", count=0), "$.text is missing: $.text is not a list"),
        (JsonCondition("$.absent", count=0), "$.absent is missing: the body has no 'absent'"),
        (JsonCondition("$.absent", min_count=1), "$.absent is missing: the body has no 'absent'"),
        (JsonCondition("$", count=0), "$ is missing: the body is not a list"),
        # how many fit
        (JsonCondition("$.alerts[*].state", equals="resolved", count=0), ""),
        (JsonCondition("$.alerts[*].state", equals="firing", count=2), ""),
        (JsonCondition("$.alerts[*].state", matches="^fir", max_count=2), ""),
        (JsonCondition("$.many", min=5, count=4), ""),
        (
            JsonCondition("$.alerts[*].state", equals="firing", count=0),
            '$.alerts[*].state has 2 of 3 elements that fit, expected 0 ("firing", "firing")',
        ),
        (
            JsonCondition("$.alerts[*].state", matches="^x+$", min_count=1),
            "$.alerts[*].state has 0 of 3 elements that fit, expected at least 1",
        ),
        # an element without the field
        (JsonCondition("$.pods[*].ready", min=1, min_count=2), ""),
        (JsonCondition("$.pods[*].ready", min=1, max_count=5), "$.pods[*].ready is missing: $.pods[2] has no 'ready'"),
        (JsonCondition("$.pods[*].ready", min=9, count=0), "$.pods[*].ready is missing: $.pods[2] has no 'ready'"),
        # all of them
        (JsonCondition("$.alerts[*].name"), ""),
        (JsonCondition("$.alerts[*].name", matches="^[A-C]$"), ""),
        (JsonCondition("$.many[*]", max=8), ""),
        (JsonCondition("$.none[*]"), "$.none[*] has no elements, expected at least one"),
        (JsonCondition("$.none[*].state", equals="up"), "$.none[*].state has no elements, expected at least one"),
        (JsonCondition("$.alerts[*].state", equals="firing"), '$.alerts[1].state is "pending", expected "firing"'),
        (JsonCondition("$.pods[*].ready", min=1), "$.pods[*].ready is missing: $.pods[2] has no 'ready'"),
        (JsonCondition("$.text[*]"), "$.text[*] is missing: $.text is not a list"),
        (
            JsonCondition("$.many[*]", min=7),
            "; ".join([*(f"$.many[{n}] is {n}, expected at least 7" for n in range(5)), "2 more"]),
        ),
    ],
)
def test_conditions_on_lists(condition: JsonCondition, words: str) -> None:
    """The number of elements that fit, or every one of them; a list that is not there is not an empty one."""
    result = body(json.dumps(LISTS), json=(condition,))
    assert f"but {words} (" in result.message or not words
    assert result.status is (CRIT if words else OK), result.message


def test_a_pattern_is_matched_against_a_long_list_at_once() -> None:
    """A thousand elements are one question, and not a thousand processes."""
    texts = [f"item {number}" for number in range(1000)]
    assert body(json.dumps(texts), json=(JsonCondition("$[*]", matches=r"^item \d+$"),)).status is OK


@pytest.mark.parametrize("text", ["", "<html>", '{"status": NaN}', '{"status": "ok"', "[" * 100_000])
def test_a_body_that_is_not_json(text: str) -> None:
    """It meets no condition on JSON."""
    result = body(text, json=(JsonCondition("$.status"),))
    assert (result.status, "but its body is not JSON (" in result.message) == (CRIT, True)


def test_a_body_that_is_too_long() -> None:
    """Half of a body proves nothing, even if that half meets the condition."""
    result = body("ready", contains="ready", whole=False)
    assert (result.status, "its body is longer than the 1 MiB that are read" in result.message) == (CRIT, True)


def test_a_body_without_conditions_is_not_judged() -> None:
    """A body that no condition is about does not matter."""
    assert body("", whole=False).status is OK


def test_latency() -> None:
    """An answer that comes too late warns; the time of earlier tries does not count."""
    slow = Exchange(URL, 200, "", 1, 3.0, latency=2.5)
    result = check_api(Dependency(url=URL, max_latency=2), observe=lambda *_: slow)
    assert (result.status, result.remedy) == (WARN, "find out why it is slow")
    assert result.message.endswith(", the answer took 2.50 s, expected at most 2 s")
    in_time = Exchange(URL, 200, "", 1, 3.0, latency=2.0)
    assert check_api(Dependency(url=URL, max_latency=2), observe=lambda *_: in_time).status is OK
    quick = Exchange(URL, 200, "", 2, 3.0, ("HTTP 503",), latency=0.5)
    result = check_api(Dependency(url=URL, max_latency=2), observe=lambda *_: quick)
    assert result.message.endswith("(2 tries, 3.0 s), after: HTTP 503")


def test_what_cannot_be_sent_is_unknown() -> None:
    """A missing secret is reported, with how to fix it."""
    target = Dependency(url=URL, method="HEAD", headers={"X-Token": "${PAY_TOKEN}"})
    result = check_api(target, environ={})
    assert (result.status, result.remedy) == (UNKNOWN, "set it in the CI job's environment")
    assert result.message == "HEAD was not sent: PAY_TOKEN is not set, and a header needs it"


def test_everything_of_a_target_is_passed_on() -> None:
    """The request is as the policy says; the body is read if a condition needs it."""
    given: list[Request] = []

    def observe(request: Request, environ: object) -> Exchange:
        assert environ is None
        given.append(request)
        return Exchange(URL, 200, "", 1, 0.1, body=b"x")

    target = Dependency(
        url=URL,
        method="POST",
        headers={"A": "b"},
        statuses=(200, 204),
        timeout=1,
        tries=2,
        deadline=4,
        max_redirects=5,
        proxy="none",
        ca_bundle="ca",
        client_cert="c",
        client_key="k",
    )
    conditions: list[dict[str, Any]] = [{}, {"contains": "x"}, {"matches": "x"}, {"json": (JsonCondition("$.a"),)}]
    for condition in conditions:
        check_api(replace(target, **condition), observe=observe)
    asked = Request(URL, "POST", {"A": "b"}, (200, 204), 1, 2, 4, 5, "none", "ca", "c", "k")
    assert given == [asked] * 4
