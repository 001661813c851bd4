"""The process of a gate run ends in time, with the code of its verdict, and leaves no other process behind."""

import os
import re
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.conftest import PYTEST, RELEASE, Run, Sentinel, make_repo
from tests.plugin.test_hangs import patiently

OWN_START = "1"  # of PYTHONUNBUFFERED: an interpreter of its own, see `run`
WAYS = ["release-sentinel", "pytest"]
GATE = "@pytest.mark.policy\ndef test_own():\n    {}\n    assert True\n"


def run(sentinel: Sentinel, way: str, *options: str, **env: Any) -> Run:
    """Run the gate by one of the two commands, in an interpreter of its own."""
    start = sentinel if way == "release-sentinel" else sentinel.pytest
    return start(*options, PYTHONUNBUFFERED=OWN_START, **env)


PLACES = {
    "a conftest": ("gate_tests/conftest.py", "import time\ntime.sleep(600)\n"),
    "a conftest at the top": ("conftest.py", "import time\ntime.sleep(600)\n"),
    "a hook": ("gate_tests/conftest.py", "import time\ndef pytest_configure(): time.sleep(600)\n"),
    "a plugin": ("slow_plugin.py", "import time\ntime.sleep(600)\n"),
    "a hook at the end": ("gate_tests/conftest.py", "import time\ndef pytest_unconfigure(): time.sleep(600)\n"),
    "a gate file": ("gate_tests/test_slow.py", "import time\ntime.sleep(600)\n"),
}


@pytest.mark.parametrize(
    ("place", "way"),
    [*((place, "pytest") for place in PLACES), ("a hook", "release-sentinel"), ("a gate file", "release-sentinel")],
)
def test_a_hang_outside_of_gates_ends_with_the_deadline(sentinel: Sentinel, place: str, way: str) -> None:
    """From the first plugin to the last hook: the run is INCOMPLETE, and says which line hung."""
    file, source = PLACES[place]
    sentinel.repo.write(file, source)
    sentinel.gate(GATE.format("pass"))
    options = ("-p", "slow_plugin") if place == "a plugin" else ()
    hung = re.compile(rf"the deadline of \S+ s had passed, and the run hung in {re.escape(file)}, line 2")

    def good(done: Run) -> bool:
        return any(map(hung.search, done.block))

    done, _ = patiently(
        lambda seconds: run(sentinel, way, *options, "--gate-deadline", seconds, PYTHONPATH=str(sentinel.repo.path)),
        good,
    )
    assert good(done), done.out
    assert (done.code, done.verdict["verdict"]) == (1, "INCOMPLETE")
    assert 'name="verdict"' in done.junit


LATE = {
    "atexit": (
        "import atexit, time\n\ndef slow(): time.sleep(600)\n\n" + GATE.format("atexit.register(slow)"),
        r"it hung in gate_tests/test_own\.py, line \d+",
    ),
    "atexit, a function of C": (
        "import atexit, time\n" + GATE.format("atexit.register(time.sleep, 600)"),
        "it hung in a function of C that was registered with atexit",
    ),
    "a thread": (
        "import threading, time\ndef slow(): time.sleep(600)\n"
        + GATE.format("threading.Thread(target=slow, daemon=False, name='slow').start()"),
        r"a thread that is not a daemon: slow \(gate_tests/test_own\.py, line \d+\)",
    ),
    "a process": (
        "import multiprocessing, time\n"
        + GATE.format("multiprocessing.Process(target=time.sleep, args=(600,), daemon=False, name='slow').start()"),
        "it hung waiting for process slow",
    ),
}
DESTRUCTOR = """
import builtins, time
class Slow:
    def __del__(self): time.sleep(600)
""" + GATE.format("builtins.slow = Slow()")


def hung(sentinel: Sentinel, tmp_path: Path, kinds: Sequence[str]) -> dict[tuple[str, str], Run]:
    """Return the runs of late hangs by both commands. At the same time: each waits for the same seconds."""
    with ThreadPoolExecutor(2 * len(kinds)) as pool:
        known = {**{name: source for name, (source, _) in LATE.items()}, "destructor": DESTRUCTOR}
        sources = {name: known[name] for name in kinds}
        runs = {
            (name, way): pool.submit(run, _another(sentinel, tmp_path / f"{number}-{way}", source), way)
            for number, (name, source) in enumerate(sources.items())
            for way in WAYS
        }
        return {key: found.result() for key, found in runs.items()}


def _another(sentinel: Sentinel, folder: Path, source: str) -> Sentinel:
    repo = make_repo(folder / "shop")
    repo.commit("app.py")
    made = replace(sentinel, repo=repo, reports=folder)
    made.gate(source)
    repo.add_remote(folder / "origin.git")
    return made


@pytest.mark.parametrize("kinds", [["atexit"], [*LATE, "destructor"][1:]], ids=["atexit", "others"])
def test_a_hang_after_the_verdict_is_bounded(sentinel: Sentinel, tmp_path: Path, kinds: list[str]) -> None:
    """The verdict stands, the message names what hung, and the process ends; by force it ends with exit code 1."""
    for (name, way), done in hung(sentinel, tmp_path, kinds).items():
        assert done.block, (name, way, done.out)
        if name == "destructor":  # Python has stopped every thread of its own by then
            assert done.code == 1, (way, done.out)
            assert "test_own.py" in done.out, way
            continue
        still_judges = name in {"a thread", "a process"}  # what it may find is not known yet
        expected = (1, "INCOMPLETE") if still_judges else (0, "SAFE")
        assert (done.code, done.verdict["verdict"]) == expected, (name, way, done.out)
        assert re.search(f"did not end within 5 s of the verdict and is ended: .*{LATE[name][1]}", done.out), (
            name,
            way,
        )


