"""`release-sentinel init`: what it writes is valid, works at once, and stands in no one's place."""

import re
import subprocess
import sysconfig
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from release_sentinel.cli import main
from release_sentinel.commands.init import SYSTEMS, contents
from release_sentinel.deliver.kubernetes.manifest import USER
from tests.conftest import Sentinel

ROOT = Path(__file__).parents[2]
ALWAYS = {"release-sentinel.toml", ".release-sentinel/schema.json", "gate_tests/test_example.py"}
PIPELINES = {
    "github": {".github/workflows/release-gate.yml"},
    "gitlab": {".gitlab-ci.yml"},
    "jenkins": {"Jenkinsfile"},
    "azure": {"azure-pipelines.yml"},
    "kubernetes": {"deploy/release-gate/Containerfile", "deploy/release-gate/job.yaml"},
    "argocd": {"deploy/release-gate/Containerfile", "deploy/release-gate/presync.yaml"},
    "helm": {"deploy/release-gate/Containerfile"}
    | {f"chart/{name}" for name in ("Chart.yaml", "values.yaml", "templates/release-gate.yaml")},
}


def init(folder: Path, *words: str) -> int:
    """Run the command for a folder."""
    return main(("init", *words, "--gate-repo", str(folder)))


def files(folder: Path) -> set[str]:
    """Return the paths of all files in a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("system", SYSTEMS)
def test_it_writes_and_shows_the_files(capsys: pytest.CaptureFixture[str], tmp_path: Path, system: str) -> None:
    """Policy, a gate, and the pipeline of one system."""
    assert init(tmp_path, system) == 0
    assert files(tmp_path) == ALWAYS | PIPELINES[system]
    *said, kind, following = capsys.readouterr().out.splitlines()
    written = [f"written: {tmp_path / name}" for name in contents(system)]
    assert said[: len(written)] == written
    assert said[len(written)].startswith("install: ")
    assert kind == "policy: of the kind library, as it looks; --kind names another"
    assert following.startswith("next: ")


def test_without_a_system_there_is_no_pipeline(tmp_path: Path) -> None:
    """Policy and gate stand alone."""
    assert init(tmp_path) == 0
    assert files(tmp_path) == ALWAYS


def test_the_folder_is_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its top, from wherever in it one calls; outside of any, where one stands."""
    subprocess.run(["git", "init", "--quiet", str(tmp_path / "shop")], check=True)
    (tmp_path / "shop" / "app").mkdir()
    (tmp_path / "plain").mkdir()
    for here, top in (("shop/app", "shop"), ("plain", "plain")):
        monkeypatch.chdir(tmp_path / here)
        assert main(("init",)) == 0
        assert files(tmp_path / top) >= ALWAYS


def test_nothing_is_written_over_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """If a pipeline is there none is written, and it is named; a link that leads nowhere is one."""
    (tmp_path / "release-sentinel.toml").write_text("deadline = 5\n")
    (tmp_path / ".gitlab-ci.yml").symlink_to("nowhere")
    assert init(tmp_path, "gitlab") == 1
    assert files(tmp_path) == {"release-sentinel.toml"}
    assert (tmp_path / "release-sentinel.toml").read_text() == "deadline = 5\n"
    said = f"in {tmp_path} there is already .gitlab-ci.yml; nothing was written: --force replaces, --print shows"
    assert capsys.readouterr() == ("", f"release-sentinel: {said}\n")


EDITED = 'version.prefix = "rel-"\nrequired.secrets = ["OWN_TOKEN"]\n'


