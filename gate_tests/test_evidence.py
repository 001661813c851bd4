"""Does the forge know this commit as tested, reviewed and unblocked?"""

import pytest

from release_sentinel.checks.blockers import check_blockers
from release_sentinel.checks.ci_checks import check_ci_checks
from release_sentinel.checks.preview import AFTER_MERGE
from release_sentinel.checks.review import check_review

pytestmark = pytest.mark.policy


def test_ci_checks(gate, policy, repository, release_branch, evidence, preview):
    if preview:
        gate.require(AFTER_MERGE)
        return
    gate.require(check_ci_checks(repository, release_branch, evidence, policy.forge))


def test_review(gate, policy, repository, release_branch, evidence, preview):
    if preview:
        gate.require(AFTER_MERGE)
        return
    gate.require(check_review(repository, release_branch, evidence, policy.forge.approvals))


def test_blockers(gate, policy, evidence):
    gate.require(check_blockers(evidence, policy.forge.blockers))
