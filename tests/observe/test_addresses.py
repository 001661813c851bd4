"""A name with several addresses is connected to while one of them accepts, whatever the others do."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme

from release_sentinel.checks.api import check_api
from release_sentinel.checks.certificate import check_certificate
from release_sentinel.checks.prometheus import check_prometheus
from release_sentinel.checks.result import CRIT, OK, UNKNOWN, CheckResult
from release_sentinel.checks.tcp import check_tcp
from release_sentinel.config.targets import CertificateTarget, Dependency, PrometheusQuery, TcpTarget
from release_sentinel.observe import addresses
from tests.observe.parts import pem, tls_server

NAME = "shop.example"
Places = list[tuple[int, str]]


@contextmanager
def deaf(port: int = 0) -> Iterator[int]:
    """Yield a port of 127.0.0.2 that drops what arrives: its backlog is full, and nothing accepts."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.2", port))
        listener.listen(0)
        for _ in range(3):
            filler = stack.enter_context(socket.socket())
            filler.settimeout(0)
            filler.connect_ex(listener.getsockname())
        time.sleep(0.02)
        yield int(listener.getsockname()[1])


@contextmanager
def listening(port: int, host: str = "127.0.0.1") -> Iterator[list[bytes]]:
    """Answer HTTP on an address; yield what was received."""
    received: list[bytes] = []
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            with connection:
                connection.settimeout(5)
                received.append(connection.recv(4096))
                connection.sendall(ANSWER)

    with socket.create_server((host, port)) as listener:
        listener.settimeout(0.02)
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield received
        finally:
            stop.set()
            thread.join()


BODY = b'{"status": "success", "data": {"resultType": "scalar", "result": [1, "1"]}}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the name have these addresses, in this order."""
    monkeypatch.setenv("NO_PROXY", "*")
    real = socket.getaddrinfo

    def to(*hosts: str) -> None:
        def look_up(host: str, port: int, *rest: Any, **more: Any) -> Any:
            if host != NAME:
                return real(host, port, *rest, **more)
            found = [(socket.AF_INET6 if ":" in address else socket.AF_INET, address) for address in hosts]
            return [(family, socket.SOCK_STREAM, 6, "", (address, port)) for family, address in found]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)

    return to


def ask(gate: str, port: int, timeout: float = 10) -> CheckResult:
    """Judge the host by one of the gates, with one try."""
    bounds: dict[str, Any] = {"timeout": timeout, "tries": 1, "deadline": 30}
    url = f"http://{NAME}:{port}/"
    if gate == "api":
        return check_api(Dependency(url=url, **bounds))
    if gate == "prometheus":
        return check_prometheus(PrometheusQuery("q", url, "1", "==", 1, max_age=0, **bounds))
    return check_tcp(TcpTarget(NAME, port, **bounds))


HTTP = ["api", "prometheus"]
GATES = [*HTTP, "tcp"]


@pytest.mark.sweep
@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize(
    "hosts",
    [("127.0.0.2", "127.0.0.1"), ("127.0.0.2",) * 3 + ("127.0.0.1",), ("127.0.0.3", "127.0.0.2", "127.0.0.1")],
    ids=["drops", "drops and is named often", "refuses, drops"],
)
def test_an_address_that_drops_packets_does_not_hold_up_the_others(
    resolve: Any, gate: str, hosts: tuple[str, ...]
) -> None:
    """The next one is tried beside it, within the same try; one request is sent."""
    with deaf() as port, listening(port) as received:
        resolve(*hosts)
        result = ask(gate, port)
    assert (result.status, result.tries) == (OK, 1), result.message
    assert gate == "tcp" or len(received) == 1


@pytest.mark.parametrize("gate", GATES)
def test_addresses_that_all_drop_packets(resolve: Any, gate: str) -> None:
    """One bound holds for all of them together."""
    with deaf() as port:
        resolve("127.0.0.2", "127.0.0.2")
        result = ask(gate, port, timeout=0.3)
    assert result.status is (UNKNOWN if gate == "prometheus" else CRIT)
    assert "no answer within 0.3 s" in result.message


def test_a_certificate_behind_an_address_that_drops_packets(resolve: Any, tmp_path: Path) -> None:
    """It is found at the other address."""
    authority = trustme.CA()
    with tls_server(authority.issue_cert(NAME)) as port, deaf(port):
        resolve("127.0.0.2", "127.0.0.1")
        bundle = pem(authority.cert_pem, tmp_path / "ca.pem")
        target = CertificateTarget(NAME, port, ca_bundle=bundle, timeout=10, tries=1, crit_days=0, warn_days=0)
        result = check_certificate(target)
    assert result.status is OK, result.message


@pytest.mark.parametrize("gate", GATES)
def test_a_family_without_a_network(resolve: Any, gate: str) -> None:
    """An address that cannot be reached at all costs nothing."""
    with deaf() as port, listening(port):
        resolve("2001:db8::1", "127.0.0.1")
        assert ask(gate, port).status is OK


@pytest.mark.parametrize("url", ["http://pay.invalid/", "https://pay.invalid/"])
def test_a_proxy_behind_an_address_that_drops_packets(resolve: Any, url: str) -> None:
    """It is found at its other address, for both schemes."""
    with deaf() as port, listening(port) as received:
        resolve("127.0.0.2", "127.0.0.1")
        check_api(Dependency(url=url, proxy=f"http://{NAME}:{port}", timeout=10, tries=1))
    assert [words.split()[0] for words in received] == [b"CONNECT" if url.startswith("https") else b"GET"]


def test_the_first_address_is_preferred(resolve: Any) -> None:
    """While it answers, no other one hears of us."""
    with deaf() as port, listening(port) as first, listening(port, "127.0.0.4") as second:
        resolve("127.0.0.1", "127.0.0.4")
        for _ in range(3):
            assert ask("api", port).status is OK
    assert (len(first), len(second)) == (3, 0)


def test_the_families_take_turns() -> None:
    """Five addresses of a lost family do not come before the first of the other one."""
    six, four = (
        [addresses._Address(family, 1, 6, n) for n in range(3)] for family in (socket.AF_INET6, socket.AF_INET)
    )
    turns = addresses._by_turns([*six, *six, *four[:2]])
    assert turns == [six[0], four[0], six[1], four[1], six[2]]


def test_a_name_without_an_address(resolve: Any) -> None:
    """It is an error in plain words."""
    resolve()
    assert "shop.example has no address" in ask("tcp", 1).message


def test_brackets_around_an_address() -> None:
    """They are those of a URL, and no part of the address."""
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        addresses.connect("[::1]", listener.getsockname()[1], 5).close()
