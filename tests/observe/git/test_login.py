"""The credentials in a remote's URL reach the server, and no command line, which every user could read by `ps`."""

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from release_sentinel.observe import Unseen, git
from release_sentinel.observe.git import Refs
from tests.conftest import Repo, pieces
from tests.observe.parts import clone

USER, PASSWORD = "kim", "Zq5-wR8t:B3n@L"
QUOTED = "Zq5-wR8t%3AB3n%40L"


class Forge:
    """A Git server on loopback that wants credentials, and notes which command lines are there while it answers."""

    def __init__(self, folder: Path, server: HTTPServer) -> None:
        self.folder, self.server = folder, server
        self.accepted = (USER, PASSWORD)
        self.seen: list[str] = []
        self.answered = 0
        server.expect_request(re.compile("/.*")).respond_with_handler(self._answer)

    def url(self, login: str = f"{USER}:{QUOTED}@", name: str = "shop.git") -> str:
        """Return a repository's URL, with credentials."""
        return f"http://{login}127.0.0.1:{self.server.port}/{name}"

    def _answer(self, request: Request) -> Response:
        self.seen += [" ".join(words) for words in _command_lines()]
        login = request.authorization
        if login is None or (login.username, login.password) != self.accepted:
            return Response("no", 401, {"WWW-Authenticate": 'Basic realm="forge"'})
        self.answered += 1
        environ = {
            **os.environ,
            "GIT_PROJECT_ROOT": str(self.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": request.path,
            "QUERY_STRING": request.query_string.decode(),
            "REQUEST_METHOD": request.method,
            "REMOTE_USER": USER,
            "CONTENT_TYPE": request.content_type or "",
        }
        body = request.get_data()
        done = subprocess.run(["git", "http-backend"], env=environ, input=body, capture_output=True, check=True)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        pairs = [line.split(": ", 1) for line in head.decode().splitlines()]
        return Response(content, 200, dict(pairs))


def _command_lines() -> Iterator[list[str]]:
    for process in psutil.Process().children(recursive=True):
        try:
            yield process.cmdline()
        except psutil.Error:  # it has just ended
            continue


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
