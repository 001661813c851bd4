"""Was this commit reviewed?"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from release_sentinel.checks.result import CRIT, NO_REPOSITORY, OK, UNKNOWN, WARN, CheckResult
from release_sentinel.observe import Unseen
from release_sentinel.observe.git import Repository

if TYPE_CHECKING:
    from release_sentinel.observe.forge import Evidence
    from release_sentinel.observe.forge.records import Change, Opinion


def check_review(
    repository: Repository | Unseen,
    branch: Callable[[], str | Unseen],
    evidence: "Callable[[], Evidence | Unseen]",
    approvals: int = 1,
) -> CheckResult:
    """The commit came by a merged request with the approvals that the policy wants, none of them by its authors.

    Why: a change that only its author has read was never checked; a direct push was read by no one.
    Unknown: the forge does not say which state was approved, or who wrote it, or the token may not see who may write.
    Remedy: merge by a request, and let people who may write approve its last state.
    """
    if isinstance(repository, Unseen):
        return CheckResult(UNKNOWN, repository.why, NO_REPOSITORY)
    on = branch()
    if isinstance(on, Unseen):
        return CheckResult(UNKNOWN, on.why, on.remedy)
    forge = evidence()
    if isinstance(forge, Unseen):
        return CheckResult(UNKNOWN, forge.why, forge.remedy)
    wanted = max(approvals, 1)
    seen = forge.review(repository.commit, on, wanted)
    if isinstance(seen, Unseen):
        return CheckResult(UNKNOWN, seen.why, seen.remedy)
    if seen.change is None:
        return CheckResult(
            CRIT,
            f"commit {repository.commit[:12]} came to branch {on} without a merged request: it was pushed directly",
            f"merge into {on} by a request that others approve, and release that commit",
        )
    result = _judged(seen.change, wanted)
    if result.status is OK and seen.retried:
        return CheckResult(WARN, f"{result.message}; the forge was asked again after: {', '.join(seen.retried)}")
    return result


def _judged(change: "Change", wanted: int) -> CheckResult:
    against = [one.user for one in change.opinions if not one.approves]
    if against:
        return CheckResult(
            CRIT,
            f"request {change.name}: {', '.join(against)} asked for changes, and that stands",
            "make the changes and let them approve, or dismiss the review with a reason",
        )
    if change.unmet:
        return CheckResult(CRIT, f"request {change.name} lacks {change.unmet}", "let those approve whom its rules want")
    given = [one for one in change.opinions if one.approves and one.may_write is not False and not one.is_author]
    current = [one.user for one in given if one.is_current and one.may_write]
    found = f"request {change.name} has {_count(len(current), wanted)} of its last state"
    if len(current) >= wanted + change.unknown_authors:
        return CheckResult(OK, f"request {change.name} was approved by {', '.join(current)}")
    if len(current) >= wanted:
        return CheckResult(
            UNKNOWN,
            f"{found}, and commits by {change.unknown_authors} authors without an account, who may be among them",
            "let the authors add their addresses to their accounts, or let more people approve",
        )
    unclear = [one.user for one in given if one.is_current is not False and one.user not in current]
    if len(current) + len(unclear) >= wanted and change.hidden:
        return CheckResult(
            UNKNOWN,
            f"request {change.name}: whether {', '.join(unclear)} may write is hidden: {change.hidden.why}",
            change.hidden.remedy,
        )
    if len(current) + len(unclear) >= wanted:
        return CheckResult(
            UNKNOWN,
            f"request {change.name}: the forge does not say whether {', '.join(unclear)} approved its last state",
            "let them approve again, or update the forge",
        )
    others = [f"{one.user} {_why_not(one)}" for one in change.opinions if one.user not in current]
    why = f" ({'; '.join(others)})" if others else ""
    return CheckResult(
        CRIT, f"{found}{why}", "let people who may write, and wrote nothing of it, approve the last state of a request"
    )


def _count(found: int, wanted: int) -> str:
    return f"{found} of {wanted} approval{'' if wanted == 1 else 's'}"


def _why_not(opinion: "Opinion") -> str:
    if opinion.is_author:
        return "is an author"
    return "may not write" if opinion.may_write is False else "approved an earlier state"
