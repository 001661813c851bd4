"""What each CI system says of a build is read from its own variables, and from no other's."""

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from release_sentinel.observe.ci import MARKS, PROVIDERS, Build, build, from_fork, is_ci, is_merge_queue, withheld
from tests.observe import ci_cases as cases
from tests.observe.ci_cases import COMMIT, OTHER, Case, Run, Variables, environ


def describe(case: Case) -> Build:
    """Return the build that the variables of one system describe."""
    described = build(environ(*case))
    assert described is not None
    assert described.checks_out == ("master" if case[0] == "Google Cloud Build" else "")
    return replace(described, checks_out="")


def ids(value: object) -> str | None:
    """Name a case by its system and its variables."""
    return "-".join((value[0], *value[1])) if isinstance(value, tuple) else None


def each(table: list[Case]) -> pytest.MarkDecorator:
    """Run a test for each case of a table."""
    return pytest.mark.parametrize("case", table, ids=ids)


@each(cases.BRANCH_BUILDS)
def test_branch_builds(case: Case) -> None:
    """A build of a branch has its system, its commit and its branch; it is no request and no queue."""
    assert describe(case) == Build(case[0], COMMIT, branch="main")


@each(cases.TAG_BUILDS)
def test_tag_builds(case: Case) -> None:
    """A build of a tag has the tag, and no branch."""
    assert describe(case) == Build(case[0], COMMIT, tag="v1.0.0")


@each(cases.PULL_REQUESTS)
def test_pull_requests(case: Case) -> None:
    """A pull request has its target, and neither a branch nor a tag: the name that its author chose is nowhere."""
    assert describe(case) == Build(case[0], COMMIT, pull_request=True, target="main")


@each(cases.PULL_REQUESTS_INTO_UNKNOWN)
def test_pull_requests_without_a_target(case: Case) -> None:
    """A pull request is recognised as one, also where no variable names its target."""
    assert describe(case) == Build(case[0], COMMIT, pull_request=True)


@each(cases.NAMELESS)
def test_builds_of_neither_a_branch_nor_a_tag(case: Case) -> None:
    """What is not named is not guessed."""
    assert describe(case) == Build(case[0], COMMIT)


@each(cases.QUEUES)
def test_merge_queues(case: Case) -> None:
    """A merge queue is recognised in every system, with the branch that it would merge into."""
    described = describe(case)
    assert described.merge_queue
    assert described.target == "release/1.x"


@each([case for table in (cases.BRANCH_BUILDS, cases.TAG_BUILDS, cases.PULL_REQUESTS) for case in table])
def test_a_build_of_no_known_commit(case: Case) -> None:
    """Where the system does not name the commit, none is made up."""
    provider, variables = case
    kept = {name: value for name, value in environ(*case).items() if value not in {COMMIT, f"main:{COMMIT}"}}
    described = build(kept)
    assert described is not None
    assert (described.provider, described.commit) == (provider, "")
    assert variables.items() >= {name: kept[name] for name in variables if name in kept}.items()
    assert not described.is_of(COMMIT)


@each(cases.COMMITS)
def test_the_commit_may_be_elsewhere(case: Case) -> None:
    """Some systems have more than one variable for it."""
    described = build(cases.SYSTEMS[case[0]].marks | case[1])
    assert described is not None
    assert described.commit == COMMIT


def test_several_materials_name_several_commits() -> None:
    """GoCD does not say which of its materials is this clone."""
    assert describe(("GoCD", {"GO_REVISION_OTHER": OTHER})).commit == ""


@each(cases.MARKS)
def test_other_marks(case: Case) -> None:
    """Some systems are recognised by more than one variable."""
    described = build(case[1])
    assert described is not None
    assert described.provider == case[0]


@pytest.mark.parametrize("variables", cases.LOOK_ALIKES, ids="-".join)
def test_outside_ci(variables: Variables) -> None:
    """Without a system's mark there is no build, whatever else is set."""
    assert build(variables) is None
    assert withheld(variables) == ""


@each(cases.BRANCH_BUILDS + cases.TAG_BUILDS + cases.PULL_REQUESTS + cases.MARKS)
def test_the_marks_are_those_of_ci(case: Case) -> None:
    """Where they are taken away, no system is left."""
    assert build({name: value for name, value in environ(*case).items() if name not in MARKS}) is None


