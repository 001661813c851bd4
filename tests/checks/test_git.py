"""The Git checks for callers from Python judge the working directory's repository and raise where a gate would fail."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from release_sentinel.checks.git import (
    ensure_branch_allowed,
    ensure_clean_tree,
    ensure_git_repo,
    ensure_tag_not_exists,
    ensure_version_valid,
)
from release_sentinel.errors import InvalidPolicyError, PolicyError
from tests.conftest import Repo, make_repo
from tests.observe.parts import clone, conflict


@pytest.fixture
def here(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A clean repository on main that the working directory lies in, below its top."""
    repo.commit("src/shop.py")
    repo.git("push", "--quiet", "origin", "main")
    monkeypatch.chdir(repo.path / "src")
    return repo


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    "ensure",
    [
        ensure_git_repo,
        ensure_clean_tree,
        ensure_branch_allowed,
        lambda: ensure_version_valid("v1.0.0"),
        lambda: ensure_tag_not_exists("v1.0.0"),
    ],
    ids=["repository", "clean-tree", "branch", "version", "tag"],
)
def test_a_good_release(ensure: Callable[[], None]) -> None:
    """Nothing is raised for a good release, from a folder below the top."""
    ensure()


@pytest.mark.parametrize("ensure", [ensure_git_repo, ensure_clean_tree, ensure_branch_allowed])
def test_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ensure: Callable[[], None]) -> None:
    """Outside a repository each raises a RuntimeError that says so, with a remedy."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RuntimeError, match="is not inside a Git repository") as caught:
        ensure()
    assert isinstance(caught.value, PolicyError)
    assert caught.value.remedy


def test_no_repository_has_no_tags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside a repository it cannot be determined whether the tag is free."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PolicyError, match="is not inside a Git repository"):
        ensure_tag_not_exists("v1.0.0")


def test_ensure_git_repo_in_a_bare_one(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A release cannot come from a bare repository."""
    assert repo.head
    monkeypatch.chdir(tmp_path / "origin.git")
    with pytest.raises(PolicyError, match="is a bare repository"):
        ensure_git_repo()


def test_ensure_git_repo_without_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A release cannot come from a repository without a commit."""
    monkeypatch.chdir(make_repo(tmp_path / "new").path)
    with pytest.raises(PolicyError, match="has no commit yet"):
        ensure_git_repo()


def test_ensure_git_repo_in_a_merge(here: Repo) -> None:
    """A release cannot come from a repository in the middle of a merge."""
    conflict(here)
    here.git("merge", "other", check=False)
    with pytest.raises(PolicyError, match="a merge is in progress"):
        ensure_git_repo()


def test_ensure_clean_tree(here: Repo) -> None:
    """A change anywhere in the repository counts, also outside the working directory."""
    here.write("notes.txt")
    with pytest.raises(RuntimeError, match=r"Git working tree is dirty: 1 path differs .*\?\? notes\.txt"):
        ensure_clean_tree()


@pytest.mark.parametrize(
    ("policy", "clean"),
    [
        ("git.untracked_allowed = ['*.log']", True),
        ("git.untracked = false", True),
        ("git.untracked_allowed = ['*.txt']", False),
    ],
)
def test_ensure_clean_tree_follows_the_policy(here: Repo, policy: str, *, clean: bool) -> None:
    """As the gate does."""
    here.commit("release-sentinel.toml", policy)
    here.write("build.log")
    with nullcontext() if clean else pytest.raises(PolicyError, match=r"build\.log"):
        ensure_clean_tree()


def test_ensure_clean_tree_sees_hidden_edits(here: Repo) -> None:
    """An edit that `git status` does not show counts."""
    here.git("update-index", "--skip-worktree", "app.py")
    here.write("app.py", "print('bye')\n")
    with pytest.raises(PolicyError, match=r"hidden edit app\.py"):
        ensure_clean_tree()


def test_ensure_branch_allowed(here: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another branch raises, until the policy names it."""
    here.git("checkout", "--quiet", "-b", "release/1.0")
    with pytest.raises(RuntimeError, match=r"Releases blocked from branch: release/1.0"):
        ensure_branch_allowed()
    monkeypatch.setenv("RS_BRANCHES", "main, release/*")
    with pytest.raises(RuntimeError, match=r"on branch release/1.0, according to HEAD, but .* has no such branch"):
        ensure_branch_allowed()
    here.git("push", "--quiet", "origin", "release/1.0")
    ensure_branch_allowed()


