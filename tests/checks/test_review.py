"""Which commits count as reviewed: one row for each state that a forge can be in."""

from collections.abc import Callable
from typing import Any

import pytest

from release_sentinel.checks.result import CRIT, OK, UNKNOWN, WARN, CheckResult
from release_sentinel.checks.review import check_review
from release_sentinel.observe import Unseen
from release_sentinel.observe.forge import Client, Evidence
from tests.checks.test_ci_checks import FORBIDDEN, NOT_FOUND, REPOSITORY, denied, do, ids
from tests.observe.forge.fake import HEAD, OTHER, Clock, Fake, FakeGitea, FakeGitHub, FakeGitLab, api_of, user


def judge(fake: Fake, approvals: int = 1) -> CheckResult:
    """Judge the fake's commit, as the gate does."""
    evidence = Evidence(Client(api_of(fake), sleep=Clock().sleep))
    return check_review(REPOSITORY, lambda: "main", lambda: evidence, approvals)


def review(*args: Any, **named: Any) -> Callable[[Any], Any]:
    """Add a review."""
    return lambda fake: fake.review(*args, **named)


def pull(**fields: Any) -> Callable[[Any], Any]:
    """Change the request."""
    return lambda fake: (fake.pulls[0] if isinstance(fake, FakeGitHub) else fake.pull).update(fields)


def commits(*authors: str | None) -> Callable[[Any], Any]:
    """Let the request have commits of these authors."""
    return lambda fake: setattr(fake, "commits", [FakeGitHub.commit(author) for author in authors])


def co_author(address: str) -> Callable[[Any], Any]:
    """Let a commit have a second author."""
    message = f"Fix\n\nCo-authored-by: Somebody <{address}>\n"
    return lambda fake: fake.commits[0]["commit"].update(message=message)


def approve(*args: Any, **named: Any) -> Callable[[Any], Any]:
    """Add an approval."""
    return lambda fake: fake.approve(*args, **named)


def request(**fields: Any) -> Callable[[Any], Any]:
    """Change the merge request."""
    return lambda fake: fake.requests[0].update(fields)


def no_pull(fake: Any) -> None:
    """Let the commit have come without a request."""
    if isinstance(fake, FakeGitHub):
        fake.pulls = []
    elif isinstance(fake, FakeGitLab):
        fake.requests = []
    else:
        fake.pull = None


def second_pull(fake: Any) -> None:
    """Let a later request contain the commit, too, which bob approved."""
    fake.pulls.insert(0, {**fake.pulls[0], "number": 9, "merge_commit_sha": OTHER, "merged_at": "2026-01-01T00:00:00Z"})


