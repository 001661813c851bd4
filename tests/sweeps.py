"""Leaves most members of a dear kind out of the default run; `pytest --all` runs every one.

What costs a second a member is judged for one or two of them in each run of the tests, and for all of them in CI. A
kind is a test with parameters that takes `sentinel`, which starts real gate runs, or that is marked `sweep`. Its first
member always stays, and the last of MANY, too. A file, a test or `-k` on the command line runs what it names.
"""

from collections import defaultdict
from collections.abc import Iterable

import pytest

MANY = 6  # members of which the default run takes two
_LEFT_OUT = pytest.StashKey[int]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the option for the whole."""
    parser.addoption("--all", action="store_true", help="run every member of every kind (several times as long)")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect, unless all or certain tests are asked for."""
    folders = all((config.invocation_params.dir / word).is_dir() for word in config.args)
    if config.option.all or config.option.keyword or not folders:
        return
    left_out = set(further(items))
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=list(left_out))
    config.stash[_LEFT_OUT] = len(left_out)
    if hasattr(config, "workeroutput"):  # of pytest-xdist, whose controller collects nothing
        config.workeroutput["left_out"] = len(left_out)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Take the number from a worker; it is the same for each."""
    config, output = node.config, getattr(node, "workeroutput", {})  # type: ignore[attr-defined]
    config.stash[_LEFT_OUT] = output.get("left_out", config.stash.get(_LEFT_OUT, 0))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what did not run."""
    if number := config.stash.get(_LEFT_OUT, 0):
        terminalreporter.write_line(f"{number} further members of kinds were left out: pytest --all runs them, too")


def further(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """Return what the default run leaves out, whatever the order of the tests."""
    kinds = defaultdict[str, list[pytest.Function]](list)
    for item in items:
        if isinstance(item, pytest.Function) and hasattr(item, "callspec") and _is_dear(item):
            kinds[item.nodeid.partition("[")[0]].append(item)
    return [item for members in kinds.values() for item in _further(members)]


def _is_dear(item: pytest.Function) -> bool:
    return "sentinel" in item.fixturenames or item.get_closest_marker("sweep") is not None


def _further(members: list[pytest.Function]) -> list[pytest.Function]:
    _, *rest = sorted(members, key=lambda item: tuple(item.callspec.indices.values()))
    return rest[:-1] if len(members) >= MANY else rest
