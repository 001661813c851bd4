"""The verdict as the terminal shows it last."""

from datetime import date

import pytest
from msgspec.structs import replace

from release_sentinel.config.model import Waiver
from release_sentinel.redacted import RedactedVerdict
from release_sentinel.reports.text import counts, sentence
from release_sentinel.verdict import Disabled, GateResult, Release
from release_sentinel.vocabulary import Stage
from tests.reports.samples import (
    BROKEN,
    CLOSE,
    DIRTY,
    FULL,
    LEFT_OUT,
    PASSED,
    SAMPLES,
    UNDETERMINED,
    block,
    verdict,
)

SENTENCES = {
    "safe": "SAFE (exit 0): v1.0.0 may go to prod",
    "blocked": "BLOCKED (exit 1): v1.0.0 must not go to prod",
    "critical": "CRITICAL (exit 2): v1.0.0 must not go to prod",
    "incomplete": "INCOMPLETE (exit 1): v1.0.0 was not fully judged and must not go to prod",
    "interrupted": "INCOMPLETE (exit 143): v1.0.0 was not fully judged and must not go to prod",
    "empty": "INCOMPLETE (exit 1): v1.0.0 was not fully judged and must not go to prod",
    "partial": "PARTIAL SAFE (exit 0): v1.0.0 to prod passed the chosen gates, not all of them",
    "waived": "SAFE (exit 0): v1.0.0 may go to prod",
    "advised": "SAFE (exit 0): v1.0.0 may go to prod",
    "unseen": "INCOMPLETE (exit 1): (no version) was not fully judged and must not go to (no environment)",
}


@pytest.mark.parametrize("name", SAMPLES)
def test_the_decision_is_one_sentence(name: str) -> None:
    """RedactedVerdict, exit code, version and environment stand in the first line."""
    assert sentence(SAMPLES[name]) == SENTENCES[name]
    assert block(SAMPLES[name])[0] == SENTENCES[name]


def test_only_a_whole_safe_run_may_go() -> None:
    """No other sentence says that the release may go."""
    assert [name for name, text in SENTENCES.items() if " may go " in text] == ["safe", "waived", "advised"]


def test_a_safe_block_is_the_decision_and_the_counts() -> None:
    """What simply passed takes no room."""
    assert block(verdict(PASSED)) == [SENTENCES["safe"], "1 gate: 1 passed"]


def test_a_failed_gate_tells_reason_details_and_remedy() -> None:
    """The reader learns what is wrong and what to do, without a traceback."""
    assert block(verdict(DIRTY))[1:] == [
        "[POLICY] clean-tree: 2 paths differ",
        "    ?? new.py",
        "     M old.py",
        "    -> commit or remove them",
        "1 gate: 1 failed",
    ]


def test_a_gate_without_a_remedy_has_no_arrow() -> None:
    """There is no line that points at nothing."""
    assert block(verdict(GateResult("own", FULL.stage, FULL.status, "no")))[1:-1] == ["[CRITICAL] own: no"]


def test_a_gate_that_broke_shows_no_traceback() -> None:
    """The block stays readable; the traceback stands above it."""
    assert not any("Traceback" in line for line in block(verdict(BROKEN)))


def test_failures_come_before_warnings() -> None:
    """What decides stands first, whatever the order of the gates."""
    headlines = [line for line in block(verdict(CLOSE, PASSED, FULL)) if line.startswith("[")]

    assert headlines == [FULL.headline, CLOSE.headline]


def test_an_unknown_gate_says_that_it_could_not_be_told() -> None:
    """Not knowing is told apart from knowing that it is bad."""
    assert "[POLICY] tag: could not be determined: the remote does not answer" in block(verdict(UNDETERMINED))


def test_gates_that_were_not_evaluated_are_named_in_one_line() -> None:
    """A later stage takes one line and a reason."""
    other = GateResult("api", LEFT_OUT.stage, None, "a policy gate failed")

    assert block(verdict(DIRTY, LEFT_OUT, other))[-2] == (
        "not evaluated, because an earlier stage failed: process, api"
    )


def test_each_problem_has_its_line() -> None:
    """What makes a run incomplete is shown beside what failed."""
    lines = block(verdict(DIRTY, problems=("gate api gave no result", "gate disk was skipped")))

    assert lines[0].startswith("BLOCKED")
    assert lines[-3:-1] == ["[INCOMPLETE] gate api gave no result", "[INCOMPLETE] gate disk was skipped"]


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_every_reason_is_shown(sample: RedactedVerdict) -> None:
    """No report knows a reason that the terminal keeps back."""
    assert set(sample.reasons) <= set(block(sample))


@pytest.mark.parametrize(
    ("gates", "line"),
    [
        ((), "no gate gave a result"),
        ((PASSED,), "1 gate: 1 passed"),
        ((PASSED, DIRTY, UNDETERMINED, CLOSE, LEFT_OUT), "5 gates: 1 passed, 1 warned, 2 failed, 1 not evaluated"),
        ((LEFT_OUT,), "1 gate: 1 not evaluated"),
    ],
    ids=["none", "one", "each-outcome", "none-evaluated"],
)
def test_counts_add_up(gates: tuple[GateResult, ...], line: str) -> None:
    """Each gate is counted once, under its outcome."""
    assert counts(verdict(*gates)) == line


def test_a_version_that_is_blank_leaves_no_hole() -> None:
    """A sentence without its subject would be misread."""
    assert "(no version)" in sentence(verdict(PASSED, release=Release("prod", "")))


def test_an_advised_gate_is_shown_with_its_date() -> None:
    """A gate that is being introduced is seen before it counts."""
    assert block(SAMPLES["advised"]) == [
        "SAFE (exit 0): v1.0.0 may go to prod",
        "[ADVISED] queue-drained: 12 jobs wait — advised until 2024-06-30, and holds no release until then",
        "    -> free space on /",
        "2 gates: 1 passed, 1 advised",
    ]


def test_a_waived_gate_is_shown_with_its_waiver() -> None:
    """Whoever reads SAFE reads what was excused, by whom, and until when; and what was not asked at all."""
    assert block(SAMPLES["waived"]) == [
        "SAFE (exit 0): v1.0.0 may go to prod",
        "[WAIVED] disk: 91% in use — waived until 2024-06-30, by Kim: disks are on order",
        "    -> free space on /",
        "[WARN] the waiver for tag has expired",
        "switched off by the policy: process (this host runs no agent)",
        "2 gates: 1 passed, 1 waived",
    ]


@pytest.mark.parametrize("command", ["::set-output name=verdict::SAFE", "##[error]x", "##vso[task.complete]", "###[x]"])
def test_no_runner_finds_a_command(command: str) -> None:
    """GitHub ignores the blanks before `::`, Azure and TeamCity look into the whole line."""
    failed = replace(DIRTY, id=command, reason=command, remedy=command, details=(command, f" {command}"))
    waived = replace(failed, id="own", waiver=Waiver("own", "prod", command, command, date(2030, 1, 1)))
    left_out = replace(LEFT_OUT, reason=command)
    facts = {"warnings": (command,), "disabled": (Disabled("api", Stage.CRITICAL, command),)}
    shown = block(replace(verdict(failed, waived, left_out, problems=(command,)), **facts))
    assert len([line for line in shown if command.lstrip("#:") in line]) >= 8
    assert [line for line in shown if "##" in line or line.strip().startswith("::")] == []
