"""A repository's gates find its modules where its own tests find them."""

from pathlib import Path

import pytest

from release_sentinel.ini import kept, options, python_path
from tests.conftest import Sentinel

SAYING = {
    "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["src", "lib dir"]\n',
    "pytest.ini": "[pytest]\npythonpath = src 'lib dir'\n",
    ".pytest.ini": "[pytest]\npythonpath =\n    src\n    'lib dir'\n",
    "tox.ini": "[pytest]\npythonpath = src 'lib dir'\n",
    "setup.cfg": "[tool:pytest]\npythonpath = src 'lib dir'\n",
}


@pytest.mark.parametrize("name", SAYING)
def test_the_folders_are_read(tmp_path: Path, name: str) -> None:
    """Each file in which pytest looks may name them."""
    (tmp_path / name).write_text(SAYING[name], encoding="utf-8")
    assert python_path(options(tmp_path), tmp_path) == [tmp_path / "src", tmp_path / "lib dir"]


def test_a_text_in_pyproject_is_split(tmp_path: Path) -> None:
    """One text is read like a list."""
    (tmp_path / "pyproject.toml").write_text('[tool.pytest.ini_options]\npythonpath = "src lib"\n', encoding="utf-8")
    assert python_path(options(tmp_path), tmp_path) == [tmp_path / "src", tmp_path / "lib"]


def test_the_first_file_with_pytest_settings_counts(tmp_path: Path) -> None:
    """As for pytest, an ini file hides the others, also where it names no folder."""
    (tmp_path / "pyproject.toml").write_text(SAYING["pyproject.toml"], encoding="utf-8")
    (tmp_path / "setup.cfg").write_text("[tool:pytest]\npythonpath = other\n", encoding="utf-8")
    assert python_path(options(tmp_path), tmp_path) == [tmp_path / "src", tmp_path / "lib dir"]
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    assert python_path(options(tmp_path), tmp_path) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", "[tool.pytest\n"),
        ("pyproject.toml", "[tool]\npytest = 1\n"),
        ("pyproject.toml", "[tool.pytest.ini_options]\npythonpath = 7\n"),
        ("pytest.ini", "pythonpath = src\n"),
        ("pytest.ini", "[pytest]\npythonpath = 'src\n"),
        ("setup.cfg", "[metadata]\nname = shop\n"),
    ],
)
def test_what_cannot_be_read_names_none(tmp_path: Path, name: str, text: str) -> None:
    """A broken file is reported by pytest, in the repository's own test run."""
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert python_path(options(tmp_path), tmp_path) == []


def test_a_gate_imports_from_the_repository(sentinel: Sentinel) -> None:
    """A gate that uses the project's own code runs in both ways of calling."""
    sentinel.repo.write("pyproject.toml", SAYING["pyproject.toml"])
    sentinel.repo.write("src/shop.py", "READY = True\n")
    sentinel.gate("@pytest.mark.policy\ndef test_own():\n    import shop\n    assert shop.READY")
    assert (sentinel().code, sentinel.pytest().code) == (0, 0)


def test_how_coroutines_are_run() -> None:
    """The settings of pytest-asyncio and anyio that gates need, and no other."""
    said = {"asyncio_mode": "auto", "anyio_mode": "auto", "addopts": "-x", "asyncio_default_fixture_loop_scope": 1}
    assert kept(said) == ["asyncio_mode=auto", "anyio_mode=auto"]
