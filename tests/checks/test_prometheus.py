"""A fleet is fit for a release when the one number that Prometheus returns meets its condition."""

import json
import math
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from msgspec.structs import replace
from pytest_httpserver import HTTPServer
from werkzeug import Response

from release_sentinel.checks.prometheus import check_prometheus
from release_sentinel.checks.result import CRIT, OK, UNKNOWN, WARN, CheckResult
from release_sentinel.config.targets import PrometheusQuery
from release_sentinel.observe import http, retry
from release_sentinel.observe.http import Request
from release_sentinel.observe.prometheus import QueryResult, Series
from release_sentinel.vocabulary import Status
from tests.observe.parts import closed_port
from tests.prometheus import promtool, require, serving

QUERY = PrometheusQuery("errors", "http://prometheus:9090", "job:errors:ratio", "<", 0.01, proxy="none")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pause for a moment where a release pauses for seconds."""
    monkeypatch.setattr(retry, "_FIRST_PAUSE", 0.01)


def judge(*values: float, query: PrometheusQuery = QUERY, **answer: Any) -> CheckResult:
    """Judge a recorded answer with a series for each value."""
    series = tuple(Series(f'{{pod="{number}"}}', value, 0) for number, value in enumerate(values))
    return check_prometheus(query, observe=lambda *_, **__: QueryResult(series, **answer))


@pytest.mark.parametrize(
    ("op", "meets", "fails"),
    [("<", 0.9, 1), ("<=", 1, 1.1), (">", 1.1, 1), (">=", 1, 0.9), ("==", 1, 1.01), ("!=", 1.01, 1)],
)
def test_conditions(op: Any, meets: float, fails: float) -> None:
    """Each operator compares the number with the policy's, in that order."""
    query = replace(QUERY, op=op, value=1)
    assert judge(meets, query=query).status is OK
    assert judge(fails, query=query).status is CRIT


def test_messages() -> None:
    """The message has labels, number, condition and query."""
    assert judge(0.001).message == '{pod="0"} is 0.001, expected < 0.01: job:errors:ratio'
    failed = judge(0.5)
    assert failed.message == '{pod="0"} is 0.5, expected < 0.01: job:errors:ratio'
    assert failed.remedy == "look at what the query measures"


DOUBTS: dict[str, tuple[tuple[float, ...], dict[str, Any], str]] = {
    "missing": ((), {}, "no data: job:errors:ratio"),
    "nan": ((math.nan,), {}, 'not a number ({pod="0"} is nan): job:errors:ratio'),
    "stale": ((0.001,), {"stale": True, "age": 900}, "the samples are 900 s old, expected at most 300 s"),
    "warnings": ((0.001,), {"warnings": ("PromQL warning: x",)}, "the answer has warnings (PromQL warning: x)"),
}


@pytest.mark.parametrize("doubt", DOUBTS)
@pytest.mark.parametrize(("judgement", "status"), [("unknown", UNKNOWN), ("crit", CRIT), ("ok", OK)])
def test_a_doubtful_answer_is_what_the_policy_says(doubt: str, judgement: str, status: Status) -> None:
    """By default it is unknown; the policy may fail it, or let it pass."""
    values, answer, words = DOUBTS[doubt]
    if judgement == "unknown":
        assert judge(*values, **answer).status is UNKNOWN
    query = replace(QUERY, **{doubt: judgement})
    result = judge(*values, query=query, **answer)
    assert result.status is status
    assert status is OK or words in result.message


def test_no_data_that_the_policy_accepts_is_shown() -> None:
    """It passes, and the message does not claim that a condition was met."""
    result = judge(query=replace(QUERY, missing="ok"), tries=2)
    assert (result.status, result.tries) == (OK, 2)
    assert result.message == "no data, which the policy accepts: job:errors:ratio"


def test_the_tries_of_a_doubtful_answer_are_counted() -> None:
    """Like those of any other answer."""
    assert judge(math.nan, tries=3).tries == 3


def test_everything_of_a_query_is_passed_on() -> None:
    """Address, headers, bounds and trust are the policy's."""
    given: list[tuple[Request, str, dict[str, Any]]] = []

    def observe(request: Request, query: str, **more: Any) -> QueryResult:
        given.append((request, query, more))
        return QueryResult((Series("{}", 0.001, 0),))

    bounds: dict[str, Any] = {"headers": {"A": "b"}, "timeout": 1, "tries": 2, "deadline": 9, "ca_bundle": "ca.pem"}
    check_prometheus(replace(QUERY, max_age=60, **bounds), environ={"X": "y"}, observe=observe)
    request = Request(url=QUERY.url, proxy="none", **bounds)
    assert given == [(request, QUERY.query, {"max_age": 60, "environ": {"X": "y"}})]


