"""A run loads what it needs: libraries that are dear wait until a gate that uses them begins."""

from typing import Any

import pytest

from tests.conftest import Sentinel

TELL = """
import atexit, sys
DEAR = ("requests", "git", "psutil", "ssl")
atexit.register(lambda: print("loaded:", *(name for name in DEAR if name in sys.modules), file=sys.stderr))
"""


@pytest.mark.parametrize(
    ("options", "env", "absent"),
    [
        ((), {"RS_DEPLOY_TOKEN": ""}, {"requests", "psutil"}),
        (("--gate-partial", "-k", "disk or memory or process"), {}, {"requests", "git"}),
        (("--gate-partial", "-k", "api"), {}, {"git", "psutil"}),
    ],
    ids=["policy failure", "host only", "dependencies only"],
)
def test_what_is_not_needed_is_not_loaded(
    sentinel: Sentinel, options: tuple[str, ...], env: dict[str, Any], absent: set[str]
) -> None:
    """A policy failure needs no network, a look at the host no Git."""
    sentinel.repo.commit("gate_tests/conftest.py", TELL)
    run = sentinel(*options, **env)
    (loaded,) = [line for line in run.out.splitlines() if line.startswith("loaded:")]
    assert not absent & set(loaded.split()), loaded
