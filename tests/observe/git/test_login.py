"""The credentials in a remote's URL reach the server, and no command line, which every user could read by `ps`."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from release_sentinel.observe import Unseen, git
from release_sentinel.observe.git import Refs
from tests.conftest import Repo, pieces
from tests.forge import PASSWORD, QUOTED, USER, Forge
from tests.observe.parts import clone


@pytest.fixture
def forge(tmp_path: Path, repo: Repo, httpserver: HTTPServer) -> Forge:
    """A server with the repository's remote, as `shop.git`."""
    subprocess.run(["git", "clone", "--quiet", "--bare", str(repo.path), str(tmp_path / "shop.git")], check=True)
    subprocess.run(["git", "-C", str(tmp_path / "shop.git"), "config", "http.receivepack", "true"], check=True)
    return Forge(tmp_path, httpserver)


def as_origin(repo: Repo, forge: Forge) -> None:
    """The usual place."""
    repo.git("remote", "set-url", "origin", forge.url())


def as_push_url(repo: Repo, forge: Forge) -> None:
    """A URL for pushes alone."""
    repo.git("remote", "set-url", "origin", forge.url())
    repo.git("remote", "set-url", "--push", "origin", forge.url())


def as_rewritten(repo: Repo, forge: Forge) -> None:
    """As pipelines let `git` use their token."""
    repo.git("remote", "set-url", "origin", forge.url(login=""))
    repo.git("config", f"url.{forge.url(name='')}.insteadOf", forge.url(login="", name=""))


def as_variables(repo: Repo, forge: Forge) -> None:
    """The same by variables, which have to be kept."""
    repo.git("remote", "set-url", "origin", forge.url(login=""))
    os.environ["GIT_CONFIG_COUNT"] = "1"
    os.environ["GIT_CONFIG_KEY_0"] = f"url.{forge.url(name='')}.insteadOf"
    os.environ["GIT_CONFIG_VALUE_0"] = forge.url(login="", name="")


def with_a_helper(repo: Repo, forge: Forge) -> None:
    """A user's own helper, which knows another password, is not asked."""
    repo.git("remote", "set-url", "origin", forge.url())
    repo.git("config", "credential.helper", "!f() { echo username=x; echo password=wrong; }; f")


WAYS = (as_origin, as_push_url, as_rewritten, as_variables, with_a_helper)


@pytest.fixture(autouse=True)
def _own_variables() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_0", "GIT_CONFIG_VALUE_0"):
            patch.setenv(name, "0")
            patch.delenv(name)
        yield


@pytest.mark.sweep
@pytest.mark.parametrize("configured", WAYS, ids=lambda way: way.__name__)
def test_no_command_line_shows_them(repo: Repo, forge: Forge, configured: Callable[[Repo, Forge], None]) -> None:
    """Neither as the remote is asked, nor as a tag is pushed; the server gets them nevertheless."""
    configured(repo, forge)
    found = git.find_remote(repo.path)
    assert isinstance(found, git.Remote)
    assert found.has_login
    answer = git.tags(repo.path, ["v1.0.0"], branches=["main"]).remote
    assert isinstance(answer, Refs), answer
    assert answer.commits == {"refs/heads/main": repo.head}
    made = git.make_tag(repo.path, "v1.0.0", repo.head, "a release")
    assert isinstance(made, git.Tagged)
    assert git.push_tag(repo.path, made, found) == ""
    after = git.tags(repo.path, ["v1.0.0"]).remote
    assert isinstance(after, Refs)
    assert after.tag("v1.0.0") == repo.head
    assert any("remote-http" in line for line in forge.seen)
    shown = {piece for line in forge.seen for piece in pieces(line)}
    assert not shown & {*pieces(PASSWORD), *pieces(QUOTED), f"{USER}:Zq5"}


def test_another_repository_that_is_pushed_to(repo: Repo, forge: Forge) -> None:
    """It is asked with the credentials of its own address."""
    repo.git("remote", "set-url", "--push", "origin", forge.url())
    (pushed,) = git.tags(repo.path, ["v1.0.0"]).pushed
    assert isinstance(pushed, Refs), pushed
    assert forge.seen
    assert not {piece for line in forge.seen for piece in pieces(line)} & {*pieces(PASSWORD), *pieces(QUOTED)}


@pytest.mark.sweep
@pytest.mark.parametrize("configured", WAYS, ids=lambda way: way.__name__)
def test_the_history_of_a_branch(repo: Repo, forge: Forge, configured: Callable[[Repo, Forge], None]) -> None:
    """A throw-away repository asks for it with the same credentials."""
    other = clone(forge.folder / "shop.git", forge.folder / "other")
    other.commit("more.py")
    other.git("push", "--quiet", "origin", "main")
    configured(repo, forge)
    remote = git.find_remote(repo.path)
    assert isinstance(remote, git.Remote)
    found = git.standing(repo.path, repo.head, git.tags(repo.path, branches=["main"]), "main", remote)
    assert isinstance(found, git.Standing), found
    assert found.relation is git.Relation.BELOW
    shown = {piece for line in forge.seen for piece in pieces(line)}
    assert not shown & {*pieces(PASSWORD), *pieces(QUOTED), f"{USER}:Zq5"}


def test_a_token_as_the_user_is_not_shown(repo: Repo, forge: Forge) -> None:
    """`https://TOKEN:@host`."""
    forge.accepted = ("ghp_abcdef0123456789", "")
    repo.git("remote", "set-url", "origin", forge.url("ghp_abcdef0123456789:@"))
    answer = git.tags(repo.path, ["v1.0.0"]).remote
    assert isinstance(answer, Refs), answer
    assert forge.seen
    assert not [line for line in forge.seen if "ghp_abcd" in line]


def test_a_wrong_password_is_refused(repo: Repo, forge: Forge) -> None:
    """In Git's own words, without it."""
    forge.accepted = (USER, "another")
    repo.git("remote", "set-url", "origin", forge.url())
    answer = git.tags(repo.path, ["v1.0.0"]).remote
    assert isinstance(answer, Unseen)
    assert "Authentication failed" in answer.why
    assert "Zq5" not in answer.why


def test_other_urls_are_left_alone(repo: Repo) -> None:
    """A path, ssh with its user's name, a URL without credentials: nothing is asked of Git for them."""
    for url in (str(repo.path), "ssh://git@host/shop.git", "git@host:shop.git", "https://host/a@b/shop.git"):
        repo.git("remote", "set-url", "origin", url)
        found = git.find_remote(repo.path)
        assert isinstance(found, git.Remote)
        assert not found.has_login
