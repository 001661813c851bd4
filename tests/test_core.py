"""One run in a child process, and the one exit code that its verdict proves."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from release_sentinel import core
from release_sentinel.arguments import HANDOVER
from release_sentinel.core import refuse_unsupported_pytest, run, run_checks
from release_sentinel.errors import SentinelError
from release_sentinel.reports.files import Report, verdict_json
from release_sentinel.verdict import UNFINISHED
from tests.conftest import Repo
from tests.reports.samples import RELEASE, SAMPLES


def test_run_checks_answers_with_an_exit_code(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Without the required settings it is 1, and the gate says which are missing."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.chdir(repo.path)
    code = run_checks("prod", "v1.0.0")
    assert (type(code), code) == (int, 1)
    assert "RS_REQUIRED_PROCESS, RS_API_URL, RS_DEPLOY_TOKEN" in capfd.readouterr().out


Probe = Callable[..., dict[str, Any]]

PROBE = """
import json, os, sys
from pathlib import Path
seen = {
    "environ": dict(os.environ),
    "arguments": sys.orig_argv,
    "stdin": sys.stdin.read(),
    "folder": os.getcwd(),
    "leads a group": os.getpgrp() == os.getpid(),
}
Path(os.environ["PROBE"]).write_text(json.dumps(seen))
os._exit(0)
"""


@pytest.fixture
def probe(tmp_path: Path) -> Probe:
    """Runs a child that writes down what it was given, instead of judging, and exits 0; returns that."""
    (tmp_path / "probe.py").write_text(PROBE, encoding="utf-8")
    seen = tmp_path / "seen.json"

    def look(*arguments: str, env: dict[str, str] | None = None, **named: Any) -> dict[str, Any]:
        environ = {**os.environ, "PYTHONPATH": str(tmp_path), "PROBE": str(seen), **(env or {})}
        code = run(["-p", "probe", *arguments], environ=environ, **named)
        found: dict[str, Any] = json.loads(seen.read_text(encoding="utf-8"))
        return {**found, "code": code}

    return look


def test_a_child_that_exits_0_without_a_verdict_is_not_believed(
    probe: Probe, capfd: pytest.CaptureFixture[str]
) -> None:
    """Somebody's `os._exit(0)` is INCOMPLETE."""
    assert probe()["code"] == 1
    assert (
        "INCOMPLETE (exit 1): the gate run ended with exit code 0 without a finished verdict" in capfd.readouterr().err
    )


def test_the_child_keeps_its_asserts(probe: Probe) -> None:
    """PYTHONOPTIMIZE would strip them out of what gates call."""
    assert "PYTHONOPTIMIZE" not in probe(env={"PYTHONOPTIMIZE": "1"})["environ"]


def test_the_child_cannot_wait_for_an_answer(probe: Probe) -> None:
    """Its standard input is at its end: a gate that asks somebody does not hang."""
    assert probe()["stdin"] == ""


def test_the_child_leads_a_group(probe: Probe) -> None:
    """It can be ended with everything that it started."""
    assert probe()["leads a group"]


def test_the_child_is_told_where_to_hand_over(probe: Probe) -> None:
    """An older handover of the environment is not taken, and nothing is left behind."""
    parent, _, handover = probe(env={HANDOVER: "1:/tmp/older.json"})["environ"][HANDOVER].partition(":")
    assert parent == str(os.getpid())
    assert Path(handover).name == "verdict.json"
    assert not Path(handover).parent.exists()


