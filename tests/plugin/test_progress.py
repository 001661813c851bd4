"""A long wait is told: on a terminal in one line that changes, anywhere else in plain lines."""

import os
import pty
import re
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from release_sentinel.plugin import progress
from release_sentinel.plugin.progress import Progress
from tests.conftest import CLI, PYTEST, RELEASE, Sentinel


def told(*, terminal: bool, ends_after: int, seconds: float = 60, monkeypatch: pytest.MonkeyPatch) -> tuple[bool, str]:
    """Wait for a gate that ends after some looks, on a clock of our own; return whether it did, and what was told."""
    clock, looks, shown = [0.0], [0], list[str]()

    def wait(pause: float) -> bool:
        clock[0] += pause
        looks[0] += 1
        return looks[0] > ends_after

    monkeypatch.setattr(progress, "monotonic", lambda: clock[0])
    ended = Progress(shown.append, width=(lambda: 80) if terminal else None).wait("api[pay]", wait, seconds)
    return ended, "".join(shown)


def test_a_short_wait_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """What ends within two seconds is not worth a word."""
    for terminal in (True, False):
        assert told(terminal=terminal, ends_after=0, monkeypatch=monkeypatch) == (True, "")


def test_a_terminal_shows_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is written over each second, and wiped at the end."""
    ended, text = told(terminal=True, ends_after=2, monkeypatch=monkeypatch)
    first, second = (f"waiting for api[pay]: {now} s, for {60 - now} s more at most" for now in (2, 3))
    assert (ended, text) == (True, f"\r{first}\r{second}\r{' ' * len(second)}\r")


def test_elsewhere_lines_are_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log gets a line once in a while, without a character that moves the cursor."""
    _, text = told(terminal=False, ends_after=3, monkeypatch=monkeypatch)
    assert [line.split(",")[0] for line in text.splitlines() if line] == [
        "waiting for api[pay]: 2 s",
        "waiting for api[pay]: 17 s",
        "waiting for api[pay]: 32 s",
    ]
    assert "\r" not in text


def test_a_wait_ends_at_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """What never ends is not waited for longer."""
    ended, text = told(terminal=False, ends_after=999, seconds=20, monkeypatch=monkeypatch)
    assert not ended
    assert "17 s, for 3 s more at most" in text


def slow_gate(sentinel: Sentinel, shown: Path) -> None:
    """Give the repository a gate that ends once `shown` is there."""
    sentinel.gate(
        f"import pathlib, time\n\n@pytest.mark.critical\ndef test_own():\n"
        f"    while not pathlib.Path({str(shown)!r}).exists(): time.sleep(0.02)\n    assert True\n"
    )


@pytest.mark.parametrize("terminal", [False, True], ids=["log", "terminal"])
def test_a_real_run_tells_what_it_waits_for(sentinel: Sentinel, tmp_path: Path, *, terminal: bool) -> None:
    """The slow gate is named, with the time that it may still take: on a terminal in a line that is overwritten."""
    shown = tmp_path / "shown"
    slow_gate(sentinel, shown)
    ours, theirs = pty.openpty() if terminal else os.pipe()
    command = [*PYTEST, "gate_tests", *RELEASE] if terminal else [*CLI, *RELEASE]
    child = subprocess.Popen(
        command, cwd=sentinel.repo.path, env={**os.environ, **sentinel.settings}, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    text = ""
    with suppress(OSError), os.fdopen(ours, "rb", buffering=0) as output:  # Linux's word for the end of a terminal
        while part := output.read(4096):
            text += part.decode()
            if "waiting for own: " in text:
                shown.touch()
    assert child.wait() == 0, text
    line = re.search(r"(.)waiting for own: (\d+) s, for (\d+) s more at most", text, re.DOTALL)
    assert line, text
    assert line[1] == ("\r" if terminal else "\n")
    assert int(line[2]) + int(line[3]) in {89, 90, 91}  # each is rounded