@pytest.mark.parametrize("force", [(), ("--force",)])
@pytest.mark.parametrize("component", ["", "web"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_a_policy_that_is_there_stays(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, system: str, component: str, force: tuple[str, ...]
) -> None:
    """The pipeline alone is written, for the prefix and the secrets of that policy."""
    policy = tmp_path / component / ("release.toml" if component else "release-sentinel.toml")
    policy.parent.mkdir(exist_ok=True)
    policy.write_text(EDITED, encoding="utf-8")
    assert init(tmp_path, system, *(("--component", component) if component else ()), *force) == 0
    assert policy.read_text(encoding="utf-8") == EDITED
    written = files(tmp_path) - {str(policy.relative_to(tmp_path))}
    assert not written & ALWAYS
    assert len(written) == len(PIPELINES[system])
    text = "".join((tmp_path / name).read_text(encoding="utf-8") for name in written)
    assert system == "helm" or re.search(r"\brel-", text)  # a chart has the version in its values
    assert ("OWN_TOKEN" in text) == (system in {"github", "gitlab", "jenkins", "azure"})
    assert not component or "web/release.toml" in text
    assert "policy: kept as it is; only the pipeline was written" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "there is already release-sentinel.toml"),
        (("github", "--process", "shop"), "there is already release-sentinel.toml"),
    ],
)
def test_a_new_policy_replaces_none(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    """Without a system, or with what a policy says, a policy is wanted; one is there."""
    (tmp_path / "release-sentinel.toml").write_text(EDITED, encoding="utf-8")
    assert init(tmp_path, *words) == 1
    assert said in capsys.readouterr().err
    assert files(tmp_path) == {"release-sentinel.toml"}


def test_a_policy_that_cannot_be_read_stops_the_pipeline(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Its pipeline would be for a guessed prefix."""
    (tmp_path / "release-sentinel.toml").write_text("deadline = [\n", encoding="utf-8")
    assert init(tmp_path, "github") == 1
    assert "release-sentinel.toml" in capsys.readouterr().err
    assert files(tmp_path) == {"release-sentinel.toml"}


@pytest.mark.parametrize("system", ["", "github", "kubernetes", "argocd"])
def test_every_component_has_its_own_files(tmp_path: Path, system: str) -> None:
    """A second one stops neither at an edited example nor at the schema of an older version."""
    for name in ("api", "web"):
        (tmp_path / name).mkdir()
        assert init(tmp_path, *filter(None, [system]), "--component", name) == 0
        (tmp_path / "gate_tests/test_example.py").write_text("# edited\n", encoding="utf-8")
        (tmp_path / ".release-sentinel/schema.json").write_text("{}\n", encoding="utf-8")
    assert (tmp_path / "gate_tests/test_example.py").read_text(encoding="utf-8") == "# edited\n"
    owned = [name for name in files(tmp_path) if "web" in name]
    assert len(owned) == (2 if system else 1)


def test_force_replaces(tmp_path: Path) -> None:
    """Whoever says so gets the templates."""
    (tmp_path / "Jenkinsfile").write_text("old")
    assert init(tmp_path, "jenkins", "--force") == 0
    assert (tmp_path / "Jenkinsfile").read_text(encoding="utf-8").startswith("// Decides")


def test_print_writes_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The files are shown, each below its name."""
    assert init(tmp_path, "azure", "--print") == 0
    out = capsys.readouterr().out
    assert re.findall(r"^# --- (.*)", out, re.MULTILINE) == list(contents("azure"))
    assert not files(tmp_path)


def test_a_policy_in_pyproject_is_no_second_one(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """It would stop every run."""
    (tmp_path / "pyproject.toml").write_text("[tool.release-sentinel]\ndeadline = 5\n")
    assert init(tmp_path) == 1
    assert "pyproject.toml has a policy already" in capsys.readouterr().err
    assert files(tmp_path) == {"pyproject.toml"}


def test_what_says_the_same_is_no_obstacle(tmp_path: Path) -> None:
    """A second pipeline, or a second component, finds the files that all share."""
    assert init(tmp_path, "jenkins") == 0
    assert init(tmp_path, "azure") == 0
    assert files(tmp_path) == ALWAYS | PIPELINES["jenkins"] | PIPELINES["azure"]


def test_a_folder_that_cannot_be_written(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The file and the reason are told."""
    (tmp_path / "gate_tests").write_text("a file")
    assert init(tmp_path) == 1
    assert f"{tmp_path}/gate_tests/test_example.py cannot be written: File exists" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("travis",), "argument CI: invalid choice: 'travis'"),
        (("--kind", "app"), "argument --kind: invalid choice: 'app'"),
        (("--kind", "site", "--component", "a"), "--component is for --kind monorepo, not for site"),
        (("github", "https://kim:pw-of-kim@h.example/x"), "unrecognized arguments: https://h.example/x"),
        (("github", "--vendor", "https://kim:pw-of-kim@h.example/x.whl"), "--vendor takes the path of a wheel"),
        (("--api", "shop"), "--api is not a URL such as"),
        (("--api", "https://kim:secret@api.example.com"), "--api has a credential in it"),
        (("--gate-repo", "/none"), "argument --gate-repo: '/none' is not a folder"),
        (("github", "--chart", "chart"), "--chart is for `init helm`"),
    ],
)
def test_a_mistake_exits_1(capsys: pytest.CaptureFixture[str], words: tuple[str, ...], error: str) -> None:
    """It says what there is."""
    with pytest.raises(SystemExit) as ended:
        main(("init", *words))
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert f"error: {error}" in said
    assert not re.search("pw-of-kim", said)


CHART = 'apiVersion: v2\nname: own\nversion: 1.0.0\nappVersion: "v1.0.0"\n'


def _charts(top: Path, *folders: str) -> None:
    for folder in folders:
        (top / folder).mkdir(parents=True, exist_ok=True)
        (top / folder / "Chart.yaml").write_text(CHART, encoding="utf-8")


def _helm_files(top: Path) -> set[str]:
    return {name for name in files(top) if name.endswith((".yaml", ".yml"))}


@pytest.mark.parametrize(
    ("there", "words", "folder"),
    [
        ((), (), "chart"),
        ((".",), (), "."),
        ((), ("--chart", "deploy/./shop/"), "deploy/shop"),
        (("charts/shop", "charts/shop/charts/redis", "web/node_modules/x/chart"), (), "charts/shop"),
        (("charts/shop", "charts/web"), ("--chart", "charts/web"), "charts/web"),
        (("charts/shop",), ("--chart", "charts/new"), "charts/new"),
    ],
)
def test_the_folder_of_the_chart(tmp_path: Path, there: tuple[str, ...], words: tuple[str, ...], folder: str) -> None:
    """The one that is there, or that is named; subcharts are another's. No chart that is there is changed."""
    _charts(tmp_path, *there)
    assert init(tmp_path, "helm", *words) == 0
    new = {str(Path(folder, name)) for name in ("Chart.yaml", "values.yaml", "templates/release-gate.yaml")}
    assert _helm_files(tmp_path) == new | {str(Path(other, "Chart.yaml")) for other in there}
    assert all((tmp_path / other / "Chart.yaml").read_text(encoding="utf-8") == CHART for other in there)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ((), "there are 2 charts: name one by --chart (charts/shop, charts/web)"),
        (("--chart", "../shop"), "--chart '../shop' is not in the repository: name a folder from its top"),
        (("--chart", "/srv/chart"), "--chart '/srv/chart' is not in the repository: name a folder from its top"),
        (("--chart", ""), "--chart '' is not in the repository: name a folder from its top"),
    ],
)
def test_a_chart_that_cannot_be_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, words: tuple[str, ...], error: str
) -> None:
    """Nothing is written."""
    _charts(tmp_path, "charts/shop", "charts/web")
    assert init(tmp_path, "helm", *words) == 1
    assert error in capsys.readouterr().err
    assert len(files(tmp_path)) == 2


def test_the_values_of_a_chart_stay(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """What is to be added to them is shown, unless it is there; --force replaces the hook alone."""
    _charts(tmp_path, "chart")
    values = tmp_path / "chart" / "values.yaml"
    for text, told in (("image: ours\n", True), ("releaseGate: {env: prod}\n", False)):
        values.write_text(text, encoding="utf-8")
        assert init(tmp_path, "helm", "--force") == 0
        assert values.read_text(encoding="utf-8") == text
        assert (f"add to {values}:\n# The gate" in capsys.readouterr().out) == told


def test_a_chart_that_cannot_be_read(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Its file is named, and nothing is written."""
    _charts(tmp_path, "chart")
    (tmp_path / "chart" / "values.yaml").write_text("a: [", encoding="utf-8")
    assert init(tmp_path, "helm") == 1
    assert f"{tmp_path}/chart/values.yaml cannot be read: " in capsys.readouterr().err
    assert len(files(tmp_path)) == 2


def test_the_scaffold_passes_its_own_gates(sentinel: Sentinel) -> None:
    """At once, by both commands' gates; and its example holds back what it says."""
    assert init(sentinel.repo.path, "github") == 0
    sentinel.repo.git("add", "--all")
    sentinel.repo.git("commit", "--quiet", "--message", "Judge releases")
    passed = sentinel.pytest()
    assert passed.code == 0, passed.out
    assert passed.statuses["no-work-in-progress"] == "OK"
    sentinel.repo.git("commit", "--quiet", "--allow-empty", "--message", "WIP")
    failed = sentinel("--gate-partial", "-k", "progress")
    assert failed.code == 1
    assert "[POLICY] no-work-in-progress: the released commit is called 'WIP'" in failed.block


def _lint(tool: str, *arguments: str | Path) -> None:
    program = Path(sysconfig.get_path("scripts")) / tool
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


SCHEMAS = {"github": "vendor.github-workflows", "gitlab": "vendor.gitlab-ci", "azure": "vendor.azure-pipelines"}
MANIFESTS = ("kubernetes", "argocd")


def test_every_system_is_validated() -> None:
    """By the schema of its vendor, by Kubernetes' own, or by what runs it."""
    assert {*SCHEMAS, *MANIFESTS, "jenkins", "helm"} == set(SYSTEMS)


@pytest.mark.sweep
@pytest.mark.parametrize(("system", "schema"), SCHEMAS.items())
def test_the_pipeline_follows_its_schema(tmp_path: Path, system: str, schema: str) -> None:
    """The vendor's own."""
    init(tmp_path, system)
    (pipeline,) = PIPELINES[system]
    # Azure's patterns are written for regular expressions without the flag u.
    _lint("check-jsonschema", "--regex-variant", "nonunicode", "--builtin-schema", schema, tmp_path / pipeline)


def test_the_workflow_is_sound(tmp_path: Path) -> None:
    """Linters find nothing, and its actions are pinned as this project's own."""
    init(tmp_path, "github")
    (workflow,) = (tmp_path / name for name in PIPELINES["github"])
    _lint("actionlint", "-shellcheck=", "-pyflakes=", workflow)
    _lint("zizmor", "--offline", "--no-progress", "--no-config", workflow)
    own = (ROOT / ".github" / "workflows" / "release-sentinel.yml").read_text(encoding="utf-8")
    used = re.findall(r"uses: (.*)", workflow.read_text(encoding="utf-8"))
    assert len(used) == 3
    assert set(used) <= set(re.findall(r"uses: (.*)", own))


@pytest.mark.parametrize("system", SCHEMAS)
def test_no_pipeline_hides_the_exit_code(system: str) -> None:
    """No pipe follows the gate, and nothing may fail unseen."""
    (pipeline,) = PIPELINES[system]
    text = contents(system)[pipeline]
    (line,) = re.findall(r"release-sentinel --env .*", text)
    assert re.fullmatch(r'release-sentinel --env prod --version "\$\w+" [^|;&]*( \|\| code=\$\?)?', line)
    assert not re.search(r"allow_failure|continue-?on-?error", text, re.IGNORECASE)


def test_the_jenkinsfile_is_balanced() -> None:
    """Every bracket and quote is closed; the shell sees variables, and Groovy puts none into a script."""
    text = contents("jenkins")["Jenkinsfile"]
    plain = re.sub(r"(?m)^ *//.*", "", text)
    scripts = re.findall(r"'([^'\n]*)'", plain)
    bare = re.sub(r"'[^'\n]*'|\"[^\"\n]*\"", "", plain)
    assert not set(bare) & {"'", '"'}
    while (shorter := re.sub(r"\([^(){}\[\]]*\)|\{[^(){}\[\]]*\}|\[[^(){}\[\]]*\]", "", bare)) != bare:
        bare = shorter
    assert not set(bare) & set("(){}[]")
    assert sum("bin/release-sentinel" in script and '"$RELEASE"' in script for script in scripts) == 1
    for script in (script for script in scripts if "$WORKSPACE_TMP" in script):
        assert subprocess.run(["bash", "-n", "-c", script], check=False).returncode == 0


@pytest.mark.parametrize("system", MANIFESTS)
def test_the_manifest_is_valid(system: str) -> None:
    """By Kubernetes' own schema."""
    (name,) = (name for name in PIPELINES[system] if name.endswith(".yaml"))
    document = yaml.safe_load(contents(system)[name])
    kubernetes_validate.validate(document, "1.33", strict=True)
    hooks = {"kubernetes": "", "argocd": "argocd.argoproj.io/hook"}
    assert hooks[system] in {"", *document["metadata"].get("annotations", {})}


def test_the_container_file_needs_no_root() -> None:
    """The user that the Job runs as, by number; a program and no shell; nothing of the build stays."""
    lines = contents("kubernetes")["deploy/release-gate/Containerfile"].splitlines()
    words = [line.split(maxsplit=1) for line in lines if line[:1].isupper()]
    last = dict(words)
    assert last["USER"] == f"{USER}:{USER}"
    assert last["ENTRYPOINT"] == '["release-sentinel"]'
    assert last["WORKDIR"] == "/repo"
    assert [word for word, _ in words].count("FROM") == 2
    assert not {"ADD", "ARG"} & set(last)
    assert any("git" in line for line in lines)


@pytest.mark.parametrize("gates", ['checks = ["required"]', "approvals = 1", 'blockers = ["release-blocker"]'])
def test_gates_that_ask_the_forge_get_what_they_need(tmp_path: Path, gates: str) -> None:
    """The job may read what they ask for, and nothing more; without such gates it may read contents alone."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "release-sentinel.toml").write_text(f"[forge]\n{gates}\n", encoding="utf-8")
    assert init(tmp_path, "github", "--install", "release-sentinel==1.0.0") == 0
    workflow = tmp_path / ".github/workflows/release-gate.yml"
    job = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]["gate"]
    asked = {"contents", "checks", "statuses", "actions", "pull-requests", "issues"}
    assert job["permissions"] == dict.fromkeys(asked, "read")
    assert next(step for step in job["steps"] if "GITHUB_TOKEN" in step.get("env", {}))["id"] == "gate"
    _lint("actionlint", "-shellcheck=", "-pyflakes=", workflow)
    assert init(tmp_path, "gitlab", "--install", "release-sentinel==1.0.0") == 0
    assert "GITLAB_TOKEN" in (tmp_path / ".gitlab-ci.yml").read_text(encoding="utf-8")
    plain = contents("github")[".github/workflows/release-gate.yml"]
    assert yaml.safe_load(plain)["jobs"]["gate"]["permissions"] == {"contents": "read"}