def test_the_child_s_environment_is_the_one_that_is_given(probe: Probe, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process's own variables do not leak into it, and are left alone."""
    environ = {**os.environ}
    monkeypatch.setenv("RS_BRANCHES", "none")
    seen = probe(env={**environ, "RS_BRANCHES": "main"})
    assert seen["environ"]["RS_BRANCHES"] == "main"
    assert os.environ["RS_BRANCHES"] == "none"
    assert HANDOVER not in os.environ


def test_the_child_runs_in_the_given_folder(probe: Probe, repo: Repo) -> None:
    """The root is the repository that holds it, and the ini file is ours."""
    folder = repo.write("app/main.py").parent
    seen = probe("-q", directory=folder)
    assert seen["folder"] == str(folder.resolve())
    assert {f"--rootdir={repo.path}", f"--confcutdir={repo.path}", "-q"} <= set(seen["arguments"])
    assert Path(seen["arguments"][seen["arguments"].index("-c") + 1]).name == "pytest.ini"


def test_the_repository_may_be_elsewhere(probe: Probe, repo: Repo, tmp_path: Path) -> None:
    """Its conftest files are those that count."""
    assert f"--rootdir={repo.path}" in probe(directory=tmp_path, repository=repo.path)["arguments"]


@pytest.mark.parametrize("option", [("-c", "own.ini"), ("-c=own.ini",), ("--config-file=own.ini",)], ids=" ".join)
def test_an_ini_file_of_one_s_own_is_kept(probe: Probe, tmp_path: Path, option: tuple[str, ...]) -> None:
    """Whoever names one gets it, and pytest's own idea of the root."""
    (tmp_path / "own.ini").write_text("[pytest]\n", encoding="utf-8")
    seen = probe(*option, directory=tmp_path)
    assert not any("rootdir" in word or word.endswith("pytest.ini") for word in seen["arguments"])


def believed(tmp_path: Path, code: int, handed_over: object, *, shown: bool = True, interrupted: int = 0) -> int:
    """Return what is believed of a child that ended with `code` and handed this over; None is nothing."""
    handover = tmp_path / "verdict.json"
    if handed_over is not None:
        text = handed_over if isinstance(handed_over, str) else json.dumps(handed_over)
        handover.write_text(text, encoding="utf-8")
    end = core._End(code, shown=shown, interrupted=interrupted)
    believed, _ = core._believe(end, handover, [Report("--gate-verdict", tmp_path / "report.json")], RELEASE)
    return believed


def finished(exit_code: object) -> dict[str, object]:
    """Return what counts of a finished verdict."""
    return {"exit_code": exit_code, "problems": [], "reports": []}


@pytest.mark.parametrize("code", [0, 1, 2, 130, 143])
def test_a_verdict_and_an_exit_code_that_agree_are_believed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], code: int
) -> None:
    """There is nothing to add to what the child has said."""
    assert believed(tmp_path, code, finished(code)) == code
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("code", [0, 1, 2, 3, 4, 5, 130, 143, -signal.SIGKILL])
@pytest.mark.parametrize("proven", [0, 1, 2, 130, 143])
def test_a_disagreement_is_never_safe_or_critical(tmp_path: Path, code: int, proven: int) -> None:
    """Whatever the two say, when they differ it is 1; of a child that was killed, what held the release back."""
    if code != proven:
        expected = proven if code < 0 and proven else 1
        assert believed(tmp_path, code, finished(proven)) == expected


@pytest.mark.parametrize("code", [3, 4, 5, -1, 126, 255])
def test_a_code_that_no_verdict_has_is_not_believed(tmp_path: Path, code: int) -> None:
    """Also not where both say it."""
    assert believed(tmp_path, code, finished(code)) == 1


UNBELIEVABLE: dict[str, object] = {
    "nothing": None,
    "unfinished": {"exit_code": 0, "problems": [UNFINISHED]},
    "an empty file": "",
    "half a file": '{"exit_code": 0, "prob',
    "no JSON": "SAFE",
    "nested without end": "[" * 100_000,
    "a list": [0],
    "null": "null",
    "a number": "0",
    "no problems": {"exit_code": 0, "reports": []},
    "no exit code": {"problems": [], "reports": []},
    "exit code false": finished(exit_code=False),
    "exit code as text": finished("0"),
    "exit code as a list": finished([0]),
    "exit code 0.0": finished(0.0),
    "exit code null": finished(None),
}


@pytest.mark.parametrize("name", UNBELIEVABLE)
def test_what_is_no_finished_verdict_is_not_believed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """A child that exits 0 and hands over anything else is INCOMPLETE, in a sentence."""
    assert believed(tmp_path, 0, UNBELIEVABLE[name]) == 1
    assert capsys.readouterr().err == (
        "release-sentinel: INCOMPLETE (exit 1): the gate run ended with exit code 0 without a finished verdict\n"
    )