@each([case for case in cases.BRANCH_BUILDS if not set(case[1]) & set(cases.SYSTEMS["Jenkins"].marks)])
def test_jenkins_may_host_the_agent_of_another_system(case: Case) -> None:
    """An agent that inherits Jenkins' variables from its host is the other system's."""
    host = {"JENKINS_URL": "https://ci", "GIT_COMMIT": OTHER, "GIT_BRANCH": "origin/x", "BUILD_ID": "7"}
    described = build(host | environ(*case))
    assert described is not None
    assert described.provider == ("Jenkins" if case[0] == "Google Cloud Build" else case[0])


@pytest.mark.parametrize(
    ("variables", "provider"),
    [
        ({"FORGEJO_ACTIONS": "true", "GITEA_ACTIONS": "true", "GITHUB_ACTIONS": "true"}, "Forgejo Actions"),
        ({"GITEA_ACTIONS": "true", "GITHUB_ACTIONS": "true"}, "Gitea Actions"),
        ({"CI": "woodpecker", "DRONE": "true"}, "Woodpecker"),
        ({"CODEBUILD_BUILD_ID": "shop:7", "GITHUB_ACTIONS": "true"}, "GitHub Actions"),
        ({"CODEBUILD_BUILD_ID": "shop:7", "GITLAB_CI": "true", "CI": "true"}, "GitLab CI"),
        ({"CODEBUILD_BUILD_ID": "shop:7", "BUILDKITE": "true"}, "Buildkite"),
        ({"JENKINS_URL": "https://ci", "PROJECT_ID": "shop", "BUILD_ID": "7", "COMMIT_SHA": COMMIT}, "Jenkins"),
        ({"PROW_JOB_ID": "7", "JENKINS_URL": "https://ci", "PROJECT_ID": "a", "BUILD_ID": "7"}, "Prow"),
    ],
)
def test_systems_within_systems(variables: Variables, provider: str) -> None:
    """The one that took over another's variables, or that runs on the other, is recognised."""
    described = build(variables)
    assert described is not None
    assert described.provider == provider


@pytest.mark.parametrize("name", ["main", "feature/pull/7", "refs/heads/x", "HEAD", "upstream/main"])
def test_github_branch_names_are_kept_whole(name: str) -> None:
    """A branch name with slashes is kept whole, also beside a remote of the name before its slash."""
    described = describe(("GitHub Actions", {"GITHUB_REF": f"refs/heads/{name}"}))
    assert (described.branch, "") == described.branch_on(["feature", "refs", "upstream"]) == (name, "")


@pytest.mark.parametrize("head", ["main", "refs/heads/main"])
def test_the_source_branch_of_a_pull_request_is_not_read(head: str) -> None:
    """The branch name that the author of a pull request chose is nowhere in the build."""
    described = describe(("GitHub Actions", {"GITHUB_REF": "refs/pull/7/merge", "GITHUB_HEAD_REF": head}))
    assert described == Build("GitHub Actions", COMMIT, pull_request=True)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["teamcity.build.vcs.branch.Shop_Git=refs/heads/main"], Build("TeamCity", COMMIT, branch="main")),
        (["teamcity.build.vcs.branch.Shop_Git=refs/tags/v1.0.0"], Build("TeamCity", COMMIT, tag="v1.0.0")),
        (
            [
                "teamcity.build.vcs.branch.Shop_Git=refs/heads/feature",
                "teamcity.pullRequest.number=7",
                "teamcity.pullRequest.target.branch=refs/heads/main",
            ],
            Build("TeamCity", COMMIT, pull_request=True, target="main"),
        ),
        (["teamcity.build.vcs.branch.A=refs/heads/main", "teamcity.build.vcs.branch.B=refs/heads/x"], None),
        (["# teamcity.build.vcs.branch.A=refs/heads/main", ""], None),
    ],
    ids=["branch", "tag", "pull request", "two repositories", "nothing"],
)
@pytest.mark.parametrize("passed_on", ["", "<default>"])
def test_teamcity_writes_the_branch_to_a_file(
    tmp_path: Path, lines: list[str], expected: Build | None, passed_on: str
) -> None:
    """TeamCity's own variables name a file that names a file that names the branch."""
    (tmp_path / "configuration").write_text("\n".join(lines), encoding="utf-8")
    named = str(tmp_path / "configuration").replace("/", "\\/")
    (tmp_path / "build").write_text(f"teamcity.configuration.properties.file={named}\n", encoding="utf-8")
    files = {"TEAMCITY_BUILD_PROPERTIES_FILE": str(tmp_path / "build"), "TEAMCITY_BUILD_BRANCH": passed_on}
    assert describe(("TeamCity", files)) == (expected or Build("TeamCity", COMMIT))


