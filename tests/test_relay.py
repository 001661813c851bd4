"""What a child prints passes through us, scrubbed; nothing of it is lost, and no one is waited for in vain."""

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from release_sentinel.redaction import MASK, Redactor
from release_sentinel.redaction.channel import SecretChannel
from release_sentinel.relay import Relay, terminal
from release_sentinel.vocabulary import TERMINAL
from tests.conftest import SECRET, run

PREAMBLE = f"import os, sys, subprocess\nSECRET = {SECRET!r}\n"
RELAY = """
import subprocess, sys
from release_sentinel.redaction import Redactor
from release_sentinel.relay import Relay
relay = Relay()
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
relay.begin(child, Redactor())
code = child.wait()
relay.end(10)
sys.stderr.write(f"code {code}, closed {relay.closed}")
"""


def relayed(program: str, pipe: tuple[int, int] | None = None, redactor: Redactor | None = None) -> int:
    """Run a Python program as a child whose output is relayed; return its exit code."""
    relay, redactor = Relay(), redactor or Redactor(SECRET)
    child = subprocess.Popen(
        [sys.executable, "-c", PREAMBLE + program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=pipe[1:] if pipe else [],
        env={**os.environ, "TOLD": str(pipe[1] if pipe else "")},
    )
    relay.begin(child, redactor, SecretChannel(redactor, pipe[0]) if pipe else None)
    code = child.wait()
    relay.end(10)
    return code


WRITES = {
    "print": "print('is', SECRET)",
    "file descriptor": "os.write(1, f'is {SECRET}\\n'.encode())",
    "pieces": "for one in f'is {SECRET}\\n': os.write(1, one.encode())",
    "child": "subprocess.run(['echo', 'is', SECRET])",
    "last words": "os.write(1, f'is {SECRET}\\n'.encode()); os._exit(3)",
}


@pytest.mark.parametrize("end", [SECRET[0], SECRET])
def test_a_line_is_shown_at_once(end: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Also where its last letter could be the first one of a secret, and the child works on without a word."""
    relay = Relay()
    child = subprocess.Popen(
        [sys.executable, "-Sc", "import os, sys; os.write(1, sys.argv[1].encode()); sys.stdin.read()", f"is {end}\n"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    relay.begin(child, Redactor(SECRET))
    expected, end_of_patience = f"is {end.replace(SECRET, MASK)}\n", time.monotonic() + 10
    # `readouterr` itself would lose what is written between its reading and its emptying of the file.
    while os.fstat(1).st_size < len(expected) and time.monotonic() < end_of_patience:
        time.sleep(0.001)
    assert capfd.readouterr().out == expected
    assert child.stdin
    child.stdin.close()
    child.wait()
    relay.end(10)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("program", WRITES.values(), ids=WRITES)
def test_whatever_is_written_is_scrubbed(program: str, capfd: pytest.CaptureFixture[str]) -> None:
    """By the child itself, below its streams, or by a process that it has started."""
    relayed(program)
    assert capfd.readouterr() == (f"is {MASK}\n", "")


def test_the_two_streams_stay_apart(capfd: pytest.CaptureFixture[str]) -> None:
    """Errors do not end up in the output."""
    relayed("print('out', SECRET); print('err', SECRET, file=sys.stderr)")
    assert capfd.readouterr() == (f"out {MASK}\n", f"err {MASK}\n")


def test_long_output_is_complete(capfd: pytest.CaptureFixture[str]) -> None:
    """More than a pipe holds, with and without line breaks."""
    relayed("print('x' * 300_000); print('line\\n' * 30_000 + SECRET)")
    assert capfd.readouterr().out == "x" * 300_000 + "\n" + "line\n" * 30_000 + f"{MASK}\n"


def test_the_exit_code_is_the_child_s(capfd: pytest.CaptureFixture[str]) -> None:
    """A relay changes nothing of it."""
    assert relayed("sys.exit(7)") == 7
    assert capfd.readouterr() == ("", "")


def test_a_process_left_behind_is_not_waited_for(capfd: pytest.CaptureFixture[str]) -> None:
    """A process that holds the pipe open, as a daemon does, does not hold us."""
    relayed("print('done', subprocess.Popen(['sleep', '600'], start_new_session=True).pid, flush=True)")
    word, daemon = capfd.readouterr().out.split()
    os.kill(int(daemon), signal.SIGKILL)  # raises where it has ended, and was waited for
    assert word == "done"


def test_a_child_may_tell_what_to_hide(capfd: pytest.CaptureFixture[str]) -> None:
    """What a gate registers is masked from then on, also where the child writes it below its streams."""
    pipe = os.pipe()
    relayed(
        "import json; os.write(1, b'before\\n')\n"
        "os.write(int(os.environ['TOLD']), json.dumps(SECRET).encode() + b'\\nnonsense\\n')\n"
        "subprocess.run(['echo', SECRET])",
        pipe,
        Redactor(),
    )
    for number in pipe:
        os.close(number)
    assert capfd.readouterr().out == f"before\n{MASK}\n"


@pytest.mark.parametrize("target", ["| head -c 1", ">/dev/full", ">&-"])
def test_a_standard_output_that_nobody_reads_is_noticed(target: str, tmp_path: Path) -> None:
    """Closed or full: the child is told by its pipe's end, and so are we."""
    program = "import os\ntry:\n    for _ in range(500): print('x' * 999, flush=True)\nexcept OSError: os._exit(5)"
    command = f'"$0" -c "$1" "$2" {target}'
    done = run("bash", "-c", command, sys.executable, RELAY, program, cwd=tmp_path)
    assert "code 5, closed True" in done.out


def test_the_child_learns_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """It sees a pipe; a size that the user has set is kept."""
    monkeypatch.setattr(os, "isatty", lambda _number: True)
    monkeypatch.setattr(os, "get_terminal_size", lambda _number: os.terminal_size((132, 40)))
    assert terminal({}) == {TERMINAL: "1", "COLUMNS": "132", "LINES": "40"}
    assert terminal({"COLUMNS": "90"}) == {TERMINAL: "1", "LINES": "40"}


def test_without_a_terminal_there_is_nothing_to_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    """In CI, pytest's own ideas of width and colour apply, whatever the caller's environment says."""
    monkeypatch.setattr(os, "isatty", lambda _number: False)
    assert terminal({TERMINAL: "1"}) == {TERMINAL: ""}


@pytest.mark.parametrize(("written", "ended"), [("told", True), ("told\n", False), ("", False)])
def test_a_line_that_a_killed_child_left_open_is_ended_on_a_terminal(written: str, *, ended: bool) -> None:
    """What we say next begins a line of its own."""
    ours, theirs = pty.openpty()
    before = os.dup(1)
    os.dup2(theirs, 1)
    try:
        relayed(f"os.write(1, {written!r}.encode())")
    finally:
        os.dup2(before, 1)
        os.close(before)
    os.write(theirs, b"next\n")
    shown = ""
    while not shown.endswith("next\r\n"):
        shown += os.read(ours, 99).decode()
    assert shown == f"{written}{chr(10) if ended else ''}next\n".replace("\n", "\r\n")
    os.close(ours)
    os.close(theirs)
