"""What a user sees of a real run, on a terminal and elsewhere."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from contextlib import suppress

import pytest

from tests.conftest import CLI, PYTEST, RELEASE, Sentinel
from tests.emulator import Terminal

COMMANDS = {"release-sentinel": CLI, "pytest": (*PYTEST, "gate_tests")}
DECISION = "BLOCKED (exit 1): v1.0.0 must not go to prod"
REASON = "no letter of this reason may be lost, and no line of a log may break it: " * 3


def on_terminal(sentinel: Sentinel, way: str, width: int, height: int, **env: str) -> tuple[str, Terminal]:
    """Run a command on a terminal of that size; return what it wrote, and what is seen of it."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
    environ = {**os.environ, **sentinel.settings, "TERM": "xterm", **env}
    command = [*COMMANDS[way], *RELEASE]
    child = subprocess.Popen(command, cwd=sentinel.repo.path, env=environ, stdout=theirs, stderr=theirs)
    os.close(theirs)
    data = b""
    with suppress(OSError), os.fdopen(ours, "rb", buffering=0) as output:  # Linux's word for the end of a terminal
        while part := output.read(4096):
            data += part
    child.wait()
    text, terminal = data.decode(), Terminal(width, height)
    terminal.write(text)
    return text, terminal


def fail(sentinel: Sentinel) -> None:
    """Let the release be blocked by a gate of its own, for a long reason."""
    sentinel.gate(
        f"@pytest.mark.policy\ndef test_own(gate):\n    gate.require(CheckResult(CRIT, {REASON!r}, 'do ' * 99))\n"
    )


@pytest.mark.parametrize(("way", "width"), [("release-sentinel", 60), ("pytest", 200)])
def test_a_terminal_shows_colours_in_its_width(sentinel: Sentinel, way: str, width: int) -> None:
    """The block is the last, and the decision is seen also where the block is higher than the terminal."""
    fail(sentinel)
    text, seen = on_terminal(sentinel, way, width, 12)
    block = re.sub(r"\x1b\[[\d;]*m", "", text).partition(" release-sentinel ===")[2].splitlines()
    assert [line for line in block if len(line) > width and len(line.split()) > 1] == []
    title = next(number for number, row in enumerate(seen.rows) if " release-sentinel ===" in row)
    assert " ".join(f"[POLICY] own: {REASON}".split()) in " ".join(" ".join(seen.rows).split())
    assert seen.marks[title] == {"31", "1"}
    assert len(seen.rows[title]) == width
    assert DECISION in seen.rows[title + 1]
    assert DECISION in seen.screen


def test_no_color_is_heard_on_a_terminal(sentinel: Sentinel) -> None:
    """By pytest's own lines as well; the words are the same."""
    fail(sentinel)
    text, seen = on_terminal(sentinel, "release-sentinel", 80, 50, NO_COLOR="1")
    assert "\x1b" not in text
    assert DECISION in seen.screen


@pytest.mark.parametrize(("forced", "plain"), [(False, True), (True, False)])
def test_elsewhere_colours_have_to_be_asked_for(sentinel: Sentinel, *, forced: bool, plain: bool) -> None:
    """And a reason is one line, whatever the width that is said: a log is searched by line."""
    fail(sentinel)
    run = sentinel.pytest if plain else sentinel
    done = run(CLICOLOR_FORCE="1" if forced else "0", COLUMNS="60")
    assert ("\x1b[" in done.out) is forced
    assert ("\x1b[31m\x1b[1mBLOCKED" in done.out) is forced
    assert f"[POLICY] own: {REASON.strip()}" in done.out
    assert done.out.count(DECISION) == 1
