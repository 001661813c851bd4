"""Whole runs that ask a forge about the commit."""

from typing import Any

import pytest

from tests.conftest import Run, Sentinel
from tests.observe.forge.fake import GitHubWith, served

TOKEN = "ghs_0123456789abcdefghij"
POLICY = """
[forge]
checks = ["required"]
approvals = 1
blockers = ["release-blocker"]
"""


def start(sentinel: Sentinel, forge: GitHubWith, *options: str) -> Run:
    """Run the gate in a job of the forge's CI."""
    with served(forge) as url:
        variables: dict[str, Any] = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_REF": "refs/heads/main",
            "GITHUB_SHA": sentinel.repo.head,
        }
        place: dict[str, Any] = {"GITHUB_API_URL": url, "GITHUB_REPOSITORY": "acme/shop", "GITHUB_TOKEN": TOKEN}
        return sentinel(*options, **variables, **place, GITHUB_RUN_ID="900")


@pytest.fixture
def forge(sentinel: Sentinel) -> GitHubWith:
    """A forge that has the commit of the repository."""
    sentinel.repo.commit("release-sentinel.toml", POLICY)
    return GitHubWith(sentinel.repo.head)


def test_a_commit_that_is_good_is_safe(sentinel: Sentinel, forge: GitHubWith) -> None:
    """The look-alike: an older failure, a comment and a closed issue; the token is in no output."""
    forge.run(conclusion="failure")
    forge.run()
    forge.own()
    forge.review()
    forge.review(state="COMMENTED")
    forge.issue(1, "release-blocker", state="closed")
    done = start(sentinel, forge)
    assert done.code == 0, done.out
    assert {"ci-checks", "review", "blockers"} <= {one["id"] for one in done.verdict["gates"]}
    assert TOKEN not in done.out
    assert len(forge.asked) <= 9


def test_a_commit_that_is_not_is_blocked(sentinel: Sentinel, forge: GitHubWith) -> None:
    """Each gate turns red, and says why."""
    forge.run()
    forge.run(status="completed", conclusion="failure")
    forge.review("ann")
    forge.issue(1, "release-blocker")
    done = start(sentinel, forge)
    assert done.code == 1
    reasons = {one["id"]: one["reason"] for one in done.verdict["gates"]}
    assert "test (failure)" in reasons["ci-checks"]
    assert "ann is an author" in reasons["review"]
    assert "#1 Title 1" in reasons["blockers"]


def test_a_check_is_waited_for(sentinel: Sentinel, forge: GitHubWith) -> None:
    """A check that ends within the wait counts as it ended."""
    sentinel.repo.commit("release-sentinel.toml", POLICY + "wait = 5\ninterval = 0.1\n")
    forge.commit_there = sentinel.repo.head
    running = forge.run(status="in_progress")
    forge.review()
    asked = []

    answer = forge.answer

    def end(path: str) -> Any:
        asked.append(path)
        if sum("check-runs" in one for one in asked) == 2:
            running.update(status="completed", conclusion="success")
        return answer(path)

    forge.answer = end  # type: ignore[method-assign]  # of this one
    done = start(sentinel, forge)
    assert done.code == 0, done.out


def test_a_preview_asks_for_blockers_alone(sentinel: Sentinel, forge: GitHubWith) -> None:
    """Checks and reviews of what is not merged are judged after the merge."""
    done = start(sentinel, forge, "--gate-preview")
    reasons = {one["id"]: one["reason"] for one in done.verdict["gates"]}
    assert {reasons["ci-checks"], reasons["review"]} == {"a preview: this is judged after the merge"}
    assert reasons["blockers"] == "nothing open is labelled release-blocker"
