"""Leaves most members of a slow kind out of the default run; `pytest --all` runs every one.

Where a member takes a second, one or two are judged in each run of the tests, and all in CI. A kind is a test with
parameters that takes `settings`, as real gate runs do, or that is marked `sweep`. Its first member always stays, and
so does the last of MANY. A marked test without parameters is left out: it takes more than a second, and tests of its
parts are run. A file, a test or `-k` on the command line runs all that it names.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

import pytest

MANY = 9  # members of which the default run takes two
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
    left_out = dict.fromkeys(further(items))
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=list(left_out))
    config.stash[_LEFT_OUT] = len(left_out)
    if hasattr(config, "workeroutput"):  # of pytest-xdist, whose controller collects nothing
        config.workeroutput["left_out"] = len(left_out)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Take the number from a worker; it is the same for each."""
    config, output = node.config, getattr(node, "workeroutput", {})  # type: ignore[attr-defined]  # of xdist
    config.stash[_LEFT_OUT] = output.get("left_out", config.stash.get(_LEFT_OUT, 0))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what did not run."""
    if number := config.stash.get(_LEFT_OUT, 0):
        terminalreporter.write_line(f"{number} further members of kinds were left out: pytest --all runs them, too")


def further(items: Iterable[pytest.Item]) -> Iterator[pytest.Item]:
    """Yield what the default run leaves out, whatever the order of the tests."""
    kinds = defaultdict[str, list[tuple[list[int], pytest.Item]]](list)
    for item in items:
        member = getattr(item, "callspec", None)
        if item.get_closest_marker("sweep") or (member and "settings" in getattr(item, "fixturenames", ())):
            place = list(member.indices.values()) if member else []
            kinds[item.nodeid.partition("[")[0]].append((place, item))
    for members in kinds.values():
        members.sort(key=lambda member: member[0])
        first = 1 if members[0][0] else 0
        last = len(members) - (len(members) >= MANY)
        yield from (item for _, item in members[first:last])
