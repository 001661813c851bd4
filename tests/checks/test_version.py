"""Only strict SemVer 2.0.0 with the policy's prefix is a version."""

import pytest

from release_sentinel.checks.result import CRIT, OK
from release_sentinel.checks.version import check_version

# The examples that semver.org gives for its regular expression.
RELEASES = [
    "0.0.4",
    "1.2.3",
    "10.20.30",
    "1.0.0",
    "2.0.0",
    "1.1.7",
    "1.1.2+meta",
    "1.1.2+meta-valid",
    "2.0.0+build.1848",
]
RELEASES += ["1.0.0+0.build.1-rc.10000aaa-kk-0.1", "99999999999999999999999.999999999999999999.99999999999999999"]
PRE_RELEASES = ["1.1.2-prerelease+meta", "1.0.0-alpha", "1.0.0-beta", "1.0.0-alpha.beta", "1.0.0-alpha.beta.1"]
PRE_RELEASES += [
    "1.0.0-alpha.1",
    "1.0.0-alpha0.valid",
    "1.0.0-alpha.0valid",
    "1.0.0-rc.1+build.1",
    "2.0.0-rc.1+build.123",
]
PRE_RELEASES += ["1.0.0-alpha-a.b-c-somethinglong+build.1-aef.1-its-okay", "1.2.3-beta", "10.2.3-DEV-SNAPSHOT"]
PRE_RELEASES += ["1.2.3-SNAPSHOT-123", "2.0.1-alpha.1227", "1.0.0-alpha+beta", "1.2.3----RC-SNAPSHOT.12.9.1--.12"]
PRE_RELEASES += ["1.2.3----RC-SNAPSHOT.12.9.1--.12+788", "1.2.3----R-S.12.9.1--.12+meta", "1.0.0-0A.is.legal"]
INVALID = ["1", "1.2", "1.2.3-0123", "1.2.3-0123.0123", "1.1.2+.123", "+invalid", "-invalid", "-invalid+invalid"]
INVALID += [
    "-invalid.01",
    "alpha",
    "alpha.beta",
    "alpha.beta.1",
    "alpha.1",
    "alpha+beta",
    "alpha_beta",
    "alpha.",
    "alpha..",
]
INVALID += [
    "beta",
    "1.0.0-alpha_beta",
    "-alpha.",
    "1.0.0-alpha..",
    "1.0.0-alpha..1",
    "1.0.0-alpha...1",
    "1.0.0-alpha....1",
]
INVALID += ["1.0.0-alpha.....1", "1.0.0-alpha......1", "1.0.0-alpha.......1", "01.1.1", "1.01.1", "1.1.01", "1.2.3.DEV"]
INVALID += ["1.2-SNAPSHOT", "1.2.31.2.3----RC-SNAPSHOT.12.09.1--..12+788", "1.2-RC-SNAPSHOT", "-1.0.3-gamma+b7718"]
INVALID += ["+justmeta", "9.8.7+meta+meta", "9.8.7-whatever+meta+meta", ""]
INVALID += ["99999999999999999999999.999999999999999999.99999999999999999----RC-SNAPSHOT.12.09.1----..12"]


@pytest.mark.parametrize("number", RELEASES)
def test_releases(number: str) -> None:
    """A release number of SemVer's own examples passes behind the prefix."""
    result = check_version(f"v{number}")
    assert (result.status, result.message) == (OK, f"v{number} is SemVer 2.0.0")


@pytest.mark.parametrize("number", PRE_RELEASES)
def test_pre_releases(number: str) -> None:
    """A pre-release of SemVer's own examples passes where the policy allows it, and nowhere else."""
    assert check_version(f"v{number}", prereleases=True).status is OK
    assert check_version(f"v{number}").status is CRIT


@pytest.mark.parametrize("number", INVALID)
@pytest.mark.parametrize("prefix", ["v", ""])
def test_what_semver_calls_invalid(number: str, prefix: str) -> None:
    """What SemVer's own examples call invalid fails, with and without a prefix."""
    assert check_version(f"{prefix}{number}", prefix=prefix, prereleases=True).status is CRIT


