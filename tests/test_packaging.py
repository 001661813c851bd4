"""The built wheel carries everything: `release-sentinel` works in any repository, without a clone of ours."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.conftest import RELEASE, Repo, run
from tests.guides import GUIDES, blocks

CLONE = Path(__file__).parents[1]
TEMPLATES = CLONE / "src/release_sentinel/templates"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=CLONE, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def scripts(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts of a fresh environment with the wheel installed, and what it depends on borrowed from this one."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index"]
    own_home = {**os.environ, "HOME": str(folder)}  # pip asks compilers for their versions: some write there
    subprocess.run([*install, str(wheel)], env=own_home, check=True, capture_output=True)
    site = next((folder / "lib").glob("python*/site-packages"))
    # A plain path: the .pth files in there, and with them an editable install of this checkout, are not followed.
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin"


def test_the_wheel_carries_the_built_in_gates(wheel: Path) -> None:
    """Gates, guides, templates, type marker, ini file and the guard of --version are in the wheel; tests are not."""
    names = set(zipfile.ZipFile(wheel).namelist())
    gates = {path.name for path in (CLONE / "gate_tests").glob("*.py")}
    assert {f"release_sentinel/gate_tests/{name}" for name in gates} <= names
    assert {f"release_sentinel/guides/{path.name}" for path in GUIDES.values()} <= names
    templates = {path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*") if path.is_file()}
    assert {f"release_sentinel/templates/{path}" for path in templates} <= names
    assert {"release_sentinel/py.typed", "release_sentinel/plugin/pytest.ini"} <= names
    assert {"release_sentinel_guard.py", "release_sentinel_guard.pth"} <= names
    assert not [name for name in names if name.startswith("tests/")]


def test_the_wheel_works_in_a_repository_that_is_not_ours(scripts: Path, repo: Repo, settings: dict[str, str]) -> None:
    """Installed from the wheel, the program judges a foreign repository with the gates inside the package."""
    del settings["PYTEST_DISABLE_PLUGIN_AUTOLOAD"]
    where = run(
        str(scripts / "python"), "-c", "import release_sentinel; print(release_sentinel.__file__)", cwd=repo.path
    )
    assert str(scripts.parent) in where.out
    done = run(str(scripts / "release-sentinel"), *RELEASE, "-v", cwd=repo.path, env=settings)
    assert done.code == 0, done.out
    assert done.block == ["SAFE (exit 0): v1.0.0 may go to prod", "11 gates: 11 passed"]
    repo.write("notes.txt")
    assert run(str(scripts / "release-sentinel"), *RELEASE, cwd=repo.path, env=settings).code == 1


def test_the_wheel_prints_the_guides(scripts: Path, tmp_path: Path) -> None:
    """The manual travels along."""
    done = run(str(scripts / "release-sentinel"), "guide", "limits", cwd=tmp_path)
    assert (done.code, done.out) == (0, GUIDES["limits"].read_text(encoding="utf-8"))


@pytest.mark.sweep
def test_the_wheel_writes_what_a_repository_needs(scripts: Path, repo: Repo, settings: dict[str, str]) -> None:
    """The templates travel along, and what they make passes `pytest gate_tests` at once, without a conftest."""
    del settings["PYTEST_DISABLE_PLUGIN_AUTOLOAD"]
    done = run(str(scripts / "release-sentinel"), "init", "kubernetes", cwd=repo.path)
    assert done.code == 0, done.out
    repo.commit()
    repo.git("push", "--quiet", "origin", "main")
    done = run(str(scripts / "python"), "-m", "pytest", "gate_tests", *RELEASE, cwd=repo.path, env=settings)
    assert done.code == 0, done.out
    assert "11 gates: 11 passed" in done.block
    assert "switched off by the policy: api (a library depends on no service)" in done.block


def test_the_installed_wheel_can_be_vendored(wheel: Path, scripts: Path, repo: Repo) -> None:
    """`init --vendor` packs the installed files into the same wheel: the same names, contents and RECORD."""
    done = run(str(scripts / "release-sentinel"), "init", "github", "--vendor", cwd=repo.path)
    assert done.code == 0, done.out
    with zipfile.ZipFile(wheel) as built, zipfile.ZipFile(repo.path / ".release-sentinel" / wheel.name) as packed:
        assert not packed.testzip()
        assert {name: packed.read(name) for name in _files(packed)} == {
            name: built.read(name) for name in _files(built)
        }
        (record,) = (name for name in packed.namelist() if name.endswith("/RECORD"))
        assert sorted(packed.read(record).splitlines()) == sorted(built.read(record).splitlines())


def _files(archive: zipfile.ZipFile) -> list[str]:
    return [name for name in archive.namelist() if not name.endswith("/RECORD")]


@pytest.mark.sweep
def test_the_wheel_works_in_a_clone_of_ours(scripts: Path, repo: Repo, settings: dict[str, str]) -> None:
    """In a clone that has the same gates beside the installed ones, each gate runs once."""
    del settings["PYTEST_DISABLE_PLUGIN_AUTOLOAD"]
    for source in (CLONE / "gate_tests").glob("*.py"):
        repo.write(f"gate_tests/{source.name}", source.read_text(encoding="utf-8"))
    repo.commit("conftest.py", (CLONE / "conftest.py").read_text(encoding="utf-8"))
    repo.git("push", "--quiet", "origin", "main")
    for program in ("release_sentinel", "pytest gate_tests"):
        done = run(str(scripts / "python"), "-m", *program.split(), *RELEASE, cwd=repo.path, env=settings)
        assert done.code == 0, done.out
        assert "11 gates: 11 passed" in done.block


def test_supported_pytest() -> None:
    """Every pytest from 8.4 to 9 can be installed beside it, and no other."""
    bound = next(need for need in map(Requirement, requires("release-sentinel") or []) if need.name == "pytest")
    assert {*bound.specifier.filter(["8.3.5", "8.4.0", "9.0.0", "9.2.0", "10.0.0"])} == {"8.4.0", "9.0.0", "9.2.0"}


@pytest.mark.sweep
def test_a_new_pack_passes_its_tests_from_its_wheel(scripts: Path, tmp_path: Path) -> None:
    """Written by `init pack`, built, installed, and tested, against the wheel of this program.

    With the base policy of the guide for platform teams it holds a repository to its locks.
    """
    base, own, _ = blocks(GUIDES["platform"], "toml")
    python, folder = scripts / "python", tmp_path / "acme-gates"
    environ = {**os.environ, "HOME": str(tmp_path)}

    def call(*command: str) -> str:
        done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    folder.mkdir()
    call(str(scripts / "release-sentinel"), "init", "pack", "acme", "--folder", str(folder))
    (folder / "src" / "acme_gates" / "policy.toml").write_text(base, encoding="utf-8")
    call(sys.executable, "-m", "hatchling", "build", "--target", "wheel")
    (wheel,) = (folder / "dist").glob("*.whl")
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index"]
    call(*pip, str(wheel))
    assert "9 passed" in call(str(python), "-m", "pytest", "-p", "no:cacheprovider", "tests")
    table = call(str(scripts / "release-sentinel"), "explain", "acme")
    assert table.strip() in (folder / "README.md").read_text(encoding="utf-8")
    policy = folder / "release-sentinel.toml"
    policy.write_text(own, encoding="utf-8")
    shown = call(str(scripts / "release-sentinel"), "policy", "--env", "prod", "--gate-repo", str(folder))
    assert "crit = 50" in shown
    assert "acme_gates:policy.toml" in shown
    policy.write_text(f"{own}\n[acme.queue]\ncrit = 1000\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="stricter only, by acme_gates:policy"):
        call(str(scripts / "release-sentinel"), "policy", "--env", "prod", "--gate-repo", str(folder))
    call(sys.executable, "-m", "pip", "--python", str(python), "uninstall", "--quiet", "--yes", "acme-gates")
