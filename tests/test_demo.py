"""The newcomer's first minute, as a newcomer in an unfriendly environment has it."""

import re
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.conftest import CLI, Run, run

HOSTILE = {
    "GIT_DIR": "/nowhere",
    "GIT_WORK_TREE": "/nowhere",
    "GIT_INDEX_FILE": "/nowhere/index",
    "RS_BRANCHES": "none",
    "RS_DEADLINE": "soon",
    "RS_DEPLOY_TOKEN": "the-newcomers-own-token",
    "GITHUB_ACTIONS": "true",
    "GITHUB_EVENT_NAME": "pull_request",
    "GITHUB_REF": "refs/pull/7/merge",
    "GITHUB_SHA": "f" * 40,
    "PYTEST_ADDOPTS": "-x --no-such-option",
    "PYTHONOPTIMIZE": "1",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
    "NO_PROXY": "",
}


@dataclass(frozen=True)
class Demo:
    """The finished demonstration, and the folder that it had for its temporary files."""

    done: Run
    folder: Path


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """`release-sentinel demo`, once, in an environment that speaks of other things."""
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("temporary")
    (home / ".gitconfig").write_text("[commit]\n gpgsign = true\n[core]\n hooksPath = /nowhere\n", encoding="utf-8")
    env = {**HOSTILE, "HOME": str(home), "TMPDIR": str(folder)}
    return Demo(run(*CLI, "demo", cwd=home, env=env), folder)


def test_the_demonstration_ends_as_told(demo: Demo) -> None:
    """Nothing of a hostile environment decides it."""
    assert demo.done.code == 0, demo.done.out
    assert demo.done.out.endswith("demo: the exit codes are [0, 1, 2], as expected\n")


def test_three_verdicts_are_shown_in_order(demo: Demo) -> None:
    """Each as the real gate says it, with its exit code below."""
    sentences = re.findall(r"^(\w+) \(exit (\d)\): v1\.0\.0 .* to prod$", demo.done.out, re.MULTILINE)
    assert sentences == [("SAFE", "0"), ("BLOCKED", "1"), ("CRITICAL", "2")]
    assert re.findall(r"^\$ echo \$\?\n(\d+)$", demo.done.out, re.MULTILINE) == ["0", "1", "2"]


@pytest.mark.parametrize(
    "words",
    [
        "[POLICY] clean-tree: Git working tree is dirty: 1 path differs from the commit",
        "[POLICY] configuration: Missing required env var: RS_DEPLOY_TOKEN",
        "not evaluated, because an earlier stage failed: disk, memory, process, api",
        "[CRITICAL] api: GET http://127.0.0.1:",
    ],
)
def test_each_failure_is_the_one_of_the_story(demo: Demo, words: str) -> None:
    """The edited file, the token that is gone, and the dependency that is down."""
    assert demo.done.out.count(words) == 1


def test_the_command_is_shown_for_each_run(demo: Demo) -> None:
    """A newcomer can repeat it by hand."""
    assert demo.done.out.count("\n$ release-sentinel --env prod --version v1.0.0 -q\n") == 3


def test_no_token_is_shown(demo: Demo) -> None:
    """Neither the demonstration's, though it is worth nothing, nor the newcomer's."""
    assert "RS_DEPLOY_TOKEN=***" in demo.done.out
    assert "demo-token" not in demo.done.out
    assert HOSTILE["RS_DEPLOY_TOKEN"] not in demo.done.out


def test_no_file_is_left_behind(demo: Demo) -> None:
    """Repository, remote and handover are gone."""
    assert list(demo.folder.iterdir()) == []


def test_no_process_is_left_running(demo: Demo) -> None:
    """What was started for the occasion has ended: no process has the demonstration's folder for its own."""

    def begun_by_the_demonstration(process: psutil.Process) -> bool:
        try:
            return process.environ().get("TMPDIR") == str(demo.folder)
        except psutil.Error:
            return False

    assert [process for process in psutil.process_iter() if begun_by_the_demonstration(process)] == []
