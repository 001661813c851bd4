"""No module of the judged repository takes the place of an installed one, and gates can import the repository."""

import importlib
import re
import site
import sys
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path
from typing import Any

import pytest

import release_sentinel_guard
from release_sentinel_guard import InstalledFirst
from tests.conftest import PYTEST, RELEASE, Sentinel, run

OWN_START: dict[str, Any] = {"PYTHONUNBUFFERED": "1"}  # an interpreter of its own: see `run`
NAMES = (
    *("pytest", "_pytest", "pluggy", "iniconfig", "packaging", "release_sentinel", "msgspec", "requests", "urllib3"),
    *("git", "psutil", "semver", "yaml", "json", "types", "enum", "re", "logging", "tempfile", "pathlib", "argparse"),
    *("importlib", "contextlib", "subprocess", "threading", "signal", "socket", "ssl", "email", "typing", "xml"),
)
BREAKS = "raise RuntimeError(f'{__file__} was imported')\n"
GATE = """
import {module}

@pytest.mark.policy
def test_own(): assert {module}.PRICE == 7
"""


@pytest.fixture
def shadowed(sentinel: Sentinel) -> Sentinel:
    """A repository with a module of each name, at its top and beside its gates."""
    for folder in (sentinel.repo.path, sentinel.repo.path / "gate_tests"):
        for name in NAMES:
            sentinel.repo.write(str(folder.relative_to(sentinel.repo.path) / f"{name}.py"), BREAKS)
    sentinel.repo.commit("conftest.py", "")  # pytest puts its folder first on the path
    sentinel.gate("@pytest.mark.policy\ndef test_own(gate): gate.require(CheckResult(OK, 'fine'))")
    return sentinel


@pytest.mark.parametrize("path", ["", "."], ids=["", "PYTHONPATH=."])
@pytest.mark.parametrize("way", ["release-sentinel", "pytest"])
def test_the_installed_modules_are_used(shadowed: Sentinel, way: str, path: str) -> None:
    """Both commands as `python -m`, which puts the working directory first: every gate is judged, and nothing else."""
    env: dict[str, Any] = {**OWN_START, **({"PYTHONPATH": path} if path else {})}
    done = shadowed(**env) if way == "release-sentinel" else shadowed.pytest(**env)
    assert done.code == 0, done.out
    assert "was imported" not in done.out


@pytest.mark.parametrize("words", [("policy",), ("explain", "disk"), ("schema",), ("verify", "none.json", *RELEASE)])
def test_every_command_uses_the_installed_modules(shadowed: Sentinel, words: tuple[str, ...]) -> None:
    """Whatever `release-sentinel` is asked, modules of the working directory do not answer."""
    env = {**OWN_START, "PYTHONPATH": "."}
    done = run(sys.executable, "-m", "release_sentinel", *words, cwd=shadowed.repo.path, env=env)
    assert done.code == (words[0] == "verify"), done.out
    assert "was imported" not in done.out
    assert "Traceback" not in done.out


@pytest.mark.parametrize("way", ["release-sentinel", "pytest"])
@pytest.mark.parametrize("how", ["pythonpath", "a conftest at the top", "beside the gates", "PYTHONPATH"])
def test_gates_import_the_repository(sentinel: Sentinel, way: str, how: str) -> None:
    """By `pythonpath`, by the folder of a conftest or of the gate, and by PYTHONPATH."""
    module = "gate_tests/prices.py" if how == "beside the gates" else "prices.py"
    sentinel.repo.write(module, "PRICE = 7\n")
    if how == "a conftest at the top":
        sentinel.repo.write("conftest.py", "")
    if how == "pythonpath":
        sentinel.repo.write("pyproject.toml", "[tool.pytest.ini_options]\npythonpath = ['.']\n")
    sentinel.gate(GATE.format(module="prices"))
    env: dict[str, Any] = {**OWN_START, **({"PYTHONPATH": str(sentinel.repo.path)} if how == "PYTHONPATH" else {})}
    done = sentinel(**env) if way == "release-sentinel" else sentinel.pytest(**env)
    assert done.code == 0, done.out


