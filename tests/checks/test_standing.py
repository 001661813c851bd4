"""Whoever names the branch that is built, the remote has to agree: HEAD is that branch's commit there, or below it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from release_sentinel.checks.result import CRIT, OK, UNKNOWN, WARN
from release_sentinel.observe import ci, git
from release_sentinel.observe.ci import Build
from tests.checks.test_branch import judge
from tests.conftest import Repo, Sentinel
from tests.observe.parts import clone

Make = Callable[[Repo], None]


def request(repo: Repo) -> None:
    """Leave HEAD at a commit that main of the remote does not have."""
    repo.commit("request.py", "print('not reviewed')\n")


def moved_on(repo: Repo) -> None:
    """Leave HEAD below main of the remote."""
    repo.commit("more.py")
    repo.git("push", "--quiet", "origin", "main")
    repo.git("reset", "--quiet", "--hard", "HEAD~1")


def moved_on_and_unknown(repo: Repo) -> None:
    """Leave HEAD below main of the remote, which has commits that the clone never saw."""
    other = clone(repo.path.with_name("origin.git"), repo.path.with_name("other"))
    other.commit("more.py")
    other.git("push", "--quiet", "origin", "main")


def rewritten(repo: Repo) -> None:
    """Leave HEAD at a commit that main of the remote has lost, which the clone does not know."""
    other = clone(repo.path.with_name("origin.git"), repo.path.with_name("other"))
    other.git("commit", "--quiet", "--amend", "--message", "rewritten")
    other.git("push", "--quiet", "--force", "origin", "main")


def renamed(repo: Repo) -> None:
    """Leave the remote without main."""
    other = repo.path.with_name("origin.git")
    Repo(other).git("branch", "-m", "main", "trunk")


STATES: dict[str, tuple[Make, str]] = {
    "a request": (request, "ahead of origin"),
    "moved on": (moved_on, "below its head"),
    "moved on, and never fetched": (moved_on_and_unknown, "below its head"),
    "rewritten": (rewritten, "without this commit"),
    "no such branch": (renamed, "has no such branch"),
}
GOOD = {"moved on", "moved on, and never fetched"}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("claim", ["HEAD", "CI", "CI of HEAD", "--gate-branch"])
def test_the_remote_has_the_last_word(repo: Repo, state: str, claim: str) -> None:
    """Whatever says the branch; only outside CI may a work in progress be ahead, and is shown."""
    make, words = STATES[state]
    make(repo)
    build = Build("Drone", "HEAD" if claim == "CI of HEAD" else repo.head, "main") if claim.startswith("CI") else None
    if claim not in {"HEAD", "CI of HEAD"}:
        repo.git("checkout", "--quiet", "--detach")
    result = judge(repo, build, claimed="main" if claim == "--gate-branch" else "")
    excused = claim == "HEAD" and state == "a request"
    assert result.status is (OK if state in GOOD else WARN if excused else CRIT), result.message
    assert words in result.message
    source = {"CI": "Drone", "CI of HEAD": "HEAD"}.get(claim, claim)
    assert f"on branch main, according to {source}" in result.message


@pytest.mark.parametrize("state", ["moved on", "rewritten"])
def test_a_shallow_clone_asks_the_remote_and_stays_as_it_is(repo: Repo, tmp_path: Path, state: str) -> None:
    """It lacks the history that tells: a throw-away repository asks for it."""
    for number in range(60):
        repo.git("commit", "--quiet", "--allow-empty", "--message", f"change {number}")
    repo.git("push", "--quiet", "origin", "main")
    origin = Repo(tmp_path / "origin.git")
    shallow = clone(origin.path, tmp_path / "shallow", "--depth=1", "--branch=main")
    if state == "moved on":
        for number in range(60):
            repo.git("commit", "--quiet", "--allow-empty", "--message", f"later {number}")
    else:
        repo.git("reset", "--quiet", "--hard", "HEAD~1")
        repo.commit("another.py")
    repo.git("push", "--quiet", "--force", "origin", "main")
    before = contents(shallow)
    shallow.git("checkout", "--quiet", "--detach")
    result = judge(shallow, Build("Drone", shallow.head, "main"))
    assert result.status is (OK if state == "moved on" else CRIT), result.message
    shallow.git("checkout", "--quiet", "main")
    assert contents(shallow) == before


def contents(repo: Repo) -> list[str]:
    """Return the objects, refs and settings of a clone."""
    folder = repo.path / ".git"
    files = (path for path in folder.rglob("*") if path.is_file() and path.name not in {"HEAD", "index"})
    return sorted(f"{path.relative_to(folder)} {path.stat().st_size}" for path in files if "logs" not in path.parts)


def test_a_remote_that_does_not_answer(repo: Repo, tmp_path: Path) -> None:
    """The branch is unknown then, with Git's words; where nothing can prove a claim, likewise."""
    (tmp_path / "origin.git").rename(tmp_path / "gone.git")
    result = judge(repo)
    assert result.status is UNKNOWN
    assert result.message.startswith("on branch main, according to HEAD; the remote origin (")
    repo.git("remote", "remove", "origin")
    assert judge(repo).status is OK
    result = judge(repo, claimed="main")
    assert (result.status, result.remedy) == (UNKNOWN, "git remote add origin URL")


