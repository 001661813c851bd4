"""`init pack` writes a package with one gate, which can be installed and tested as it is."""

import subprocess
import sysconfig
import tomllib
from pathlib import Path

import pytest
import yaml

from release_sentinel.cli import main
from release_sentinel.commands import install
from release_sentinel.commands.install import Source
from release_sentinel.commands.pack_files import contents
from release_sentinel.observe.installed import origin

SYSTEMS = {"github": ".github/workflows/test.yml", "gitlab": ".gitlab-ci.yml"}
SOURCE = Source("release-sentinel==1.2.3", "https://pypi.example/simple")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_file_is_whole(system: str) -> None:
    """No mark is left; Python compiles, TOML and YAML parse; the pipeline installs this program first."""
    found = contents("acme_shop", system, SOURCE)
    assert not [name for name, text in found.items() if "<name>" in f"{name}{text}" or "<package>" in f"{name}{text}"]
    assert {
        "src/acme_shop_gates/__init__.py",
        "src/acme_shop_gates/gates/test_queue.py",
        "tests/test_acme_shop_gates.py",
    } <= set(found)
    for name, text in found.items():
        if name.endswith(".py"):
            compile(text, name, "exec")
    project = tomllib.loads(found["pyproject.toml"])["project"]
    assert project["name"] == "acme-shop-gates"
    assert project["entry-points"] == {"release_sentinel.gates": {"acme_shop": "acme_shop_gates:pack"}}
    pipeline = str(yaml.safe_load(found[SYSTEMS[system]]))
    assert 0 < pipeline.index(SOURCE.shell("python -m pip")) < pipeline.index("pytest")


def test_the_github_pipeline_passes_actionlint(tmp_path: Path) -> None:
    """As GitHub would read it."""
    path = tmp_path / "test.yml"
    path.write_text(contents("acme", "github", SOURCE)[SYSTEMS["github"]], encoding="utf-8")
    program = Path(sysconfig.get_path("scripts")) / "actionlint"
    done = subprocess.run([program, "-shellcheck=", "-pyflakes=", path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_it_is_written_where_nothing_is(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With what to do next; a second time nothing is written over it."""
    assert main(["init", "pack", "acme", "--ci", "gitlab", "--install", "release-sentinel==1.2.3"]) == 0
    out = capsys.readouterr().out
    assert f"written: {folder / 'acme-gates'}, 8 files" in out
    assert "-m pytest" in out
    (folder / "acme-gates" / "README.md").write_text("mine", encoding="utf-8")
    assert main(["init", "pack", "acme"]) == 1
    assert "is not empty; nothing was written" in capsys.readouterr().err
    assert (folder / "acme-gates" / "README.md").read_text(encoding="utf-8") == "mine"
    assert main(["init", "pack", "acme", "--folder", "elsewhere"]) == 0
    assert (folder / "elsewhere" / ".github").is_dir()


def test_without_a_source_the_pipeline_fails_and_says_why(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    """The environment of these tests was installed from a path."""
    del folder
    assert isinstance(install.of_origin(origin()), str)
    assert main(["init", "pack", "acme", "--print"]) == 0
    assert "release-sentinel is not installed" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name", ["Acme", "acme-shop", "1acme", "acme_", "", "../x", "disks", "packs", "env", "extends"]
)
def test_a_name_that_cannot_be_a_pack_s(name: str, capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    """It would be no module, or the key of something else in the policy."""
    with pytest.raises(SystemExit) as error:
        main(["init", "pack", name])
    assert error.value.code == 1
    assert f"NAME {name!r} is not a name" in (said := capsys.readouterr().err) or f"NAME {name} is a key" in said
    assert list(folder.iterdir()) == []
