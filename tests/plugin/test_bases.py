"""Base policies and their locks in real runs: no repository, variable or option gets past them."""

import hashlib
from pathlib import Path

import pytest

from tests.conftest import Sentinel

POLICY = "release-sentinel.toml"
BASE = 'locked = ["git.branches"]\nstricter_only = ["deadline"]\ndeadline = 200\n'


@pytest.fixture
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The base policy of the administrators of CI, outside of the repository."""
    file = tmp_path_factory.mktemp("admins") / "base.toml"
    file.write_text(BASE)
    return file


def test_a_broken_lock_stops_the_run(sentinel: Sentinel, base: Path) -> None:
    """Each is told, with the files and lines of both sides, here and in the reports that were claimed."""
    sentinel.repo.commit(POLICY, '[git]\nbranches = ["*"]\n')
    done = sentinel(RS_POLICY_BASE=str(base), RS_DEADLINE="900")
    told = [
        f"{POLICY}:2: git.branches differs from the default: locked by {base}:1, which does not set it",
        f"RS_DEADLINE is 900, expected at most 200, as {base}:3 has: stricter only, by {base}:2",
    ]
    assert (done.code, done.verdict["verdict"], done.verdict["gates"]) == (1, "INCOMPLETE", [])
    assert done.verdict["problems"][:2] == [f"the policy is not valid: {one}" for one in told]
    assert all(one in done.out for one in told)
    assert 'value="INCOMPLETE"' in done.junit


def test_another_policy_file_and_a_conftest_get_around_nothing(sentinel: Sentinel, base: Path, tmp_path: Path) -> None:
    """A file in place of the repository's own, and a conftest that takes the variable away."""
    sentinel.repo.commit("conftest.py", "import os\nos.environ.pop('RS_POLICY_BASE', None)\n")
    (tmp_path / "loose.toml").write_text("deadline = 900\n")
    done = sentinel.pytest("--gate-policy", str(tmp_path / "loose.toml"), RS_POLICY_BASE=str(base))
    told = f"loose.toml:1: deadline is 900, expected at most 200, as {base}:3 has: stricter only, by {base}:2"
    assert (done.code, done.verdict["verdict"]) == (1, "INCOMPLETE")
    assert done.verdict["problems"][0] == f"the policy is not valid: {told}"


def test_a_run_that_leaves_its_base_out_is_not_believed(sentinel: Sentinel, base: Path, tmp_path: Path) -> None:
    """What is imported before anything of ours may take the variable away; the parent process knows better."""
    (tmp_path / "early").mkdir()
    loosen = "import os, sys\nif 'pytest' in sys.orig_argv:\n    os.environ.pop('RS_POLICY_BASE')\n"
    (tmp_path / "early" / "sitecustomize.py").write_text(loosen)
    done = sentinel(RS_POLICY_BASE=str(base), PYTHONPATH=str(tmp_path / "early"))
    assert (done.code, done.verdict["verdict"]) == (1, "INCOMPLETE")
    assert "the gate run was not judged by" in done.out
    done = sentinel(RS_POLICY_BASE=str(base))
    assert (done.code, done.verdict["verdict"]) == (0, "SAFE")
    assert done.verdict["policies"] == [{"name": str(base), "sha256": hashlib.sha256(BASE.encode()).hexdigest()}]


def test_nothing_is_delivered_that_the_base_did_not_judge(sentinel: Sentinel, base: Path) -> None:
    """The tag is not made first and doubted afterwards; here the base changes while the run lasts."""
    sentinel.gate(f"@pytest.mark.policy\ndef test_own(): assert open({str(base)!r}, 'a').write('# changed')")
    done = sentinel("--gate-tag", RS_POLICY_BASE=str(base))
    assert (done.code, done.verdict["verdict"]) == (1, "INCOMPLETE"), done.out
    assert f"the gate run was not judged by {base}" in done.out
    assert sentinel.repo.git("tag") == ""
