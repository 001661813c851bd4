"""Which commits count as reviewed: one row for each state that a forge can be in."""

from collections.abc import Callable
from typing import Any

import pytest

from release_sentinel.checks.result import CRIT, OK, UNKNOWN, WARN, CheckResult
from release_sentinel.checks.review import check_review
from release_sentinel.observe import Unseen
from release_sentinel.observe.forge import Client, Evidence
from tests.checks.test_ci_checks import FORBIDDEN, NOT_FOUND, REPOSITORY, denied, do, ids
from tests.observe.forge.fake import FAKES, HEAD, OTHER, Clock, Fake, FakeGitea, FakeGitHub, FakeGitLab, api_of, user


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


def committed(account: Any, address: str = "x@example.com") -> Callable[[Any], Any]:
    """Let a commit have another committer than its author."""
    return lambda fake: (
        fake.commits[0].update(committer=account),
        fake.commits[0]["commit"].update(committer={"name": "X", "email": address}),
    )


def many_reviewers(fake: Any) -> None:
    """Fill the first page."""
    for number in range(100):
        fake.want(f"u{number}", "unreviewed")


def approve(*args: Any, **named: Any) -> Callable[[Any], Any]:
    """Add an approval."""
    return lambda fake: fake.approve(*args, **named)


def approve_as(username: str, name: str) -> Callable[[Any], Any]:
    """Add an approval of an account with a name of its own."""
    return lambda fake: (fake.approve(username), fake.approved[-1]["user"].update(name=name))


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
    ("who committed it", do(GOOD, committed(user("bob"))), 1, CRIT, "bob is an author"),
    ("another committed it", do(GOOD, committed(user("carl"))), 1, OK, ""),
    ("GitHub committed it", do(GOOD, committed(user("web-flow"), "noreply@github.com")), 1, OK, ""),
    ("whose login looks like an id", do(GOOD, co_author("7-bob@users.noreply.github.com")), 1, OK, ""),
    ("who may only read", review("rita"), 1, CRIT, "rita may not write"),
    *(
        (
            f"{association}, permission {status}",
            do(review(author_association=association), denied("/collab", answer)),
            1,
            UNKNOWN,
            "Metadata: read",
        )
        for association in ("OWNER", "MEMBER", "COLLABORATOR", "NONE")
        for status, answer in (("forbidden", FORBIDDEN), ("not found", NOT_FOUND))
    ),
    ("one permission hidden, and one more", do(review("zoe"), GOOD), 1, OK, "approved by bob"),
    ("one permission hidden, changes wanted", do(review("zoe"), review("carl", "CHANGES_REQUESTED")), 1, CRIT, "carl"),
    ("one permission hidden, two wanted", do(review("zoe"), GOOD), 2, UNKNOWN, "whether zoe may write is hidden"),
    ("one permission hidden, three wanted", do(review("zoe"), GOOD), 3, CRIT, "1 of 3"),
    (
        "wanted changes, then approved, which was dismissed",
        do(review("carl", "CHANGES_REQUESTED"), review("carl", "DISMISSED"), GOOD),
        1,
        OK,
        "",
    ),
    (
        "two accounts that are gone",
        do(review("ghost", "CHANGES_REQUESTED"), review("ghost"), GOOD),
        1,
        CRIT,
        "asked for",
    ),
    ("an organization", review("acme", user=user("acme", "Organization")), 1, CRIT, "acme may not write"),
    ("a bot", review("helper[bot]", user=user("helper[bot]", "Bot")), 1, CRIT, ""),
    ("one of two", GOOD, 2, CRIT, "1 of 2 approvals"),
    ("two of two", do(GOOD, review("carl")), 2, OK, "bob, carl"),
    ("the same twice", do(GOOD, GOOD), 2, CRIT, ""),
    ("an author without an account", do(GOOD, commits("ann", None)), 1, UNKNOWN, "without an account"),
    ("an author without an account, and one more", do(GOOD, review("carl"), commits("ann", None)), 1, OK, ""),
    (
        "an author without an account, and one who may only read",
        do(GOOD, review("rita"), commits("ann", None)),
        1,
        UNKNOWN,
        "without an account",
    ),
    (
        "a co-author and a committer without an address",
        do(GOOD, committed(user("ann"), ""), co_author("")),
        1,
        UNKNOWN,
        "without an account",
    ),
    ("more commits than are listed", do(GOOD, commits(*["ann"] * 250)), 1, UNKNOWN, "250 commits"),
    ("a long review", do(*(review(f"u{number}", "COMMENTED") for number in range(130)), GOOD), 1, OK, ""),
    ("requests of another shape", do(GOOD, denied("/pulls", (200, [{}], {}))), 1, UNKNOWN, "otherwise than its API"),
    ("the request is forbidden", denied("/pulls", FORBIDDEN), 1, UNKNOWN, "Pull requests: read"),
    ("the reviews are not found", do(GOOD, denied("/reviews", NOT_FOUND)), 1, UNKNOWN, "Pull requests: read"),
    ("the commit is not known", lambda fake: fake.known.clear(), 1, UNKNOWN, "not pushed"),
]
ANN = {"username": "ann", "name": "Ann"}
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
    (
        "who opened it",
        do(approve("carl"), request(author={"username": "carl", "name": "C"}, assignees=[ANN])),
        1,
        CRIT,
        "carl is an author",
    ),
    ("who wrote a commit under a name", do(approve_as("bs", "Ann"), request(author={"username": "c"})), 1, CRIT, ""),
    ("who wrote no commit of it", do(approve(), request(assignees=[ANN])), 1, OK, ""),
    (
        "an assignee wrote it",
        do(approve(), request(author={"username": "carl"}, assignees=[ANN])),
        1,
        OK,
        "",
    ),
    *(
        (f"a program: {name}", approve(name), 1, CRIT, f"{name} may not write")
        for name in ("project_12_bot", "project_12_bot_ab12", "group_3_bot_x", "service_account_group_3_x", "ghost")
    ),
    *((f"a person: {name}", approve(name), 1, OK, "") for name in ("project_bot_fan", "project_1_bothe", "bot")),
    ("a second page of reviewers", do(approve(), many_reviewers, lambda fake: fake.want("eve")), 1, CRIT, "eve"),
    (
        "reviewers of another shape",
        do(approve(), lambda fake: fake.want("x", "approved"), denied("/reviewers", (200, {}, {}))),
        1,
        UNKNOWN,
        "otherwise",
    ),
    *(
        (
            f"reviewers {said}",
            do(approve(), lambda fake: fake.want("x"), denied("/reviewers", answer)),
            1,
            UNKNOWN,
            "read_api",
        )
        for said, answer in (("forbidden", FORBIDDEN), ("not found", NOT_FOUND))
    ),
    ("pushes of another shape", do(approve(), denied("/versions", (200, {}, {}))), 1, UNKNOWN, "otherwise"),
    ("its own rules lack some", do(approve(), lambda fake: setattr(fake, "left", 2)), 1, CRIT, "2 more approvals"),
    ("wants changes", do(approve(), lambda fake: fake.want("carl")), 1, CRIT, "carl asked for changes"),
    ("a reviewer who did", do(approve(), lambda fake: fake.want("bob", "approved")), 1, OK, ""),
    ("one of two", approve(), 2, CRIT, "1 of 2"),
    ("two of two", do(approve(), approve("carl")), 2, OK, ""),
    ("approvals forbidden", denied("/approvals", FORBIDDEN), 1, UNKNOWN, "read_api"),
    ("the commit is not known", lambda fake: fake.known.clear(), 1, UNKNOWN, "not pushed"),
]
OTHER_SHAPES: list[Any] = [{}, None, [], ""]
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
    ("two accounts that are gone", do(review("Ghost", "REQUEST_CHANGES"), review("Ghost"), GOOD), 1, CRIT, "asked for"),
    ("an account that is gone", review("Ghost", user={"login": "Ghost", "id": -1}), 1, CRIT, "may not write"),
    ("Gitea's own account", review(user={"login": "gitea-actions", "id": -2}), 1, CRIT, "may not write"),
    ("who committed it", do(GOOD, committed(user("bob"))), 1, CRIT, "bob is an author"),
    *(
        (f"the request is {said!r}", do(GOOD, denied("/pull", (200, said, {}))), 1, UNKNOWN, "otherwise than its API")
        for said in OTHER_SHAPES
    ),
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


