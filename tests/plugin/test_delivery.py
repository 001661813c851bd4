"""What follows a SAFE verdict follows nothing else; where it was asked for and did not happen, no report says SAFE."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from release_sentinel.deliver import verify
from release_sentinel.plugin import folders
from tests.conftest import CLI, PYTEST, RELEASE, Sentinel, run
from tests.deliver.forge import Failure, FakeForge, fake_forge


def tags(sentinel: Sentinel) -> str:
    """Return the tags on the remote."""
    return sentinel.repo.git("ls-remote", "--tags", "--refs", "origin")


@pytest.mark.parametrize("way", ["release-sentinel", "pytest"])
def test_a_safe_run_is_tagged_and_pushed(sentinel: Sentinel, way: str) -> None:
    """The verdict block says so, and the reports that lie in the repository do not count."""
    done = (sentinel if way == "release-sentinel" else sentinel.pytest)(
        "--gate-tag", "--gate-push", f"--gate-summary={sentinel.repo.path}/s.md"
    )
    assert done.code == 0, done.out
    assert any(line.startswith(f"tagged: v1.0.0 at {sentinel.repo.head[:12]}, pushed to origin") for line in done.block)
    assert "refs/tags/v1.0.0" in tags(sentinel)


def test_a_blocked_run_is_not_tagged(sentinel: Sentinel) -> None:
    """It says so, and nothing is there."""
    sentinel.repo.write("notes.txt")
    done = sentinel("--gate-tag", "--gate-push")
    assert done.code == 1
    assert "neither tagged nor released: the verdict is not SAFE" in done.block
    assert sentinel.repo.git("tag") == tags(sentinel) == ""


def test_a_commit_of_a_gate_is_not_tagged(sentinel: Sentinel) -> None:
    """HEAD moved while the gates ran: INCOMPLETE, exit 1, in every report."""
    sentinel.gate(
        """
        import subprocess
        @pytest.mark.critical
        def test_own():
            subprocess.run(["git", "commit", "--quiet", "--allow-empty", "-m", "late"], check=True)
            assert True
        """
    )
    done = sentinel("--gate-tag", "--gate-push")
    assert (done.code, done.verdict["verdict"]) == (1, "INCOMPLETE")
    (problem,) = done.verdict["problems"]
    assert problem.startswith("every gate passed, and what was to follow did not happen: HEAD is at")
    assert problem in " ".join(done.block)
    assert sentinel.repo.git("tag") == tags(sentinel) == ""


def test_a_release_that_cannot_be_made_is_not_success(sentinel: Sentinel) -> None:
    """The tag stays, and is told; the process does not say success."""
    done = sentinel("--gate-tag", "--gate-push", "--gate-release")
    assert (done.code, done.verdict["verdict"]) == (1, "INCOMPLETE")
    assert "GITHUB_REPOSITORY and GITHUB_TOKEN not set" in done.verdict["problems"][0]
    assert any(line.startswith("tagged: v1.0.0") for line in done.block)


def test_a_verdict_file_can_be_tagged_later(sentinel: Sentinel, tmp_path: Path) -> None:
    """`release-sentinel tag` believes a SAFE verdict about this release; a second time there is nothing to do."""
    assert sentinel().code == 0
    command = (sys.executable, "-m", "release_sentinel", "tag", f"--verdict={tmp_path}/verdict.json", "--push")
    other = run(*command, "--env", "prod", "--version", "v2.0.0", cwd=sentinel.repo.path)
    assert (other.code, sentinel.repo.git("tag")) == (1, "")
    assert "the verdict is about version 'v1.0.0', expected 'v2.0.0'" in other.out
    release = ("--env", "prod", "--version", "v1.0.0")
    done = run(*command, *release, cwd=sentinel.repo.path)
    assert done.code == 0, done.out
    assert done.out.startswith(f"tagged: v1.0.0 at {sentinel.repo.head[:12]}, pushed to origin")
    again = run(*command, *release, cwd=sentinel.repo.path)
    assert (again.code, again.out.partition(" (")[0]) == (
        0,
        f"tagged: v1.0.0 at {sentinel.repo.head[:12]}, already in origin",
    )


def variables(forge: FakeForge) -> Any:
    """Return what a run on the forge's CI sees."""
    return {**forge.environ, "NO_PROXY": "*"}


@pytest.fixture
def forge() -> Iterator[FakeForge]:
    """A forge that refuses the first release."""
    with fake_forge("github") as forge:
        forge.failures["POST"] = [Failure(401, {"message": "Bad credentials"})]
        yield forge


@pytest.mark.sweep
@pytest.mark.parametrize("way", ["release-sentinel", "pytest"])
def test_the_same_command_finishes_a_release_that_failed_half_way(
    sentinel: Sentinel, forge: FakeForge, way: str
) -> None:
    """The tag was pushed and the release failed: INCOMPLETE, with what stands; then SAFE, with the same tag."""
    start = sentinel if way == "release-sentinel" else sentinel.pytest
    wanted = ("--gate-tag", "--gate-push", "--gate-release")
    done = start(*wanted, **variables(forge))
    assert (done.code, done.verdict["verdict"]) == (1, "INCOMPLETE")
    assert done.verdict["undelivered"] == done.verdict["problems"][0]
    assert "tag v1.0.0 is in origin (" in done.verdict["undelivered"]
    first = tags(sentinel)
    sentinel.repo.git("tag", "--delete", "v1.0.0")  # as in a fresh clone
    done = start(*wanted, **variables(forge))
    assert done.code == 0, done.out
    assert done.verdict["undelivered"] == ""
    assert tags(sentinel) == first
    assert list(forge.releases) == ["v1.0.0"]
    assert start(**variables(forge)).code == 1  # a run that releases nothing has nothing to go on with


