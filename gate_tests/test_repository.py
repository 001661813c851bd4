"""Is the release built from a published commit, and from nothing else?"""

import pytest

from release_sentinel.checks.branch import check_branch
from release_sentinel.checks.in_sync import check_in_sync
from release_sentinel.checks.preview import AFTER_MERGE, check_target
from release_sentinel.checks.repository import check_clean_tree, check_repository
from release_sentinel.checks.signature import check_signature

pytestmark = pytest.mark.policy


def test_repository(gate, repository):
    gate.require(check_repository(repository))


def test_clean_tree(gate, repository):
    gate.require(check_clean_tree(repository))


def test_branch(gate, policy, repository, build, containing, standing, claimed, remotes, in_ci, preview, merge_target):
    rules = policy.git
    if preview:
        gate.require(check_target(repository, rules.branches, merge_target))
        return
    asked = {"containing": containing, "standing": standing, "claimed": claimed, "remotes": remotes, "in_ci": in_ci}
    gate.require(check_branch(repository, rules.branches, build, mode=rules.tag_mode, **asked))


def test_in_sync(gate, repository, branch, tags, built_tag, preview):
    if preview:
        gate.require(AFTER_MERGE)
        return
    gate.require(check_in_sync(repository, branch, tags, tag=built_tag))


def test_signature(gate, policy, repository, signature, built_tag, preview):
    if preview:
        gate.require(AFTER_MERGE)
        return
    gate.require(check_signature(repository, signature, tag=built_tag, signers=policy.git.signers))
