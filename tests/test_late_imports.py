"""A run loads what it needs: libraries that are dear wait until a gate that uses them begins."""

from typing import Any

import pytest

from tests.conftest import Sentinel

TELL = """
import atexit, os, pathlib, sys
atexit.register(lambda: pathlib.Path(os.environ["LOADED"]).write_text("\\n".join(sys.modules)))
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
    told = sentinel.reports / "loaded"
    sentinel(*options, LOADED=str(told), **env)
    loaded = set(told.read_text(encoding="utf-8").splitlines())
    assert "pytest" in loaded
    assert not absent & loaded
