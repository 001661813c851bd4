"""A waiver excuses what a gate judged, and nothing else that may become of it."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from release_sentinel.checks.result import CRIT, OK, UNKNOWN, WARN, CheckResult
from release_sentinel.config.model import Waiver
from release_sentinel.plugin.gate import Gate, Record
from release_sentinel.redaction import Redactor
from release_sentinel.vocabulary import Outcome, Stage

WAIVER = Waiver("own", "prod", "see s3cret-value", "Kim", date(9998, 12, 31))
EXPIRED = Waiver("own", "prod", "see s3cret-value", "Kim", date(2020, 12, 31))  # since the gate began, in a long run


def record(**changes: Any) -> Record:
    """Return the record of a gate that ran once, with a waiver in force."""
    named: dict[str, Any] = {"waiver": WAIVER, "runs": 1, "finished": True, **changes}
    return Record("own", Stage.POLICY, "own.py::test_own", Path("/own.py"), "test_own", built_in=False, **named)


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"judged": [CheckResult(CRIT, "no")]}, Outcome.WAIVED),
        ({"judged": [CheckResult(UNKNOWN, "who knows")]}, Outcome.WAIVED),
        ({"failure": "assert 1 == 2"}, Outcome.WAIVED),
        ({"judged": [CheckResult(OK, "fine")]}, Outcome.PASSED),
        ({"judged": [CheckResult(WARN, "close")]}, Outcome.WARNED),
        ({"broken": "the gate broke: KeyError"}, Outcome.FAILED),
        ({"judged": [CheckResult(CRIT, "no")], "broken": "the gate hung"}, Outcome.FAILED),
        ({"not_evaluated": "a policy gate failed"}, Outcome.NOT_EVALUATED),
        ({"judged": [CheckResult(CRIT, "no")], "waiver": None}, Outcome.FAILED),
        ({"judged": [CheckResult(CRIT, "no")], "waiver": EXPIRED}, Outcome.FAILED),
    ],
    ids=[
        "failed",
        "unknown",
        "assert",
        "passed",
        "warned",
        "broke",
        "failed and hung",
        "not evaluated",
        "no waiver",
        "expired since",
    ],
)
def test_what_a_waiver_excuses(changes: dict[str, Any], outcome: Outcome) -> None:
    """A judgement of the gate; not an error, not a hang, and a pass needs no excuse."""
    gate = record(**changes)
    result = gate.result()
    assert result.outcome is outcome
    assert (result.waiver is not None) is (outcome is Outcome.WAIVED)


DAY = date(9998, 12, 31)


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"judged": [CheckResult(CRIT, "no")]}, Outcome.ADVISED),
        ({"judged": [CheckResult(UNKNOWN, "who knows")]}, Outcome.ADVISED),
        ({"failure": "assert 1 == 2"}, Outcome.ADVISED),
        ({"broken": "the gate broke: KeyError"}, Outcome.ADVISED),
        ({"judged": [CheckResult(CRIT, "no")], "waiver": WAIVER}, Outcome.WAIVED),
        ({"broken": "the gate broke: KeyError", "waiver": WAIVER}, Outcome.ADVISED),
        ({"judged": [CheckResult(OK, "fine")]}, Outcome.PASSED),
        ({"judged": [CheckResult(WARN, "close")]}, Outcome.WARNED),
        ({"not_evaluated": "a policy gate failed"}, Outcome.NOT_EVALUATED),
        ({"judged": [CheckResult(CRIT, "no")], "advised": None}, Outcome.FAILED),
        ({"judged": [CheckResult(CRIT, "no")], "advised": date(2020, 12, 31)}, Outcome.FAILED),  # since it began
    ],
)
def test_what_becomes_of_an_advised_gate(changes: dict[str, Any], outcome: Outcome) -> None:
    """It holds no release, whatever it says and however it ends; a waiver counts first."""
    gate = record(**{"waiver": None, "advised": DAY, **changes})
    result = gate.result()
    assert (result.outcome, result.advised) == (outcome, DAY if outcome is Outcome.ADVISED else None)
    assert gate.failed is (outcome is Outcome.FAILED)


@pytest.mark.parametrize("changes", [{}, {"skipped": "not here"}])
def test_an_advised_gate_without_a_result_proves_nothing(changes: dict[str, Any]) -> None:
    """One that judged nothing, or was skipped, is missing, and the run is INCOMPLETE."""
    assert not record(waiver=None, advised=DAY, **changes).counts


def test_a_warning_that_is_strict_may_be_waived() -> None:
    """`--gate-strict` makes it a judgement like any other."""
    gate = record(strict=True)
    with pytest.raises(pytest.fail.Exception):
        Gate(gate, Redactor().add).require(CheckResult(WARN, "close"))
    assert gate.result().headline == (
        "[WAIVED] own: close (a warning, and --gate-strict) — waived until 9998-12-31, by Kim: see s3cret-value"
    )


def test_a_clean_up_that_fails_after_an_advised_gate_counts() -> None:
    """It is the round's, and not what the policy only advises."""
    last = record(waiver=None, advised=DAY, judged=[CheckResult(OK, "fine")])
    last.spoil("to clean up after the last gate failed")
    assert (last.failed, last.result().outcome) == (True, Outcome.FAILED)
