"""From everything that a run has seen to its verdict."""

import os
import signal
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from release_sentinel import waivers
from release_sentinel.checks.branch import branch_of
from release_sentinel.gates import BUILT_IN, expected
from release_sentinel.observe import ci
from release_sentinel.plugin import completeness, declared
from release_sentinel.plugin.provenance import provenance
from release_sentinel.plugin.session import GateSession
from release_sentinel.verdict import Disabled, GateResult, Missing, Provenance, Release, Verdict, decide


def conclude(session: GateSession, pytest_code: int) -> Verdict:
    """Decide, from everything that is known when pytest ends with `pytest_code`."""
    records = [record for record in session.records.values() if record.counts]
    missing = [Missing(session.redactor.scrub(one.gate), session.redactor.scrub(one.why)) for one in _unproven(session)]
    problems = [*session.problems, *completeness.sentences(missing)]
    if session.interrupted and not session.early_end:  # and somebody swallowed it
        problems.append(f"the run was interrupted by {signal.Signals(session.interrupted).name}")
    broken = pytest_code if pytest_code in {pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR} else 0
    if broken:
        problems.append(f"pytest itself failed (exit code {pytest_code}): see its message")
    elif session.parent and os.getppid() != session.parent:
        problems.append("the release-sentinel that supervised this run is gone")
    elif pytest_code and not problems and not any(record.failed or record.excused for record in records):
        problems.append(f"pytest ended with exit code {pytest_code}, which no gate explains")
    problems = [session.redactor.scrub(problem) for problem in dict.fromkeys(problems)]
    results = [record.result(session.redactor) for record in records]
    name, code = decide(results, problems, interrupted=session.interrupted, broken=broken)
    session.verdict = replace(
        _verdict(session, name, code, tuple(problems)),
        missing=tuple(missing),
        disabled=_disabled(session),
        warnings=_warnings(session, results),
        provenance=_provenance(session),
    )
    return session.verdict


def _unproven(session: GateSession) -> Iterable[Missing]:
    given = [Path(word.partition("::")[0]) for word in session.config.args] if session.config.args else []
    gate_folders = dict.fromkeys(declared.folder_of(path) for path in given if path.exists())
    return completeness.unproven(
        [item for gate in expected(session.policy) for item in gate.items(session.policy)],
        list(session.records.values()),
        session.left_out,
        gate_folders,
        session.strangers,
        early_end=session.early_end,
        partial=session.options.partial,
        required=session.policy.required_gates,
    )


def _disabled(session: GateSession) -> tuple[Disabled, ...]:
    """Return the gates that the policy switches off."""
    reasons = session.policy.disable
    return tuple(
        Disabled(gate.id, gate.stage, session.redactor.scrub(reasons[gate.id]))
        for gate in BUILT_IN
        if gate.id in reasons
    )


def _warnings(session: GateSession, results: Sequence[GateResult]) -> tuple[str, ...]:
    """Say which waivers excuse nothing, unless the run ended before that was known."""
    if session.early_end or session.options.partial:
        return ()
    said = waivers.remarks(
        session.policy.waivers, session.options.env, session.started, results, session.policy.disable
    )
    return tuple(session.redactor.scrub(remark) for remark in said)


def _verdict(session: GateSession, name: str, code: int, problems: tuple[str, ...]) -> Verdict:
    gates = tuple(record.result(session.redactor) for record in session.records.values() if record.counts)
    return Verdict(
        name, code, _seen_release(session), gates, problems, session.started, datetime.now(UTC), session.options.partial
    )


def _provenance(session: GateSession) -> Provenance:
    """Return where this run takes place; the remote's address is looked up if a report wants it and Git answers."""
    wanted = any(report.flag == "--gate-attestation" for report in session.reports.values())
    clone = session.options.repository if wanted and session.observations.seen else None
    return provenance(session.loaded, session.redactor.scrub, clone)


def _seen_release(session: GateSession) -> Release:
    """Return the release with what the gates have seen of the repository; nothing is looked at for it."""
    seen, clean = session.observations.seen, session.redactor.scrub
    if seen is None:
        return session.named_release
    branch = branch_of(seen, ci.build())
    name, source = (clean(branch.name), clean(branch.source)) if branch else ("", "")
    return replace(session.named_release, commit=seen.commit, branch=name, branch_source=source)
