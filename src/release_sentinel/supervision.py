"""A child process that is watched to its end: its output passes through us, and so do interrupts."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from release_sentinel.arguments import INTERRUPTS
from release_sentinel.relay import Relay
from release_sentinel.vocabulary import SECRETS

if TYPE_CHECKING:
    from release_sentinel.redaction import Redactor

_GRACE = 20.0  # seconds for a killed child to be gone
_LEFT = 0.5  # seconds for what it has started to end by itself once it is gone


class End(NamedTuple):
    """How the child ended: its exit code, negative if a signal ended it."""

    code: int
    shown: bool  # everything that it printed could be shown
    interrupted: int  # the signal that asked this process to end; 0: none


class Supervised:
    """A child that starts when the block is entered, and is gone when the block is left.

    An interrupt is handed on, so that the child can still write its reports. Its output waits until `wait` is called.
    """

    def __init__(self, command: Sequence[str], directory: Path, environ: Mapping[str, str]) -> None:
        # A group of its own: Ctrl-C at a terminal then reaches the child through us alone, and it is ended as a whole.
        self._how: dict[str, Any] = {} if os.name == "nt" else {"process_group": 0}
        self._how |= {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self._command, self._directory, self._environ = command, directory, dict(environ)
        self._relay = Relay()
        self._pipe = () if os.name == "nt" else os.pipe()  # Windows hands down no file descriptors
        self._interrupts = _Interrupts()

    def __enter__(self) -> Self:
        self._interrupts.__enter__()
        if self._pipe:
            os.set_blocking(self._pipe[1], False)
            self._how["pass_fds"] = self._pipe[1:]
            self._environ[SECRETS] = str(self._pipe[1])
        try:
            self._child = subprocess.Popen(self._command, cwd=self._directory, env=self._environ, **self._how)
        except OSError:  # such as too many open files: those of ours are needed to clean up
            self._relay.close()
            self._close()
            raise
        self._interrupts.hand_on_to(self._child)
        return self

    def __exit__(self, *_: object) -> None:
        if self._child.poll() is None:
            _kill(self._child)
        self._close()

    def _close(self) -> None:
        self._interrupts.__exit__()
        for number in self._pipe:
            os.close(number)

    def wait(self, bound: float, redactor: "Redactor") -> End:
        """Show what the child prints, and return how it ended; it is killed after `bound` seconds.

        `redactor` knows every secret by now, except those that the child finds.
        """
        from release_sentinel.redaction.channel import SecretChannel  # noqa: PLC0415 - late: the child starts first

        channel = SecretChannel(redactor, self._pipe[0]) if self._pipe else None
        self._relay.begin(self._child, redactor, channel)
        hung = False
        try:
            try:
                code = self._child.wait(bound)
            except subprocess.TimeoutExpired:
                hung, code = True, _kill(self._child)
            _end_group(self._child.pid)
        finally:
            self._relay.end(bound)
            if channel:
                channel.close()
        if hung:
            print(f"release-sentinel: the gate run hung for {bound:g} s and was killed", file=sys.stderr)
        return End(code, not self._relay.closed, self._interrupts.received)


def _end_group(number: int) -> None:
    """Kill what a child has left behind in its process group, after a moment to end by itself."""
    end = time.monotonic() + _LEFT
    with suppress(OSError, AttributeError):  # nothing is left; no groups on Windows
        while time.monotonic() < end:
            os.killpg(number, 0)
            time.sleep(_LEFT / 20)
        os.killpg(number, signal.SIGKILL)


def _kill(child: "subprocess.Popen[bytes]") -> int:
    from release_sentinel.observe import this_process  # noqa: PLC0415 - late: few runs have to be killed

    below = this_process.below(child.pid)
    with suppress(OSError, AttributeError):  # gone already; no groups on Windows
        os.killpg(child.pid, signal.SIGKILL)
    this_process.kill(below)  # some of them have a group of their own
    child.kill()
    try:
        return child.wait(_GRACE)
    except subprocess.TimeoutExpired:  # it is stuck in the kernel, and cannot be ended
        return -signal.SIGKILL


class _Interrupts:
    """Catches the signals that ask us to end, and hands them on to the child, also those that come before there is one.

    Outside the main thread they cannot be caught, and are not. A signal that is ignored, as by `nohup`, stays ignored.
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
