"""The Git checks for callers from Python: each raises where a gate would fail.

They look at the repository that holds the working directory, with the policy of its file and of the environment.
"""

from pathlib import Path

from release_sentinel.arguments import find_top
from release_sentinel.checks.branch import check_branch
from release_sentinel.checks.repository import check_clean_tree, check_repository
from release_sentinel.checks.result import require
from release_sentinel.checks.tag import check_tag
from release_sentinel.checks.version import check_version
from release_sentinel.config.load import load_policy
from release_sentinel.observe import Unseen, ci, git
from release_sentinel.versions import tag_names


def ensure_git_repo() -> None:
    """Raise `PolicyError` unless the working directory lies in a usable Git repository."""
    require(check_repository(git.look(_here())))


def ensure_clean_tree() -> None:
    """Raise `PolicyError` unless the work tree equals the commit."""
    require(check_clean_tree(git.look(_here())))


def ensure_branch_allowed() -> None:
    """Raise `PolicyError` unless HEAD, or on a tag build the tag's commit, is on a branch that releases come from."""
    top = _here()
    policy = load_policy(repository=top)
    repository = git.look(top)

    def containing() -> git.Branches | Unseen:
        seen = git.tags(top, remote=policy.git.remote, branches=policy.git.branches)
        return git.branches_containing(top, seen, policy.git.branches, remote=policy.git.remote)

    rules = policy.git
    require(check_branch(repository, rules.branches, ci.build(), mode=rules.tag_mode, containing=containing))


def ensure_version_valid(version: str) -> None:
    """Raise `PolicyError` unless `version` is strict SemVer 2.0.0 with the policy's prefix."""
    policy = load_policy(repository=_here())
    require(check_version(version, prefix=policy.version.prefix, prereleases=policy.version.prereleases))


def ensure_tag_not_exists(version: str) -> None:
    """Raise `PolicyError` unless the version's tag is free here and on the remote; on a tag build it must be HEAD's."""
    top = _here()
    policy = load_policy(repository=top)

    def tags() -> git.Tags:
        return git.tags(top, tag_names(version, policy.version.prefix), remote=policy.git.remote)

    require(check_tag(version, git.look(top), tags, ci.build(), prefix=policy.version.prefix, mode=policy.git.tag_mode))


def _here() -> Path:
    return find_top(Path.cwd()) or Path.cwd()
