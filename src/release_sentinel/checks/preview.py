"""What is judged before a merge: would this work come to a branch that releases come from?"""

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

from release_sentinel.checks.result import CRIT, NO_REPOSITORY, OK, UNKNOWN, CheckResult
from release_sentinel.observe import Unseen
from release_sentinel.observe.git import MergeTarget, Repository

AFTER_MERGE = CheckResult(OK, "a preview: this is judged after the merge")


def check_target(
    repository: Repository | Unseen, allowed: Sequence[str], target: Callable[[], MergeTarget | Unseen | None]
) -> CheckResult:
    """Judge the branch that a pull request, or a branch of work, would be merged into."""
    if isinstance(repository, Unseen):
        return CheckResult(UNKNOWN, repository.why, NO_REPOSITORY)
    found = target()
    if isinstance(found, Unseen):
        return CheckResult(UNKNOWN, f"a preview: the branch to merge into is unknown: {found.why}", found.remedy)
    if found is None:
        return CheckResult(
            UNKNOWN,
            "a preview: the clone has no remote, so that there is no branch to merge into",
            "git remote add origin URL",
        )
    claim = f"to be merged into {found.branch.name}, according to {found.branch.source}"
    if not found.is_there:
        return CheckResult(
            CRIT, f"{claim}, but {found.remote} has no such branch", "name a branch of the remote with --gate-branch"
        )
    if any(fnmatchcase(found.branch.name, pattern) for pattern in allowed):
        return CheckResult(OK, f"a preview: {claim}")
    return CheckResult(
        CRIT,
        f"{claim}; releases come from {', '.join(allowed)}",
        "merge into a release branch, or name the branch in RS_BRANCHES",
    )
