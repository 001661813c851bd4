"""A policy that would not be read is refused, and what only looks like one is left alone."""

import json
import os
from pathlib import Path

import pytest

from release_sentinel.arguments import GATE_FOLDER
from release_sentinel.config.file import Source, find, read
from release_sentinel.config.unread import FOLDERS
from release_sentinel.errors import InvalidPolicyError
from tests.conftest import Sentinel

OWN = "release-sentinel.toml"
TOML = "[disk]\ncrit = 60\n"
YAML = "disk:\n  crit: 60\n"
JSON = '{"disk": {"crit": 60}, "deadline": 60}'
INI = "[disk]\ncrit = 60\n"
MISNAMED = {
    # one slip in the name, or in its ending
    "release-sentinal.toml": TOML,
    "relese-sentinel.toml": TOML,
    "release-sentinell.toml": "",
    "realese-sentinel.toml": "not TOML",
    "release-sentinel.tmol": TOML,
    "release-sentinels.toml": TOML,
    # another language
    "release-sentinel.yaml": YAML,
    "release-sentinel.yml": YAML,
    ".release-sentinel.yml": f"# ours\n{YAML}",
    "release-sentinel.json": JSON,
    "release-sentinel.ini": INI,
    "release-sentinel.cfg": INI,
    "release-sentinel.conf": TOML,
    "release_sentinal.yaml": "env:\n  prod:\n    deadline: 60\n",
    "release-sentinel": TOML,
    ".release-sentinel": YAML,
    ".release-sentinelrc": TOML,
    "Release-Sentinel.YAML": "release-sentinel:\n  disk:\n    crit: 60\n  memory: {crit: 60}\n",
    # more words
    "release-sentinel-policy.toml": TOML,
    "release-sentinel.prod.toml": TOML,
    "prod.release-sentinel.toml": TOML,
    "release-sentinel-dev.toml": "[disk\n",
    "release-sentinel.policy.yaml": YAML,
    "shop-release-sentinel.toml": "deadline = 60\nmisspelt = 1\n",
    "release-sentinel-pyproject.toml": f"[tool.release-sentinel]\n{TOML.replace('[disk]', 'disk.warn = 5')}",
    "sentinel.toml": TOML,
    ".sentinel.toml": TOML,
    "release-policy.toml": TOML,
    # with few keys of ours, or none
    "release-sentinel.yaml ": "environments:\n  prod:\n    branches: [release]\n",
    "release-sentinel.json ": json.dumps({"environments": {"prod": {"branches": ["release"]}}}),
    "release-sentinel.ini ": "[prod]\nbranches: release\n",
    ".release-sentinel.yml ": "prod: {branches: [main]}\ntest: {branches: [main]}\n",
    "release-sentinel-config.yml": "limits: {disk: 60}\n",
    "release-sentinel-policy.conf": "[limits]\ndisk = 60\n",
    # files that tools share
    "setup.cfg": "[metadata]\nname = shop\n[release-sentinel]\ndeadline = 60\n",
    "tox.ini": "[tox]\n[tool:release-sentinel]\ndeadline = 60\n",
    "setup.cfg ": "[metadata]\nname = shop\n[tool:release-sentinel]\nbranches = main\n  release\n",
    "tox.ini ": "[tox]\n[release-sentinel:prod]\nbranches: main\n",
    "pytest.ini": "[pytest]\naddopts = -q\n[release-sentinel]\n",
    "package.json ": json.dumps({"name": "shop", "release-sentinel": {"environments": {"prod": {}}}}),
    "package.json": json.dumps({"name": "shop", "release-sentinel": {"deadline": 60}}),
}
MISPLACED = [*(f"{folder}/{OWN}" for folder in FOLDERS), ".release-sentinel/policy.toml", "release-sentinel/prod.toml"]
MISPLACED += [f"{folder}/release-sentinel/policy.toml" for folder in (".config", "config", ".github")]
FEW = "[environments.prod]\nbranches = ['release']\n"
MISNAMED |= dict.fromkeys((".config/release-sentinel/policy.toml ", "release-sentinel/policy.toml "), FEW)
MISNAMED[".config/release-sentinel.yaml "] = "environments:\n  prod: {branches: [main]}\n"
MISPLACED += [".config/release_sentinel.toml", ".github/sentinel.toml", ".config/release-sentinel.yaml"]


