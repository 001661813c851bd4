"""The verdict as a message: what someone who is elsewhere has to know, and not more than can be read there."""

import pytest
from msgspec.structs import replace

from release_sentinel.reports.document import document
from release_sentinel.reports.message import body, is_failure, title
from tests.reports.samples import CLOSE, DIRTY, PASSED, RELEASE, SAMPLES, verdict


def test_the_title_is_the_decision() -> None:
    """Verdict, version, environment."""
    assert title(document(SAMPLES["blocked"])) == "BLOCKED: v1.0.0 to prod"
    assert title(document(SAMPLES["unseen"])) == "INCOMPLETE: (no version) to (no environment)"


def test_the_body_tells_why_who_and_where() -> None:
    """Commit, branch, actor, failed gates with their reasons, warnings, and the link to the run."""
    assert body(document(verdict(PASSED, DIRTY, CLOSE)), url="https://ci/7", actor="kim").splitlines() == [
        "commit 0123456789ab on main",
        "started by kim",
        "[POLICY] clean-tree: 2 paths differ",
        "[WARNED] memory: 80% in use",
        "run: https://ci/7",
    ]


def test_what_is_not_known_is_left_out() -> None:
    """Outside CI there is no run to look at; without a branch, none is named."""
    assert body(document(verdict(PASSED, release=replace(RELEASE, branch="")))) == "commit 0123456789ab"
    assert body(document(SAMPLES["unseen"])).splitlines() == ["no commit was seen", "[INCOMPLETE] --env is blank"]


def test_a_long_story_is_cut() -> None:
    """Chats refuse what is too long, and then no one is told."""
    many = verdict(*(replace(DIRTY, id=f"gate-{number}", reason="x" * 1000) for number in range(50)))
    told = body(document(many))
    assert len(told) < 8000
    assert "… and 30 more" in told


@pytest.mark.parametrize(
    ("label", "failure"),
    [("SAFE", False), ("PARTIAL SAFE", False), ("", False), ("BLOCKED", True), ("PARTIAL CRITICAL", True)],
)
def test_what_a_failure_is(label: str, *, failure: bool) -> None:
    """Every verdict that holds a release back."""
    assert is_failure(label) is failure
