"""An answer that breaks off is no answer; one that is whole is read, unpacked, and decoded as its server says."""

import gzip
import socket
import struct
import threading
import zlib

import pytest

from release_sentinel.observe import bodies, http, retry
from release_sentinel.observe.http import Exchange, Request
from tests.observe.parts import Behaviour, raw_server, reset

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
PACKED = gzip.compress(b"fine" * 1000)
BIG = gzip.compress(b"x" * (2 * bodies.MOST))


@pytest.fixture(autouse=True)
def _direct_and_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask without a proxy, and pause for a moment where a release pauses for seconds."""
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(retry, "_FIRST_PAUSE", 0.01)


def sends(*parts: bytes, then: Behaviour | None = None) -> Behaviour:
    """Answer each request with these bytes; then close, or do what `then` does."""

    def behave(connection: socket.socket, stop: threading.Event) -> None:
        connection.recv(4096)
        for part in parts:
            connection.sendall(part)
        if then:
            then(connection, stop)

    return behave


def abort(connection: socket.socket, stop: threading.Event) -> None:
    """Reset the connection when it is closed, once the bytes before have arrived."""
    stop.wait(0.05)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def ask(behave: Behaviour, method: str = "GET", *, timeout: float = 60, tries: int = 2) -> Exchange:
    """Ask a server that behaves so."""
    with raw_server(behave) as port:
        seen = http.ask(Request(f"http://127.0.0.1:{port}/", method, timeout=timeout, tries=tries, deadline=600))
    assert isinstance(seen, Exchange), seen
    return seen


def sized(length: int, body: bytes, *more: bytes) -> bytes:
    """Return an answer that announces a length."""
    return b"\r\n".join((HEAD.strip(), b"Content-Length: %d" % length, *more, b"", body))


BROKEN = {
    "closed": sends(sized(5000, b"x" * 16)),
    "closed before the body": sends(sized(5000, b"")),
    "reset": sends(sized(5000, b"x" * 16), then=abort),
    "no last chunk": sends(CHUNKED + b"4\r\nfine\r\n"),
    "half a chunk": sends(CHUNKED + b"10\r\nfine"),
    "no chunk": sends(CHUNKED),
    "chunk size is no number": sends(CHUNKED + b"4\r\nfine\r\nsoon\r\n"),
    "chunk size is negative": sends(CHUNKED + b"-4\r\nfine\r\n0\r\n\r\n"),
    "chunk size is wrong": sends(CHUNKED + b"2\r\nfine\r\n0\r\n\r\n"),
    "gzip is cut off": sends(sized(len(PACKED) - 9, PACKED[:-9], b"Content-Encoding: gzip")),
    "gzip is damaged": sends(sized(40, PACKED[:10] + b"\xff" * 30, b"Content-Encoding: gzip")),
    "no gzip at all": sends(sized(4, b"fine", b"Content-Encoding: gzip")),
    "deflate is cut off": sends(sized(10, zlib.compress(b"fine" * 1000)[:10], b"Content-Encoding: deflate")),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_an_answer_that_breaks_off_is_no_answer(broken: str) -> None:
    """It is retried like a lost connection, though no condition asks for the body."""
    seen = ask(BROKEN[broken])
    assert (seen.status, seen.tries) == (None, 2)
    assert seen.error.startswith("its answer breaks off: ")
    assert seen.earlier == (seen.error,)


def test_an_answer_that_breaks_off_is_shown_shortened() -> None:
    """What a server has sent in place of a chunk's size stays on one line."""
    seen = ask(sends(CHUNKED + b"x\x1b" * 9000 + b"\r\n"), tries=1)
    assert len(seen.error) < 300
    assert seen.error.isprintable()


@pytest.mark.parametrize("status", [b"404 Not Found", b"503 Busy"])
def test_an_error_that_breaks_off_is_no_answer(status: bytes) -> None:
    """Also where the status would not pass."""
    seen = ask(sends(b"HTTP/1.1 " + status + b"\r\nContent-Length: 50\r\n\r\nshort"))
    assert (seen.status, seen.tries) == (None, 2)


def drip(connection: socket.socket, stop: threading.Event) -> None:
    """Send a byte every now and then, without end."""
    while not stop.wait(0.02):
        connection.sendall(b"1\r\nx\r\n")


def stall(_connection: socket.socket, stop: threading.Event) -> None:
    """Send nothing more, and stay."""
    stop.wait(30)


@pytest.mark.parametrize(
    "behave",
    [sends(CHUNKED, then=drip), sends(sized(5000, b"x" * 16), then=stall), sends(HEAD + b"\r\n", then=drip)],
    ids=["chunks that drip", "stall", "no length"],
)
def test_an_answer_that_does_not_come_to_its_end(behave: Behaviour) -> None:
    """It is given up at the time-out of its try."""
    seen = ask(behave, timeout=0.2)
    assert (seen.status, seen.error, seen.tries) == (None, "no answer within 0.2 s", 2)


def test_an_answer_that_recovers() -> None:
    """The next try may get all of it, and the report has both."""
    answers = iter([sized(50, b"short"), sized(4, b"fine")])

    def behave(connection: socket.socket, stop: threading.Event) -> None:
        sends(next(answers))(connection, stop)

    seen = ask(behave)
    assert (seen.status, seen.tries, seen.body) == (200, 2, b"fine")
    assert seen.earlier[0].startswith("its answer breaks off: ")


