"""A Git host that is overloaded for a moment is asked again, within the bound; what is final is not."""

import shlex
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from release_sentinel.observe import Unseen, git
from release_sentinel.observe.git import patience
from release_sentinel.observe.git.process import GitOutput
from tests.conftest import Repo
from tests.observe.parts import Behaviour, clone, closed_port, hang_up, program, raw_server, reset, silence

HEAD = "refs/heads/main"


class Host(SimpleHTTPRequestHandler):
    """Serves a bare repository as files, after `failures` of its requests have failed with `status`."""

    failures: list[int]

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Fail, or send a file."""
        if not self.failures:
            super().do_GET()
        elif status := self.failures.pop():
            self.send_error(status)
        else:
            self.close_connection = True  # without an answer


@contextmanager
def host(folder: Path, *failures: int) -> Iterator[str]:
    """Serve the folder; yield the address of its `origin.git`."""
    handler = type("Handler", (Host,), {"failures": list(failures)})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/origin.git"
        server.shutdown()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for no more than moments."""
    monkeypatch.setattr(patience, "_PAUSE", 0.01)


@pytest.mark.sweep
@pytest.mark.parametrize("failures", [[429], [503], [502, 500], [0]], ids=["429", "503", "twice", "broken"])
def test_a_moment_of_overload_is_waited_out(repo: Repo, tmp_path: Path, failures: list[int]) -> None:
    """The remote is asked again."""
    Repo(tmp_path / "origin.git").git("update-server-info")
    with host(tmp_path, *failures) as url:
        repo.git("remote", "set-url", "origin", url)
        seen = git.tags(repo.path, ["v1.0.0"], branches=["main"]).remote
    assert isinstance(seen, git.Refs), seen
    assert seen.commits == {HEAD: repo.head}


@pytest.mark.sweep
@pytest.mark.parametrize(("status", "tries"), [(503, 4), (429, 4), (404, 1), (403, 1)])
def test_what_stays_is_said(repo: Repo, tmp_path: Path, status: int, tries: int) -> None:
    """With the number of tries, and that it may pass by itself; what is final is asked once."""
    with host(tmp_path, *[status] * 50) as url:
        repo.git("remote", "set-url", "origin", url)
        seen = git.tags(repo.path, ["v1.0.0"]).remote
    assert isinstance(seen, Unseen)
    assert ("could not be queried, 4 times" in seen.why) is (tries > 1)
    assert seen.remedy.startswith("run the gate again in a moment: this may be transient") is (tries > 1)
    assert seen.remedy.endswith("try `git ls-remote origin` here")


def half_header(connection: socket.socket, _stop: threading.Event) -> None:
    """Break off in the header, which Git does not notice."""
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Ty")


def page(connection: socket.socket, _stop: threading.Event) -> None:
    """Answer as a proxy does that shows a page of its own."""
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<html></html>")


def half_list(connection: socket.socket, _stop: threading.Event) -> None:
    """Break off in the list of refs."""
    kind = b"Content-Type: application/x-git-upload-pack-advertisement"
    connection.recv(4096)
    connection.sendall(b"HTTP/1.0 200 OK\r\n" + kind + b"\r\n\r\n001e# service=git-upload-pack\n0000")


def page_of_lines(connection: socket.socket, _stop: threading.Event) -> None:
    """Answer with a longer page: Git notices that."""
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<html>\n</html>\n")


@pytest.mark.parametrize(
    ("scheme", "behave"),
    [
        *(("http", behave) for behave in (reset, hang_up, half_header, half_list, page, page_of_lines)),
        *((scheme, behave) for scheme in ("https", "git", "ssh") for behave in (reset, hang_up)),
        *((scheme, None) for scheme in ("http", "git", "ssh")),
    ],
)
def test_a_connection_that_breaks_is_transient(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, scheme: str, behave: Behaviour | None
) -> None:
    """Whatever breaks it, in the words of Git, curl, a library of TLS or ssh; nothing is taken for an empty list."""
    monkeypatch.setenv("GIT_SSH_COMMAND", "ssh -F none -o BatchMode=yes")
    monkeypatch.setattr(patience, "_TRIES", 2)
    with raw_server(behave) if behave else nullcontext(closed_port()) as port:
        url = f"{scheme}://127.0.0.1:{port}/shop.git"
        repo.git("remote", "set-url", "origin", url)
        seen = git.remote_refs(repo.path, git.Remote("origin", url), ["refs/tags/v1.0.0"])
    assert isinstance(seen, Unseen), seen
    assert seen.remedy.startswith(patience.AGAIN), seen


