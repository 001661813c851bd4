"""What a version is, and what its tag may be called."""

import pytest

from release_sentinel.versions import parse, tag_names

GOOD = [
    "v0.0.0",
    "v1.0.0",
    "v10.20.30",
    "v1.0.0-rc.1",
    "v1.0.0-0.3.7",
    "v1.0.0-x-y-z.--",
    "v1.0.0+build.007",
    "v1.0.0-alpha+001",
    "v99999999999999999999.0.0",
]

BAD = {
    "blank": "",
    "prefix-alone": "v",
    "no-prefix": "1.0.0",
    "upper-case-prefix": "V1.0.0",
    "prefix-twice": "vv1.0.0",
    "two-numbers": "v1.0",
    "four-numbers": "v1.0.0.0",
    "leading-zero": "v01.0.0",
    "leading-zero-in-pre-release": "v1.0.0-01",
    "empty-pre-release": "v1.0.0-",
    "empty-identifier": "v1.0.0-a..b",
    "empty-build": "v1.0.0+",
    "two-builds": "v1.0.0+a+b",
    "newline-at-end": "v1.0.0\n",
    "newline-in-pre-release": "v1.0.0-a\n",
    "space-before": " v1.0.0",
    "space-after": "v1.0.0 ",
    "tab-in-build": "v1.0.0+a\tb",
    "null": "v1.0.0\0",
    "full-width-digit": "v\uff11.0.0",
    "full-width-second-digit": "v1\uff11.0.0",
    "full-width-digit-in-pre-release": "v1.0.0-1\uff11",
    "arabic-digit": "v1.\u0660.0",
    "letter-that-is-no-ascii": "v1.0.0-\xe4",
    "minus": "-v1.0.0",
    "negative": "v-1.0.0",
    "slash": "release/v1.0.0",
    "glob": "v1.*.0",
    "word": "latest",
}


@pytest.mark.parametrize("version", GOOD)
def test_semver_is_a_version(version: str) -> None:
    """A prefix and strict SemVer 2.0.0 is a version, and loses nothing when it is read."""
    assert f"v{parse(version)}" == version


@pytest.mark.parametrize("version", BAD.values(), ids=BAD)
def test_anything_else_is_not_a_version(version: str) -> None:
    """Whatever differs from SemVer by a character is refused, and nothing raises."""
    assert parse(version) is None


@pytest.mark.parametrize(
    ("version", "prefix"), [("1.0.0", ""), ("release-1.0.0", "release-"), ("pkg/v1.0.0", "pkg/v")], ids=repr
)
def test_the_prefix_is_the_policys(version: str, prefix: str) -> None:
    """Another prefix, or none, may be agreed on."""
    assert str(parse(version, prefix)) == "1.0.0"
    assert parse(version) is None


def test_without_a_prefix_the_usual_one_is_refused() -> None:
    """If no prefix is agreed on, `v` is not accepted."""
    assert parse("v1.0.0", "") is None


def test_versions_compare_as_semver_says() -> None:
    """A pre-release comes before its release, and numbers compare as numbers."""
    texts = ["v1.0.0-rc.2", "v1.0.0-rc.10", "v1.0.0", "v1.0.9", "v1.0.10"]
    versions = [version for text in texts if (version := parse(text))]

    assert len(versions) == len(texts)
    assert versions == sorted(versions)


@pytest.mark.parametrize(
    ("version", "prefix", "names"),
    [
        ("v1.0.0", "v", ("v1.0.0", "1.0.0")),
        ("1.0.0", "v", ("1.0.0", "v1.0.0")),
        ("1.0.0", "", ("1.0.0", "v1.0.0")),
        ("release-1.0.0", "release-", ("release-1.0.0",)),
    ],
    ids=["usual", "prefix-forgotten", "no-prefix", "other-prefix"],
)
def test_a_tag_is_looked_up_under_each_spelling(version: str, prefix: str, names: tuple[str, ...]) -> None:
    """A release must not be tagged a second time under another spelling; the given one comes first."""
    assert tag_names(version, prefix) == names
