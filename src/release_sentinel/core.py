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
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version as installed
from itertools import chain
from pathlib import Path
from shlex import join
from types import FrameType
from typing import Any, Self

from release_sentinel.arguments import HANDOVER, INTERRUPTS, SECRETS, ArgumentError, given, value_of, values_of
from release_sentinel.config.load import load
from release_sentinel.config.model import Policy
from release_sentinel.config.secrets import addresses, known_secrets, learn, learn_remotes, secrets_of
from release_sentinel.deliver import notify
from release_sentinel.deliver.github import Teller
from release_sentinel.errors import InvalidPolicyError, SentinelError
from release_sentinel.ini import python_path
from release_sentinel.observe import ci
from release_sentinel.observe.git import find_top
from release_sentinel.redaction import Redactor
from release_sentinel.relay import Relay, Told, colour, terminal
from release_sentinel.reports import files
from release_sentinel.reports.document import document
from release_sentinel.reports.files import Report
from release_sentinel.reports.github import annotations
from release_sentinel.reports.markdown import markdown
from release_sentinel.verdict import UNFINISHED, Release, unfinished

_INI = Path(__file__).parent / "plugin" / "pytest.ini"
_BELIEVED = {0, 1, 2, *(128 + number for number in INTERRUPTS)}
_DELIVERY = (
    180.0  # more seconds where the release is tagged after the verdict: Git and the remote have their own bounds
)
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
    child_environ = dict(os.environ if environ is None else environ)
    reports = claim_reports(arguments, directory, child_environ)
    top = repository or find_top(directory) or directory
    command = _command(arguments, top, child_environ)
    with tempfile.TemporaryDirectory(prefix="release-sentinel-") as folder:
        handover = Path(folder) / "verdict.json"
        child_environ |= terminal(child_environ)
        child_environ.pop("PYTHONOPTIMIZE", None)  # would strip the asserts out of a gate's helpers
        child_environ[HANDOVER] = f"{os.getpid()}:{handover}"
        policy = _policy(arguments, child_environ, directory, top)
        redactor = known_secrets(child_environ)
        learn(redactor, policy, child_environ)
        learn_remotes(redactor, top)
        follows = {"--gate-tag", "--gate-release"} & set(arguments)
        bound = (deadline or policy.deadline) + _GRACE + (_DELIVERY if follows else 0)
        receivers = _receivers(arguments, child_environ, policy)
        for secret in chain.from_iterable(map(secrets_of, receivers)):
            redactor.add(secret)
        release = _release(arguments, child_environ)
        before = files.former_verdict(reports, release.env)
        teller = Teller(child_environ)
        teller.begin()
        end = _supervise(command, directory, child_environ, bound, redactor)
        code, verdict = _believe(end, handover, reports, release, teller)
    build = ci.build(child_environ)
    for problem in notify.announce(verdict, receivers, policy.notify.on, former=before, build=build):
        print(f"[WARN] {redactor.scrub(problem)}", file=sys.stderr)
    return code


def _receivers(arguments: Sequence[str], environ: Mapping[str, str], policy: Policy) -> list[str]:
    """Return who is to be told of the verdict; a policy that is not valid cannot keep it from them."""
    own: list[str] = []
    with suppress(ArgumentError):
        own = values_of(given(arguments, environ), "--gate-notify")
    return list(dict.fromkeys((*own, *(policy.notify.urls or addresses(environ)))))


def claim_reports(arguments: Sequence[str], directory: Path, environ: Mapping[str, str]) -> list[Report]:
    """Let every report that the command line asks for say INCOMPLETE; return those reports.

    What is wrong with the command line, or with the places of the reports, is the child's to say.
    """
    with suppress(ArgumentError):
        reports, _ = files.requested(given(arguments, environ), directory)
        files.write_all(reports, unfinished(_release(arguments, environ)))
        return reports
    return []


def _release(arguments: Sequence[str], environ: Mapping[str, str]) -> Release:
    """Return what a command line says of the release; what it does not say well is blank, a secret masked."""
    clean = known_secrets(environ).scrub
    return Release(clean(value_of(arguments, "--env")), clean(value_of(arguments, "--version", "--release-version")))


def _command(arguments: Sequence[str], top: Path, environ: Mapping[str, str]) -> list[str]:
    """Return the child's command line."""
    own_ini = any(word.partition("=")[0] in {"-c", "--config-file"} for word in arguments)
    config = [] if own_ini else ["-c", str(_INI), f"--rootdir={top}", f"--confcutdir={top}"]
    if config and (folders := python_path(top)):
        config += ["-o", f"pythonpath={join(map(str, folders))}"]
    options = [*config, *colour(arguments, environ), *arguments]
    return [sys.executable, "-m", "pytest", "-p", "release_sentinel.plugin", *options]


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


