"""The Job: its containers' commands, run one after the other on this machine, and what its rules make of their ends."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from release_sentinel.cli import main
from tests.templates.parts import CAUSES, CODES, TAG, Project, Tried, execute, make_project

TRIED = [
    Tried("kubernetes", "git and release-sentinel", "the containers' commands; the manifest is validated, not run"),
    Tried("argocd", "", "validated, not run; the same Job as that of `kubernetes`"),
    Tried("Containerfile", "", "validated, not run"),
]

JOB = ("--env", "prod", "--version", TAG, "--image", "gate:1", "--secret", "release-gate", "--ref", TAG)


def _printed(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main(("kubernetes", "job", *JOB, *words)) == 0
    job: dict[str, Any] = yaml.safe_load(capsys.readouterr().out)
    return job


def _run(project: Project, pod: dict[str, Any], place: Path, verdict: str) -> tuple[int, str]:
    """Run a pod's containers; what it mounts at /work is a folder here."""
    place.mkdir()
    done = None
    for container in (*pod["initContainers"], *pod["containers"]):
        words = [word.replace("/work/", f"{place}/") for word in (*container["command"], *container["args"])]
        folder = Path(container.get("workingDir", "/").replace("/work/", f"{place}/"))
        environ = project.environ(verdict, **{pair["name"]: pair["value"] for pair in container["env"]})
        environ |= {"HOME": str(project.folder / "home")}
        done = execute(*words, project=project, env=environ, cwd=folder)
        if done.code:
            break
    assert done
    return done.code, done.out


def test_it_runs(tmp_path: Path, settings: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """Of the gate's codes the Job tries again only after a CRITICAL, and then it is SAFE."""
    project = make_project(tmp_path, "kubernetes", settings)
    job = _printed(capsys, "--repository", str(tmp_path / "origin.git"), "--retries", "1")["spec"]
    _, *rules = job["podFailurePolicy"]["rules"]
    actions = {code: rule["action"] for rule in rules for code in rule["onExitCodes"]["values"]}
    for verdict in CAUSES:
        code, out = _run(project, job["template"]["spec"], tmp_path / verdict, verdict)
        assert code == CODES[verdict], out
        assert actions.get(code) == {"SAFE": None, "BLOCKED": "FailJob", "CRITICAL": "Count"}[verdict]


@pytest.mark.parametrize("hook", ["--argocd", "--helm"])
def test_a_hook_is_the_same_job(capsys: pytest.CaptureFixture[str], hook: str) -> None:
    """What is tried above holds for it, too."""
    assert _printed(capsys, hook)["spec"] == _printed(capsys)["spec"]
