"""Asks a server, in its own protocol, to continue in TLS on the same connection."""

import re
import socket
from collections.abc import Callable, Mapping
from types import MappingProxyType

from release_sentinel.lines import one_line

_LONGEST = 4096  # bytes of a line, or of LDAP's answer
_SHOWN = 200  # characters of an answer that an error shows
_MOST_LINES = 100  # of one reply
_TLS_BY_LDAP = b"1.3.6.1.4.1.1466.20037"  # RFC 4511, 4.14
_TLS_BY_POSTGRES = bytes.fromhex("0000000804d2162f")  # SSLRequest


class RefusedError(Exception):
    """The server does not go on in TLS; the message has its own words. If `temporary`, it may do so later."""

    def __init__(self, message: str, *, temporary: bool = False) -> None:
        super().__init__(one_line(message, _SHOWN))
        self.temporary = temporary


def begin(protocol: str, connection: socket.socket) -> None:
    """Ask for TLS. Raises `RefusedError`, or `OSError`.

    No byte beyond the server's consent is read: what it may have sent after it would otherwise pass for encrypted.
    """
    _PROTOCOLS[protocol](connection)


def _smtp(connection: socket.socket) -> None:
    """RFC 3207."""
    _smtp_reply(connection, "220", "greets with")
    connection.sendall(b"EHLO localhost\r\n")
    offered = _smtp_reply(connection, "250", "answers EHLO with")
    if "STARTTLS" not in (line[4:].strip().upper() for line in offered):
        raise RefusedError("it does not offer STARTTLS")
    connection.sendall(b"STARTTLS\r\n")
    _smtp_reply(connection, "220", "answers STARTTLS with")


def _smtp_reply(connection: socket.socket, code: str, what: str) -> list[str]:
    lines = [_line(connection)]
    while re.match(r"\d{3}-", lines[-1]) and len(lines) < _MOST_LINES:
        lines.append(_line(connection))
    if not re.match(rf"{code}( |$)", lines[-1]):
        raise RefusedError(f"it {what}: {lines[-1]}", temporary=lines[-1].startswith("4"))
    return lines


def _imap(connection: socket.socket) -> None:
    """RFC 3501, 6.2.1."""
    greeting = _line(connection)
    if not greeting.upper().startswith("* OK"):
        raise RefusedError(f"it greets with: {greeting}")
    connection.sendall(b"a1 STARTTLS\r\n")
    for _ in range(_MOST_LINES):
        answer = _line(connection)
        if not answer.startswith("* "):
            break
    if not answer.upper().startswith("A1 OK"):
        raise RefusedError(f"it answers STARTTLS with: {answer}")


def _ldap(connection: socket.socket) -> None:
    """RFC 4511, 4.14: an extended request with the message id 1."""
    name = b"\x80" + bytes([len(_TLS_BY_LDAP)]) + _TLS_BY_LDAP
    request = b"\x02\x01\x01\x77" + bytes([len(name)]) + name
    connection.sendall(b"\x30" + bytes([len(request)]) + request)
    kind, message = _element(connection)
    if kind != b"\x30" or message[:4] != b"\x02\x01\x01\x78":
        raise RefusedError("it does not answer in LDAP")
    head = 5 if message[4] < 0x80 else 5 + (message[4] & 0x7F)
    code = message[head : head + 3]
    if code != b"\x0a\x01\x00":  # resultCode: success
        words = f"result code {code[2]}" if len(code) == 3 else "no result code"
        raise RefusedError(f"it answers STARTTLS with {words}")


def _element(connection: socket.socket) -> tuple[bytes, bytes]:
    """Read one BER element; return its tag and its content."""
    kind, size = _exactly(connection, 1), _exactly(connection, 1)[0]
    if size >= 0x80:
        size = int.from_bytes(_exactly(connection, min(size & 0x7F, 4)))
    content = _exactly(connection, min(size, _LONGEST))
    return kind, content if len(content) >= 5 else b""


def _postgres(connection: socket.socket) -> None:
    """PostgreSQL's own handshake: an SSLRequest, which it answers with one letter."""
    connection.sendall(_TLS_BY_POSTGRES)
    answer = _exactly(connection, 1)
    if answer == b"N":
        raise RefusedError("it does not offer TLS")
    if answer != b"S":
        raise RefusedError("it does not answer as PostgreSQL does")


def _line(connection: socket.socket) -> str:
    line = bytearray()
    while not line.endswith(b"\n") and len(line) < _LONGEST:
        line += _exactly(connection, 1)
    return line.decode(errors="replace").strip()


def _exactly(connection: socket.socket, size: int) -> bytes:
    content = bytearray()
    while len(content) < size:
        part = connection.recv(size - len(content))
        if not part:
            raise ConnectionError("the server closed the connection before TLS began")
        content += part
    return bytes(content)


_PROTOCOLS: Mapping[str, Callable[[socket.socket], None]] = MappingProxyType(
    {"smtp": _smtp, "imap": _imap, "ldap": _ldap, "postgres": _postgres}
)