def test_several_series() -> None:
    """One number was expected: the series found are listed."""
    result = judge(*[0.001] * 7)
    assert result.status is UNKNOWN
    assert result.message.startswith('7 series, expected one ({pod="0"} is 0.001; {pod="1"} is 0.001; ')
    assert "… 2 more)" in result.message
    assert '{pod="4"}' in result.message
    assert '{pod="5"}' not in result.message
    assert "more" not in judge(*[0.001] * 5).message


@pytest.mark.parametrize(
    ("several", "values", "status"),
    [
        ("all", (0.001, 0.002), OK),
        ("all", (0.001, 0.5), CRIT),
        ("any", (0.001, 0.5), OK),
        ("any", (0.4, 0.5), CRIT),
        ("all", (0.001, math.nan), UNKNOWN),
    ],
)
def test_the_policy_may_want_several_series(several: Any, values: tuple[float, ...], status: Status) -> None:
    """All of them, or any one, then have to meet the condition; a failure lists those that do not."""
    result = judge(*values, query=replace(QUERY, several=several))
    assert result.status is status
    assert status is not CRIT or '{pod="1"} is 0.5' in result.message


def test_the_worst_doubt_counts() -> None:
    """A doubt that the policy accepts does not hide one that it does not."""
    assert judge(query=replace(QUERY, missing="ok"), warnings=("w",)).status is UNKNOWN
    assert judge(query=replace(QUERY, missing="crit"), warnings=("w",)).status is CRIT


def test_infinity_is_a_number() -> None:
    """It is compared like any other."""
    assert judge(math.inf).status is CRIT
    assert judge(math.inf, query=replace(QUERY, op=">")).status is OK


def test_a_pass_after_a_retry_warns() -> None:
    """The message shows that the server answered only after a retry."""
    result = judge(0.001, tries=2, earlier=("HTTP 503",))
    assert (result.status, result.tries) == (WARN, 2)
    assert result.message.endswith(", after: HTTP 503")


Serve = Callable[..., PrometheusQuery]


@pytest.fixture
def serve(httpserver: HTTPServer) -> Serve:
    """Let a server give recorded answers, one after the other; return the query to it."""
    httpserver.clear()

    def answers(*documents: Any, status: int = 200, **changes: Any) -> PrometheusQuery:
        for document in documents:
            text = document if isinstance(document, str) else json.dumps(document)
            httpserver.expect_ordered_request("/api/v1/query").respond_with_data(text, status=status)
        return replace(QUERY, url=httpserver.url_for("/"), **changes)

    return answers


def vector(*samples: tuple[float, str], **more: Any) -> dict[str, Any]:
    """Return a server's answer with samples, each a time and a value."""
    result = [{"metric": {"__name__": "up", "job": "shop"}, "value": [at, value]} for at, value in samples]
    return {"status": "success", "data": {"resultType": "vector", "result": result}, **more}


def now(value: str) -> dict[str, Any]:
    """Return an answer with one sample of this moment."""
    return vector((time.time(), value))


def test_an_answer(serve: Serve, httpserver: HTTPServer) -> None:
    """Value and labels are read; the query arrives as it was written, and is asked once."""
    result = check_prometheus(serve(now("0.001"), max_age=0))
    assert (result.status, result.tries) == (OK, 1)
    assert result.message == '{__name__="up", job="shop"} is 0.001, expected < 0.01: job:errors:ratio'
    assert [dict(request.args) for request, _ in httpserver.log] == [{"query": "job:errors:ratio"}]


def test_ages_are_asked_for(serve: Serve, httpserver: HTTPServer) -> None:
    """The request says how far to look back, and asks for the samples' own times."""
    assert check_prometheus(serve(now("0.001"), now(f"{time.time()}"))).status is OK
    assert [dict(request.args) for request, _ in httpserver.log] == [
        {"query": "job:errors:ratio", "lookback_delta": "300"},
        {"query": "timestamp(job:errors:ratio\n)"},
    ]


