"""GitLab's job, by gitlab-ci-local on this machine's shell."""

import re
from pathlib import Path
from typing import Any

import yaml

from tests.templates.parts import CAUSES, CODES, TAG, Project, Tried, execute, gitlab, make_project

TRIED = [
    Tried("gitlab", "gitlab-ci-local, shell executor", "the job; it knows no `retry`: the test applies the rule"),
]


def _run(executor: list[str], project: Project, verdict: str) -> tuple[int, str]:
    """Run the pipeline of a tag; return the exit code of the job's script and what was printed."""
    variables = {**project.settings, **CAUSES[verdict], "CI_COMMIT_TAG": TAG, "GITLAB_CI": "true"}
    words = [word for name, value in variables.items() for word in ("--variable", f"{name}={value}")]
    words += ["--unset-variable", "CI_COMMIT_BRANCH"]  # it is the tag's pipeline
    home = project.folder / "home"
    home.mkdir(exist_ok=True)
    temporary = (
        "../home"  # from the clone: gitlab-ci-local does not quote its temporary files, whose path may have blanks
    )
    done = execute(*executor, *words, project=project, env=project.environ("SAFE", HOME=str(home), TMPDIR=temporary))
    ended = re.search(r"^release-gate finished in \S+ m?s(?: +FAIL (\d+))?", done.out, re.MULTILINE)
    assert ended, done.out
    code = int(ended[1] or 0)
    assert bool(done.code) == bool(code), done.out
    return code, done.out


def test_it_runs(tmp_path: Path, settings: dict[str, str]) -> None:
    """A CRITICAL is an exit code that GitLab retries, and the retry is SAFE; a BLOCKED is none."""
    executor = gitlab()
    project = make_project(tmp_path, "gitlab", settings)
    job: dict[str, Any] = yaml.safe_load((project.repo.path / ".gitlab-ci.yml").read_text(encoding="utf-8"))
    retry = job["release-gate"]["retry"]
    for verdict in CAUSES:
        code, out = _run(executor, project, verdict)
        assert code == CODES[verdict], out
        assert f"{verdict} (exit {code}): {TAG}" in out
        assert (code in retry["exit_codes"]) == (verdict == "CRITICAL")
    assert project.installed == ["-m pip install --quiet release-sentinel==1.0.0"] * 3