GOOD = review()
GITHUB: list[Any] = [
    ("approved", GOOD, 1, OK, "request #7 was approved by bob"),
    ("a direct push", no_pull, 1, CRIT, "pushed directly"),
    ("not merged", do(GOOD, pull(merged_at=None)), 1, CRIT, "pushed directly"),
    ("against another branch", do(GOOD, pull(base={"ref": "develop"})), 1, CRIT, "pushed directly"),
    ("of another repository", do(GOOD, pull(base={"ref": "main", "repo": {"full_name": "x/y"}})), 1, CRIT, ""),
    (
        "of the repository in another case",
        do(GOOD, pull(base={"ref": "main", "repo": {"full_name": "Acme/Shop"}})),
        1,
        OK,
        "",
    ),
    ("the one that brought it", do(GOOD, second_pull), 1, OK, "#7"),
    ("no review", do(), 1, CRIT, "0 of 1 approval"),
    ("of an earlier state", review(commit=OTHER), 1, CRIT, "bob approved an earlier state"),
    ("of both states", do(review(commit=OTHER), GOOD), 1, OK, ""),
    ("a comment after it", do(GOOD, review(state="COMMENTED")), 1, OK, ""),
    ("a pending review after it", do(GOOD, review(state="PENDING")), 1, OK, ""),
    ("a comment alone", review(state="COMMENTED"), 1, CRIT, ""),
    ("dismissed", review(state="DISMISSED"), 1, CRIT, ""),
    ("dismissed after an approval", do(GOOD, review(state="DISMISSED")), 1, CRIT, ""),
    ("wants changes", do(GOOD, review("carl", "CHANGES_REQUESTED")), 1, CRIT, "carl asked for changes"),
    ("wants changes of an earlier state", do(GOOD, review("carl", "CHANGES_REQUESTED", OTHER)), 1, CRIT, "carl"),
    ("wanted changes, then approved", do(review(state="CHANGES_REQUESTED"), GOOD), 1, OK, ""),
    ("approved, then wants changes", do(GOOD, review(state="CHANGES_REQUESTED")), 1, CRIT, ""),
    (
        "wanted changes, then commented",
        do(GOOD, review("carl", "CHANGES_REQUESTED"), review("carl", "COMMENTED")),
        1,
        CRIT,
        "",
    ),
    (
        "changes that were dismissed",
        do(GOOD, review("carl", "CHANGES_REQUESTED"), review("carl", "DISMISSED")),
        1,
        OK,
        "",
    ),
    ("changes of an account that is gone", do(GOOD, review(None, "CHANGES_REQUESTED")), 1, CRIT, ""),
    ("an account that is gone", review(None), 1, CRIT, ""),
    ("its author", review("ann"), 1, CRIT, "ann is an author"),
    ("its author in another case", review("Ann"), 1, CRIT, ""),
    ("who wrote a commit", do(GOOD, commits("ann", "bob")), 1, CRIT, "bob is an author"),
    ("who wrote a commit, and another", do(GOOD, commits("ann", "bob"), review("carl")), 1, OK, "carl"),
    ("who is named as a co-author", do(GOOD, co_author("1+Bob@users.noreply.github.com")), 1, CRIT, "bob is an author"),
    ("another co-author", do(GOOD, co_author("carl@users.noreply.github.com")), 1, OK, ""),
    ("who may only read", review("rita"), 1, CRIT, "rita may not write"),
    ("a member whose permission is hidden", do(GOOD, denied("/collaborators")), 1, OK, ""),
    ("an outsider whose permission is hidden", do(review("zoe", author_association="NONE")), 1, CRIT, "zoe"),
    ("a bot", review("helper[bot]", user=user("helper[bot]", "Bot")), 1, CRIT, ""),
    ("one of two", GOOD, 2, CRIT, "1 of 2 approvals"),
    ("two of two", do(GOOD, review("carl")), 2, OK, "bob, carl"),
    ("the same twice", do(GOOD, GOOD), 2, CRIT, ""),
    ("an author without an account", do(GOOD, commits("ann", None)), 1, UNKNOWN, "without an account"),
    ("an author without an account, and one more", do(GOOD, review("carl"), commits("ann", None)), 1, OK, ""),
    ("more commits than are listed", do(GOOD, commits(*["ann"] * 250)), 1, UNKNOWN, "250 commits"),
    ("a long review", do(*(review(f"u{number}", "COMMENTED") for number in range(130)), GOOD), 1, OK, ""),
    ("the request is forbidden", denied("/pulls", FORBIDDEN), 1, UNKNOWN, "Pull requests: read"),
    ("the reviews are not found", do(GOOD, denied("/reviews", NOT_FOUND)), 1, UNKNOWN, "Pull requests: read"),
    ("the commit is not known", lambda fake: fake.known.clear(), 1, UNKNOWN, "not pushed"),
]
GITLAB: list[Any] = [
    ("approved", approve(), 1, OK, "request !7 was approved by bob"),
    ("a direct push", no_pull, 1, CRIT, "pushed directly"),
    ("not merged", do(approve(), request(state="opened")), 1, CRIT, "pushed directly"),
    ("against another branch", do(approve(), request(target_branch="develop")), 1, CRIT, ""),
    ("squashed", do(approve(), request(merge_commit_sha=None, squash_commit_sha=REPOSITORY.commit)), 1, OK, ""),
    ("no approval", do(), 1, CRIT, "0 of 1"),
    ("before the last push", approve(at="2026-01-01T09:00:00.000Z"), 1, CRIT, "an earlier state"),
    ("in another time zone", approve(at="2026-01-01T11:30:00.000+02:00"), 1, CRIT, ""),
    ("no time", approve(at=None), 1, UNKNOWN, "does not say whether bob"),
    ("no time of the push", do(approve(), denied("/versions", NOT_FOUND)), 1, UNKNOWN, ""),
    ("its author", approve("ann"), 1, CRIT, "ann is an author"),
    ("who wrote a commit", do(approve("ann"), request(author={"username": "carl"})), 1, CRIT, ""),
    ("its own rules lack some", do(approve(), lambda fake: setattr(fake, "left", 2)), 1, CRIT, "2 more approvals"),
    ("wants changes", do(approve(), lambda fake: fake.want("carl")), 1, CRIT, "carl asked for changes"),
    ("a reviewer who did", do(approve(), lambda fake: fake.want("bob", "approved")), 1, OK, ""),
    ("one of two", approve(), 2, CRIT, "1 of 2"),
    ("two of two", do(approve(), approve("carl")), 2, OK, ""),
    ("approvals forbidden", denied("/approvals", FORBIDDEN), 1, UNKNOWN, "read_api"),
    ("the commit is not known", lambda fake: fake.known.clear(), 1, UNKNOWN, "not pushed"),
]
GITEA: list[Any] = [
    ("approved", GOOD, 1, OK, "bob"),
    ("a direct push", no_pull, 1, CRIT, "pushed directly"),
    ("not merged", do(GOOD, pull(merged=False)), 1, CRIT, ""),
    ("against another branch", do(GOOD, pull(base={"ref": "x"})), 1, CRIT, ""),
    ("stale", review(stale=True), 1, CRIT, "an earlier state"),
    ("of another commit", review(commit_id=HEAD[:10]), 1, CRIT, ""),
    ("not official", review(official=False), 1, CRIT, "bob may not write"),
    ("dismissed", review(dismissed=True), 1, CRIT, ""),
    ("wants changes", do(GOOD, review("carl", "REQUEST_CHANGES")), 1, CRIT, "carl"),
    ("changes that were dismissed", do(GOOD, review("carl", "REQUEST_CHANGES", dismissed=True)), 1, OK, ""),
    ("a comment after it", do(GOOD, review(state="COMMENT")), 1, OK, ""),
    ("its author", review("ann"), 1, CRIT, ""),
    ("who wrote a commit", do(GOOD, commits("ann", "bob")), 1, CRIT, ""),
    ("an author without an account", do(GOOD, commits(None)), 1, UNKNOWN, ""),
    ("the request is forbidden", denied("/pull", FORBIDDEN), 1, UNKNOWN, "read:repository"),
    ("the repository is not found", denied("/repos", NOT_FOUND), 1, UNKNOWN, "read:repository"),
    ("the commit is not known", lambda fake: fake.known.clear(), 1, UNKNOWN, "not pushed"),
]


