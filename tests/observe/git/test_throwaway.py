"""A throw-away repository reaches the remote as the clone does, changes nothing, and leaves nothing behind."""

import os
import shlex
import subprocess
from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from release_sentinel.observe import Unseen, git
from release_sentinel.observe.git import Relation, throwaway
from tests.conftest import Repo
from tests.forge import Forge
from tests.observe.git.test_login import forge
from tests.observe.parts import clone, program

__all__ = ["forge"]


def move_on(repo: Repo, origin: Path) -> str:
    """Let main of a remote have a commit that the clone never saw; return it."""
    other = repo.path.with_name(f"another-{origin.name}")
    subprocess.run(["git", "clone", "--quiet", "--branch=main", str(origin), str(other)], check=True)
    head = Repo(other).commit("later.py")
    Repo(other).git("push", "--quiet", "origin", "main")
    return head


def ask(repo: Repo, head: str, remote: git.Remote | None = None) -> git.Standing | Unseen | None:
    """Ask how HEAD of a clone stands to main of the remote, whose head is known; nothing is left, nothing changed."""
    before = contents(repo)
    found = remote or git.find_remote(repo.path)
    assert isinstance(found, git.Remote), found
    seen = git.Tags(git.Refs({}, "here"), git.Refs({"refs/heads/main": head}, "there"))
    answer = git.standing(repo.path, repo.head, seen, "main", found)
    assert contents(repo) == before
    assert not list(Path(os.environ["TMPDIR"]).iterdir())
    return answer


def contents(repo: Repo) -> list[str]:
    """Return the files of a clone with their sizes."""
    return sorted(f"{path} {path.stat().st_size}" for path in repo.path.rglob("*") if path.is_file())


@pytest.fixture(autouse=True)
def _own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", None)


def by_the_clone(repo: Repo, key: str, value: str, _home: Path) -> None:
    """Its own settings."""
    repo.git("config", key, value)


def by_the_work_tree(repo: Repo, key: str, value: str, _home: Path) -> None:
    """Those of one of its work trees."""
    repo.git("config", "extensions.worktreeConfig", "true")
    repo.git("config", "--worktree", key, value)


def by_a_condition(repo: Repo, key: str, value: str, home: Path) -> None:
    """Those of the user for this clone alone."""
    repo.git("config", "--file", str(home / "for-this"), key, value)
    (home / ".gitconfig").write_text(f'[includeIf "gitdir:{repo.path}/"]\npath = for-this\n')


def by_the_user(repo: Repo, key: str, value: str, home: Path) -> None:
    """Those of the user."""
    repo.git("config", "--file", str(home / ".gitconfig"), key, value)


WAYS = (by_the_clone, by_the_work_tree, by_a_condition, by_the_user)
Way = Callable[[Repo, str, str, Path], None]


@pytest.mark.parametrize("set_it", WAYS, ids=lambda way: way.__name__)
def test_a_url_is_rewritten_as_in_the_clone(repo: Repo, tmp_path: Path, own_home: Path, set_it: Way) -> None:
    """Wherever the rule stands."""
    head = move_on(repo, tmp_path / "origin.git")
    repo.git("remote", "set-url", "origin", "shop:origin.git")
    set_it(repo, f"url.{tmp_path}/.insteadOf", "shop:", own_home)
    found = ask(repo, head)
    assert isinstance(found, git.Standing), found
    assert found.relation is Relation.BELOW


@pytest.mark.parametrize("set_it", WAYS, ids=lambda way: way.__name__)
def test_credentials_are_those_of_the_clone(repo: Repo, forge: Forge, own_home: Path, set_it: Way) -> None:
    """A header of a pipeline is sent, and once."""
    head = move_on(repo, forge.folder / "shop.git")
    repo.git("remote", "set-url", "origin", forge.url(login=""))
    set_it(
        repo,
        f"http.{forge.url(login='', name='')}.extraHeader",
        "Authorization: Basic a2ltOlpxNS13Ujh0OkIzbkBM",
        own_home,
    )
    found = ask(repo, head)
    assert isinstance(found, git.Standing), found
    assert found.relation is Relation.BELOW


