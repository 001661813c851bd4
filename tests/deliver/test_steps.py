"""The tag, then the release; the first step that fails ends it, what was done is told, and a second run finishes it."""

import os
import signal
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Never

import pytest

from release_sentinel.config.model import ForgeRules
from release_sentinel.deliver import forge_release
from release_sentinel.deliver.steps import Notes, Steps, deliver
from release_sentinel.deliver.tag import TagOrder
from release_sentinel.observe import this_process
from release_sentinel.reports.document import document
from tests.conftest import Repo
from tests.deliver.forge import Failure, FakeForge, fake_forge
from tests.reports.samples import CLOSE, PASSED, SAMPLES, verdict

ALL = Steps(tag=True, release=True, order=TagOrder(push=True))
AGAIN = "the same command finishes it once that is fixed; so does `release-sentinel release` with the verdict file"


def safe(repo: Repo, **changes: Any) -> Mapping[str, Any]:
    """Return a SAFE verdict about the repository's HEAD."""
    return {**document(verdict(PASSED, CLOSE)), "commit": repo.head, **changes}


@pytest.fixture
def forge(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeForge]:
    """A forge that takes every release."""
    monkeypatch.setattr(forge_release, "_FIRST_PAUSE", 0.001)
    monkeypatch.setenv("NO_PROXY", "*")
    with fake_forge("github") as forge:
        yield forge


def follow(repo: Repo, forge: FakeForge, steps: Steps = ALL, **changes: Any) -> tuple[list[str], str]:
    """Take the steps."""
    return deliver(safe(repo, **changes), repo.path, steps, clean=str, environ=forge.environ)


def test_nothing_is_done_unasked(repo: Repo, forge: FakeForge) -> None:
    """A verdict alone changes nothing."""
    assert follow(repo, forge, Steps()) == ([], "")


def test_tag_and_release(repo: Repo, forge: FakeForge) -> None:
    """The notes are for readers: the changelog's section, then one line on the verdict, with a link to the run."""
    repo.commit("CHANGELOG.md", "# Changes\n\n## 1.0.0\n\n- first\n\n### Fixed\n\n- bug\n\n## 0.9.0\n\n- old\n")
    done, problem = follow(repo, forge)
    assert (problem, len(done)) == ("", 2)
    assert done[1] == "released: https://forge.example/acme/shop/v1.0.0"
    assert forge.content["body"] == (
        "- first\n\n### Fixed\n\n- bug\n\n"
        f"Release gate: commit {repo.head[:12]} was judged SAFE for prod on 2024-05-17, by 2 gates."
    )
    assert (forge.content["target_commitish"], forge.content["prerelease"]) == (repo.head, False)


def test_a_pre_release_is_one(repo: Repo, forge: FakeForge) -> None:
    """By its version."""
    follow(repo, forge, version="v1.0.0-rc.1")
    assert forge.content["prerelease"] is True


def test_notes_of_one_s_own(repo: Repo, forge: FakeForge, tmp_path: Any) -> None:
    """A file takes the place of the changelog, and a template says what stands where."""
    repo.commit("CHANGELOG.md", "## 1.0.0\n\n- first\n")
    (tmp_path / "notes.md").write_text("By hand {env}.\n", encoding="utf-8")
    notes = Notes(file=tmp_path / "notes.md", template="# Shop {version}\n\n{changes}\n\nFor {env}, {unknown}.\n")
    follow(repo, forge, Steps(tag=True, release=True, order=TagOrder(push=True), notes=notes))
    assert forge.content["body"] == "# Shop v1.0.0\n\nBy hand {env}.\n\nFor prod, {unknown}."


def test_a_file_that_is_gone(repo: Repo, forge: FakeForge, tmp_path: Any) -> None:
    """It is told with what stands."""
    steps = Steps(tag=True, release=True, order=TagOrder(push=True), notes=Notes(file=tmp_path / "notes.md"))
    done, problem = follow(repo, forge, steps)
    assert problem.startswith(f"no release: the notes {tmp_path}/notes.md cannot be read: No such file or directory; ")
    assert len(done) == 1


@pytest.mark.parametrize("name", ["History.md", "docs/changes.md"])
def test_the_changelog_of_the_judged_commit(repo: Repo, forge: FakeForge, name: str) -> None:
    """It is the commit's, whatever the work tree has by now; a link leads to the file itself."""
    repo.commit(name, "## 1.0.0\n\n- first\n")
    repo.write("CHANGES")
    (repo.path / "CHANGES").unlink()
    (repo.path / "CHANGES").symlink_to(name)
    repo.commit()
    said = safe(repo)
    repo.git("push", "--quiet", "origin", "HEAD:refs/tags/v1.0.0")
    repo.commit(name, "## 1.0.0\n\n- changed later\n")
    for changelog in (name, name.replace("md", "MD"), "CHANGES"):
        forge.releases.clear()
        steps = Steps(release=True, notes=Notes(changelog))
        assert deliver(said, repo.path, steps, clean=str, environ=forge.environ)[1] == ""
        assert forge.content["body"].startswith("- first\n\n")


def test_a_failed_tag_ends_it(repo: Repo, forge: FakeForge) -> None:
    """There is no release of what is not tagged."""
    repo.write("notes.txt")
    done, problem = follow(repo, forge)
    assert (done, forge.asked) == ([], [])
    assert "run the gate again" in problem


