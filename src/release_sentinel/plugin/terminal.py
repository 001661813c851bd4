"""The verdict block on the terminal, and the little that pytest shows before it."""

from contextlib import suppress

import pytest

from release_sentinel.colours import Tone
from release_sentinel.plugin.compat import reporter
from release_sentinel.plugin.conclusion import conclude
from release_sentinel.plugin.gate import Record
from release_sentinel.plugin.session import GateSession
from release_sentinel.redacted import RedactedVerdict
from release_sentinel.reports.github import annotations
from release_sentinel.reports.markdown import markdown
from release_sentinel.reports.text import TITLE, Line, decision, lines
from release_sentinel.vocabulary import EXIT_BLOCKED, SAFE, Outcome, Status


def finish(session: GateSession, verdict: RedactedVerdict) -> int:
    """Write the reports, do what follows a SAFE verdict, and write the verdict block.

    Return the exit code, which no failure to do so can better: what was asked for and did not happen is not SAFE.
    """
    verdict, done, failures = _deliver(session, verdict)
    failures = failures or session.write_reports(verdict)
    notes = [*session.notes, *(f"written: {path}" for path in session.reports if not failures), *done]
    if failures or (verdict.name == SAFE and (session.interrupted or session.is_orphan)):
        session.problems += failures
        verdict = conclude(session, session.pytest_code)
        session.write_reports(verdict)
    code = verdict.exit_code
    try:
        show(session, verdict, notes)
        session.workflow_output.end(annotations(verdict), markdown(verdict))
    except (OSError, ValueError, AttributeError):  # standard output is closed or full: see `can_show`
        code = code or EXIT_BLOCKED
    with suppress(OSError, ValueError, AttributeError):
        if unsent := _announce(session, verdict):
            session.screen.say(*(Line(f"[WARN] {problem}", Tone.NOTED) for problem in unsent), decision(verdict))
    return code


def _deliver(session: GateSession, verdict: RedactedVerdict) -> tuple[RedactedVerdict, list[str], list[str]]:
    """Return the verdict once what was to follow it has followed, what was done, and which reports failed."""
    if not session.invocation.delivers:
        return verdict, [], []
    from release_sentinel.plugin import delivery  # noqa: PLC0415 - late: few runs deliver anything

    return delivery.deliver(session, verdict)


def _announce(session: GateSession, verdict: RedactedVerdict) -> list[str]:
    """Send the verdict to its receivers. A supervising parent does so itself, and outlives this process."""
    if session.handover or not session.settings.receivers:
        return []
    from release_sentinel.plugin import delivery  # noqa: PLC0415 - as above

    return delivery.announce(session, verdict)


def show(session: GateSession, verdict: RedactedVerdict, notes: list[str]) -> None:
    """Write the verdict block; `notes` are lines about the run's reports."""
    decided = decision(verdict)
    found = len(verdict.reasons)
    files = ", ".join(path.name for path in session.reports)
    also = f", or {files}" if files else "; `--gate-summary FILE.md` writes them to a file"
    where = f"{found} reason{'' if found == 1 else 's'}: see above, from the line `{TITLE}` on{also}"
    closing = [decided, Line(where)] if found else [decided]
    session.screen.show(TITLE, decided.tone, [*lines(verdict), *map(Line, notes)], closing)


def excuse(record: Record, report: pytest.TestReport) -> None:
    """Let an excused failure pass in pytest's own eyes: neither `-x` nor `--reruns` may take it for a failure."""
    if report.when == "call" and report.failed and record.excused:
        report.outcome = "passed"
        report.sections.append((_excused_as(record), str(report.longrepr)))
        report.longrepr = None


_LETTERS = {Outcome.WAIVED: "V", Outcome.ADVISED: "A"}  # as pytest shows passes by dots


def _excused_as(record: Record) -> Outcome:
    return Outcome.WAIVED if record.waived else Outcome.ADVISED


def status(record: Record, report: pytest.TestReport) -> tuple[str, str, str | tuple[str, dict[str, bool]]] | None:
    """Return how one phase's report is shown, where pytest's own way would not show enough."""
    if record.not_evaluated and report.skipped:
        return "skipped", "-", ("NOT EVALUATED", {"yellow": True})
    if report.when == "call" and report.passed and record.excused:
        outcome = _excused_as(record)
        return outcome, _LETTERS[outcome], (outcome.upper(), {"yellow": True})
    if report.when == "call" and report.passed and record.judged and record.worst.status is Status.WARN:
        return "passed", "W", ("WARN", {"yellow": True})
    return None


def hide_judged(config: pytest.Config, records: dict[str, Record]) -> None:
    """Keep judged gates out of pytest's FAILURES: the verdict block shows them once, with their remedy.

    One that printed something stays there, with its output and without a traceback.
    """
    shown = reporter(config)
    if shown is None:
        return
    for category in ("failed", "error"):
        for report in list(shown.stats.get(category, [])):
            record = records.get(report.nodeid)
            if not record or not record.failed or record.traceback:
                continue
            if any(name.startswith("Captured") for name, _ in report.sections):
                report.longrepr = "what this gate judged is in the verdict below"
            else:
                shown.stats[category].remove(report)  # the key stays, and with it the red colour
                shown.stats.setdefault("held back", []).append(report)
    for report in list(shown.stats.get("skipped", [])):
        record = records.get(report.nodeid)
        if record and record.not_evaluated:
            shown.stats["skipped"].remove(report)
            shown.stats.setdefault("not evaluated", []).append(report)
