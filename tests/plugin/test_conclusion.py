"""From what a session has seen to its verdict: every doubt that is left when pytest ends holds the release back."""

import os
import signal
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec.structs import replace

from release_sentinel.checks.result import CRIT, OK, CheckResult
from release_sentinel.config.model import Policy, Waiver
from release_sentinel.gates import expected
from release_sentinel.invocation import parse
from release_sentinel.observe import Unseen
from release_sentinel.plugin.conclusion import conclude
from release_sentinel.plugin.found import Found
from release_sentinel.plugin.gate import Record
from release_sentinel.plugin.observations import Observations
from release_sentinel.plugin.session import GateSession
from release_sentinel.verdict import Disabled, Missing, Verdict
from release_sentinel.vocabulary import BLOCKED, CRITICAL, INCOMPLETE, SAFE, Stage
from tests.conftest import RELEASE, SECRET, Repo

FAILED = CheckResult(CRIT, "no")
OLD = Waiver("api", "prod", "an outage", "Kim", datetime(2020, 1, 1, tzinfo=UTC))


def record(gate: str, kind: Stage = Stage.CRITICAL, **changes: Any) -> Record:
    """Return the record of a built-in gate that ran once and passed, with some of it changed."""
    path = Path("gate_tests/test_it.py")
    whole = Record(gate, kind, gate, path, "test_it", built_in=True, judged=[CheckResult(OK, "fine")], finished=True)
    return replace(whole, **changes)


@pytest.fixture
def session(pytestconfig: pytest.Config, repo: Repo) -> GateSession:
    """A session in which every built-in gate passed, which knows one secret."""
    session = GateSession(pytestconfig, parse([*RELEASE, f"--gate-repo={repo.path}"], {}, repo.path))
    session.config = cast("pytest.Config", SimpleNamespace(args=[], option=SimpleNamespace(ignore=None)))
    session.redactor.add(SECRET)
    session.records = {gate.id: record(gate.id, gate.stage) for gate in expected(session.policy)}
    return session


def concluded(session: GateSession, code: int = 0, **changes: Any) -> Verdict:
    """Return the verdict on a session with some of it changed, when pytest ends with a code."""
    for name, value in changes.items():
        assert hasattr(type(session), name) or hasattr(session, name)
        setattr(session, name, value)
    return conclude(session, code)


def with_policy(session: GateSession, **changes: Any) -> GateSession:
    """Return the session under another policy."""
    session.policy = replace(Policy(), **changes)
    return session


def test_a_session_without_a_doubt_is_safe(session: GateSession) -> None:
    """The verdict is kept, with every gate and nothing beside."""
    verdict = concluded(session)
    assert (verdict.name, verdict.exit_code, verdict.problems, verdict.missing) == (SAFE, 0, (), ())
    assert [gate.id for gate in verdict.gates] == list(session.records)
    assert (verdict.warnings, verdict.disabled, verdict.partial) == ((), (), False)
    assert session.verdict is verdict


DOUBTS: dict[str, tuple[int, dict[str, Any], str, int]] = {
    "an unexplained code": (1, {}, "pytest ended with exit code 1, which no gate explains", 1),
    "no tests": (5, {}, "pytest ended with exit code 5, which no gate explains", 1),
    "an internal error": (3, {}, "pytest itself failed (exit code 3): see its message", 3),
    "a usage error": (4, {}, "pytest itself failed (exit code 4): see its message", 4),
    "a signal": (0, {"interrupted": signal.SIGTERM}, "the run was interrupted by SIGTERM", 143),
    "no parent": (0, {"parent": 1 << 30}, "the release-sentinel that supervised this run is gone", 1),
    "no parent and a code": (1, {"parent": 1 << 30}, "the release-sentinel that supervised this run is gone", 1),
    "a problem": (1, {"problems": ["a marker is misspelt"]}, "a marker is misspelt", 1),
    "a problem twice": (0, {"problems": ["a marker is misspelt"] * 2}, "a marker is misspelt", 1),
    "a secret": (0, {"problems": [f"it is {SECRET}"]}, "it is ***", 1),
}


@pytest.mark.parametrize("doubt", DOUBTS)
def test_each_doubt_is_told_in_one_sentence(session: GateSession, doubt: str) -> None:
    """A session whose gates all passed is INCOMPLETE all the same."""
    code, changes, words, exit_code = DOUBTS[doubt]
    verdict = concluded(session, code, **changes)
    assert (verdict.name, verdict.problems, verdict.exit_code) == (INCOMPLETE, (words,), exit_code)


def test_a_parent_that_is_there_is_no_doubt(session: GateSession) -> None:
    """It is the one that started this process."""
    assert concluded(session, parent=os.getppid()).name == SAFE