@pytest.mark.parametrize(
    "version",
    [
        "v1.0.0\n",
        "\nv1.0.0",
        "v1.0.0 ",
        " v1.0.0",
        "v1.0.0\r",
        "v1.0.0\0",
        "v01.0.0",
        "v\uff11.0.0",
        "v1.0.\u0661",
        "v1.0.0\u200b",
        "v1.0.0-\u00e4",
        "-v1.0.0",
        "--v1.0.0",
        "V1.0.0",
        "vv1.0.0",
        "v.1.0.0",
        "v 1.0.0",
        "v1.0.0.0",
        "v1,0,0",
        "v",
        "",
        " ",
        "latest",
        "refs/tags/v1.0.0",
        "v1.0.0;v1.0.1",
        "v1.0.0\nv1.0.1",
        "1.0.0",
    ],
    ids=ascii,
)
def test_look_alikes(version: str) -> None:
    """What only looks like a version fails, and is shown in quotes so that blanks are visible."""
    result = check_version(version)
    assert result.status is CRIT
    assert result.message.startswith(f"Invalid version format: {version!r}, expected 'v' and strict SemVer 2.0.0")
    assert "\n" not in result.message


@pytest.mark.parametrize(
    ("version", "remedy"),
    [
        ("1.2.3", "v1.2.3"),
        ("V1.2.3", "v1.2.3"),
        ("v1.2", "v1.2.0"),
        ("2", "v2.0.0"),
        ("v1.2.3\n", "v1.2.3"),
        ("v01.2.3", "v1.2.3"),
        ("v1.002.030", "v1.2.30"),
    ],
    ids=ascii,
)
def test_the_remedy_is_what_was_meant(version: str, remedy: str) -> None:
    """The remedy is the version that was probably meant, and would pass."""
    assert check_version(version).remedy.partition(", or set ")[0] == f"pass --version {remedy}"
    assert check_version(remedy).status is OK


def test_the_remedy_says_how_to_have_no_prefix() -> None:
    """Where only the prefix is missing, the other way out is named; a blank variable would not do."""
    assert check_version("1.2.3").remedy.endswith(", or set RS_VERSION_PREFIX=none if your versions have no prefix")
    assert check_version("1.2").remedy == "pass --version v1.2.0"
    assert check_version("v1.2.3", prefix="").remedy == "pass --version 1.2.3"


@pytest.mark.parametrize("version", ["", "latest", "main", "v"])
def test_no_version_is_made_up(version: str) -> None:
    """If no version is close, the remedy is an example and says so."""
    assert check_version(version).remedy == "name the version that is released, as in --version v1.4.2"


def test_a_pre_release_is_reported_as_one() -> None:
    """A pre-release that is not allowed is not a mistyped version: the remedy is the release, or the setting."""
    result = check_version("v1.4.0-rc.1+build.7")
    assert result.message == "v1.4.0-rc.1+build.7 is a pre-release, and the policy allows none"
    assert result.remedy == "release v1.4.0, or set RS_PRERELEASES=true for this environment"


@pytest.mark.parametrize(
    ("prefix", "version"), [("release-", "release-1.0.0"), ("", "1.0.0"), ("shop/v", "shop/v1.0.0")]
)
def test_another_prefix(prefix: str, version: str) -> None:
    """The policy's prefix counts, and no other."""
    assert check_version(version, prefix=prefix).status is OK
    assert check_version("v1.0.0", prefix=prefix).status is CRIT


def test_no_prefix_is_shown() -> None:
    """Without a prefix the message says so, and the remedy omits it."""
    result = check_version("v1.0.0", prefix="")
    assert "expected strict SemVer 2.0.0 without a prefix, such as 1.4.2" in result.message
    assert result.remedy == "pass --version 1.0.0"
