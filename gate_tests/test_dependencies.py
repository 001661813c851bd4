"""Do the services that the release depends on answer?"""

import pytest

from release_sentinel.checks.api import check_api

pytestmark = pytest.mark.critical


def test_api(gate, policy):
    gate.require(check_api(policy.api))
