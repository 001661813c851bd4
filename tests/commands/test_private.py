"""A private repository: each pipeline hands Git the job's token, for the gate's step alone, and the gate says so."""

import os
import re
import subprocess
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from pytest_httpserver import HTTPServer

from release_sentinel.commands.init import contents
from release_sentinel.observe import Unseen, ci, git
from release_sentinel.observe.git import Refs
from tests.conftest import CLI, Repo, Sentinel
from tests.forge import Forge
from tests.observe.ci_cases import SYSTEMS
from tests.test_action import STEPS

TOKEN = "ghs_Zq5wR8tB3nL7kQ2xV9"
KNOWN = {"GitHub Actions", "Gitea Actions", "Forgejo Actions", "GitLab CI", "Azure Pipelines", "Jenkins"}


@pytest.fixture
def forge(repo: Repo, tmp_path: Path, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Forge:
    """A forge that shows the repository to the job's token alone; the clone was made without one."""
    subprocess.run(["git", "clone", "--quiet", "--bare", str(repo.path), str(tmp_path / "shop.git")], check=True)
    made = Forge(tmp_path, httpserver)
    made.accepted = ("x-access-token", TOKEN)
    repo.git("remote", "set-url", "origin", made.url(login=""))
    for name in [name for name in os.environ if name.startswith("GIT_CONFIG_")]:
        monkeypatch.delenv(name)
    return made


def rendered(step: Mapping[str, Any], expressions: Mapping[str, str]) -> dict[str, str]:
    """Return a step's variables, with the system's expressions filled in; those that are not known are blank."""
    pattern = r"\$\{\{ (.*?) \}\}|\$\(([\w.]+)\)"
    values = {name: str(value) for name, value in step["env"].items()}
    return {
        name: re.sub(pattern, lambda found: expressions.get(found[1] or found[2], ""), value)
        for name, value in values.items()
    }


def github(forge: Forge) -> dict[str, str]:
    """The variables of the gate's step on GitHub."""
    workflow = yaml.safe_load(contents("github")[".github/workflows/release-gate.yml"])
    (step,) = (step for step in workflow["jobs"]["gate"]["steps"] if step.get("id") == "gate")
    server = forge.url(login="", name="").rstrip("/")
    return rendered(
        step, {"github.server_url": server, "github.token": TOKEN, "inputs.version || github.ref_name": "v1.0.0"}
    )


def azure(forge: Forge) -> dict[str, str]:
    """Those of Azure's. The forge takes the token as a password; Azure's takes it as it is."""
    document = yaml.safe_load(contents("azure")["azure-pipelines.yml"])
    (step,) = (step for step in document["jobs"][0]["steps"] if step.get("displayName") == "Judge the release")
    server = forge.url(login="", name="")
    found = rendered(step, {"System.CollectionUri": server, "System.AccessToken": TOKEN})
    assert found["GIT_CONFIG_VALUE_0"] == f"AUTHORIZATION: bearer {TOKEN}"
    basic = b64encode(f"x-access-token:{TOKEN}".encode()).decode()
    return {**found, "GIT_CONFIG_VALUE_0": f"AUTHORIZATION: basic {basic}"}


def jenkins(forge: Forge) -> dict[str, str]:
    """Those that `gitUsernamePassword` sets: a program that answers Git's questions."""
    assert "withCredentials([gitUsernamePassword(" in contents("jenkins")["Jenkinsfile"]
    program = forge.folder / "askpass.sh"
    program.write_text('#!/bin/sh\ncase "$1" in Username*) echo x-access-token ;; *) echo "$GIT_PASSWORD" ;; esac\n')
    program.chmod(0o755)
    return {"GIT_ASKPASS": str(program), "GIT_PASSWORD": TOKEN}


@pytest.mark.parametrize("system", [github, azure, jenkins], ids=lambda system: system.__name__)
def test_the_gate_reads_with_the_job_s_token(
    repo: Repo, forge: Forge, monkeypatch: pytest.MonkeyPatch, system: Any
) -> None:
    """Tags and branches are there; nothing is written into the clone, and no command line shows the token."""
    config = (repo.path / ".git" / "config").read_text()
    for name, value in system(forge).items():
        monkeypatch.setenv(name, value)
    seen = git.tags(repo.path, ["v1.0.0"], branches=["main"]).remote
    assert isinstance(seen, Refs), seen
    assert seen.commits == {"refs/heads/main": repo.head}
    assert (repo.path / ".git" / "config").read_text() == config
    assert not [line for line in forge.seen if TOKEN in line]


def test_a_whole_run_on_github(forge: Forge, sentinel: Sentinel) -> None:
    """The script of the workflow, run as the runner does: SAFE with the token, and it is in no line and no file."""
    workflow = yaml.safe_load(contents("github")[".github/workflows/release-gate.yml"])
    (step,) = (step for step in workflow["jobs"]["gate"]["steps"] if step.get("id") == "gate")
    folder = forge.folder / "work"
    folder.mkdir()
    program = folder / "release-sentinel"
    program.write_text(f'#!/bin/sh\nexec "{CLI[0]}" -m release_sentinel "$@"\n')
    program.chmod(0o755)
    script = re.sub(r"gates\.xml|verdict\.json", rf"'{folder}/\g<0>'", step["run"])
    own = {name: value for name, value in github(forge).items() if not name.startswith("RS_")}
    path = os.pathsep.join([str(folder), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=sentinel.repo.path,
        env={**os.environ, **sentinel.settings, **own, "PATH": path, "GITHUB_OUTPUT": str(folder / "output")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SAFE (exit 0): v1.0.0 may go to prod" in done.stdout
    assert forge.answered
    written = "".join(path.read_text() for path in folder.iterdir())
    assert TOKEN not in done.stdout + done.stderr + written


@pytest.mark.parametrize(
    "of_caller", [{}, {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "a.b", "GIT_CONFIG_VALUE_0": "c"}]
)
def test_the_action_hands_it_on(repo: Repo, forge: Forge, of_caller: dict[str, str]) -> None:
    """After the settings that the caller's own variables hold."""
    (folder := forge.folder / "bin").mkdir()
    program = folder / "release-sentinel"
    program.write_text('#!/bin/sh\ngit config a.b\ngit ls-remote origin "refs/heads/*"\n')
    program.chmod(0o755)
    inputs = {"ENV": "prod", "VERSION": "v1.0.0", "POLICY": "", "PREVIEW": "", "ARGS": "", "TOKEN": TOKEN}
    assert {f"INPUT_{name}" for name in inputs} == set(STEPS[1]["env"])
    environ = {
        **os.environ,
        **{f"INPUT_{name}": value for name, value in inputs.items()},
        **of_caller,
        "PATH": os.pathsep.join([str(folder), os.environ["PATH"]]),
        "RUNNER_TEMP": str(forge.folder),
        "GITHUB_OUTPUT": str(forge.folder / "output"),
        "GITHUB_SERVER_URL": forge.url(login="", name="").rstrip("/"),
    }
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS[1]["run"]]
    done = subprocess.run(command, cwd=repo.path, env=environ, capture_output=True, text=True, check=False)
    assert f"{repo.head}\trefs/heads/main" in done.stdout, done.stderr
    assert done.stdout.startswith("c\n") == bool(of_caller)


@pytest.mark.parametrize("refusal", ["none", "wrong"])
def test_without_a_login_the_message_names_what_to_do_in_ci(
    repo: Repo, forge: Forge, monkeypatch: pytest.MonkeyPatch, refusal: str
) -> None:
    """In that system's own words; on a user's machine there is nothing to name."""
    if refusal == "wrong":
        repo.git("remote", "set-url", "origin", forge.url())
    plain = git.tags(repo.path, ["v1.0.0"]).remote
    assert isinstance(plain, Unseen)
    assert plain.remedy == "try `git ls-remote origin` here"
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    seen = git.tags(repo.path, ["v1.0.0"]).remote
    assert isinstance(seen, Unseen)
    assert "could not be queried" in seen.why
    assert seen.remedy.startswith("give the gate's step the job's token")


def test_what_is_no_refusal_has_its_own_remedy(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that cannot be reached asks for no login."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    repo.git("remote", "set-url", "origin", "file:///nowhere/authentication%20failed.git")
    seen = git.tags(repo.path, ["v1.0.0"]).remote
    assert isinstance(seen, Unseen)
    assert "token" not in seen.remedy


@pytest.mark.parametrize("provider", SYSTEMS)
def test_every_system_says_how_git_gets_a_login(provider: str) -> None:
    """Outside of CI there is nothing to say."""
    said = ci.login(SYSTEMS[provider].marks)
    assert ("give this job of" in said) == (provider not in KNOWN)
    assert provider in said or provider in KNOWN
    assert ci.login({}) == ""
