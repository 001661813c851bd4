"""The guard of `--version` under pytest 9 and later: is it at work in this process?"""

import sys
from importlib.util import find_spec

import pytest

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
