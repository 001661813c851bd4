"""A dependency is queried with tries, retries and one deadline, and cannot outlast the deadline."""

import random
import socket
import threading
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from release_sentinel.observe import Unseen, bodies, http, retry
from release_sentinel.observe.http import Exchange, Request
from tests.observe.parts import (
    Behaviour,
    closed_port,
    drip_body,
    drip_headers,
    garbage,
    hang_up,
    raw_server,
    reset,
    silence,
)

NOT_A_URL = "it is not a URL such as https://example.com"


@pytest.fixture(autouse=True)
def _direct_and_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask without a proxy, and pause for a moment where a release pauses for seconds."""
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(retry, "_FIRST_PAUSE", 0.01)


@pytest.fixture
def server(httpserver: HTTPServer) -> Iterator[HTTPServer]:
    """A real server that has seen no request yet."""
    httpserver.clear()
    yield httpserver
    httpserver.clear()


def answer(server: HTTPServer, *statuses: int, **headers: str) -> str:
    """Let the server answer with these statuses, one after the other; return its URL."""
    for status in statuses:
        server.expect_ordered_request("/health").respond_with_data("", status=status, headers=headers)
    return server.url_for("/health")


def ask(url: str, *, timeout: float = 60, tries: int = 3, deadline: float = 600, **more: Any) -> Exchange:
    """Ask as patiently as a test may."""
    seen = http.ask(Request(url, timeout=timeout, tries=tries, deadline=deadline, **more))
    assert isinstance(seen, Exchange), seen
    return seen


@pytest.mark.parametrize("status", [200, 204, 299])
def test_an_answer(server: HTTPServer, status: int) -> None:
    """An answer at the first try is one request, with nothing earlier."""
    url = answer(server, status)
    seen = ask(url)
    assert (seen.url, seen.status, seen.error, seen.tries, seen.earlier) == (url, status, "", 1, ())
    assert seen.seconds > 0


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_statuses_that_are_retried(server: HTTPServer, status: int) -> None:
    """A temporary failure is retried; the pass keeps the earlier errors."""
    seen = ask(answer(server, status, 200))
    assert (seen.status, seen.tries, seen.earlier) == (200, 2, (f"HTTP {status}",))
    assert len(server.log) == 2


@pytest.mark.parametrize("status", [301, 302, 304, 400, 401, 403, 404, 410, 418, 422, 501, 505, 507])
def test_statuses_that_are_not_retried(server: HTTPServer, status: int) -> None:
    """An answer that a retry would not change is final."""
    seen = ask(answer(server, status, 200))
    assert (seen.status, seen.tries) == (status, 1)
    assert len(server.log) == 1


def test_an_expected_status_is_not_retried(server: HTTPServer) -> None:
    """A status that the policy expects is an answer, even if it would otherwise be retried."""
    seen = ask(answer(server, 503, 200), statuses=(503,))
    assert (seen.status, len(server.log)) == (503, 1)


def test_the_tries_end(server: HTTPServer) -> None:
    """After the last try the last answer counts, and the earlier ones are reported in order."""
    seen = ask(answer(server, 503, 502, 500, 200))
    assert (seen.status, seen.tries, seen.earlier) == (500, 3, ("HTTP 503", "HTTP 502"))
    assert len(server.log) == 3


@pytest.mark.parametrize("location", ["/elsewhere", "https://login.example.com/"])
def test_redirects_are_not_followed(server: HTTPServer, location: str) -> None:
    """A redirect is not followed by default."""
    server.expect_request("/elsewhere").respond_with_data("fine")
    seen = ask(answer(server, 302, Location=location))
    assert (seen.status, len(server.log)) == (302, 1)


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_waited_for(server: HTTPServer, form: str) -> None:
    """A Retry-After that fits the deadline is honoured, in either form."""
    asked: list[float] = []

    def handle(_: object) -> Response:
        asked.append(time.time())
        wanted = "1" if form == "seconds" else formatdate(asked[0] + 1, usegmt=True)
        return Response(status=503, headers={"Retry-After": wanted}) if len(asked) == 1 else Response()

    server.expect_request("/health").respond_with_handler(handle)
    seen = ask(server.url_for("/health"), deadline=600)
    assert (seen.status, seen.tries) == (200, 2)
    assert asked[1] >= (asked[0] + 1 if form == "seconds" else int(asked[0] + 1))  # a date has whole seconds


@pytest.mark.parametrize(
    "wanted", ["3600", "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"], ids=["hour", "for-ever", "date"]
)
def test_retry_after_beyond_the_deadline(server: HTTPServer, wanted: str) -> None:
    """A Retry-After that does not fit the deadline ends the tries at once."""
    seen = ask(answer(server, 503, 200, **{"Retry-After": wanted}))
    assert (seen.status, seen.tries, len(server.log)) == (503, 1, 1)


@pytest.mark.parametrize(
    "wanted",
    [
        "",
        "soon",
        "-5",
        "1.5",
        "\uff11",
        "Mon, 01 Jan 1990 00:00:00 GMT",
        "Mon, 99 Foo 2026",
        "Mon, 01 Jan 0001 00:00:00 -0000",
    ],
    ids=["blank", "word", "negative", "fraction", "full-width", "past", "no-date", "long-past"],
)
def test_retry_after_that_says_nothing(wanted: str) -> None:
    """A Retry-After that cannot be understood, or is in the past, causes no pause."""
    assert http.retry_after(wanted) == 0


def test_the_pauses_grow(server: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each pause is drawn from zero to a bound that doubles, up to eight seconds."""
    bounds: list[tuple[float, float]] = []

    def lowest(low: float, high: float) -> float:
        bounds.append((low, high))
        return low

    monkeypatch.setattr(retry, "_FIRST_PAUSE", 0.5)
    monkeypatch.setattr(random, "uniform", lowest)
    ask(answer(server, *[503] * 7), tries=7)
    assert bounds == [(0, 0.5), (0, 1), (0, 2), (0, 4), (0, 8), (0, 8)]


