"""What is open and blocks releases."""

from collections.abc import Callable
from typing import Any

import pytest

from release_sentinel.checks.blockers import check_blockers
from release_sentinel.checks.result import CRIT, OK, UNKNOWN, WARN, CheckResult
from release_sentinel.observe import Unseen
from release_sentinel.observe.forge import Client, Evidence
from tests.checks.test_ci_checks import NOT_FOUND, denied
from tests.observe.forge.fake import FAKES, Clock, Fake, FakeGitHub, FakeGitLab, api_of

each_forge = pytest.mark.parametrize("kind", FAKES)


def judge(fake: Fake, *labels: str) -> CheckResult:
    """Judge the fake's issues, as the gate does."""
    evidence = Evidence(Client(api_of(fake), sleep=Clock().sleep))
    return check_blockers(lambda: evidence, labels or ("release-blocker",))


def issue(number: int, *labels: str, **more: Any) -> Callable[[Any], Any]:
    """Add an issue."""
    return lambda fake: fake.issue(number, *labels, **more)


ROWS: list[Any] = [
    ("nothing", lambda _: None, OK, "nothing open is labelled release-blocker"),
    ("another label", issue(1, "bug"), OK, ""),
    ("a longer label", issue(1, "not-a-release-blocker"), OK, ""),
    ("closed", issue(1, "release-blocker", state="closed"), OK, ""),
    ("open", issue(1, "bug", "release-blocker"), CRIT, "1 Title 1 (release-blocker)"),
    ("another case", issue(1, "Release-Blocker"), CRIT, "Title 1 (Release-Blocker)"),
]


@each_forge
@pytest.mark.parametrize(("_", "change", "wanted", "words"), ROWS, ids=[row[0] for row in ROWS])
def test_each_forge(kind: str, _: str, change: Callable[[Any], Any], wanted: object, words: str) -> None:
    """An open issue with the label blocks, whatever its case."""
    fake = FAKES[kind]()
    change(fake)
    result = judge(fake)
    assert (result.status, words in result.message) == (wanted, True), result.message


@each_forge
def test_the_first_ten_are_named(kind: str) -> None:
    """And how many there are; all pages count."""
    fake = FAKES[kind]()
    for number in range(1, 131):
        issue(number, "release-blocker" if number % 10 == 0 else "bug")(fake)
    result = judge(fake)
    assert result.message.startswith("13 open with a label that blocks releases: ")
    assert result.message.endswith(" and 3 more")
    assert result.message.count("Title") == 10


@pytest.mark.parametrize("label", ["Urgent", "Urgent, really"])
@each_forge
def test_several_labels(kind: str, label: str) -> None:
    """One of them is enough, also beyond the first page, and with a comma in its name."""
    fake = FAKES[kind]()
    for number in range(1, 131):
        issue(number, "bug")(fake)
    issue(131, label.lower())(fake)
    result = judge(fake, "release-blocker", label)
    assert (result.status, f"131 Title 131 ({label.lower()})" in result.message) == (CRIT, True)


def test_a_merge_request_of_gitlab_blocks() -> None:
    """Requests are listed apart from issues there."""
    fake = FakeGitLab()
    fake.open_requests.append({"iid": 5, "title": "Fix", "labels": ["release-blocker"]})
    assert "!5 Fix" in judge(fake).message


def test_a_repository_without_issues() -> None:
    """Its pull requests count."""
    fake = FakeGitHub()
    fake.has_issues = False
    fake.issue(4, "release-blocker")
    fake.issues[0]["pull_request"] = {"url": "x"}
    assert judge(fake).message.startswith("1 open with a label that blocks releases: #4")


def test_a_first_page_that_is_not_full() -> None:
    """GitHub leaves out entries after it has cut the pages: only its link says that there are more."""
    fake = FakeGitHub()
    fake.page_size = 10
    for number in range(1, 61):
        issue(number, "bug")(fake)
    issue(99, "release-blocker")(fake)
    assert judge(fake).status is CRIT
    assert len(fake.asked) == 2  # the second time by the label


@each_forge
@pytest.mark.parametrize("answer", [{}, "", None, {"message": "x"}], ids=repr)
def test_an_answer_of_another_shape_is_unknown(kind: str, answer: object) -> None:
    """It does not say that nothing is open."""
    fake = FAKES[kind]()
    denied("/issues", (200, answer, {}))(fake)
    result = judge(fake)
    assert (result.status, "otherwise than its API documents" in result.message) == (UNKNOWN, True)


@each_forge
def test_what_the_token_may_not_see_is_unknown(kind: str) -> None:
    """And names the permission."""
    fake = FAKES[kind]()
    denied("/issues", NOT_FOUND)(fake)
    result = judge(fake)
    assert result.status is UNKNOWN
    assert result.remedy.startswith("give the token ")


def test_no_label_is_unknown() -> None:
    """A gate that is asked for by its id alone has nothing to look for."""
    fake = FakeGitHub()
    result = check_blockers(lambda: Evidence(Client(api_of(fake))))
    assert (result.status, result.message) == (UNKNOWN, "no label is named that blocks releases")
    assert fake.asked == []


def test_no_forge_is_unknown() -> None:
    """It says why."""
    assert check_blockers(lambda: Unseen("no forge"), ("x",)).message == "no forge"


def test_a_pass_after_a_retry_warns() -> None:
    """It says what came before."""
    fake = FakeGitHub()
    fake.failures = [(502, {}, {})]
    result = judge(fake)
    assert (result.status, "HTTP 502" in result.message) == (WARN, True)
