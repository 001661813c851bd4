"""One run in a child process, and the one exit code that its verdict proves."""

import json
import os
import shlex
import signal
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from release_sentinel import proof, supervision
from release_sentinel.core import run, run_checks
from release_sentinel.deliver.github import WorkflowOutput
from release_sentinel.invocation import parse
from release_sentinel.options import Report
from release_sentinel.redacted import RedactedVerdict, redact
from release_sentinel.redaction import MASK, Redactor
from release_sentinel.reports import files
from release_sentinel.reports.files import verdict_json
from release_sentinel.settings import settings_of
from release_sentinel.supervision import End
from release_sentinel.verdict import unfinished
from release_sentinel.vocabulary import HANDOVER, UNFINISHED
from tests.conftest import SECRET, Repo, running
from tests.observe.parts import closed_port
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
os.write(1, os.environ.get("SAY", "").encode())
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


def test_the_child_cannot_wait_for_an_answer(probe: Probe, tmp_path: Path) -> None:
    """Its standard input is at its end, whatever there is on ours: a gate that asks someone does not hang."""
    (tmp_path / "input").write_text("yes\n", encoding="utf-8")
    before = os.dup(0)
    try:
        with (tmp_path / "input").open("rb") as file:
            os.dup2(file.fileno(), 0)
        assert probe()["stdin"] == ""
    finally:
        os.dup2(before, 0)
        os.close(before)


def test_a_run_in_a_thread_is_a_run(probe: Probe) -> None:
    """Signals cannot be caught there, and are left to the one who runs us."""
    with ThreadPoolExecutor() as pool:
        assert pool.submit(probe).result()["code"] == 1


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


def test_what_the_child_prints_is_scrubbed_of_the_clone_s_credentials(
    probe: Probe, repo: Repo, capfd: pytest.CaptureFixture[str]
) -> None:
    """Git's configuration holds them, and no variable says so."""
    repo.git("remote", "set-url", "origin", "https://deploy:hunter22@forge.example/shop.git")
    probe(directory=repo.path, env={"SAY": "it is hunter22\n"})
    assert capfd.readouterr().out == f"it is {MASK}\n"


def test_what_the_child_prints_is_scrubbed_of_the_receivers_tokens(
    probe: Probe, capfd: pytest.CaptureFixture[str]
) -> None:
    """The address of a chat is the key to it, whichever way it was given."""
    probe(f"--gate-notify=json://127.0.0.1:{closed_port()}/t0ken-abcdef", env={"SAY": "it is t0ken-abcdef\n"})
    seen = capfd.readouterr()
    assert seen.out == f"it is {MASK}\n"
    assert "t0ken" not in seen.err


def test_the_child_knows_how_wide_the_terminal_is(probe: Probe, monkeypatch: pytest.MonkeyPatch) -> None:
    """It sees a pipe instead of it."""
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr(os, "isatty", lambda _number: True)
    monkeypatch.setattr(os, "get_terminal_size", lambda *_: os.terminal_size((132, 40)))
    assert probe()["environ"]["COLUMNS"] == "132"


def test_the_child_runs_in_the_given_folder(probe: Probe, repo: Repo) -> None:
    """The root is the repository that holds it, and the ini file is ours."""
    folder = repo.write("app/main.py").parent
    seen = probe("-q", directory=folder)
    assert seen["folder"] == str(folder.resolve())
    assert {f"--rootdir={repo.path}", f"--confcutdir={repo.path}", "-q"} <= set(seen["arguments"])
    assert Path(seen["arguments"][seen["arguments"].index("-c") + 1]).name == "pytest.ini"


def test_the_repository_may_be_elsewhere(probe: Probe, repo: Repo, tmp_path: Path) -> None:
    """Its conftest files are those that count."""
    assert f"--rootdir={repo.path}" in probe(f"--gate-repo={repo.path}", directory=tmp_path)["arguments"]


def test_the_repository_s_own_folders_can_be_imported_from(probe: Probe, repo: Repo) -> None:
    """Pytest gets them as one option, whatever their names."""
    repo.write("pyproject.toml", '[tool.pytest.ini_options]\npythonpath = ["src", "lib dir"]\n')
    words = probe(directory=repo.path)["arguments"]
    named = words[words.index("-o") + 1]
    assert shlex.split(named.removeprefix("pythonpath=")) == [f"{repo.path}/src", f"{repo.path}/lib dir"]


