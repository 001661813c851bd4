"""A release is created once, on each kind of forge, whatever ends a try; each way to fail is one clear sentence."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from release_sentinel.deliver import forge_release
from release_sentinel.deliver.forge_release import NewRelease, create_release
from release_sentinel.errors import DeliveryError
from release_sentinel.observe import Unseen
from release_sentinel.observe.forge import Api, Place, find_place
from tests.deliver.forge import CUT, TOKEN, Failure, FakeForge, fake_forge

KINDS = ("github", "gitlab", "gitea")
NEW = NewRelease("v1.0.0", "0123456789abcdef0123456789abcdef01234567", "- first", prerelease=False)
SEEN = "https://forge.example/acme/shop/v1.0.0"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pause for a moment where a release pauses for seconds."""
    monkeypatch.setattr(forge_release, "_FIRST_PAUSE", 0.001)
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture(params=KINDS)
def forge(request: pytest.FixtureRequest) -> Iterator[FakeForge]:
    """Each kind of forge."""
    with fake_forge(request.param) as forge:
        yield forge


@pytest.fixture
def github() -> Iterator[FakeForge]:
    """The kind that has most ways to refuse."""
    with fake_forge("github") as forge:
        yield forge


def api(forge: FakeForge, **more: str) -> Api:
    """Return how the job of a forge's CI reaches it."""
    environ = {**forge.environ, **more}
    place = find_place(environ)
    assert isinstance(place, Place), place
    found = Api.of(place, environ)
    assert isinstance(found, Api), found
    return found


def create(forge: FakeForge, new: NewRelease = NEW, **more: Any) -> str:
    """Create a release; a failure is its words, which never hold the token."""
    try:
        said = create_release(api(forge), new, **more)
    except DeliveryError as error:
        said = str(error)
    assert TOKEN not in said
    return said


REQUESTS: dict[str, tuple[str, dict[str, str], dict[str, Any]]] = {
    "github": (
        "/repos/acme/shop/releases",
        {
            "Authorization": f"Bearer {TOKEN}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        },
        {
            "tag_name": "v1.0.0",
            "target_commitish": NEW.commit,
            "name": "v1.0.0",
            "body": "- first",
            "draft": False,
            "prerelease": False,
        },
    ),
    "gitlab": (
        "/projects/acme%2Fshop/releases",
        {"JOB-TOKEN": TOKEN},
        {"tag_name": "v1.0.0", "name": "v1.0.0", "description": "- first"},
    ),
    "gitea": (
        "/repos/acme/shop/releases",
        {"Authorization": f"token {TOKEN}"},
        {
            "tag_name": "v1.0.0",
            "target_commitish": NEW.commit,
            "name": "v1.0.0",
            "body": "- first",
            "draft": False,
            "prerelease": False,
        },
    ),
}


def test_the_request_is_the_api_s(forge: FakeForge) -> None:
    """One of them; the answer says where the release is seen."""
    path, headers, content = REQUESTS[forge.kind]
    assert create(forge) == SEEN
    assert forge.asked == [("POST", path)]
    assert forge.content == content
    assert headers.items() <= dict(forge.headers).items()
    assert forge.headers["User-Agent"] == "release-sentinel"


def test_a_token_of_a_user_on_gitlab() -> None:
    """It goes into another header than the job's."""
    with fake_forge("gitlab") as forge:
        create_release(api(forge, GITLAB_TOKEN="glpat-0123456789"), NEW)
    assert forge.headers["PRIVATE-TOKEN"] == "glpat-0123456789"
    assert "JOB-TOKEN" not in forge.headers


def test_a_release_that_is_there_is_not_made_twice(forge: FakeForge) -> None:
    """A second run finds it by its tag."""
    create(forge)
    assert create(forge) == f"{SEEN}, which was there already"
    path = REQUESTS[forge.kind][0]
    look = f"{path}/v1.0.0" if forge.kind == "gitlab" else f"{path}/tags/v1.0.0"
    assert forge.asked == [("POST", path), ("POST", path), ("GET", look)]


TRANSIENT = [
    Failure(500, "<html>"),
    Failure(502),
    Failure(503, headers={"Retry-After": "0"}),
    Failure(429),
    Failure(429, headers={"Retry-After": "0"}),
    Failure(403, {"message": "You have exceeded a secondary rate limit"}, {"Retry-After": "0"}),
    Failure(403, {"message": "API rate limit exceeded"}, {"X-RateLimit-Remaining": "0"}),
    Failure(408),
    Failure(CUT),
    Failure(201, "<html>a page of a proxy</html>"),
    Failure(200, {"tag_name": "another"}),
]


@pytest.mark.parametrize("failure", TRANSIENT, ids=str)
def test_what_may_pass_is_tried_again(forge: FakeForge, failure: Failure) -> None:
    """Twice; the release is there once."""
    forge.failures["POST"] = [failure, failure]
    assert create(forge) == SEEN
    assert list(forge.releases) == ["v1.0.0"]


@pytest.mark.parametrize("failure", TRANSIENT, ids=str)
def test_a_lost_answer_is_looked_up(forge: FakeForge, failure: Failure) -> None:
    """The first try has created the release and did not say so: it is found, and not created again.

    So it is where the first look-ups fail in the same way.
    """
    forge.failures = {"POST": [failure._replace(kept=True)], "GET": [failure, failure]}
    assert create(forge).removesuffix(", which was there already") == SEEN
    assert len(forge.releases) == 1


@pytest.mark.parametrize("failure", TRANSIENT, ids=str)
def test_what_does_not_pass_is_told_and_can_be_finished(forge: FakeForge, failure: Failure) -> None:
    """The tries are bounded; the same command later finishes the release."""
    forge.failures["POST"] = [failure] * 3
    name = {"github": "GitHub", "gitlab": "GitLab", "gitea": "Gitea"}[forge.kind]
    assert create(forge, tries=3).startswith(f"no release of acme/shop on {name}: ")
    assert not forge.releases
    assert create(forge) == SEEN


def test_an_outcome_that_cannot_be_known(github: FakeForge) -> None:
    """The answer was lost, and the look-ups fail, too."""
    github.failures = {"POST": [Failure(502, kept=True)], "GET": [Failure(500)] * 3}
    said = create(github)
    assert said.endswith("(HTTP 502); whether it was created is unknown: look there before you try again")
    assert create(github) == f"{SEEN}, which was there already"


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (
            Failure(401, {"message": "Bad credentials"}),
            "GITHUB_TOKEN is wrong, or has expired (HTTP 401, Bad credentials)",
        ),
        (
            Failure(403, {"message": "Resource not accessible"}),
            "give the job `permissions: contents: write` (HTTP 403, Res",
        ),
        (
            Failure(404, {"message": "Not Found"}),
            "there is no such repository, or the token may not see it (HTTP 404, Not",
        ),
        (
            Failure(422, {"message": "Validation Failed", "errors": [{"code": "invalid", "field": "tag_name"}]}),
            "GitHub refuses the request (HTTP 422, Validation Failed; invalid)",
        ),
        (Failure(301, headers={"Location": "/elsewhere"}), "the repository has moved: correct GITHUB_REPOSITORY"),
        (Failure(307, headers={"Location": "/elsewhere"}), "the repository has moved"),
        (Failure(418), "GitHub refuses the request (HTTP 418)"),
    ],
    ids=str,
)
def test_a_refusal_is_one_sentence(github: FakeForge, failure: Failure, words: str) -> None:
    """What it means, what to do, and the forge's own words; it is not tried again."""
    github.failures["POST"] = [failure]
    said = create(github)
    assert said.startswith("no release of acme/shop on GitHub: ")
    assert words in said
    assert [method for method, _ in github.asked].count("POST") == 1


