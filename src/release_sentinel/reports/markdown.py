"""The verdict as Markdown, for job summaries and comments."""

from release_sentinel.redacted import RedactedVerdict
from release_sentinel.reports.text import counts, rounds, sentence
from release_sentinel.verdict import GateResult
from release_sentinel.vocabulary import Outcome

_SYMBOL = {
    Outcome.PASSED: "✅",
    Outcome.WARNED: "⚠️",
    Outcome.WAIVED: "🩹",
    Outcome.ADVISED: "🔔",
    Outcome.FAILED: "❌",
    Outcome.NOT_EVALUATED: "⏭️",
}


def markdown(verdict: RedactedVerdict) -> str:
    """Return the verdict: its sentence, what made the run incomplete, and a table of the gates."""
    lines = [f"## {_inline(sentence(verdict))}", ""]
    if verdict.release.commit:
        branch = f", branch {_inline(verdict.release.branch)}" if verdict.release.branch else ""
        lines += [f"Commit `{verdict.release.commit}`{branch}.", ""]
    if verdict.rounds:
        lines += [f"{_inline(rounds(verdict.rounds))}.", ""]
    if verdict.problems:
        lines += [*(f"- **INCOMPLETE**: {_inline(problem)}" for problem in verdict.problems), ""]
    if verdict.warnings:
        lines += [*(f"- **WARN**: {_inline(warning)}" for warning in verdict.warnings), ""]
    if verdict.gates:
        lines += ["| | gate | stage | what was seen | what to do |", "|---|---|---|---|---|"]
        lines += [_row(gate) for gate in verdict.gates]
        lines.append("")
    if verdict.disabled:
        lines += [
            *(f"- switched off by the policy: {_code(one.gate)} ({_inline(one.reason)})" for one in verdict.disabled)
        ]
        lines.append("")
    return "\n".join([*lines, counts(verdict), ""])


def _row(gate: GateResult) -> str:
    remedy = "" if gate.outcome is Outcome.PASSED else _inline(gate.remedy)
    cells = [f"{_SYMBOL[gate.outcome]} {gate.outcome}", _code(gate.id), gate.stage, _inline(gate.full_reason), remedy]
    return f"| {' | '.join(cells)} |"


def _code(text: str) -> str:
    """Return `text` as code, or escaped where it holds what would end the code or the cell."""
    plain = text.isprintable() and not set(text) & set("`|\\")
    return f"`{text}`" if plain else _inline(text)


def _inline(text: str) -> str:
    """Return `text` for a table cell: in one line, with its markup escaped."""
    one_line = " ".join(text.split())
    return "".join(f"\\{character}" if character in "\\|<>*_[]`~&$" else character for character in one_line)