def test_teamcity_s_file_may_be_gone(tmp_path: Path) -> None:
    """A file that cannot be read names no branch."""
    gone = {"TEAMCITY_BUILD_PROPERTIES_FILE": str(tmp_path / "gone")}
    assert describe(("TeamCity", gone)) == Build("TeamCity", COMMIT)


@pytest.mark.parametrize(
    ("git_branch", "remotes", "branch"),
    [
        ("upstream/main", {"upstream"}, "main"),
        ("refs/remotes/upstream/release/1.x", {"upstream"}, "release/1.x"),
        ("team/fork/main", {"team", "team/fork"}, "main"),
        ("upstream/main", {"origin"}, "upstream/main"),
        ("upstream/main", set(), "upstream/main"),
        ("upstream/main", {"up", "upstream/main"}, "upstream/main"),
        ("origin/upstream/main", {"origin", "upstream"}, "upstream/main"),
        ("refs/heads/upstream/main", {"upstream"}, "upstream/main"),
        ("origin/main", {"upstream"}, "main"),
        ("main", {"main", "origin"}, "main"),
    ],
)
def test_jenkins_puts_a_remote_s_name_first(git_branch: str, remotes: set[str], branch: str) -> None:
    """Only the name of a remote of this clone is taken off, and only where Jenkins may have put one."""
    assert describe(("Jenkins", {"GIT_BRANCH": git_branch})).branch_on(remotes)[0] == branch


@pytest.mark.parametrize("variable", ["BRANCH_NAME", "GIT_LOCAL_BRANCH"])
def test_jenkins_says_some_names_without_a_remote(variable: str) -> None:
    """A multibranch project, or a local branch: the name is the branch's own."""
    described = describe(("Jenkins", {variable: "upstream/main", "GIT_BRANCH": "upstream/upstream/main"}))
    assert described.branch_on({"upstream"}) == ("upstream/main", "")


@pytest.mark.parametrize(
    ("commit", "of"), [(COMMIT, True), ("HEAD", True), ("", False), (COMMIT[:12], False), (OTHER, False)]
)
def test_a_build_is_of_one_commit(commit: str, *, of: bool) -> None:
    """Only a build that names exactly this commit, or what is checked out, is about it; a blank names none."""
    assert Build("Jenkins", commit).is_of(COMMIT) is of
    assert not Build("Jenkins", commit).is_of("")


@pytest.mark.parametrize(
    ("provider", "branch"), [("Buildkite", "BUILDKITE_BRANCH"), ("Semaphore", "SEMAPHORE_GIT_BRANCH")]
)
def test_a_scheduled_build_names_no_commit(provider: str, branch: str) -> None:
    """`HEAD` is the branch's newest commit, which is checked out."""
    described = describe((provider, {branch: "main", cases.SYSTEMS[provider].commit: "HEAD"}))
    assert described.is_of(COMMIT)
    assert described.branch == "main"


@pytest.mark.parametrize(
    "name",
    [
        "gh-readonly-queue/main/pr-7-0123456789abcdef",
        "gh-readonly-queue/release/1.x/pr-7-0123456789abcdef",
        "origin/gh-readonly-queue/main/pr-7-0123456789abcdef",
        "refs/heads/gh-readonly-queue/main/pr-7-0123456789abcdef",
        "mergify/merge-queue/0123456789",
        "trunk-merge/pr-7/0123456789",
        "gtmq_1_spec_0123456789",
        "mq-bot-main-7",
        "mq-tmp-main-7",
        "refs/merge-requests/7/train",
    ],
)
def test_branches_of_merge_queues(name: str) -> None:
    """Whoever checked it out, with or without CI."""
    assert is_merge_queue(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "main",
        "gh-readonly-queue",
        "docs/gh-readonly-queue",
        "gh-readonly-queue-docs/x",
        "merge-requests/7/head",
        "gtmq",
        "mq",
    ],
)
def test_branches_that_look_like_those_of_a_queue(name: str) -> None:
    """A name that only resembles one is a branch like any other."""
    assert not is_merge_queue(name)


