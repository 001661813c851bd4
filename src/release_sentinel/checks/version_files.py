"""Do the project's own files have the version that is released?"""

from collections.abc import Callable, Sequence
from pathlib import Path

from release_sentinel.checks.result import CRIT, NO_REPOSITORY, OK, UNKNOWN, CheckResult
from release_sentinel.observe import Unseen, manifests
from release_sentinel.observe.git import Repository
from release_sentinel.observe.manifests import Manifest


def check_version_files(
    version: str,
    repository: Repository | Unseen,
    files: Sequence[str] = (),
    *,
    prefix: str = "v",
    observe: Callable[[Path, str], Manifest | Unseen] = manifests.read,
) -> CheckResult:
    """The version in each named manifest (pyproject.toml, package.json, …) is the one that is released.

    Why: a package whose version differs from its tag is published under the wrong name, or not at all.
    Unknown: a manifest cannot be read or has no version, or none is named and none is found.
    Remedy: raise the version in the named files, commit, and release that commit; the files are `RS_VERSION_FILES`.

    A file is `PATH` or `PATH#DOTTED.KEY`. Python's manifests may spell the version by PEP 440 (`1.0.0rc1`).
    """
    if isinstance(repository, Unseen):
        return CheckResult(UNKNOWN, repository.why, NO_REPOSITORY)
    names = files or manifests.find(repository.top)
    if not names:
        return CheckResult(UNKNOWN, "no file with a version is named or found", "name one in RS_VERSION_FILES")
    seen = [observe(repository.top, name) for name in names]
    wanted = version.removeprefix(prefix)
    others = [found for found in seen if isinstance(found, Manifest) and not _is(wanted, found)]
    unseen = [found for found in seen if isinstance(found, Unseen)]
    if others:
        message = ", ".join(f"{found.name} says {found.version!r}" for found in others)
        undetermined = "".join(f"; {found.why}" for found in unseen)
        return CheckResult(
            CRIT, f"{message}, expected {wanted!r}{undetermined}", "raise the version there, and commit it"
        )
    if unseen:
        return CheckResult(UNKNOWN, "; ".join(found.why for found in unseen), unseen[0].remedy)
    return CheckResult(OK, f"{', '.join(names)} {'says' if len(names) == 1 else 'say'} {wanted}")


def _is(wanted: str, found: Manifest) -> bool:
    return found.version == wanted or (found.python and _is_by_pep_440(wanted, found.version))


def _is_by_pep_440(wanted: str, found: str) -> bool:
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415 - late: only this gate needs it

    try:
        return Version(wanted) == Version(found)
    except InvalidVersion:
        return False
