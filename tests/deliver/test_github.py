"""GitHub Actions is told the verdict, and whatever gates print is none of it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from release_sentinel.deliver.github import WorkflowOutput
from release_sentinel.reports.github import SUMMARY_LIMIT
from tests.conftest import SECRET, Run, Sentinel
from tests.runner import Command, commands

ON_GITHUB: dict[str, Any] = {"GITHUB_ACTIONS": "true"}
LINE = "::error title=INCOMPLETE::why"


def end(capfd: pytest.CaptureFixture[str], environ: dict[str, str], summary: str = "# Verdict\n") -> str:
    """Tell a step of `environ`; return what it prints after its token."""
    output = WorkflowOutput(environ)
    output.begin()
    output.end([LINE], summary)
    return capfd.readouterr().out


def test_elsewhere_it_is_silent(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A summary file without GitHub Actions is another person's."""
    summary = tmp_path / "summary"
    assert end(capfd, {"GITHUB_STEP_SUMMARY": str(summary)}) == ""
    assert not summary.exists()


def test_annotations_are_commands_after_the_token(capfd: pytest.CaptureFixture[str]) -> None:
    """Also where the line before was left open."""
    output = WorkflowOutput(ON_GITHUB)
    output.begin()
    os.write(1, b"::error::no\nhalf a line")
    output.end([LINE], "")
    assert commands(capfd.readouterr().out) == [Command("error", {"title": "INCOMPLETE"}, "why")]


def test_it_is_told_once(capfd: pytest.CaptureFixture[str]) -> None:
    """A second end adds nothing."""
    output = WorkflowOutput(ON_GITHUB)
    output.end([LINE], "")
    output.end([LINE], "")
    assert capfd.readouterr().out.count(LINE) == 1


def test_the_token_is_new_each_time(capfd: pytest.CaptureFixture[str]) -> None:
    """What a server answers cannot know it."""
    assert len({end(capfd, ON_GITHUB) for _ in range(3)}) == 3


def test_the_summary_is_appended(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """What other tools of the step have written stays."""
    summary = tmp_path / "summary"
    summary.write_text("before\n", encoding="utf-8")
    end(capfd, {**ON_GITHUB, "GITHUB_STEP_SUMMARY": str(summary)})
    assert summary.read_text(encoding="utf-8") == "before\n# Verdict\n"


@pytest.mark.parametrize(
    ("before", "words"),
    [(SUMMARY_LIMIT - 1000, ""), (SUMMARY_LIMIT - 10, "note: the job's summary (GITHUB_STEP_SUMMARY) is full")],
)
def test_a_summary_never_grows_past_its_limit(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, before: int, words: str
) -> None:
    """As much as fits is written; nothing at all is told."""
    summary = tmp_path / "summary"
    summary.write_bytes(b"x" * before)
    out = end(capfd, {**ON_GITHUB, "GITHUB_STEP_SUMMARY": str(summary)}, "a line\n" * 1000)
    assert before <= summary.stat().st_size <= SUMMARY_LIMIT
    assert out.splitlines()[-1] == (words or LINE)


def test_a_summary_that_cannot_be_written_is_a_note(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """It says why, and nothing is raised."""
    out = end(capfd, {**ON_GITHUB, "GITHUB_STEP_SUMMARY": str(tmp_path / "none" / "summary")})
    assert out.splitlines()[-1].endswith("cannot be written: No such file or directory")


INJECTING = """
    @pytest.mark.critical
    def test_inject(gate):
        print("::set-output name=verdict::SAFE", flush=True)
        print("##[set-output name=verdict]SAFE", flush=True)
        assert False, "a server said:\\n::error title=x::y\\n::set-output name=verdict::SAFE"
"""


def _judge(done: Run) -> list[str]:
    """Return the titles of the annotations of a run that INJECTING fails."""
    seen = commands(done.out)
    assert {command.name for command in seen} == {"error"}
    return [command.properties["title"] for command in seen]


@pytest.mark.parametrize("plain", [False, True], ids=["release-sentinel", "pytest"])
def test_a_run_tells_the_runner_its_verdict_alone(sentinel: Sentinel, tmp_path: Path, plain: bool) -> None:
    """Commands of gates are text; the verdict's come after the block, once, and the summary has its table."""
    sentinel.gate(INJECTING)
    summary = tmp_path / "summary"
    # A build of GitHub's is believed only where its commit is HEAD.
    env = {**ON_GITHUB, "GITHUB_SHA": sentinel.repo.head, "GITHUB_REF": "refs/heads/main"}
    run = sentinel.pytest if plain else sentinel
    done = run("-s", GITHUB_STEP_SUMMARY=str(summary), **env)
    assert done.code == 2, done.out
    assert _judge(done) == ["[CRITICAL] inject"]
    assert done.out.count("::error title=[CRITICAL] inject::") == 1
    text = summary.read_text(encoding="utf-8")
    assert text.count("## CRITICAL (exit 2)") == 1
    assert text.count("`inject`") == 1


def test_a_run_that_died_is_annotated(sentinel: Sentinel, tmp_path: Path) -> None:
    """The parent tells it, without a verdict of the child's."""
    sentinel.gate("""
    import os
    @pytest.mark.policy
    def test_die(gate):
        os._exit(0)
    """)
    summary = tmp_path / "summary"
    done = sentinel(GITHUB_STEP_SUMMARY=str(summary), **ON_GITHUB)
    assert done.code == 1
    told = {command.properties["title"]: command.message.partition(":")[0] for command in commands(done.out)}
    assert told == {
        "[POLICY] die": "could not be determined",
        "INCOMPLETE": "the gate session did not finish",
    }
    assert "INCOMPLETE (exit 1)" in summary.read_text(encoding="utf-8")


def test_annotation_and_summary_hold_no_secret(sentinel: Sentinel, tmp_path: Path) -> None:
    """Also a part of one, or one that is quoted."""
    sentinel.gate(f"""
    @pytest.mark.policy
    def test_tell(gate):
        assert False, "token " + {json.dumps(SECRET)}
    """)
    summary = tmp_path / "summary"
    done = sentinel(GITHUB_STEP_SUMMARY=str(summary), **ON_GITHUB)
    told = done.out + summary.read_text(encoding="utf-8")
    assert "[POLICY] tell" in told
    assert not [piece for piece in ("s3cr3t", "en&value", "en\\&value", "s3cr3t%2F") if piece in told]