WHOLE = {
    "length": (sends(sized(4, b"fine")), b"fine"),
    "empty": (sends(sized(0, b"")), b""),
    "until the end": (sends(HEAD + b"\r\nfine"), b"fine"),
    "chunks": (sends(CHUNKED + b"2\r\nfi\r\n2;x=1\r\nne\r\n0\r\nDigest: x\r\n\r\n"), b"fine"),
    "chunks without a last line": (sends(CHUNKED + b"4\r\nfine\r\n0\r\n"), b"fine"),
    "gzip": (sends(sized(len(PACKED), PACKED, b"Content-Encoding: gzip")), b"fine" * 1000),
    "gzip of two parts": (sends(sized(2 * len(PACKED), PACKED * 2, b"Content-Encoding: x-gzip")), b"fine" * 2000),
    "gzip and zeros": (sends(sized(len(PACKED) + 2, PACKED + b"\0\0", b"Content-Encoding: gzip")), b"fine" * 1000),
    "gzip of nothing": (sends(sized(0, b"", b"Content-Encoding: gzip")), b""),
    "deflate": (sends(sized(12, zlib.compress(b"fine"), b"Content-Encoding: deflate")), b"fine"),
    "bare deflate": (sends(sized(6, zlib.compress(b"fine", wbits=-15), b"Content-Encoding: deflate")), b"fine"),
    "a packing that is not known": (sends(sized(4, b"fine", b"Content-Encoding: x-own")), b"fine"),
    "early hints": (sends(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" * 2 + sized(4, b"fine")), b"fine"),
    "continue": (sends(b"HTTP/1.1 100 Continue\r\n\r\n" + sized(4, b"fine")), b"fine"),
    "many headers": (sends(sized(4, b"fine", *[b"X-%d: y" % n for n in range(150)])), b"fine"),
}


@pytest.mark.parametrize("form", WHOLE)
def test_an_answer_that_is_whole(form: str) -> None:
    """It is read once, whatever form it has."""
    behave, body = WHOLE[form]
    seen = ask(behave)
    assert (seen.status, seen.tries, seen.error, seen.whole) == (200, 1, "", True)
    assert seen.body == body


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("HEAD", sized(5000, b"")),
        ("HEAD", CHUNKED),
        ("HEAD", sized(5000, b"", b"Content-Encoding: gzip")),
        ("GET", b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n"),
        ("GET", b"HTTP/1.1 204 No Content\r\nContent-Length: 50\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5000\r\n\r\n"),
    ],
    ids=["head", "head of chunks", "head of gzip", "204 of chunks", "204", "304"],
)
def test_an_answer_without_a_body(method: str, answer: bytes) -> None:
    """Nothing is waited for, although headers announce a body and the connection stays open."""
    seen = ask(sends(answer, then=stall), method, timeout=60)
    assert (seen.status, seen.tries, seen.body) == (int(answer[9:12]), 1, b"")


def flood(connection: socket.socket, stop: threading.Event) -> None:
    """Send more than anybody reads."""
    while not stop.is_set():
        connection.sendall(b"x" * 65536)


@pytest.mark.parametrize(
    "behave",
    [
        sends(sized(1 << 40, b""), then=flood),
        sends(HEAD + b"\r\n", then=flood),
        sends(sized(len(BIG), BIG, b"Content-Encoding: gzip")),
    ],
    ids=["length", "no length", "packed"],
)
def test_a_body_beyond_the_bound(behave: Behaviour) -> None:
    """Once the bound is reached nothing more is read, and that is an answer."""
    seen = ask(behave)
    assert (seen.status, seen.tries, len(seen.body), seen.whole) == (200, 1, bodies.MOST, False)


TEXTS = {
    "utf-8": ("fine ü".encode(), ""),
    "a byte order mark": (b"\xef\xbb\xbffine \xc3\xbc", "application/json"),
    "the header's charset": (b"fine \xfc", 'text/plain; charset="ISO-8859-1"'),
    "utf-16 by its mark": ("fine ü".encode("utf-16"), "text/plain; charset=utf-8"),
    "utf-16 by the header": ("fine ü".encode("utf-16-be"), "text/plain; charset=utf-16be"),
    "utf-32 by its mark": ("fine ü".encode("utf-32"), ""),
    "an unknown charset": ("fine ü".encode(), "text/plain; charset=x-own"),
    "no charset of text": ("fine ü".encode(), "text/plain; charset=hex"),
    "a broken header": ("fine ü".encode(), ";;;=charset"),
}


@pytest.mark.parametrize("form", TEXTS)
def test_the_text_of_a_body(form: str) -> None:
    """The byte order mark decides, and is no part of the text; then the header; then UTF-8."""
    body, kind = TEXTS[form]
    assert bodies.text(body, {"Content-Type": kind} if kind else {}) == "fine ü"


def test_bytes_that_are_no_text() -> None:
    """What cannot be decoded is replaced: a condition on the rest may still hold."""
    assert bodies.text(b"fine \xff", {}) == "fine \N{REPLACEMENT CHARACTER}"


def test_a_reset_before_the_answer_is_a_lost_connection() -> None:
    """It is not called an answer."""
    assert ask(reset).error == "Connection reset by peer"
