"""The guard that Python loads at its start: is it at work in this process, and does it know the repository?"""

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import release_sentinel_guard
from release_sentinel.observe.this_process import is_pytest
from release_sentinel.plugin import compat


def problem() -> str:
    """Say why the next `--version VERSION` could print pytest's version and exit 0; blank where it cannot.

    Python itself loads the guard when it starts, from `release_sentinel_guard.pth`, which leaves a mark in `sys`.
    """
    at_work = getattr(sys, "release_sentinel_guard", False) and find_spec("release_sentinel_guard")
    if at_work or not compat.answers_version():
        return ""
    return (
        f"pytest {pytest.__version__} answers --version VERSION with its own version and exit code 0, and the guard "
        "against that is missing: this Python did not read release_sentinel_guard.pth at its start, expected in its "
        "site-packages; install release-sentinel there with pip (a folder of PYTHONPATH is not enough, and python -S "
        "reads none), or run release-sentinel, or install 'pytest<9'"
    )


def find_installed_first(config: pytest.Config, repository: Path) -> None:
    """Let no module of `repository` take the place of one that this program or pytest needs, until `config` ends.

    The guard does so from the start; here it learns the repository, and gets before what pytest has put first since.
    From now on the reports are this program's own to answer for.
    """
    release_sentinel_guard.taken_over.append(True)
    release_sentinel_guard.installed_first.begin(str(repository), str(config.invocation_params.dir))
    if not is_pytest():
        config.add_cleanup(release_sentinel_guard.installed_first.end)
