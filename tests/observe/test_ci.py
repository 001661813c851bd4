"""What each CI system says of a build is read from its own variables, and from no other's."""

import json
from pathlib import Path

import pytest

from release_sentinel.observe.ci import MARKS, Build, build, from_fork, withheld

COMMIT = "0123456789abcdef0123456789abcdef01234567"
# What marks the system, its name, and which variable holds the commit.
SYSTEMS = {
    "GITHUB_ACTIONS": ("GitHub Actions", "GITHUB_SHA"),
    "GITLAB_CI": ("GitLab CI", "CI_COMMIT_SHA"),
    "TF_BUILD": ("Azure Pipelines", "BUILD_SOURCEVERSION"),
    "BUILDKITE": ("Buildkite", "BUILDKITE_COMMIT"),
    "CIRCLECI": ("CircleCI", "CIRCLE_SHA1"),
    "BITBUCKET_BUILD_NUMBER": ("Bitbucket Pipelines", "BITBUCKET_COMMIT"),
    "TEAMCITY_VERSION": ("TeamCity", "BUILD_VCS_NUMBER"),
    "JENKINS_URL": ("Jenkins", "GIT_COMMIT"),
}
BRANCH_BUILDS = [
    ("GITHUB_ACTIONS", {"GITHUB_REF": "refs/heads/main", "GITHUB_EVENT_NAME": "push"}),
    ("GITLAB_CI", {"CI_COMMIT_BRANCH": "main", "CI_COMMIT_REF_NAME": "main"}),
    ("TF_BUILD", {"BUILD_SOURCEBRANCH": "refs/heads/main", "BUILD_REASON": "IndividualCI"}),
    ("BUILDKITE", {"BUILDKITE_BRANCH": "main", "BUILDKITE_PULL_REQUEST": "false"}),
    ("CIRCLECI", {"CIRCLE_BRANCH": "main", "CIRCLE_PULL_REQUEST": "https://github.com/o/r/pull/7"}),
    ("BITBUCKET_BUILD_NUMBER", {"BITBUCKET_BRANCH": "main"}),
    ("TEAMCITY_VERSION", {"TEAMCITY_BUILD_BRANCH": "main"}),
    ("TEAMCITY_VERSION", {"TEAMCITY_BUILD_BRANCH": "refs/heads/main"}),
    ("JENKINS_URL", {"BRANCH_NAME": "main"}),
    ("JENKINS_URL", {"GIT_BRANCH": "origin/main"}),
    ("JENKINS_URL", {"GIT_BRANCH": "refs/remotes/origin/main"}),
    ("JENKINS_URL", {"GIT_BRANCH": "upstream/main", "GIT_LOCAL_BRANCH": "main"}),
]
TAG_BUILDS = [
    ("GITHUB_ACTIONS", {"GITHUB_REF": "refs/tags/v1.0.0"}),
    ("GITLAB_CI", {"CI_COMMIT_TAG": "v1.0.0"}),
    ("TF_BUILD", {"BUILD_SOURCEBRANCH": "refs/tags/v1.0.0"}),
    ("BUILDKITE", {"BUILDKITE_TAG": "v1.0.0", "BUILDKITE_BRANCH": "v1.0.0"}),
    ("CIRCLECI", {"CIRCLE_TAG": "v1.0.0"}),
    ("BITBUCKET_BUILD_NUMBER", {"BITBUCKET_TAG": "v1.0.0"}),
    ("TEAMCITY_VERSION", {"TEAMCITY_BUILD_BRANCH": "refs/tags/v1.0.0"}),
    ("JENKINS_URL", {"TAG_NAME": "v1.0.0", "BRANCH_NAME": "v1.0.0"}),
]
PULL_REQUESTS = [
    ("GITHUB_ACTIONS", {"GITHUB_REF": "refs/pull/7/merge", "GITHUB_EVENT_NAME": "pull_request"}),
    ("GITHUB_ACTIONS", {"GITHUB_REF": "refs/heads/main", "GITHUB_EVENT_NAME": "pull_request_target"}),
    ("GITHUB_ACTIONS", {"GITHUB_REF": "refs/pull/7/merge", "GITHUB_EVENT_NAME": "issue_comment"}),
    ("GITLAB_CI", {"CI_MERGE_REQUEST_IID": "7"}),
    ("GITLAB_CI", {"CI_EXTERNAL_PULL_REQUEST_IID": "7", "CI_COMMIT_BRANCH": "main"}),
    ("TF_BUILD", {"BUILD_SOURCEBRANCH": "refs/pull/7/merge", "BUILD_REASON": "PullRequest"}),
    ("BUILDKITE", {"BUILDKITE_BRANCH": "main", "BUILDKITE_PULL_REQUEST": "7"}),
    ("CIRCLECI", {"CIRCLE_BRANCH": "pull/7"}),
    ("CIRCLECI", {"CIRCLE_BRANCH": "main", "CIRCLE_PR_NUMBER": "7"}),
    ("BITBUCKET_BUILD_NUMBER", {"BITBUCKET_BRANCH": "main", "BITBUCKET_PR_ID": "7"}),
    ("TEAMCITY_VERSION", {"TEAMCITY_BUILD_BRANCH": "refs/pull/7/head"}),
    ("JENKINS_URL", {"BRANCH_NAME": "PR-7", "CHANGE_ID": "7"}),
]