LEFT = (
    "subprocess.Popen(['sleep', '600'])",
    "subprocess.Popen(['sleep', '600'], start_new_session=True)",
    "subprocess.Popen(['sh', '-c', 'sleep 600 & echo $! > pid; wait'])",
    "os.fork() or time.sleep(600)",
)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("end", ["at its end", "at its deadline"])
def test_no_process_is_left_behind(sentinel: Sentinel, tmp_path: Path, way: str, end: str) -> None:
    """A child, one in a session of its own, a child's child, a fork: they end with the run, however that ends."""
    pids = tmp_path / "pids"
    started = f"children = [{', '.join(LEFT)}]"
    told = f"pathlib.Path({str(pids)!r}).write_text(' '.join(str(one.pid) for one in psutil.Process().children(True)))"
    wait = "time.sleep(600)" if end == "at its deadline" else "pass"
    sentinel.gate(
        "import os, pathlib, psutil, subprocess, time\n" + GATE.format(f"{started}; time.sleep(0.2); {told}; {wait}")
    )

    def good(done: Run) -> bool:
        return pids.exists() and done.verdict.get("verdict") == ("BLOCKED" if wait != "pass" else "SAFE")

    deadline = ("1.5", "6", "24") if end == "at its deadline" else ("600",)
    for seconds in deadline:
        done = run(sentinel, way, "--gate-deadline", seconds, TMPDIR=str(tmp_path))
        if good(done):
            break
    assert good(done), done.out
    numbers = [int(word) for word in pids.read_text(encoding="utf-8").split()]
    assert len(numbers) == len(LEFT) + 1
    assert not [number for number in numbers if _runs(number)]


@pytest.mark.parametrize("way", WAYS)
def test_no_worker_of_a_server_of_forks_is_left_behind(sentinel: Sentinel, tmp_path: Path, way: str) -> None:
    """It is the server's child, not the gate's, and holds the pipe by which the server learns that it may end."""
    pids = tmp_path / "pids"
    pool = "ProcessPoolExecutor(1, multiprocessing.get_context('forkserver'))"
    body = f"POOL.submit(int).result()\n    children = psutil.Process().children(True)\n    pathlib.Path({str(pids)!r})"
    sentinel.gate(
        "import multiprocessing, pathlib, psutil\nfrom concurrent.futures import ProcessPoolExecutor\n"
        f"POOL = {pool}\n" + GATE.format(f"{body}.write_text(' '.join(str(child.pid) for child in children))")
    )
    done = run(sentinel, way)
    assert done.code == 0, done.out
    left = [
        psutil.Process(int(word)) for word in pids.read_text(encoding="utf-8").split() if psutil.pid_exists(int(word))
    ]
    assert psutil.wait_procs(left, timeout=60)[1] == []


def _runs(number: int) -> bool:
    try:
        return psutil.Process(number).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_what_ran_before_stays(sentinel: Sentinel, tmp_path: Path) -> None:
    """A shell that becomes pytest, as in `server & exec pytest ...`, has children that are not the run's."""
    sentinel.gate(GATE.format("pass"))
    script = 'sleep 600 & echo $! > "$0"; exec "$@"'
    command = ["sh", "-c", script, str(tmp_path / "server"), *PYTEST, "gate_tests", *RELEASE]
    environ = {**os.environ, **sentinel.settings}
    done = subprocess.run(command, cwd=sentinel.repo.path, env=environ, stdout=subprocess.DEVNULL, check=False)
    server = psutil.Process(int((tmp_path / "server").read_text(encoding="utf-8")))
    try:
        assert (done.returncode, server.status() != psutil.STATUS_ZOMBIE) == (0, True)
    finally:
        server.kill()


@pytest.mark.parametrize("way", WAYS)
def test_forked_gates_run_in_the_session(sentinel: Sentinel, way: str) -> None:
    """pytest-forked's option is ignored, and told; a gate that carries its mark is refused by name."""
    pytest.importorskip("pytest_forked")
    start = sentinel if way == "release-sentinel" else sentinel.pytest
    sentinel.gate(GATE.format("pass"))
    done = start("-p", "pytest_forked", "--forked")
    assert done.code == 0, done.out
    assert "note: gates run in one process; --forked is ignored" in done.out
    sentinel.gate("@pytest.mark.forked\n" + GATE.format("pass"))
    done = start("-p", "pytest_forked")
    assert (done.code, done.verdict["verdict"]) == (1, "INCOMPLETE")
    assert any("no result from gate own: it ran in another process" in line for line in done.block), done.out


STARTS = {
    "a conftest": ("gate_tests/conftest.py", ()),
    "a plugin": ("early_plugin.py", ("-p", "early_plugin")),
}


@pytest.mark.parametrize(("place", "way"), [("a conftest", "pytest"), ("a plugin", "release-sentinel")])
def test_an_interrupt_at_the_start_is_a_line(sentinel: Sentinel, place: str, way: str) -> None:
    """Ctrl-C before pytest takes it: no traceback, and the reports say INCOMPLETE."""
    file, options = STARTS[place]
    sentinel.repo.write(file, "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    done = run(sentinel, way, *options, PYTHONPATH=str(sentinel.repo.path))
    said = "interrupted by SIGINT" if way == "pytest" else "was ended by SIGINT without a finished verdict"
    assert [said in line for line in done.out.splitlines()] == [True], done.out
    assert (bool(done.code), done.verdict["verdict"]) == (True, "INCOMPLETE")