@pytest.mark.parametrize(
    "documents",
    [
        (lambda: now("0.001"), lambda: now(f"{time.time() - 900}")),
        (lambda: vector((time.time() - 900, "0.001")), lambda: now(f"{time.time()}")),
        (vector, lambda: now("0.001")),
    ],
    ids=["old sample", "old answer", "beyond the look-back"],
)
def test_stale_samples(serve: Serve, documents: tuple[Callable[[], Any], ...]) -> None:
    """Old data is unknown, however the server shows it."""
    result = check_prometheus(serve(*(document() for document in documents)))
    assert result.status is UNKNOWN
    assert "s old, expected at most 300 s" in result.message


def test_no_data(serve: Serve) -> None:
    """Neither new nor old samples: no data."""
    result = check_prometheus(serve(vector(), vector()))
    assert (result.status, result.message) == (UNKNOWN, "no data: job:errors:ratio")


@pytest.mark.parametrize(("value", "status"), [("NaN", UNKNOWN), ("+Inf", CRIT), ("-Inf", OK), ("1e-3", OK)])
def test_numbers_as_prometheus_writes_them(serve: Serve, value: str, status: Status) -> None:
    """NaN and the infinities are read correctly."""
    assert check_prometheus(serve(now(value), max_age=0)).status is status


@pytest.mark.parametrize("value", ["1_0", "\uff11", "", " 1", "0x1", "one", "1e"])
def test_what_is_no_number(serve: Serve, value: str) -> None:
    """Python would take some of them for one."""
    result = check_prometheus(serve(now(value), max_age=0))
    assert result.status is UNKNOWN
    assert "is not an answer of a Prometheus server" in result.message


def test_a_scalar(serve: Serve) -> None:
    """A query that answers with a plain number is judged; it is computed now and has no age."""
    scalar = {"status": "success", "data": {"resultType": "scalar", "result": [time.time(), "0.5"]}}
    result = check_prometheus(serve(scalar))
    assert (result.status, result.message) == (CRIT, "{} is 0.5, expected < 0.01: job:errors:ratio")


def test_warnings_of_the_server(serve: Serve) -> None:
    """An answer that the server itself doubts is unknown."""
    document = vector((time.time(), "0.001"), warnings=["remote read failed"])
    result = check_prometheus(serve(document, max_age=0))
    assert (result.status, "remote read failed" in result.message) == (UNKNOWN, True)


REFUSED = {"status": "error", "errorType": "bad_data", "error": "1:5: parse error: unexpected end"}


@pytest.mark.parametrize(
    ("document", "status", "words"),
    [
        (REFUSED, 400, "refuses the query: 1:5: parse error: unexpected end"),
        (REFUSED, 422, "refuses the query: 1:5: parse error: unexpected end"),
        ("<html>", 200, "returned 200, which is not an answer of a Prometheus server"),
        ({"status": "success"}, 200, "returned 200, which is not an answer of a Prometheus server"),
        ([], 200, "returned 200, which is not an answer of a Prometheus server"),
        (vector((0, "abc")), 200, "returned 200, which is not an answer of a Prometheus server"),
        ("x" * (1 << 21), 200, "returned 200, which is not an answer of a Prometheus server"),
        ("", 404, "returned 404"),
        (
            {"status": "success", "data": {"resultType": "matrix", "result": []}},
            200,
            "the query answers with a matrix, expected one number",
        ),
    ],
    ids=["400", "422", "html", "no data", "list", "no number", "giant", "404", "matrix"],
)
def test_what_is_not_an_answer(serve: Serve, document: Any, status: int, words: str) -> None:
    """It is unknown, in the server's own words, and asked for once."""
    result = check_prometheus(serve(document, status=status))
    assert result.status is UNKNOWN
    assert words in result.message


def test_a_server_that_recovers(httpserver: HTTPServer) -> None:
    """A temporary failure is retried, and shown."""
    httpserver.clear()
    httpserver.expect_ordered_request("/api/v1/query").respond_with_data("", status=503)
    httpserver.expect_ordered_request("/api/v1/query").respond_with_json(now("0.001"))
    result = check_prometheus(replace(QUERY, url=httpserver.url_for("/"), max_age=0))
    assert (result.status, result.tries) == (WARN, 2)


def test_a_server_that_is_down() -> None:
    """An unreachable server is unknown, and shown without credentials."""
    url = f"http://deploy:s3cret@127.0.0.1:{closed_port()}"
    result = check_prometheus(replace(QUERY, url=url, tries=1))
    assert result.status is UNKNOWN
    assert "unreachable: Connection refused (1 try, " in result.message
    assert "s3cret" not in f"{result}"


