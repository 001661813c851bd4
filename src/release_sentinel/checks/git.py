"""The Git checks for callers from Python: each raises where a gate would fail.

They look at the repository that holds the working directory, with the policy that the environment sets.
"""

from pathlib import Path

from release_sentinel.checks.branch import check_branch
from release_sentinel.checks.repository import check_clean_tree, check_repository
from release_sentinel.checks.result import require
from release_sentinel.checks.tag import check_tag
from release_sentinel.checks.version import check_version
from release_sentinel.config import Policy
from release_sentinel.observe import ci, git
from release_sentinel.versions import tag_names


def ensure_git_repo() -> None:
    """Raise `PolicyError` unless the working directory lies in a usable Git repository."""
    require(check_repository(git.look(_here())))


def ensure_clean_tree() -> None:
    """Raise `PolicyError` unless the work tree is the commit."""
    require(check_clean_tree(git.look(_here())))


def ensure_branch_allowed() -> None:
    """Raise `PolicyError` unless HEAD, or on a tag build the tag's commit, is on a branch that releases come from."""
    policy, top = Policy.load(), _here()
    repository = git.look(top)

    def containing() -> git.Branches:
        return git.branches_containing(top, git.tags(top, remote=policy.remote, branches=policy.branches))

    require(check_branch(repository, policy.branches, ci.build(), containing=containing))


def ensure_version_valid(version: str) -> None:
    """Raise `PolicyError` unless `version` is strict SemVer 2.0.0 with the policy's prefix."""
    policy = Policy.load()
    require(check_version(version, prefix=policy.version_prefix, prereleases=policy.prereleases))


def ensure_tag_not_exists(version: str) -> None:
    """Raise `PolicyError` unless the version's tag is free here and on the remote; on a tag build it must be HEAD's."""
    policy, top = Policy.load(), _here()

    def tags() -> git.Tags:
        return git.tags(top, tag_names(version, policy.version_prefix), remote=policy.remote)

    require(check_tag(version, git.look(top), tags, ci.build(), prefix=policy.version_prefix))


def _here() -> Path:
    return git.find_top(Path.cwd()) or Path.cwd()
