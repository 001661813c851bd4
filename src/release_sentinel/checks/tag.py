"""Is the release's tag still free, or on a tag build at the commit that is judged?"""

from collections.abc import Callable, Sequence

from release_sentinel.checks.result import CRIT, NO_REPOSITORY, OK, UNKNOWN, CheckResult
from release_sentinel.config.kinds import TagMode
from release_sentinel.observe import Unseen
from release_sentinel.observe.ci import Build
from release_sentinel.observe.git import Refs, Repository, Tags
from release_sentinel.versions import parse, tag_names


def check_tag(
    version: str,
    repository: Repository | Unseen,
    tags: Callable[[], Tags],
    build: Build | None = None,
    *,
    prefix: str = "v",
    mode: TagMode = "auto",
) -> CheckResult:
    """The version's tag is still free; on a tag build it exists, and names the commit that is judged.

    Why: a tag that moves, or names two commits, corrupts every later comparison; a clone seldom has all tags.
    Unknown: the remote does not answer, or a shallow clone has no remote to ask.
    Remedy: release the next version, and never move a published tag; `RS_TAG_MODE` says whether the tag has to exist.
    """
    if isinstance(repository, Unseen):
        return CheckResult(UNKNOWN, repository.why, NO_REPOSITORY)
    if parse(version, prefix) is None:
        return CheckResult(
            UNKNOWN, f"{version!r} is not a version, so there is no tag to look for", "see the gate `version`"
        )
    names = tag_names(version, prefix)
    if mode == "existing":
        return _check_existing_tag("", names, repository, tags())
    if mode == "auto" and build and build.tag and build.is_of(repository.commit) and not build.pull_request:
        if build.tag in names:
            return _check_existing_tag(build.tag, names, repository, tags())
        return CheckResult(
            CRIT,
            f"{build.provider} builds tag {build.tag}, and --version says {version}",
            f"pass --version {build.tag}",
        )
    return _check_new_tag(names, repository, tags())


def _check_new_tag(names: Sequence[str], repository: Repository, tags: Tags) -> CheckResult:
    for refs in (tags.remote, tags.local):
        for name in names:
            if isinstance(refs, Refs) and (commit := refs.tag(name)):
                return CheckResult(
                    CRIT,
                    f"Git tag already exists: {name} in {refs.source}, at {commit[:12]}",
                    "release the next version",
                )
    asked = tags.local if tags.remote is None else tags.remote
    if isinstance(asked, Unseen):
        return CheckResult(UNKNOWN, asked.why, asked.remedy)
    if isinstance(tags.local, Unseen):
        return CheckResult(UNKNOWN, tags.local.why, tags.local.remedy)
    if tags.remote is None and repository.shallow:
        return CheckResult(
            UNKNOWN,
            f"this clone is shallow, and has no remote to ask for tag {names[0]}",
            "add the remote, or clone with the full history",
        )
    return CheckResult(OK, f"tag {names[0]} is free in {asked.source}")


def _check_existing_tag(built: str, names: Sequence[str], repository: Repository, tags: Tags) -> CheckResult:
    """Judge the tag `built`, or if CI names none, one of `names`; no spelling of it may name another commit."""
    refs = tags.local if tags.remote is None else tags.remote
    wanted = built or names[0]
    if isinstance(refs, Unseen):
        return CheckResult(UNKNOWN, refs.why, refs.remedy)
    found = {name: commit for name in names if (commit := refs.tag(name))}
    if not found or built not in {"", *found}:
        missing = f"tag {wanted} does not exist in {refs.source}, but has to"
        return CheckResult(CRIT, missing, f"git push origin {wanted}")
    for tag, commit in found.items():
        if commit != repository.commit:
            return CheckResult(
                CRIT,
                f"tag {tag} is at {commit[:12]} in {refs.source}, and HEAD is {repository.commit[:12]}",
                "build the commit that the tag names; never move a published tag",
            )
    return CheckResult(OK, f"tag {built or next(iter(found))} is at HEAD in {refs.source}")
