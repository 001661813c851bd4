"""HEAD is what the remote has, too."""

import pytest

from release_sentinel.checks.in_sync import check_in_sync
from release_sentinel.checks.result import CRIT, OK, UNKNOWN, CheckResult
from release_sentinel.observe import Unseen, git
from release_sentinel.observe.git import Refs, Tags
from tests.conftest import Repo, make_repo
from tests.observe.parts import look


def judge(repo: Repo, branch: str = "main", tag: str = "") -> CheckResult:
    """Judge a real repository, as the gate does."""
    return check_in_sync(look(repo.path), branch, lambda: git.tags(repo.path, ["v1.0.0"], branches=["*"]), tag=tag)


def test_in_sync(repo: Repo) -> None:
    """HEAD at the remote branch's head passes."""
    result = judge(repo)
    assert result.status is OK
    assert result.message.startswith("HEAD is branch main of origin (")


def test_ahead(repo: Repo) -> None:
    """A commit that was not pushed fails; the message names both commits."""
    pushed = repo.head
    repo.commit("more.py")
    result = judge(repo)
    assert result.status is CRIT
    assert result.message.startswith(f"HEAD is {repo.head[:12]}, and branch main of origin (")
    assert result.message.endswith(f") is at {pushed[:12]}")


def test_behind(repo: Repo) -> None:
    """A commit that another user pushed meanwhile fails, even if this clone has not fetched it."""
    repo.commit("more.py")
    repo.git("push", "--quiet", "origin", "main")
    repo.git("reset", "--quiet", "--hard", "HEAD~1")
    repo.git("update-ref", "refs/remotes/origin/main", "HEAD")
    assert judge(repo).status is CRIT


def test_another_branch_s_head_does_not_count(repo: Repo) -> None:
    """HEAD has to be the head of its own branch on the remote."""
    repo.git("push", "--quiet", "origin", "main:feature")
    repo.commit("more.py")
    repo.git("push", "--quiet", "origin", "main:other")
    assert judge(repo).status is CRIT


def test_a_branch_that_was_never_pushed(repo: Repo) -> None:
    """A branch that the remote does not have fails."""
    result = judge(repo, "release/1.0")
    assert result.status is CRIT
    assert result.message.startswith("branch release/1.0 does not exist in origin (")
    assert result.remedy == "git push origin release/1.0"


def test_a_tag_build(repo: Repo) -> None:
    """On a tag build the remote's tag has to be at HEAD; main may have moved on."""
    repo.git("tag", "--annotate", "--message=x", "v1.0.0")
    repo.git("push", "--quiet", "origin", "v1.0.0")
    assert judge(repo, "", "v1.0.0").status is OK
    repo.commit("more.py")
    assert judge(repo, "", "v1.0.0").status is CRIT


def test_no_remote(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Without a remote there is nothing to be in sync with."""
    alone = make_repo(tmp_path_factory.mktemp("alone"))
    alone.commit()
    result = judge(alone)
    assert (result.status, result.message) == (UNKNOWN, "this clone has no remote to be in sync with")


@pytest.mark.parametrize(
    ("tags", "branch", "message"),
    [
        (Tags(Refs({}, ""), Unseen("the remote is gone", "see why")), "main", "the remote is gone"),
        (Tags(Refs({}, ""), Refs({}, "origin")), "", "the branch of {commit} cannot be determined"),
    ],
    ids=["remote gone", "no branch"],
)
def test_what_cannot_be_determined(repo: Repo, tags: Tags, branch: str, message: str) -> None:
    """Neither a silent remote nor an unknown branch counts as out of sync."""
    result = check_in_sync(look(repo.path), branch, lambda: tags)
    assert result.status is UNKNOWN
    assert result.message == message.format(commit=repo.head[:12])


def test_no_repository() -> None:
    """Without a repository there is no HEAD."""
    assert check_in_sync(Unseen("/shop is not a folder"), "main", lambda: Tags(Refs({}, ""), None)).status is UNKNOWN
