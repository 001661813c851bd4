"""The action for GitHub: sound, deaf to what inputs say to a shell, and tried for real."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from release_sentinel import __version__
from tests.act import Act, find_act
from tests.conftest import SECRET, Repo, Run, make_repo, run
from tests.observe.forge.fake import GitHubWith, served

ROOT = Path(__file__).parents[1]
ACTION = ROOT / ".github" / "actions" / "gate" / "action.yml"
STEPS: list[dict[str, Any]] = yaml.safe_load(ACTION.read_text(encoding="utf-8"))["runs"]["steps"]


def test_it_follows_the_schema() -> None:
    """GitHub's own."""
    program = Path(sysconfig.get_path("scripts")) / "check-jsonschema"
    done = run(str(program), "--builtin-schema", "vendor.github-actions", str(ACTION), cwd=ROOT)
    assert done.code == 0, done.out


def test_inputs_and_outputs() -> None:
    """What a workflow may give and get; a release has to be named."""
    action = yaml.safe_load(ACTION.read_text(encoding="utf-8"))
    required = {name: bool(given.get("required")) for name, given in action["inputs"].items()}
    assert required == dict.fromkeys(("env", "version"), True) | dict.fromkeys(
        ("policy", "preview", "token", "args"), False
    )
    assert set(action["outputs"]) == {"verdict", "exit-code"}


def test_no_input_is_part_of_a_script() -> None:
    """They reach it as variables; and a pipe that fails fails the step."""
    assert [step["shell"] for step in STEPS] == ["bash", "bash"]
    assert not [step for step in STEPS if "${{" in step["run"]]


class Step:
    """Runs the step that judges as GitHub does; `release-sentinel` is a stub that notes its arguments."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "temp").mkdir()
        (folder / "bin").mkdir()
        (folder / "bin" / "python").symlink_to(sys.executable)

    def run(self, code: int = 0, verdict: str | None = "SAFE", **inputs: Any) -> int:
        """Run it with these inputs; the stub ends with `code` and writes this verdict."""
        stub = self.folder / "bin" / "release-sentinel"
        document = "" if verdict is None else f"echo '{json.dumps({'verdict': verdict})}' > \"$6\"\n"
        stub.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > argv\n{document}exit {code}\n', encoding="utf-8")
        stub.chmod(0o755)
        (script := self.folder / "script.sh").write_text(STEPS[1]["run"], encoding="utf-8")
        given = {"env": "prod", "version": "v1.0.0", "policy": "", "token": "", "args": "", **inputs}
        environ = {
            "PATH": os.pathsep.join([str(self.folder / "bin"), os.environ["PATH"]]),
            "RUNNER_TEMP": str(self.folder / "temp"),
            "GITHUB_OUTPUT": str(self.folder / "output"),
            **{f"INPUT_{name.upper()}": value for name, value in given.items()},
        }
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
        done = subprocess.run(command, cwd=self.folder, env=environ, capture_output=True, check=False)
        return done.returncode

    @property
    def argv(self) -> list[str]:
        """What the gate was called with, the verdict file left out."""
        words = (self.folder / "argv").read_text(encoding="utf-8").splitlines()
        assert words[4] == "--gate-verdict"
        return words[:4] + words[6:]

    @property
    def outputs(self) -> list[str]:
        """What the step tells later ones."""
        return (self.folder / "output").read_text(encoding="utf-8").splitlines()


@pytest.fixture
def step(tmp_path: Path) -> Step:
    """The step, in a folder of its own."""
    return Step(tmp_path)


@pytest.mark.parametrize(
    ("code", "verdict"), [(0, "SAFE"), (1, "BLOCKED"), (2, "CRITICAL"), (130, "INCOMPLETE"), (0, "PARTIAL SAFE")]
)
def test_code_and_verdict_are_handed_on(step: Step, code: int, verdict: str) -> None:
    """As outputs, and as the step's own exit code; nothing stays behind."""
    assert step.run(code, verdict) == code
    assert step.outputs == [f"verdict={verdict}", f"exit-code={code}"]
    assert not list((step.folder / "temp").iterdir())