@pytest.mark.parametrize("name", [*MISNAMED, *MISPLACED])
def test_a_policy_that_is_not_read_is_refused(tmp_path: Path, name: str) -> None:
    """The message names the file and the one to write instead; also beside a policy that is read.

    A blank after a name tells it from the same one with other content.
    """
    file = tmp_path / name.strip()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(MISNAMED.get(name, YAML if name.endswith("yaml") else TOML), encoding="utf-8")
    for _ in range(2):
        with pytest.raises(InvalidPolicyError) as refusal:
            find(tmp_path)
        (problem,) = refusal.value.problems
        assert f"{file} is not read: " in problem
        assert OWN in problem.partition("is not read: ")[2]
        (tmp_path / OWN).write_text("", encoding="utf-8")


LOOK_ALIKES = {
    ".github/workflows/release-sentinel.yml": "on: push\nenv: {A: b}\njobs: {}\n",
    ".github/release-sentinel.yml": "name: gate\non: push\nenv:\n  DEADLINE: 5\njobs: {}\n",
    "docs/release-sentinel.md": TOML,
    "docs/release-sentinel.toml": TOML,
    "release-sentinel.md": TOML,
    "release-sentinel.lock": TOML,
    "release-sentinel.spec": TOML,
    "release-sentinel.log": TOML,
    "release-sentinel.service": "[Unit]\n[Service]\nExecStart=/bin/true\n",
    "release_sentinel-1.0-py3-none-any.whl": TOML,
    "release_sentinel.py": "disk = 5\n",
    "release-sentinel.sh": "deadline=60\n",
    "release-sentinel": "#!/bin/sh\ndeadline=60\nexec python -m release_sentinel\n",
    "release-sentinel.json": json.dumps(
        {"schema_version": 1, "tool": "x", "env": "prod", "version": "v1", "gates": []}
    ),
    "release-sentinel-report.json": json.dumps({"exitcode": 0, "release": {"env": "prod"}, "environment": {}}),
    "gates.xml": "<testsuites/>",
    "release-sentinel-values.yaml": "image: x\nenv:\n  - name: A\nmemory: {limit: 1Gi}\nversion: 1.0.0\n",
    "release-sentinel.yaml": "apiVersion: batch/v1\nkind: Job\nmetadata: {name: release-sentinel}\nspec: {}\n",
    "release-sentinel-compose.yml": "version: '3'\nservices: {}\n",
    "release-sentinel.broken.yaml": "a: [\n",
    "release-sentinel.yml": "on: push\njobs: {}\n",
    "release-sentinel.yml ": "build-it:\n  stage: build\n  script: [make]\nenvironments: x\n",
    "release-sentinel.yaml ": "services:\n  shop: {build: .}\n",
    "release-sentinel.yaml  ": "replicaCount: 2\nenv: {}\nimage: {tag: v1}\n",
    "release-sentinel.yaml   ": "- hosts: all\n  tasks: []\n",
    "release-sentinel.yaml    ": "just words\n",
    "release-sentinel.yaml     ": "# nothing yet\n",
    "release-sentinel.yaml      ": "[disk, memory]\n",
    "release-sentinel.json ": json.dumps({"openapi": "3.1.0", "info": {}, "paths": {}, "environments": {}}),
    "release-sentinel.json  ": json.dumps({"exitcode": 0, "tests": [], "environment": {}}),
    "release-sentinel.json   ": json.dumps([1, 2]),
    "release-sentinel.conf": 'RS_API_URL="https://example.com"\nRS_REQUIRED_PROCESS="shop"\n',
    "release-sentinel.conf ": "[program:release-sentinel]\ncommand = /bin/true\n",
    "release-sentinel.conf  ": "server {\n  listen 80;\n}\n",
    "release-sentinel.ini": "[Unit]\nDescription = x\n[Install]\n",
    "release-sentinel.toml.j2": "[disk]\ncrit = {{ crit }}\n",
    "release-sentinel.toml.tmpl": TOML,
    ".config/release-sentinel/policy.yaml": "apiVersion: v1\nkind: ConfigMap\n",
    ".config/release-sentinel/cache.json": json.dumps({"seen": {"a": 1}}),
    ".github/release-sentinel.yml ": "labels: {gate: red}\n",
    "tox.ini": "[testenv:release-sentinel]\ndeadline = 5\n[gh-actions]\nrelease-sentinel = 1\n",
    "setup.cfg ": "[options.extras_require]\nrelease-sentinel = release-sentinel\n",
    "values.yaml": "release-sentinel:\n  disk: {crit: 60}\n",
    "Dockerfile.release-sentinel": "FROM scratch\n",
    "release-sentinel.example.toml": TOML,
    "release-sentinel.toml.sample": TOML,
    "release-sentinel.toml.bak": TOML,
    "prerelease-sentinels.toml": "[app]\nname = 'x'\n",
    "sentinel.toml": "[disk]\npath = '/'\n[server]\nport = 1\n",
    "sentinel.conf": "port 26379\nsentinel monitor mymaster 127.0.0.1 6379 2\n",
    "release.toml": TOML,
    "setup.cfg": "[metadata]\nname = release-sentinel\n[testenv:release-sentinel]\ndeadline = 5\n",
    "package.json": json.dumps({"devDependencies": {"release-sentinel": "1"}, "release-sentinel": "1"}),
    "release_sentinel/settings.toml": "[server]\nport = 1\n",
    "release_sentinel/__init__.py": "disk = 5\n",
}


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_a_file_of_another_kind_is_not_refused(tmp_path: Path, name: str) -> None:
    """Workflows, reports, manifests, packages, settings of other programs: what they hold is no policy."""
    (file := tmp_path / name.strip()).parent.mkdir(parents=True, exist_ok=True)
    file.write_text(LOOK_ALIKES[name], encoding="utf-8")
    assert find(tmp_path) == Source()


