"""Is the release built from a published commit, and from nothing else?"""

from collections.abc import Collection, Iterator
from pathlib import Path

from release_sentinel.checks.result import CRIT, NO_REPOSITORY, OK, UNKNOWN, CheckResult
from release_sentinel.config.model import GitRules
from release_sentinel.observe import Unseen
from release_sentinel.observe.git import (
    CONVERTED,
    HIDDEN_EDIT,
    POINTER,
    SUBMODULE,
    UNINITIALISED,
    UNMAPPED,
    Change,
    Repository,
    Rules,
)

_OWN_WORDS = {CONVERTED, HIDDEN_EDIT, POINTER, UNINITIALISED, UNMAPPED}
_NAMED, _SHOWN = 3, 20  # paths in the message, and in the details


def rules_of(policy: GitRules, own_outputs: Collection[Path] = ()) -> Rules:
    """Return what counts as a change under a policy; `own_outputs` are files and folders of this run."""
    return Rules(own_outputs, policy.untracked, policy.submodules, policy.untracked_allowed)


def check_repository(repository: Repository | Unseen) -> CheckResult:
    """The path is the top of a Git work tree that has a commit and no operation in progress.

    Why: in a subfolder, an empty repository or the middle of a merge, Git describes something other than the release.
    Unknown: never; a repository that cannot be read fails, in Git's own words.
    Remedy: run the gate at the top of a clone, after the merge, rebase or bisect is finished or aborted.
    """
    if isinstance(repository, Unseen):
        return CheckResult(CRIT, repository.why, repository.remedy)
    if not repository.commit:
        return CheckResult(CRIT, f"{repository.top} has no commit yet", "commit something: a release needs a commit")
    if repository.operation:
        article = "an" if repository.operation == "am" else "a"
        return CheckResult(
            CRIT,
            f"{article} {repository.operation} is in progress in {repository.top}",
            f"finish it, or `git {repository.operation} {'reset' if repository.operation == 'bisect' else '--abort'}`",
        )
    return CheckResult(OK, f"{repository.top} at commit {repository.commit[:12]}")


def check_clean_tree(repository: Repository | Unseen) -> CheckResult:
    """The work tree equals the commit: nothing staged, changed, untracked, conflicted or hidden, submodules included.

    Why: a build from a dirty tree cannot be repeated from the commit that the release names.
    Unknown: Git could not determine the state.
    Remedy: commit, stash or ignore the listed paths, or allow untracked ones by `git.untracked_allowed` in the policy.

    Only rules that the commit holds hide untracked files, and those of a folder that a tool made for itself: a cache.
    """
    if isinstance(repository, Unseen):
        return CheckResult(UNKNOWN, repository.why, NO_REPOSITORY)
    changes = repository.changes
    if not changes:
        return CheckResult(OK, f"nothing differs from commit {repository.commit[:12]}")
    few = len(changes) <= _NAMED
    named = ", ".join(map(str, changes[:_NAMED])) + ("" if few else ", …")
    more = (f"… and {len(changes) - _SHOWN} more",) if len(changes) > _SHOWN else ()
    return CheckResult(
        CRIT,
        f"Git working tree is dirty: {len(changes)} {'path differs' if len(changes) == 1 else 'paths differ'} "
        f"from the commit ({named})",
        "; ".join([*_outputs(changes), *_remedies({change.code for change in changes if not change.written})]),
        details=() if few else (*(str(change) for change in changes[:_SHOWN]), *more),
    )


def _outputs(changes: Collection[Change]) -> Iterator[str]:
    for change in changes:
        if change.written:
            yield (
                f"this run writes {change.path} itself, as its output: write it outside of the repository, "
                "or list the path in .gitignore and commit that"
            )


def _remedies(codes: Collection[str]) -> Iterator[str]:
    if HIDDEN_EDIT in codes:
        yield "`git update-index --no-assume-unchanged --no-skip-worktree PATH` makes Git show the edit"
    if CONVERTED in codes:
        yield "unset core.autocrlf and core.eol, and empty .git/info/attributes: then Git shows the edit"
    if UNINITIALISED in codes:
        yield "`git submodule update --init --recursive --checkout -- .` checks submodules out"
    if UNMAPPED in codes:
        yield "add the submodule to .gitmodules, or `git rm --cached PATH`, and commit"
    if POINTER in codes:
        yield "`git lfs install --local && git lfs pull` fetches the content (actions/checkout: `lfs: true`)"
    if any(code.startswith(SUBMODULE) for code in codes):
        yield "commit in the submodule, and the submodule's new commit here, or `git submodule update`"
    if any(code not in _OWN_WORDS and not code.startswith(SUBMODULE) for code in codes):
        yield "commit, stash (`git stash -u`) or list in .gitignore (a user's own ignore rules do not count)"
