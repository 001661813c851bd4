"""The tag, then the release; the first step that fails ends it, and what was done is told."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from release_sentinel.config.load import Loaded
from release_sentinel.config.model import Policy
from release_sentinel.deliver.steps import Steps, deliver, deliver_verified
from release_sentinel.deliver.tag import TagOrder
from release_sentinel.redaction import Redactor
from release_sentinel.reports.document import document
from release_sentinel.settings import Settings
from tests.conftest import Repo
from tests.reports.samples import CLOSE, PASSED, SAMPLES, verdict

ALL = Steps(tag=True, release=True, order=TagOrder(push=True), notes="## SAFE")


def safe(repo: Repo, **changes: Any) -> Mapping[str, Any]:
    """Return a SAFE verdict about the repository's HEAD."""
    return {**document(verdict(PASSED, CLOSE)), "commit": repo.head, **changes}


@pytest.fixture
def github(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> HTTPServer:
    """An API that takes every release."""
    httpserver.expect_request("/repos/acme/shop/releases", method="POST").respond_with_json(
        {"html_url": "https://github.com/acme/shop/releases/1"}, 201
    )
    monkeypatch.setenv("GITHUB_TOKEN", "ghs_0123456789abcdef")
    monkeypatch.setenv("GITHUB_REPOSITORY", "acme/shop")
    monkeypatch.setenv("GITHUB_API_URL", httpserver.url_for(""))
    return httpserver


def test_nothing_is_done_unasked(repo: Repo) -> None:
    """A verdict alone changes nothing."""
    assert deliver(safe(repo), repo.path, Steps(), clean=str) == ([], "")


def test_tag_and_release(repo: Repo, github: HTTPServer) -> None:
    """The release's notes are the changelog's section, then the verdict."""
    repo.commit("CHANGELOG.md", "# Changes\n\n## 1.0.0\n\n- first\n\n### Fixed\n\n- bug\n\n## 0.9.0\n\n- old\n")
    done, problem = deliver(safe(repo), repo.path, ALL, clean=str)
    assert (problem, len(done)) == ("", 2)
    assert done[1] == "released: https://github.com/acme/shop/releases/1"
    said = json.loads(github.log[0][0].data)
    assert said["body"] == "- first\n\n### Fixed\n\n- bug\n\n## SAFE"
    assert (said["target_commitish"], said["prerelease"]) == (repo.head, False)


def test_a_pre_release_is_one(repo: Repo, github: HTTPServer) -> None:
    """By its version."""
    deliver(safe(repo, version="v1.0.0-rc.1"), repo.path, ALL, clean=str)
    assert json.loads(github.log[0][0].data)["prerelease"] is True


def test_a_failed_tag_ends_it(repo: Repo, github: HTTPServer) -> None:
    """There is no release of what is not tagged."""
    repo.write("notes.txt")
    done, problem = deliver(safe(repo), repo.path, ALL, clean=str)
    assert (done, github.log) == ([], [])
    assert "run the gate again" in problem


def test_a_failed_release_leaves_the_tag(repo: Repo) -> None:
    """A published tag is never taken back."""
    done, problem = deliver(safe(repo), repo.path, ALL, clean=str)
    assert done[0].startswith("tagged: v1.0.0 at")
    assert problem == "no release on GitHub: GITHUB_TOKEN and GITHUB_REPOSITORY not set"
    assert repo.git("ls-remote", "--tags", "origin")


def test_a_release_needs_its_tag_on_the_remote(repo: Repo, github: HTTPServer) -> None:
    """GitHub would make one of its own; on a tag build it is there."""
    release = Steps(release=True)
    repo.git("tag", "v1.0.0")
    _, problem = deliver(safe(repo), repo.path, release, clean=str)
    assert problem.startswith("no release on GitHub: tag v1.0.0 is not there in origin (")
    assert not github.log
    repo.git("push", "--quiet", "origin", "v1.0.0")
    done, problem = deliver(safe(repo), repo.path, release, clean=str)
    assert (len(done), problem) == (1, "")
    repo.commit()
    assert "expected" in deliver(safe(repo), repo.path, release, clean=str)[1]


@pytest.mark.parametrize("sample", ["blocked", "critical", "incomplete", "partial"])
def test_only_a_safe_run_is_released(repo: Repo, github: HTTPServer, sample: str) -> None:
    """Whatever is on the remote."""
    repo.git("push", "--quiet", "origin", "HEAD:refs/tags/v1.0.0")
    said = {**document(SAMPLES[sample]), "commit": repo.head}
    assert "only a whole SAFE run is tagged" in deliver(said, repo.path, Steps(release=True), clean=str)[1]
    assert not github.log


def test_a_release_without_a_remote(repo: Repo) -> None:
    """No one can tell whether the tag is there."""
    repo.git("remote", "remove", "origin")
    assert deliver(safe(repo), repo.path, Steps(release=True), clean=str)[1].endswith("the repository has no remote")


def test_a_verified_verdict_is_enough(repo: Repo) -> None:
    """In a later step; the run's own reports lie about, untracked."""
    repo.write("verdict.json", "{}")
    settings = Settings(Loaded(Policy()), Redactor())
    done, problem = deliver_verified(safe(repo), repo.path, settings, push=True, sign=False, release=False)
    assert (problem, done[0].startswith("tagged: v1.0.0 at ")) == ("", True)
