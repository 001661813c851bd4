"""Releases come from a release branch; the branch that CI names counts only for the judged commit."""

from pathlib import Path

import pytest

from release_sentinel.checks.branch import branch_of, check_branch
from release_sentinel.checks.result import CRIT, OK, UNKNOWN, CheckResult
from release_sentinel.config.kinds import TagMode
from release_sentinel.config.model import GitRules, Policy
from release_sentinel.observe import Unseen, ci, git
from release_sentinel.observe.ci import Build
from release_sentinel.observe.git import BranchName, Repository
from release_sentinel.plugin.observations import Observations
from tests.conftest import Repo
from tests.observe.parts import clone

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER = "f" * 40
ALLOWED = ("main", "master")
# How each system names the branch main and the commit of a build.
SYSTEMS = {
    "GitHub Actions": {"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/heads/main", "GITHUB_SHA": COMMIT},
    "GitLab CI": {"GITLAB_CI": "true", "CI_COMMIT_BRANCH": "main", "CI_COMMIT_SHA": COMMIT},
    "Azure Pipelines": {"TF_BUILD": "True", "BUILD_SOURCEBRANCH": "refs/heads/main", "BUILD_SOURCEVERSION": COMMIT},
    "Buildkite": {"BUILDKITE": "true", "BUILDKITE_BRANCH": "main", "BUILDKITE_COMMIT": COMMIT},
    "CircleCI": {"CIRCLECI": "true", "CIRCLE_BRANCH": "main", "CIRCLE_SHA1": COMMIT},
    "Bitbucket Pipelines": {"BITBUCKET_BUILD_NUMBER": "7", "BITBUCKET_BRANCH": "main", "BITBUCKET_COMMIT": COMMIT},
    "TeamCity": {"TEAMCITY_VERSION": "2026", "TEAMCITY_BUILD_BRANCH": "main", "BUILD_VCS_NUMBER": COMMIT},
    "Jenkins": {"JENKINS_URL": "http://ci", "GIT_BRANCH": "origin/main", "GIT_COMMIT": COMMIT},
}


def on(branch: str, *, shallow: bool = False) -> Repository:
    """Return the record of a clean repository; a blank branch is a detached HEAD."""
    return Repository(Path("/shop"), COMMIT, branch, "", shallow=shallow, changes=())


def judge(
    repo: Repo,
    build: Build | None = None,
    allowed: tuple[str, ...] = ALLOWED,
    mode: TagMode = "auto",
    claimed: str = "",
) -> CheckResult:
    """Judge a real repository, as the gate does."""
    rules = GitRules(branches=allowed, tag_mode=mode)
    seen = Observations(repo.path, "v1.0.0", Policy(git=rules), build=build, claimed=claimed, bound=60)
    return check_branch(
        seen.repository,
        allowed,
        build,
        mode=mode,
        containing=seen.branches_containing_head,
        standing=seen.standing,
        claimed=claimed,
        remotes=seen.remotes,
    )


def at_head(repo: Repo) -> str:
    """Return what a message says of HEAD where it is the branch's head on the remote."""
    return f"and at its head in origin ({repo.path.with_name('origin.git')})"


def test_a_release_branch(repo: Repo) -> None:
    """HEAD on an allowed branch passes, and the message says where the name comes from."""
    result = judge(repo)
    assert (result.status, result.message) == (OK, f"on branch main, according to HEAD, {at_head(repo)}")


def test_another_branch(repo: Repo) -> None:
    """HEAD on another branch fails; the message names it and the allowed ones, the remedy how to switch to one."""
    repo.git("checkout", "--quiet", "-b", "feature")
    result = judge(repo)
    assert result.status is CRIT
    assert (
        result.message == "Releases blocked from branch: feature (according to HEAD); releases come from main, master"
    )
    assert result.remedy == "git switch main, or name the branch in RS_BRANCHES"


@pytest.mark.parametrize(
    ("branch", "pattern", "passes"),
    [
        ("release/1.0", "release/*", True),
        ("hotfix-7", "hotfix-[0-9]", True),
        ("main", "ma?n", True),
        ("main", "main", True),
        ("Main", "main", False),
        ("main2", "main", False),
        ("feature/main", "main", False),
        ("main/feature", "main", False),
        ("prerelease/1.0", "release/*", False),
        ("release", "release/*", False),
        ("main\nx", "main", False),
        ("origin/main", "main", False),
    ],
)
def test_patterns(branch: str, pattern: str, *, passes: bool) -> None:
    """A pattern is a glob over the whole name, and case counts."""
    assert check_branch(on(branch), (pattern,)).status is (OK if passes else CRIT)


