"""One run of the gate suite in a child process, and one exit code.

The parent believes only a finished verdict that the child hands over: a child that dies, exits early or says something
else than its exit code is INCOMPLETE, never SAFE.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import version as installed
from pathlib import Path
from types import FrameType
from typing import Any

from release_sentinel.arguments import value_of
from release_sentinel.config.load import load
from release_sentinel.config.model import Policy
from release_sentinel.config.secrets import known_secrets, learn
from release_sentinel.errors import InvalidPolicyError, SentinelError
from release_sentinel.observe.git import find_top
from release_sentinel.redaction import Redactor
from release_sentinel.relay import Relay, colour, terminal
from release_sentinel.verdict import UNFINISHED

HANDOVER = "RELEASE_SENTINEL_HANDOVER"  # the environment variable that names the file for the verdict
_INI = Path(__file__).parent / "plugin" / "pytest.ini"
_BELIEVED = {0, 1, 2, 128 + signal.SIGINT, 128 + signal.SIGTERM}
_GRACE = 20.0  # seconds beyond the deadline for the child to end by itself


def run_checks(env: str, version: str) -> int:
    """Run every gate for a release of `version` to `env`, from the repository that holds the working directory.

    Returns 0 (SAFE), 1 (BLOCKED or INCOMPLETE), 2 (CRITICAL), 130 or 143 (interrupted).
    """
    return run([f"--env={env}", f"--release-version={version}"])


def run(
    arguments: Sequence[str],
    *,
    repository: Path | None = None,
    directory: Path | None = None,
    deadline: float | None = None,
    environ: Mapping[str, str] | None = None,
) -> int:
    """Run the gate suite with pytest's `arguments` and return its exit code.

    `repository` is where pytest looks for the repository's own gates and conftest files, by default the one that holds
    `directory`, by default the working directory. `deadline` (seconds) is the one that the arguments give the child;
    it is killed some time after. `environ` is the child's environment, by default this process's. What the child and
    its own children print is scrubbed of the secrets that are known from there.
    """
    refuse_unsupported_pytest()
    directory = directory or Path.cwd()
    top = repository or find_top(directory) or directory
    own_ini = any(word.partition("=")[0] in {"-c", "--config-file"} for word in arguments)
    config = [] if own_ini else ["-c", str(_INI), f"--rootdir={top}", f"--confcutdir={top}"]
    child_environ = dict(os.environ if environ is None else environ)
    options = [*config, *colour(arguments, child_environ), *arguments]
    command = [sys.executable, "-m", "pytest", "-p", "release_sentinel.plugin", *options]
    with tempfile.TemporaryDirectory(prefix="release-sentinel-") as folder:
        handover = Path(folder) / "verdict.json"
        child_environ |= terminal(child_environ)
        child_environ.pop("PYTHONOPTIMIZE", None)  # would strip the asserts out of a gate's helpers
        child_environ[HANDOVER] = str(handover)
        policy = _policy(arguments, child_environ, directory, top)
        redactor = known_secrets(child_environ)
        learn(redactor, policy, child_environ)
        bound = (deadline or policy.deadline) + _GRACE
        code, shown = _supervise(command, directory, child_environ, bound, redactor)
        code = _believe(code, handover)
    if code == 0 and not shown:
        print(
            "release-sentinel: exit 1: standard output is closed or full: nobody was told the verdict", file=sys.stderr
        )
        return 1
    return code


def _policy(arguments: Sequence[str], environ: Mapping[str, str], directory: Path, repository: Path) -> Policy:
    """Return the policy that the child will read."""
    named = value_of(arguments, "--gate-policy")
    file = directory / Path(named).expanduser() if named else None
    try:
        return load(environ, repository=repository, file=file, env=value_of(arguments, "--env")).policy
    except InvalidPolicyError:  # the child says what is wrong with it
        return Policy()


def refuse_unsupported_pytest() -> None:
    """Raise `SentinelError` on a pytest that answers `--version VALUE` itself, runs nothing and exits 0."""
    version = installed("pytest")
    if tuple(int(part) for part in version.split(".")[:2]) < (8, 4) or not version.startswith("8."):
        raise SentinelError(f"pytest {version} is installed, expected pytest>=8.4,<9: pip install 'pytest>=8.4,<9'")


def _supervise(
    command: Sequence[str], directory: Path, environ: Mapping[str, str], bound: float, redactor: Redactor
) -> tuple[int, bool]:
    """Run the child to its end, for `bound` seconds at most.

    Returns its exit code, negative if a signal ended it, and whether everything that it printed could be shown. An
    interrupt is handed on once, so that the child can still write its reports.
    """
    # A group of its own: Ctrl-C at a terminal then reaches the child through us alone, and it is ended as a whole.
    group: dict[str, Any] = {} if os.name == "nt" else {"process_group": 0}
    pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    child = subprocess.Popen(command, cwd=directory, env=environ, **pipes, **group)
    relay = Relay(child, redactor)
    try:
        code = _wait(child, bound)
    finally:
        relay.end()
    return code, not relay.closed


def _wait(child: "subprocess.Popen[bytes]", bound: float) -> int:
    """Wait for the child's end; kill it and what it has started after `bound` seconds."""
    with _handed_on(child, signal.SIGINT, signal.SIGTERM):
        try:
            return child.wait(bound)
        except subprocess.TimeoutExpired:
            print(f"release-sentinel: the gate run hung for {bound:g} s and is killed", file=sys.stderr)
    with suppress(OSError, AttributeError):  # gone already; no groups on Windows
        os.killpg(child.pid, signal.SIGKILL)
    child.kill()
    try:
        return child.wait(_GRACE)
    except subprocess.TimeoutExpired:  # the kernel holds it, and lets nobody end it
        return -signal.SIGKILL


@contextmanager
def _handed_on(child: "subprocess.Popen[bytes]", *signals: signal.Signals) -> Iterator[None]:
    """Hand these signals on to `child` meanwhile. Outside the main thread they cannot be caught, and are not."""

    def hand_on(number: int, _frame: FrameType | None) -> None:
        if child.poll() is None:
            child.send_signal(number)

    try:
        before = {number: signal.signal(number, hand_on) for number in signals}
    except ValueError:
        before = {}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _believe(code: int, handover: Path) -> int:
    """Return the exit code that the child's verdict proves."""
    try:
        verdict = json.loads(handover.read_text(encoding="utf-8"))
        finished = verdict["problems"] != [UNFINISHED]
        proven = verdict["exit_code"] if type(verdict["exit_code"]) is int else None  # false is no exit code 0
    except (OSError, ValueError, TypeError, LookupError, RecursionError):
        finished, proven = False, None
    if finished and proven in _BELIEVED and code == proven:
        return code
    if finished and proven in _BELIEVED - {0} and code < 0:  # it was done, and could not end
        return int(proven)
    ending = f"was ended by {_signal_name(-code)}" if code < 0 else f"ended with exit code {code}"
    print(f"release-sentinel: INCOMPLETE (exit 1): the gate run {ending} without a finished verdict", file=sys.stderr)
    return 1


def _signal_name(number: int) -> str:
    """Return `SIGKILL` and the like; of the real-time signals, only the first and the last have a name."""
    return signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
