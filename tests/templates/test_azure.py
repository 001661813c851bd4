"""Azure's pipeline: the agent is not to be had, so its scripts are run as the agent runs them, one after the other."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import SECRET
from tests.templates.parts import CAUSES, CODES, TAG, Project, Tried, execute, make_project

TRIED = [
    Tried("azure", "bash", "its scripts; the pipeline around them is validated, not run"),
]


def _run(project: Project, verdict: str) -> tuple[list[int], str]:
    """Run the scripts up to the first that fails; return their exit codes and what was printed."""
    given = project.environ(verdict, TF_BUILD="True", BUILD_SOURCEBRANCH=f"refs/tags/{TAG}")
    given |= {"BUILD_SOURCEBRANCHNAME": TAG.rpartition("/")[2], "BUILD_SOURCEVERSION": project.repo.head}
    token = given.pop("RS_DEPLOY_TOKEN")  # a secret reaches a script only through its `env`
    codes: list[int] = []
    said = ""
    for step in _steps(project):
        if "bash" in step and not any(codes):
            (script := project.folder / "script.sh").write_text(step["bash"], encoding="utf-8")
            own = {name: value.replace("$(RS_DEPLOY_TOKEN)", token) for name, value in step.get("env", {}).items()}
            done = execute("bash", "--noprofile", "--norc", str(script), project=project, env=given | own)
            codes.append(done.code)
            said += done.out
    return codes, said


def _steps(project: Project) -> Iterator[dict[str, Any]]:
    pipeline = yaml.safe_load((project.repo.path / "azure-pipelines.yml").read_text(encoding="utf-8"))
    for job in pipeline["jobs"]:
        yield from job["steps"]


@pytest.mark.sweep
def test_its_scripts_run(tmp_path: Path, settings: dict[str, str]) -> None:
    """A CRITICAL asks for another run later, which is SAFE; a BLOCKED asks for a fix."""
    project = make_project(tmp_path, "azure", settings)
    issues = {
        "CRITICAL": ["CRITICAL (exit 2): a host or dependency is unhealthy; run this job again later"],
        "SAFE": [],
        "BLOCKED": ["Not SAFE (exit 1): fix the release; retrying does not help"],
    }
    for verdict in CAUSES:
        codes, out = _run(project, verdict)
        assert codes == [0, CODES[verdict]], out
        assert re.findall(r"##vso\[task.logissue type=error\](.*)", out) == issues[verdict]
        assert f"{verdict} (exit {CODES[verdict]}): {TAG}" in out
        assert SECRET not in out
    assert project.installed == ["-m pip install --quiet release-sentinel==1.0.0"] * 3


def test_a_published_file_is_one_that_the_gate_writes(tmp_path: Path) -> None:
    """The tasks that publish run whatever the gate said."""
    steps = list(_steps(make_project(tmp_path, "azure", {})))
    (script,) = (step["bash"] for step in steps if "release-sentinel --env" in step.get("bash", ""))
    tasks = [step for step in steps if step.get("task", "").startswith("Publish")]
    assert [task["condition"] for task in tasks] == ["always()"] * 3
    named = {task["inputs"].get("testResultsFiles") or task["inputs"]["targetPath"] for task in tasks}
    assert named == set(re.findall(r"--(?:junitxml|gate-html|gate-verdict)=(\S+)", script))