@pytest.mark.parametrize(
    "name", ["release-sentinel.prod.toml", "release-sentinal.toml", "config/release-sentinel.toml"]
)
def test_a_file_that_is_named_is_read(tmp_path: Path, name: str) -> None:
    """`--gate-policy` means what it says, whatever the name."""
    (file := tmp_path / name).parent.mkdir(exist_ok=True)
    file.write_text(TOML, encoding="utf-8")
    assert read(file).document == {"disk": {"crit": 60}}


TABLES = {
    "[release-sentinel]": "release-sentinel",
    "[release_sentinel]": "release_sentinel",
    "[release-sentinel.disk]": "release-sentinel",
    "[tools.release-sentinel]": "tools.release-sentinel",
    "[Tool.release-sentinel]": "Tool.release-sentinel",
    "[project.release-sentinel]": "project.release-sentinel",
    "[tool.release.sentinel]": "tool.release.sentinel",
    "[tool.sentinel]": "tool.sentinel",
    "[tool.poetry.release-sentinel]": "tool.poetry.release-sentinel",
    "[tool.uv.release_sentinel.disk]": "tool.uv.release_sentinel",
    "[tool.shop.release-sentinel]": "tool.shop.release-sentinel",
    "[tool.release-sentinal]": "tool.release-sentinal",
    "[tool.release_sentinel]": "tool.release_sentinel",
    "[tool.Release-Sentinel]": "tool.Release-Sentinel",
    "[tool.releasesentinel]": "tool.releasesentinel",
    '[tool."release.sentinel"]': "tool.release.sentinel",
}


@pytest.mark.parametrize("header", TABLES)
@pytest.mark.parametrize("beside", ["", "[tool.release-sentinel]\n"], ids=["alone", "beside"])
def test_a_table_that_is_not_read_is_refused(tmp_path: Path, header: str, beside: str) -> None:
    """With the line, and the name that is read."""
    text = f"[project]\nname = 'shop'\n\n{header}\ndeadline = 60\n{beside}"
    (tmp_path / "pyproject.toml").write_text(text.replace("disk]\ndeadline", "disk]\ncrit"), encoding="utf-8")
    with pytest.raises(InvalidPolicyError) as refusal:
        find(tmp_path)
    says = f"{tmp_path / 'pyproject.toml'}:4: {TABLES[header]} is not a policy; did you mean tool.release-sentinel?"
    assert refusal.value.problems == (says,)