def test_without_a_verdict_it_is_incomplete(step: Step) -> None:
    """A gate that could not even begin."""
    assert step.run(1, None) == 1
    assert step.outputs == ["verdict=INCOMPLETE", "exit-code=1"]


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({}, []),
        ({"policy": "ci/a b.toml"}, ["--gate-policy", "ci/a b.toml"]),
        ({"preview": "true"}, ["--gate-preview"]),
        ({"preview": "false"}, []),
        ({"args": "--gate-strict\n -k 'a or b'\n"}, ["--gate-strict", "-k", "a or b"]),
        (
            {"args": "$(touch pwned) `touch pwned` ; touch *"},
            ["$(touch", "pwned)", "`touch", "pwned`", ";", "touch", "*"],
        ),
    ],
    ids=["none", "policy", "preview", "no preview", "arguments", "hostile"],
)
def test_inputs_become_arguments(step: Step, inputs: dict[str, Any], words: list[str]) -> None:
    """Each word one; none is run."""
    assert step.run(**inputs) == 0
    assert step.argv == ["--env", "prod", "--version", "v1.0.0", *words]
    assert not (step.folder / "pwned").exists()


@pytest.mark.parametrize("version", ["v1$(touch pwned)", "v1;touch pwned", "v1 v2", "", "*"])
def test_a_version_stays_one_word(step: Step, version: str) -> None:
    """Also a blank, which the gate then refuses."""
    assert step.run(version=version) == 0
    assert step.argv == ["--env", "prod", "--version", version]
    assert not (step.folder / "pwned").exists()


def test_arguments_that_cannot_be_read_fail(step: Step) -> None:
    """An open quote must not lose what stands behind it."""
    assert step.run(args="--gate-strict '-k") == 1
    assert not (step.folder / "argv").exists()


WORKFLOW = """\
on: push
jobs:
  gate:
    runs-on: ubuntu-latest
    defaults: {run: {shell: bash}}
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1
      - id: safe
        uses: ./.github/actions/gate
        env: &settings
          RS_DEPLOY_TOKEN: ${{ secrets.RS_DEPLOY_TOKEN }}
        with: &release
          env: prod
          version: v1.0.0
          args: --junitxml=gates.xml --gate-verdict=verdict.json
      - run: release-sentinel verify verdict.json --env prod --version v1.0.0 --commit "$GITHUB_SHA"
      - run: echo "changed" >> README.md
      - id: blocked
        continue-on-error: true
        uses: ./.github/actions/gate
        env: *settings
        with: *release
      - if: always()
        env:
          SAFE: ${{ steps.safe.outcome }} ${{ steps.safe.outputs.verdict }} ${{ steps.safe.outputs.exit-code }}
          BLOCKED: >-
            ${{ steps.blocked.outcome }} ${{ steps.blocked.outputs.verdict }} ${{ steps.blocked.outputs.exit-code }}
        run: echo "seen $SAFE, then $BLOCKED"
"""


@pytest.fixture
def act(tmp_path: Path) -> Iterator[Act]:
    """The program that runs workflows as GitHub does."""
    with find_act(tmp_path) as found:
        yield found


@pytest.fixture
def clone(tmp_path: Path) -> Repo:
    """A repository with this project in it, on main and pushed."""
    repo = make_repo(tmp_path / "clone")
    for name in ("src", "gate_tests", ".github/actions"):
        shutil.copytree(ROOT / name, repo.path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "conftest.py", ".gitignore"):
        shutil.copy(ROOT / name, repo.path)
    repo.commit(".github/workflows/try.yml", WORKFLOW)
    repo.add_remote(tmp_path / "origin.git")
    return repo


@pytest.mark.sweep
def test_it_runs(act: Act, clone: Repo, settings: dict[str, str]) -> None:
    """By act: SAFE, and after a change of the tree BLOCKED; both are told as outputs, annotations and summary."""
    done = _run(act, clone, settings)
    assert done.code == 0, done.out
    assert "seen success SAFE 0, then failure BLOCKED 1" in done.out, done.out
    assert "SAFE: v1.0.0 may go to prod, says verdict.json" in done.out
    assert "## SAFE (exit 0): v1.0.0 may go to prod" in done.out
    assert "## BLOCKED (exit 1): v1.0.0 must not go to prod" in done.out
    assert "[POLICY] clean-tree" in done.out
    assert SECRET not in done.out


