"""Is this a version that may be released, and is its tag still free?"""

import pytest

from release_sentinel.checks.tag import check_tag
from release_sentinel.checks.version import check_version
from release_sentinel.checks.version_increases import check_version_increases

pytestmark = pytest.mark.policy


def test_version(gate, policy, release):
    gate.require(check_version(release.version, prefix=policy.version.prefix, prereleases=policy.version.prereleases))


def test_tag(gate, policy, release, repository, tags, build, preview, resumption):
    rules = {"prefix": policy.version.prefix, "mode": policy.git.tag_mode, "preview": preview}
    gate.require(check_tag(release.version, repository, tags, build, **rules, resumption=resumption))


def test_version_increases(gate, policy, release, repository, tags):
    gate.require(check_version_increases(release.version, repository, tags, prefix=policy.version.prefix))


def test_version_files(gate, policy, release, repository):
    from release_sentinel.checks.version_files import check_version_files  # noqa: PLC0415 - late: few ask for it

    rules = policy.version
    gate.require(check_version_files(release.version, repository, rules.files, prefix=rules.prefix))


def test_changelog(gate, policy, release, repository):
    from release_sentinel.checks.changelog import check_changelog  # noqa: PLC0415 - late: few ask for it

    rules = policy.version
    gate.require(check_changelog(release.version, repository, rules.changelog, prefix=rules.prefix))