@pytest.mark.parametrize("url", ["https://nowhere.invalid/shop.git", "ssh://nowhere.invalid/shop.git"])
def test_a_name_that_is_not_found_is_transient(repo: Repo, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Name servers fail for a moment, too."""
    monkeypatch.setattr(patience, "_TRIES", 1)
    repo.git("remote", "set-url", "origin", url)
    seen = git.remote_refs(repo.path, git.Remote("origin", url), ["refs/tags/v1.0.0"])
    assert isinstance(seen, Unseen), seen
    assert seen.remedy.startswith(patience.AGAIN), seen


def test_a_remote_that_never_answers_is_transient(repo: Repo) -> None:
    """The time is up: the remedy says both."""
    with raw_server(silence) as port:
        url = f"http://127.0.0.1:{port}/shop.git"
        repo.git("remote", "set-url", "origin", url)
        seen = git.remote_refs(repo.path, git.Remote("origin", url), ["refs/tags/v1.0.0"], timeout=0.2)
    assert isinstance(seen, Unseen)
    assert seen.why.endswith("could not be queried: git ls-remote did not answer within 0.2 s")
    assert seen.remedy == f"{patience.AGAIN}; or try `git ls-remote origin` here"


REACH = "fatal: unable to access 'https://h/x.git/': "
HUNG_UP = "fatal: the remote end hung up unexpectedly"
ACCESS = """fatal: Could not read from remote repository.

Please make sure you have the correct access rights
and the repository exists.
"""
TRANSIENT = (
    f"{REACH}Could not resolve host: h",
    f"{REACH}Could not resolve proxy: h",
    "fatal: unable to access 'https://h/certificate.git/': Failed to connect to h port 443 after 9 ms",
    f"{REACH}Failed to connect to h port 443 after 9 ms: Couldn't connect to server",
    f"{REACH}Failed to connect to h port 443: Network is unreachable",
    f"{REACH}Connection timed out after 300001 milliseconds",
    f"{REACH}OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to h:443",
    f"{REACH}OpenSSL SSL_connect: Connection reset by peer in connection to h:443",
    f"{REACH}TLS connect error: error:0A000126:SSL routines::unexpected eof while reading",
    f"{REACH}GnuTLS recv error (-54): Error in the pull function.",
    f"{REACH}gnutls_handshake() failed: The TLS connection was non-properly terminated.",
    f"{REACH}HTTP/2 stream 1 was not closed cleanly: INTERNAL_ERROR (err 2)",
    f"{REACH}CONNECT tunnel failed, response 503",
    f"{REACH}Received HTTP code 502 from proxy after CONNECT",
    f"{REACH}Operation too slow. Less than 1 bytes/sec transferred the last 9 seconds",
    "error: RPC failed; curl 56 Recv failure: Connection reset by peer\nfatal: expected flush after ref listing",
    "error: RPC failed; HTTP 502 curl 22 The requested URL returned error: 502\n" + HUNG_UP,
    "error: RPC failed; curl 18 transfer closed with outstanding read data remaining\nfatal: early EOF",
    "fetch-pack: unexpected disconnect while reading sideband packet\nfatal: early EOF",
    "fatal: the remote end hung up upon initial contact",
    "fatal: unable to connect to h:\nh[0: 10.0.0.1]: errno=No route to host",
    "fatal: unable to look up h (port 9418) (Temporary failure in name resolution)",
    "fatal: read error: Connection reset by peer",
    "remote: Internal Server Error\n" + ACCESS,
    "remote: GitLab: Internal API unreachable\n" + ACCESS,
    "ssh: connect to host h port 22: Connection timed out\n" + ACCESS,
    "ssh: connect to host h port 22: Operation timed out\n" + ACCESS,
    "ssh: Could not resolve hostname h: Name or service not known\n" + ACCESS,
    "ssh: connect to host h port 22: Network is unreachable\n" + ACCESS,
    "kex_exchange_identification: read: Connection reset by peer\n" + ACCESS,
    "ssh_exchange_identification: Connection closed by remote host\n" + ACCESS,
    "Connection closed by 10.0.0.1 port 22\n" + ACCESS,
    "Connection timed out during banner exchange\n" + ACCESS,
    "client_loop: send disconnect: Broken pipe\n" + ACCESS,
    "Connection to h closed by remote host.\n" + ACCESS,
    "Timeout, server h not responding.\n" + ACCESS,
    "fatal: https://h/x.git/info/refs not valid: is this a git repository?",  # a page of a gateway
    ACCESS,
)
FINAL = (
    "remote: HTTP Basic: Access denied\nfatal: Authentication failed for 'https://h/x.git/'",
    "fatal: could not read Username for 'https://h': terminal prompts disabled",
    f"{REACH}The requested URL returned error: 403",
    "error: RPC failed; HTTP 403 curl 22 The requested URL returned error: 403\n" + HUNG_UP,
    "error: RPC failed; result=22, HTTP code = 413\n" + HUNG_UP,
    f"{REACH}CONNECT tunnel failed, response 407",
    "remote: Repository not found.\nfatal: repository 'https://h/timeout.git/' not found",
    "ERROR: Repository not found.\n" + ACCESS,
    "fatal: '/srv/x' does not appear to be a git repository\n" + ACCESS,
    "fatal: remote error: access denied or repository not exported: /x",
    "git@h: Permission denied (publickey).\n" + ACCESS,
    "Host key verification failed.\n" + ACCESS,
    "Received disconnect from 10.0.0.1 port 22:2: Too many authentication failures\n" + ACCESS,
    "Permission denied (publickey).\nConnection closed by 10.0.0.1 port 22\n" + ACCESS,
    f"{REACH}SSL certificate problem: certificate has expired",
    f"{REACH}server certificate verification failed. CAfile: none CRLfile: none",
    f"{REACH}SSL: no alternative certificate subject name matches target host name 'h'",
    f"{REACH}gnutls_handshake() failed: Error in the certificate.",
    " ! [remote rejected] v1.0.0 -> v1.0.0 (pre-receive hook declined)\nerror: failed to push some refs to 'https://h/x.git'",
)


@pytest.mark.parametrize("words", TRANSIENT)
def test_words_of_what_may_pass(words: str) -> None:
    """Those of other versions, libraries and servers than are here."""
    assert patience.is_transient(GitOutput(128, "", words))
    assert not patience.is_transient(GitOutput(0, "", words))


@pytest.mark.parametrize("words", FINAL)
def test_words_of_what_stays(words: str) -> None:
    """Also beside words of a connection that ends because of it."""
    assert not patience.is_transient(GitOutput(128, "", words))


def test_a_git_that_a_closed_connection_ended() -> None:
    """It says nothing at all."""
    assert patience.is_transient(GitOutput(-13, "", ""))
    assert not patience.is_transient(GitOutput(-9, "", ""))
    assert not patience.is_transient(Unseen("git is not installed"))


ARRIVES = 'git receive-pack "$@";'


def flaky(repo: Repo, command: str, failures: int, before: str = "") -> Path:
    """Let a command of the remote break the first connections, `before` it or after; return the file that counts."""
    count = repo.path.with_name("count")
    broken = f"{before} echo Connection reset by peer >&2; exit 1"
    quoted = shlex.quote(str(count))
    text = f'echo >> {quoted}\ntest "$(wc -l < {quoted})" -gt {failures} || {{ {broken}; }}\nexec git {command} "$@"\n'
    program(repo.path.with_name(command), f"#!/bin/sh\n{text}")
    repo.git("config", f"remote.origin.{command.replace('-', '')}", shlex.quote(str(repo.path.with_name(command))))
    return count


def made(repo: Repo) -> git.Tagged:
    """Make a tag here."""
    tag = git.make_tag(repo.path, "v1.0.0", repo.head, "a release")
    assert isinstance(tag, git.Tagged)
    return tag


@pytest.mark.parametrize("failures", [1, 9])
def test_a_throw_away_fetch_is_tried_again(repo: Repo, failures: int) -> None:
    """It has the same patience as the question for the refs."""
    other = clone(repo.path.with_name("origin.git"), repo.path.with_name("other"))
    head = other.commit("later.py")
    other.git("push", "--quiet", "origin", "main")
    seen = git.Tags(git.Refs({}, "here"), git.Refs({HEAD: head}, "there"))
    count = flaky(repo, "upload-pack", failures)
    found = git.standing(repo.path, repo.head, seen, "main", git.Remote("origin"))
    if failures > 1:
        assert isinstance(found, Unseen)
        assert "cannot be determined, 4 times: Connection reset by peer" in found.why
        assert found.remedy.startswith(patience.AGAIN)
        assert len(count.read_text()) == 4
    else:
        assert isinstance(found, git.Standing), found
        assert found.relation is git.Relation.BELOW


@pytest.mark.parametrize(("failures", "before"), [(1, ""), (1, ARRIVES), (9, ARRIVES)])
def test_a_push_is_tried_again(repo: Repo, failures: int, before: str) -> None:
    """A tag that is there already, because only the answer was lost, is a success."""
    flaky(repo, "receive-pack", failures, before)
    tag = made(repo)
    assert git.push_tag(repo.path, tag, git.Remote("origin")) == ""
    assert repo.git("ls-remote", "origin", tag.ref).split()[0] == tag.object


def test_a_push_that_stays_broken(repo: Repo) -> None:
    """The remote is asked what it has; another object under that name is no success."""
    flaky(repo, "receive-pack", 99)
    tag = made(repo)
    why = git.push_tag(repo.path, tag, git.Remote("origin"))
    assert why.startswith("git push, 4 times: Connection reset by peer; ")
    assert why.endswith(f"({patience.AGAIN})")
    repo.git("config", "--unset", "remote.origin.receivepack")
    repo.git("push", "--quiet", "origin", "HEAD:refs/tags/v1.0.0")
    assert "already exists" in git.push_tag(repo.path, tag, git.Remote("origin"))


@pytest.mark.parametrize("there", [True, False])
def test_a_lost_answer_of_a_push_to_another_repository(repo: Repo, tmp_path: Path, *, there: bool) -> None:
    """The one that is pushed to is asked, and not the one that is fetched from."""
    subprocess.run(["git", "clone", "--quiet", "--bare", str(repo.path), str(tmp_path / "other.git")], check=True)
    tag = made(repo)
    repo.git("push", "--quiet", str(tmp_path / "other.git") if there else "origin", tag.ref)
    repo.git("remote", "set-url", "--push", "origin", str(tmp_path / "other.git"))
    flaky(repo, "receive-pack", 99)
    assert bool(git.push_tag(repo.path, tag, git.Remote("origin"))) is not there