@pytest.mark.parametrize(("_", "change", "approvals", "wanted", "words"), GITHUB, ids=ids(GITHUB))
def test_github(_: str, change: Callable[[Fake], None], approvals: int, wanted: object, words: str) -> None:
    """A state of GitHub has one result."""
    expect(FakeGitHub(), change, approvals, wanted, words)


@pytest.mark.parametrize(("_", "change", "approvals", "wanted", "words"), GITLAB, ids=ids(GITLAB))
def test_gitlab(_: str, change: Callable[[Fake], None], approvals: int, wanted: object, words: str) -> None:
    """A state of GitLab has one result."""
    expect(FakeGitLab(), change, approvals, wanted, words)


@pytest.mark.parametrize(("_", "change", "approvals", "wanted", "words"), GITEA, ids=ids(GITEA))
def test_gitea(_: str, change: Callable[[Fake], None], approvals: int, wanted: object, words: str) -> None:
    """A state of Gitea has one result."""
    expect(FakeGitea(), change, approvals, wanted, words)


def expect(fake: Fake, change: Callable[[Fake], None], approvals: int, wanted: object, words: str) -> None:
    """Judge a state, and compare."""
    change(fake)
    result = judge(fake, approvals)
    said = f"{result.message} {result.remedy}"
    assert result.status is wanted, said
    assert words in said
    assert result.status is OK or result.remedy


def test_a_pass_after_a_retry_warns() -> None:
    """It says what came before."""
    fake = FakeGitHub()
    fake.review()
    fake.failures = [(502, {}, {})]
    result = judge(fake)
    assert result.status is WARN
    assert result.message.endswith("after: HTTP 502")


@pytest.mark.parametrize("unseen", ["repository", "branch", "forge"])
def test_what_has_to_be_known_before(unseen: str) -> None:
    """Without it nothing is asked."""
    why = Unseen("it is not known", "see why")
    result = check_review(
        why if unseen == "repository" else REPOSITORY, lambda: why if unseen == "branch" else "main", lambda: why
    )
    assert (result.status, result.message) == (UNKNOWN, "it is not known")
