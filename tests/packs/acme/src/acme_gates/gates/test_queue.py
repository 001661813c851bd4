"""Is the queue fit for a release?"""

from pathlib import Path

import pytest
from acme_gates.queue import QueueSettings, check_owner, check_queue


@pytest.fixture
def folder(release):
    return Path(release.repository)


@pytest.mark.policy
def test_owner_named(gate, policy):
    gate.require(check_owner(policy.settings(QueueSettings)))


@pytest.mark.critical
def test_queue_drained(gate, policy, folder):
    gate.require(check_queue(policy.settings(QueueSettings), folder))
