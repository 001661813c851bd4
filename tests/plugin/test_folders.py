"""Where gates live: the built-in ones, and the repository's own."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from release_sentinel.gates import BUILT_IN
from release_sentinel.plugin import folders
from release_sentinel.plugin.declared import gates_in
from release_sentinel.plugin.folders import built_in, is_copy, missing_from, similar
from tests.conftest import Repo


def test_the_built_in_folder_holds_the_built_in_gates() -> None:
    """Every gate of the registry has its test there, and there is no other."""
    names = [gate.name.removeprefix("test_").replace("_", "-") for gate in gates_in(built_in())]
    assert sorted(names) == sorted(gate.id for gate in BUILT_IN)


def test_an_installed_package_brings_its_gates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder inside the package goes before one at the top of a clone."""
    clone, installed = tmp_path / "src" / "release_sentinel", tmp_path / "site-packages" / "release_sentinel"
    for folder in (tmp_path / "gate_tests", clone, installed / "gate_tests"):
        folder.mkdir(parents=True)
    monkeypatch.setattr(folders, "_PACKAGE", clone)
    assert built_in() == tmp_path / "gate_tests"
    monkeypatch.setattr(folders, "_PACKAGE", installed)
    assert built_in() == installed / "gate_tests"


def own(repo: Repo) -> Path:
    """Give the repository gates of its own, and return their folder."""
    return repo.write("gate_tests/test_own.py").parent


def test_a_repository_without_gates_lacks_the_built_in_ones(repo: Repo) -> None:
    """They always belong to a run."""
    assert missing_from([], repo.path) == [built_in()]


def test_a_run_without_folders_takes_the_repository_s_gates_along(repo: Repo) -> None:
    """They are found from the top, and from any folder below it."""
    gates = own(repo)
    below = repo.write("app/deep/main.py").parent
    assert missing_from([], repo.path) == missing_from([], below) == [built_in(), gates]


def test_gates_are_found_without_a_repository(tmp_path: Path) -> None:
    """The folder of the call is asked, so that the gate `repository` can tell what is wrong."""
    (tmp_path / "gate_tests").mkdir()
    assert missing_from([], tmp_path) == [built_in(), tmp_path / "gate_tests"]


@pytest.mark.parametrize(
    "given", ["gate_tests", "./gate_tests/", "gate_tests/test_own.py", "gate_tests/test_own.py::test_a[b::c]", "."]
)
def test_gates_that_are_named_are_not_added(repo: Repo, given: str) -> None:
    """The repository's own folder is not collected twice, nor is it where only a part of it was chosen."""
    own(repo)
    assert missing_from([given], repo.path) == [built_in()]


@pytest.mark.parametrize("given", ["more_gates", "app.py", "gate_tests_old"])
def test_another_folder_comes_in_addition(repo: Repo, given: str) -> None:
    """More gates, or an option's value that reads like a path, do not stand in for the repository's own."""
    gates = own(repo)
    assert missing_from([given], repo.path) == [built_in(), gates]


@pytest.mark.parametrize(
    "name",
    [built_in, lambda: built_in().parent, lambda: built_in() / "test_host.py"],
    ids=["itself", "a folder above", "a file in it"],
)
def test_built_in_gates_that_are_named_are_not_added(repo: Repo, name: Callable[[], Path]) -> None:
    """What the arguments hold already, or a part of which was chosen, is not collected twice."""
    assert missing_from([str(name())], repo.path) == []


def test_the_project_s_own_clone_lacks_its_gates_once() -> None:
    """There the repository's gates are the built-in ones."""
    assert missing_from([], built_in().parent) == [built_in()]


def test_a_copy_of_a_built_in_file_is_told(tmp_path: Path) -> None:
    """A clone of the project beside an installed package holds the same text twice."""
    copy = tmp_path / "gate_tests" / "test_host.py"
    copy.parent.mkdir()
    copy.write_bytes((built_in() / copy.name).read_bytes())
    assert is_copy(copy)


def test_a_built_in_file_is_no_copy_of_itself() -> None:
    """It is the one that is collected."""
    assert not any(is_copy(path) for path in built_in().iterdir())


def test_a_changed_copy_is_a_gate_of_its_own(tmp_path: Path) -> None:
    """One byte of difference counts, also at the same length and with the same time, as images and wheels have it."""
    original, copy = built_in() / "test_host.py", tmp_path / "gate_tests" / "test_host.py"
    copy.parent.mkdir()
    copy.write_bytes(original.read_bytes()[:-2] + b"#\n")
    os.utime(copy, ns=(original.stat().st_atime_ns, original.stat().st_mtime_ns))
    assert not is_copy(copy)


@pytest.mark.parametrize("place", ["other/test_host.py", "gate_tests/test_other.py"], ids=["folder", "name"])
def test_the_same_text_elsewhere_is_no_copy(tmp_path: Path, place: str) -> None:
    """Only the same name in a gate folder is the file that a clone brings."""
    path = tmp_path / place
    path.parent.mkdir()
    path.write_bytes((built_in() / "test_host.py").read_bytes())
    assert not is_copy(path)


def test_a_folder_is_no_copy(tmp_path: Path) -> None:
    """A gate folder that is asked about before its files is not passed over."""
    (tmp_path / "gate_tests" / "test_host.py").mkdir(parents=True)
    assert not is_copy(tmp_path / "gate_tests")
    assert not is_copy(tmp_path / "gate_tests" / "test_host.py")


def test_an_unreadable_path_is_no_copy(tmp_path: Path) -> None:
    """A dangling link of a built-in file's name is for pytest to tell."""
    link = tmp_path / "gate_tests" / "test_host.py"
    link.parent.mkdir()
    link.symlink_to(tmp_path / "none")
    assert not is_copy(link)


@pytest.mark.parametrize("name", ["Gate_Tests", "gate_test", "gate-tests", "gatetests", "gates_tests", "gate_tets"])
def test_a_folder_of_nearly_the_name_is_similar(tmp_path: Path, name: str) -> None:
    """One slip of a finger, another case, another separator; a file is none."""
    (tmp_path / name).mkdir()
    (tmp_path / f"{name}.").touch()
    assert [path.name for path in similar(tmp_path)] == [name]


@pytest.mark.parametrize("name", ["gate_tests", "tests", "gates", "test_gates", "gate", "unit_tests"])
def test_another_folder_is_not_similar(tmp_path: Path, name: str) -> None:
    """Neither the folder itself, nor one that means something else."""
    (tmp_path / name).mkdir()
    assert similar(tmp_path) == []