def test_a_verdict_file_finishes_a_release(sentinel: Sentinel, forge: FakeForge, tmp_path: Path) -> None:
    """`release-sentinel release` takes the verdict that only lacks its delivery, and no other that is not SAFE."""
    wanted = ("--gate-tag", "--gate-push", "--gate-release")
    assert sentinel(*wanted, **variables(forge)).code == 1
    file = tmp_path / "verdict.json"
    words = (sys.executable, "-m", "release_sentinel", "release", f"--verdict={file}", "--env=prod", "--version=v1.0.0")
    settings = {**sentinel.settings, **forge.environ, "NO_PROXY": "*"}
    document = json.loads(file.read_text(encoding="utf-8"))
    for torn in ({"problems": [*document["problems"], "gate own did not run"]}, {"undelivered": ""}, {"exit_code": 2}):
        file.write_text(json.dumps({**document, **torn}), encoding="utf-8")
        done = run(*words, cwd=sentinel.repo.path, env=settings)
        assert (done.code, forge.releases) == (1, {})
        assert "the verdict is INCOMPLETE, expected SAFE" in done.out
    file.write_text(json.dumps(document), encoding="utf-8")
    sentinel.repo.commit("later.py")  # HEAD has moved: what is released is the tag
    for _ in range(2):
        done = run(*words, cwd=sentinel.repo.path, env=settings)
        assert done.code == 0, done.out
        assert "released: https://forge.example/acme/shop/v1.0.0" in done.out
    assert forge.content["target_commitish"] == document["commit"]


def test_verify_does_not_take_what_was_not_delivered_for_safe(sentinel: Sentinel, tmp_path: Path) -> None:
    """The deploy step must not run: the pipeline asked for a tag or a release, and there is none."""
    assert sentinel("--gate-tag", "--gate-push", "--gate-release").code == 1
    words = (sys.executable, "-m", "release_sentinel", "verify", f"{tmp_path}/verdict.json")
    done = run(*words, "--env=prod", "--version=v1.0.0", cwd=sentinel.repo.path, env=sentinel.settings)
    assert (done.code, "the verdict is INCOMPLETE, expected SAFE" in done.out) == (1, True)


def test_notes_from_a_file(sentinel: Sentinel, forge: FakeForge) -> None:
    """A file of the pipeline's in the repository: it is no change, and its text is what changes."""
    forge.failures["POST"] = []
    sentinel.repo.write("notes.md", "- written by a tool\n")
    wanted = ("--gate-tag", "--gate-push", "--gate-release", f"--gate-notes={sentinel.repo.path}/notes.md")
    done = sentinel(*wanted, **variables(forge))
    assert done.code == 0, done.out
    assert forge.content["body"].startswith("- written by a tool\n\nRelease gate: commit ")
    assert str(sentinel.repo.path) not in forge.content["body"]


@contextmanager
def pushing(sentinel: Sentinel, words: Sequence[str]) -> Iterator["subprocess.Popen[str]"]:
    """Run a command up to the moment at which the remote has its push, and does not answer."""
    mark = sentinel.reports / "pushed"
    hook = sentinel.reports / "origin.git/hooks/pre-receive"
    hook.write_text(f"#!/bin/sh\n: >{shlex.quote(str(mark))}\nexec sleep 60\n", encoding="utf-8")
    hook.chmod(0o755)
    environ = {**os.environ, **sentinel.settings}
    pipe = subprocess.PIPE
    with subprocess.Popen(words, cwd=sentinel.repo.path, env=environ, stdout=pipe, stderr=pipe, text=True) as process:
        while not mark.exists() and process.poll() is None:
            time.sleep(0.02)
        assert process.poll() is None, process.communicate()
        mark.unlink()
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("way", [CLI, (*PYTEST, str(folders.built_in()))], ids=["release-sentinel", "pytest"])
def test_a_run_is_not_safe_while_it_delivers(sentinel: Sentinel, tmp_path: Path, way: Sequence[str]) -> None:
    """One that is killed leaves no SAFE behind; SIGTERM ends the push. `release` finishes both, and ends like it."""
    file = tmp_path / "verdict.json"
    reports = [f"--gate-verdict={file}", f"--junitxml={tmp_path}/gates.xml", *sentinel.every_report]
    expected = verify.Expectation("prod", "v1.0.0", undelivered=True)
    with pushing(sentinel, [*way, *RELEASE, "--gate-tag", "--gate-push", *reports]) as process:
        for report in reports:
            text = Path(report.partition("=")[2]).read_text(encoding="utf-8")
            assert not re.search("(?<!said )(?<!its verdict )SAFE", text), report
        left = json.loads(file.read_text(encoding="utf-8"))
        assert (left["verdict"], left["exit_code"], left["problems"]) == ("INCOMPLETE", 1, [left["undelivered"]])
        assert "the run still delivers, or was killed while it did" in left["undelivered"]
        assert verify.problems(file, expected) == []
        assert verify.problems(file, replace(expected, undelivered=False)) != []
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate()
    assert process.returncode == 143, out
    told = json.loads(file.read_text(encoding="utf-8"))
    assert (told["verdict"], told["exit_code"], told["problems"]) == ("INCOMPLETE", 143, [told["undelivered"]])
    assert "the run was interrupted by SIGTERM: the push to origin" in told["undelivered"]
    assert told["undelivered"] in out
    assert tags(sentinel) == ""
    if way is CLI:
        return
    with pushing(sentinel, [*CLI, "release", f"--verdict={file}", *RELEASE]) as process:
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
    assert process.returncode == 130
    assert "it was interrupted by SIGINT: the push to origin" in said