def describe(mark: str, variables: dict[str, str]) -> Build:
    """Return the build that the variables of one system describe."""
    described = build({mark: "true", SYSTEMS[mark][1]: COMMIT} | variables)
    assert described is not None
    return described


def ids(value: object) -> str:
    """Name a case by its system and its variables."""
    return value if isinstance(value, str) else "-".join(value) if isinstance(value, dict) else ""


@pytest.mark.parametrize(("mark", "variables"), BRANCH_BUILDS, ids=ids)
def test_branch_builds(mark: str, variables: dict[str, str]) -> None:
    """A build of a branch has its system, its commit and its branch."""
    assert describe(mark, variables) == Build(SYSTEMS[mark][0], COMMIT, branch="main")


@pytest.mark.parametrize(("mark", "variables"), TAG_BUILDS, ids=ids)
def test_tag_builds(mark: str, variables: dict[str, str]) -> None:
    """A build of a tag has the tag, and no branch."""
    assert describe(mark, variables) == Build(SYSTEMS[mark][0], COMMIT, tag="v1.0.0")


@pytest.mark.parametrize(("mark", "variables"), PULL_REQUESTS, ids=ids)
def test_pull_requests(mark: str, variables: dict[str, str]) -> None:
    """A build of a pull request is recognised as one, also where it names the target branch."""
    assert describe(mark, variables).pull_request


@pytest.mark.parametrize("name", ["main", "feature/pull/7", "refs/heads/x", "HEAD"])
def test_github_branch_names_are_kept_whole(name: str) -> None:
    """A branch name with slashes is kept whole."""
    assert describe("GITHUB_ACTIONS", {"GITHUB_REF": f"refs/heads/{name}"}).branch == name


def test_the_source_branch_of_a_pull_request_is_not_read() -> None:
    """The branch name that the author of a pull request chose is nowhere in the build."""
    described = describe("GITHUB_ACTIONS", {"GITHUB_REF": "refs/pull/7/merge", "GITHUB_HEAD_REF": "main"})
    assert (described.branch, described.tag) == ("", "")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["teamcity.build.vcs.branch.Shop_Git=refs/heads/main"], Build("TeamCity", COMMIT, branch="main")),
        (["teamcity.build.vcs.branch.Shop_Git=refs/tags/v1.0.0"], Build("TeamCity", COMMIT, tag="v1.0.0")),
        (
            ["teamcity.build.vcs.branch.Shop_Git=refs/heads/main", "teamcity.pullRequest.number=7"],
            Build("TeamCity", COMMIT, branch="main", pull_request=True),
        ),
        (["teamcity.build.vcs.branch.A=refs/heads/main", "teamcity.build.vcs.branch.B=refs/heads/x"], None),
        (["# teamcity.build.vcs.branch.A=refs/heads/main", ""], None),
    ],
    ids=["branch", "tag", "pull request", "two repositories", "nothing"],
)
def test_teamcity_writes_the_branch_to_a_file(tmp_path: Path, lines: list[str], expected: Build | None) -> None:
    """TeamCity's own variables name a file that names a file that names the branch."""
    (tmp_path / "configuration").write_text("\n".join(lines), encoding="utf-8")
    named = str(tmp_path / "configuration").replace("/", "\\/")
    (tmp_path / "build").write_text(f"teamcity.configuration.properties.file={named}\n", encoding="utf-8")
    described = describe("TEAMCITY_VERSION", {"TEAMCITY_BUILD_PROPERTIES_FILE": str(tmp_path / "build")})
    assert described == (expected or Build("TeamCity", COMMIT))


