"""From everything that a run has seen to its verdict."""

import signal
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from release_sentinel import waivers
from release_sentinel.arguments import GATE_FOLDER
from release_sentinel.config import file as policy_file
from release_sentinel.config.model import LOCAL
from release_sentinel.gates import BUILT_IN, expected
from release_sentinel.observe import Unseen
from release_sentinel.options import BY_FLAG
from release_sentinel.plugin import completeness
from release_sentinel.plugin.declared import has_marked_gates
from release_sentinel.plugin.provenance import commit_page, provenance
from release_sentinel.plugin.session import GateSession
from release_sentinel.redacted import RedactedVerdict, redact
from release_sentinel.verdict import Disabled, GateResult, Missing, Provenance, Release, UsedPack, Verdict, decide


def conclude(session: GateSession, pytest_code: int) -> RedactedVerdict:
    """Decide, from everything that is known when pytest ends with `pytest_code`."""
    records = [record for record in session.records.values() if record.counts]
    missing = tuple(_unproven(session))
    undelivered = [session.undelivered] if session.undelivered else []
    problems = [*session.problems, *undelivered, *_unread_policies(session), *completeness.sentences(missing)]
    if session.interrupted and not (session.early_end or undelivered):  # and something swallowed it
        problems.append(f"the run was interrupted by {signal.Signals(session.interrupted).name}")
    broken = pytest_code if pytest_code in {pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR} else 0
    if broken:
        problems.append(f"pytest itself failed (exit code {pytest_code}): see its message")
    elif session.is_orphan:
        problems.append("the release-sentinel that supervised this run is gone")
    elif pytest_code and not problems and not any(record.failed or record.excused for record in records):
        problems.append(f"pytest ended with exit code {pytest_code}, which no gate explains{_likely(session)}")
    session.concluded = frozenset(problems)
    results = tuple(record.result(session.began) for record in records)
    name, code = decide(results, problems, interrupted=session.interrupted, broken=broken)
    verdict = Verdict(
        name,
        code,
        _seen_release(session),
        results,
        tuple(dict.fromkeys(problems)),
        session.started,
        datetime.now(UTC),
        session.invocation.has("--gate-partial"),
        session.preview,
        missing,
        _disabled(session),
        _warnings(session, results),
        _provenance(session),
        session.rounds,
        session.watch,
        session.undelivered,
        session.shared.steps(session.began),
    )
    session.verdict = redact(verdict, session.redactor)
    return session.verdict


def _likely(session: GateSession) -> str:
    """Return what may have made pytest fail beside its tests."""
    least = getattr(session.config.option, "cov_fail_under", None)
    return f" (--cov-fail-under={least:g}? add --no-cov)" if isinstance(least, int | float) and least > 0 else ""


def _unproven(session: GateSession) -> Iterator[Missing]:
    broken = list(session.conftests.unproven(session.gate_folders, session.invocation.repository))
    yield from broken
    missing = completeness.unproven(
        [*(item for gate in expected(session.policy) for item in gate.items(session.policy)), *_of_packs(session)],
        list(session.records.values()),
        session.found.left_out,
        [*session.gate_folders, *session.pack_folders],
        session.found.unmarked,
        session.found.dropped,
        session.found.carriers,
        early_end=session.early_end,
        partial=session.invocation.has("--gate-partial"),
        required=session.policy.required_gates,
    )
    named = {one.gate for one in broken}
    yield from (one for one in missing if one.gate not in named)
    absent = _absent(session)
    if isinstance(absent, Unseen):
        yield Missing(GATE_FOLDER, f"what the commit has in it cannot be read: {absent.why}")
        return
    for path in absent:
        if path not in _policies(session):
            yield Missing(path, "the commit has it, and the work tree lacks it (is this a sparse checkout?)")
    if session.seen and not session.early_end and not session.invocation.has("--gate-partial"):
        yield from _unread(session)


def _of_packs(session: GateSession) -> Iterator[str]:
    """Yield the ids of the gates of packs that the run owes."""
    yield from (gate.id for gate in session.gates_of_packs if gate.id not in session.policy.disable)


