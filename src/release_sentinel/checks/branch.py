"""Is this a branch that releases come from?"""

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct

from release_sentinel.checks.result import CRIT, NO_REPOSITORY, OK, UNKNOWN, CheckResult
from release_sentinel.config.kinds import TagMode
from release_sentinel.observe import Unseen
from release_sentinel.observe.ci import Build
from release_sentinel.observe.git import Branches, Repository


class BranchName(Struct, frozen=True):
    """The branch that a release is built from, and where its name comes from."""

    name: str
    source: str


def branch_of(repository: Repository, build: Build | None) -> BranchName | None:
    """Return the branch that HEAD is on; for a detached HEAD the branch that CI names, if it builds this commit."""
    if repository.branch:
        return BranchName(repository.branch, "HEAD")
    if build and build.branch and build.is_of(repository.commit):
        return BranchName(build.branch, build.provider)
    return None


def check_branch(
    repository: Repository | Unseen,
    allowed: Sequence[str],
    build: Build | None = None,
    *,
    mode: TagMode = "auto",
    containing: Callable[[], Branches | Unseen] = Branches,
) -> CheckResult:
    """HEAD is on a branch that releases come from; a tag's commit is reachable from one.

    Why: what is not on a release branch was not reviewed for release.
    Unknown: HEAD is detached and CI builds another commit or names no branch, or a shallow clone lacks the history.
    Remedy: release from an allowed branch, or name yours in `RS_BRANCHES`; for tag builds fetch the history.
    """
    if isinstance(repository, Unseen):
        return CheckResult(UNKNOWN, repository.why, NO_REPOSITORY)
    expected = f"releases come from {', '.join(allowed)}"
    if build and build.pull_request:
        return CheckResult(
            CRIT,
            f"Releases blocked from a pull request: {build.provider} builds a merge, not a branch; {expected}",
            "merge it, and release from the branch",
        )
    tag = build.tag if build and build.is_of(repository.commit) else ""
    if tag or mode == "existing":
        return _check_tagged_branch(repository, allowed, f"tag {tag}" if tag else "the tagged commit", containing())
    branch = branch_of(repository, build)
    if branch is None:
        return _check_detached(repository, build, expected)
    if any(fnmatchcase(branch.name, pattern) for pattern in allowed):
        return CheckResult(OK, f"on branch {branch.name}, according to {branch.source}")
    named = next((name for name in allowed if not set(name) & set("*?[")), "BRANCH")
    return CheckResult(
        CRIT,
        f"Releases blocked from branch: {branch.name} (according to {branch.source}); {expected}",
        f"git switch {named}, or name the branch in RS_BRANCHES",
    )


def _check_detached(repository: Repository, build: Build | None, expected: str) -> CheckResult:
    at = f"HEAD is detached at {repository.commit[:12]}"
    if build is None:
        return CheckResult(CRIT, f"{at}, not on a branch; {expected}", "git switch to a release branch")
    if build.is_of(repository.commit):
        return CheckResult(
            UNKNOWN,
            f"{at}, and {build.provider} names neither its branch nor its tag",
            "run the gate in a build of a branch or a tag",
        )
    if not build.commit:
        return CheckResult(
            UNKNOWN,
            f"{at}, and {build.provider} does not say which commit it builds",
            "pass the commit to the gate, in the CI system's own variable for it (Jenkins: GIT_COMMIT)",
        )
    return CheckResult(
        UNKNOWN,
        f"{at}, and {build.provider} builds commit {build.commit[:12]}",
        "check out the commit that CI builds",
    )


def _check_tagged_branch(
    repository: Repository, allowed: Sequence[str], tag: str, branches: Branches | Unseen
) -> CheckResult:
    if isinstance(branches, Unseen):
        return CheckResult(UNKNOWN, f"{tag}: {branches.why}", branches.remedy)
    for name in branches.containing:
        if any(fnmatchcase(name, pattern) for pattern in allowed):
            return CheckResult(OK, f"{tag} is on branch {name}")
    if repository.shallow:
        return CheckResult(
            UNKNOWN,
            f"this clone is shallow, and may lack the history between {tag} and {' or '.join(allowed)}",
            "fetch the history: `fetch-depth: 0` for actions/checkout, `git fetch --unshallow` elsewhere",
        )
    if branches.undetermined:
        return CheckResult(
            UNKNOWN,
            f"{tag} may be on {', '.join(branches.undetermined)}, whose commits this clone lacks",
            f"git fetch origin {branches.undetermined[0]}, or `fetch-depth: 0` for actions/checkout",
        )
    return CheckResult(
        CRIT,
        f"{tag} is not on a release branch ({', '.join(allowed)})"
        + (f", but on {', '.join(branches.containing)}" if branches.containing else ", nor on any other"),
        "merge the commit into a release branch, and tag it there",
    )
