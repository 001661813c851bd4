"""What follows a SAFE verdict follows nothing else; where it was asked for and did not happen, no report says SAFE."""

import sys
from pathlib import Path

import pytest

from tests.conftest import Sentinel, run


def tags(sentinel: Sentinel) -> str:
    """Return the tags on the remote."""
    return sentinel.repo.git("ls-remote", "--tags", "--refs", "origin")


@pytest.mark.parametrize("way", ["release-sentinel", "pytest"])
def test_a_safe_run_is_tagged_and_pushed(sentinel: Sentinel, way: str) -> None:
    """The verdict block says so, and the reports that lie in the repository do not count."""
    done = (sentinel if way == "release-sentinel" else sentinel.pytest)(
        "--gate-tag", "--gate-push", f"--gate-summary={sentinel.repo.path}/s.md"
    )
    assert done.code == 0, done.out
    assert any(line.startswith(f"tagged: v1.0.0 at {sentinel.repo.head[:12]}, pushed to origin") for line in done.block)
    assert "refs/tags/v1.0.0" in tags(sentinel)


def test_a_blocked_run_is_not_tagged(sentinel: Sentinel) -> None:
    """It says so, and nothing is there."""
    sentinel.repo.write("notes.txt")
    done = sentinel("--gate-tag", "--gate-push")
    assert done.code == 1
    assert "neither tagged nor released: the verdict is not SAFE" in done.block
    assert sentinel.repo.git("tag") == tags(sentinel) == ""


def test_a_commit_of_a_gate_is_not_tagged(sentinel: Sentinel) -> None:
    """HEAD moved while the gates ran: INCOMPLETE, exit 1, in every report."""
    sentinel.gate(
        """
        import subprocess
        @pytest.mark.critical
        def test_own():
            subprocess.run(["git", "commit", "--quiet", "--allow-empty", "-m", "late"], check=True)
            assert True
        """
    )
    done = sentinel("--gate-tag", "--gate-push")
    assert (done.code, done.verdict["verdict"]) == (1, "INCOMPLETE")
    (problem,) = done.verdict["problems"]
    assert problem.startswith("every gate passed, and what was to follow did not happen: HEAD is at")
    assert problem in " ".join(done.block)
    assert sentinel.repo.git("tag") == tags(sentinel) == ""


def test_a_release_that_cannot_be_made_is_not_success(sentinel: Sentinel) -> None:
    """The tag stays, and is told; the process does not say success."""
    done = sentinel("--gate-tag", "--gate-push", "--gate-release")
    assert (done.code, done.verdict["verdict"]) == (1, "INCOMPLETE")
    assert "GITHUB_TOKEN and GITHUB_REPOSITORY not set" in done.verdict["problems"][0]
    assert any(line.startswith("tagged: v1.0.0") for line in done.block)


def test_a_verdict_file_can_be_tagged_later(sentinel: Sentinel, tmp_path: Path) -> None:
    """`release-sentinel tag` believes a SAFE verdict about this release, once."""
    assert sentinel().code == 0
    command = (sys.executable, "-m", "release_sentinel", "tag", f"--verdict={tmp_path}/verdict.json", "--push")
    other = run(*command, "--env", "prod", "--version", "v2.0.0", cwd=sentinel.repo.path)
    assert (other.code, sentinel.repo.git("tag")) == (1, "")
    assert "the verdict is about version 'v1.0.0', expected 'v2.0.0'" in other.out
    release = ("--env", "prod", "--version", "v1.0.0")
    done = run(*command, *release, cwd=sentinel.repo.path)
    assert done.code == 0, done.out
    assert done.out.startswith(f"tagged: v1.0.0 at {sentinel.repo.head[:12]}, pushed to origin")
    again = run(*command, *release, cwd=sentinel.repo.path)
    assert again.code == 1
    assert "release-sentinel tag: tag v1.0.0 exists already in origin" in again.out