def test_the_caller_s_setting_counts_before_the_clone_s(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it does in the clone."""
    head = move_on(repo, tmp_path / "origin.git")
    repo.git("config", "core.sshCommand", "false")
    repo.git("remote", "set-url", "origin", f"ssh://localhost{tmp_path}/origin.git")
    for name, value in {
        "COUNT": "1",
        "KEY_0": "core.sshCommand",
        "VALUE_0": shlex.quote(str(tmp_path / "ssh")),
    }.items():
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    program(tmp_path / "ssh", '#!/bin/sh\nwhile [ "$1" != localhost ]; do shift; done\nshift\nexec sh -c "$*"\n')
    found = ask(repo, head)
    assert isinstance(found, git.Standing), found


def test_a_setting_without_a_value_is_true(repo: Repo, tmp_path: Path) -> None:
    """As Git takes it."""
    head = move_on(repo, tmp_path / "origin.git")
    with (repo.path / ".git/config").open("a") as file:
        file.write('[protocol]\nallow = never\n[http]\nsslVerify\n[protocol "file"]\nallow = always\n')
    listing = throwaway._settings(repo.path)
    assert isinstance(listing, list)
    assert ("http.sslverify", "true") in listing
    assert isinstance(ask(repo, head), git.Standing)


@pytest.mark.parametrize("default", ["sha1", "sha256"])
@pytest.mark.parametrize("kind", ["sha1", "sha256"])
def test_both_kinds_of_objects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, default: str) -> None:
    """Whatever the user's own repositories have."""
    monkeypatch.delenv("GIT_DEFAULT_HASH", raising=False)
    origin = tmp_path / "o.git"
    subprocess.run(["git", "init", "--quiet", "--bare", f"--object-format={kind}", str(origin)], check=True)
    subprocess.run(["git", "-C", str(origin), "symbolic-ref", "HEAD", "refs/heads/main"], check=True)
    first = tmp_path / "first"
    subprocess.run(["git", "init", "--quiet", f"--object-format={kind}", str(first)], check=True)
    Repo(first).git("checkout", "--quiet", "-B", "main")
    Repo(first).git("remote", "add", "origin", str(origin))
    Repo(first).commit("app.py")
    Repo(first).git("push", "--quiet", "origin", "main")
    head = move_on(Repo(first), origin)
    monkeypatch.setenv("GIT_DEFAULT_HASH", default)
    found = ask(Repo(first), head)
    assert isinstance(found, git.Standing), found
    assert found.relation is Relation.BELOW


def shallow_of(repo: Repo, tmp_path: Path, commits: int = 3) -> tuple[Repo, str]:
    """Return a clone of one commit, and the head of main, some commits above it."""
    origin = Repo(tmp_path / "origin.git")
    shallow = clone(origin.path, tmp_path / "shallow", "--depth=1", "--branch=main")
    for number in range(commits):
        repo.git("commit", "--quiet", "--allow-empty", "--message", f"change {number}")
    repo.git("push", "--quiet", "origin", "main")
    return shallow, repo.head


SERVERS = {
    "no filter": ("uploadpack.allowFilter", "false"),
    "no filter of trees": ("uploadpackfilter.tree.allow", "false"),
    "no commit by its id": ("uploadpack.allowAnySHA1InWant", "false"),
    "all of it": ("uploadpack.allowFilter", "true"),
}


@pytest.mark.sweep
@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("known", [True, False])
def test_servers_that_refuse_some_of_it(repo: Repo, tmp_path: Path, server: str, *, known: bool) -> None:
    """They are asked for more than is needed."""
    origin = Repo(tmp_path / "origin.git")
    origin.git("config", "uploadpack.allowFilter", "true")
    origin.git("config", *SERVERS[server])
    shallow, head = shallow_of(repo, tmp_path)
    if not known:
        shallow.git("commit", "--quiet", "--allow-empty", "--message", "not there")
    found = ask(shallow, head)
    assert isinstance(found, git.Standing), found
    assert found.relation is (Relation.BELOW if known else Relation.APART)


@pytest.mark.parametrize("known", [True, False])
def test_a_remote_of_plain_files(repo: Repo, tmp_path: Path, *, known: bool) -> None:
    """HTTP without a program of Git's knows neither filters nor depths."""
    shallow, head = shallow_of(repo, tmp_path)
    Repo(tmp_path / "origin.git").git("update-server-info")
    if not known:
        shallow.git("commit", "--quiet", "--allow-empty", "--message", "not there")
    handler = type("Silent", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(tmp_path))) as server:
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        shallow.git("remote", "set-url", "origin", f"http://127.0.0.1:{server.server_port}/origin.git")
        found = ask(shallow, head)
        server.shutdown()
    assert isinstance(found, git.Standing), found
    assert found.relation is (Relation.BELOW if known else Relation.APART)


def test_a_remote_without_the_history_cannot_tell(repo: Repo, tmp_path: Path) -> None:
    """It is a shallow clone itself: nothing follows from what it lacks."""
    shallow, head = shallow_of(repo, tmp_path)
    origin = (tmp_path / "origin.git").as_uri()
    words = ("--quiet", "--bare", "--depth=1", "--branch=main", origin, str(tmp_path / "cut.git"))
    subprocess.run(["git", "clone", *words], check=True)
    shallow.git("remote", "set-url", "origin", str(tmp_path / "cut.git"))
    found = ask(shallow, head)
    assert isinstance(found, Unseen)
    assert found.why.endswith("cannot be determined: the remote does not have all commits of the branch")


def test_a_remote_with_alternates(repo: Repo, tmp_path: Path) -> None:
    """Its objects are in another repository."""
    head = move_on(repo, tmp_path / "origin.git")
    subprocess.run(
        ["git", "clone", "--quiet", "--bare", "--shared", str(tmp_path / "origin.git"), str(tmp_path / "fork.git")],
        check=True,
    )
    repo.git("remote", "set-url", "origin", "../fork.git")  # relative to the clone
    found = ask(repo, head)
    assert isinstance(found, git.Standing), found


def test_a_partial_clone_fetches_nothing_for_it(repo: Repo, tmp_path: Path) -> None:
    """Before 2.45 Git asks a remote for each commit that it is asked about and lacks."""
    Repo(tmp_path / "origin.git").git("config", "uploadpack.allowFilter", "true")
    Repo(tmp_path / "origin.git").git("config", "uploadpack.allowAnySHA1InWant", "true")
    partial_clone = clone(tmp_path / "origin.git", tmp_path / "partial", "--filter=tree:0", "--branch=main")
    head = move_on(repo, tmp_path / "origin.git")
    found = ask(partial_clone, head)
    assert isinstance(found, git.Standing), found


def test_hooks_of_the_user_do_not_run(repo: Repo, tmp_path: Path, own_home: Path) -> None:
    """Neither those of all repositories, nor those that each new one gets."""
    head = move_on(repo, tmp_path / "origin.git")
    for place in ("hooks", "template/hooks"):
        program(own_home / place / "reference-transaction", f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    (own_home / ".gitconfig").write_text(
        f"[core]\nhooksPath = {own_home}/hooks\n[init]\ntemplateDir = {own_home}/template\n"
    )
    assert isinstance(ask(repo, head), git.Standing)
    assert not (tmp_path / "ran").exists()
