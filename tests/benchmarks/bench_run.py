"""What a run costs: against an empty pytest session, one dependency, one pass over the process table."""

import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil

from release_sentinel.checks.api import check_api
from release_sentinel.checks.result import OK
from release_sentinel.checks.system import check_process
from release_sentinel.config.targets import Dependency
from release_sentinel.observe import http, processes
from release_sentinel.plugin.prefetch import Prefetch, Question
from tests.benchmarks import Row

NAME = "run"
DEPENDENCIES, SLOW = 50, 0.3  # seconds that each of them takes to answer
PROCESSES = 5_000
_REAL = 300  # real processes beside it
_PEAK = 80  # MiB
_GATE = ("-p", "release_sentinel.plugin", "--env=prod", "--release-version=v1.0.0", "-q")


def measure(rounds: int = 5) -> list[Row]:
    """Measure a default run, slow dependencies and a long process table; the best of `rounds` each."""
    with tempfile.TemporaryDirectory() as folder, _server(0) as url:
        top = _repository(Path(folder))
        session, peak = _sessions(top, url, rounds)
    return [session, peak, _dependencies(), *_process_table(rounds)]


def _sessions(top: Path, url: str, rounds: int) -> tuple[Row, Row]:
    """Compare a default run with a pytest session of as many tests that do nothing, in the same environment."""
    (top / "empty").mkdir()
    empty = top / "empty" / "test_empty.py"
    tests = "".join(f"def test_{number}(): assert True\n" for number in range(11))
    empty.write_text(tests, encoding="utf-8")
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("RS_", "GIT_", "PYTEST_"))},
        **dict.fromkeys(("RS_DISK_WARN", "RS_DISK_CRIT", "RS_MEMORY_WARN", "RS_MEMORY_CRIT"), "100"),
        "RS_REQUIRED_PROCESS": Path(sys.executable).name,
        "RS_API_URL": url,
        "RS_DEPLOY_TOKEN": "token-of-no-value",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    python = (sys.executable, "-m", "pytest")
    gates = str(Path(__file__).parents[2] / "gate_tests")

    def run(*words: str) -> float:
        quiet = subprocess.DEVNULL
        command = [*python, *words]
        return _seconds(
            lambda: subprocess.run(command, cwd=top / "shop", env=environ, check=True, stdout=quiet, stderr=quiet)
        )

    ours, theirs = [], []
    for _ in range(rounds):  # in turns, so that a busy machine is busy for both
        theirs.append(run("-q", "-p", "no:cacheprovider", str(empty)))
        ours.append(run(*_GATE, gates))
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024  # of the largest child so far, in MiB
    spent = f"{min(ours):.2f} s and {min(theirs):.2f} s"
    return (
        Row("a default run / an empty pytest session", min(ours) / min(theirs), 1.5, spent),
        Row(f"peak memory of a default run / {_PEAK} MiB", before / _PEAK, 1.0, f"{before:.0f} MiB"),
    )


def _dependencies() -> Row:
    """Compare many slow dependencies that are asked ahead with one."""
    http.load()
    with _server(SLOW) as url:
        one = _seconds(lambda: _ask([url]))
        many = _seconds(lambda: _ask([url] * DEPENDENCIES))
    what = f"{DEPENDENCIES} dependencies of {SLOW * 1000:.0f} ms / one"
    return Row(what, many / one, 1.5, f"{many:.2f} s and {one:.2f} s")


def _ask(urls: Sequence[str]) -> None:
    targets = {f"api[{number}]": Dependency(url=url, proxy="none") for number, url in enumerate(urls)}
    ahead = Prefetch()
    ahead.begin(lambda: {gate: _question(target) for gate, target in targets.items()}, at_once=64)
    for gate, target in targets.items():
        assert ahead.answer(gate, _question(target)).status is OK


def _question(target: Dependency) -> Question:
    return lambda: check_api(target)


def _process_table(rounds: int) -> Iterator[Row]:
    """Compare the gate with one pass of psutil over the same facts.

    The machine's own processes and some hundred more are real. Thousands of real ones would take gigabytes, so that the
    longer table repeats what was read of those, and only the cost of what we make of it is compared.
    """
    with _sleepers(_REAL):
        ours, theirs = [], []
        for _ in range(rounds):
            theirs.append(_seconds(lambda: list(psutil.process_iter([*processes._SEEN]))))
            ours.append(_seconds(lambda: check_process("no-such-process")))
        seen = [entry.info for entry in psutil.process_iter([*processes._SEEN])]
    number = len(seen)
    yield Row(f"{number} processes, judged / one pass", min(ours) / min(theirs), 1.2, f"{min(ours) * 1000:.0f} ms")
    made = _seconds(lambda: [processes._process(info) for info in (seen * PROCESSES)[:PROCESSES]])
    one_pass = min(theirs) * PROCESSES / number
    what = f"{PROCESSES:,} processes, judged / one pass"
    yield Row(what, (one_pass + made) / one_pass, 1.2, f"the pass extrapolated from {number} processes")


@contextmanager
def _sleepers(number: int) -> Iterator[None]:
    with ExitStack() as stack:
        for _ in range(number):
            process = subprocess.Popen(["sleep", "600"])
            stack.callback(process.wait)
            stack.callback(process.kill)
        yield


@contextmanager
def _server(delay: float) -> Iterator[str]:
    """Answer 200 after `delay` seconds on a port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer."""
            time.sleep(delay)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 128
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/health"
        finally:
            server.shutdown()


def _repository(top: Path) -> Path:
    """Make a repository with one commit, pushed to a remote beside it."""
    person = ("-c", "user.name=Bench", "-c", "user.email=bench@example.invalid")
    commands = (
        ("init", "--quiet", "--bare", "remote.git"),
        ("init", "--quiet", "--initial-branch=main", "shop"),
        ("-C", "shop", *person, "commit", "--quiet", "--allow-empty", "--message=first"),
        ("-C", "shop", "remote", "add", "origin", "../remote.git"),
        ("-C", "shop", "push", "--quiet", "origin", "main"),
    )
    for command in commands:
        subprocess.run(["git", *command], cwd=top, check=True)
    return top


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
