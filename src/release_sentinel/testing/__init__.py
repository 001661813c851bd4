"""What tests of gates need: a throw-away repository with a remote, a loopback dependency, one run with its verdict.

    with Sandbox(tmp_path) as sandbox:
        sandbox.repository.commit("gate_tests/test_own.py", SOURCE)
        run = sandbox.run()
    assert run.gate("own")["status"] == "CRIT"

Nothing here needs pytest. `observed` builds what a check observes, for tests of the check alone.
"""

from release_sentinel.testing import observed
from release_sentinel.testing.dependency import Answer, Dependency
from release_sentinel.testing.repository import Repository, make_repository
from release_sentinel.testing.runs import Run, plain_environment, run
from release_sentinel.testing.sandbox import SECRET, Sandbox

__all__ = [
    "SECRET",
    "Answer",
    "Dependency",
    "Repository",
    "Run",
    "Sandbox",
    "make_repository",
    "observed",
    "plain_environment",
    "run",
]