@pytest.mark.parametrize(("allowed", "named"), [(("release/*", "main"), "main"), (("release/*", "v?"), "BRANCH")])
def test_the_remedy_names_an_existing_branch(allowed: tuple[str, ...], named: str) -> None:
    """A pattern is not a branch to switch to."""
    remedy = check_branch(on("feature"), allowed).remedy
    assert remedy == f"git switch {named}, or name the branch in RS_BRANCHES"


def test_ci_does_not_overrule_head() -> None:
    """A checked-out branch counts, whatever CI calls it."""
    result = check_branch(on("feature"), ALLOWED, Build("GitHub Actions", COMMIT, "main"))
    assert result.status is CRIT
    assert "feature (according to HEAD)" in result.message


def test_detached_outside_ci(repo: Repo) -> None:
    """A detached HEAD outside CI is not on a branch, even if main has the commit."""
    repo.git("checkout", "--quiet", "--detach")
    result = judge(repo)
    assert result.status is CRIT
    assert result.message == f"HEAD is detached at {repo.head[:12]}, not on a branch; releases come from main, master"
    assert result.remedy == (
        "git switch to a release branch; where CI builds one, name it with --gate-branch NAME, and where it builds "
        "the version's tag, say so with --gate-tag-mode existing"
    )


@pytest.mark.parametrize("system", SYSTEMS)
def test_detached_in_ci(repo: Repo, system: str) -> None:
    """CI names the branch of a detached HEAD, if it builds that commit; the message names the CI system."""
    repo.git("checkout", "--quiet", "--detach")
    head = {name: repo.head if value == COMMIT else value for name, value in SYSTEMS[system].items()}
    result = judge(repo, ci.build(head))
    assert (result.status, result.message) == (OK, f"on branch main, according to {system}, {at_head(repo)}")


@pytest.mark.parametrize("system", SYSTEMS)
def test_detached_at_another_commit_than_ci_builds(repo: Repo, system: str) -> None:
    """What CI says about another commit does not count."""
    repo.git("checkout", "--quiet", "--detach")
    result = judge(repo, ci.build(SYSTEMS[system]))
    assert result.status is UNKNOWN
    assert f"and {system} builds commit {COMMIT[:12]}" in result.message
    assert result.remedy == (
        "check out the commit that CI builds, or name the branch of this one with --gate-branch NAME"
    )


@pytest.mark.parametrize("commit", ["", COMMIT[:12], COMMIT.upper()], ids=["blank", "short", "upper-case"])
def test_a_commit_must_be_exactly_the_same(commit: str) -> None:
    """A blank or shortened commit of CI does not match HEAD."""
    assert check_branch(on(""), ALLOWED, Build("Jenkins", commit, "main")).status is UNKNOWN


def test_ci_that_names_no_commit() -> None:
    """It may build another commit; the message says what is missing, and the remedy how to pass it on."""
    result = check_branch(on(""), ALLOWED, Build("Jenkins", "", "main"))
    assert result.message == f"HEAD is detached at {COMMIT[:12]}, and Jenkins does not say which commit it builds"
    assert "GIT_COMMIT" in result.remedy


def test_ci_that_names_no_branch() -> None:
    """Where CI builds this commit and names no branch, the message says that, and not another commit."""
    result = check_branch(on(""), ALLOWED, Build("Jenkins", COMMIT))
    assert result.status is UNKNOWN
    assert result.message == f"HEAD is detached at {COMMIT[:12]}, and Jenkins names neither its branch nor its tag"
    assert result.remedy == (
        "run the gate in a build of a branch or a tag; or name the branch with --gate-branch NAME, and where the "
        "version's tag is built, say so with --gate-tag-mode existing"
    )


def test_ci_on_another_branch() -> None:
    """A branch that CI names has to be on the same list."""
    result = check_branch(on(""), ALLOWED, Build("GitLab CI", COMMIT, "feature"))
    assert result.status is CRIT
    assert result.message.startswith("Releases blocked from branch: feature (according to GitLab CI)")