def _unread(session: GateSession) -> Iterator[Missing]:
    """Yield the gate folders in or below the folder of the run that hold gates and are not part of it.

    A project of its own in the repository has a policy of its own; its gates are for its own runs.
    """
    there, top = session.observations.gate_folders_of_all, session.invocation.repository
    if isinstance(there, Unseen):
        yield Missing(GATE_FOLDER, f"whether the repository has others cannot be read: {there.why}")
        return
    read = [folder.resolve() for folder in (*session.gate_folders, *session.pack_folders)]
    here = session.invocation.directory.resolve()
    ignored = {Path(here, one).resolve() for one in session.config.option.ignore or ()}
    for folder in there:
        place = folder.resolve()
        around = [one for one in place.parents if top in one.parents]
        read_already = any(one == place or one in place.parents for one in read)
        elsewhere = top in here.parents and here not in place.parents
        if read_already or elsewhere or ignored.intersection((place, *place.parents)):
            continue
        if any(map(policy_file.has_policy, around)) or not has_marked_gates(folder):
            continue
        name = folder.relative_to(top).as_posix()
        words = "name it as an argument, run in the folder that holds it, or leave it out by --ignore"
        yield Missing(name, f"it is not read: {words}")


def _unread_policies(session: GateSession) -> Iterator[str]:
    """Say which policy of the commit is not on disk: the run was judged without it."""
    absent, policies = _absent(session), _policies(session)
    for path in absent if not isinstance(absent, Unseen) else ():
        if path in policies:
            lacks = f"the commit has {path}, and the work tree lacks it (is this a sparse checkout?)"
            named = session.invocation.policy  # in its place, and above its bases
            yield f"{lacks}: its base policies are not read" if named else f"{lacks}: a policy in it is not read"


def _policies(session: GateSession) -> list[str]:
    return [path.name for path in session.unread_policies]


def _absent(session: GateSession) -> tuple[str, ...] | Unseen:
    """Return the files of gate folders, and policies, that the commit has and the disk lacks."""
    return session.observations.absent if session.seen and not session.early_end else ()


def _disabled(session: GateSession) -> tuple[Disabled, ...]:
    """Return the gates that the policy switches off, those of packs too."""
    policy, reasons = session.policy, dict(session.policy.disable)
    if policy.skip_local_host:
        owed = {gate.id for gate in expected(policy)}
        skipped = [gate.id for gate in BUILT_IN if gate.judges in LOCAL and not gate.opt and gate.id not in owed]
        why = f"this machine is not judged: {policy.skip_local_host}"
        reasons |= {id_: why for id_ in skipped if id_ not in reasons}
    gates = (*BUILT_IN, *session.gates_of_packs)
    return tuple(Disabled(gate.id, gate.stage, reasons[gate.id]) for gate in gates if gate.id in reasons)


def _warnings(session: GateSession, results: Sequence[GateResult]) -> tuple[str, ...]:
    """Say which waivers and advised gates need a look, unless the run ended before that was known."""
    if session.early_end or session.invocation.has("--gate-partial"):
        return ()
    policy, env = session.policy, session.invocation.env
    now, disabled = datetime.now(UTC), policy.disable
    remarks = waivers.remarks(policy.waivers, env, now, results, disabled)
    return (*remarks, *waivers.advice_remarks(policy.advise, now, results, disabled))


def _provenance(session: GateSession) -> Provenance:
    """Return where this run takes place, as far as the gates have seen it."""
    seen = session.seen
    remote = session.observations.remote if seen else None
    page = ""
    if seen and any((option := BY_FLAG[one.flag].report) and option.links for one in session.reports.values()):
        page = commit_page(session.environ, session.policy.forge.kind, remote, seen.commit)
    packs = tuple(UsedPack(pack.name, pack.version, pack.distribution, pack.digest) for pack in session.packs)
    return replace(provenance(session.settings.loaded, session.build, remote, page), packs=packs)


def _seen_release(session: GateSession) -> Release:
    """Return the release with what the gates have seen of the repository; nothing is looked at for it."""
    seen = session.seen
    if seen is None:
        return session.release
    branch = session.observations.branch
    name, source = (branch.name, branch.source) if branch else ("", "")
    asked = session.observations.remote
    remote = asked.name if asked else ""
    session.publish(
        {name: "the name of the branch", seen.commit: "the id of the commit", remote: "the name of the remote"}
    )
    return replace(session.release, commit=seen.commit, branch=name, branch_source=source, remote=remote)
