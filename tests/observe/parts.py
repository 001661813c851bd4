"""Parts that the tests of observers and checks share: helpers for repositories, and servers that misbehave."""

import atexit
import contextlib
import os
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import trustme

from release_sentinel.observe import Unseen, git
from tests.conftest import Repo

ALLOW_FILES = ("-c", "protocol.file.allow=always")  # submodules from a path
UNSAID = {git.HIDDEN_EDIT, git.UNINITIALISED}  # by `git status`
Behaviour = Callable[[socket.socket, threading.Event], None]


def look(path: Path, *own_outputs: Path) -> git.Repository:
    """Observe a repository that is visible."""
    seen = git.look(path, git.Rules(own_outputs))
    assert isinstance(seen, git.Repository), seen
    return seen


def refused(path: Path) -> Unseen:
    """Observe what is not visible as a repository."""
    seen = git.look(path)
    assert isinstance(seen, Unseen), seen
    return seen


def changes(repo: Repo) -> list[str]:
    """Return what `git status` says about the work tree, as messages show it."""
    return [str(change) for change in look(repo.path).changes if change.code not in UNSAID]


def hidden(repo: Repo) -> list[str]:
    """Return what `git status` does not say about the work tree, as messages show it."""
    return [str(change) for change in look(repo.path).changes if change.code in UNSAID]


def write(top: Path, name: str, text: str | bytes) -> str:
    """Write the file that `name` names, with or without a key; return `name`."""
    path = top / name.partition("#")[0]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return name


def add_submodule(repo: Repo, source: Repo, name: str = "lib") -> Repo:
    """Add `source` as a submodule, commit it, and return the submodule's work tree."""
    repo.git(*ALLOW_FILES, "submodule", "--quiet", "add", str(source.path), name)
    repo.git("commit", "--quiet", "--message", f"add {name}")
    return Repo(repo.path / name)


def clone(source: Path, path: Path, *options: str) -> Repo:
    """Clone a repository by its file URL, so that `--depth` counts."""
    path.mkdir()
    Repo(path).git("clone", "--quiet", *(options or ("--branch=main",)), source.as_uri(), ".")
    return Repo(path)


def conflict(repo: Repo) -> None:
    """Make the branch `other` and main change one file in two ways; main is checked out."""
    repo.git("checkout", "--quiet", "-b", "other")
    repo.commit("app.py", "print('other')\n")
    repo.git("checkout", "--quiet", "main")
    repo.commit("app.py", "print('main')\n")


@contextmanager
def raw_server(behave: Behaviour) -> Iterator[int]:
    """Pass every connection on a loopback port to `behave`, with an event that is set at the end; yield the port."""
    stop = threading.Event()

    def serve(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            behave(connection, stop)

    def accept() -> None:
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _ = listener.accept()
                connection.settimeout(10)
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.02)
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            stop.set()
            thread.join()


def silence(_connection: socket.socket, stop: threading.Event) -> None:
    """Accept, and never answer."""
    stop.wait(30)


def drip_headers(connection: socket.socket, stop: threading.Event) -> None:
    """Answer with headers that never end, a few bytes at a time: no single read takes long."""
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while not stop.wait(0.02):
        connection.sendall(b"X")


def drip_body(connection: socket.socket, stop: threading.Event) -> None:
    """Answer with whole headers, and a body that never ends."""
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while not stop.wait(0.02):
        connection.sendall(b"x")


def reset(connection: socket.socket, _stop: threading.Event) -> None:
    """Read the question, and reset the connection."""
    connection.recv(4096)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hang_up(connection: socket.socket, _stop: threading.Event) -> None:
    """Read the question, and close the connection without an answer."""
    connection.recv(4096)


def garbage(connection: socket.socket, _stop: threading.Event) -> None:
    """Answer in another protocol."""
    connection.recv(4096)
    connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")


def reserved_port() -> socket.socket:
    """Return a socket that reserves a loopback port; until it listens, the port refuses connections."""
    holder = socket.socket()
    holder.bind(("127.0.0.1", 0))
    return holder


@cache
def closed_port() -> int:
    """Return a loopback port on which nothing listens, nor will until the tests have ended."""
    holder = reserved_port()
    atexit.register(holder.close)
    return int(holder.getsockname()[1])


def program(path: Path, text: str) -> Path:
    """Write an executable script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


def real_git() -> str:
    """Return where Git is, for scripts that wrap it."""
    return next(
        str(Path(folder) / "git") for folder in os.environ["PATH"].split(os.pathsep) if (Path(folder) / "git").is_file()
    )


def secure(connection: socket.socket, context: ssl.SSLContext) -> ssl.SSLSocket:
    """Begin TLS as a server; `OSError` where the client has gone: Python would leave the socket of that one open."""
    connection.getpeername()
    return context.wrap_socket(connection, server_side=True)


@contextmanager
def tls_server(
    issued: trustme.LeafCert, *, client_ca: trustme.CA | None = None, answer: bytes = b"HTTP/1.1 200 OK\r\n\r\n"
) -> Iterator[int]:
    """Serve `answer` over TLS with a certificate; yield the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued.configure_cert(context)
    if client_ca:
        client_ca.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED

    def behave(connection: socket.socket, _stop: threading.Event) -> None:
        with secure(connection, context) as secured:
            if secured.recv(4096):
                secured.sendall(answer)

    with raw_server(behave) as port:
        yield port


def pem(certificate: trustme.Blob, path: Path) -> str:
    """Write a certificate or a key to a file; return its name."""
    certificate.write_to_path(path)
    return str(path)
