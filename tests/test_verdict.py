"""From results and facts about the session to one verdict and one exit code."""

from itertools import combinations_with_replacement, product

import pytest
from msgspec.structs import asdict, replace

from release_sentinel.checks.result import CRIT, OK, UNKNOWN, WARN
from release_sentinel.verdict import GateResult, Provenance, Release, decide, may_end, unfinished
from release_sentinel.vocabulary import BLOCKED, CRITICAL, INCOMPLETE, SAFE, UNFINISHED, Outcome, Stage, Status
from tests.reports.samples import BROKEN, CLOSE, DIRTY, FULL, LEFT_OUT, PASSED, UNDETERMINED, verdict

GATES = [GateResult("x", kind, status, "why") for kind in Stage for status in (*Status, None)]
SETS = [gates for size in range(4) for gates in combinations_with_replacement(GATES, size)]

ROWS: dict[str, tuple[tuple[GateResult, ...], tuple[str, ...], str, int]] = {
    "all-passed": ((PASSED,), (), SAFE, 0),
    "warned": ((PASSED, CLOSE), (), SAFE, 0),
    "policy-failed": ((PASSED, DIRTY), (), BLOCKED, 1),
    "policy-unknown": ((PASSED, UNDETERMINED), (), BLOCKED, 1),
    "critical-failed": ((PASSED, FULL), (), CRITICAL, 2),
    "critical-unknown": ((PASSED, BROKEN), (), CRITICAL, 2),
    "problem": ((PASSED,), ("gate api gave no result",), INCOMPLETE, 1),
    "not-evaluated": ((PASSED, LEFT_OUT), (), INCOMPLETE, 1),
    "nothing": ((), (), INCOMPLETE, 1),
    "policy-before-critical": ((FULL, DIRTY), (), BLOCKED, 1),
    "policy-before-problem": ((DIRTY,), ("gate api gave no result",), BLOCKED, 1),
    "policy-before-not-evaluated": ((DIRTY, LEFT_OUT), (), BLOCKED, 1),
    "problem-before-critical": ((PASSED, FULL), ("gate api gave no result",), INCOMPLETE, 1),
    "critical-before-not-evaluated": ((FULL, LEFT_OUT), (), CRITICAL, 2),
}


@pytest.mark.parametrize(("gates", "problems", "name", "code"), ROWS.values(), ids=ROWS)
def test_each_row_has_its_verdict(
    gates: tuple[GateResult, ...], problems: tuple[str, ...], name: str, code: int
) -> None:
    """Verdict and exit code are what the table of the contract says."""
    assert decide(gates, problems) == (name, code)


@pytest.mark.parametrize(("signal", "code"), [(2, 130), (15, 143)], ids=["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("gates", [(), (PASSED,), (DIRTY,), (FULL,)], ids=["none", "passed", "blocked", "critical"])
@pytest.mark.parametrize("broken", [0, 3, 4])
def test_an_interrupted_run_is_incomplete(gates: tuple[GateResult, ...], broken: int, signal: int, code: int) -> None:
    """A signal comes before everything else, and the code names it as a shell would."""
    assert decide(gates, ["why"], interrupted=signal, broken=broken) == (INCOMPLETE, code)


@pytest.mark.parametrize("broken", [3, 4], ids=["internal-error", "usage-error"])
@pytest.mark.parametrize("gates", [(), (PASSED,), (DIRTY,), (FULL,)], ids=["none", "passed", "blocked", "critical"])
def test_a_broken_pytest_is_incomplete(gates: tuple[GateResult, ...], broken: int) -> None:
    """Where pytest itself failed no gate is believed, and the code stays pytest's."""
    assert decide(gates, broken=broken) == (INCOMPLETE, broken)


def test_only_proof_is_safe() -> None:
    """Over every small run: it is SAFE exactly if there are gates, all of them passed, and nothing is wrong."""
    for gates, problems, interrupted, broken in product(SETS, [(), ("why",)], [0, 2, 15], [0, 3, 4]):
        passed = bool(gates) and all(gate.status in {OK, WARN} for gate in gates)
        proven = passed and not problems and not interrupted and not broken
        name, code = decide(gates, problems, interrupted=interrupted, broken=broken)

        assert (name == SAFE) == (code == 0) == proven


def test_nothing_that_is_added_makes_a_run_safe() -> None:
    """Over every small run: no further gate makes up for one that did not pass."""
    for gates, more in product(SETS, GATES):
        if decide(gates)[0] != SAFE and gates:
            assert decide((*gates, more))[0] != SAFE


def test_the_order_of_the_gates_does_not_matter() -> None:
    """Over every small run: the verdict is the same from behind."""
    assert all(decide(gates) == decide(gates[::-1]) for gates in SETS)


def test_exit_code_2_always_means_critical() -> None:
    """Over every small run: automation that retries on 2 never retries a release that a person has to fix."""
    for gates, problems in product(SETS, [(), ("why",)]):
        name, code = decide(gates, problems)
        policy_passed = all(gate.status in {OK, WARN, None} for gate in gates if gate.stage is Stage.POLICY)

        assert (code == 2) == (name == CRITICAL)
        assert code != 2 or (policy_passed and not problems)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (OK, Outcome.PASSED),
        (WARN, Outcome.WARNED),
        (UNKNOWN, Outcome.FAILED),
        (CRIT, Outcome.FAILED),
        (None, Outcome.NOT_EVALUATED),
    ],
)
def test_each_status_has_its_outcome(status: Status | None, outcome: Outcome) -> None:
    """UNKNOWN never passes, and no status at all is no failure of the gate's own."""
    assert replace(PASSED, status=status).outcome is outcome