def test_no_pause_beyond_the_deadline(server: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the next pause would outlast the deadline, the last answer counts at once."""
    monkeypatch.setattr(retry, "_FIRST_PAUSE", 1e6)
    monkeypatch.setattr(random, "uniform", lambda _low, high: high)
    seen = ask(answer(server, 503, 200), deadline=5)
    assert (seen.status, seen.tries) == (503, 1)


def test_a_refused_connection_is_retried() -> None:
    """A refused connection is retried, and reported in plain words each time."""
    seen = ask(f"http://127.0.0.1:{closed_port()}/")
    assert (seen.status, seen.error, seen.tries) == (None, "Connection refused", 3)
    assert seen.earlier == ("Connection refused", "Connection refused")


@pytest.mark.parametrize(
    ("behave", "words"),
    [
        (reset, "Connection reset by peer"),
        (hang_up, "the server closed the connection without an answer"),
        (garbage, "it does not answer in HTTP, but with: SSH-2.0"),
    ],
    ids=["reset", "hang-up", "garbage"],
)
def test_a_server_that_misbehaves(behave: Behaviour, words: str) -> None:
    """A server that breaks off or speaks another protocol has not answered; the reason is shown unwrapped."""
    with raw_server(behave) as port:
        seen = ask(f"http://127.0.0.1:{port}/", tries=2)
    assert seen.status is None
    assert words in seen.error
    assert "HTTPConnectionPool" not in seen.error
    assert (seen.tries, len(seen.error.splitlines())) == (2, 1)


@pytest.mark.parametrize("behave", [silence, drip_headers], ids=["silent", "slow-drip"])
def test_a_try_is_bounded(behave: Behaviour) -> None:
    """A server that never answers, or answers without end, is given up at the try's time-out."""
    with raw_server(behave) as port:
        seen = ask(f"http://127.0.0.1:{port}/", timeout=0.2, tries=2)
    assert (seen.status, seen.error, seen.tries) == (None, "no answer within 0.2 s", 2)


@pytest.mark.parametrize("behave", [silence, drip_headers], ids=["silent", "slow-drip"])
def test_all_tries_are_bounded(behave: Behaviour) -> None:
    """The deadline bounds a try that may last longer."""
    with raw_server(behave) as port:
        seen = ask(f"http://127.0.0.1:{port}/", timeout=60, tries=5, deadline=0.3)
    assert (seen.status, seen.tries) == (None, 1)
    assert seen.error.startswith("no answer within 0.")


def test_the_last_try_gets_what_is_left() -> None:
    """Tries that time out share the deadline; none starts after it has passed."""
    with raw_server(silence) as port:
        seen = ask(f"http://127.0.0.1:{port}/", timeout=0.2, tries=50, deadline=1)
    assert seen.tries <= 6  # each takes a fifth of it


def test_a_body_that_drips_is_no_answer() -> None:
    """The status alone is no answer: what comes without end is given up at the try's time-out."""
    with raw_server(drip_body) as port:
        seen = ask(f"http://127.0.0.1:{port}/", timeout=0.2, tries=2)
    assert (seen.status, seen.error, seen.tries) == (None, "no answer within 0.2 s", 2)


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8080/health",
        "example.com",
        "ftp://127.0.0.1/",
        "http://",
        "http:///health",
        "http://[::1",
        "x y",
        "http://127.0.0.1:port/",
    ],
)
def test_an_invalid_url_is_not_retried(url: str) -> None:
    """What is not a URL is reported as such, after one try."""
    seen = ask(url)
    assert (seen.status, seen.error, seen.tries) == (None, NOT_A_URL, 1)


