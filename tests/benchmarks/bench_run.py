"""What a run costs: against a session that uses the same libraries, one dependency, one pass over the process table."""

import compileall
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil

import release_sentinel
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
_PEAK = 48  # MiB
_RELEASE = ("--env=prod", "--release-version=v1.0.0", "-q")

# The least that a gate can cost which is a pytest session and uses these libraries once.
_FLOOR = """
import os

import git
import psutil
import requests


def test_repository():
    repository = git.Repo(".")
    assert not repository.is_dirty(untracked_files=True)
    assert repository.head.commit.hexsha
    assert not repository.git.ls_remote("origin", "refs/tags/v1.0.0")


def test_host():
    assert psutil.disk_usage("/").percent <= 100
    assert psutil.virtual_memory().percent <= 100
    assert [process.info["name"] for process in psutil.process_iter(["name"])]


def test_dependency():
    assert requests.get(os.environ["RS_API_URL"], timeout=3).status_code == 200
"""
# Prints the peak memory of the largest process below it. Between this one and a large parent: Linux counts what a
# process was before its exec.
_PEAK_OF = (
    "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); "
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
)


def measure(rounds: int = 9) -> list[Row]:
    """Measure a default run, slow dependencies and a long process table; the best of `rounds` each."""
    compileall.compile_dir(Path(release_sentinel.__file__).parent, quiet=1)  # as an installer does
    with tempfile.TemporaryDirectory() as folder, _server(0) as url:
        rows = list(_sessions(_repository(Path(folder)), url, rounds))
    return [*rows, _dependencies(), _process_table(rounds)]


def _sessions(top: Path, url: str, rounds: int) -> Iterator[Row]:
    """Compare a default run, by either command, with the floor, in the same environment."""
    (top / "floor").mkdir()
    (top / "floor" / "test_floor.py").write_text(_FLOOR, encoding="utf-8")
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("RS_", "GIT_", "PYTEST_"))},
        **dict.fromkeys(("RS_DISK_WARN", "RS_DISK_CRIT", "RS_MEMORY_WARN", "RS_MEMORY_CRIT"), "100"),
        "RS_REQUIRED_PROCESS": Path(sys.executable).name,
        "RS_API_URL": url,
        "RS_DEPLOY_TOKEN": "token-of-no-value",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    python = (sys.executable, "-m")
    floor = (*python, "pytest", "-q", "-p", "no:cacheprovider", str(top / "floor"))
    commands = {
        ("a default run of pytest / the floor", 1.15): (
            *(*python, "pytest", "-p", "release_sentinel.plugin"),
            *(str(Path(__file__).parents[2] / "gate_tests"), *_RELEASE),
        ),
        ("a default run of release-sentinel / the floor", 1.35): (*python, "release_sentinel", *_RELEASE),
    }
    seconds: dict[tuple[str, ...], list[float]] = {command: [] for command in (floor, *commands.values())}
    for _ in range(rounds):  # in turns, so that a busy machine is busy for all
        for command, measured in seconds.items():
            measured.append(_seconds(lambda command=command: _run(command, top / "shop", environ)))  # type: ignore[misc]  # mypy cannot infer a lambda with a default
    least = min(seconds[floor])
    for (what, target), command in commands.items():
        yield Row(what, min(seconds[command]) / least, target, f"{min(seconds[command]):.2f} s and {least:.2f} s")
    for (what, _), command in commands.items():
        peak = int(_run((sys.executable, "-I", "-S", "-c", _PEAK_OF, *command), top / "shop", environ)) / 1024
        run = what.partition(" / ")[0]
        yield Row(f"{run}: memory of its largest process / {_PEAK} MiB", peak / _PEAK, 1.0, f"{peak:.0f} MiB")


def _run(command: Sequence[str], folder: Path, environ: Mapping[str, str]) -> bytes:
    done = subprocess.run(command, cwd=folder, env=environ, check=True, capture_output=True)
    return done.stdout


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
    ahead.begin(lambda: [(gate, _question(target)) for gate, target in targets.items()], at_once=64)
    for gate, target in targets.items():
        assert ahead.answer(gate, _question(target)).status is OK


def _question(target: Dependency) -> Question:
    return lambda: check_api(target)


def _process_table(rounds: int) -> Row:
    """Compare the gate with one pass of psutil over the same facts of as many real processes."""
    with _sleepers(PROCESSES):
        ours, theirs = [], []
        for _ in range(rounds):
            theirs.append(_seconds(lambda: list(psutil.process_iter([*processes._SEEN]))))
            ours.append(_seconds(lambda: check_process("no-such-process")))
    spent = f"{min(ours) * 1000:.0f} ms and {min(theirs) * 1000:.0f} ms"
    return Row(f"{PROCESSES:,} processes, judged / one pass", min(ours) / min(theirs), 1.2, spent)


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