def test_ensure_branch_allowed_knows_the_remote_of_ci(here: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jenkins writes its name before the branch's."""
    here.git("remote", "rename", "origin", "upstream")
    here.git("checkout", "--quiet", "--detach")
    for name, value in {"JENKINS_URL": "https://ci", "GIT_BRANCH": "upstream/main", "GIT_COMMIT": here.head}.items():
        monkeypatch.setenv(name, value)
    ensure_branch_allowed()
    ensure_tag_not_exists("v1.0.0")


def test_ensure_branch_allowed_in_a_system_that_is_not_known(here: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work that the remote lacks is a warning on a desk, and no release in CI."""
    here.commit("more.py")
    ensure_branch_allowed()
    monkeypatch.setenv("CI", "true")
    with pytest.raises(PolicyError, match="1 commit ahead"):
        ensure_branch_allowed()


def test_ensure_branch_allowed_believes_ci(here: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a detached HEAD CI's branch counts, but only for this commit."""
    here.git("checkout", "--quiet", "--detach")
    for name, value in {"GITLAB_CI": "true", "CI_COMMIT_BRANCH": "main", "CI_COMMIT_SHA": here.head}.items():
        monkeypatch.setenv(name, value)
    ensure_branch_allowed()
    here.commit("loose.py")
    with pytest.raises(PolicyError, match="GitLab CI builds commit"):
        ensure_branch_allowed()


def test_ensure_branch_allowed_refuses_a_pull_request(here: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pull request's build raises."""
    variables = {"GITHUB_REF": "refs/pull/7/merge", "GITHUB_SHA": here.head, "GITHUB_HEAD_REF": "main"}
    for name, value in {"GITHUB_ACTIONS": "true", **variables}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(PolicyError, match="Releases blocked from a pull request"):
        ensure_branch_allowed()


def build_of(monkeypatch: pytest.MonkeyPatch, repo: Repo, tag: str) -> None:
    """Tag HEAD, push the tag, check it out, and let CI build it."""
    repo.git("tag", tag)
    repo.git("push", "--quiet", "origin", f"refs/tags/{tag}")
    repo.git("checkout", "--quiet", "--detach")
    for name, value in {"GITHUB_ACTIONS": "true", "GITHUB_REF": f"refs/tags/{tag}", "GITHUB_SHA": repo.head}.items():
        monkeypatch.setenv(name, value)


def test_a_tag_build(here: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a tag build a tag at HEAD, on main, passes."""
    build_of(monkeypatch, here, "v1.0.0")
    ensure_branch_allowed()
    ensure_tag_not_exists("v1.0.0")
    with pytest.raises(PolicyError, match=r"builds tag v1.0.0, and --version says v1.1.0"):
        ensure_tag_not_exists("v1.1.0")


def test_a_tag_build_in_a_shallow_clone(here: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tag build that lacks the history raises, with how to fetch it."""
    build_of(monkeypatch, here, "v1.0.0")
    here.git("checkout", "--quiet", "main")
    here.commit("later.py")
    here.git("push", "--quiet", "origin", "main")
    shallow = clone(tmp_path / "origin.git", tmp_path / "clone", "--depth=1", "--branch=v1.0.0")
    monkeypatch.chdir(shallow.path)
    with pytest.raises(PolicyError, match="this clone is shallow") as caught:
        ensure_branch_allowed()
    assert "fetch-depth: 0" in caught.value.remedy


@pytest.mark.parametrize("version", ["1.0.0", "v1.0", "v1.0.0\n", ""], ids=ascii)
def test_ensure_version_valid(version: str) -> None:
    """What is not a version raises."""
    with pytest.raises(RuntimeError, match="Invalid version format"):
        ensure_version_valid(version)


def test_ensure_version_valid_asks_the_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The policy's prefix and its rule for pre-releases count."""
    with pytest.raises(PolicyError, match="is a pre-release"):
        ensure_version_valid("v1.0.0-rc.1")
    monkeypatch.setenv("RS_VERSION_PREFIX", "shop-")
    monkeypatch.setenv("RS_PRERELEASES", "true")
    ensure_version_valid("shop-1.0.0-rc.1")


@pytest.mark.parametrize("tag", ["v1.0.0", "1.0.0"])
def test_ensure_tag_not_exists(here: Repo, tag: str) -> None:
    """A tag that only the remote has raises, in either spelling."""
    here.git("push", "--quiet", "origin", f"main:refs/tags/{tag}")
    assert not here.git("tag")
    with pytest.raises(RuntimeError, match=f"Git tag already exists: {tag} in origin"):
        ensure_tag_not_exists("v1.0.0")


def test_ensure_tag_not_exists_asks_the_policys_remote(here: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """The remote that the policy names is asked."""
    assert here.head
    monkeypatch.setenv("RS_REMOTE", "upstream")
    with pytest.raises(PolicyError, match="there is no remote 'upstream'") as caught:
        ensure_tag_not_exists("v1.0.0")
    assert caught.value.remedy == "set RS_REMOTE"


@pytest.mark.usefixtures("here")
def test_a_policy_that_cannot_be_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy that cannot be understood raises before anything is judged by it."""
    monkeypatch.setenv("RS_PRERELEASES", "perhaps")
    with pytest.raises(InvalidPolicyError, match="RS_PRERELEASES is 'perhaps'"):
        ensure_version_valid("v1.0.0")


POLICY = """
version.prefix = "shop-"
git = { branches = ["stable"], remote = "upstream", tag_mode = "TAG_MODE" }
"""


@pytest.fixture
def upstream(here: Repo, tmp_path: Path) -> Repo:
    """The remote that the policy of `here` names: it has the branch `stable`, and the tag of a version."""
    remote = here.add_remote(tmp_path / "upstream.git", "upstream")
    here.git("push", "--quiet", "upstream", "main:stable", "main:refs/tags/shop-1.0.0")
    here.write("release-sentinel.toml", POLICY.replace("TAG_MODE", "new"))
    return remote


@pytest.mark.usefixtures("upstream")
def test_the_policy_of_the_repository_counts() -> None:
    """Its branches, its prefix and its remote, from a folder below the top."""
    with pytest.raises(PolicyError, match="releases come from stable"):
        ensure_branch_allowed()
    ensure_version_valid("shop-1.0.0")
    with pytest.raises(PolicyError, match="Invalid version format"):
        ensure_version_valid("v1.0.0")
    with pytest.raises(PolicyError, match=r"Git tag already exists: shop-1\.0\.0 in upstream"):
        ensure_tag_not_exists("shop-1.0.0")
    ensure_tag_not_exists("shop-1.0.1")


@pytest.mark.usefixtures("upstream")
def test_a_tag_that_has_to_exist_is_looked_for_where_the_policy_says(here: Repo) -> None:
    """And so is the branch that it has to be on; HEAD need not be on a branch."""
    here.write("release-sentinel.toml", POLICY.replace("TAG_MODE", "existing"))
    here.git("checkout", "--quiet", "--detach")
    ensure_branch_allowed()
    ensure_tag_not_exists("shop-1.0.0")
    with pytest.raises(PolicyError, match=r"tag shop-1\.0\.1 does not exist"):
        ensure_tag_not_exists("shop-1.0.1")
