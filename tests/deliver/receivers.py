"""Receivers for the kinds of messages that go to fixed hosts: a proxy that answers for all, and a mail server."""

import contextlib
import json
import socketserver
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from io import BufferedIOBase
from pathlib import Path
from typing import Any

import trustme

_HOSTS = ("*.slack.com", "discord.com", "*.pagerduty.com", "*.opsgenie.com", "*.westus.logic.azure.com")


@dataclass(frozen=True)
class Sent:
    """One request: the host and the path that it was meant for, and its JSON."""

    host: str
    path: str
    json: Any


@dataclass
class Receivers:
    """What was received, and the variables by which `requests` comes here and trusts the certificates."""

    environ: Mapping[str, str]
    sent: list[Sent] = field(default_factory=list)

    def of(self, host: str) -> list[Sent]:
        """Return the requests for one host, in order."""
        return [one for one in self.sent if one.host == host]


@contextmanager
def receivers(folder: Path) -> Iterator[Receivers]:
    """Stand in for every host that is reached by HTTPS."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "authority.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*_HOSTS).configure_cert(context)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            host = self.rfile.readline().split()[1].decode().partition(":")[0]
            _headers(self.rfile)
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            with contextlib.suppress(OSError), context.wrap_socket(self.connection, server_side=True) as inside:
                with inside.makefile("rb") as reading:
                    path = reading.readline().split()[1].decode()
                    length = int(_headers(reading).get("content-length", "0"))
                    got.sent.append(Sent(host, path, json.loads(reading.read(length))))
                answer = b"ok" if host == "hooks.slack.com" else b'{"result": "accepted", "requestId": "1"}'
                inside.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(answer))
                inside.sendall(answer)

    with _serving(Handler) as port:
        proxy = f"http://127.0.0.1:{port}"
        got = Receivers({"HTTPS_PROXY": proxy, "REQUESTS_CA_BUNDLE": str(folder / "authority.pem")})
        yield got


@contextmanager
def mailbox() -> Iterator[tuple[int, list[EmailMessage]]]:
    """Serve mail on the port that is returned, and fill the list with what comes."""
    mails: list[EmailMessage] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            while words := self.rfile.readline().split():
                if words[0].upper() == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    lines = iter(self.rfile.readline, b".\r\n")
                    mail = message_from_bytes(b"".join(lines), policy=policy.default)
                    assert isinstance(mail, EmailMessage)
                    mails.append(mail)
                self.wfile.write(b"221 bye\r\n" if words[0].upper() == b"QUIT" else b"250 fine\r\n")

    with _serving(Handler) as port:
        yield port, mails


@contextmanager
def _serving(handler: type[socketserver.StreamRequestHandler]) -> Iterator[int]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()


def _headers(reading: BufferedIOBase) -> dict[str, str]:
    lines = [line.decode().partition(":") for line in iter(reading.readline, b"\r\n")]
    return {name.lower(): value.strip() for name, _, value in lines}
