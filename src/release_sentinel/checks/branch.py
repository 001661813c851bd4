"""Is this a branch that releases come from?"""

from collections.abc import Callable, Collection, Sequence
from fnmatch import fnmatchcase

from release_sentinel.checks.result import CRIT, NO_REPOSITORY, OK, UNKNOWN, WARN, CheckResult
from release_sentinel.config.kinds import TagMode
from release_sentinel.observe import Unseen
from release_sentinel.observe.ci import Build, is_merge_queue
from release_sentinel.observe.git import CLAIM, Branches, BranchName, Head, Relation, Repository, Standing


def branch_of(
    head: Repository | Head, build: Build | None, claimed: str = "", remotes: Collection[str] = ()
) -> BranchName | None:
    """Return the branch that is built: as HEAD has it, or CI, if it builds this commit, or `--gate-branch`.

    `claimed` is the value of that option, which counts where CI names no branch; `remotes` are those of the clone: one
    of their names may come before the branch's.
    """
    named, remote = build.branch_on(remotes) if build and build.is_of(head.commit) else ("", "")
    if build and named and head.branch in {"", build.checks_out}:
        return BranchName(named, build.provider, remote)
    if claimed and not (build and (named or build.tag)):
        return BranchName(claimed, CLAIM)
    return BranchName(head.branch, "HEAD") if head.branch else None


def check_branch(
    repository: Repository | Unseen,
    allowed: Sequence[str],
    build: Build | None = None,
    *,
    mode: TagMode = "auto",
    containing: Callable[[], Branches | Unseen] = Branches,
    standing: Callable[[str], Standing | Unseen | None] = lambda _: None,
    claimed: str = "",
    remotes: Collection[str] = (),
    in_ci: bool = False,
) -> CheckResult:
    """HEAD is on a branch that releases come from, and the remote agrees; a tag's commit is reachable from one.

    Why: what is not on a release branch was not reviewed for release; a CI system may say the branch of another commit.
    Unknown: HEAD is detached and CI names no branch of it, or remote or history are out of reach.
    Remedy: release from an allowed branch, or name yours in `RS_BRANCHES`; for tag builds fetch the history.
    """
    if isinstance(repository, Unseen):
        return CheckResult(UNKNOWN, repository.why, NO_REPOSITORY)
    expected = f"releases come from {', '.join(allowed)}"
    if build and build.merge_queue:
        return _queued(f"what {build.provider} builds", expected)
    if build and build.pull_request:
        why = f"Releases blocked from a pull request: {build.provider} builds a merge, not a branch; {expected}"
        return CheckResult(CRIT, why, "merge it, and release from the branch")
    tag = build.tag if build and build.is_of(repository.commit) else ""
    branch = branch_of(repository, build, claimed, remotes)
    # To push the tag of an older commit, that is checked out by itself.
    if tag or mode == "existing" or (mode == "local" and branch is None):
        return _check_tagged_branch(repository, allowed, f"tag {tag}" if tag else "the tagged commit", containing())
    if branch is None:
        return _check_detached(repository, build, expected)
    if is_merge_queue(branch.name):
        return _queued(f"{branch.name} (according to {branch.source})", expected)
    if any(fnmatchcase(branch.name, pattern) for pattern in allowed):
        return _check_standing(branch, standing(branch.name), in_ci=in_ci or build is not None, remotes=remotes)
    return _not_allowed(branch, allowed, expected, remotes)


def _not_allowed(branch: BranchName, allowed: Sequence[str], expected: str, remotes: Collection[str]) -> CheckResult:
    named = next((name for name in allowed if not set(name) & set("*?[")), "BRANCH")
    return CheckResult(
        CRIT,
        f"Releases blocked from branch: {branch.name} (according to {branch.source}); {expected}",
        _as_there(branch, remotes) or f"git switch {named}, or name the branch in RS_BRANCHES",
    )


def _queued(what: str, expected: str) -> CheckResult:
    return CheckResult(
        CRIT,
        f"Releases blocked from a merge queue: {what} is not merged yet; {expected}",
        "release from the branch once the queue has merged it",
    )


def _as_there(branch: BranchName, remotes: Collection[str]) -> str:
    """Return the remedy for a claimed branch that has a remote's name before its own; blank where that is not so."""
    below = [branch.name.removeprefix(f"{remote}/") for remote in remotes if branch.name.startswith(f"{remote}/")]
    return f"name the branch as the remote does: {CLAIM} {below[0]}" if branch.source == CLAIM and below else ""


def _check_standing(
    branch: BranchName, there: Standing | Unseen | None, *, in_ci: bool, remotes: Collection[str]
) -> CheckResult:
    """Judge a release branch by what the remote says; outside CI it may lack the last commits of a work in progress."""
    claim = f"on branch {branch.name}, according to {branch.source}"
    if isinstance(there, Unseen):
        return CheckResult(UNKNOWN, f"{claim}; {there.why}", there.remedy)
    if there is None:
        if branch.source != "HEAD":
            return CheckResult(UNKNOWN, f"{claim}; the clone has no remote to prove it", "git remote add origin URL")
        return CheckResult(OK, claim)
    bound = in_ci or branch.source == CLAIM
    said = {
        Relation.AT: f"and at its head in {there.source}",
        Relation.BELOW: f"and below its head in {there.source}, which has moved on to {there.head[:12]}",
        Relation.AHEAD: f"but {there.ahead} {'commit' if there.ahead == 1 else 'commits'} ahead of {there.source}",
        Relation.APART: f"but {there.source} has it at {there.head[:12]}, without this commit",
        Relation.ABSENT: f"but {there.source} has no such branch",
    }[there.relation]
    if there.relation in {Relation.AT, Relation.BELOW}:
        return CheckResult(OK, f"{claim}, {said}")
    if there.relation is Relation.ABSENT and there.tagged:
        remedy = "where CI builds this tag, say so with --gate-tag-mode existing"
        return CheckResult(CRIT, f"Releases blocked: {claim}, {said}, but a tag of that name", remedy)
    if there.relation is not Relation.AHEAD or bound:
        renamed = _as_there(branch, remotes) if there.relation is Relation.ABSENT else ""
        return CheckResult(
            CRIT,
            f"Releases blocked: {claim}, {said}",
            renamed or f"release a commit that is on {branch.name} of the remote: merge or push it first",
        )
    return CheckResult(
        WARN, f"{claim}, {said}", f"git push, so that others can build what is released from {branch.name}"
    )


def _check_detached(repository: Repository, build: Build | None, expected: str) -> CheckResult:
    at = f"HEAD is detached at {repository.commit[:12]}"
    if build is None:
        remedy = (
            "git switch to a release branch; where CI builds one, name it with --gate-branch NAME, and where it builds "
            "the version's tag, say so with --gate-tag-mode existing"
        )
        return CheckResult(CRIT, f"{at}, not on a branch; {expected}", remedy)
    if build.is_of(repository.commit):
        return CheckResult(
            UNKNOWN,
            f"{at}, and {build.provider} names neither its branch nor its tag",
            "run the gate in a build of a branch or a tag; or name the branch with --gate-branch NAME, and where the "
            "version's tag is built, say so with --gate-tag-mode existing",
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
        "check out the commit that CI builds, or name the branch of this one with --gate-branch NAME",
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
