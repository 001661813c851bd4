"""What follows the verdict at the end of a run: the tag, the release, the notifications."""

from release_sentinel.checks.repository import rules_of
from release_sentinel.deliver import notify, steps
from release_sentinel.deliver.steps import Notes, Steps
from release_sentinel.deliver.tag import TagOrder
from release_sentinel.plugin.session import GateSession
from release_sentinel.redacted import RedactedVerdict
from release_sentinel.reports.document import document
from release_sentinel.vocabulary import SAFE


def deliver(session: GateSession, verdict: RedactedVerdict) -> tuple[list[str], str]:
    """Do what was asked for once the release is SAFE; return what was done, and why the rest was not."""
    asked, rules, version = session.invocation, session.policy.git, session.policy.version
    if verdict.name != SAFE:
        return ["neither tagged nor released: the verdict is not SAFE"], ""
    order = TagOrder(
        prefix=version.prefix,
        remote=rules.remote,
        push=asked.has("--gate-push"),
        sign=asked.has("--gate-sign") or rules.sign_tags,
        rules=rules_of(rules, session.own_files),
    )
    wanted = Steps(
        tag=asked.has("--gate-tag"),
        release=asked.has("--gate-release"),
        order=order,
        forge=session.policy.forge,
        notes=Notes(version.changelog, asked.notes, session.policy.release.notes),
    )
    clean = session.redactor.scrub
    return steps.deliver(document(verdict), asked.repository, wanted, clean=clean, environ=session.environ)


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