def test_the_process_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an argument the variables of this process are read."""
    assert build() is None
    monkeypatch.setenv("CIRCLECI", "true")
    assert build() == Build("CircleCI")


def test_every_system_is_tested_here() -> None:
    """No system goes untested."""
    assert set(cases.SYSTEMS) == set(PROVIDERS)
    for table in (cases.BRANCH_BUILDS, cases.TAG_BUILDS, cases.PULL_REQUESTS + cases.PULL_REQUESTS_INTO_UNKNOWN):
        without = cases.WITHOUT_TAGS if table is cases.TAG_BUILDS else set()
        assert {provider for provider, _ in table} == set(PROVIDERS) - without
    marks = [*(variables for variables, _ in cases.SYSTEMS.values()), *(variables for _, variables in cases.MARKS)]
    assert {name for variables in marks for name in variables} >= MARKS


ACTIONS = ["GitHub Actions", "Gitea Actions", "Forgejo Actions"]
EVENT = "pull_request"


def closed(tmp_path: Path, event: object, **variables: str) -> Variables:
    """Return the variables of a pull request's event, once the request is closed."""
    (tmp_path / "event.json").write_text(json.dumps(event), encoding="utf-8")
    path = str(tmp_path / "event.json")
    base = {"GITHUB_REF": "refs/heads/main", "GITHUB_EVENT_NAME": EVENT, "GITHUB_BASE_REF": "main"}
    return {**base, "GITHUB_EVENT_PATH": path, **variables}


def request(*, merged: object = True, base: str = "main", action: str = "closed") -> dict[str, object]:
    """Return the event of a pull request."""
    return {"action": action, EVENT: {"merged": merged, "base": {"ref": base}}}


@pytest.mark.parametrize("provider", ACTIONS)
def test_a_merged_pull_request(tmp_path: Path, provider: str) -> None:
    """Its workflow runs on the base branch, at the branch's commit."""
    for name in ("pull_request", "pull_request_target"):
        merged = {**closed(tmp_path, request()), "GITHUB_EVENT_NAME": name}
        assert describe((provider, merged)) == Build(provider, COMMIT, branch="main")


@pytest.mark.parametrize(
    ("event", "variables"),
    [
        (request(merged=False), {}),
        (request(merged=None), {}),
        (request(merged="true"), {}),
        (request(action="labeled"), {}),
        (request(base="next"), {}),
        (request(merged=False), {"GITHUB_EVENT_NAME": "pull_request_target"}),
        (request(), {"GITHUB_EVENT_NAME": "pull_request_review"}),
        (request(), {"GITHUB_REF": "refs/pull/7/merge"}),
        (request(), {"GITHUB_EVENT_PATH": "gone"}),
        ([], {}),
        ({"action": "closed", EVENT: 5}, {}),
    ],
)
def test_a_pull_request_that_is_not_merged(tmp_path: Path, event: object, variables: Variables) -> None:
    """Closed without merging, merged elsewhere, another event, or an event that cannot be read: a pull request."""
    described = describe(("GitHub Actions", closed(tmp_path, event, **variables)))
    assert described == Build("GitHub Actions", COMMIT, pull_request=True, target="main")


PULL = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request"}


def event(tmp_path: Path, head: object) -> dict[str, str]:
    """Return the environment of a GitHub build of a pull request from `head`."""
    text = json.dumps({"pull_request": {"head": {"repo": head}, "base": {"repo": {"full_name": "acme/shop"}}}})
    (tmp_path / "event.json").write_text(text, encoding="utf-8")
    return {**PULL, "GITHUB_EVENT_PATH": str(tmp_path / "event.json")}


