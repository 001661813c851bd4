"""Real runs in a repository that is not ours: each state has its code, its reason in one line, and never the token."""

from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from tests.conftest import SECRET, Repo, Run, Sentinel, make_repo


def assert_no_secret(text: str) -> None:
    """Fail if `text` shows the token, plainly or in base64."""
    assert SECRET not in text
    assert b64encode(SECRET.encode()).decode().rstrip("=") not in text


def test_a_clean_release_is_safe(sentinel: Sentinel) -> None:
    """With everything in order the run exits 0, and every built-in gate has passed."""
    run = sentinel()
    assert run.code == 0
    assert run.block[0] == "SAFE (exit 0): v1.0.0 may go to prod"
    assert set(run.statuses.values()) == {"OK"}
    assert len(run.statuses) == 11


def test_both_commands_are_the_same_run(sentinel: Sentinel) -> None:
    """`pytest gate_tests` and `release-sentinel` run the same gates, in the same order, to the same verdict."""
    sentinel.gate("@pytest.mark.policy\ndef test_own(gate): gate.require(CheckResult(OK, 'fine'))")
    ours, theirs = sentinel(), sentinel.pytest()
    assert (ours.code, theirs.code) == (0, 0)
    assert list(ours.statuses) == list(theirs.statuses)
    assert "own" in ours.statuses


def _dirty(repo: Repo) -> None:
    repo.write("notes.txt")


def _wrong_branch(repo: Repo) -> None:
    repo.git("switch", "--quiet", "--create", "feature/x")


def _existing_tag(repo: Repo) -> None:
    repo.git("tag", "v1.0.0")


def _remote_tag(repo: Repo) -> None:
    repo.git("push", "--quiet", "origin", "HEAD:refs/tags/v1.0.0")


def _no_repository(repo: Repo) -> None:
    (repo.path / ".git").rename(repo.path / "not-git")


BLOCKED: dict[str, tuple[Callable[[Repo], None], str]] = {
    "dirty": (_dirty, "[POLICY] clean-tree: Git working tree is dirty: 1 path differs from the commit (?? notes.txt)"),
    "wrong branch": (_wrong_branch, "[POLICY] branch: Releases blocked from branch: feature/x (according to HEAD); "),
    "existing tag": (_existing_tag, "[POLICY] tag: Git tag already exists: v1.0.0 in this clone, at "),
    "tag on the remote": (_remote_tag, "[POLICY] tag: Git tag already exists: v1.0.0 in origin ("),
    "no repository": (_no_repository, "is not inside a Git repository"),
}


@pytest.mark.parametrize("state", BLOCKED)
def test_a_repository_that_is_not_ready_blocks(sentinel: Sentinel, state: str) -> None:
    """Each state of the repository that forbids a release exits 1 and says which it is."""
    spoil, reason = BLOCKED[state]
    spoil(sentinel.repo)
    run = sentinel()
    assert run.code == 1
    assert run.block[0].startswith("BLOCKED (exit 1)")
    assert any(reason in line for line in run.block), run.out
    assert_no_secret(run.out + run.junit)


@pytest.mark.parametrize(
    ("env", "version", "reason"),
    [
        (
            "production",
            "v1.0.0",
            "Invalid environment: 'production', expected one of dev, stage, prod; did you mean prod?",
        ),
        ("prod", "1.0.0", "Invalid version format: '1.0.0'"),
        ("prod", "v1.0", "Invalid version format: 'v1.0'"),
        ("prod", "v1.0.0-rc.1", "v1.0.0-rc.1 is a pre-release, and the policy allows none"),
    ],
)
def test_a_bad_name_blocks(sentinel: Sentinel, env: str, version: str, reason: str) -> None:
    """An unknown environment or a version that is none exits 1 with the reason in one line."""
    run = sentinel(release=("--env", env, "--version", version))
    assert run.code == 1
    assert any(reason in line for line in run.block)


@pytest.mark.parametrize("name", ["RS_REQUIRED_PROCESS", "RS_API_URL", "RS_DEPLOY_TOKEN"])
def test_a_blank_setting_blocks_before_anything_is_probed(
    sentinel: Sentinel, httpserver: HTTPServer, name: str
) -> None:
    """A required setting that is blank exits 1, and no dependency is asked."""
    blank: dict[str, Any] = {name: " "}
    run = sentinel(**blank)
    assert run.code == 1
    assert any(f"[POLICY] configuration: {name} is blank" in line for line in run.block)
    assert run.statuses["api"] is None
    assert httpserver.log == []