@pytest.mark.parametrize("option", [("-c", "own.ini"), ("-c=own.ini",), ("--config-file=own.ini",)], ids=" ".join)
def test_an_ini_file_of_one_s_own_is_kept(probe: Probe, tmp_path: Path, option: tuple[str, ...]) -> None:
    """Whoever names one gets it, and pytest's own idea of the root."""
    (tmp_path / "own.ini").write_text("[pytest]\n", encoding="utf-8")
    seen = probe(*option, directory=tmp_path)
    assert not any("rootdir" in word or word.endswith("pytest.ini") for word in seen["arguments"])


def believed(
    tmp_path: Path,
    code: int,
    handed_over: object,
    *,
    shown: bool = True,
    interrupted: int = 0,
    environ: Mapping[str, str] | None = None,
) -> int:
    """Return what is believed of a child that ended with `code` and handed this over; None is nothing."""
    handover = tmp_path / "verdict.json"
    if handed_over is not None:
        text = handed_over if isinstance(handed_over, str) else json.dumps(handed_over)
        handover.write_text(text, encoding="utf-8")
    end = End(code, shown=shown, interrupted=interrupted)
    reports = [Report("--gate-verdict", tmp_path / "report.json")]
    believed, _ = proof.believe(end, handover, reports, incomplete, WorkflowOutput(environ or {}))
    return believed


def incomplete(why: str) -> RedactedVerdict:
    """Return the verdict that is reported where the child's is not believed."""
    return redact(unfinished(RELEASE, why), Redactor())


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
    for path in (tmp_path / "report.json", *([other] if handed_over else ())):
        left = json.loads(path.read_text(encoding="utf-8"))
        assert (left["verdict"], left["exit_code"]) == ("INCOMPLETE", 1)
        ended = f"ended with exit code 3 {'after' if handed_over else 'without'} a finished verdict"
        assert left["problems"] == [f"the gate session did not finish: the gate run {ended}"]
        assert (left["env"], left["version"]) == ("prod", "v1.0.0")


FULL = "::error title=[CRITICAL] disk::91%25 in use"


@pytest.mark.parametrize(
    ("code", "handed_over", "told"),
    [
        (2, 2, FULL),
        (-signal.SIGKILL, 2, FULL),  # it was done, and could not end
        (3, 2, "::error title=INCOMPLETE::the gate session did not finish: the gate run ended with exit code 3 "),
        (0, None, "::error title=INCOMPLETE::the gate session did not finish: the gate run ended with exit code 0 "),
    ],
    ids=["agreed", "killed", "disagreed", "nothing"],
)
def test_github_is_told_what_is_believed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], code: int, handed_over: int | None, told: str
) -> None:
    """The child's own annotations and summary where its verdict counts, else that there is none."""
    summary = tmp_path / "summary.md"
    verdict = {**finished(handed_over), "github": [[FULL], "# The child's summary\n"]} if handed_over else None
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    believed(tmp_path, code, verdict, environ=environ)
    (line,) = [line for line in capfd.readouterr().out.splitlines() if line]
    assert line.startswith(told)
    assert ("# The child's summary" in summary.read_text(encoding="utf-8")) is (told == FULL)


def test_a_verdict_that_nobody_was_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where standard output is closed or full, SAFE is not believed; anything else stays what it is."""
    assert [believed(tmp_path, code, finished(code), shown=False) for code in (0, 1, 2)] == [1, 1, 2]
    assert "standard output is closed or full: the verdict could not be shown" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_child_that_is_interrupted_before_it_can_tell(tmp_path: Path, number: int) -> None:
    """The exit code is the signal's, whatever the child made of it; a verdict that it did reach counts."""
    assert believed(tmp_path, -number, None, interrupted=number) == 128 + number
    assert believed(tmp_path, 1, None, interrupted=number) == 128 + number
    assert believed(tmp_path, 0, finished(0), interrupted=number) == 128 + number
    assert believed(tmp_path, 2, finished(2), interrupted=number) == 2


def test_a_child_that_is_killed_while_it_delivers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its reports say what is unknown, and so does the parent: the child did not come to it."""
    why = "every gate passed, and whether there is a tag is unknown"
    assert believed(tmp_path, -signal.SIGKILL, {**finished(1), "problems": [why], "undelivered": why}) == 1
    assert capsys.readouterr().err == f"release-sentinel: INCOMPLETE (exit 1): {why}\n"


def test_pytest_s_own_failure_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A usage error of pytest's is no CRITICAL, and the sentence points to its words."""
    assert believed(tmp_path, 4, finished(4)) == 1
    assert "pytest itself failed (exit code 4): see its message" in capsys.readouterr().err


