"""Interrupts and hangs: the run always ends, with reports, and says what it was stuck in."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from release_sentinel.plugin.deadline import Deadline, GateTimeoutError
from tests.conftest import CLI, PYTEST, RELEASE, Run, Sentinel

HANGS = {
    "a lock": "import threading; lock = threading.Lock(); lock.acquire(); lock.acquire()",
    "a child": "import subprocess; subprocess.run(['sleep', '600'])",
    "a socket": "import socket; s = socket.create_server(('127.0.0.1', 0)); s.accept()",
    "a thread that is no daemon": "import threading, time; t = threading.Thread(target=time.sleep, args=(600,)); "
    "t.start(); t.join()",
    "a call that swallows every exception": "import time\n    while True:\n        try: time.sleep(600)\n"
    "        except BaseException: pass",
}


def patiently(run: Callable[[str], Run], good: Callable[[Run], bool]) -> tuple[Run, str]:
    """Return a run, and its bound in seconds: the first of a few that left this machine the time to get to the hang."""
    for seconds in ("1.5", "6", "24", "96"):
        done = run(seconds)
        if good(done):
            break
    return done, seconds


def only_own_is_unknown(run: Run) -> bool:
    """Tell whether the bound was too short for nothing but the gate that hangs."""
    return run.statuses == {**dict.fromkeys(run.statuses, "OK"), "own": "UNKNOWN"}


@pytest.mark.parametrize("hang", HANGS)
def test_a_hanging_gate_is_unknown_and_the_others_are_judged(sentinel: Sentinel, hang: str) -> None:
    """Whatever a gate is stuck in, it becomes UNKNOWN by name, the others get their result, and the process ends."""
    sentinel.gate(f"@pytest.mark.critical\ndef test_own():\n    {HANGS[hang]}")
    run, bound = patiently(lambda seconds: sentinel(RS_GATE_SECONDS=seconds), only_own_is_unknown)
    assert run.code == 2
    assert only_own_is_unknown(run)
    assert any(f"own: could not be determined: the gate hung: no answer within {bound}" in line for line in run.block)


def test_a_hanging_fixture_is_bounded_like_its_gate(sentinel: Sentinel) -> None:
    """A gate whose fixture hangs is UNKNOWN, and the next gate runs."""
    sentinel.gate(
        """
        import time
        @pytest.fixture
        def slow(): time.sleep(600)
        @pytest.mark.policy
        def test_own(slow): assert True
        @pytest.mark.policy
        def test_zero(): assert True
        """
    )
    run, _ = patiently(
        lambda seconds: sentinel(RS_GATE_SECONDS=seconds),
        lambda run: [gate for gate, status in run.statuses.items() if status == "UNKNOWN"] == ["own"],
    )
    assert run.code == 1
    assert (run.statuses["own"], run.statuses["zero"]) == ("UNKNOWN", "OK")


def test_the_deadline_bounds_the_run(sentinel: Sentinel) -> None:
    """What is not judged by the deadline is UNKNOWN, and says that time was up."""
    sentinel.gate("import time\n@pytest.mark.policy\ndef test_own(): time.sleep(600)")
    run, bound = patiently(
        lambda seconds: sentinel("--gate-deadline", seconds),
        lambda run: "api" in run.statuses and any("determined: the gate hung" in line for line in run.block),
    )
    assert run.code == 1
    assert run.statuses["own"] == "UNKNOWN"
    assert any(f"of the run's {bound} s" in line for line in run.block), run.out
    assert run.statuses["api"] is None


def test_a_deadline_that_passes_while_gates_are_collected_ends_the_run(sentinel: Sentinel) -> None:
    """A gate file that hangs as it is imported does not hold the run; the reports say so."""
    sentinel.gate("import time; time.sleep(600)")
    run = sentinel("--gate-deadline", "1.5")
    assert run.code == 1
    assert run.verdict["verdict"] == "INCOMPLETE"
    assert any("the deadline of 1.5 s had passed" in problem for problem in run.verdict["problems"])


def test_a_run_that_ignores_the_interrupt_is_ended(sentinel: Sentinel) -> None:
    """Where not even an interrupt ends the run, the watchdog writes the reports and ends the process."""
    sentinel.gate(
        "import time\nwhile True:\n    try: time.sleep(600)\n    except BaseException: pass\n",
    )
    run = sentinel.pytest("--gate-deadline", "1", GRACES="plugin.deadline:_GRACE=0.5")
    assert run.code == 1
    assert any("and the run hung" in problem for problem in run.verdict["problems"])


@pytest.mark.parametrize("program", [CLI, (*PYTEST, "gate_tests")], ids=["release-sentinel", "pytest"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_writes_its_reports(
    sentinel: Sentinel, tmp_path: Path, program: tuple[str, ...], number: signal.Signals, code: int
) -> None:
    """SIGINT and SIGTERM abandon the running gate; the reports are written, the code is 130 or 143."""
    mark = tmp_path / "running"
    sentinel.gate(
        f"import pathlib, time\n@pytest.mark.critical\ndef test_own():\n"
        f"    pathlib.Path({str(mark)!r}).touch()\n    time.sleep(600)"
    )
    verdict = tmp_path / "verdict.json"
    command = [*program, *RELEASE, f"--gate-verdict={verdict}"]
    environ = {**os.environ, **sentinel.settings}
    with subprocess.Popen(command, cwd=sentinel.repo.path, env=environ, stdout=subprocess.PIPE, text=True) as child:
        while not mark.exists() and child.poll() is None:
            time.sleep(0.02)
        child.send_signal(number)
        out, _ = child.communicate()
    assert child.returncode == code, out
    assert f"the run was interrupted by {number.name}" in out
    assert number.name in verdict.read_text(encoding="utf-8")


def test_a_child_that_hangs_for_ever_is_killed(sentinel: Sentinel, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gate that holds the interpreter's lock stops every watchdog in the process: the parent kills it."""
    sentinel.gate("import ctypes\n@pytest.mark.critical\ndef test_own(): ctypes.PyDLL(None).sleep(600)")
    from release_sentinel import core, proof

    monkeypatch.setattr(proof, "_GRACE", 1.0)
    code = core.run(
        [*RELEASE[:2], "--release-version=v1.0.0", "--gate-deadline=2", f"--junitxml={sentinel.reports}/gates.xml"],
        directory=sentinel.repo.path,
        environ={**os.environ, **sentinel.settings},
    )
    assert code == 1
    assert "the gate session did not finish" in (sentinel.reports / "gates.xml").read_text(encoding="utf-8")


