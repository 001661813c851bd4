"""What the caller's shell and settings add to a run is named: a redirected output, options of an ini file."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from release_sentinel.checks.repository import check_clean_tree
from release_sentinel.invocation import parse
from release_sentinel.observe.git.records import Change, Repository
from tests.conftest import CLI, PYTEST, RELEASE, Sentinel


@pytest.mark.parametrize("command", [CLI, (*PYTEST, "gate_tests")], ids=["release-sentinel", "pytest"])
@pytest.mark.parametrize("name", ["out.log", "logs/out.log"])
def test_the_run_s_own_output_is_named(sentinel: Sentinel, command: tuple[str, ...], name: str) -> None:
    """The shell has created the file before the run looks; a file of another is dirt like any other."""
    sentinel.gate("@pytest.mark.policy\ndef test_own(): assert True")
    sentinel.repo.git("push", "--quiet", "origin", "main")
    sentinel.repo.write("other.txt")
    out = Path(sentinel.repo.path, name)
    out.parent.mkdir(exist_ok=True)
    with out.open("wb") as file:
        done = subprocess.run(
            [*command, *RELEASE],
            cwd=sentinel.repo.path,
            env={**os.environ, **sentinel.settings},
            stdout=file,
            check=False,
        )
    assert done.returncode == 1
    said = out.read_text(encoding="utf-8")
    assert f"this run writes {name.partition('/')[0]}" in said
    assert "this run writes other.txt" not in said


def test_only_what_the_run_writes_is_its_output() -> None:
    """Otherwise the message is as ever."""
    there = Repository(Path("/shop"), "0" * 40, "main", "", False, (Change("??", "out.log"),))  # noqa: FBT003 - shallow - shallow
    assert "this run writes" not in check_clean_tree(there).remedy
    both = Repository(Path("/shop"), "0" * 40, "main", "", False, (Change("??", "out.log", written=True),))  # noqa: FBT003 - shallow
    assert check_clean_tree(both).remedy.startswith("this run writes out.log itself")
    assert "commit, stash" not in check_clean_tree(both).remedy


COMMAND = ("gate_tests", "--env", "prod", "--version", "v1.0.0")


@pytest.mark.parametrize(
    ("ini", "environ", "named"),
    [
        (["--env=local"], {}, "addopts in /shop/tox.ini gives --env=local"),
        (["--env", "local"], {}, "addopts in /shop/tox.ini gives --env local"),
        (["--release-version=v2"], {}, "addopts in /shop/tox.ini gives --release-version=v2"),
        ([], {"PYTEST_ADDOPTS": "--env=local"}, "the variable PYTEST_ADDOPTS gives --env=local"),
    ],
)
def test_the_place_of_a_second_value_is_named(ini: list[str], environ: Mapping[str, str], named: str) -> None:
    """A user who wrote one --env must find the other."""
    problems = parse(COMMAND, environ, Path("/shop"), ini=ini, ini_file="/shop/tox.ini").problems
    assert any("times" in problem and f"{named}: remove it there" in problem for problem in problems)


def test_no_place_is_named_for_a_value_of_the_command_line() -> None:
    """It is before the user's eyes."""
    (problem,) = parse((*COMMAND, "--env=dev"), {}, Path("/shop"), ini=["-q"], ini_file="/shop/tox.ini").problems
    assert problem == "--env is given 2 times (--env --env=dev); give it once"


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("pyproject.toml", '[tool.pytest.ini_options]\naddopts = "--env=local"\n'),
        ("tox.ini", "[pytest]\naddopts = --env=local\n"),
    ],
)
def test_pytest_names_its_file(sentinel: Sentinel, file: str, text: str) -> None:
    """As pytest found it."""
    sentinel.gate("@pytest.mark.policy\ndef test_own(): assert True")
    sentinel.repo.commit(file, text)
    done = sentinel.pytest()
    assert done.code == 4
    assert f"addopts in {sentinel.repo.path / file} gives --env=local: remove it there" in done.out
