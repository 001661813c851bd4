"""What checks observe, made up: each builder returns a record that passes every check.

Arguments change single fields, by the names of the record's own.
"""

import time
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from release_sentinel.observe.git import Change, Refs, Repository, Tags
from release_sentinel.observe.host import Disk, Memory
from release_sentinel.observe.http import Exchange
from release_sentinel.observe.processes import Process, Table
from release_sentinel.observe.tcp import Connection
from release_sentinel.observe.tls import Certificate
from release_sentinel.observe.units import Unit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
_GIB = 1 << 30
_DAY = 86_400.0

Record = TypeVar("Record", bound=Struct)


def _with(record: Record, changes: dict[str, Any]) -> Record:
    return replace(record, **changes)


def repository(**changes: Any) -> Repository:
    """Return a clean repository on branch main."""
    return _with(Repository(Path("/srv/shop"), COMMIT, "main", "", shallow=False, changes=()), changes)


def change(path: str, code: str = " M") -> Change:
    """Return a path that differs from the commit."""
    return Change(code, path)


def tags(**commits: str) -> Tags:
    """Return the tags of a clone and its remote `origin`, which have the same: commits by the names of tags."""
    refs = {f"refs/tags/{name}": commit for name, commit in commits.items()}
    return Tags(Refs(refs, "this clone"), Refs({**refs, "refs/heads/main": COMMIT}, "origin"))


def disk(**changes: Any) -> Disk:
    """Return a file system with 100 GiB, half of them in use."""
    return _with(Disk("/", "/", "ext4", 50 * _GIB, 50 * _GIB, 500_000, 500_000), changes)


def memory(**changes: Any) -> Memory:
    """Return a host with 16 GiB, half of them in use."""
    return _with(Memory(8 * _GIB, 16 * _GIB, "this host"), changes)


def processes(*names: str) -> Table:
    """Return a process table with one process for each name."""
    return Table(tuple(Process(1000 + number, frozenset({name})) for number, name in enumerate(names)))


def exchange(**changes: Any) -> Exchange:
    """Return a dependency's answer with status 200, at the first try."""
    return _with(Exchange("https://shop.example/health", 200, "", 1, 0.05, latency=0.05), changes)


def connection(**changes: Any) -> Connection:
    """Return a port that accepted at the first try."""
    return _with(Connection("", 1, 0.01), changes)


def certificate(**changes: Any) -> Certificate:
    """Return a trusted certificate that is valid for 90 days more."""
    return _with(Certificate("shop.example", time.time() + 90 * _DAY, "", "", 1, 0.05), changes)


def unit(name: str, **changes: Any) -> Unit:
    """Return a systemd service that runs."""
    return _with(Unit(name, "loaded", "active", "running", "success", "simple", has_run=True), changes)