HIDDEN = {
    "github": "{id}+{name}@users.noreply.github.com",
    "gitlab": "{id}-{name}@users.noreply.gitlab.com",
    "gitea": "{id}+{name}@noreply.codeberg.org",
}
FOREIGN = {"github": "gitea", "gitlab": "github", "gitea": "gitlab"}
SELF = ("GitHub", "noreply@github.com")
ANN_SAYS, ROBERT = ("Ann", "ann@example.com"), ("Robert", "robert@corp.example")
AUTHORS: list[Any] = [
    ("of the author alone", {}, OK),
    ("of an author who is not known", {"author": ROBERT}, UNKNOWN),
    ("committed by one who is not known", {"committer": ROBERT}, UNKNOWN),
    ("committed by the forge", {"committer": SELF}, OK),
    ("with a co-author who is not known", {"trailer": "Co-authored-by: Robert <robert@corp.example>"}, UNKNOWN),
    ("with a co-author in another case", {"trailer": "CO-AUTHORED-BY:Robert <robert@corp.example>"}, UNKNOWN),
    ("with a co-author without an address", {"trailer": "Co-authored-by: Robert"}, UNKNOWN),
    ("with the author as co-author", {"trailer": "Co-authored-by: Ann <Ann@Example.com>"}, OK),
    ("with a co-author in a sentence", {"trailer": "As Co-authored-by: Robert says"}, OK),
    ("with a program as co-author", {"trailer": "Co-authored-by: Helper <noreply@helper.example>"}, OK),
    ("with the approver as co-author", {"trailer": "Co-authored-by: B <{hidden}>", "as": (7, "bob")}, CRIT),
    ("with the approver under an old name", {"trailer": "Co-authored-by: B <{hidden}>", "as": (7, "old")}, CRIT),
    ("with another who had the name before", {"trailer": "Co-authored-by: B <{hidden}>", "as": (6, "bob")}, OK),
    ("with an account of another forge", {"trailer": "Co-authored-by: B <{foreign}>", "as": (7, "zed")}, UNKNOWN),
]