def test_a_token_is_sent(serve: Serve, httpserver: HTTPServer) -> None:
    """Header values come from the environment, and missing ones are reported."""
    query = serve(now("0.001"), max_age=0, headers={"Authorization": "Bearer ${PROM_TOKEN}"})
    assert check_prometheus(query, environ={"PROM_TOKEN": "s3cret"}).status is OK
    assert httpserver.log[0][0].headers["Authorization"] == "Bearer s3cret"
    assert check_prometheus(query, environ={}).message == "PROM_TOKEN is not set, and a header needs it"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Prometheus with three pods, one NaN, and two series that ended: minutes ago, and hours ago.

    It looks back for two hours, and the others go on for one, so that the tests may take that long.
    """
    require("prometheus", "promtool")
    folder = tmp_path_factory.mktemp("prometheus")
    moment = int(time.time())
    lines = ["# TYPE shop_errors gauge"]
    for pod, value in (("a", 0.001), ("b", 0.002), ("c", 0.5)):
        lines += [f'shop_errors{{pod="{pod}"}} {value} {moment - back}' for back in range(600, -3600, -15)]
    lines += ["# TYPE shop_nan gauge", *(f"shop_nan NaN {moment - back}" for back in range(600, -3600, -15))]
    lines += ["# TYPE shop_old gauge", *(f"shop_old 0.001 {moment - back}" for back in range(900, 200, -15))]
    lines += ["# TYPE shop_gone gauge", *(f"shop_gone 0.001 {moment - back}" for back in range(9000, 8000, -15))]
    lines += ["# EOF"]
    (folder / "history.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "prometheus.yml").write_text("scrape_configs: []\n", encoding="utf-8")
    made = promtool("tsdb", "create-blocks-from", "openmetrics", "history.txt", "data", folder=folder)
    assert made.returncode == 0, made.stderr
    options = ("--config.file=prometheus.yml", "--storage.tsdb.path=data", "--query.lookback-delta=2h")
    with serving(folder, "prometheus", *options, ready="/-/ready") as address:
        yield address


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ('shop_errors{pod="a"}', OK, '{__name__="shop_errors", pod="a"} is 0.001, expected < 0.01'),
        ('shop_errors{pod="c"}', CRIT, '{__name__="shop_errors", pod="c"} is 0.5, expected < 0.01'),
        ("sum(shop_errors) # of all pods", CRIT, "{} is 0.503, expected < 0.01"),
        ("scalar(sum(shop_errors))", CRIT, "{} is 0.503, expected < 0.01"),
        ("shop_errors", UNKNOWN, "3 series, expected one"),
        ("shop_absent", UNKNOWN, "no data: shop_absent"),
        ("shop_nan", UNKNOWN, "not a number"),
        ("shop_old", UNKNOWN, "s old, expected at most 100 s"),
        ("max(shop_gone)", UNKNOWN, "no data: max(shop_gone)"),
        ("shop_errors[5m]", UNKNOWN, "the query answers with a matrix, expected one number"),
        ("shop_errors{", UNKNOWN, "refuses the query: "),
    ],
)
def test_a_real_server(server: str, query: str, status: Status, words: str) -> None:
    """A real Prometheus's answers are understood, the odd ones too."""
    result = check_prometheus(replace(QUERY, url=server, query=query, max_age=100))
    assert words in result.message
    assert result.status is status


SEVERAL_LINES = """
sum(rate(http_requests_total{code=~"5.."}[5m]))  # errors
  /
sum(rate(http_requests_total[5m]))
"""
LONG = " + ".join(["job:errors:ratio"] * 500)  # 9 KiB


@pytest.mark.parametrize("partial", [{"isPartial": True}, {"warnings": ["partial response: store-2 is down"]}])
def test_a_partial_answer(serve: Serve, partial: dict[str, Any]) -> None:
    """VictoriaMetrics says it by a field, Thanos by a warning; the policy may accept it."""
    result = check_prometheus(serve(vector((time.time(), "0.001"), **partial), max_age=0))
    assert (result.status, "the answer has warnings (" in result.message) == (UNKNOWN, True)
    assert "artial" in result.message
    assert check_prometheus(serve(now("0.001") | partial, max_age=0, warnings="ok")).status is OK
    assert check_prometheus(serve(now("0.001") | partial, max_age=0, warnings="crit")).status is CRIT


def test_ages_that_are_partial(serve: Serve) -> None:
    """A doubt about the times of the samples is one about the answer."""
    result = check_prometheus(serve(now("0.001"), now(f"{time.time()}") | {"isPartial": True}))
    assert (result.status, "isPartial" in result.message) == (UNKNOWN, True)


