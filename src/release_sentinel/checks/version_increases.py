"""Is this version above every released one of its line?"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from release_sentinel.checks.result import CRIT, NO_REPOSITORY, OK, UNKNOWN, CheckResult
from release_sentinel.observe import Unseen
from release_sentinel.observe.git import Refs, Repository, Tags
from release_sentinel.versions import parse, parse_tag, tag_names

if TYPE_CHECKING:
    from release_sentinel.versions import Version


def check_version_increases(
    version: str, repository: Repository | Unseen, tags: Callable[[], Tags], *, prefix: str = "v"
) -> CheckResult:
    """The version is greater than every released tag of its line, by SemVer precedence.

    Why: no tool upgrades to a version below a released one, and installing it is a downgrade.
    Unknown: the tags cannot be listed, or a shallow clone has no remote to ask.
    Remedy: release a version above the one that is named; its line is `MAJOR.MINOR` if that has tags, else `MAJOR`.

    A final release is compared with final releases, a pre-release with all tags. The version's own tag does not count.
    """
    if isinstance(repository, Unseen):
        return CheckResult(UNKNOWN, repository.why, NO_REPOSITORY)
    wanted = parse(version, prefix)
    if wanted is None:
        return CheckResult(UNKNOWN, f"{version!r} is not a version, so it cannot be compared", "see the gate `version`")
    seen = tags()
    for refs in (seen.remote, seen.local):
        if isinstance(refs, Unseen):
            return CheckResult(UNKNOWN, refs.why, refs.remedy)
    if seen.remote is None and repository.shallow:
        why = "this clone is shallow, and has no remote to ask for tags"
        return CheckResult(UNKNOWN, why, "add the remote, or clone with the full history")
    own = tag_names(version, prefix)
    names = {name for refs in (seen.remote, seen.local) if isinstance(refs, Refs) for name in refs.tags} - set(own)
    parsed = {name: found for name in names if (found := parse_tag(name, prefix)) is not None}
    rivals = {name: found for name, found in parsed.items() if wanted.prerelease or not found.prerelease}
    line, members = _line(wanted, rivals)
    if not members:
        return CheckResult(OK, f"{version} is the first release: none of {len(names)} other tags is a version")
    highest = max(members, key=lambda name: rivals[name])
    if wanted > rivals[highest]:
        return CheckResult(OK, f"{version} is above {highest}, the highest of {len(members)} tags of {line}")
    return CheckResult(
        CRIT,
        f"{version} is not above {highest}, the highest tag of {line}",
        f"release {prefix}{rivals[highest].bump_patch()} or later",
    )


def _line(wanted: "Version", rivals: dict[str, "Version"]) -> tuple[str, Sequence[str]]:
    """Return the narrowest line of `wanted` that has tags, and its tags."""
    for name, belongs in _lines(wanted):
        if members := [tag for tag, found in rivals.items() if belongs(found)]:
            return name, members
    return "", ()


def _lines(wanted: "Version") -> Iterator[tuple[str, Callable[["Version"], bool]]]:
    yield (
        f"line {wanted.major}.{wanted.minor}",
        lambda found: (found.major, found.minor) == (wanted.major, wanted.minor),
    )
    yield f"line {wanted.major}", lambda found: found.major == wanted.major
    yield "all lines", lambda _: True