@pytest.mark.parametrize(
    ("gate", "headline"),
    [
        (PASSED, "[OK] environment: prod is an environment of the policy"),
        (CLOSE, "[WARN] memory: 80% in use"),
        (DIRTY, "[POLICY] clean-tree: 2 paths differ"),
        (UNDETERMINED, "[POLICY] tag: could not be determined: the remote does not answer"),
        (FULL, "[CRITICAL] disk: 91% in use"),
        (LEFT_OUT, "[CRITICAL] process: a policy gate failed"),
    ],
    ids=["passed", "warned", "policy", "unknown", "critical", "not-evaluated"],
)
def test_a_headline_names_stage_gate_and_reason(gate: GateResult, headline: str) -> None:
    """One line is enough to know what to do."""
    assert gate.headline == headline


def test_what_is_not_known_is_blank() -> None:
    """Reports leave it out."""
    assert GateResult("x", Stage.POLICY, OK, "why") == GateResult(
        "x", Stage.POLICY, OK, "why", remedy="", details=(), tries=1, seconds=0, traceback="", waiver=None
    )
    assert not any(asdict(Provenance()).values())
    assert Release("prod", "v1.0.0") == Release("prod", "v1.0.0", repository="", commit="", branch="", branch_source="")
    assert unfinished(Release("prod", "v1.0.0")).problems == (UNFINISHED,)


def test_reasons_are_the_failed_gates_and_the_problems() -> None:
    """Everything that stands against a release, and nothing else, in the order of the gates."""
    found = verdict(PASSED, DIRTY, FULL, CLOSE, LEFT_OUT, problems=("gate api gave no result",)).reasons

    assert found == (DIRTY.headline, FULL.headline, "[INCOMPLETE] gate api gave no result")


def test_a_safe_verdict_has_no_reasons() -> None:
    """A warning is shown and stands against nothing."""
    assert verdict(PASSED, CLOSE).reasons == ()


def test_gates_are_found_by_their_outcome() -> None:
    """`having` keeps the order of the gates."""
    found = verdict(FULL, PASSED, CLOSE, DIRTY)

    assert found.having(Outcome.FAILED, Outcome.WARNED) == (FULL, CLOSE, DIRTY)


def test_a_partial_verdict_says_so() -> None:
    """A run on a chosen subset cannot be taken for a whole one."""
    assert replace(verdict(PASSED), partial=True).label == "PARTIAL SAFE"
    assert verdict(PASSED).label == "SAFE"


@pytest.mark.parametrize(("interrupted", "broken"), [(0, 0), (2, 0), (15, 0), (0, 3), (0, 4)])
@pytest.mark.parametrize("problems", [(), ("x",)])
@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("status", Status)
def test_what_is_decided_may_end_so(
    status: Status, stage: Stage, problems: tuple[str, ...], interrupted: int, broken: int
) -> None:
    """A history tells by that which verdicts contradict their exit code."""
    name, code = decide([GateResult("disk", stage, status, "")], problems, interrupted=interrupted, broken=broken)
    assert may_end(name, code)
    assert not [other for other in ("SAFE", "CRITICAL", "BLOCKED") if name == "INCOMPLETE" and may_end(other, 130)]
    assert [other for other in range(3) if may_end(name, other)] == [1 if name == "INCOMPLETE" else code]
