"""A release on GitHub is one request, shaped as the API wants it; each way to fail is one clear sentence."""

import json
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from release_sentinel.deliver.github_release import NewRelease, create_release
from release_sentinel.errors import DeliveryError

NEW = NewRelease("v1.0.0", "0123456789abcdef0123456789abcdef01234567", "## SAFE", prerelease=False)
PATH = "/repos/acme/shop/releases"
TOKEN = "ghs_0123456789abcdef"


def environ(api: str) -> dict[str, str]:
    """Return what GitHub Actions tells a job."""
    return {"GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": "acme/shop", "GITHUB_API_URL": api}


def failure(variables: Mapping[str, str], seconds: float = 10) -> str:
    """Return why a release is not made; the token is never part of it."""
    with pytest.raises(DeliveryError) as error:
        create_release(NEW, variables, seconds=seconds)
    assert TOKEN not in str(error.value)
    return str(error.value)


def test_the_request_is_the_api_s(httpserver: HTTPServer) -> None:
    """Method, path, headers and body; the answer says where the release is seen."""
    content = {
        "tag_name": "v1.0.0",
        "target_commitish": NEW.commit,
        "name": "v1.0.0",
        "body": "## SAFE",
        "draft": False,
        "prerelease": False,
    }
    headers = {
        "Authorization": f"Bearer {TOKEN}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
        "Content-Type": "application/json",
    }
    answer = {"html_url": "https://github.com/acme/shop/releases/tag/v1.0.0"}
    httpserver.expect_oneshot_request(PATH, method="POST", headers=headers, json=content).respond_with_json(answer, 201)
    assert create_release(NEW, environ(httpserver.url_for("/"))) == answer["html_url"]
    (request, _) = httpserver.log[0]
    assert request.headers["User-Agent"].startswith("release-sentinel/")


def test_long_notes_are_cut(httpserver: HTTPServer) -> None:
    """GitHub refuses more than 125,000 characters."""
    httpserver.expect_request(PATH).respond_with_json({}, 201)
    new = NewRelease("v1.0.0-rc.1", NEW.commit, "x" * 200_000, prerelease=True)
    assert create_release(new, environ(httpserver.url_for(""))) == "release v1.0.0-rc.1"
    said = json.loads(httpserver.log[0][0].data)
    assert (len(said["body"]), said["prerelease"]) == (120_000, True)


ALREADY = {"message": "Validation Failed", "errors": [{"resource": "Release", "code": "already_exists"}]}
REFUSALS: list[tuple[int, Any, dict[str, str], str]] = [
    (401, {"message": "Bad credentials"}, {}, "GITHUB_TOKEN is wrong, or has expired (HTTP 401, Bad credentials)"),
    (403, {"message": "Resource not accessible by integration"}, {}, "give the job `permissions: contents: write`"),
    (
        403,
        {"message": "API rate limit"},
        {"X-RateLimit-Remaining": "0"},
        "GitHub limits the rate of requests: try again later",
    ),
    (
        404,
        {"message": "Not Found"},
        {},
        "there is no such repository, or the token may not see it (HTTP 404, Not Found)",
    ),
    (422, ALREADY, {}, "GitHub refuses this release (HTTP 422, Validation Failed; already_exists)"),
    (429, "", {}, "try again later (HTTP 429)"),
    (502, "<html>", {}, "GitHub has a failure: check whether the release was created, and try again (HTTP 502)"),
    (307, "", {"Location": "/elsewhere"}, "the repository has moved: correct GITHUB_REPOSITORY (HTTP 307)"),
    (301, "", {"Location": "/elsewhere"}, "the repository has moved: correct GITHUB_REPOSITORY (HTTP 301)"),
    (418, "", {}, "GitHub refuses the request (HTTP 418)"),
]


@pytest.mark.parametrize(("status", "answer", "headers", "words"), REFUSALS, ids=lambda value: str(value)[:20])
def test_a_refusal_is_one_sentence(
    httpserver: HTTPServer, status: int, answer: Any, headers: dict[str, str], words: str
) -> None:
    """What it means, what to do, and GitHub's own words. One server is asked, once."""
    text = answer if isinstance(answer, str) else json.dumps(answer)
    httpserver.expect_request(PATH).respond_with_data(text, status, headers)
    told = failure(environ(httpserver.url_for("")))
    assert told.startswith("no release of acme/shop on GitHub: ")
    assert words in told
    assert len(httpserver.log) == 1


@pytest.mark.parametrize("text", ["", "nonsense", "[]"])
def test_an_answer_that_makes_no_sense(httpserver: HTTPServer, text: str) -> None:
    """A proxy's page, say, is not taken for a release. An empty list names none."""
    httpserver.expect_request(PATH).respond_with_data(text, 201)
    if text == "[]":
        assert create_release(NEW, environ(httpserver.url_for(""))) == "release v1.0.0"
    else:
        assert failure(environ(httpserver.url_for(""))).startswith("no release of acme/shop on GitHub: ")


@pytest.fixture
def deaf() -> Iterator[str]:
    """The address of a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_server_that_hangs(deaf: str) -> None:
    """Whether the release was made cannot be known."""
    assert failure(environ(deaf), 0.3) == (
        "no release of acme/shop on GitHub: no answer within 0.3 s; "
        "whether it was created is unknown: check before you try again"
    )


def test_the_user_s_netrc_does_not_replace_the_token(
    httpserver: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token of the job is sent, whatever else this user may have for that server."""
    (tmp_path / "netrc").write_text("default login kim password s3cret\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    httpserver.expect_request(PATH).respond_with_json({}, 201)
    create_release(NEW, environ(httpserver.url_for("")))
    assert httpserver.log[0][0].headers["Authorization"] == f"Bearer {TOKEN}"


def test_a_port_that_is_closed() -> None:
    """In the system's own words."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        api = f"http://127.0.0.1:{server.getsockname()[1]}"
    assert "Connection refused" in failure(environ(api))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"GITHUB_TOKEN": " "}, "no release on GitHub: GITHUB_TOKEN not set"),
        ({"GITHUB_TOKEN": "", "GITHUB_REPOSITORY": ""}, "GITHUB_TOKEN and GITHUB_REPOSITORY not set"),
        ({"GITHUB_API_URL": "file:///etc/passwd"}, "GITHUB_API_URL is not a URL that begins with https://"),
    ],
)
def test_what_is_not_set_is_told(change: dict[str, str], words: str) -> None:
    """Nothing is sent."""
    assert words in failure({**environ("http://127.0.0.1:9"), **change})
