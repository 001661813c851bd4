"""Is it built from a commit that everybody can see?"""

import pytest

from release_sentinel.checks.branch import check_branch
from release_sentinel.checks.repository import check_clean_tree, check_repository

pytestmark = pytest.mark.policy


def test_repository(gate, repository):
    gate.require(check_repository(repository))


def test_clean_tree(gate, repository):
    gate.require(check_clean_tree(repository))


def test_branch(gate, policy, repository, build, containing):
    gate.require(check_branch(repository, policy.git.branches, build, containing=containing))
