"""A dependency is fit when it answers as expected within its deadline; what it said else is told."""

from collections.abc import Callable

import pytest
from pytest_httpserver import HTTPServer

from release_sentinel.checks.api import Ask, check_api
from release_sentinel.checks.result import CRIT, OK, UNKNOWN, WARN
from release_sentinel.config.targets import Dependency
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


def said(status: int | None = None, error: str = "", tries: int = 1, *earlier: str) -> Ask:
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
    """A dependency that answered in the end warns, with what came before."""
    result = check_api(serve(503, 200))
    assert (result.status, result.tries, result.remedy) == (WARN, 2, "look at why it flaps")
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
    """The policy may widen what is expected; 200 is then not expected any more."""
    assert check_api(Dependency(url=serve(401, 200), statuses=(204, 401))).status is OK
    result = check_api(Dependency(url=serve(200), statuses=(204, 401)))
    assert "returned 200, expected 204 or 401" in result.message


def test_an_expected_503(serve: Serve) -> None:
    """A status that is expected passes at the first try, also where it would be retried otherwise."""
    result = check_api(Dependency(url=serve(503, 200), statuses=(503,)))
    assert (result.status, result.tries) == (OK, 1)


def test_unreachable() -> None:
    """A dependency that refuses the connection fails in plain words, and every try is told."""
    url = f"http://127.0.0.1:{closed_port()}/"
    result = check_api(url, retries=2)
    assert (result.status, result.tries) == (CRIT, 2)
    assert result.message.startswith(f"GET {url} unreachable: Connection refused (2 tries, ")
    assert result.details == ("try 1: Connection refused",)


def test_the_tries_of_a_failure_are_told() -> None:
    """A failure tells what every earlier try met with, in order."""
    result = check_api(URL, observe=said(None, "no answer within 0.4 s", 3, "HTTP 503", "Connection refused"))
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
    """What is no URL fails at once, and is told as that."""
    result = check_api("localhost:8080/health")
    assert (result.status, result.tries) == (CRIT, 1)
    assert "unreachable: it is no URL such as https://example.com" in result.message


@pytest.mark.parametrize("status", [200, 500])
def test_credentials_are_not_shown(serve: Serve, status: int) -> None:
    """Neither pass nor failure shows the credentials in the URL."""
    url = serve(status).replace("http://", "http://deploy:s3cret@") + "?token=s3cret"
    result = check_api(url, retries=1)
    assert "/health?token=***" in result.message
    assert "s3cret" not in f"{result}"


def test_a_status_of_zero_is_no_pass() -> None:
    """A status that is not in the set fails, whatever it is."""
    assert check_api(URL, observe=said(0)).status is CRIT
