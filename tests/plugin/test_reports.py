"""The report files: red until the verdict is known, whole or not there, and the same facts in each."""

import json
import os
import sys
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest

from release_sentinel.options import JSON_REPORT, OPTIONS
from release_sentinel.plugin import folders
from tests.conftest import CLI, PYTEST, RELEASE, SECRET, Run, Sentinel, each, run


def test_every_report_says_safe(sentinel: Sentinel, tmp_path: Path) -> None:
    """JUnit, verdict, summary, page and pytest-json-report's document agree on a SAFE release."""
    summary, report, page = tmp_path / "summary.md", tmp_path / "report.json", tmp_path / "page.html"
    options = (f"--gate-summary={summary}", "-p", "pytest_jsonreport", "--json-report", f"--json-report-file={report}")
    done = sentinel(*options, f"--gate-html={page}")
    document = json.loads(report.read_text())
    suite = fromstring(done.junit).find("testsuite")
    assert suite is not None
    assert (done.code, suite.get("failures"), suite.get("tests")) == (0, "0", "12")
    assert summary.read_text().partition("\n")[2].startswith("## SAFE (exit 0): v1.0.0 may go to prod")
    assert '<span class="verdict">SAFE</span> <span>v1.0.0 to prod</span>' in page.read_text(encoding="utf-8")
    assert (document["exitcode"], document["release"]["verdict"]) == (0, "SAFE")
    assert document["release"]["commit"] == done.verdict["commit"] == sentinel.repo.head
    steps = [step for gate in done.verdict["gates"] for step in gate["steps"]]
    assert [step["words"] for step in steps if step["what"].startswith("GET ")] == [""]  # nothing was wrong


def test_the_verdict_names_the_release(sentinel: Sentinel) -> None:
    """The verdict and the JUnit properties carry environment, version, commit, branch, verdict and exit code."""
    done = sentinel()
    properties = {entry.get("name"): entry.get("value") for entry in fromstring(done.junit).iter("property")}
    head = sentinel.repo.head
    assert properties.items() >= {"env": "prod", "version": "v1.0.0", "commit": head, "branch": "main"}.items()
    assert properties.items() >= {"verdict": "SAFE", "exit_code": "0"}.items()
    assert done.verdict.items() >= {"branch": "main", "branch_source": "HEAD", "schema_version": 2}.items()


def test_the_attestation_is_of_the_commit(sentinel: Sentinel, tmp_path: Path) -> None:
    """It names commit, remote, policy file and CI run; a blocked run's says FAILED, in place of the PASSED one."""
    file = tmp_path / "attestation.json"
    sentinel.repo.commit("release-sentinel.toml", "deadline = 200\n")
    ci: dict[str, Any] = {
        "CIRCLECI": "true",
        "CIRCLE_SHA1": sentinel.repo.head,
        "CIRCLE_BRANCH": "main",
        "CIRCLE_BUILD_URL": "http://ci/7",
    }
    assert sentinel(f"--gate-attestation={file}", **ci).code == 0
    said = json.loads(file.read_text())
    assert said["subject"] == [{"name": str(tmp_path / "origin.git"), "digest": {"gitCommit": sentinel.repo.head}}]
    assert (said["predicate"]["result"], said["predicate"]["url"]) == ("PASSED", "http://ci/7")
    assert [one["name"] for one in said["predicate"]["configuration"]] == ["release-sentinel", "release-sentinel.toml"]
    sentinel.repo.write("notes.txt")
    assert sentinel(f"--gate-attestation={file}").code == 1
    assert json.loads(file.read_text())["predicate"]["failedTests"] == ["clean-tree"]


def test_a_subset_is_not_attested(sentinel: Sentinel, tmp_path: Path) -> None:
    """`--gate-partial` is refused beside it, and an older statement does not survive that."""
    file = tmp_path / "attestation.json"
    file.write_text('{"predicate": {"result": "PASSED"}}')
    done = sentinel("--gate-partial", f"--gate-attestation={file}", "-k", "version")
    assert done.code == 1
    said = json.loads(file.read_text())
    assert (said["subject"], said["predicate"]["result"]) == ([], "FAILED")


def test_json_report_tells_the_true_exit_code(sentinel: Sentinel, tmp_path: Path) -> None:
    """pytest-json-report's document of a CRITICAL run says 2, and keeps its own list of tests."""
    report = tmp_path / "report.json"
    options = ("-p", "pytest_jsonreport", "--json-report", f"--json-report-file={report}")
    done = sentinel.pytest(*options, RS_REQUIRED_PROCESS="no-such-agent")
    document = json.loads(report.read_text())
    assert done.code == document["exitcode"] == document["release"]["exit_code"] == 2
    assert document["summary"]["failed"] == 1
    assert SECRET not in report.read_text()


STALE = "<testsuites><testsuite name='green'/></testsuites>"


