"""Is this a version that may be released, and is its tag still free?"""

import pytest

from release_sentinel.checks.tag import check_tag
from release_sentinel.checks.version import check_version

pytestmark = pytest.mark.policy


def test_version(gate, policy, release):
    gate.require(check_version(release.version, prefix=policy.version.prefix, prereleases=policy.version.prereleases))


def test_tag(gate, policy, release, repository, tags, build):
    gate.require(check_tag(release.version, repository, tags, build, prefix=policy.version.prefix))
