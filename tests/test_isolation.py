"""The tests stand alone: nothing that a machine has set decides them, and they leave nothing behind on it."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import PYTEST, kept, run

ROOT = Path(__file__).parents[1]
# One test of each kind: Git, a gate run of either command, a wheel that is built, a child that is told what to import.
SAMPLES = {
    "Git and runs": (
        "tests/checks/test_in_sync.py",
        "tests/plugin/test_command_line.py::test_the_configuration_does_not_matter[--rootdir ..]",
        "tests/test_core.py::test_the_child_s_environment_is_the_one_that_is_given",
    ),
    "others": (
        "tests/plugin/test_completeness.py",
        "tests/plugin/test_verdicts.py::test_both_commands_are_the_same_run",
        "tests/test_core.py::test_run_checks_answers_with_an_exit_code",
        "tests/test_packaging.py::test_the_wheel_carries_the_built_in_gates",
    ),
}
# What pytest and its plugins keep beside the tests of the user who runs them, and what other runs change meanwhile.
CACHES = {"__pycache__", ".pytest_cache", ".hypothesis", ".ruff_cache", ".mypy_cache", ".git", ".venv", ".coverage"}
GIT_SETTINGS = """\
[commit]
    gpgsign = true
[tag]
    gpgsign = true
[core]
    hooksPath = /nowhere
    autocrlf = true
[init]
    defaultBranch = trunk
[user]
    name = A Stranger
"""


def files_of(folder: Path) -> Iterator[tuple[str, int, int]]:
    """Yield path, size and time of change of each file below a folder, but not of caches."""
    for path, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in CACHES]
        for name in names:
            if name not in CACHES:
                found = Path(path, name).lstat()
                yield os.path.join(path, name), found.st_size, found.st_mtime_ns  # noqa: PTH118 - surrogates stay


@pytest.fixture
def strange_home(tmp_path: Path) -> Path:
    """The home of a user whose settings would decide most tests that use Git."""
    folder = tmp_path / "a home with blanks and ümlauts"
    (folder / ".config" / "git").mkdir(parents=True)
    for name in (".gitconfig", ".config/git/config"):
        (folder / name).write_text(GIT_SETTINGS, encoding="utf-8")
    (folder / "sitecustomize.py").write_text("", encoding="utf-8")
    return folder


@pytest.mark.sweep
@pytest.mark.parametrize("sample", SAMPLES)
def test_a_strange_environment_decides_nothing_and_stays_as_it_was(
    strange_home: Path, tmp_path: Path, sample: str
) -> None:
    """A sample of the tests passes amid foreign settings; HOME, the checkout and the root folder stay as they were."""
    environ = {
        "HOME": str(strange_home),
        "XDG_CONFIG_HOME": str(strange_home / ".config"),
        "GIT_DIR": "/nowhere",
        "GIT_CONFIG_GLOBAL": str(strange_home / ".gitconfig"),
        "GITHUB_ACTIONS": "true",
        "GITHUB_REF": "refs/pull/7/merge",
        "NO_COLOR": "1",
        "PYTHONPATH": str(strange_home),
        "PYTHONDONTWRITEBYTECODE": "1",
        "RS_BRANCHES": "none",
        "TZ": "Asia/Kolkata",
        "LC_ALL": "tr_TR.UTF-8",
    }
    watched = (strange_home, ROOT)
    before = [set(files_of(folder)) for folder in watched], set(Path("/").iterdir())
    options = ("-q", "-p", "no:cacheprovider", f"--basetemp={tmp_path / 'temporary'}")
    done = run(*PYTEST[:3], *options, *SAMPLES[sample], cwd=ROOT, env=environ)
    assert done.code == 0, done.out
    assert ([set(files_of(folder)) for folder in watched], set(Path("/").iterdir())) == before


def test_little_is_kept_of_an_environment() -> None:
    """The tests start from a list of what they need, not from one of what would harm them."""
    strange = {"PATH": "/bin", "LC_ALL": "C", "PYTHONPATH": "x", "XDG_CONFIG_HOME": "x", "RS_ENV": "x", "CI": "1"}
    assert kept(strange) == {"PATH": "/bin", "LC_ALL": "C"}


def test_the_tests_see_little_of_the_environment() -> None:
    """What is not on that list is not there, but for what the tests set themselves."""
    people = {f"GIT_{who}_{what}" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    own = {"HOME", "GIT_CONFIG_NOSYSTEM", *people}
    loaded = {"GIT_PYTHON_REFRESH"}  # where GitPython was loaded
    assert set(os.environ) - set(kept(os.environ)) - loaded == own
    assert sys.platform == "win32" or list(Path.home().iterdir()) == []