@pytest.mark.parametrize(
    ("body", "code"),
    [("import os; os._exit(0)", 1), ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 1)],
    ids=["os._exit", "SIGKILL"],
)
def test_a_killed_run_leaves_red_reports(sentinel: Sentinel, tmp_path: Path, body: str, code: int) -> None:
    """A run that dies leaves reports that say so, in place of an older green one, and `release-sentinel` exits 1."""
    (tmp_path / "gates.xml").write_text(STALE)
    sentinel.gate(f"@pytest.mark.policy\ndef test_own():\n    {body}")
    done = sentinel()
    assert done.code == code
    assert "without a finished verdict" in done.out
    assert "the gate session did not finish" in done.junit
    cases = {case.get("name"): case for case in fromstring(done.junit).iter("testcase")}
    assert cases["verdict"].find("error") is not None
    assert cases["own"].find("failure") is not None
    (problem,) = done.verdict["problems"]
    assert problem.startswith("the gate session did not finish: the gate run ")


def test_a_usage_error_leaves_red_reports(sentinel: Sentinel, tmp_path: Path) -> None:
    """Even where pytest never gets to run a gate, the older report is gone."""
    (tmp_path / "gates.xml").write_text(STALE)
    done = sentinel.pytest("--no-such-option")
    assert done.code == 4
    assert "the gate session did not finish" in done.junit


@pytest.mark.parametrize("flag", ["--junitxml", "--gate-verdict", "--gate-summary", "--gate-html"])
def test_a_report_that_cannot_be_written_ends_the_run_first(sentinel: Sentinel, tmp_path: Path, flag: str) -> None:
    """A report whose folder is a file is told before any gate runs."""
    (tmp_path / "file").write_text("")
    suffix = {"--junitxml": "xml", "--gate-verdict": "json", "--gate-summary": "md", "--gate-html": "html"}[flag]
    command = (*PYTEST, "gate_tests", *RELEASE, f"{flag}={tmp_path}/file/report.{suffix}")
    done = run(*command, cwd=sentinel.repo.path, env=sentinel.settings)
    assert done.code == 4
    assert "cannot be written" in done.out
    assert "test_environment" not in done.out


def test_a_report_that_vanishes_makes_the_run_fail(sentinel: Sentinel, tmp_path: Path) -> None:
    """A report that can no longer be written at the end turns SAFE into INCOMPLETE."""
    folder = tmp_path / "late"
    sentinel.gate(
        f"""
        import pathlib, shutil
        @pytest.mark.critical
        def test_own():
            shutil.rmtree({str(folder)!r})
            pathlib.Path({str(folder)!r}).write_text("in the way")
            assert True
        """
    )
    done = sentinel(f"--gate-summary={folder}/s.md")
    assert done.code == 1
    assert "cannot be written" in done.out
    assert done.verdict["verdict"] == "INCOMPLETE"


def test_a_closed_standard_output_is_not_safe(sentinel: Sentinel) -> None:
    """Who cannot be told the verdict does not get exit 0 from plain pytest."""
    command = " ".join((*PYTEST, "gate_tests", *RELEASE))
    done = run("sh", "-c", f"{command} > /dev/full; echo code $?", cwd=sentinel.repo.path, env=sentinel.settings)
    assert "code 0" not in done.out
    assert "code 2" not in done.out


def test_a_later_plugin_cannot_better_the_code(sentinel: Sentinel) -> None:
    """A conftest that sets the session's exit status to 0 at the very end does not make the release SAFE."""
    sentinel.repo.commit(
        "gate_tests/conftest.py",
        "import pytest\n\n@pytest.hookimpl(trylast=True)\ndef pytest_sessionfinish(session): session.exitstatus = 0\n"
        "def pytest_unconfigure(config): config.stash\n",
    )
    sentinel.repo.write("notes.txt")
    assert sentinel.pytest().code == 1


def test_a_later_plugin_can_worsen_the_code(sentinel: Sentinel) -> None:
    """A plugin that fails the session makes a SAFE run INCOMPLETE, in every report."""
    sentinel.repo.commit("gate_tests/conftest.py", "def pytest_sessionfinish(session): session.exitstatus = 1\n")
    done = sentinel.pytest()
    assert done.code == 1
    assert done.verdict["verdict"] == "INCOMPLETE"


def test_an_internal_error_is_not_safe(sentinel: Sentinel) -> None:
    """A hook that raises breaks pytest: the verdict is INCOMPLETE, never 0 or 2."""
    sentinel.gate("@pytest.mark.policy\ndef test_own(): assert True")
    sentinel.repo.commit("gate_tests/conftest.py", "def pytest_runtest_logreport(report): 1 / 0\n")
    done = sentinel.pytest()
    assert done.code == 3
    assert done.verdict["verdict"] == "INCOMPLETE"
    assert sentinel().code == 1


def test_verify_believes_only_this_release(sentinel: Sentinel, tmp_path: Path) -> None:
    """`verify` exits 0 for the release that was judged, and 1 for another version or commit."""
    assert sentinel().code == 0
    verify = (sys.executable, "-m", "release_sentinel", "verify", str(tmp_path / "verdict.json"), "--env", "prod")
    head = sentinel.repo.head
    assert run(*verify, "--version", "v1.0.0", "--commit", head, cwd=tmp_path).code == 0
    assert run(*verify, "--version", "v1.0.1", cwd=tmp_path).code == 1
    other = run(*verify, "--version", "v1.0.0", "--commit", "0" * 40, cwd=tmp_path)
    assert other.code == 1
    assert f"the verdict is about commit {head}, expected {'0' * 40}" in other.out


