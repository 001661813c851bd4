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
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version as installed
from pathlib import Path
from shlex import join
from types import FrameType
from typing import Any, Self

from release_sentinel.arguments import HANDOVER, INTERRUPTS
from release_sentinel.deliver import notify
from release_sentinel.deliver.github import WorkflowOutput
from release_sentinel.errors import SentinelError
from release_sentinel.ini import python_path
from release_sentinel.invocation import Invocation, parse
from release_sentinel.observe import ci
from release_sentinel.options import Report
from release_sentinel.redacted import RedactedVerdict, redact
from release_sentinel.redaction import Redactor
from release_sentinel.redaction import channel as channels
from release_sentinel.redaction.channel import SecretChannel
from release_sentinel.relay import Relay, colour, terminal
from release_sentinel.reports import files
from release_sentinel.reports.document import document
from release_sentinel.reports.github import annotations
from release_sentinel.reports.markdown import markdown
from release_sentinel.settings import Settings, settings_of
from release_sentinel.verdict import Release, unfinished
from release_sentinel.vocabulary import UNFINISHED

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


def run(words: Sequence[str], *, directory: Path | None = None, environ: Mapping[str, str] | None = None) -> int:
    """Run the gate suite with the command line `words` and return its exit code.

    `directory` is where it is run, by default the working directory; `environ` the child's environment, by default this
    process's. What the child and its own children print is scrubbed of the secrets that are known from there.
    """
    refuse_unsupported_pytest()
    environ = dict(os.environ if environ is None else environ)
    invocation = parse(words, environ, directory or Path.cwd())
    files.claim(invocation.reports)  # what is wrong with their places is the child's to say
    return judge(invocation, settings_of(invocation, environ), environ)


def judge(invocation: Invocation, settings: Settings, environ: Mapping[str, str]) -> int:
    """Run the gate suite in a child process, and return the exit code that its verdict proves.

    The child is killed some time after its deadline.
    """
    redactor = settings.redactor
    release = Release(invocation.env, invocation.version)
    files.claim(invocation.reports, redact(unfinished(release), redactor))
    before = files.previous_verdict(invocation.reports, release.env)
    with tempfile.TemporaryDirectory(prefix="release-sentinel-") as folder:
        handover = Path(folder) / "verdict.json"
        child_environ = {**environ, **terminal(environ), HANDOVER: f"{os.getpid()}:{handover}"}
        child_environ.pop("PYTHONOPTIMIZE", None)  # would strip the asserts out of a gate's helpers
        teller = WorkflowOutput(child_environ)
        teller.begin()
        command = _command(invocation, child_environ)
        end = _supervise(command, invocation.directory, child_environ, _bound(invocation, settings), redactor)
        code, verdict = _believe(
            end, handover, invocation.reports, lambda why: redact(unfinished(release, why), redactor), teller
        )
    build = ci.build(environ)
    occasions = settings.policy.notify.on
    for problem in notify.announce(verdict, settings.receivers, occasions, previous=before, build=build):
        print(f"[WARN] {redactor.scrub(problem)}", file=sys.stderr)
    return code


def _bound(invocation: Invocation, settings: Settings) -> float:
    """Return the seconds after which the child is killed."""
    return (invocation.deadline or settings.policy.deadline) + _GRACE + (_DELIVERY if invocation.delivers else 0)


def _command(invocation: Invocation, environ: Mapping[str, str]) -> list[str]:
    """Return the child's command line."""
    top, words = invocation.repository, invocation.own
    own_ini = any(word.partition("=")[0] in {"-c", "--config-file"} for word in words)
    config = [] if own_ini else ["-c", str(_INI), f"--rootdir={top}", f"--confcutdir={top}"]
    if config and (folders := python_path(top)):
        config += ["-o", f"pythonpath={join(map(str, folders))}"]
    options = [*config, *colour(words, environ), *words]
    return [sys.executable, "-m", "pytest", "-p", "release_sentinel.plugin", *options]


def refuse_unsupported_pytest() -> None:
    """Raise `SentinelError` on a pytest that the plugin is not written for."""
    version = installed("pytest")
    if not (8, 4) <= tuple(int(part) for part in version.split(".")[:2]) < (10,):
        raise SentinelError(f"pytest {version} is installed, expected pytest>=8.4,<10: pip install 'pytest>=8.4,<10'")


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
    channel = None if os.name == "nt" else SecretChannel(redactor)  # Windows hands down no file descriptors
    if channel:
        pipes["pass_fds"] = [channel.target]
        environ = {**environ, channels.VARIABLE: str(channel.target)}
    relay = Relay(redactor, channel)
    with _Interrupts() as interrupts:
        child = subprocess.Popen(command, cwd=directory, env=environ, **pipes, **group)
        relay.begin(child)
        interrupts.hand_on_to(child)
        try:
            code = _wait(child, bound)
        finally:
            relay.end(bound)
            if channel:
                channel.close()
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
        if self._child:
            self._child.send_signal(number)  # nothing, where it has ended

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
    end: _End,
    handover: Path,
    reports: Sequence[Report],
    incomplete: Callable[[str], RedactedVerdict],
    teller: WorkflowOutput | None = None,
) -> tuple[int, Mapping[str, Any]]:
    """Return the exit code that the child's verdict proves, and that verdict as a document.

    Where it proves none, no report may say otherwise: they get the verdict that `incomplete` makes of the reason.
    """
    code, seen = end.code, {}
    teller = teller or WorkflowOutput({})
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
    verdict = incomplete(why)
    files.write_all({report.path: report for report in reports}.values(), verdict)
    teller.end(annotations(verdict), markdown(verdict))
    code = 128 + end.interrupted if end.interrupted and proven is None else 1
    print(f"release-sentinel: INCOMPLETE (exit {code}): {why}", file=sys.stderr)
    return code, document(verdict)


def _signal_name(number: int) -> str:
    """Return `SIGKILL` and the like; of the real-time signals, only the first and the last have a name."""
    return signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
