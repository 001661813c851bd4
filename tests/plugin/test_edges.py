"""What a gate raises, what it does to the standard streams, and limits of the process: one message, the right code."""

import os
import subprocess

import pytest

from tests.conftest import CLI, PYTEST, RELEASE, Run, Sentinel
from tests.plugin.test_ending import WAYS, run

MUTE = """
class Mute(Exception):
    def __str__(self): raise ValueError("no text")
    __repr__ = __str__

class MuteAssert(AssertionError):
    __str__ = __repr__ = Mute.__str__

class Exits(Exception):
    def __str__(self): raise SystemExit(0)

class NoText(Exception):
    def __str__(self): return None

@pytest.fixture
def before(): raise Mute

@pytest.fixture
def after():
    yield 7
    raise Mute

@pytest.fixture(scope="session")
def last():
    yield 7
    raise Mute

@pytest.mark.policy
def test_raises(): raise Mute
@pytest.mark.policy
def test_asserts(): raise MuteAssert
@pytest.mark.policy
def test_exits(): raise Exits
@pytest.mark.policy
def test_no_text(): raise NoText
@pytest.mark.policy
def test_setup(before): assert True
@pytest.mark.policy
def test_teardown(after): assert after
@pytest.mark.policy
def test_last(last): assert last
@pytest.mark.policy
def test_no_message(gate): gate.require(CheckResult(CRIT, Mute()))
"""
BROKEN = {
    "raises": "the gate broke: Mute: Mute (its text cannot be shown: ValueError in __str__)",
    "asserts": "MuteAssert (its text cannot be shown: ValueError in __str__)",
    "exits": "the gate broke: Exits: Exits (its text cannot be shown: SystemExit in __str__)",
    "no-text": "the gate broke: NoText: NoText (its text cannot be shown: TypeError in __str__)",
    "setup": "the gate broke in its setup: Mute",
    "teardown": "the gate broke in its teardown: Mute",
    "no-message": "the gate broke: ValueError",
}


@pytest.mark.parametrize("way", WAYS)
def test_an_exception_that_cannot_say_what_it_is(sentinel: Sentinel, way: str) -> None:
    """Each gate gets its result, and pytest goes on to the next."""
    sentinel.gate(MUTE)
    done = sentinel() if way == "release-sentinel" else sentinel.pytest()
    assert (done.code, done.verdict["verdict"]) == (1, "BLOCKED"), done.out
    for gate, words in BROKEN.items():
        assert any(f"{gate}: " in line and words in line for line in done.block), (gate, done.out)
    assert any("to clean up after the last gate failed: Mute: Mute (its text" in line for line in done.block)
    assert "INTERNALERROR" not in done.out


REFUSED = ["1e30", "86401", "inf", "nan", "1e400", "-0", "0", "-1", "9" * 5000, f"0.{'0' * 5000}1"]
REFUSED += [" ", "", "0x10", "1d"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("value", REFUSED, ids=lambda value: repr(value[:8]))
def test_a_deadline_at_the_edge(sentinel: Sentinel, value: str, way: str) -> None:
    """What is no number of seconds up to a day is refused in one line, and the reports say INCOMPLETE."""
    start = sentinel if way == "release-sentinel" else sentinel.pytest
    done = start(f"--gate-deadline={value}")
    assert done.code == (1 if way == "release-sentinel" else 4)
    assert done.verdict["verdict"] == "INCOMPLETE"
    (line,) = [line for line in done.out.splitlines() if "--gate-deadline" in line and "usage:" not in line.lower()]
    assert len(line) < 200
    assert "Traceback" not in done.out


STREAMS = {
    "close(1)": "os.close(1)",
    "close(2)": "os.close(2)",
    "close(0, 1, 2)": "os.closerange(0, 3)",
    "sys.stdout.close": "sys.stdout.close()",
    "sys.__stdout__.close": "sys.__stdout__.close()",
    "sys.stdout = None": "sys.stdout = None",
    "both None": "sys.stdout = sys.stderr = None",
    "a number": "sys.stdout = 3",
}


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("stream", "captured", "way"),
    [
        *((stream, captured, "pytest") for stream in STREAMS for captured in (True, False)),
        *((stream, True, "release-sentinel") for stream in STREAMS),
    ],
)
def test_a_gate_that_breaks_the_standard_streams(sentinel: Sentinel, stream: str, way: str, captured: bool) -> None:
    """The run ends with the code of its verdict, or fails closed and says so; pytest and Python add nothing."""
    sentinel.gate(f"import os, sys\n@pytest.mark.policy\ndef test_own():\n    {STREAMS[stream]}\n    assert True\n")
    done = run(sentinel, way, *([] if captured else ["-s"]))
    assert done.code in {0, 1, 3}, done.out
    assert (done.code == 0) == (done.verdict["verdict"] == "SAFE"), done.out
    if stream.startswith(("sys.stdout =", "both", "a number")):
        assert done.code == 0, done.out


def shell(sentinel: Sentinel, way: str, before: str = "", redirect: str = "", **env: str) -> Run:
    """Run the gate from a shell."""
    command = (*CLI, *RELEASE) if way == "release-sentinel" else (*PYTEST, "gate_tests", *RELEASE)
    verdict = sentinel.reports / "verdict.json"
    done = subprocess.run(
        ["sh", "-c", f'{before} exec "$@" {redirect}', "sh", *command, f"--gate-verdict={verdict}"],
        cwd=sentinel.repo.path,
        env={**os.environ, **sentinel.settings, **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Run(done.returncode, done.stdout, {"text": verdict.read_text(encoding="utf-8")})


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("buffered", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize("redirect", [">/dev/full", ">/dev/full 2>&1", ">&- 2>&-", "<&- >&- 2>&-"])
def test_a_verdict_that_cannot_be_shown_is_not_safe(sentinel: Sentinel, redirect: str, way: str, buffered: str) -> None:
    """Standard output that is full or closed: exit code 1, not Python's 120, and one message where it can be seen."""
    sentinel.gate("@pytest.mark.policy\ndef test_own(): assert True\n")
    done = shell(sentinel, way, redirect=redirect, PYTHONUNBUFFERED=buffered)
    assert done.code == 1, done.out
    assert "Traceback" not in done.out
    assert ("standard output is closed or full" in done.out) == (redirect == ">/dev/full")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("redirect", ["2>/dev/full", "<&-"])
def test_streams_that_a_verdict_does_not_need(sentinel: Sentinel, redirect: str, way: str) -> None:
    """Standard input, and standard error of a run that has nothing to say there."""
    sentinel.gate("@pytest.mark.policy\ndef test_own(): assert True\n")
    done = shell(sentinel, way, redirect=redirect)
    assert done.code == 0, done.out
    assert done.block[0].startswith("SAFE")


@pytest.mark.parametrize("number", [8, 12])
def test_too_few_open_files(sentinel: Sentinel, number: int) -> None:
    """One message; the reports say INCOMPLETE, and no temporary folder is left."""
    temporary = sentinel.reports / "temporary"
    temporary.mkdir()
    sentinel.gate("@pytest.mark.policy\ndef test_own(): assert True\n")
    sentinel.settings["TMPDIR"] = str(temporary)
    done = shell(sentinel, "release-sentinel", before=f"ulimit -n {number};")
    assert done.code == 1, done.out
    assert "release-sentinel: Too many open files" in done.out
    assert "Traceback" not in done.out
    assert "INCOMPLETE" in done.verdict["text"]
    assert not list(temporary.iterdir())