PROJECT = {
    "a verdict": ("package.json", ("--gate-verdict=package.json",)),
    "a summary": ("README.md", ("--gate-summary=README.md",)),
    "an attestation": ("data/setup.json", ("--gate-attestation=data/setup.json",)),
    "JUnit XML": ("pom.xml", ("--junitxml=pom.xml",)),
    "pytest-json-report": (
        "package.json",
        ("-p", "pytest_jsonreport", "--json-report", "--json-report-file=package.json"),
    ),
    "a log": ("gate_tests/test_own.py", ("--log-file=gate_tests/test_own.py",)),
    "a log of the ini file": ("notes.txt", ("-o", "log_file=notes.txt")),
}


@each("kind", PROJECT)
def test_no_report_is_written_over_a_file_of_the_project(sentinel: Sentinel, kind: str, *, plain: bool) -> None:
    """What Git tracks is kept to the byte, and the run says so before it judges anything."""
    place, options = PROJECT[kind]
    text = "# ours\nimport pytest\n" if place.endswith(".py") else "ours\n"
    sentinel.repo.commit(place, text)
    done = run_without_reports(sentinel, *options, plain=plain)
    assert (sentinel.repo.path / place).read_text(encoding="utf-8") == text
    assert done.code not in {0, 2}, done.out
    assert "it is tracked by Git, and not a report: name another file" in done.out


@pytest.mark.sweep
@pytest.mark.parametrize("plain", [False, True], ids=["release-sentinel", "pytest"])
def test_a_link_to_a_file_of_the_project_is_no_place_for_a_report(sentinel: Sentinel, *, plain: bool) -> None:
    """The file that it leads to is kept; a report that someone has committed is written again."""
    sentinel.repo.commit("README.md", "ours\n")
    (sentinel.repo.path / "gates.md").symlink_to("README.md")
    sentinel.repo.commit(".gitignore", "gates.md\n")
    done = run_without_reports(sentinel, "--gate-summary=gates.md", plain=plain)
    assert (done.code in {0, 2}, (sentinel.repo.path / "README.md").read_text(encoding="utf-8")) == (False, "ours\n")
    assert run_without_reports(sentinel, "--gate-summary=summary.md", plain=plain).code == 0
    sentinel.repo.git("add", "-f", "summary.md")
    sentinel.repo.git("commit", "-qm", "a report")
    assert run_without_reports(sentinel, "--gate-summary=summary.md", plain=plain).code == 0


PLACES: list[tuple[str, ...]] = [
    (f"{option.flag}={{}}{option.report.suffix}",) for option in OPTIONS if option.report and option.flag != JSON_REPORT
]
PLACES += [("--log-file={}",), ("-o", "log_file={}"), ("--debug={}",)]
PLACES += [("-p", "pytest_jsonreport", JSON_REPORT, "--json-report-file={}")]


@each("option", PLACES)
def test_a_report_is_no_pipe(sentinel: Sentinel, tmp_path: Path, option: tuple[str, ...], *, plain: bool) -> None:
    """Nothing waits for its reader, and nothing takes its place; likewise for what else is no file."""
    words = [word.format(tmp_path / "pipe") for word in option]
    pipe = Path(words[-1].rpartition("=")[2])
    os.mkfifo(pipe)
    done = run_without_reports(sentinel, *words, plain=plain)
    assert done.code not in {0, 2}, done.out
    assert f"{pipe} cannot be written: it is a named pipe, expected a regular file: name another path" in done.out
    assert "Traceback" not in done.out
    assert pipe.is_fifo()


def run_without_reports(sentinel: Sentinel, *options: str, plain: bool) -> Run:
    """Run the gate with these options alone."""
    command = (*PYTEST, str(folders.built_in())) if plain else CLI
    return run(*command, *RELEASE, *options, cwd=sentinel.repo.path, env=sentinel.settings)


@each("variable", ["garbage", "x:/tmp/verdict.json", ":", "1", "-1:/nowhere"])
def test_a_strange_handover_changes_nothing(sentinel: Sentinel, variable: str, *, plain: bool) -> None:
    """A variable of that name that no parent has set is not taken for one of a parent's."""
    done = (sentinel.pytest if plain else sentinel)(RELEASE_SENTINEL_HANDOVER=variable)
    assert (done.code, done.verdict["verdict"]) == (0, "SAFE"), done.out


def test_unreadable_arguments_leave_no_older_verdict(sentinel: Sentinel) -> None:
    """`PYTEST_ADDOPTS` that is not closed is an error of the command line, and every report says so."""
    assert sentinel().code == 0
    done = sentinel(PYTEST_ADDOPTS="-k 'x")
    assert done.code == 1
    assert done.verdict["verdict"] == "INCOMPLETE"
    assert 'errors="1"' in done.junit
    assert "PYTEST_ADDOPTS cannot be read" in done.out
