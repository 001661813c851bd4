"""What is sent to a forge: how often, where, and with which token."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from release_sentinel.config.model import ForgeRules, Policy
from release_sentinel.observe import Unseen
from release_sentinel.observe.forge import Api, Client, Evidence, find_place, for_reading, own_job
from release_sentinel.observe.forge.records import Checks, Own
from release_sentinel.plugin.observations import Observations
from tests.conftest import Repo
from tests.observe.forge.fake import (
    FAKES,
    FORGES,
    SHA,
    Fake,
    FakeGitea,
    FakeGitHub,
    FakeGitLab,
    api_of,
    served,
)

each_forge = pytest.mark.parametrize("kind", FAKES)
TOKEN = "secret-0123456789"
MARKS = {"github": "GITHUB_ACTIONS", "gitlab": "GITLAB_CI", "gitea": "GITEA_ACTIONS"}


def plain(kind: str, *, in_ci: bool) -> tuple[Fake, Own | None]:
    """Return a forge in its ordinary good state, and the job that runs the gate."""
    fake = FAKES[kind]()
    if isinstance(fake, FakeGitHub):
        fake.run()
        fake.review()
        fake.own()
        return fake, Own("900", "gate", runner="runner 1") if in_ci else None
    if isinstance(fake, FakeGitLab):
        fake.approve()
        if in_ci:
            fake.own()
        else:
            fake.pipeline()
        return fake, Own("50", "503") if in_ci else None
    assert isinstance(fake, FakeGitea)
    fake.status()
    fake.review()
    return fake, Own("77", number="12") if in_ci else None


@each_forge
@pytest.mark.parametrize("in_ci", [False, True], ids=["outside", "in its own CI"])
def test_three_gates_take_nine_requests_at_most(kind: str, *, in_ci: bool) -> None:
    """Where nothing is paged, tried again or waited for."""
    fake, own = plain(kind, in_ci=in_ci)
    if isinstance(fake, FakeGitHub):
        fake.require("test", "gate")
    evidence = Evidence(Client(api_of(fake)), own)
    answers = [
        evidence.checks(SHA, "main", required=True, names=()),
        evidence.review(SHA, "main", 1),
        evidence.blockers(("release-blocker",)),
    ]
    assert not any(isinstance(answer, Unseen) for answer in answers), answers
    assert len(fake.asked) <= 9, fake.asked


@each_forge
def test_the_token_goes_in_a_header_to_the_forge_alone(kind: str) -> None:
    """Not into an address; without a token nothing is sent in its place."""
    fake, _ = plain(kind, in_ci=False)
    with served(fake) as url:
        for token, count in ((TOKEN, 1), ("", 0)):
            fake.asked.clear()
            fake.headers.clear()
            environ = {f"{kind.upper()}_TOKEN": token}
            place = find_place(environ, kind=kind, url=url, repository="acme/shop")
            assert not isinstance(place, Unseen)
            api = Api.of(place, environ, anonymous=True)
            assert isinstance(api, Api)
            seen = Evidence(Client(api)).checks(SHA, "main", required=True, names=())
            assert isinstance(seen, Checks), seen
            assert fake.headers
            for headers in fake.headers:
                assert sum(TOKEN in value for value in headers.values()) == count
            assert not [path for path in fake.asked if TOKEN in path]
            assert "Authorization" in fake.headers[0] or token == "" or kind == "gitlab"


@each_forge
@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_no_proxy_gets_the_token_in_clear_text(kind: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A forge on loopback is asked directly."""
    fake, _ = plain(kind, in_ci=False)
    with served(FAKES[kind]()) as proxy, served(fake) as url:
        monkeypatch.setenv(name, proxy)
        place = find_place({}, kind=kind, url=url, repository="acme/shop")
        assert not isinstance(place, Unseen)
        seen = Evidence(Client(Api(place, TOKEN, "TOKEN"))).checks(SHA, "main", required=True, names=())
    assert isinstance(seen, Checks), seen
    assert fake.asked