@pytest.mark.parametrize(
    ("head", "fork"), [({"full_name": "kim/shop"}, True), ({"full_name": "acme/shop"}, False), (None, True)]
)
@pytest.mark.parametrize("mark", ["GITEA_ACTIONS", "FORGEJO_ACTIONS", "GITHUB_ACTIONS"])
def test_github_reports_a_fork(tmp_path: Path, head: object, mark: str, *, fork: bool) -> None:
    """The event's repositories differ; a deleted fork has none."""
    assert from_fork({**event(tmp_path, head), mark: "true"}) is fork


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pull_request": 5}'])
def test_an_event_that_says_nothing(tmp_path: Path, text: str) -> None:
    """A push, or a truncated file, does not mean a fork."""
    (tmp_path / "event.json").write_text(text, encoding="utf-8")
    assert not from_fork({**PULL, "GITHUB_EVENT_PATH": str(tmp_path / "event.json")})
    assert not from_fork({**PULL, "GITHUB_EVENT_PATH": str(tmp_path / "none")})
    assert not from_fork({})


@each(cases.FORKS)
def test_forks(case: Case) -> None:
    """A pull request from another repository is told, where the system tells it."""
    assert from_fork(environ(*case))


@each(cases.NO_FORKS)
def test_what_is_no_fork(case: Case) -> None:
    """One of the same repository, by whatever address, and one that nothing is known about."""
    assert not from_fork(environ(*case))


def test_why_secrets_are_withheld(tmp_path: Path) -> None:
    """Only from pull requests, and only a fork's or Dependabot's; GitHub's `pull_request_target` has its secrets."""
    reason = "GitHub Actions withholds secrets from builds of a pull request"
    fork = event(tmp_path, {"full_name": "kim/shop"})
    assert withheld(fork) == f"{reason} from a fork"
    assert withheld({**fork, "GITHUB_EVENT_NAME": "pull_request_target"}) == ""
    assert withheld(PULL) == ""
    dependabot = {**PULL, "GITHUB_ACTOR": "dependabot[bot]", "GITHUB_TRIGGERING_ACTOR": "kim"}
    assert withheld(dependabot) == f"{reason} by Dependabot"
    assert withheld({**dependabot, "GITHUB_ACTOR": "renovate[bot]"}) == ""
    assert withheld({"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/heads/main"}) == withheld({}) == ""
    fork = {"TRAVIS": "true", "TRAVIS_PULL_REQUEST": "7", "TRAVIS_SECURE_ENV_VARS": "false"}
    assert withheld(fork) == "Travis CI withholds secrets from builds of a pull request from a fork"


@pytest.mark.parametrize(("provider", "run"), cases.RUNS)
def test_a_build_has_an_address(provider: str, run: Run) -> None:
    """The report links to the build, and names who started it."""
    described = describe((provider, run.variables))
    assert (described.url, described.actor) == (run.url, run.actor)


def test_every_address_is_tested_here() -> None:
    """Prow has none."""
    assert {provider for provider, _ in cases.RUNS} == set(PROVIDERS) - {"Prow"}


@pytest.mark.parametrize(("provider", "run"), cases.RUNS)
def test_half_an_address_is_left_out(provider: str, run: Run) -> None:
    """If a system leaves out a part of the address, the part is not guessed."""
    people = {"kim", "sam", "Kim", "Kim Doe", "@hook", "auto-promotion"}
    for needed in [name for name, value in run.variables.items() if value not in people]:
        assert describe((provider, {**run.variables, needed: ""})).url == ""


@pytest.mark.parametrize("nobody", ["changes", "timer", "anonymous"])
def test_what_starts_a_build_without_a_person(nobody: str) -> None:
    """GoCD names a reason in the place of a person."""
    assert describe(("GoCD", {"GO_TRIGGER_USER": nobody})).actor == ""


def test_the_signs_of_ci() -> None:
    """Those of a system that is not recognised, too; `CI=false` denies them."""
    for signs in (
        {"CI": "true"},
        {"CI": "1"},
        {"BUILD_NUMBER": "7"},
        {"CONTINUOUS_INTEGRATION": "True"},
        {"DRONE": "true"},
    ):
        assert is_ci(signs)
        assert signs.keys() == {"DRONE"} or build(signs) is None
    for none in ({}, {"CI": "false"}, {"CI": ""}, {"CI": "0"}, {"CI": "false", "BUILD_NUMBER": "7"}, {"CIRCUS": "1"}):
        assert not is_ci(none)
