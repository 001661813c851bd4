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
from release_sentinel.redaction import Redactor
from release_sentinel.widths import columns
from tests.conftest import CLI, PYTEST, RELEASE, SECRET, Sentinel
from tests.emulator import Terminal


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


WIDE = "a\u6f22\u5b57" * 50


@pytest.mark.parametrize("width", [60, 80, 200])
@pytest.mark.parametrize("written", ["", "gate_tests/test_host.py .", "x" * 59, "x" * 60, "x" * 61, "x" * 150])
def test_a_line_leaves_nothing_behind(written: str, width: int) -> None:
    """What pytest had written, even half a line, stands there as before and goes on; a long line does not wrap."""
    shown, plain = Terminal(width, 24), Terminal(width, 24)
    for screen in (shown, plain):
        screen.write(f"{written}")
    line = Progress(shown.write, width=lambda: width, column=lambda: (len(written) - 1) % width + 1 if written else 0)
    rows = len(plain.rows) + bool(written)
    for told in ("waiting", WIDE, f"waiting for {WIDE}: 3 s", "w"):
        line.tell(told)
        assert shown.rows[:-1] == (plain.rows if written else [])
        assert len(shown.rows) == rows
        assert columns(shown.rows[-1]) < width
    line.clear()
    for screen in (shown, plain):
        screen.write("F\nnext\n")
    assert shown.rows == plain.rows


def test_a_long_line_keeps_what_matters() -> None:
    """Of an id that is too long for the line the middle is left out, and not the time."""
    screen = Terminal(60, 24)
    Progress(screen.write, width=lambda: 60).tell(
        "waiting for prometheus[error-rate-of-checkout]: 30 s, for 600 s more"
    )
    assert screen.screen[-1] == "waiting for prometheus[error...ckout]: 30 s, for 600 s more"


def test_text_is_scrubbed_before_it_is_cut() -> None:
    """A secret that is cut would not be known any more; what moves the cursor is shown as text."""
    screen = Terminal(60, 24)
    scrub = Redactor(SECRET).scrub
    Progress(screen.write, width=lambda: 60, scrub=scrub).tell(f"waiting for own[{SECRET}\x1b[2J]: {'x' * 99}")
    assert screen.screen[-1].startswith("waiting for own[***\\x1b[2J]")


def test_an_interrupt_clears_the_line() -> None:
    """So does anything that ends the wait."""
    screen = Terminal(60, 24)
    line = Progress(screen.write, width=lambda: 60)
    answers = iter([False])
    with pytest.raises(StopIteration):
        line.wait("api", lambda _: next(answers), 60)
    assert screen.rows == [""]


def test_a_short_wait_leaves_another_line() -> None:
    """The line of the rounds stays while the gates of a round are evaluated again."""
    screen = Terminal(60, 24)
    line = Progress(screen.write, width=lambda: 60)
    line.tell("round 1: not healthy")
    line.wait("api", lambda _: True, 60)
    assert screen.rows == ["round 1: not healthy"]


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