def test_a_name_that_the_standard_library_does_not_need_is_the_repository_s(sentinel: Sentinel) -> None:
    """A package `test` is common, and nothing else imports Python's."""
    sentinel.repo.write("test/__init__.py", "PRICE = 7\n")
    sentinel.repo.write("conftest.py", "")
    sentinel.gate(GATE.format(module="test"))
    assert sentinel(**OWN_START).code == 0


def test_any_other_pytest_run_finds_modules_as_ever(sentinel: Sentinel) -> None:
    """A test suite may have a module of any name."""
    sentinel.repo.write("semver.py", "PRICE = 7\n")
    sentinel.repo.write("test_it.py", "import semver\ndef test_it(): assert semver.PRICE == 7\n")
    done = run(*PYTEST, "test_it.py", cwd=sentinel.repo.path, env={**sentinel.settings, **OWN_START})
    assert done.code == 0, done.out


def test_the_libraries_are_those_that_are_installed_with_this_one() -> None:
    """Whatever this program depends on, directly or not, is in the list by the names under which it is imported."""
    needed, more = set(), ["release-sentinel"]
    while more:
        name = more.pop()
        if name not in needed:
            needed.add(name)
            more += [_normal(one) for one in _requires(name) if "extra ==" not in one]
    imported = {
        module
        for module, distributions in packages_distributions().items()
        if needed & set(map(_normal, distributions))
        and module.isidentifier()
        and not module.endswith(("__mypyc", "__pycache__"))
    }
    assert imported <= release_sentinel_guard.LIBRARIES
    assert {"release_sentinel", "pytest", "git"} <= imported


def _requires(distribution: str) -> list[str]:
    try:
        return requires(distribution) or []
    except PackageNotFoundError:  # needed on another system alone
        return []


def _normal(requirement: str) -> str:
    found = re.match(r"[\w.-]+", requirement)
    return re.sub(r"[-_.]+", "-", found[0]).lower() if found else ""


@pytest.mark.parametrize(
    ("folder", "found"),
    [
        (".", False),
        ("src", False),
        ("vendor/site-packages", False),
        (".venv/lib/python3/site-packages", True),
        ("/usr/lib/python3/dist-packages", True),
    ],
)
def test_an_environment_inside_the_repositoryis_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, found: bool
) -> None:
    """Its folders are the repository's but for those of this Python's own environment, such as `.venv`."""
    monkeypatch.setattr(site, "getsitepackages", lambda: [str(tmp_path / ".venv/lib/python3/site-packages")])
    finder = InstalledFirst()
    finder.begin(str(tmp_path))
    finder.end()
    assert finder.is_installed(str(tmp_path / folder)) is found


def test_without_site_no_folder_is_this_python_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """`python -S` has not loaded it, and an import of it would come back to the guard."""
    assert release_sentinel_guard.site_folders()
    monkeypatch.delitem(sys.modules, "site")
    assert release_sentinel_guard.site_folders() == []


def test_a_folder_without_a_module_is_not_the_library(tmp_path: Path) -> None:
    """An editable installation of this project leaves one in site-packages; the source may be below the work tree."""
    (tmp_path / "site-packages" / "release_sentinel" / "gate_tests").mkdir(parents=True)
    finder = InstalledFirst()
    finder._path, finder._installed = tuple(sys.path), [str(tmp_path / "site-packages")]
    assert finder.find_spec("release_sentinel") is None
    (tmp_path / "site-packages" / "release_sentinel" / "__init__.py").write_text("")
    finder._installed = [str(tmp_path / "site-packages")]
    importlib.invalidate_caches()
    assert finder.find_spec("release_sentinel") is not None


@pytest.mark.parametrize("folder", ["", ".", "src"])
def test_a_relative_folder_is_not_installed(folder: str) -> None:
    """It moves with the working directory."""
    assert not InstalledFirst().is_installed(folder)
