"""A repository with a template in it, ready to be released, and what an executor needs on PATH."""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from release_sentinel.cli import main
from tests.conftest import Repo, Run, make_repo, run

TAG = "shop/v1.0.0"  # as in a monorepo: some systems have a variable with only what follows the slash
_HARNESS = Path(__file__).with_name("jenkins.groovy")
# What a build's environment says for each verdict, beside the settings of a release that nothing holds back.
CAUSES: Mapping[str, Mapping[str, str]] = {
    "CRITICAL": {"RS_REQUIRED_PROCESS": "no-such-agent"},
    "SAFE": {},  # after the other: the retry
    "BLOCKED": {"RS_DEPLOY_TOKEN": "changeme"},
}
CODES = {"SAFE": 0, "BLOCKED": 1, "CRITICAL": 2}
# Stands for each Python that a template calls: pip has nothing to do, and a virtual environment holds these programs.
_PYTHON = """\
#!/bin/sh
case "$1 $2" in
  "-m pip") echo "$*" >> '{folder}/pip' ;;
  "-m venv") mkdir -p "$3" && cp -r '{folder}/bin' "$3/" ;;
  *) exit 1 ;;
esac
"""


@dataclass(frozen=True)
class Tried:
    """A row of the guide's table: a template, what runs it in a test (a blank: nothing does), and how far."""

    template: str
    by: str
    extent: str


@dataclass(frozen=True)
class Project:
    """A repository whose commit is released by a tag build, and the environment of the machine that builds it."""

    repo: Repo
    folder: Path
    settings: Mapping[str, str]

    def environ(self, verdict: str, **more: str) -> dict[str, str]:
        """Return the variables of a build that ends in a verdict."""
        path = os.pathsep.join([str(self.folder / "bin"), os.environ["PATH"]])
        return {**self.settings, **CAUSES[verdict], "PATH": path, **more}

    @property
    def installed(self) -> list[str]:
        """The calls of pip."""
        return (self.folder / "pip").read_text(encoding="utf-8").splitlines()


def make_project(folder: Path, system: str, settings: Mapping[str, str]) -> Project:
    """Make a repository in which `init SYSTEM` was run, committed, pushed and tagged."""
    for name, program in (
        ("python", _PYTHON.format(folder=folder)),
        ("python3", _PYTHON.format(folder=folder)),
        ("pip", f"#!/bin/sh\necho \"$*\" >> '{folder}/pip'\n"),
        ("release-sentinel", f"#!/bin/sh\nexec '{sys.executable}' -m release_sentinel \"$@\"\n"),
    ):
        (folder / "bin").mkdir(exist_ok=True)
        (folder / "bin" / name).write_text(program, encoding="utf-8")
        (folder / "bin" / name).chmod(0o755)
    repo = make_repo(folder / "clone")
    repo.commit("app.py")
    repo.git("tag", "shop/v0.9.0")  # `init` takes the prefix from it
    release = ("--kind", "service", "--process", "shop-agent", "--api", "https://api.example.com/health")
    source = ("--install", "release-sentinel==1.0.0", "--secret", "RS_DEPLOY_TOKEN")
    assert main(("init", system, "--gate-repo", str(repo.path), *release, *source)) == 0
    repo.commit("app.py", "the release\n")
    repo.add_remote(folder / "origin.git")
    repo.git("tag", TAG)
    repo.git("push", "--quiet", "origin", "--tags")
    return Project(repo, folder, settings)


def program(name: str, variable: str, where: str) -> str:
    """Return an executor's path: as the variable says, where it must work, or from PATH. Without one, skip."""
    found = os.environ.get(variable) or shutil.which(name)
    if not found:
        pytest.skip(f"{name} is not installed ({where}), and {variable} does not name it")
    return found


def execute(*command: str, project: Project, env: Mapping[str, str], cwd: Path | None = None) -> Run:
    """Run a command in the repository, with these variables beside those that all tests keep."""
    return run(*command, cwd=cwd or project.repo.path, env=env, timeout=120)


def groovy() -> list[str]:
    """Return the command that runs `jenkins.groovy`."""
    jar = os.environ.get("REAL_GROOVY") or next(map(str, Path("/usr/share/groovy/lib").glob("groovy-[0-9]*.jar")), "")
    if not jar or not shutil.which("java"):
        pytest.skip("Java and Groovy are not installed (Debian: groovy), and REAL_GROOVY does not name its jar")
    return ["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", jar, "groovy.ui.GroovyMain", str(_HARNESS)]


def gitlab() -> list[str]:
    """Return the command that runs GitLab's jobs: `REAL_GITLAB` is its script, for the Node.js that `REAL_NODE` is."""
    command = [os.environ.get("REAL_NODE") or "node", os.environ.get("REAL_GITLAB", "")]
    if not command[1]:
        pytest.skip("gitlab-ci-local is not installed (npm), or REAL_GITLAB does not name it")
    if not shutil.which("rsync"):
        pytest.skip("gitlab-ci-local needs rsync")
    return [*command, "--force-shell-executor", "--json-schema-validation=false", "--state-dir", "../state"]
