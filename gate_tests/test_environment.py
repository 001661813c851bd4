"""Is this an environment that releases go to?"""

import pytest

from release_sentinel.checks.env import check_environment

pytestmark = pytest.mark.policy


def test_environment(gate, policy, release):
    gate.require(check_environment(release.env, policy.environments))