@pytest.mark.parametrize("source", ["HEAD", "CI", "--gate-branch"])
def test_a_merge_queue_is_no_release_branch(repo: Repo, source: str) -> None:
    """Whatever the globs of the policy, and whoever names it."""
    name = "gh-readonly-queue/main/pr-7-0123456789abcdef"
    repo.git("checkout", "--quiet", *(("-b", name) if source == "HEAD" else ("--detach",)))
    repo.git("push", "--quiet", "origin", f"HEAD:refs/heads/{name}")
    build = Build("GitHub Actions", repo.head, name) if source == "CI" else None
    result = judge(repo, build, ("*",), claimed=name if source == "--gate-branch" else "")
    assert result.status is CRIT
    assert result.message.startswith(f"Releases blocked from a merge queue: {name} (according to ")


@pytest.mark.parametrize("claimed", ["", "release/2"])
def test_ci_counts_before_a_claim(repo: Repo, claimed: str) -> None:
    """Where CI says which branch it builds, the option says nothing."""
    repo.git("checkout", "--quiet", "--detach")
    result = judge(repo, Build("Drone", repo.head, "feature"), claimed=claimed and "main")
    assert result.status is CRIT
    assert "feature (according to Drone)" in result.message


def test_a_remote_of_another_name_before_the_branch(repo: Repo) -> None:
    """Jenkins names both; a branch with a slash keeps it."""
    repo.git("remote", "rename", "origin", "upstream")
    repo.git("checkout", "--quiet", "--detach")
    result = judge(repo, ci.build({"JENKINS_URL": "x", "GIT_BRANCH": "upstream/main", "GIT_COMMIT": repo.head}))
    assert result.status is OK, result.message
    repo.git("push", "--quiet", "upstream", "HEAD:refs/heads/release/1")
    build = ci.build({"JENKINS_URL": "x", "GIT_BRANCH": "release/1", "GIT_COMMIT": repo.head})
    assert judge(repo, build, ("release/*",)).status is OK


def another(repo: Repo, name: str = "upstream") -> Repo:
    """Add a second remote that has main, too."""
    return repo.add_remote(repo.path.with_name(f"{name}.git"), name)


def test_a_claimed_branch_is_asked_of_the_remote_that_it_follows(repo: Repo) -> None:
    """Whatever HEAD's own branch follows."""
    another(repo)
    repo.git("checkout", "--quiet", "-b", "work")
    for branch, remote in (("main", "upstream"), ("work", "origin")):
        repo.git("config", f"branch.{branch}.remote", remote)
        repo.git("config", f"branch.{branch}.merge", f"refs/heads/{branch}")
    repo.commit("request.py")
    repo.git("push", "--quiet", "origin", "HEAD:main")  # the fork has it
    result = judge(repo, claimed="main")
    assert result.status is CRIT
    assert "1 commit ahead of upstream" in result.message
    repo.git("push", "--quiet", "upstream", "HEAD:main")
    assert judge(repo, claimed="main").status is OK


def test_a_remote_with_the_name_of_a_branch_s_first_part(repo: Repo) -> None:
    """Only Jenkins puts a remote's name before a branch: `release/1` of HEAD or of another system is all its name."""
    another(repo, "release")
    repo.git("push", "--quiet", "origin", "HEAD:refs/heads/release/1")
    repo.git("push", "--quiet", "release", "--delete", "main")
    repo.git("checkout", "--quiet", "-b", "release/1")
    assert judge(repo, None, ("release/*",)).status is OK
    repo.git("checkout", "--quiet", "--detach")
    for build, claimed in ((Build("Drone", repo.head, "release/1"), ""), (None, "release/1")):
        result = judge(repo, build, ("release/*",), claimed=claimed)
        assert result.status is OK, result.message
        assert "origin (" in result.message


