"""GitHub's workflow, by act on this machine. The actions that need GitHub's own servers are stand-ins."""

import json
import re
from pathlib import Path

import pytest
import yaml

from tests.act import Act, find_act
from tests.conftest import SECRET
from tests.templates.parts import CAUSES, CODES, TAG, Project, Tried, make_project

TRIED = [
    Tried("github", "act", "the job; setup-python and upload-artifact are stand-ins"),
]

NOTICES = {
    "CRITICAL": ["A host or dependency is unhealthy. Run this job again later."],
    "SAFE": [],
    "BLOCKED": ["Fix the release. Retrying does not help."],
}
_WORKFLOW = ".github/workflows/release-gate.yml"
_SETUP = "runs: {using: composite, steps: [{shell: bash, run: 'true'}]}\n"
_UPLOAD = """\
inputs: {path: {required: true}}
runs: {using: composite, steps: [{shell: bash, env: {FILES: "${{ inputs.path }}"}, run: cat -- $FILES >/dev/null}]}
"""


def _stand_ins(project: Project) -> list[str]:
    """Return the words that give act a folder for each action but the checkout, which it does itself."""
    workflow = yaml.safe_load((project.repo.path / _WORKFLOW).read_text(encoding="utf-8"))
    words = []
    for name, action in (("actions/setup-python", _SETUP), ("actions/upload-artifact", _UPLOAD)):
        (use,) = (step["uses"] for step in workflow["jobs"]["gate"]["steps"] if step.get("uses", "").startswith(name))
        (folder := project.folder / "actions" / name).mkdir(parents=True)
        (folder / "action.yml").write_text(action, encoding="utf-8")
        words += ["--local-repository", f"{use}={folder}"]
    return words


@pytest.mark.sweep  # `tests/test_action.py` starts act
def test_it_runs(tmp_path: Path, settings: dict[str, str]) -> None:
    """A CRITICAL asks for another run later, which is SAFE; a BLOCKED asks for a fix; both reports are kept."""
    with find_act(tmp_path) as act:
        project = make_project(tmp_path, "github", settings)
        words = [*_stand_ins(project), "--eventpath", str(tmp_path / "event.json")]
        (tmp_path / "event.json").write_text(json.dumps({"ref": f"refs/tags/{TAG}"}), encoding="utf-8")
        for verdict in CAUSES:
            code, out = _run(act, project, words, verdict)
            assert bool(code) == bool(CODES[verdict]), out
            assert f"{verdict} (exit {CODES[verdict]}): {TAG}" in out, out
            assert re.findall(r"::notice title=[A-Z]+::(.*)", out) == NOTICES[verdict], out
            assert "Success - Main Keep the reports" in out, out
            assert SECRET not in out
    assert project.installed == ["-m pip install --quiet release-sentinel==1.0.0"] * 3


def _run(act: Act, project: Project, words: list[str], verdict: str) -> tuple[int, str]:
    given = {**project.settings, **CAUSES[verdict]}
    secret = {"RS_DEPLOY_TOKEN": given.pop("RS_DEPLOY_TOKEN")}
    path = project.folder / "bin"
    done = act.run(_WORKFLOW, *words, cwd=project.repo.path, path=path, env=given, secret=secret)
    return done.code, done.out
