"""A port accepts, or the error says why not."""

import socket
import threading

import pytest

from release_sentinel.observe import retry, tcp
from tests.observe.parts import closed_port, raw_server, reserved_port, silence


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pause for a moment where a release pauses for seconds."""
    monkeypatch.setattr(retry, "_FIRST_PAUSE", 0.01)


def connect(host: str, port: int, timeout: float = 60, tries: int = 1) -> tcp.Connection:
    """Connect as patiently as a test may."""
    return tcp.connect(host, port, timeout=timeout, tries=tries, deadline=600)


def test_a_port_that_accepts() -> None:
    """Accepting is enough: no data has to be sent."""
    with raw_server(silence) as port:
        seen = connect("127.0.0.1", port)
    assert (seen.error, seen.tries, seen.earlier) == ("", 1, ())


def test_a_port_that_refuses() -> None:
    """A refused connection is retried, and reported in plain words each time."""
    seen = connect("127.0.0.1", closed_port(), tries=2)
    assert (seen.error, seen.tries, seen.earlier) == ("Connection refused", 2, ("Connection refused",))


def test_a_port_that_recovers() -> None:
    """A port that opens between two tries passes, with the earlier errors."""
    with reserved_port() as server:
        opened = threading.Timer(0.05, server.listen)
        opened.start()
        seen = tcp.connect("127.0.0.1", server.getsockname()[1], timeout=60, tries=2000, deadline=600)
        opened.join()
    assert seen.error == ""
    assert set(seen.earlier) == {"Connection refused"}


def test_a_name_that_is_not_found() -> None:
    """The look-up's own words are reported."""
    seen = connect("shop.invalid", 80)
    assert seen.error
    assert seen.error != "None"


@pytest.mark.parametrize("host", ["x" * 300, "a..b"])
def test_a_name_that_is_not_valid(host: str) -> None:
    """A host that no name server could resolve is reported at once."""
    seen = connect(host, 80, tries=3)
    assert seen.error


def test_a_name_server_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look-up without end is given up at the try's bound."""
    release = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: release.wait())
    seen = connect("shop.invalid", 80, timeout=0.1)
    release.set()
    assert seen.error == "no answer within 0.1 s"
