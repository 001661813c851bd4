"""The README agrees with the code: its tables, its options, its examples."""

import re
import shlex
import sys
import tomllib
from functools import reduce
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from release_sentinel import gates
from release_sentinel.cli import main
from release_sentinel.commands.init import SYSTEMS
from release_sentinel.config.load import load
from release_sentinel.config.model import Policy
from release_sentinel.config.read import is_record, keys
from release_sentinel.config.variables import VARIABLES, Variable
from tests.conftest import Sentinel, run

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
REQUIRED = {"RS_REQUIRED_PROCESS", "RS_API_URL"}


def row(variable: Variable) -> str:
    """Return the README's row for a variable."""
    value: Any = reduce(getattr, variable.path.split("."), Policy())
    text = (
        ",".join(map(str, value)) if isinstance(value, tuple) else f"{value:g}" if isinstance(value, float) else value
    )
    shown = f"`{str(text).lower() if isinstance(value, bool) else text}`" if value not in {"", ()} else ""
    return f"| `{variable.name}` | {'(required)' if variable.name in REQUIRED else shown} | {variable.meaning} |"


def blocks(language: str) -> list[str]:
    """Return the README's code blocks in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_the_gate_table_is_the_code_s() -> None:
    """The table of gates stands in the README as `explain` prints it."""
    assert gates.table() in README


def test_the_variables_are_the_code_s() -> None:
    """The table of variables has a row for each, with its default, and no other."""
    rows = [line for line in README.splitlines() if line.startswith("| `RS_")]
    token = "| `RS_DEPLOY_TOKEN` | (required) | the secret that deploys; asked for, never shown |"
    assert rows == [*(row(variable) for variable in VARIABLES[:2]), token, *(row(entry) for entry in VARIABLES[2:])]


def test_the_example_policy_is_one(tmp_path: Path) -> None:
    """The README's policy file is read as printed, for each environment, and every key of the model stands in it."""
    (source,) = blocks("toml")
    (tmp_path / "release-sentinel.toml").write_text(source, encoding="utf-8")
    policies = {env: load({}, repository=tmp_path, env=env, gates=gates.IDS).policy for env in ("dev", "stage", "prod")}
    assert [policy.disk.crit for policy in policies.values()] == [85, 85, 80]
    assert [len(policy.freezes) for policy in policies.values()] == [0, 3, 3]
    assert policies["dev"].version.prereleases
    document = tomllib.loads(source)
    assert set(document) == {*keys(Policy), "env"}
    for section, (_, kind) in keys(Policy).items():
        if is_record(kind):
            assert set(document[section]) == set(keys(kind))


def test_every_option_is_told(tmp_path: Path) -> None:
    """Each `--gate-` option of the help stands in the README, and the other way round."""
    told = run(sys.executable, "-m", "release_sentinel", "--help", cwd=tmp_path).out
    assert set(re.findall(r"--gate-[a-z]+", README)) == set(re.findall(r"--gate-[a-z]+", told))


def test_every_system_of_init_is_told() -> None:
    """Each has a page, in the order of the help."""
    assert tuple(dict.fromkeys(re.findall(r"`release-sentinel init ([a-z]+)`", README))) == SYSTEMS


def test_the_job_is_printed_as_told(capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints a valid Job, and the page waits for that very Job."""
    (script,) = (block for block in blocks("sh") if "kubernetes job" in block)
    command, _, _ = script[script.index("release-sentinel kubernetes job") :].partition("|")
    assert main(shlex.split(command.replace("\\\n", ""))[1:]) == 0
    job = yaml.safe_load(capsys.readouterr().out)
    kubernetes_validate.validate(job, "1.33", strict=True)
    assert f"\nrelease-sentinel kubernetes wait {job['metadata']['name']}\n" in script


def test_the_action_is_used_as_it_is() -> None:
    """Inputs and outputs of the example are the action's."""
    action = yaml.safe_load((ROOT / ".github/actions/gate/action.yml").read_text(encoding="utf-8"))
    (source,) = (block for block in blocks("yaml") if "actions/gate" in block)
    (step,) = (step for step in yaml.safe_load(source) if step.get("id") == "gate")
    assert {"env", "version"} <= set(step["with"]) <= set(action["inputs"])
    assert set(re.findall(r"outputs\.([a-z-]+)", source)) <= set(action["outputs"])


def test_every_exit_code_is_told(tmp_path: Path) -> None:
    """The exit codes of the help stand in the README's table."""
    told = run(sys.executable, "-m", "release_sentinel", "--help", cwd=tmp_path).out
    codes = re.findall(r"^  (\d[\d, ]*\d|\d) {2,}", told.partition("exit codes:")[2], re.MULTILINE)
    assert codes == ["0", "1", "2", "130, 143"]
    assert all(f"\n| {code} |" in README for code in codes)


def test_the_example_gates_run(sentinel: Sentinel) -> None:
    """The README's own gates work as printed: they pass, and without the release's notes the run is BLOCKED."""
    (source,) = blocks("python")
    sentinel.repo.write("CHANGELOG.md", "# v1.0.0\n")
    sentinel.repo.write("gate_tests/test_announced.py", source)
    sentinel.repo.commit()
    passed = sentinel()
    assert passed.code == 0, passed.out
    assert {"release-notes", "queue"} <= set(passed.statuses)
    sentinel.repo.commit("CHANGELOG.md", "# nothing\n")
    failed = sentinel()
    assert failed.code == 1
    assert "[POLICY] release-notes: CHANGELOG.md does not mention v1.0.0" in failed.block


def test_the_output_is_the_demonstration_s(tmp_path: Path) -> None:
    """What the README shows of a blocked run is what `release-sentinel demo` prints."""
    shown = next(text for text in blocks("text") if "BLOCKED" in text)
    demo = run(sys.executable, "-m", "release_sentinel", "demo", cwd=tmp_path)
    assert demo.code == 0
    assert shown in demo.out


@pytest.mark.parametrize(
    "fixture", re.findall(r"^\| ((?:`\w+`,? ?)+) \|", README.partition("| fixture |")[2], re.MULTILINE)
)
def test_the_fixtures_exist(fixture: str) -> None:
    """Every fixture of the README's table is one of the plugin's."""
    from release_sentinel.plugin import fixtures

    assert all(hasattr(fixtures, name) for name in re.findall(r"`(\w+)`", fixture))
