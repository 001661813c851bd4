"""The Git checks for callers from Python: each raises where a gate would fail.

They look at the repository that holds the working directory, with the policy of its file and of the environment.
"""

from functools import cache
from pathlib import Path

from release_sentinel.arguments import find_top
from release_sentinel.checks.branch import branch_of, check_branch
from release_sentinel.checks.repository import check_clean_tree, check_repository, rules_of
from release_sentinel.checks.result import require
from release_sentinel.checks.tag import check_tag
from release_sentinel.checks.version import check_version
from release_sentinel.config.load import load_policy
from release_sentinel.observe import Unseen, ci, git
from release_sentinel.versions import in_the_way, tag_names


def ensure_git_repo() -> None:
    """Raise `PolicyError` unless the working directory lies in a usable Git repository."""
    require(check_repository(git.look(_here())))


def ensure_clean_tree() -> None:
    """Raise `PolicyError` unless the work tree equals the commit, but for what the policy allows."""
    top = _here()
    require(check_clean_tree(git.look(top, rules_of(load_policy(repository=top).git))))


def ensure_branch_allowed() -> None:
    """Raise `PolicyError` unless HEAD, or on a tag build the tag's commit, is on a branch that releases come from."""
    top = _here()
    policy = load_policy(repository=top)
    repository = git.look(top)

    rules, build = policy.git, ci.build()
    listed = git.remotes(top)
    names = () if isinstance(listed, Unseen) else tuple(listed.fetched)
    built = None if isinstance(repository, Unseen) else branch_of(repository, build, remotes=names)

    @cache
    def seen() -> git.Tags:
        return git.tags(top, branches=rules.branches, asked=remote(), listed=listed)

    def containing() -> git.Branches | Unseen:
        return git.branches_containing(top, seen(), rules.branches, asked=remote())

    @cache
    def remote() -> git.Remote | Unseen | None:
        return git.find_remote(top, rules.remote, built=built, there=listed)

    def standing(branch: str) -> git.Standing | Unseen | None:
        if isinstance(repository, Unseen):
            return repository
        asked = remote()
        if isinstance(asked, Unseen) or asked is None:
            return asked
        return git.standing(top, repository.commit, seen(), branch, asked)

    require(
        check_branch(
            repository,
            rules.branches,
            build,
            mode=rules.tag_mode,
            containing=containing,
            standing=standing,
            remotes=names,
            in_ci=ci.is_ci(),
        )
    )


def ensure_version_valid(version: str) -> None:
    """Raise `PolicyError` unless `version` is strict SemVer 2.0.0 with the policy's prefix."""
    policy = load_policy(repository=_here())
    require(check_version(version, prefix=policy.version.prefix, prereleases=policy.version.prereleases))


def ensure_tag_not_exists(version: str) -> None:
    """Raise `PolicyError` unless the version's tag is free here and on the remote; on a tag build it must be HEAD's."""
    top = _here()
    policy = load_policy(repository=top)

    repository, build, listed = git.look(top), ci.build(), git.remotes(top)
    names = () if isinstance(listed, Unseen) else tuple(listed.fetched)
    built = None if isinstance(repository, Unseen) else branch_of(repository, build, remotes=names)

    def tags() -> git.Tags:
        names = tag_names(version, policy.version.prefix)
        asked = git.find_remote(top, policy.git.remote, built=built, there=listed)
        return git.tags(top, [*names, *in_the_way(version)], asked=asked, listed=listed)

    require(check_tag(version, repository, tags, build, prefix=policy.version.prefix, mode=policy.git.tag_mode))


def _here() -> Path:
    return find_top(Path.cwd()) or Path.cwd()
