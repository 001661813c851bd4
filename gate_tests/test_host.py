"""Is this machine fit to take the release?"""

import pytest

from release_sentinel.checks.system import check_disk, check_memory, check_process

pytestmark = pytest.mark.critical


def test_disk(gate, policy):
    gate.require(check_disk(limits=policy.disk))


def test_memory(gate, policy):
    gate.require(check_memory(policy.memory))


def test_process(gate, policy, ourselves):
    gate.require(check_process(policy.process, ourselves=ourselves))