def test_teamcity_s_file_may_be_gone(tmp_path: Path) -> None:
    """A file that cannot be read names no branch."""
    variables = {"TEAMCITY_BUILD_PROPERTIES_FILE": str(tmp_path / "gone")}
    assert describe("TEAMCITY_VERSION", variables) == Build("TeamCity", COMMIT)


def test_jenkins_may_name_no_branch() -> None:
    """A freestyle job of a commit calls its branch `detached`, which is not a branch."""
    assert describe("JENKINS_URL", {"GIT_BRANCH": "detached"}) == Build("Jenkins", COMMIT)


@pytest.mark.parametrize(("commit", "of"), [(COMMIT, True), ("", False), (COMMIT[:12], False), ("HEAD", False)])
def test_a_build_is_of_one_commit(commit: str, *, of: bool) -> None:
    """Only a build that names exactly this commit is about it; a blank names none."""
    assert Build("Jenkins", commit).is_of(COMMIT) is of
    assert not Build("Jenkins", "").is_of("")


def test_outside_ci() -> None:
    """Without a system's mark there is no build, whatever else is set."""
    assert build({"GITHUB_REF": "refs/heads/main", "GITHUB_SHA": COMMIT, "GITHUB_ACTIONS": ""}) is None


def test_jenkins_comes_last() -> None:
    """An agent that inherits Jenkins' variable from its host is the other system's."""
    described = build({"JENKINS_URL": "http://ci", "GITLAB_CI": "true", "CI_COMMIT_BRANCH": "main"})
    assert described == Build("GitLab CI", branch="main")


def test_the_process_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an argument the variables of this process are read."""
    assert build() is None
    monkeypatch.setenv("CIRCLECI", "true")
    assert build() == Build("CircleCI")


def test_every_system_is_tested_here() -> None:
    """No system goes untested."""
    assert set(SYSTEMS) == set(MARKS)
    assert all(
        any(mark == named for named, _ in table)
        for mark in MARKS
        for table in (BRANCH_BUILDS, TAG_BUILDS, PULL_REQUESTS)
    )


PULL = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request"}


def event(tmp_path: Path, head: object) -> dict[str, str]:
    """Return the environment of a GitHub build of a pull request from `head`."""
    text = json.dumps({"pull_request": {"head": {"repo": head}, "base": {"repo": {"full_name": "acme/shop"}}}})
    (tmp_path / "event.json").write_text(text, encoding="utf-8")
    return {**PULL, "GITHUB_EVENT_PATH": str(tmp_path / "event.json")}


@pytest.mark.parametrize(
    ("head", "fork"), [({"full_name": "kim/shop"}, True), ({"full_name": "acme/shop"}, False), (None, True)]
)
def test_github_reports_a_fork(tmp_path: Path, head: object, *, fork: bool) -> None:
    """The event's repositories differ; a deleted fork has none."""
    assert from_fork(event(tmp_path, head)) is fork


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pull_request": 5}'])
def test_an_event_that_says_nothing(tmp_path: Path, text: str) -> None:
    """A push, or a truncated file, does not mean a fork."""
    (tmp_path / "event.json").write_text(text, encoding="utf-8")
    assert not from_fork({**PULL, "GITHUB_EVENT_PATH": str(tmp_path / "event.json")})
    assert not from_fork({**PULL, "GITHUB_EVENT_PATH": str(tmp_path / "none")})
    assert not from_fork({})