@pytest.mark.parametrize("kind", ["gitlab", "gitea"])
def test_a_permission_is_named_in_the_words_of_the_forge(kind: str) -> None:
    """What GitHub calls permissions are scopes elsewhere."""
    with fake_forge(kind) as forge:
        forge.failures["POST"] = [Failure(403, {"message": "403 Forbidden"})]
        said = create(forge)
    assert "scope" in said
    assert "permissions: contents" not in said


def test_a_limit_that_ends_too_late_is_told(github: FakeForge) -> None:
    """Nobody waits an hour; the message says when it ends."""
    reset = str(int(time.time()) + 3600)
    github.failures["POST"] = [Failure(403, "", {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset})]
    said = create(github)
    assert "GitHub limits the rate of requests: try again later (HTTP 403); it ends in 3" in said


def test_a_limit_is_waited_for(github: FakeForge, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as it says, within the deadline."""
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    github.failures["POST"] = [Failure(429, "", {"Retry-After": "7"})]
    assert create(github) == SEEN
    assert waited == [7]


def test_long_notes_are_cut(forge: FakeForge) -> None:
    """GitHub refuses more than 125,000 characters."""
    create(forge, NewRelease("v1.0.0-rc.1", NEW.commit, "x" * 1_000_000, prerelease=True))
    text = forge.content["description" if forge.kind == "gitlab" else "body"]
    assert len(text) == (900_000 if forge.kind == "gitlab" else 120_000)
    assert text.endswith("… (cut: the notes are longer than the forge takes)")


@pytest.mark.parametrize("tag", ["v1.0.0+linux", "shop/v1.0.0", "v1.0.0-ä"])
def test_a_tag_of_any_characters(forge: FakeForge, tag: str) -> None:
    """It stays one part of the path."""
    create(forge, NewRelease(tag, NEW.commit, ""))
    assert create(forge, NewRelease(tag, NEW.commit, "")).endswith("which was there already")
    assert list(forge.releases) == [tag]


def test_the_user_s_netrc_does_not_replace_the_token(
    github: FakeForge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token of the job is sent, whatever else this user may have for that server."""
    (tmp_path / "netrc").write_text("default login kim password s3cret\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    create(github)
    assert github.headers["Authorization"] == f"Bearer {TOKEN}"


def test_a_token_from_a_file(github: FakeForge, tmp_path: Path) -> None:
    """As containers mount secrets."""
    (tmp_path / "token").write_text("from-a-file\n", encoding="utf-8")
    create_release(api(github, GITHUB_TOKEN="", GITHUB_TOKEN_FILE=str(tmp_path / "token")), NEW)
    assert github.headers["Authorization"] == "Bearer from-a-file"


def test_without_a_token(github: FakeForge) -> None:
    """Nothing is asked."""
    place = find_place(github.environ)
    assert isinstance(place, Place)
    assert Api.of(place, {}) == Unseen("GITHUB_TOKEN not set", "set it in the CI job's environment")