def test_a_port_beyond_all_ports() -> None:
    """An invalid port number is an error."""
    seen = ask("http://127.0.0.1:99999/")
    assert seen.status is None
    assert seen.error


def test_a_name_that_is_not_found_is_retried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name look-up that fails may pass the next time."""

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    seen = ask("http://shop.invalid/", tries=2)
    assert (seen.status, seen.error, seen.tries) == (None, "its name cannot be resolved (Name or service not known)", 2)


def test_a_name_server_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name look-up that never ends, which requests does not bound, is given up."""
    release = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: release.wait())
    seen = ask("http://shop.invalid/", timeout=0.1, tries=1)
    release.set()
    assert (seen.status, seen.error) == (None, "no answer within 0.1 s")


def test_a_server_without_tls(server: HTTPServer) -> None:
    """A TLS error is final and reported as one: a retry does not fix a certificate."""
    seen = ask(answer(server, 200).replace("http://", "https://"))
    assert (seen.status, seen.tries) == (None, 1)
    assert seen.error.startswith("TLS: ")


@pytest.mark.parametrize(
    "url",
    [
        "http://deploy:s3cret-w0rd@127.0.0.1:{port}/",
        "http://s3cret-w0rd@127.0.0.1:{port}/",
        "http://127.0.0.1:{port}/?access_token=s3cret-w0rd&x=1",
        "http//deploy:s3cret-w0rd@127.0.0.1",
        "deploy:s3cret-w0rd@127.0.0.1",
        "ftp://deploy:s3cret-w0rd@127.0.0.1/",
        "http://deploy:s3cret-w0rd@127.0.0.1:port/",
        "http://deploy:x/s3cret-w0rd@127.0.0.1/",
        "127.0.0.1/?token=s3cret-w0rd",
    ],
    ids=["password", "token", "query", "colon-lost", "scheme-lost", "scheme", "port", "slash", "query-no-scheme"],
)
def test_credentials_are_not_shown(url: str) -> None:
    """No message shows the credentials in a URL, whether it can be parsed or not."""
    seen = ask(url.format(port=closed_port()), tries=1)
    assert "127.0.0.1" in seen.url
    assert "s3cret" not in f"{seen}"


def test_credentials_are_sent(server: HTTPServer) -> None:
    """The credentials of a URL reach the server that they are for."""
    ask(answer(server, 200).replace("http://", "http://deploy:s3cret@"))
    assert server.log[0][0].headers["Authorization"] == "Basic ZGVwbG95OnMzY3JldA=="


def test_headers_are_sent(server: HTTPServer) -> None:
    """The headers given are the request's."""
    ask(answer(server, 200), headers={"X-Gate": "sentinel"})
    assert server.log[0][0].headers["X-Gate"] == "sentinel"


def test_requests_side_by_side() -> None:
    """Several dependencies are asked at once: each of these answers only when all have been asked."""
    together = threading.Barrier(8)

    def meet(connection: socket.socket, _stop: threading.Event) -> None:
        connection.recv(4096)
        together.wait()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    seen: list[Exchange] = []
    with raw_server(meet) as port:
        url = f"http://127.0.0.1:{port}/"
        asking = [threading.Thread(target=lambda: seen.append(ask(url, timeout=600, deadline=600))) for _ in range(8)]
        for thread in asking:
            thread.start()
        for thread in asking:
            thread.join()
    assert [exchange.status for exchange in seen] == [200] * 8