@pytest.mark.parametrize("branch", ["", "main"], ids=["detached", "on-main"])
def test_a_pull_request(branch: str) -> None:
    """A pull request's build is refused, also where it has the target branch checked out."""
    result = check_branch(on(branch), ALLOWED, Build("GitHub Actions", COMMIT, "main", pull_request=True))
    assert result.status is CRIT
    assert result.message.startswith("Releases blocked from a pull request: GitHub Actions builds a merge")
    assert result.remedy == "merge it, and release from the branch"


def tagged(repo: Repo, tag: str = "v1.0.0") -> Build:
    """Tag HEAD, push the tag, check it out, and return its build."""
    repo.git("tag", tag)
    repo.git("push", "--quiet", "origin", f"refs/tags/{tag}")
    repo.git("checkout", "--quiet", "--detach")
    return Build("GitHub Actions", repo.head, tag=tag)


def test_a_tag_on_main(repo: Repo) -> None:
    """A tag's commit that main contains passes, also when main has moved on."""
    build = tagged(repo)
    repo.git("checkout", "--quiet", "main")
    repo.commit("later.py")
    repo.git("checkout", "--quiet", "--detach", "v1.0.0")
    result = judge(repo, build)
    assert (result.status, result.message) == (OK, "tag v1.0.0 is on branch main")


def test_a_tag_on_another_branch(repo: Repo) -> None:
    """A tag's commit that only another branch contains fails, and the message names that branch."""
    repo.git("checkout", "--quiet", "-b", "feature")
    repo.commit("feature.py")
    result = judge(repo, tagged(repo))
    assert (result.status, result.message) == (
        CRIT,
        "tag v1.0.0 is not on a release branch (main, master), but on feature",
    )
    assert result.remedy == "merge the commit into a release branch, and tag it there"


def test_a_tag_on_several_other_branches() -> None:
    """Each of them is named."""
    build, branches = Build("GitHub Actions", COMMIT, tag="v1.0.0"), git.Branches(("feature", "fix"))
    result = check_branch(on(""), ALLOWED, build, containing=lambda: branches)
    assert result.message == "tag v1.0.0 is not on a release branch (main, master), but on feature, fix"


def test_branches_whose_commits_this_clone_lacks() -> None:
    """Each of them may have the tag; the remedy fetches one."""
    build, branches = Build("GitHub Actions", COMMIT, tag="v1.0.0"), git.Branches((), ("main", "master"))
    result = check_branch(on(""), ALLOWED, build, containing=lambda: branches)
    assert (result.status, result.message) == (
        UNKNOWN,
        "tag v1.0.0 may be on main, master, whose commits this clone lacks",
    )
    assert result.remedy.startswith("git fetch origin main, ")


def test_a_tag_on_no_branch(repo: Repo) -> None:
    """A tag's commit that no branch contains fails."""
    repo.git("checkout", "--quiet", "--detach")
    repo.commit("loose.py")
    result = judge(repo, tagged(repo))
    assert result.status is CRIT
    assert result.message.endswith("nor on any other")


def test_a_branch_named_like_the_tag(repo: Repo) -> None:
    """The tag's own name does not make it a branch."""
    repo.git("checkout", "--quiet", "--detach")
    repo.commit("loose.py")
    assert judge(repo, tagged(repo, "main")).status is CRIT


@pytest.fixture
def shallow(repo: Repo, tmp_path: Path) -> Repo:
    """A clone of only the tag v1.0.0, as CI makes it; main has moved on since."""
    tagged(repo)
    repo.git("checkout", "--quiet", "main")
    repo.commit("later.py")
    repo.git("push", "--quiet", "origin", "main")
    return clone(tmp_path / "origin.git", tmp_path / "clone", "--depth=1", "--branch=v1.0.0")


def test_a_tag_in_a_shallow_clone(shallow: Repo) -> None:
    """In a shallow clone it is unknown whether main contains the tag; the remedy is how CI fetches the history."""
    result = judge(shallow, Build("GitHub Actions", shallow.head, tag="v1.0.0"))
    assert result.status is UNKNOWN
    assert result.message == "this clone is shallow, and may lack the history between tag v1.0.0 and main or master"
    assert "`fetch-depth: 0`" in result.remedy