@dataclass(frozen=True)
class _End:
    """How the child ended: its exit code, negative if a signal ended it."""

    code: int
    shown: bool  # everything that it printed could be shown
    interrupted: int  # the signal that we were told to end by; 0: none


def _supervise(
    command: Sequence[str], directory: Path, environ: Mapping[str, str], bound: float, redactor: Redactor
) -> _End:
    """Run the child to its end, for `bound` seconds at most.

    An interrupt is handed on, so that the child can still write its reports.
    """
    # A group of its own: Ctrl-C at a terminal then reaches the child through us alone, and it is ended as a whole.
    group: dict[str, Any] = {} if os.name == "nt" else {"process_group": 0}
    pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    told = None if os.name == "nt" else Told(redactor)  # Windows hands down no file descriptors
    if told:
        pipes["pass_fds"] = [told.target]
        environ = {**environ, SECRETS: str(told.target)}
    relay = Relay(redactor, told)
    with _Interrupts() as interrupts:
        child = subprocess.Popen(command, cwd=directory, env=environ, **pipes, **group)
        relay.begin(child)
        interrupts.hand_on_to(child)
        try:
            code = _wait(child, bound)
        finally:
            relay.end(bound)
            if told:
                told.close()
    return _End(code, not relay.closed, interrupts.received)


def _wait(child: "subprocess.Popen[bytes]", bound: float) -> int:
    """Wait for the child's end; kill it and what it has started after `bound` seconds."""
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


class _Interrupts:
    """Catches the signals that ask us to end, and hands them on to the child, also those that come before there is one.

    Outside the main thread they cannot be caught, and are not. Who ignores one, as `nohup` does, goes on ignoring it.
    """

    def __init__(self) -> None:
        self.received = 0
        self._child: subprocess.Popen[bytes] | None = None
        self._before: dict[signal.Signals, Any] = {}

    def hand_on_to(self, child: "subprocess.Popen[bytes]") -> None:
        self._child = child
        if self.received:
            child.send_signal(self.received)

    def _take(self, number: int, _frame: FrameType | None) -> None:
        self.received = number
        if self._child and self._child.poll() is None:
            self._child.send_signal(number)

    def __enter__(self) -> Self:
        with suppress(ValueError):
            for number in INTERRUPTS:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._take)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)


def _believe(
    end: _End, handover: Path, reports: Sequence[Report], release: Release, teller: Teller | None = None
) -> tuple[int, Mapping[str, Any]]:
    """Return the exit code that the child's verdict proves, and that verdict as a document.

    Where it proves none, no report may say otherwise.
    """
    code, seen = end.code, {}
    teller = teller or Teller({})
    try:
        seen = json.loads(handover.read_text(encoding="utf-8"))
        finished = seen["problems"] != [UNFINISHED] and type(seen["exit_code"]) is int  # false is no exit code 0
        proven: int | None = seen["exit_code"] if finished else None
        reports = [*reports, *(Report(flag, Path(path)) for flag, path in seen["reports"])]
        told = seen.get("github", ([], ""))
    except (OSError, ValueError, TypeError, LookupError, RecursionError):
        proven = None
    if proven == code == 0 and end.interrupted:
        proven, why = None, f"it was interrupted by {_signal_name(end.interrupted)}"
    elif proven in _BELIEVED and code == proven:
        if code or end.shown:
            teller.end(*told)
            return code, seen
        why = "standard output is closed or full: nobody was told the verdict"
    elif proven and proven in _BELIEVED and code < 0:  # it was done, and could not end
        teller.end(*told)
        return proven, seen
    elif proven is not None and code == proven:
        why = f"pytest itself failed (exit code {code}): see its message"
    else:
        ending = f"was ended by {_signal_name(-code)}" if code < 0 else f"ended with exit code {code}"
        why = f"the gate run {ending} {'after' if proven is not None else 'without'} a finished verdict"
    verdict = unfinished(release, why)
    files.write_all({report.path: report for report in reports}.values(), verdict)
    teller.end(annotations(verdict), markdown(verdict))
    code = 128 + end.interrupted if end.interrupted and proven is None else 1
    print(f"release-sentinel: INCOMPLETE (exit {code}): {why}", file=sys.stderr)
    return code, document(verdict)


def _signal_name(number: int) -> str:
    """Return `SIGKILL` and the like; of the real-time signals, only the first and the last have a name."""
    return signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
