"""Is the released commit the one on the remote?"""

from collections.abc import Callable

from release_sentinel.checks.result import CRIT, NO_REPOSITORY, OK, UNKNOWN, CheckResult
from release_sentinel.observe import Unseen
from release_sentinel.observe.git import Repository, Tags


def check_in_sync(
    repository: Repository | Unseen, branch: str, tags: Callable[[], Tags], *, tag: str = ""
) -> CheckResult:
    """HEAD is the commit at the remote branch's head; on a tag build, at the remote's tag.

    Why: an unpushed commit cannot be rebuilt by others, and commits pushed meanwhile are missing from the release.
    Unknown: the branch cannot be determined, there is no remote, or it does not answer.
    Remedy: `git pull` the commits that this clone lacks, `git push` those that the remote lacks.
    """
    if isinstance(repository, Unseen):
        return CheckResult(UNKNOWN, repository.why, NO_REPOSITORY)
    if not (branch or tag):
        return CheckResult(
            UNKNOWN, f"the branch of {repository.commit[:12]} cannot be determined", "see the gate `branch`"
        )
    remote = tags().remote
    if remote is None:
        return CheckResult(UNKNOWN, "this clone has no remote to be in sync with", "git remote add origin URL")
    if isinstance(remote, Unseen):
        return CheckResult(UNKNOWN, remote.why, remote.remedy)
    what, there = (f"tag {tag}", remote.tag(tag)) if tag else (f"branch {branch}", remote.head(branch))
    if there == repository.commit:
        return CheckResult(OK, f"HEAD is {what} of {remote.source}")
    if there is None:
        return CheckResult(CRIT, f"{what} does not exist in {remote.source}", f"git push origin {tag or branch}")
    return CheckResult(
        CRIT,
        f"HEAD is {repository.commit[:12]}, and {what} of {remote.source} is at {there[:12]}",
        "`git pull` the commits that this clone lacks, `git push` those that the remote lacks",
    )
