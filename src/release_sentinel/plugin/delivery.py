"""What follows the verdict at the end of a run: the tag, the release, and those who want to hear of it."""

import os

from release_sentinel.config.secrets import addresses
from release_sentinel.deliver import notify, steps
from release_sentinel.deliver.steps import Steps
from release_sentinel.deliver.tag import TagOrder
from release_sentinel.observe import ci, git
from release_sentinel.plugin.own_files import own_files
from release_sentinel.plugin.session import GateSession
from release_sentinel.reports.document import document
from release_sentinel.reports.markdown import markdown
from release_sentinel.verdict import SAFE, Verdict


def deliver(session: GateSession, verdict: Verdict) -> tuple[list[str], str]:
    """Do what was asked for once the release is SAFE; return what was done, and why the rest was not."""
    options, rules, version = session.options, session.policy.git, session.policy.version
    if not (options.tag or options.release):
        return [], ""
    if verdict.name != SAFE:
        return ["neither tagged nor released: the verdict is not SAFE"], ""
    own = own_files(session.config, options.repository, session.reports)
    order = TagOrder(
        prefix=version.prefix,
        remote=rules.remote,
        push=options.push,
        sign=options.sign or rules.sign_tags,
        rules=git.Rules(own, untracked=rules.untracked, submodules=rules.submodules),
    )
    wanted = Steps(options.tag, options.release, order, markdown(verdict), version.changelog)
    done, problem = steps.deliver(document(verdict), options.repository, wanted)
    return [session.redactor.scrub(line) for line in done], problem


def announce(session: GateSession, verdict: Verdict) -> list[str]:
    """Tell of the verdict whoever wants to hear it; return what went wrong, a sentence each.

    A supervising parent does so itself, also where this process does not live to do it.
    """
    if session.handover:
        return []
    rules = session.policy.notify
    receivers = dict.fromkeys((*session.options.notify, *(rules.urls or addresses(os.environ))))
    problems = notify.announce(document(verdict), list(receivers), rules.on, former=session.former, build=ci.build())
    return [session.redactor.scrub(problem) for problem in problems]
