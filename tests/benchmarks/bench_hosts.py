"""What other hosts cost: 50 of them, 8 at a time, by a real sshd on loopback that takes its time."""

import json
import os
import re
import resource
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL

import psutil

from tests.benchmarks import Row
from tests.benchmarks.bench_run import _repository
from tests.observe.hosts.sshd import MISSING, sshd, use

NAME = "hosts"
HOSTS, AT_ONCE, DELAY = 50, 8, 0.2  # seconds that a host takes before it runs the probe
_CPU, _PEAK = 0.12, 80  # seconds a host, MiB of the gate and its clients in all
_RELEASE = ("--env=prod", "--release-version=v1.0.0", "-q")
_ANSWERED = re.compile(r" answered in ([0-9.]+) s")
_LOCAL = """
disable.process = "a benchmark"
disable.api = "a benchmark"
required.secrets = []
disk = { warn = 100, crit = 100 }
memory = { warn = 100, crit = 100 }
"""
_ASKED = """
disks = [{ path = "/", warn = 100, crit = 100 }]
memory = { warn = 100, crit = 100 }
processes = [{ name = "sshd" }]
"""


def measure(hosts: int = HOSTS) -> list[Row]:
    """Run the gate with that many hosts and without, and compare; no row where there is no sshd."""
    if MISSING:
        print(f"hosts: not measured: {MISSING}", file=sys.stderr)
        return []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        forced = folder / "forced"
        forced.write_text(f"#!/bin/sh\nsleep {DELAY}\nexec sh -s\n", encoding="ascii")
        forced.chmod(0o755)
        login = f'command="{forced}"'
        with sshd(folder / "sshd", "MaxStartups 100", login=login) as server:
            names = [f"web{number}" for number in range(hosts)]
            use(folder / "home", *(server.host(name) for name in names))
            return list(_rows(folder, names))


def _rows(folder: Path, names: list[str]) -> Iterator[Row]:
    top = _repository(folder) / "shop"
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("RS_", "GIT_", "PYTEST_"))},
        "HOME": str(folder / "home"),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    local, hosts = folder / "local.toml", folder / "hosts.toml"
    local.write_text(_LOCAL, encoding="utf-8")
    hosts.write_text(f"{_LOCAL}[[hosts]]\nssh = {names!r}\nat_once = {AT_ONCE}\n{_ASKED}", encoding="utf-8")
    _run(local, top, environ)  # what is compiled and read once
    base = min((_run(local, top, environ) for _ in range(3)), key=lambda run: run.cpu)
    whole = min((_run(hosts, top, environ) for _ in range(3)), key=lambda run: run.cpu)
    share = (whole.cpu - base.cpu) / len(names)
    yield Row(f"CPU of each of {len(names)} hosts / {_CPU} s", share / _CPU, 1.0, f"{share:.3f} s")
    yield Row(f"memory of the run in all / {_PEAK} MiB", whole.memory / _PEAK, 1.0, f"{whole.memory:.0f} MiB")
    rounds = -(-len(names) // AT_ONCE)
    what = f"time of {len(names)} hosts, {AT_ONCE} at a time / {rounds} times that of the slowest"
    took = whole.seconds - base.seconds
    yield Row(what, took / whole.slowest / rounds, 1.1, f"{took:.1f} s, the slowest {whole.slowest:.1f} s")


@dataclass(frozen=True)
class _Run:
    """A run: its time, the CPU time of all that it started, its slowest host, in seconds; its most memory in MiB."""

    seconds: float
    cpu: float
    slowest: float
    memory: float


def _run(policy: Path, top: Path, environ: Mapping[str, str]) -> _Run:
    verdict = policy.with_suffix(".json")
    options = (f"--gate-policy={policy}", f"--gate-verdict={verdict}")
    command = [sys.executable, "-m", "release_sentinel", *_RELEASE, *options]
    before, start, memory = _cpu(), time.perf_counter(), 0.0
    with psutil.Popen(command, cwd=top, env=dict(environ), stdout=DEVNULL, stderr=DEVNULL) as process:
        while process.poll() is None:
            memory = max(memory, _memory(process))
            time.sleep(0.05)
        if process.returncode:
            raise RuntimeError(f"{shlex.join(command)} ended with code {process.returncode}")
    took = time.perf_counter() - start
    reasons = (gate["reason"] for gate in json.loads(verdict.read_text(encoding="utf-8"))["gates"])
    slowest = max((float(one[1]) for reason in reasons if (one := _ANSWERED.search(reason))), default=0.0)
    return _Run(took, _cpu() - before, slowest, memory)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _memory(process: psutil.Process) -> float:
    """Return the memory of a process and of all below it, in MiB; what they share counts once."""
    found = []
    for one in [process, *process.children(recursive=True)]:
        with suppress(psutil.Error):  # it has ended
            # Between its start and its exec a process is its parent once more, also by its command line.
            above = one.parent()
            if one == process or above is None or one.cmdline() != above.cmdline():
                found.append(one.memory_full_info().pss)
    return sum(found) / (1 << 20)
