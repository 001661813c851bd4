"""Tags and branches of the clone and of its remote are read, without a change to either."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from release_sentinel.observe import Unseen, git
from release_sentinel.observe.git.records import Branches, Remote
from tests.conftest import SECRET, Repo, make_repo
from tests.observe.parts import (
    clone,
    closed_port,
    program,
    raw_server,
    silence,
)

TAG = "refs/tags/v1.0.0"


def remote_name(path: Path, wanted: str = "") -> str:
    """Return the name of the remote that is queried."""
    remote = git.find_remote(path, wanted)
    assert isinstance(remote, Remote), remote
    return remote.name


def containing(repo: Repo, *allowed: str) -> Branches | Unseen:
    """Ask which branches contain HEAD, as a tag build does."""
    return git.branches_containing(repo.path, git.tags(repo.path, branches=allowed), allowed)


def test_remote_name_is_origin(repo: Repo, tmp_path: Path) -> None:
    """Of several remotes `origin` is queried."""
    repo.add_remote(tmp_path / "backup.git", "backup")
    assert remote_name(repo.path) == "origin"


def test_remote_name_as_wanted(repo: Repo, tmp_path: Path) -> None:
    """The policy's remote is queried if it names one."""
    repo.add_remote(tmp_path / "backup.git", "backup")
    assert remote_name(repo.path, "backup") == "backup"


def test_the_only_remote(repo: Repo) -> None:
    """The only remote is queried, whatever its name."""
    repo.git("remote", "rename", "origin", "upstream")
    assert remote_name(repo.path) == "upstream"


def test_no_remote(tmp_path: Path) -> None:
    """A clone without remote has none."""
    assert git.find_remote(make_repo(tmp_path / "alone").path) is None


def test_a_remote_that_is_not_there(repo: Repo) -> None:
    """A wanted remote that does not exist is not replaced by another."""
    assert git.find_remote(repo.path, "upstream") == Unseen(
        "there is no remote 'upstream' (there are: origin)", "set RS_REMOTE"
    )


def test_several_remotes_without_origin(repo: Repo, tmp_path: Path) -> None:
    """Which of several remotes to query is not guessed."""
    repo.add_remote(tmp_path / "backup.git", "backup")
    repo.git("remote", "rename", "origin", "upstream")
    seen = git.find_remote(repo.path)
    assert isinstance(seen, Unseen)
    assert "several remotes (backup, upstream)" in seen.why
    assert seen.remedy == "set RS_REMOTE"


def test_a_tag_on_the_remote_only(repo: Repo) -> None:
    """A tag that only the remote has is found there, and the clone is left as it was."""
    repo.git("tag", "v1.0.0")
    repo.git("push", "--quiet", "origin", "v1.0.0")
    repo.git("tag", "--delete", "v1.0.0")
    seen = git.tags(repo.path, ["v1.0.0"])
    assert isinstance(seen.local, git.Refs)
    assert isinstance(seen.remote, git.Refs)
    assert (seen.local.tag("v1.0.0"), seen.remote.tag("v1.0.0")) == (None, repo.head)
    assert not repo.git("tag")


@pytest.mark.parametrize("options", [(), ("--annotate", "--message", "one")], ids=["lightweight", "annotated"])
def test_tags_are_peeled(repo: Repo, options: tuple[str, ...]) -> None:
    """Both kinds of tag name their commit, here and on the remote."""
    repo.git("tag", *options, "v1.0.0")
    repo.git("push", "--quiet", "origin", "v1.0.0")
    seen = git.tags(repo.path, ["v1.0.0", "1.0.0"])
    assert isinstance(seen.local, git.Refs)
    assert isinstance(seen.remote, git.Refs)
    assert seen.local.commits == seen.remote.commits == {TAG: repo.head}


def test_all_tags_are_listed(repo: Repo) -> None:
    """A glob lists every tag; the one that is asked for by name is still peeled."""
    for name in ("v1.0.0", "v0.9.0", "pkg/v1.0.0"):
        repo.git("tag", "--annotate", "--message", "x", name)
    repo.git("push", "--quiet", "--tags", "origin")
    seen = git.tags(repo.path, ["v1.0.0", "*"])
    assert isinstance(seen.local, git.Refs)
    assert isinstance(seen.remote, git.Refs)
    assert set(seen.local.tags) == set(seen.remote.tags) == {"v1.0.0", "v0.9.0", "pkg/v1.0.0"}
    assert seen.local.tag("v1.0.0") == seen.remote.tag("v1.0.0") == repo.head