def elsewhere(url: str) -> str:
    """Return the same address under another name: to a client another server."""
    return url.replace("localhost", "127.0.0.1")


def test_redirects_are_followed_as_far_as_wanted(server: HTTPServer) -> None:
    """Within the number that the policy allows, the last server's answer counts."""
    server.expect_request("/b").respond_with_data("", status=302, headers={"Location": "/c"})
    server.expect_request("/c").respond_with_data("", status=204)
    assert ask(answer(server, 301, Location="/b"), max_redirects=2).status == 204
    server.expect_ordered_request("/health").respond_with_data("", status=301, headers={"Location": "/b"})
    seen = ask(server.url_for("/health"), max_redirects=1)
    assert (seen.status, seen.error, seen.tries) == (None, "more than 1 redirects", 1)


def test_a_redirect_loop_ends(server: HTTPServer) -> None:
    """A redirect loop is given up after the allowed number of requests."""
    server.expect_request("/health").respond_with_data("", status=302, headers={"Location": "/health"})
    seen = ask(server.url_for("/health"), max_redirects=5)
    assert (seen.error, len(server.log)) == ("more than 5 redirects", 6)


def test_a_redirect_status_that_is_expected_is_an_answer(server: HTTPServer) -> None:
    """If 302 is expected, the redirect itself is the answer."""
    seen = ask(answer(server, 302, Location="/health"), max_redirects=3, statuses=(302,))
    assert (seen.status, len(server.log)) == (302, 1)


def test_secrets_do_not_follow_to_another_server(server: HTTPServer) -> None:
    """Own headers and credentials stay with the server that they are for."""
    there = elsewhere(server.url_for("/there"))
    server.expect_request("/there").respond_with_data("fine")
    url = answer(server, 302, Location=there).replace("http://", "http://deploy:s3cret@")
    ask(url, max_redirects=1, headers={"X-Api-Key": "s3cret", "X-Gate": "sentinel"})
    first, second = (request.headers for request, _ in server.log)
    assert {"X-Api-Key", "X-Gate", "Authorization"} <= {name for name, _ in first.items()}
    assert not {"X-Api-Key", "X-Gate", "Authorization"} & {name for name, _ in second.items()}


def test_headers_follow_on_the_same_server(server: HTTPServer) -> None:
    """After a redirect on the same server the request keeps all its headers."""
    server.expect_request("/there").respond_with_data("fine")
    ask(answer(server, 302, Location="/there"), max_redirects=1, headers={"X-Api-Key": "s3cret"})
    assert [request.headers["X-Api-Key"] for request, _ in server.log] == ["s3cret", "s3cret"]


@pytest.mark.parametrize("location", ["ftp://127.0.0.1/", "javascript:alert(1)"])
def test_a_redirect_to_what_is_not_a_web_address(server: HTTPServer, location: str) -> None:
    """Such an answer is final."""
    seen = ask(answer(server, 302, Location=location), max_redirects=3)
    assert (seen.status, seen.error, seen.tries) == (None, "it redirects to what is not a web address", 1)


def test_the_method_is_sent(server: HTTPServer) -> None:
    """The policy's method is the request's."""
    server.expect_request("/health", method="HEAD").respond_with_data("")
    assert ask(server.url_for("/health"), method="HEAD").status == 200


def test_a_body_is_read(server: HTTPServer) -> None:
    """The body is there, whether a condition wants it or not."""
    server.expect_request("/health").respond_with_data("fine")
    assert ask(server.url_for("/health")).body == b"fine"


def test_a_giant_body_is_bounded(server: HTTPServer) -> None:
    """A body is read up to its bound, and marked as not whole."""
    server.expect_request("/health").respond_with_data(b"x" * (bodies.MOST + 1))
    seen = ask(server.url_for("/health"))
    assert (seen.status, len(seen.body), seen.whole) == (200, bodies.MOST, False)


def test_a_body_of_just_the_bound_is_whole(server: HTTPServer) -> None:
    """The bound itself is not too much."""
    server.expect_request("/health").respond_with_data(b"x" * bodies.MOST)
    assert ask(server.url_for("/health")).whole