def test_the_remedy_of_a_shallow_clone(shallow: Repo) -> None:
    """With the history fetched, as the remedy says, the tag is on main."""
    shallow.git("fetch", "--quiet", "--unshallow", "origin", "+refs/heads/*:refs/remotes/origin/*")
    assert judge(shallow, Build("GitHub Actions", shallow.head, tag="v1.0.0")).status is OK


def test_a_tag_at_the_head_of_main_in_a_shallow_clone(repo: Repo, tmp_path: Path) -> None:
    """A shallow clone of a tag that is main's head on the remote is on main."""
    build = tagged(repo)
    fresh = clone(tmp_path / "origin.git", tmp_path / "clone", "--depth=1", "--branch=v1.0.0")
    result = judge(fresh, build)
    assert (result.status, result.message) == (OK, "tag v1.0.0 is on branch main")


def test_a_tag_build_of_another_commit(repo: Repo) -> None:
    """A tag build whose commit is not HEAD says nothing about HEAD's branch."""
    tagged(repo)
    assert judge(repo, Build("GitHub Actions", OTHER, tag="v1.0.0")).status is UNKNOWN


def test_branches_that_cannot_be_determined() -> None:
    """If Git does not answer, the tag's branches are unknown."""
    build = Build("GitHub Actions", COMMIT, tag="v1.0.0")
    result = check_branch(on(""), ALLOWED, build, containing=lambda: Unseen("git did not answer", "see why"))
    assert (result.status, result.remedy) == (UNKNOWN, "see why")
    assert result.message == "tag v1.0.0: git did not answer"


def test_an_existing_tag_without_ci(repo: Repo) -> None:
    """Where the policy says that the tag exists, its commit has to be on a release branch, as on CI's tag builds."""
    repo.git("tag", "v1.0.0")
    repo.git("checkout", "--quiet", "--detach", "v1.0.0")
    assert judge(repo).status is CRIT
    result = judge(repo, mode="existing")
    assert (result.status, result.message) == (OK, "the tagged commit is on branch main")
    repo.commit("loose.py")
    assert judge(repo, mode="existing").status is CRIT


def test_a_tag_build_on_a_local_branch(repo: Repo) -> None:
    """On a tag build the place of the commit counts, not the name that CI gave its checkout."""
    build = tagged(repo)
    repo.git("checkout", "--quiet", "-b", "ci-checkout")
    assert judge(repo, build).message == "tag v1.0.0 is on branch main"


def test_a_tag_clone_without_the_branch_s_commits(repo: Repo, tmp_path: Path) -> None:
    """A full clone of only the tag lacks a branch that moved on; after the remedy's fetch it passes."""
    build = tagged(repo)
    repo.git("checkout", "--quiet", "main")
    repo.commit("later.py")
    repo.git("push", "--quiet", "origin", "main")
    fresh = clone(tmp_path / "origin.git", tmp_path / "clone", "--single-branch", "--branch=v1.0.0")
    result = judge(fresh, build)
    assert result.status is UNKNOWN
    assert result.message == "tag v1.0.0 may be on main, whose commits this clone lacks"
    fresh.git(*result.remedy.partition(",")[0].split()[1:])
    assert judge(fresh, build).status is OK


def test_no_repository() -> None:
    """Without a visible repository the branch is unknown, also when CI names one."""
    result = check_branch(Unseen("/shop is not a folder"), ALLOWED, Build("GitHub Actions", COMMIT, "main"))
    assert (result.status, result.message) == (UNKNOWN, "/shop is not a folder")
    assert result.remedy == "fix the gate `repository` first"


@pytest.mark.parametrize(
    ("repository", "build", "name"),
    [
        (on("main"), None, BranchName("main", "HEAD")),
        (on("main"), Build("Jenkins", COMMIT, "other"), BranchName("main", "HEAD")),
        (on(""), Build("Jenkins", COMMIT, "main"), BranchName("main", "Jenkins")),
        (on(""), Build("Jenkins", OTHER, "main"), None),
        (on(""), None, None),
    ],
    ids=["head", "head-before-ci", "ci", "ci-elsewhere", "detached"],
)
def test_branch_of(repository: Repository, build: Build | None, name: BranchName | None) -> None:
    """The branch is HEAD's, else CI's for this commit, else None."""
    assert branch_of(repository, build) == name