@pytest.mark.parametrize("caller", ["release-sentinel", "pytest"])
def test_an_interrupt_that_a_gate_swallows_still_counts(sentinel: Sentinel, caller: str) -> None:
    """Whoever catches KeyboardInterrupt does not make an interrupted run SAFE."""
    sentinel.gate(
        """
        import os, signal, time

        @pytest.fixture
        def mine(): return 1

        @pytest.mark.critical
        def test_own(mine):
            try:
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(600)
            except KeyboardInterrupt:
                pass
            assert mine
        """
    )
    run = sentinel() if caller == "release-sentinel" else sentinel.pytest()
    assert (run.code, run.verdict["verdict"]) == (130, "INCOMPLETE")
    assert "the run was interrupted by SIGINT" in run.verdict["problems"]


def test_the_last_words_are_shown_although_output_is_captured(sentinel: Sentinel) -> None:
    """Where nothing else ends the run, the verdict block is on the terminal all the same, and names the gate."""
    sentinel.gate(
        """
        import os

        @pytest.fixture
        def mine(): return 1

        @pytest.mark.critical
        def test_own(mine): os.system("sleep 600")
        """
    )

    def hung(run: Run) -> bool:
        return any("the run hung in gate own" in line for line in run.block)

    graces = "plugin.deadline:_GRACE=0.5"
    run, _ = patiently(lambda seconds: sentinel("--gate-deadline", seconds, GRACES=graces), hung)
    assert run.code == 1
    assert hung(run), run.out


def swallow(ended: list[str]) -> None:
    """Wait for an interrupt, and do not raise it."""
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        ended.append("swallowed")


def test_a_block_that_swallows_its_alarm_was_too_late_all_the_same() -> None:
    """What ends after its time, however it got there, has not ended in time."""
    ended: list[str] = []
    with pytest.raises(GateTimeoutError), Deadline(run=3600, gate=0.1).interrupting():
        swallow(ended)
    assert ended == ["swallowed"]