def test_what_a_child_knows_is_told_where_pytest_itself_failed(tmp_path: Path) -> None:
    """What kept it from judging is among its problems: a gate pack that replaced what a plugin calls."""
    why = "the gate pack acme has replaced subprocess.run: a pack has to leave that alone"
    believed(tmp_path, 3, {**finished(3), "problems": [why]})
    assert why in json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["problems"]


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


@pytest.mark.parametrize("urls", ["", "[notify]\nurls = ['json://policy']\n"], ids=["variable", "policy"])
def test_each_receiver_is_sent_the_verdict_once(tmp_path: Path, urls: str) -> None:
    """Those of the command line, and those of the policy, or of the variable where the policy names none."""
    (tmp_path / "release-sentinel.toml").write_text(urls, encoding="utf-8")
    other = "json://policy" if urls else "json://variable"
    variable = {} if urls else {"RS_NOTIFY_URLS": "json://variable"}
    environ = {"PYTEST_ADDOPTS": "--gate-notify=json://more", **variable}
    for words, own in (
        (("--gate-notify=json://own", "--env=prod", f"--gate-notify={other}"), ["json://more", "json://own"]),
        (("--gate-notify",), ["json://more"]),  # the child says what is wrong with it
    ):
        settings = settings_of(parse(words, environ, tmp_path), environ)
        assert settings.receivers == (*own, other)


@pytest.mark.parametrize("option", ["--env", "--version", "--release-version"])
def test_a_secret_in_the_place_of_a_name_reaches_no_report(probe: Probe, tmp_path: Path, option: str) -> None:
    """Also not the one that stands until the child has spoken."""
    probe(f"{option}={SECRET}", f"--gate-verdict={tmp_path / 'report.json'}", env={"RS_DEPLOY_TOKEN": SECRET})
    left = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert MASK in {left["env"], left["version"]}
    assert SECRET not in str(left)


def test_a_signal_before_and_after_there_is_a_child_is_handed_on() -> None:
    """Neither is lost, and afterwards signals do what they did before."""
    before = signal.getsignal(signal.SIGTERM)
    for early in (True, False):
        with supervision._Interrupts() as interrupts, running("sleep", "60") as child:
            if early:
                signal.raise_signal(signal.SIGTERM)
            interrupts.hand_on_to(child)
            if not early:
                signal.raise_signal(signal.SIGTERM)
            assert child.wait(10) == -signal.SIGTERM
            signal.raise_signal(signal.SIGTERM)  # one that has ended is left alone
        assert interrupts.received == signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files cannot be counted")
def test_a_run_leaves_no_file_open(probe: Probe) -> None:
    """One that is run again and again, as from a service, does not run out of them."""
    open_files = Path("/proc/self/fd")
    probe()
    before = len(list(open_files.iterdir()))
    probe()
    assert len(list(open_files.iterdir())) == before


@pytest.mark.parametrize("words", [("--gate-verdict",), ("--gate-verdict=",), ("--gate-verdict", "--env=prod")])
def test_a_report_without_a_place_is_not_written(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Nothing is written in its place, and what is wrong is said."""
    invocation = parse(words, {}, tmp_path)
    files.claim(invocation.reports)
    assert (invocation.reports, list(tmp_path.iterdir())) == ((), [])
    assert "--gate-verdict" in invocation.problems[0]


def test_a_report_is_claimed_although_addopts_cannot_be_read(tmp_path: Path) -> None:
    """An open quote must not keep an older report alive."""
    invocation = parse(("--gate-verdict=report.json",), {"PYTEST_ADDOPTS": "'"}, tmp_path)
    files.claim(invocation.reports)
    assert (tmp_path / "report.json").exists()
    assert "PYTEST_ADDOPTS" in invocation.problems[0]


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
    assert settings_of(parse(arguments, {}, tmp_path), {}).policy.deadline == deadline


@pytest.mark.parametrize(
    ("words", "addopts", "bound"),
    [
        ((), "", 115),
        (("--gate-tag",), "", 325),
        (("--env=prod", "--gate-release"), "", 325),
        ((), "--gate-tag", 325),
        (("@words",), "", 325),
    ],
)
def test_the_child_has_time_beyond_its_deadline(
    tmp_path: Path, words: tuple[str, ...], addopts: str, bound: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To end by itself, and for the tag and the release that follow a verdict, wherever they are asked for."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "words").write_text("--gate-release\n", encoding="utf-8")
    environ = {"PYTEST_ADDOPTS": addopts, "RS_DEADLINE": "100"}
    invocation = parse(words, environ, tmp_path)
    assert proof.bound(invocation, settings_of(invocation, environ)) == bound
