"""What follows the verdict at the end of a run: the tag, the release, the notifications."""

import signal
from contextlib import suppress

from release_sentinel.checks.repository import rules_of
from release_sentinel.config.bases import left_out
from release_sentinel.deliver import notify, steps
from release_sentinel.deliver.steps import Notes, Steps
from release_sentinel.deliver.tag import TagOrder
from release_sentinel.plugin.conclusion import conclude
from release_sentinel.plugin.session import GateSession
from release_sentinel.redacted import RedactedVerdict
from release_sentinel.reports.document import document
from release_sentinel.vocabulary import SAFE


def deliver(session: GateSession, verdict: RedactedVerdict) -> tuple[RedactedVerdict, list[str], list[str]]:
    """Do what was asked for once the release is SAFE; return the verdict that this leaves, and what was done.

    Until all of it is done, every report says INCOMPLETE: the process may be killed at any moment. If one cannot be
    written, nothing is done; the third value says why.
    """
    if verdict.name != SAFE:
        return verdict, ["neither tagged nor released: the verdict is not SAFE"], []
    judged_by = [file.sha256 for file in verdict.provenance.policies]
    if lost := left_out(session.environ, session.invocation.repository, judged_by):  # the parent asks later
        return _undelivered(session, lost), [], []
    wanted = _steps(session)
    unknown = f"whether there is {wanted.named(session.invocation.version)} is unknown"
    why = f"every gate passed, and the run still delivers, or was killed while it did: {unknown}; {steps.AGAIN}"
    if failures := session.write_reports(_undelivered(session, why)):
        session.undelivered = ""
        return verdict, [], failures
    done, problem = _take(session, wanted, verdict)
    if problem:
        return _undelivered(session, problem), done, []
    session.undelivered, session.verdict = "", verdict
    return verdict, done, []


def _undelivered(session: GateSession, problem: str) -> RedactedVerdict:
    """Return the verdict of a run in which every gate passed, and what was to follow did not happen."""
    session.undelivered = problem
    return conclude(session, session.pytest_code)


def _take(session: GateSession, wanted: Steps, verdict: RedactedVerdict) -> tuple[list[str], str]:
    """Take the steps; return what was done, and why the rest was not. A signal ends the step that it meets."""
    done, problem = list[str](), ""
    with suppress(KeyboardInterrupt), session.interruptible():
        done, problem = steps.deliver(
            document(verdict),
            session.invocation.repository,
            wanted,
            clean=session.redactor.scrub,
            environ=session.environ,
        )
    if session.interrupted and (problem or not done):
        interrupted = f"every gate passed, and the run was interrupted by {signal.Signals(session.interrupted).name}"
        return done, f"{interrupted}: {problem or 'nothing was begun'}; {steps.AGAIN}"
    return done, f"every gate passed, and what was to follow did not happen: {problem}" if problem else ""


def _steps(session: GateSession) -> Steps:
    asked, rules, version = session.invocation, session.policy.git, session.policy.version
    order = TagOrder(
        prefix=version.prefix,
        remote=rules.remote,
        push=asked.has("--gate-push"),
        sign=asked.has("--gate-sign") or rules.sign_tags,
        rules=rules_of(rules, session.own_files),
    )
    return Steps(
        tag=asked.has("--gate-tag"),
        release=asked.has("--gate-release"),
        order=order,
        forge=session.policy.forge,
        notes=Notes(version.changelog, asked.notes, session.policy.release.notes),
    )


def announce(session: GateSession, verdict: RedactedVerdict) -> list[str]:
    """Send the verdict to its receivers; return what went wrong, a sentence each."""
    return notify.announce(
        document(verdict),
        session.settings.receivers,
        session.policy.notify.on,
        previous=session.previous,
        service=notify.service_of(session.invocation.repository, session.policy.git.remote),
        build=session.build,
        clean=session.redactor.scrub,
    )
