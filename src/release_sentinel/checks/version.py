"""Is this a version that may be released?"""

import re

from release_sentinel.checks.result import CRIT, OK, CheckResult
from release_sentinel.versions import parse


def check_version(version: str, *, prefix: str = "v", prereleases: bool = False) -> CheckResult:
    """The version is strict SemVer 2.0.0 with the policy's prefix.

    Why: tools that sort, compare and upgrade read the version; `1.0`, `v01.0.0` or a stray newline break them later.
    Unknown: never; the text is SemVer or it is not.
    Remedy: pass a version such as `v1.4.2`; for release candidates set `RS_PRERELEASES=true`.
    """
    parsed = parse(version, prefix)
    if parsed is None:
        example, meant = f"{prefix}1.4.2", _meant(version, prefix)
        return CheckResult(
            CRIT,
            f"Invalid version format: {version!r}, expected {_form(prefix)}, such as {example}",
            f"pass --version {meant}{_alternative(version, prefix)}"
            if meant
            else f"name the version that is released, as in --version {example}",
        )
    if parsed.prerelease and not prereleases:
        return CheckResult(
            CRIT,
            f"{version} is a pre-release, and the policy allows none",
            f"release {prefix}{parsed.finalize_version()}, or set RS_PRERELEASES=true for this environment",
        )
    return CheckResult(OK, f"{version} is SemVer 2.0.0")


def _alternative(version: str, prefix: str) -> str:
    """Return how versions get no prefix, where only that is wrong; or blank."""
    return ", or set RS_VERSION_PREFIX=none if your versions have no prefix" if prefix and parse(version, "") else ""


def _form(prefix: str) -> str:
    return f"{prefix!r} and strict SemVer 2.0.0" if prefix else "strict SemVer 2.0.0 without a prefix"


def _meant(version: str, prefix: str) -> str:
    """Return the version that was probably meant, or blank."""
    bare = re.sub(r"(?<![\w.+-])0+(?=\d)|(?<=\d\.)0+(?=\d)", "", version.strip().lstrip("vV="))  # 01.02 is 1.2
    guesses = (f"{prefix}{bare}", f"{prefix}{bare}.0", f"{prefix}{bare}.0.0")
    return next((guess for guess in guesses if parse(guess, prefix) is not None), "")
