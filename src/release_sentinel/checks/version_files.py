"""Do the project's own files have the version that is released?"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from release_sentinel.checks.result import CRIT, NO_REPOSITORY, OK, UNKNOWN, CheckResult
from release_sentinel.lines import one_line
from release_sentinel.observe import Unseen, manifests
from release_sentinel.observe.git import Repository
from release_sentinel.observe.manifests import Found, FromTags, Manifest, Spelling
from release_sentinel.versions import tag_names

_LONGEST = 80  # characters of a version that a message shows


def check_version_files(
    version: str,
    repository: Repository | Unseen,
    files: Sequence[str] = (),
    *,
    prefix: str = "v",
    observe: Callable[[Path, str], Sequence[Found]] = manifests.read,
) -> CheckResult:
    """The version in each named manifest (pyproject.toml, package.json, …) is the one that is released.

    Why: a package whose version differs from its tag is published under the wrong name, or not at all.
    Unknown: a manifest cannot be read or understood or has no version, or none is named and none is found.
    Remedy: raise the version in the named files, commit, and release that commit; the files are `RS_VERSION_FILES`.

    A file is `PATH`, `PATH#DOTTED.KEY` or `PATH#PATTERN`; a path may be a glob of tracked files. The version may have
    the prefix or not. Python's manifests may spell it by PEP 440 (`1.0.0rc1`). A manifest that leaves the version to
    Git's tags passes.
    """
    if isinstance(repository, Unseen):
        return CheckResult(UNKNOWN, repository.why, NO_REPOSITORY)
    top = repository.top
    seen = [found for name in files for found in observe(top, name)] if files else manifests.find(top)
    if not seen:
        return CheckResult(UNKNOWN, "no file with a version is named or found", "name one in RS_VERSION_FILES")
    number, names = version.removeprefix(prefix), tag_names(version, prefix)
    agreed = {number, *names}
    others = [found for found in seen if isinstance(found, Manifest) and not _is_one_of(agreed, found)]
    unseen = [found for found in seen if isinstance(found, Unseen)]
    if others:
        message = ", ".join(f"{found} says {one_line(repr(found.version), _LONGEST)}" for found in others)
        undetermined = "".join(f"; {found.why}" for found in unseen)
        return CheckResult(
            CRIT, f"{message}, expected {number!r}{undetermined}", "raise the version there, and commit it"
        )
    if unseen:
        return CheckResult(UNKNOWN, "; ".join(found.why for found in unseen), unseen[0].remedy)
    return CheckResult(OK, "; ".join(_agreement(seen, number)))


def _agreement(seen: Sequence[Found], number: str) -> Iterator[str]:
    said = [str(found) for found in seen if isinstance(found, Manifest)]
    if said:
        yield f"{', '.join(said)} {'says' if len(said) == 1 else 'say'} {number}"
    for found in seen:
        if isinstance(found, FromTags):
            yield f"{found.name} takes its version from Git's tags ({found.tool})"


def _is_one_of(agreed: set[str], found: Manifest) -> bool:
    if found.version in agreed:
        return True
    if found.spelling is Spelling.PYTHON:
        return any(_is_by_pep_440(wanted, found.version) for wanted in agreed)
    if found.spelling is Spelling.RUBY:
        return any(found.version in {wanted.replace("-", mark, 1) for mark in (".", ".pre.")} for wanted in agreed)
    return found.spelling is Spelling.DART and found.version.partition("+")[0] in agreed


def _is_by_pep_440(wanted: str, found: str) -> bool:
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415 - late: only this gate needs it

    try:
        return Version(wanted) == Version(found)
    except InvalidVersion:
        return False