def test_a_signal_that_ended_the_run_is_told_once(session: GateSession) -> None:
    """The early end says it already."""
    verdict = concluded(session, interrupted=signal.SIGINT, early_end="the run was interrupted by SIGINT")
    assert (verdict.exit_code, verdict.problems) == (130, ())


@pytest.mark.parametrize("excused", [False, True])
def test_a_failed_gate_explains_pytest_s_code(session: GateSession, *, excused: bool) -> None:
    """Also one that a waiver excuses, and among others that passed."""
    waiver = replace(OLD, expires=datetime(9998, 1, 1, tzinfo=UTC)) if excused else OLD
    session.records["disk"] = record("disk", judged=[FAILED], waiver=waiver)
    verdict = concluded(session, 1)
    assert (verdict.name, verdict.problems) == (SAFE if excused else CRITICAL, ())


def test_a_gate_without_a_result_is_missing(session: GateSession) -> None:
    """It is named, with its cause and without secrets, and is not among the gates; another failure still decides."""
    session.records["api"] = record("api", finished=False, runs=1)
    session.records["tag"] = record("tag", Stage.POLICY, judged=[FAILED])
    verdict = concluded(with_policy(session, required_gates=("own",)), found=Found(left_out={"own": f"for {SECRET}"}))
    assert verdict.missing == (Missing("api", "it began and did not finish"), Missing("own", "for ***"))
    assert verdict.problems == (
        "no result from gate api: it began and did not finish",
        "no result from gate own: for ***",
    )
    assert "api" not in {gate.id for gate in verdict.gates}
    assert (verdict.name, verdict.exit_code) == (BLOCKED, 1)


def test_a_gate_that_the_source_declares_is_missed(session: GateSession, repo: Repo) -> None:
    """In the folders that were given, by themselves or by a test in them; what is not there is passed over."""
    gates = repo.write("gate_tests/test_own.py", "def test_own(): ...\n")
    for args in ([str(gates.parent)], [f"{gates}::test_own"], [str(gates), "nowhere", str(gates.parent)]):
        session.config = cast("pytest.Config", SimpleNamespace(args=args, option=SimpleNamespace()))
        assert [one.gate for one in concluded(session).missing] == ["test_own.py::test_own"]
    unmarked = {(gates.resolve(), "test_own")}
    assert concluded(session, found=Found(unmarked=unmarked)).name == SAFE


def test_a_partial_run_says_so(session: GateSession) -> None:
    """It owes no other gate, and no word on waivers."""
    del session.records["api"]
    session.invocation = session.invocation._replace(flags=frozenset({"--gate-partial"}))
    verdict = concluded(with_policy(session, waivers=(OLD,)))
    assert (verdict.label, verdict.warnings) == ("PARTIAL SAFE", ())


@pytest.mark.parametrize(("early_end", "words"), [("", ["has expired"]), ("it stopped", [])])
def test_a_waiver_that_excuses_nothing_is_a_warning(session: GateSession, early_end: str, words: Sequence[str]) -> None:
    """Where the run went to its end; without secrets, and without weight."""
    old = replace(OLD, reason=f"for {SECRET}")
    verdict = concluded(with_policy(session, waivers=(old,)), early_end=early_end)
    assert [word for warning, word in zip(verdict.warnings, words, strict=True) if word in warning] == words
    assert SECRET not in str(verdict.warnings)
    assert verdict.name == SAFE


def test_a_gate_that_is_switched_off_is_told(session: GateSession) -> None:
    """With its reason, also where a waiver speaks of it; it is not missed."""
    del session.records["api"]
    verdict = concluded(with_policy(session, disable={"api": f"see {SECRET}"}, waivers=(OLD,)))
    assert (verdict.name, verdict.disabled) == (SAFE, (Disabled("api", Stage.CRITICAL, "see ***"),))
    assert [warning.rpartition(": ")[2] for warning in verdict.warnings] == ["the policy switches the gate off"]


@pytest.mark.parametrize("seen", [False, True])
def test_a_verdict_knows_what_the_gates_have_seen(session: GateSession, repo: Repo, *, seen: bool) -> None:
    """Nothing is looked at for it, neither the repository nor its remote."""
    observations = Observations(repo.path, "v1.0.0", session.policy)
    if seen:
        assert not isinstance(observations.repository, Unseen)
    release = replace(session.release, env="prod", version="v1.0.0")
    verdict = concluded(session, observations=observations, release=release)
    found = verdict.release
    assert (found.env, found.version) == ("prod", "v1.0.0")
    assert (found.commit, found.branch, found.branch_source) == ((repo.head, "main", "HEAD") if seen else ("", "", ""))
    assert (found.remote, verdict.provenance.remote) == ("", "")
    if seen:
        observations.standing("main")
        verdict = concluded(session, observations=observations, release=release)
        assert (verdict.release.remote, verdict.provenance.remote) == ("origin", str(repo.path.parent / "origin.git"))
