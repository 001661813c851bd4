"""Is the release's tag still free, or on a tag build at the commit that is judged?"""

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from release_sentinel.checks.result import CRIT, NO_REPOSITORY, OK, UNKNOWN, CheckResult
from release_sentinel.config.kinds import TagMode
from release_sentinel.observe import Unseen
from release_sentinel.observe.ci import Build
from release_sentinel.observe.git import Refs, Repository, TagObject, Tags
from release_sentinel.trailers import recorded
from release_sentinel.versions import parse, tag_names


class Resumption(Struct, frozen=True):
    """A run that makes the tag itself, and goes on where an earlier one of the same release stopped.

    `read` returns what an annotated tag says, by its name and the id of its object; None: it is not annotated.
    """

    env: str
    read: Callable[[str, str], TagObject | Unseen | None]


def check_tag(
    version: str,
    repository: Repository | Unseen,
    tags: Callable[[], Tags],
    build: Build | None = None,
    *,
    prefix: str = "v",
    mode: TagMode = "auto",
    preview: bool = False,
    resumption: Resumption | None = None,
) -> CheckResult:
    """The version's tag is still free; on a tag build it exists, and names the commit that is judged.

    Why: a tag that moves, or names two commits, corrupts every later comparison; a clone seldom has all tags.
    Unknown: the remote does not answer, or a shallow clone has no remote to ask.
    Remedy: release the next version, and never move a published tag; `RS_TAG_MODE` says whether the tag has to exist.

    A run that makes the tag (`--gate-tag`, `--gate-release`), run again because a later step failed, accepts the tag
    that it made on the same commit for the same environment.
    """
    if isinstance(repository, Unseen):
        return CheckResult(UNKNOWN, repository.why, NO_REPOSITORY)
    if parse(version, prefix) is None:
        return CheckResult(
            UNKNOWN, f"{version!r} is not a version, so there is no tag to look for", "see the gate `version`"
        )
    names = tag_names(version, prefix)
    if preview:
        return _check_new_tag(names, repository, tags(), prefix)
    if mode == "local":
        return _check_local_tag(names, repository, tags(), prefix)
    if mode == "existing":
        return _check_existing_tag("", names, repository, tags())
    if mode == "auto" and build and build.tag and build.is_of(repository.commit) and not build.pull_request:
        if build.tag in names:
            return _check_existing_tag(build.tag, names, repository, tags())
        why = f"{build.provider} builds tag {build.tag}, and --version says {version}"
        return CheckResult(CRIT, why, f"pass --version {build.tag}")
    return _check_new_tag(names, repository, tags(), prefix, resumption)


def _check_new_tag(
    names: Sequence[str], repository: Repository, tags: Tags, prefix: str, resumption: Resumption | None = None
) -> CheckResult:
    everywhere = (tags.remote, *tags.pushed, tags.local)
    remedy = _release_the_next(names[0], tags, prefix)
    own = ""  # where a tag of this very release is
    for refs in everywhere:
        for met in _in_use(names, refs, repository, remedy, resumption) if isinstance(refs, Refs) else ():
            if met.status != OK:
                return met
            own = own or met.message
    for asked in everywhere:
        if isinstance(asked, Unseen):
            return CheckResult(UNKNOWN, asked.why, asked.remedy)
    if tags.remote is None and repository.shallow:
        return CheckResult(
            UNKNOWN,
            f"this clone is shallow, and has no remote to ask for tag {names[0]}",
            "add the remote, or clone with the full history",
        )
    if own:
        return CheckResult(OK, own)
    sources = [refs.source for refs in (tags.remote or tags.local, *tags.pushed) if isinstance(refs, Refs)]
    return CheckResult(OK, f"tag {names[0]} is free in {' and '.join(sources)}")


def _in_use(
    names: Sequence[str], refs: Refs, repository: Repository, remedy: str, resumption: Resumption | None
) -> Iterator[CheckResult]:
    """Yield a result for the tag in each spelling that exists, and for tags beside which Git cannot make it."""
    for name in names:
        if commit := refs.tag(name):
            made = None
            if resumption and name == names[0] and commit == repository.commit:
                made = _made(name, refs, repository, resumption)
            yield _exists(name, commit, refs, repository, remedy) if made is None else made
    for tag in refs.tags:
        if names[0].startswith(f"{tag}/") or tag.startswith(f"{names[0]}/"):
            yield CheckResult(
                CRIT,
                f"Git cannot make tag {names[0]} beside tag {tag} in {refs.source}",
                "use a prefix for versions that is not the name of a tag, or remove that tag",
            )


def _made(name: str, refs: Refs, repository: Repository, resumption: Resumption) -> CheckResult | None:
    """Judge a tag at HEAD that may be of an earlier run of this release; None where it is not of this release."""
    said = resumption.read(name, refs.objects.get(f"refs/tags/{name}", ""))
    if isinstance(said, Unseen):
        return CheckResult(UNKNOWN, said.why, said.remedy)
    if said is None or not recorded(said.message).is_of(resumption.env, repository.commit):
        return None
    judged = recorded(said.message).judged
    return CheckResult(OK, f"tag {name} is at HEAD in {refs.source}, made by a run of this release ({judged})")


def _release_the_next(name: str, tags: Tags, prefix: str) -> str:
    """Return the remedy for a version whose tag is taken: the first version above it whose tag was not seen."""
    version = parse(name, prefix)
    if version is None:
        return "release the next version"
    seen = {tag for refs in (tags.remote, *tags.pushed, tags.local) if isinstance(refs, Refs) for tag in refs.tags}
    following = name
    while following == name or seen.intersection(tag_names(following, prefix)):
        version = version.bump_prerelease() if version.prerelease else version.bump_patch()
        following = f"{prefix}{version}"
    return f"release the next version, such as {following}"


def _exists(name: str, commit: str, refs: Refs, repository: Repository, remedy: str) -> CheckResult:
    message = f"Git tag already exists: {name} in {refs.source}, at {commit[:12]}"
    if commit != repository.commit:
        return CheckResult(CRIT, message, remedy)
    return CheckResult(
        CRIT,
        f"{message}, which is HEAD",
        "where CI builds this very tag, add --gate-tag-mode existing; to finish a release that stopped after its tag, "
        f"run its command again, or `release-sentinel release` with its verdict file; else {remedy}",
    )


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


def _check_local_tag(names: Sequence[str], repository: Repository, tags: Tags, prefix: str) -> CheckResult:
    """Judge a tag that is about to be pushed: this clone has it at HEAD, and no remote has it at another commit."""
    everywhere = [refs for refs in (tags.local, tags.remote, *tags.pushed) if refs is not None]
    found = []
    for refs in everywhere:
        if isinstance(refs, Unseen):
            return CheckResult(UNKNOWN, refs.why, refs.remedy)
        found += [(name, commit, refs) for name in names if (commit := refs.tag(name))]
    for name, commit, refs in found:
        if commit != repository.commit:
            return CheckResult(
                CRIT,
                f"tag {name} is at {commit[:12]} in {refs.source}, and HEAD is {repository.commit[:12]}",
                f"git switch --detach {name}" if refs is tags.local else _release_the_next(names[0], tags, prefix),
            )
    here = [name for name, _, refs in found if refs is tags.local]
    if not here:
        return CheckResult(CRIT, f"tag {names[0]} does not exist in this clone, but has to", f"git tag {names[0]}")
    return CheckResult(OK, f"tag {here[0]} is at HEAD in this clone, and names no other commit elsewhere")