def test_a_redirect_with_a_giant_body_is_not_read(server: HTTPServer) -> None:
    """A redirect whose body does not end is still followed."""
    server.expect_request("/there").respond_with_data("fine")

    def endless(connection: socket.socket, stop: threading.Event) -> None:
        connection.recv(4096)
        there = server.url_for("/there").encode()
        connection.sendall(b"HTTP/1.1 302 Found\r\nContent-Length: 9\r\nLocation: " + there + b"\r\n\r\n")
        stop.wait(10)

    with raw_server(endless) as port:
        assert ask(f"http://127.0.0.1:{port}/", max_redirects=1).status == 200


def test_header_values_come_from_the_environment(server: HTTPServer) -> None:
    """A reference becomes the value, without the line break that files leave at its end."""
    request = Request(answer(server, 200), headers={"Authorization": "Bearer ${SHOP_TOKEN}"})
    seen = http.ask(request, {"SHOP_TOKEN": "s3cret\n"})
    assert server.log[0][0].headers["Authorization"] == "Bearer s3cret"
    assert "s3cret" not in f"{seen}"


@pytest.mark.parametrize("environ", [{}, {"SHOP_TOKEN": " "}], ids=["absent", "blank"])
def test_a_secret_that_is_not_there(server: HTTPServer, environ: dict[str, str]) -> None:
    """Nothing is sent without it, and its name is reported."""
    seen = http.ask(Request(answer(server, 200), headers={"Authorization": "Bearer ${SHOP_TOKEN}"}), environ)
    assert seen == Unseen("SHOP_TOKEN is not set, and a header needs it", "set it in the CI job's environment")
    assert server.log == []


@pytest.mark.parametrize("name", ["ca_bundle", "client_cert", "client_key"])
def test_a_file_that_is_not_there(name: str) -> None:
    """Nothing is sent without the policy's certificates."""
    seen = http.ask(Request("https://127.0.0.1:1/", **{name: "/no/such.pem"}))  # type: ignore[arg-type]  # one of several fields
    assert isinstance(seen, Unseen)
    assert seen.why == f"{name} /no/such.pem cannot be read"


def test_a_proxy_of_the_environment_answers(server: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that the environment names is used, unless NO_PROXY or the policy says otherwise."""
    server.expect_request("/health").respond_with_data("fine")
    proxy = server.url_for("").rstrip("/")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("HTTP_PROXY", proxy)
    monkeypatch.setenv("http_proxy", proxy)
    assert ask("http://shop.invalid/health", tries=1).status == 200
    assert ask("http://shop.invalid/health", tries=1, proxy="none").status is None
    monkeypatch.setenv("NO_PROXY", "shop.invalid")
    monkeypatch.setenv("no_proxy", "shop.invalid")
    assert ask("http://shop.invalid/health", tries=1).status is None
    assert ask("http://shop.invalid/health", tries=1, proxy=proxy).status == 200


def test_netrc_is_not_read(server: HTTPServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Credentials that the policy does not name are not sent."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine localhost login deploy password s3cret\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    ask(answer(server, 200))
    assert "Authorization" not in server.log[0][0].headers


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (b"Content-Length: 5000\r\n\r\nhello", "its answer breaks off: 5 bytes came, and 4995 more were announced"),
        (
            b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
            "its answer breaks off: the length of a chunk is missing, or not a",
        ),
        (
            b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnot!",
            "its answer breaks off: its compressed body is damaged (",
        ),
        (b"X: y\r\n" * 1200 + b"\r\n", "its answer has more than 1000 header lines"),
        (b"X: " + b"y" * 70_000 + b"\r\n\r\n", "a header line of its answer is longer than 65536 bytes"),
        (b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", "its Content-Length has several values (1, 2)"),
    ],
)
def test_the_words_of_a_library_become_a_sentence(sent: bytes, words: str) -> None:
    """What a server did wrong is said without the names of functions and exceptions."""

    def answer(connection: socket.socket, _: threading.Event) -> None:
        connection.recv(1 << 16)
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + sent)

    with raw_server(answer) as port:
        seen = ask(f"http://127.0.0.1:{port}/", tries=1)
    assert seen.error.startswith(words)