@pytest.mark.parametrize(("_", "written", "wanted"), AUTHORS, ids=[row[0] for row in AUTHORS])
@pytest.mark.parametrize("kind", FAKES)
def test_a_commit(kind: str, _: str, written: Any, wanted: object) -> None:
    """Who helped counts as an author, on every forge; ids count before names."""
    number, name = written.get("as", (0, ""))
    hidden = {of: HIDDEN[of].format(id=number, name=name) for of in HIDDEN}
    trailer = written.get("trailer", "").format(hidden=hidden[kind], foreign=hidden[FOREIGN[kind]])
    fake = FAKES[kind]()
    wrote(fake, written.get("author", ANN_SAYS), written.get("committer", ANN_SAYS), f"Fix\n\n{trailer}\n")
    approved_by(fake, "bob", 7)
    result = judge(fake)
    assert result.status is wanted, result
    approved_by(fake, "carl", 8)
    assert judge(fake).status is OK  # whoever is not known is one of them at most


def wrote(fake: Fake, author: tuple[str, str], committer: tuple[str, str], message: str) -> None:
    """Let the request have one commit."""
    if isinstance(fake, FakeGitLab):
        names = dict(zip(("author_name", "author_email"), author, strict=True))
        names |= dict(zip(("committer_name", "committer_email"), committer, strict=True))
        fake.commits = [{"id": HEAD, "message": message, **names}]
        return
    assert isinstance(fake, (FakeGitHub, FakeGitea))
    said: dict[str, Any] = {
        who: {"name": name, "email": mail} for who, (name, mail) in (("author", author), ("committer", committer))
    }
    accounts = {who: user("ann") if said[who]["name"] == "Ann" else None for who in said}
    fake.commits = [{"sha": HEAD, "commit": {**said, "message": message}, **accounts}]


def approved_by(fake: Fake, name: str, number: int) -> None:
    """Add an approval."""
    if isinstance(fake, FakeGitLab):
        fake.approve(name, id=number)
    elif isinstance(fake, (FakeGitHub, FakeGitea)):
        fake.review(name, user=user(name, number=number))


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