def test_look_alikes_of_a_tag(repo: Repo) -> None:
    """Neither a branch of the tag's name, nor a longer name, nor one in a folder is the tag."""
    repo.git("branch", "v1.0.0")
    for name in ("v1.0.0-rc.1", "v1.0.01", "pkg/v1.0.0", "V1.0.0"):
        repo.git("tag", name)
    repo.git("push", "--quiet", "--all", "origin")
    repo.git("push", "--quiet", "--tags", "origin")
    seen = git.tags(repo.path, ["v1.0.0"])
    assert isinstance(seen.local, git.Refs)
    assert isinstance(seen.remote, git.Refs)
    assert (seen.local.tag("v1.0.0"), seen.remote.tag("v1.0.0")) == (None, None)


def test_heads_are_asked_in_the_same_request(repo: Repo) -> None:
    """The heads of release branches come along, by glob."""
    repo.git("push", "--quiet", "origin", "main:release/1.0", "main:feature")
    seen = git.tags(repo.path, ["v1.0.0"], branches=["main", "release/*"])
    assert isinstance(seen.remote, git.Refs)
    assert set(seen.remote.commits) == {"refs/heads/main", "refs/heads/release/1.0"}


def test_a_clone_without_remote_has_no_remote_tags(tmp_path: Path) -> None:
    """If there is no remote, its tags are None and not an empty list."""
    alone = make_repo(tmp_path / "alone")
    alone.commit()
    assert git.tags(alone.path, ["v1.0.0"]).remote is None


def test_a_remote_that_is_gone(repo: Repo, tmp_path: Path) -> None:
    """A remote that is gone is unseen, in Git's words, with the command to try."""
    (tmp_path / "origin.git").rename(tmp_path / "elsewhere.git")
    seen = git.tags(repo.path, ["v1.0.0"]).remote
    assert isinstance(seen, Unseen)
    assert seen.why.startswith(f"the remote origin ({tmp_path / 'origin.git'}) could not be queried: ")
    assert "does not appear to be a git repository" in seen.why
    assert seen.remedy == "try `git ls-remote origin` here"


@contextmanager
def silent_remote(repo: Repo, scheme: str) -> Iterator[None]:
    """Point `origin` at a server that accepts and never answers."""
    with raw_server(silence) as port:
        repo.git("remote", "set-url", "origin", f"{scheme}://127.0.0.1:{port}/shop.git")
        yield


@pytest.mark.parametrize("scheme", ["git", "http"])
def test_a_remote_that_hangs(repo: Repo, scheme: str) -> None:
    """A remote that never answers is given up at the time-out, with Git's helpers."""
    with silent_remote(repo, scheme):
        seen = git.remote_refs(repo.path, Remote("origin"), [TAG], timeout=0.3)
    assert isinstance(seen, Unseen)
    assert "could not be queried: git ls-remote did not answer within 0.3 s" in seen.why


@pytest.mark.sweep
@pytest.mark.parametrize(
    "url",
    [
        "http://deploy:s3cret-w0rd@127.0.0.1:{port}/shop.git",
        "http://s3cret-w0rd@127.0.0.1:{port}/shop.git",
        "http://127.0.0.1:{port}/shop.git?private_token=s3cret-w0rd",
        "nonsense://deploy:s3cret-w0rd@127.0.0.1/shop.git",
    ],
    ids=["password", "token", "query", "unknown-scheme"],
)
def test_credentials_of_a_remote_are_not_shown(repo: Repo, url: str) -> None:
    """No message about a remote shows the credentials in its URL."""
    repo.git("remote", "set-url", "origin", url.format(port=closed_port()))
    seen = git.tags(repo.path, ["v1.0.0"]).remote
    assert isinstance(seen, Unseen)
    assert "127.0.0.1" in seen.why
    assert "s3cret" not in f"{seen}"


