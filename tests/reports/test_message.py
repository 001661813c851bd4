"""The verdict as a message: what someone who is elsewhere has to know, and not more than can be read there."""

import pytest
from msgspec.structs import replace

from release_sentinel.reports.document import document
from release_sentinel.reports.message import alert_type, body, is_failure, title
from release_sentinel.verdict import GateResult
from tests.reports.samples import ADVISED, CLOSE, DIRTY, PASSED, RELEASE, SAMPLES, WAIVED, verdict


def test_the_title_is_the_decision() -> None:
    """Verdict, version, environment."""
    assert title(document(SAMPLES["blocked"])) == "BLOCKED: v1.0.0 to prod"
    assert title(document(SAMPLES["blocked"]), "acme/shop") == "BLOCKED: acme/shop v1.0.0 to prod"
    assert title(document(SAMPLES["unseen"])) == "INCOMPLETE: (no version) to (no environment)"


def test_the_body_tells_what_to_do_first() -> None:
    """The decision, who acts, failed gates with their remedies, warnings, commit, branch, actor."""
    assert body(document(verdict(PASSED, DIRTY, CLOSE)), actor="kim").splitlines() == [
        "v1.0.0 breaks the release policy and must not go to prod",
        "To do, kim: fix the release; a retry does not help",
        "[POLICY] clean-tree: 2 paths differ",
        "-> commit or remove them",
        "[WARNED] memory: 80% in use",
        "-> free memory",
        "commit 0123456789ab on main",
        "started by kim",
    ]


@pytest.mark.parametrize(
    ("gate", "until"), [(WAIVED, "waived until 2024-06-30, by Kim"), (ADVISED, "advised until 2024-06-30")]
)
def test_what_is_excused_has_its_last_day(gate: GateResult, until: str) -> None:
    """A long reason does not cut it off."""
    for reason in (gate.reason, gate.reason * 999):
        lines = body(document(verdict(PASSED, replace(gate, reason=reason)))).splitlines()
        assert [line for line in lines if line.endswith(f" — {until}")]


@pytest.mark.parametrize("name", SAMPLES)
def test_who_acts_is_asked_to_where_there_is_something_to_do(name: str) -> None:
    """Operations for the system, and who started the run for the release and the run itself."""
    seen = document(SAMPLES[name])
    kinds = {"BLOCKED": "the one who started the run", "CRITICAL": "operations", "INCOMPLETE": "the one who started"}
    asked = kinds.get(seen["verdict"].split()[-1])
    assert (f"To do, {asked}" in body(seen)) if asked else ("To do" not in body(seen))


def test_after_a_deployment_the_question_is_another() -> None:
    """A watch says whether what was deployed is healthy; that it may go there would be wrong, and so would a retry."""
    sick, well = (replace(SAMPLES[name], watch=True) for name in ("critical", "safe"))
    assert body(document(sick)).splitlines()[:2] == [
        "v1.0.0 is not healthy on prod",
        "To do, operations: fix the system, or roll the release back",
    ]
    assert body(document(well)).startswith("v1.0.0 is healthy on prod\n[WARNED]")


def test_what_is_not_known_is_left_out() -> None:
    """Outside CI no one is named; without a branch, none is."""
    assert body(document(verdict(PASSED, release=replace(RELEASE, branch="")))).splitlines() == [
        "v1.0.0 may go to prod",
        "commit 0123456789ab",
    ]
    assert body(document(SAMPLES["unseen"])).splitlines()[2:] == ["[INCOMPLETE] --env is blank", "no commit was seen"]


TYPES = {
    "safe": "warning",
    "blocked": "failure",
    "critical": "failure",
    "incomplete": "failure",
    "interrupted": "failure",
    "empty": "failure",
    "partial": "info",
    "waived": "warning",
    "advised": "warning",
    "unseen": "failure",
}


@pytest.mark.parametrize("name", SAMPLES)
def test_each_verdict_has_a_type(name: str) -> None:
    """By it apprise chooses colour, icon and severity."""
    assert alert_type(document(SAMPLES[name])) == TYPES[name]


def test_a_preview_is_no_more_than_a_warning() -> None:
    """Nothing is released by it; and SAFE without a remark is a success."""
    assert alert_type(document(replace(SAMPLES["blocked"], preview=True))) == "warning"
    assert alert_type(document(replace(verdict(PASSED), preview=True))) == "info"
    assert alert_type(document(verdict(PASSED))) == "success"


def test_a_long_story_is_cut() -> None:
    """Chats refuse what is too long, and then no one is told."""
    many = verdict(*(replace(DIRTY, id=f"gate-{number}", reason="x" * 1000) for number in range(50)))
    told = body(document(many))
    assert len(told) < 10000
    assert "… and 30 more" in told


@pytest.mark.parametrize(
    ("label", "failure"),
    [("SAFE", False), ("PARTIAL SAFE", False), ("", False), ("BLOCKED", True), ("PARTIAL CRITICAL", True)],
)
def test_what_a_failure_is(label: str, *, failure: bool) -> None:
    """Every verdict that holds a release back."""
    assert is_failure(label) is failure
