"""`release-sentinel history`: what it reads, what it refuses, and where its words go."""

import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from release_sentinel.cli import main
from tests.conftest import CLI, SECRET, Repo, Sentinel, pieces, run
from tests.history.kept import keep, measured, written


def recent(days: float) -> str:
    """Return a time of some days ago, as a verdict file says it."""
    return (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="milliseconds")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two verdicts, one of them new, and a file that is none; it is in the working directory."""
    monkeypatch.chdir(tmp_path)
    documents = {
        "run-1/verdict.json": written("BLOCKED", ended=recent(40)),
        "run-2/verdict.json": measured(("used", 71, "%", 75, 85), ended=recent(1)),
        "run-3/verdict.json": "{",
    }
    return keep(tmp_path / "kept", documents)


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Return the one line by which a command line is refused, with exit code 1 and nothing on standard output."""
    try:
        code: object = main(["history", *words])
    except SystemExit as ended:
        code = ended.code
    out, err = capsys.readouterr()
    assert (code, out) == (1, "")
    return err.splitlines()[-1]


def test_it_prints_what_there_is(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 0, whatever the verdicts are."""
    assert main(["history", str(folder)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("3 files: 2 verdicts, 1 torn\n")
    assert "run-3/verdict.json: torn: " in out


def test_json_has_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The names that the contract gives, first among them the counts."""
    assert main(["history", str(folder), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["files"], found["torn"], found["foreign"], found["verdicts"]) == (3, 1, 0, 2)
    assert [one["file"] for one in found["skipped"]] == ["run-3/verdict.json"]
    (prod,) = found["environments"]
    assert (prod["env"], prod["last"][0]["verdict"]) == ("prod", "SAFE")
    assert {gate["gate"] for gate in found["gates"]} == {"disk", "environment"}
    assert [(one["name"], one["points"][0][1]) for one in found["measures"]] == [("disk.used", 71)]


def test_json_holds_no_command_for_a_runner(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In a CI job's log; the text is the same."""
    keep(folder, {"a.json": written(version="v1###[error]##vso[x]", ended=recent(3))})
    assert main(["history", str(folder), "--json"]) == 0
    out = capsys.readouterr().out
    assert "##" not in out
    versions = {release["version"] for release in json.loads(out)["environments"][0]["releases"]}
    assert "v1###[error]##vso[x]" in versions


@pytest.mark.parametrize(
    ("options", "counts"),
    [
        (["--env", "prod"], (2, 0)),
        (["--since", "30d"], (1, 1)),
        (["--since", "2020-01-01"], (2, 0)),
        (["--since=90d", "--env=prod"], (2, 0)),
    ],
)
def test_options_leave_verdicts_out(
    folder: Path, capsys: pytest.CaptureFixture[str], options: list[str], counts: tuple[int, int]
) -> None:
    """And say how many."""
    assert main(["history", str(folder), "--json", *options]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["verdicts"], found["filtered"]) == counts


def test_without_a_folder_there_is_one_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not there, no folder, nothing in it."""
    (file := tmp_path / "a file").write_text("", encoding="utf-8")
    (empty := tmp_path / "empty").mkdir()
    for path, why in {
        tmp_path / "none": "{} does not exist, expected a folder with verdict files",
        file: "{} is not a folder, expected a folder with verdict files",
        empty: "there is no verdict in {}, expected files of --gate-verdict: 0 files: 0 verdicts",
    }.items():
        assert refused(capsys, str(path), "--json") == f"release-sentinel history: {why.format(path)}"
    assert refused(capsys, "").endswith("argument FOLDER: '' is blank (an unset variable?)")
    assert refused(capsys).endswith("the following arguments are required: FOLDER")


def test_files_without_a_verdict_are_counted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also those that an option leaves out, and then it says which environments there are."""
    told = refused(capsys, str(folder), "--env", "prdo")
    assert told.endswith("3 files: 0 verdicts, 1 torn, 2 left out by the options; it has verdicts for prod")
    keep(folder, {f"{name[:3]}.json": written(env=name, ended=recent(3)) for name in ("", "x" * 3000)})
    told = refused(capsys, str(folder), "--env", "prdo")
    assert told.endswith(f"; it has verdicts for (none), prod, {'x' * 39}...{'x' * 36} …")
    keep(folder / "torn", {"a.json": "{", "b.json": "[]"})
    assert refused(capsys, str(folder / "torn")).endswith("2 files: 0 verdicts, 1 torn, 1 foreign")


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege")
def test_folders_that_were_not_looked_into_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A verdict may be in them."""
    (tmp_path / "latest").symlink_to(tmp_path, target_is_directory=True)
    told = refused(capsys, str(tmp_path))
    assert told.endswith("0 files: 0 verdicts; not looked into: latest (is a link to a folder, and not followed)")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--since", "yesterday"],
            "argument --since: 'yesterday' is not a duration such as 30d or a date",
        ),
        (["--since", "-3d"], "argument --since: expected one argument"),
        (["--since", "9999999d"], "'9999999d' is not a duration"),
        (["--env", ""], "--env is '' (an unset variable?)"),
        (["--env", "a", "--env", "b"], "--env is given twice"),
        (["--html", "page.htm"], "--html page.htm is not the name of an HTML file, expected FILE.html"),
        (["--html", "verdict.json"], "--html verdict.json is not the name of an HTML file"),
        (["--since", ""], "argument --since: '' is not a duration"),
        (["more"], "unrecognized arguments: more"),
    ],
)
def test_a_wrong_word_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    """What was given, and what was expected."""
    assert message in refused(capsys, str(folder), *words)


def test_a_time_before_all_times_is_the_beginning(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """999,999 days are more than a calendar has."""
    assert main(["history", str(folder), "--since", "999999d"]) == 0
    assert capsys.readouterr().out.startswith("3 files: 2 verdicts")


def test_help_defines_a_flap(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever reads the number finds what it counts."""
    assert main(["history", "--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "A gate flaps if it passes in one of two consecutive verdicts" in shown


def test_the_page_is_written_whole(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Beside what is printed; the page of an earlier run is replaced."""
    page = folder / "more" / "history.html"
    for _ in range(2):
        assert main(["history", str(folder), "--html", str(page)]) == 0
        assert capsys.readouterr().out.startswith("3 files: ")
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert list(page.parent.iterdir()) == [page]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such files")
def test_the_page_replaces_no_other_thing(repo: Repo, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder, a pipe, a file that Git tracks: each is left as it is, with one message."""
    (folder / "folder.html").mkdir()
    os.mkfifo(folder / "pipe.html")
    repo.commit("docs.html", "<p>mine</p>")
    for path, why in {
        folder / "folder.html": "it is a folder, expected a regular file",
        folder / "pipe.html": "it is a named pipe, expected a regular file",
        repo.path / "docs.html": "it is tracked by Git",
    }.items():
        assert f"the page {path} cannot be written: {why}" in refused(capsys, str(folder), "--html", str(path))
    assert (repo.path / "docs.html").read_text(encoding="utf-8") == "<p>mine</p>"


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
def test_secrets_of_this_run_are_masked(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    """A file of an older version, or of someone else, may hold one."""
    monkeypatch.setenv("RS_DEPLOY_TOKEN", SECRET)
    keep(folder, {"leak.json": measured((SECRET, 1, "", None, None), version=SECRET, ended=recent(2)), "b.json": "["})
    assert main(["history", str(folder), *options, "--html", str(folder / "page.html")]) == 0
    told = capsys.readouterr().out + (folder / "page.html").read_text(encoding="utf-8")
    assert not pieces(SECRET) & pieces(told)


@pytest.mark.parametrize(("encoding", "has_blocks"), [("utf-8", True), ("ascii", False), ("latin-1", False)])
def test_a_sparkline_is_shown_where_it_can_be(folder: Path, encoding: str, has_blocks: bool) -> None:
    """By a process of its own, whose standard output has an encoding; at 60 columns."""
    keep(folder, {"before.json": measured(("used", 70, "%", 75, 85), ended=recent(2))})
    environ: dict[str, Any] = {"PYTHONIOENCODING": encoding, "COLUMNS": "60"}
    done = run(*CLI, "history", str(folder), cwd=folder, env=environ)
    assert done.code == 0, done.out
    assert ("▁█" in done.out) == has_blocks
    assert "\\u" not in done.out
    assert max(map(len, done.out.splitlines())) <= 60


def test_three_real_runs_are_a_history(sentinel: Sentinel, capsys: pytest.CaptureFixture[str]) -> None:
    """BLOCKED, CRITICAL, SAFE: each keeps its verdict, and the numbers are those of the gates that ran."""
    kept = sentinel.reports / "kept"
    causes: list[dict[str, Any]] = [{"RS_DEPLOY_TOKEN": "changeme"}, {"RS_REQUIRED_PROCESS": "no-such-agent"}, {}]
    for number, env in enumerate(causes):
        sentinel("--gate-verdict", str(kept / f"{number}-1.json"), **env)
    assert main(["history", str(kept), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["files"], found["verdicts"]) == (3, 3)
    (prod,) = found["environments"]
    assert prod["verdicts"] == {"SAFE": 1, "BLOCKED": 1, "CRITICAL": 1}
    assert [(last["mode"], last["verdict"]) for last in prod["last"]] == [("release", "SAFE")]
    (release,) = prod["releases"]
    assert release["held_by"] == "BLOCKED"
    assert 0 < release["seconds_held"] == release["seconds_blocked"]
    told = [(gate["gate"], gate["failed"], gate["flapped"], gate["judged"]) for gate in found["gates"][:2]]
    assert told == [("configuration", 1, 1, 3), ("process", 1, 1, 2)]
    assert {"disk", "memory"} <= {one["name"].partition(".")[0].partition("[")[0] for one in found["measures"]}