@pytest.mark.usefixtures("own_home")
def test_no_prompt_for_credentials(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A remote that asks for a password is an error: no configured program prompts for it."""
    mark = tmp_path / "asked"
    asking = program(tmp_path / "ask", f"#!/bin/sh\ntouch {mark}\necho x\n")
    monkeypatch.setenv("SSH_ASKPASS", str(asking))
    repo.git("config", "--global", "core.askPass", str(asking))

    def unauthorised(connection: socket.socket, _stop: threading.Event) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n")

    with raw_server(unauthorised) as port:
        seen = git.remote_refs(repo.path, Remote(f"http://127.0.0.1:{port}/shop.git"), [TAG], timeout=600)
    assert isinstance(seen, Unseen)
    assert not mark.exists()


def test_branches_containing_head(repo: Repo) -> None:
    """The branches of the clone and of its remotes that contain HEAD are returned, each once."""
    repo.git("checkout", "--quiet", "-b", "release/1.0")
    repo.commit("more.py")
    repo.git("push", "--quiet", "origin", "release/1.0")
    assert containing(repo) == Branches(("release/1.0",))
    repo.git("checkout", "--quiet", "--detach", "main")
    assert containing(repo) == Branches(("main", "release/1.0"))


def test_the_remote_head_is_a_branch_that_contains_head(repo: Repo, tmp_path: Path) -> None:
    """A shallow clone of a tag is on the remote's branch if that is at the same commit."""
    repo.git("tag", "v1.0.0")
    repo.git("push", "--quiet", "origin", "v1.0.0")
    shallow = clone(tmp_path / "origin.git", tmp_path / "clone", "--depth=1", "--branch=v1.0.0")
    assert containing(shallow, "main") == Branches(("main",))


def test_a_remote_branch_that_moved_on(repo: Repo, tmp_path: Path) -> None:
    """A clone of only the tag is enough if it has the remote branch's commits, under whatever name."""
    repo.git("tag", "v1.0.0")
    repo.commit("later.py")
    repo.git("push", "--quiet", "origin", "main", "v1.0.0")
    fresh = clone(tmp_path / "origin.git", tmp_path / "clone", "--single-branch", "--branch=v1.0.0")
    assert containing(fresh, "main") == Branches((), undetermined=("main",))
    fresh.git("fetch", "--quiet", "origin", "main")
    assert containing(fresh, "main") == Branches(("main",))


def test_a_remote_branch_that_was_rewritten(repo: Repo) -> None:
    """A remote branch whose commits are here and lead elsewhere does not contain HEAD."""
    base = repo.head
    repo.git("checkout", "--quiet", "--detach")
    repo.commit("loose.py")
    assert repo.git("ls-remote", "origin", "refs/heads/main").startswith(base)
    assert containing(repo, "main") == Branches()


def test_branches_of_other_remotes_do_not_count(repo: Repo, tmp_path: Path) -> None:
    """The main branch of a fork is not ours, also where the fork's name holds a slash."""
    repo.add_remote(tmp_path / "fork.git", "fork/main")
    repo.git("checkout", "--quiet", "--detach")
    repo.commit("theirs.py")
    repo.git("push", "--quiet", "fork/main", "HEAD:refs/heads/main")
    repo.git("fetch", "--quiet", "fork/main")
    assert containing(repo, "main") == Branches()


def test_the_remote_is_asked_for_no_more_than_is_needed(repo: Repo) -> None:
    """Refs of other kinds, such as those of pull requests, are omitted by the server."""
    repo.git("push", "--quiet", "origin", "main:refs/pull/7/head")
    with_trace = {"GIT_TRACE_PACKET": str(repo.path.parent / "trace")}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in with_trace.items():
            patch.setenv(name, value)
        git.tags(repo.path, ["v1.0.0"], branches=["main"])
    trace = (repo.path.parent / "trace").read_text(encoding="utf-8")
    assert "ref-prefix refs/heads/" in trace
    assert "refs/pull/7/head" not in trace


def test_git_writes_no_variable_into_a_trace(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether variables or Git's settings ask for it: the value may be a secret's."""
    trace = repo.path.parent / "trace2"
    repo.git("config", "trace2.normalTarget", str(trace))
    for name, value in (("GIT_TRACE2_EVENT", str(trace)), ("GIT_TRACE2_ENV_VARS", "RS_DEPLOY_TOKEN")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("RS_DEPLOY_TOKEN", SECRET)
    git.tags(repo.path, ["v1.0.0"], branches=["main"])
    assert SECRET not in (trace.read_text(encoding="utf-8") if trace.exists() else "")


def test_branches_containing_no_commit(tmp_path: Path) -> None:
    """Without a commit the branches that contain it are unseen."""
    alone = make_repo(tmp_path / "alone")
    assert isinstance(containing(Repo(alone.path)), Unseen)


def test_local_tags_of_no_repository(tmp_path: Path) -> None:
    """If Git cannot list refs, they are unseen, not absent."""
    seen = git.tags(tmp_path, ["v1.0.0"])
    assert isinstance(seen.local, Unseen)
    assert isinstance(seen.remote, Unseen)


def test_a_partial_clone_has_a_remote(repo: Repo) -> None:
    """The filter that Git adds to its list of remotes is not part of the URL."""
    repo.git("config", "remote.origin.promisor", "true")
    repo.git("config", "remote.origin.partialclonefilter", "blob:none")
    assert "[blob:none]" in repo.git("remote", "-v")
    assert remote_name(repo.path) == "origin"


def test_the_remote_counts_and_not_its_tracking_branches(repo: Repo) -> None:
    """A branch that was rewound or deleted there does not contain HEAD, even if this clone has not fetched that."""
    base = repo.head
    repo.commit("withdrawn.py")
    repo.git("push", "--quiet", "origin", "main", "main:release/1.0")
    repo.git("fetch", "--quiet", "origin")
    remote = Repo(repo.path.parent / "origin.git")
    remote.git("update-ref", "refs/heads/main", base)
    remote.git("branch", "--delete", "--force", "release/1.0")
    assert containing(repo, "main", "release/*") == Branches()