@pytest.mark.parametrize("handed_over", [None, finished(0)], ids=["unfinished", "finished"])
def test_a_report_never_says_more_than_is_believed(tmp_path: Path, handed_over: object) -> None:
    """A child that dies after it wrote its reports, or in between, leaves none behind that says SAFE."""
    other = tmp_path / "other.json"
    if isinstance(handed_over, dict):
        handed_over = {**handed_over, "reports": [["--gate-verdict", str(other)]]}
    for path in (tmp_path / "report.json", other):
        path.write_text(verdict_json(SAMPLES["safe"]), encoding="utf-8")
    assert believed(tmp_path, 3, handed_over) == 1
    left = json.loads((other if handed_over else tmp_path / "report.json").read_text(encoding="utf-8"))
    assert (left["verdict"], left["exit_code"]) == ("INCOMPLETE", 1)
    assert left["problems"][0].startswith("the gate session did not finish: the gate run ended with exit code 3 ")
    assert (left["env"], left["version"]) == ("prod", "v1.0.0")


def test_a_verdict_that_nobody_was_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where standard output is closed or full, SAFE is not believed; anything else stays what it is."""
    assert [believed(tmp_path, code, finished(code), shown=False) for code in (0, 1, 2)] == [1, 1, 2]
    assert "standard output is closed or full: nobody was told the verdict" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_child_that_is_interrupted_before_it_can_tell(tmp_path: Path, number: int) -> None:
    """The exit code is the signal's, whatever the child made of it; a verdict that it did reach counts."""
    assert believed(tmp_path, -number, None, interrupted=number) == 128 + number
    assert believed(tmp_path, 1, None, interrupted=number) == 128 + number
    assert believed(tmp_path, 2, finished(2), interrupted=number) == 2


def test_pytest_s_own_failure_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A usage error of pytest's is no CRITICAL, and the sentence points to its words."""
    assert believed(tmp_path, 4, finished(4)) == 1
    assert "pytest itself failed (exit code 4): see its message" in capsys.readouterr().err


def test_a_true_exit_code_is_no_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The sentence is told although the code would be the same."""
    assert believed(tmp_path, 1, finished(exit_code=True)) == 1
    assert "without a finished verdict" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("number", "name"),
    [(signal.SIGKILL, "SIGKILL"), (signal.SIGSEGV, "SIGSEGV"), (signal.SIGRTMIN + 1, f"signal {signal.SIGRTMIN + 1}")],
)
def test_the_signal_that_ended_a_child_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], number: int, name: str
) -> None:
    """The out-of-memory killer is told apart from a crash; a signal without a name has its number."""
    assert believed(tmp_path, -number, None) == 1
    assert f"the gate run was ended by {name} without" in capsys.readouterr().err


@pytest.mark.parametrize("version", ["8.4.0", "8.4.2", "8.10.0", "8.5.0rc1", "9.0.0rc1", "9.0.1", "9.2.0", "9.11.0"])
def test_a_supported_pytest_is_taken(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    """Versions are compared as numbers."""
    monkeypatch.setattr(core, "installed", lambda _name: version)
    refuse_unsupported_pytest()


@pytest.mark.parametrize("version", ["10.0.0", "10.0.0rc1", "80.4.0", "90.0.0", "8.3.5", "8.0.0", "7.4.4"])
def test_another_pytest_is_refused(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    """A pytest for which the plugin is not written does not judge; the remedy is in the words."""
    monkeypatch.setattr(core, "installed", lambda _name: version)
    with pytest.raises(SentinelError) as refusal:
        run_checks("prod", "v1.0.0")
    expected = "pytest>=8.4,<10"
    assert str(refusal.value) == f"pytest {version} is installed, expected {expected}: pip install '{expected}'"


@pytest.mark.parametrize(
    ("arguments", "deadline"),
    [
        ((), 30),
        (("--env=prod",), 20),
        (("--env", "dev", "--gate-policy=acme.toml"), 10),
        (("--gate-policy=none.toml",), 300),  # the child says what is wrong
    ],
)
def test_the_bound_is_that_of_the_child_s_policy(tmp_path: Path, arguments: tuple[str, ...], deadline: float) -> None:
    """The parent reads the same file, with the same part for the environment."""
    parts = "[env.dev]\n[env.stage]\n[env.prod]\ndeadline = 20\n"
    (tmp_path / "release-sentinel.toml").write_text(f"deadline = 30\n{parts}", encoding="utf-8")
    (tmp_path / "acme.toml").write_text("deadline = 10\n", encoding="utf-8")
    assert core._policy(arguments, {}, tmp_path, tmp_path).deadline == deadline
