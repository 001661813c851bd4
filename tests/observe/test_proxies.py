"""NO_PROXY exempts what its entries name, and a proxy that cannot be used is told in plain words."""

import os
import socket
import threading

import pytest

from release_sentinel.observe import Unseen, http, proxies
from release_sentinel.observe.http import Exchange, Request
from tests.observe.parts import raw_server


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin without a proxy."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


EXEMPT = [
    ("http://[::1]:9090/", "::1/128"),
    ("http://[::1]:9090/", "::1"),
    ("http://[::1]:9090/", "[::1]"),
    ("http://[::1]:9090/", "[::1]:9090"),
    ("http://[::1]/", "0:0:0:0:0:0:0:1"),
    ("http://[fd00::5]/", "fd00::/8"),
    ("http://[fd00::5]/", "[fd00::]/8"),
    ("http://[FD00::5]/", "fd00::5"),
    ("http://10.1.2.3:8080/", "10.0.0.0/8"),
    ("http://10.1.2.3:8080/", "10.1.2.3/8"),
    ("http://10.1.2.3:8080/", "10.1.2.3"),
    ("http://10.1.2.3:8080/", "10.1.2.3:8080"),
    ("https://10.1.2.3/", "10.1.2.3:443"),
    ("http://shop.example/", "shop.example"),
    ("http://shop.example/", "SHOP.example"),
    ("http://SHOP.example/", "shop.example."),
    ("http://shop.example./", "shop.example"),
    ("http://api.shop.example/", "shop.example"),
    ("http://api.shop.example/", ".shop.example"),
    ("http://api.shop.example/", "*.shop.example"),
    ("http://shop.example/", ".shop.example"),
    ("http://shop.example/", "shop.example:80"),
    ("https://shop.example:8443/", "shop.example:8443"),
    ("https://api.shop.example:8443/", ".shop.example:8443"),
    ("http://shop.example/", "a.example , shop.example"),
    ("http://shop.example/", "a.example shop.example"),
    ("http://shop.example/", "*"),
    ("http://10.1.2.3/", "localhost,*"),
    ("http://prometheus.monitoring.svc:9090/", ".svc,.cluster.local"),
]
ASKED = [
    ("http://[::2]/", "::1/128"),
    ("http://[::1]:9091/", "[::1]:9090"),
    ("http://[fe00::5]/", "fd00::/8"),
    ("http://11.1.2.3/", "10.0.0.0/8"),
    ("http://10.1.2.30/", "10.1.2.3"),
    ("http://110.1.2.3/", "10.1.2.3"),
    ("http://10.1.2.3:8081/", "10.1.2.3:8080"),
    ("http://10.1.2.3/", "0.1.2.3"),
    ("http://10.1.2.3/", "2.3"),
    ("http://workshop.example/", "shop.example"),
    ("http://workshop.example/", ".shop.example"),
    ("http://shop.example.org/", "shop.example"),
    ("https://shop.example/", "shop.example:80"),
    ("http://shop.example/", "api.shop.example"),
    ("http://shop.example/", ""),
    ("http://shop.example/", ",. ,*.,:80,[],/8"),
    ("http://shop.example/", "10.0.0.0/8,::/0"),
]


@pytest.mark.parametrize(("url", "exceptions"), EXEMPT)
def test_what_no_proxy_exempts(url: str, exceptions: str) -> None:
    """Names with all below them, addresses and networks of both families, each with a port or without."""
    assert proxies.is_exempt(url, exceptions)


@pytest.mark.parametrize(("url", "exceptions"), ASKED)
def test_what_no_proxy_does_not_exempt(url: str, exceptions: str) -> None:
    """Look-alikes go through the proxy."""
    assert not proxies.is_exempt(url, exceptions)


def test_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the scheme of the URL, else ALL_PROXY; the policy's choice comes first."""
    assert proxies.proxy_for("https://shop.example/") == ""
    monkeypatch.setenv("ALL_PROXY", "http://all:1")
    monkeypatch.setenv("https_proxy", "secure:2")
    assert proxies.proxy_for("http://shop.example/") == "http://all:1"
    assert proxies.proxy_for("https://shop.example/") == "http://secure:2"
    assert proxies.proxy_for("https://shop.example/", "none") == ""
    assert proxies.proxy_for("https://shop.example/", "http://own:3") == "http://own:3"
    monkeypatch.setenv("NO_PROXY", ".example")
    assert proxies.proxy_for("https://shop.example/") == ""


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "socks4a"])
def test_a_socks_proxy_needs_its_library(monkeypatch: pytest.MonkeyPatch, name: str, scheme: str) -> None:
    """The message says what is missing, and does not call the dependency's address wrong."""
    monkeypatch.setattr(proxies, "find_spec", lambda _: None)
    monkeypatch.setenv(name, f"{scheme}://deploy:s3cret@127.0.0.1:1080")
    seen = http.ask(Request("https://shop.example/"))
    assert isinstance(seen, Unseen)
    assert seen.why == f"the proxy {scheme}://127.0.0.1:1080 speaks SOCKS, and PySocks is not installed"
    assert "pip install PySocks" in seen.remedy


@pytest.mark.parametrize("proxy", ["ftp://proxy:21", "http://", "http://:3128", "http://proxy:port", "http://[::1"])
def test_what_is_no_proxy(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    """The proxy is what the message is about; it is not shown, for it may hold a password."""
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    seen = http.ask(Request("https://shop.example/"))
    assert isinstance(seen, Unseen)
    assert seen.why == "the proxy is not a URL such as http://proxy.example.com:3128"


def test_a_socks_proxy_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its library installed, what is asked goes through it, names unresolved."""
    pytest.importorskip("socks")
    asked: list[bytes] = []

    def proxy(connection: socket.socket, _stop: threading.Event) -> None:
        connection.recv(64)
        connection.sendall(b"\x05\x00")  # no authentication
        asked.append(connection.recv(64))
        connection.sendall(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50")
        asked.append(connection.recv(4096))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine")

    with raw_server(proxy) as port:
        monkeypatch.setenv("HTTP_PROXY", f"socks5h://127.0.0.1:{port}")
        seen = http.ask(Request("http://shop.invalid/health", timeout=60, deadline=600))
    assert isinstance(seen, Exchange)
    assert (seen.status, seen.body, seen.tries) == (200, b"fine", 1)
    assert b"shop.invalid" in asked[0]
    assert asked[1].startswith(b"GET /health HTTP/1.1")