@pytest.mark.parametrize("allowed", [("main",), ("*",)])
def test_a_claim_with_the_name_of_a_remote(repo: Repo, allowed: tuple[str, ...]) -> None:
    """The message says how the branch is called there."""
    repo.git("checkout", "--quiet", "--detach")
    result = judge(repo, None, allowed, claimed="origin/main")
    assert result.status is CRIT
    assert result.remedy == "name the branch as the remote does: --gate-branch main"


@pytest.mark.parametrize("word", ["no_push", "DISABLED", "no-pushing", "you may not push!", "/dev/null"])
def test_an_address_that_forbids_pushes_is_no_repository(repo: Repo, word: str) -> None:
    """It is not asked for tags; only a push needs another one."""
    repo.git("remote", "set-url", "--push", "origin", word)
    seen = git.tags(repo.path, ["v1.0.0"])
    assert isinstance(seen.remote, git.Refs)
    assert seen.pushed == ()
    chosen = git.find_remote(repo.path)
    assert isinstance(chosen, git.Remote)
    assert chosen.no_push == word


@pytest.mark.parametrize("plain", [False, True], ids=["release-sentinel", "pytest"])
def test_a_claim_on_the_command_line(sentinel: Sentinel, *, plain: bool) -> None:
    """In a CI system that is not known, a detached HEAD is judged by the claim and the remote."""
    sentinel = replace(sentinel, pushes=False)
    run = sentinel.pytest if plain else sentinel
    sentinel.repo.git("checkout", "--quiet", "--detach")
    done = run()
    assert done.code == 1
    assert "name it with --gate-branch NAME" in done.out
    for name in ("main", "refs/heads/main"):
        done = run(f"--gate-branch={name}")
        assert (done.code, done.verdict["branch"], done.verdict["branch_source"]) == (0, "main", "--gate-branch")
        assert done.verdict["remote"] == "origin"
    sentinel.repo.commit("request.py")
    done = run("--gate-branch=main")
    assert done.code == 1
    assert "Releases blocked: on branch main, according to --gate-branch, but 1 commit ahead of origin" in done.out


def test_remotes_show_no_credentials() -> None:
    """Neither their representation nor what messages say of them."""
    there = git.Remotes({"origin": "https://kim:pa55word@a/b"}, {"origin": ("https://kim:pa55word@c/d",)})
    chosen = there.choose()
    assert isinstance(chosen, git.Remote)
    for shown in (there, chosen, *there.pushed_elsewhere(chosen)):
        assert "pa55word" not in f"{shown!r} {shown}"


@pytest.mark.parametrize(
    ("fetched", "pushed", "other"),
    [
        ("https://github.com/shop/shop.git", "git@github.com:shop/shop.git", False),
        ("https://kim:pa55word@GitHub.com/shop/shop", "ssh://git@github.com:22/shop/shop.git/", False),
        ("/srv/shop.git", "/srv/shop", False),
        ("https://github.com/shop/shop.git", "git@github.com:kim/shop.git", True),
        ("https://github.com/shop/shop.git", "https://gitlab.com/shop/shop.git", True),
        ("/srv/shop.git", "/srv/other.git", True),
    ],
)
def test_an_address_of_another_repository(fetched: str, pushed: str, *, other: bool) -> None:
    """Protocol, user, port and suffix make no other repository."""
    there = git.Remotes({"origin": fetched}, {"origin": (pushed,)})
    chosen = there.choose()
    assert isinstance(chosen, git.Remote)
    assert bool(there.pushed_elsewhere(chosen)) is other


def test_a_branch_of_one_name_that_ci_checks_everything_out_on(repo: Repo) -> None:
    """Cloud Build: HEAD is on a local master, whatever is built."""
    repo.git("checkout", "--quiet", "-b", "master")
    result = judge(repo, Build("Google Cloud Build", repo.head, "main", checks_out="master"))
    assert result.status is OK
    assert result.message.startswith("on branch main, according to Google Cloud Build, and at its head")
    request(repo)
    result = judge(repo, Build("Google Cloud Build", repo.head, "main", checks_out="master"))
    assert result.status is CRIT


@pytest.mark.parametrize("name", ["v1.0.0", "main"])
def test_a_tag_under_the_name_of_a_branch(repo: Repo, name: str) -> None:
    """Some systems do not tell a tag from a branch; a branch and a tag of one name are told apart."""
    repo.git("push", "--quiet", "origin", "main:refs/tags/v1.0.0", "main:refs/tags/main")
    repo.git("checkout", "--quiet", "--detach")
    result = judge(repo, Build("Prow", repo.head, name), ("main", "v*"))
    assert result.status is (OK if name == "main" else CRIT)
    if name != "main":
        assert "has no such branch, but a tag of that name" in result.message
        assert result.remedy == "where CI builds this tag, say so with --gate-tag-mode existing"