@pytest.mark.parametrize(
    "text",
    [
        "[project.scripts]\nrelease-sentinel = 'release_sentinel.cli:main'\n",
        "[project.optional-dependencies]\nrelease-sentinel = ['release-sentinel']\n",
        "[dependency-groups]\nrelease-sentinel = ['release-sentinel']\n",
        "[tool.uv.sources]\nrelease-sentinel = { git = 'https://example.com' }\n",
        "[tool.poetry.dependencies]\nrelease-sentinel = { version = '1' }\n",
        "[tool.hatch.envs.release-sentinel]\ndependencies = []\n",
        "[tool.sentinel]\nport = 1\ndeadline = 5\n",
        "[tool.poetry]\nrelease-sentinel = '1'\n[tool.poetry.scripts]\nrelease-sentinel = 'x:y'\n",
        "[tool.poetry.group.release-sentinel.dependencies]\npytest = '8'\n",
        "[tool.shop.release-sentinel]\nport = 1\n",
        "[tool.release]\nsentinel = true\n",
        "[tool.semantic-release]\nbranch = 'main'\n",
    ],
)
def test_a_table_of_another_tool_is_not_refused(tmp_path: Path, text: str) -> None:
    """Dependencies, scripts and environments may have our name."""
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    assert find(tmp_path) == Source()


def test_an_environment_of_our_name_is_not_refused(tmp_path: Path) -> None:
    """In the policy's own file a name is the user's."""
    (tmp_path / OWN).write_text("[env.release-sentinel]\ndeadline = 60\n", encoding="utf-8")
    assert find(tmp_path).document == {"env": {"release-sentinel": {"deadline": 60}}}


@pytest.mark.parametrize("name", [OWN, "pyproject.toml"])
def test_a_policy_of_the_working_directory_is_refused(tmp_path: Path, name: str) -> None:
    """Below the top of the repository, at any depth; not where the working directory is elsewhere."""
    (shop := tmp_path / "services" / "shop" / "src").mkdir(parents=True)
    (file := shop.parent / name).write_text(
        TOML if name == OWN else "[tool.release-sentinel]\ndeadline = 5\n", encoding="utf-8"
    )
    assert find(tmp_path, tmp_path) == find(tmp_path, tmp_path / "services") == Source()
    for directory in (shop, shop.parent):
        with pytest.raises(InvalidPolicyError, match="is not read: move it to ") as refusal:
            find(tmp_path, directory)
        assert str(file) in refusal.value.problems[0]
    (other := tmp_path / "other").mkdir()
    assert find(other, shop) == Source()


def test_what_cannot_be_read_is_no_policy(tmp_path: Path) -> None:
    """A pipe, a huge file, one of other bytes, a folder, a broken link."""
    os.mkfifo(tmp_path / "release-sentinel.yaml")
    (tmp_path / "release-sentinel.json").write_bytes(b" " * (1 << 20) + JSON.encode())
    (tmp_path / "release-sentinel.ini").write_bytes(b"\xff\xfe")
    (tmp_path / "release-sentinel.cfg").mkdir()
    (tmp_path / "release-sentinel.conf").symlink_to("nowhere")
    assert find(tmp_path) == Source()


def test_the_gate_folder_is_looked_into() -> None:
    """One name for it, although the policy is read by what knows no command line."""
    assert GATE_FOLDER in FOLDERS


@pytest.mark.parametrize("plain", [False, True], ids=["release-sentinel", "pytest"])
def test_no_run_is_judged_by_the_defaults_instead(sentinel: Sentinel, *, plain: bool) -> None:
    """INCOMPLETE, with each file that is not read; named as the policy, one of them is."""
    sentinel.gate("@pytest.mark.policy\ndef test_own(): assert True\n")
    for name in ("release-sentinel.prod.toml", "services/release-sentinel.toml"):
        sentinel.repo.commit(name, "deadline = 60\n")
    sentinel.repo.commit("release-sentinel.yaml", "environments: {prod: {branches: [release]}}\n")
    sentinel.repo.commit("setup.cfg", "[release-sentinel]\nbranches = release\n")
    judge = sentinel.pytest if plain else sentinel
    done = judge()
    assert (done.code, done.verdict["verdict"]) == (1, "INCOMPLETE")
    assert "release-sentinel.prod.toml is not read: rename it to release-sentinel.toml" in done.out
    assert "release-sentinel.yaml is not read: the policy is TOML" in done.out
    assert "setup.cfg is not read: move it to" in done.out
    assert judge("--gate-policy=release-sentinel.prod.toml").code == 0
    done = sentinel(cwd=sentinel.repo.path / "services")
    assert done.code == 1
    assert "services/release-sentinel.toml is not read: move it to" in done.out
