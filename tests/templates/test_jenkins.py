"""The Jenkinsfile, by the Groovy that Jenkins has in it; steps and declarative syntax are `jenkins.groovy`."""

import re
from pathlib import Path

import pytest

from tests.conftest import SECRET
from tests.templates.parts import CAUSES, TAG, Tried, execute, groovy, make_project

TRIED = [
    Tried("jenkins", "Groovy 2.4, as in Jenkins", "its Groovy and its scripts; the steps of Jenkins are stand-ins"),
]

SAID = {
    "CRITICAL": "BUILD FAILURE: CRITICAL (exit 2): a host or dependency is unhealthy; run this build again later",
    "SAFE": "BUILD SUCCESS",
    "BLOCKED": "BUILD FAILURE: Not SAFE (exit 1): fix the release; retrying does not help",
}


@pytest.mark.sweep
def test_it_runs(tmp_path: Path, settings: dict[str, str]) -> None:
    """A CRITICAL asks for another build later, which is SAFE; a BLOCKED asks for a fix; both reports are kept."""
    command = groovy()
    project = make_project(tmp_path, "jenkins", settings)
    cases = [{**settings, **causes} for causes in CAUSES.values()]
    words = [case[name] for case in cases for name in ("RS_DEPLOY_TOKEN", "RS_REQUIRED_PROCESS")]
    build = {"JENKINS_URL": "https://ci.example.com/", "GIT_COMMIT": project.repo.head}
    tag = {"TAG_NAME": TAG, "BRANCH_NAME": TAG, "TAG_TIMESTAMP": "1700000000000"}
    build |= {"WORKSPACE_TMP": str(tmp_path / "clone@tmp"), "LC_ALL": "C.UTF-8"}  # else Java mangles paths
    environ = project.environ("SAFE", **build, **tag)
    done = execute(*command, "Jenkinsfile", *words, project=project, env=environ)
    assert re.findall("^BUILD .*", done.out, re.MULTILINE) == list(SAID.values()), done.out
    assert SECRET not in done.out
    assert project.installed == ["install --quiet release-sentinel==1.0.0"] * 3
