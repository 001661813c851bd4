"""Is this a time to release?"""

import pytest

from release_sentinel.checks.freeze import check_freeze

pytestmark = pytest.mark.policy


def test_freeze(gate, policy):
    gate.require(check_freeze(policy.freezes))