def test_a_forge_over_https_is_asked_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which sees the name of the server alone."""
    with served(FakeGitHub()) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        place = find_place({}, kind="github", url="https://forge.example/api", repository="acme/shop")
        assert not isinstance(place, Unseen)
        seen = Evidence(Client(Api(place, TOKEN, "TOKEN"), tries=1)).blockers(("x",))
    assert isinstance(seen, Unseen)
    assert "its proxy http://127.0.0.1" in seen.why


def test_a_redirect_is_not_followed() -> None:
    """A repository that was renamed answers with one."""
    fake, _ = plain("github", in_ci=False)
    with served(FakeGitHub()) as other, served(fake) as url:
        fake.denied = {"/repos": (301, {"message": "Moved Permanently"}, {"Location": f"{other}/repositories/1"})}
        place = find_place({}, kind="github", url=url, repository="acme/shop")
        assert not isinstance(place, Unseen)
        seen = Evidence(Client(Api(place, TOKEN, "GITHUB_TOKEN"))).checks(SHA, "main", required=True, names=())
    assert isinstance(seen, Unseen)
    assert "has moved" in seen.why
    assert len(fake.asked) == 1


def test_a_server_that_is_gone_is_unknown() -> None:
    """After its tries."""
    with served(FakeGitHub()) as url:
        pass
    place = find_place({}, kind="github", url=url, repository="acme/shop")
    assert not isinstance(place, Unseen)
    slept: list[float] = []
    client = Client(Api(place, TOKEN, "GITHUB_TOKEN"), tries=2, sleep=slept.append)
    seen = Evidence(client).blockers(("x",))
    assert isinstance(seen, Unseen)
    assert seen.why.startswith("GitHub does not answer: ")
    assert len(slept) == 1


def test_the_run_may_last_longer_by_the_wait() -> None:
    """Whatever bounds it."""
    policy = Policy(deadline=100, forge=ForgeRules(wait=50))
    assert (policy.run_seconds(), policy.run_seconds(10)) == (150, 60)


@pytest.mark.parametrize(
    ("kind", "environ", "own"),
    [
        ("github", {"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "9", "RUNNER_NAME": "r"}, Own("9", runner="r")),
        ("github", {"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "9", "GITHUB_JOB": "gate"}, Own("9", "gate")),
        ("github", {"GITHUB_RUN_ID": "9"}, None),
        ("github", {"GITHUB_ACTIONS": "true", "GITEA_ACTIONS": "true", "GITHUB_RUN_ID": "9"}, None),
        (
            "gitea",
            {"GITHUB_ACTIONS": "true", "GITEA_ACTIONS": "true", "GITHUB_RUN_ID": "9", "GITHUB_RUN_NUMBER": "3"},
            Own("9", number="3"),
        ),
        ("gitlab", {"GITLAB_CI": "true", "CI_PIPELINE_ID": "5", "CI_JOB_ID": "6"}, Own("5", "6")),
        ("gitlab", {"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "9"}, None),
    ],
)
def test_the_own_job(kind: str, environ: Mapping[str, str], own: Own | None) -> None:
    """It is the one of the forge's own CI, and of no other."""
    assert own_job(FORGES[kind], environ) == own


def test_gitlab_is_not_asked_with_the_token_of_a_job() -> None:
    """Which may not see pipelines of a commit."""
    place = find_place({"GITLAB_CI": "true", "CI_PROJECT_PATH": "acme/shop"}, kind="gitlab")
    assert not isinstance(place, Unseen)
    assert for_reading(place).tokens == ("GITLAB_TOKEN",)


@pytest.mark.parametrize(
    ("rules", "environ", "why"),
    [
        (ForgeRules(), {}, "which forge hosts the project is unknown"),
        (ForgeRules("github", "http://forge.example/api", "acme/shop"), {}, "has to begin with https://"),
        (ForgeRules("github", repository="acme/shop", token="${MINE}"), {}, "MINE not set"),
    ],
    ids=["no forge", "plain HTTP", "a token that is not set"],
)
def test_what_has_to_be_known(repo: Repo, rules: ForgeRules, environ: dict[str, str], why: str) -> None:
    """Otherwise nothing is asked, and it says what to set."""
    seen = Observations(repo.path, "v1.0.0", Policy(forge=rules), variables=environ).evidence
    assert isinstance(seen, Unseen)
    assert why in seen.why
    assert seen.remedy


def test_the_release_branch(repo: Repo) -> None:
    """It is the one that HEAD is on; of a tag build, the first allowed one that contains it."""
    assert Observations(repo.path, "v1.0.0", Policy()).release_branch() == "main"
    repo.git("tag", "v1.0.0")
    repo.git("push", "--quiet", "origin", "v1.0.0")
    repo.git("checkout", "--quiet", "--detach")
    unknown = Observations(repo.path, "v1.0.0", Policy()).release_branch()
    assert isinstance(unknown, Unseen)
    tagged = Policy(git=type(Policy().git)(tag_mode="existing"))
    assert Observations(Path(repo.path), "v1.0.0", tagged).release_branch() == "main"
    nowhere = Policy(git=type(Policy().git)(("release/*",), tag_mode="existing"))
    lost = Observations(repo.path, "v1.0.0", nowhere).release_branch()
    assert isinstance(lost, Unseen)
    assert lost.why == "tag v1.0.0 is on no release branch"