def test_a_missing_process_is_critical(sentinel: Sentinel) -> None:
    """A required process that does not run exits 2."""
    run = sentinel(RS_REQUIRED_PROCESS="no-such-agent")
    assert run.code == 2
    assert any("[CRITICAL] process: no-such-agent not running" in line for line in run.block)


@pytest.mark.parametrize(("status", "code"), [(200, 0), (404, 2), (503, 2)])
def test_the_dependency_s_answer_decides(sentinel: Sentinel, httpserver: HTTPServer, status: int, code: int) -> None:
    """200 is SAFE; 404 and a lasting 503 are CRITICAL."""
    httpserver.clear()
    httpserver.expect_request("/health").respond_with_data("", status=status)
    run = sentinel()
    assert run.code == code
    if code:
        assert any("[CRITICAL] api: GET http://" in line and f"returned {status}" in line for line in run.block)


def test_a_dependency_that_is_down_is_critical(sentinel: Sentinel) -> None:
    """A refused connection exits 2, and says so."""
    run = sentinel(RS_API_URL="http://127.0.0.1:9/", RS_API_TRIES="1")
    assert run.code == 2
    assert any("[CRITICAL] api: GET http://127.0.0.1:9/ unreachable: Connection refused (1 try" in x for x in run.block)


def test_several_reasons_are_told_in_one_run(sentinel: Sentinel) -> None:
    """All policy gates run, so that one run shows every reason."""
    _dirty(sentinel.repo)
    run = sentinel(release=("--env", "production", "--version", "1.0"), RS_DEPLOY_TOKEN="")
    failed = [gate for gate, status in run.statuses.items() if status == "CRIT"]
    assert failed == ["environment", "clean-tree", "version", "configuration"]


def test_another_repository_is_judged_from_a_clone(sentinel: Sentinel, tmp_path: Path) -> None:
    """`--gate-repo` judges a repository elsewhere; the one that holds the working directory does not matter."""
    elsewhere = make_repo(tmp_path / "elsewhere")
    run = sentinel("--gate-repo", str(sentinel.repo.path), cwd=elsewhere.path)
    assert run.code == 0
    assert run.verdict["commit"] == sentinel.repo.head


def test_a_folder_inside_a_repository_is_no_repository(sentinel: Sentinel) -> None:
    """`--gate-repo` names the top of a repository, not a folder in it."""
    sentinel.repo.commit("app/main.py")
    run = sentinel("--gate-repo", "app")
    assert run.code == 1
    assert any("is not the top of a repository" in line for line in run.block)


def test_a_run_from_a_sub_folder_judges_the_whole_repository(sentinel: Sentinel) -> None:
    """Without `--gate-repo` the repository that holds the working directory is judged."""
    sentinel.repo.commit("app/main.py")
    _dirty(sentinel.repo)
    run = sentinel(cwd=sentinel.repo.path / "app")
    assert run.statuses["clean-tree"] == "CRIT"


def test_the_gate_does_not_dirty_the_tree_that_it_judges(sentinel: Sentinel) -> None:
    """Byte code, caches and reports of one run leave the tree clean for the next."""
    sentinel.gate("@pytest.mark.policy\ndef test_own(): assert 1 + 1 == 2")
    (sentinel.repo.path / "conftest.py").write_text("")
    sentinel.repo.git("add", "--all")
    sentinel.repo.git("commit", "--quiet", "--message", "conftest")
    options = ("--junitxml=out/gates.xml", "--gate-verdict=v.json", "--gate-summary=s.md", "-p", "pytest_jsonreport")
    for _ in range(2):
        run = sentinel.pytest(*options, "--json-report", PYTHONDONTWRITEBYTECODE="")
        assert run.code == 0, run.out


def test_a_file_beside_a_report_counts(sentinel: Sentinel) -> None:
    """Only the report itself is excluded from the clean tree, not its folder."""
    sentinel.repo.write("out/other.txt")
    run = sentinel("--gate-summary=out/s.md")
    assert run.statuses["clean-tree"] == "CRIT"


def test_a_warning_passes_and_is_shown(sentinel: Sentinel) -> None:
    """WARN exits 0, and stands in the block."""
    run = sentinel(RS_DISK_WARN="0")
    assert run.code == 0
    assert run.statuses["disk"] == "WARN"
    assert any(line.startswith("[WARN] disk: ") for line in run.block)


def test_strict_fails_a_warning(sentinel: Sentinel) -> None:
    """With --gate-strict a WARN fails its gate."""
    run = sentinel("--gate-strict", RS_DISK_WARN="0")
    assert run.code == 2
    assert any("(a warning, and --gate-strict)" in line for line in run.block)