@pytest.mark.parametrize(("source", "fork"), [("kim/shop", True), ("acme/shop", False)])
def test_gitlab_reports_a_fork(source: str, *, fork: bool) -> None:
    """The merge request's source is another project."""
    names = {"CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": source, "CI_MERGE_REQUEST_PROJECT_PATH": "acme/shop"}
    assert from_fork(names) is fork


def test_why_secrets_may_be_withheld(tmp_path: Path) -> None:
    """Only for pull requests; a fork is named if CI reports it."""
    reason = "GitHub Actions withholds secrets from builds of a pull request"
    assert withheld(event(tmp_path, {"full_name": "kim/shop"})) == f"{reason} from a fork"
    assert withheld(PULL) == f"{reason} (if it is from a fork)"
    assert withheld({"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/heads/main"}) == withheld({}) == ""


RUNS = {
    "GITHUB_ACTIONS": (
        {
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": "acme/shop",
            "GITHUB_RUN_ID": "7",
            "GITHUB_ACTOR": "sam",
            "GITHUB_TRIGGERING_ACTOR": "kim",
        },
        "https://github.com/acme/shop/actions/runs/7",
        "kim",
    ),
    "GITLAB_CI": (
        {"CI_JOB_URL": "https://gitlab.com/acme/shop/-/jobs/7", "GITLAB_USER_LOGIN": "kim"},
        "https://gitlab.com/acme/shop/-/jobs/7",
        "kim",
    ),
    "TF_BUILD": (
        {
            "SYSTEM_COLLECTIONURI": "https://dev.azure.com/acme/",
            "SYSTEM_TEAMPROJECT": "shop",
            "BUILD_BUILDID": "7",
            "BUILD_REQUESTEDFOR": "Kim Doe",
        },
        "https://dev.azure.com/acme/shop/_build/results?buildId=7",
        "Kim Doe",
    ),
    "BUILDKITE": (
        {"BUILDKITE_BUILD_URL": "https://buildkite.com/acme/shop/builds/7", "BUILDKITE_BUILD_CREATOR": "Kim"},
        "https://buildkite.com/acme/shop/builds/7",
        "Kim",
    ),
    "CIRCLECI": (
        {"CIRCLE_BUILD_URL": "https://circleci.com/gh/acme/shop/7", "CIRCLE_USERNAME": "kim"},
        "https://circleci.com/gh/acme/shop/7",
        "kim",
    ),
    "BITBUCKET_BUILD_NUMBER": (
        {"BITBUCKET_GIT_HTTP_ORIGIN": "https://bitbucket.org/acme/shop", "BITBUCKET_BUILD_NUMBER": "7"},
        "https://bitbucket.org/acme/shop/pipelines/results/7",
        "",
    ),
    "TEAMCITY_VERSION": (
        {"BUILD_URL": "https://teamcity.example.com/build/7"},
        "https://teamcity.example.com/build/7",
        "",
    ),
    "JENKINS_URL": (
        {"BUILD_URL": "https://jenkins.example.com/job/shop/7/", "BUILD_USER_ID": "kim"},
        "https://jenkins.example.com/job/shop/7",
        "kim",
    ),
}


@pytest.mark.parametrize("mark", SYSTEMS)
def test_a_build_has_an_address(mark: str) -> None:
    """The report links to the build, and names who started it."""
    variables, url, actor = RUNS[mark]
    described = describe(mark, variables)
    assert (described.url, described.actor) == (url, actor)


@pytest.mark.parametrize("mark", SYSTEMS)
def test_half_an_address_is_left_out(mark: str) -> None:
    """If a system leaves out a part of the address, the part is not guessed."""
    variables, _, _ = RUNS[mark]
    *_, needed = [name for name, value in variables.items() if value not in {"kim", "sam", "Kim", "Kim Doe"}]
    assert describe(mark, {**variables, needed: ""} if needed != mark else {}).url == ""