def _run(
    act: Act, clone: Repo, settings: dict[str, str], *words: str, workflow: str = "try", **given: dict[str, str]
) -> Run:
    """Run a workflow, with a Python of its own that installs the package without a network."""
    venv.create(act.folder / "venv", with_pip=False)
    site = next((act.folder / "venv" / "lib").glob("python*/site-packages"))
    (site / "borrowed.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    offline = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0"}  # pip reads the latter the other way round
    env = {**offline, **settings}
    secrets = {"RS_DEPLOY_TOKEN": env.pop("RS_DEPLOY_TOKEN")}
    path = act.folder / "venv" / "bin"
    file = f".github/workflows/{workflow}.yml"
    return act.run(file, *words, cwd=clone.path, path=path, env=env, secret=secrets, **given)


# Stands in for the actions that prepare a machine or keep a file: without a network, act cannot fetch them.
STUB = """\
name: stub
inputs: {name: {default: ""}, path: {default: ""}}
runs:
  using: composite
  steps:
    - shell: bash
      run: if [ "$NAME" = dist ]; then mkdir -p "$KEPT" && cp "$FROM"* "$KEPT"; fi
      env: {NAME: "${{ inputs.name }}", FROM: "${{ inputs.path }}"}
"""


def _prepare_release(clone: Repo, forge: str) -> None:
    """Tag this project's release in a clone whose policy names a forge on this machine."""
    shutil.copy(ROOT / ".github" / "workflows" / "release.yml", clone.path / ".github" / "workflows")
    policy = (ROOT / ".github" / "release-sentinel.toml").read_text(encoding="utf-8")
    place = f'kind = "github"\nurl = "{forge}"\nrepository = "acme/shop"\n'
    (clone.path / ".github" / "release-sentinel.toml").write_text(policy + place, encoding="utf-8")
    clone.git("add", ".github")
    clone.commit("event.json", json.dumps({"ref": f"refs/tags/v{__version__}"}))
    clone.git("tag", f"v{__version__}")
    clone.git("push", "--quiet", "origin", "main", f"v{__version__}")


@pytest.mark.sweep  # `test_it_runs` starts act
def test_a_release_is_built_once_the_owner_says_so(act: Act, clone: Repo, settings: dict[str, str]) -> None:
    """By act, for a tag of a tested commit: the gate and the build run with the variable, and nothing without it."""
    forge = GitHubWith("")
    with served(forge) as url:
        _prepare_release(clone, url)
        forge.commit_there = clone.head
        (act.folder / "stub").mkdir()
        (act.folder / "stub" / "action.yml").write_text(STUB, encoding="utf-8")
        release = (clone.path / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
        others = set(re.findall(r"uses: (actions/(?!checkout)\S+)", release))
        words = [word for use in others for word in ("--local-repository", f"{use}={act.folder / 'stub'}")]
        words += ["--job", "build", "--eventpath", "event.json", "--env", f"KEPT={act.folder / 'dist'}"]
        variables = {name: settings[name] for name in ("RS_API_URL", "RS_REQUIRED_PROCESS")}
        off = _run(act, clone, settings, *words, workflow="release", var=variables)
        assert (off.code, "Judge the release" in off.out) == (0, False), off.out
        variables["RELEASE_ENABLED"] = "true"
        forge.run("Lint and tests", conclusion="failure")
        untested = _run(act, clone, settings, *words, workflow="release", var=variables)
        assert untested.code
        assert "Lint and tests (failure)" in untested.out
        assert not (act.folder / "dist").exists()
        forge.run("Lint and tests")
        on = _run(act, clone, settings, *words, workflow="release", var=variables)
    assert on.code == 0, on.out
    assert f"SAFE (exit 0): v{__version__} may go to prod" in on.out
    names = {path.name for path in (act.folder / "dist").iterdir()}
    assert names == {f"release_sentinel-{__version__}{end}" for end in ("-py3-none-any.whl", ".tar.gz")}