@pytest.mark.parametrize("failed", [Failure(500), Failure(401), Failure(403), Failure(404), Failure(422)], ids=str)
def test_a_failed_release_leaves_the_tag_and_the_next_run_finishes(
    repo: Repo, forge: FakeForge, failed: Failure
) -> None:
    """A published tag is never taken back: the message says that it stands and what finishes the job, which does so."""
    forge.failures["POST"] = [failed] * 3
    done, problem = follow(repo, forge)
    assert done[0].startswith("tagged: v1.0.0 at")
    assert problem.startswith("no release of acme/shop on GitHub: ")
    assert problem.endswith(f"; tag v1.0.0 is in origin ({repo.path.parent / 'origin.git'}); {AGAIN}")
    forge.failures["POST"] = []
    for clone in ("with its tags", "without them"):
        if clone == "without them":
            repo.git("tag", "--delete", "v1.0.0")
        done, problem = follow(repo, forge)
        assert problem == ""
        assert done[0].startswith(f"tagged: v1.0.0 at {repo.head[:12]}, already in origin (")
        assert done[1].startswith("released: https://forge.example/acme/shop/v1.0.0")
    assert len(forge.releases) == 1


def test_what_is_not_set_is_told(repo: Repo) -> None:
    """With what stands, and how it goes on."""
    done, problem = deliver(safe(repo), repo.path, ALL, clean=str, environ={})
    assert done[0].startswith("tagged: v1.0.0 at")
    assert problem.startswith("no release: which forge hosts the project is unknown, of the remote ")
    assert "name it in the policy's `[forge]`" in problem
    named = Steps(release=True, forge=ForgeRules("gitea", "https://codeberg.org/api/v1", "acme/shop", "${MINE}"))
    _, problem = deliver(safe(repo), repo.path, named, clean=str, environ={"GITEA_TOKEN": "not this one"})
    assert problem.startswith(
        "no release of acme/shop on Gitea: MINE not set (set it in the CI job's environment); tag"
    )


def test_a_release_needs_its_tag_on_the_remote(repo: Repo, forge: FakeForge) -> None:
    """A forge would make one of its own; on a tag build it is there."""
    release = Steps(release=True)
    repo.git("tag", "v1.0.0")
    _, problem = follow(repo, forge, release)
    assert problem.startswith("no release: tag v1.0.0 is not there in origin (")
    assert not forge.asked
    repo.git("push", "--quiet", "origin", "v1.0.0")
    done, problem = follow(repo, forge, release)
    assert (len(done), problem) == (1, "")
    repo.commit()
    assert "expected" in follow(repo, forge, release)[1]


@pytest.mark.parametrize("sample", ["blocked", "critical", "incomplete", "partial"])
def test_only_a_safe_run_is_released(repo: Repo, forge: FakeForge, sample: str) -> None:
    """Whatever is on the remote."""
    repo.git("push", "--quiet", "origin", "HEAD:refs/tags/v1.0.0")
    said = {**document(SAMPLES[sample]), "commit": repo.head}
    _, problem = deliver(said, repo.path, Steps(release=True), clean=str, environ=forge.environ)
    assert "only a whole SAFE run is tagged" in problem
    assert not forge.asked


def test_a_release_without_a_remote(repo: Repo, forge: FakeForge) -> None:
    """Nothing can tell whether the tag is there."""
    repo.git("remote", "remove", "origin")
    assert follow(repo, forge, Steps(release=True))[1].endswith("the repository has no remote")


@pytest.fixture
def interrupted() -> Iterator[None]:
    """SIGTERM raises KeyboardInterrupt."""

    def interrupt(_number: int, _frame: object) -> Never:
        raise KeyboardInterrupt

    with this_process.interrupts_to(interrupt):
        yield


@pytest.mark.usefixtures("interrupted")
def test_an_interrupt_ends_a_push(repo: Repo, forge: FakeForge, tmp_path: Path) -> None:
    """With all that Git has started, and no lock is left: what is unknown is told, and a second run finishes it."""
    hook = tmp_path / "origin.git/hooks/pre-receive"
    hook.write_text(f"#!/bin/sh\nkill -TERM {os.getpid()}\nexec sleep 60\n", encoding="utf-8")
    hook.chmod(0o755)
    done, problem = follow(repo, forge)
    ended = f"the push to origin ({tmp_path}/origin.git) was ended: tag v1.0.0 is still here, and whether it arrived "
    assert (done, problem) == ([], f"{ended}is unknown")
    assert forge.asked == []
    hook.unlink()
    assert follow(repo, forge)[1] == ""


@pytest.mark.usefixtures("interrupted")
def test_an_interrupt_ends_a_request_to_the_forge(
    repo: Repo, forge: FakeForge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the forge makes of it: what is unknown is told."""
    over = threading.Event()

    def answer(*_: object) -> tuple[int, Any, Mapping[str, str]]:
        os.kill(os.getpid(), signal.SIGTERM)
        over.wait()
        return 500, "", {}

    monkeypatch.setattr(forge, "answer", answer)
    done, problem = follow(repo, forge)
    over.set()
    assert len(done) == 1
    assert problem == "whether the forge has the release of tag v1.0.0 is unknown"


@pytest.mark.usefixtures("interrupted")
def test_an_interrupt_before_the_push(repo: Repo, forge: FakeForge) -> None:
    """Nothing was pushed."""
    hook = repo.path / ".git/hooks/reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\nkill -TERM {os.getpid()}\nexec sleep 60\n", encoding="utf-8")
    hook.chmod(0o755)
    words = "whether tag v1.0.0 was made here is unknown, and nothing was pushed"
    assert follow(repo, forge) == ([], words)
    assert not list((repo.path / ".git").rglob("*.lock"))