def test_all_probes_critical_gates_and_keeps_the_code(sentinel: Sentinel, httpserver: HTTPServer) -> None:
    """With --gate-all critical gates are probed, and the code still names the first stage that failed."""
    _dirty(sentinel.repo)
    run = sentinel("--gate-all", RS_REQUIRED_PROCESS="no-such-agent")
    assert run.code == 1
    assert run.statuses["process"] == "CRIT"
    assert len(httpserver.log) == 1


def test_a_policy_that_cannot_be_read_ends_the_run_first(sentinel: Sentinel, httpserver: HTTPServer) -> None:
    """Every variable that cannot be understood is named at once, no gate runs, and the exit code is 1."""
    run = sentinel(RS_DISK_CRIT="lots", RS_API_TRIES="0")
    assert run.code == 1
    text = "\n".join(run.block)
    assert "RS_DISK_CRIT is 'lots', expected per cent, from 0 to 100" in text
    assert "RS_API_TRIES is '0', expected a whole number from 1 to 20" in text
    assert run.verdict["verdict"] == "INCOMPLETE"
    assert httpserver.log == []


def test_the_block_comes_last(sentinel: Sentinel) -> None:
    """The terminal ends in the verdict block: verdict, reason, remedy, counts."""
    _dirty(sentinel.repo)
    run = sentinel()
    assert (
        "    -> commit, stash (`git stash -u`) or list in .gitignore (a user's own ignore rules do not count)"
        in run.block
    )
    assert "11 gates: 6 passed, 1 failed, 4 not evaluated" in run.block
    assert "Traceback" not in run.out
    assert "FAILURES" not in run.out


@pytest.mark.parametrize("judges", ["assert 1 == 2", "gate.require(CheckResult(CRIT, '1 is not 2'))"])
@pytest.mark.parametrize("verbosity", ["", "-vv"])
def test_what_a_gate_printed_is_shown_where_it_fails(sentinel: Sentinel, judges: str, verbosity: str) -> None:
    """Without a traceback of what it judged, which `-vv` shows of an assert."""
    sentinel.gate(
        f"""
        from release_sentinel import CRIT, CheckResult

        @pytest.mark.policy
        def test_speaks(gate):
            print("asked the queue")
            {judges}

        @pytest.mark.policy
        def test_is_mute(gate):
            {judges}
        """
    )
    run = sentinel(*verbosity.split())
    assert run.code == 1
    above = run.out.partition("FAILURES")[2].partition("= release-sentinel =")[0]
    assert "asked the queue" in above
    traced = bool(verbosity) and judges.startswith("assert")
    assert ("what this gate judged is in the verdict below" in above) == (not traced)
    assert (f">       {judges}" in above) == ("test_is_mute" in above) == traced


def leaking(sentinel: Sentinel) -> Run:
    """Run a gate that breaks with the token in its hands, with everything that pytest can show."""
    sentinel.gate(
        """
        import logging, os
        @pytest.mark.policy
        def test_leak(gate):
            token = os.environ["RS_DEPLOY_TOKEN"]
            print("printed", token)
            logging.getLogger("x").warning("logged %s", token)
            assert token == "other", f"token {token}"
        """
    )
    return sentinel("--showlocals", "-vv", "-rA")


def test_a_gate_that_leaks_is_scrubbed(sentinel: Sentinel) -> None:
    """The token is in no output, even where a gate of one's own prints, logs and compares it."""
    run = leaking(sentinel)
    assert run.code == 1
    assert_no_secret(run.out + run.junit + str(run.verdict))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_secret_of_short_lines_is_masked_in_what_a_gate_says(sentinel: Sentinel, end: str) -> None:
    """However the gate fails; each line alone would be too short to be known."""
    lines = ("4711-aa", "0815-bb", "1234-cc")
    said = "f'login with {os.environ[\"RS_DEPLOY_TOKEN\"]} failed'"
    ways = {
        "assert": f"assert False, {said}",
        "compared": f"assert {said} == 'x'",
        "raised": f"raise RuntimeError({said})",
        "failed": f"pytest.fail({said})",
    }
    gates = "\n".join(f"@pytest.mark.policy\ndef test_{name}():\n    {way}" for name, way in ways.items())
    sentinel.gate(f"import os\n{gates}")
    summary = sentinel.reports / "summary.md"
    run = sentinel(f"--gate-summary={summary}", RS_DEPLOY_TOKEN=end.join(lines))
    assert run.code == 1
    told = "".join((run.out, run.junit, str(run.verdict), summary.read_text(encoding="utf-8")))
    assert [line for line in lines if line in told] == []