def test_an_answer_that_says_it_is_whole(serve: Serve) -> None:
    """VictoriaMetrics says so in each."""
    assert check_prometheus(serve(now("0.001") | {"isPartial": False}, max_age=0)).status is OK
    inner = {"resultType": "scalar", "result": [time.time(), "0.001"], "isPartial": True}
    assert check_prometheus(serve({"status": "success", "data": inner}, max_age=0)).status is UNKNOWN


def test_a_query_of_several_lines(serve: Serve, httpserver: HTTPServer) -> None:
    """It arrives as it was written, comments included, and is shown on one line."""
    result = check_prometheus(serve(now("0.001"), max_age=0, query=SEVERAL_LINES))
    assert result.status is OK
    assert httpserver.log[0][0].args["query"] == SEVERAL_LINES
    assert result.message.endswith("errors / sum(rate(http_requests_total[5m]))")


class Proxy:
    """A server behind a proxy that refuses some requests; it knows what was sent."""

    def __init__(self, *, post: int = 0, longest: int = 8192, answer: str = "0.001") -> None:
        self.post, self.longest, self.answer = post, longest, answer
        self.methods: list[str] = []
        self.queries: list[str] = []

    def __call__(self, request: Any) -> Any:
        """Answer a request."""
        self.methods.append(request.method)
        if request.method == "POST" and self.post:
            return Response("no", self.post)
        if len(request.full_path) > self.longest:
            return Response("Request-URI Too Large", 414)
        self.queries.append(request.values["query"])
        is_time = request.values["query"].startswith("timestamp(")
        return Response(json.dumps(now(f"{time.time()}" if is_time else self.answer)))


@pytest.fixture
def proxied(httpserver: HTTPServer) -> Callable[..., PrometheusQuery]:
    """Let a proxy answer; return a query to it."""
    httpserver.clear()

    def put(proxy: Proxy, **changes: Any) -> PrometheusQuery:
        httpserver.expect_request("/api/v1/query").respond_with_handler(proxy)
        return replace(QUERY, url=httpserver.url_for("/"), **changes)

    return put


@pytest.mark.parametrize(
    ("query", "proxy", "methods"),
    [
        ("job:errors:ratio", {}, ["GET", "GET"]),
        ("job:errors:ratio", {"post": 405}, ["GET", "GET"]),
        ("job:errors:ratio", {"longest": 40}, ["GET", "POST", "POST"]),
        (LONG, {}, ["POST", "POST"]),
        *((LONG, {"post": status, "longest": 20000}, ["POST", "GET", "GET"]) for status in (403, 405, 501)),
    ],
    ids=["short", "read-only", "short is too long", "long", "long, 403", "long, 405", "long, 501"],
)
def test_the_method(
    proxied: Callable[..., PrometheusQuery], query: str, proxy: dict[str, Any], methods: list[str]
) -> None:
    """A long query is posted, a short one is not; where that is refused the other way is taken, and remembered."""
    behind = Proxy(**proxy)
    assert check_prometheus(proxied(behind, query=query)).status is OK
    assert behind.methods == methods
    assert behind.queries == [query, f"timestamp({query}\n)"]


@pytest.mark.parametrize(("query", "methods"), [("x", ["GET"]), (LONG, ["POST", "GET"])])
def test_what_is_refused_either_way(proxied: Callable[..., PrometheusQuery], query: str, methods: list[str]) -> None:
    """The last refusal is the answer: there is no third way."""
    behind = Proxy(post=403)
    behind.longest = 8192 if query == LONG else 0
    result = check_prometheus(proxied(behind, query=query))
    assert result.status is UNKNOWN
    assert behind.methods == (["GET", "POST"] if query == "x" else methods)


def test_a_long_query_is_shown_shortened(proxied: Callable[..., PrometheusQuery]) -> None:
    """A message stays readable."""
    result = check_prometheus(proxied(Proxy(), query=LONG))
    assert len(result.message) < 600
    assert result.message.endswith(" …")


def test_one_deadline_for_all_questions(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one gets what the first has left."""
    httpserver.clear()
    asked: list[float] = []
    real = http.ask

    def ask(request: Request, environ: Any) -> Any:
        asked.append(request.deadline)
        return real(request, environ)

    monkeypatch.setattr(http, "ask", ask)
    httpserver.expect_request("/api/v1/query").respond_with_handler(Proxy())
    assert check_prometheus(replace(QUERY, url=httpserver.url_for("/"))).status is OK
    assert asked[1] < asked[0] <= QUERY.deadline
