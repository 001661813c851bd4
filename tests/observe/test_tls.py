"""Certificates are observed in each of their states, and TLS errors are distinguished from network errors."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from release_sentinel.observe import Unseen, http, retry, tls
from release_sentinel.observe.http import Exchange, Request
from tests.observe.parts import closed_port, garbage, hang_up, pem, raw_server, silence, tls_server

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pause for a moment where a release pauses for seconds."""
    monkeypatch.setattr(retry, "_FIRST_PAUSE", 0.01)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """An authority for the tests of this file."""
    return trustme.CA()


@pytest.fixture
def bundle(authority: trustme.CA, tmp_path: Path) -> str:
    """The authority's certificate, as a file."""
    return pem(authority.cert_pem, tmp_path / "ca.pem")


def look(
    port: int,
    ca_bundle: str = "",
    server_name: str = "localhost",
    *,
    timeout: float = 60,
    tries: int = 1,
    **more: str,
) -> tls.Certificate:
    """Look at the certificate of a server on loopback."""
    question = tls.Question(
        "127.0.0.1", port, server_name, ca_bundle=ca_bundle, timeout=timeout, tries=tries, deadline=600, **more
    )
    seen = tls.certificate(question)
    assert isinstance(seen, tls.Certificate), seen
    return seen


def test_a_good_certificate(authority: trustme.CA, bundle: str) -> None:
    """A trusted certificate has its subject and its expiry."""
    leaf = authority.issue_cert("localhost", common_name="shop", not_before=NOW - DAY, not_after=NOW + 90 * DAY)
    with tls_server(leaf) as port:
        seen = look(port, bundle)
    assert (seen.subject, seen.distrust, seen.error, seen.tries) == ("shop", "", "", 1)
    assert tls.days_left(seen.expires) == pytest.approx(90, abs=0.1)


def test_a_certificate_without_a_common_name(authority: trustme.CA, bundle: str) -> None:
    """It is shown by the first of its alternative names."""
    with tls_server(authority.issue_cert("localhost", "shop.example")) as port:
        assert look(port, bundle).subject == "localhost"


@pytest.mark.parametrize(
    ("days", "server_name", "words"),
    [
        ((-30, -1), "localhost", "certificate has expired"),
        ((1, 30), "localhost", "certificate is not yet valid"),
        ((-1, 30), "other.example", "Hostname mismatch, certificate is not valid for 'other.example'."),
    ],
    ids=["expired", "future", "wrong host"],
)
def test_a_certificate_that_is_not_valid(
    authority: trustme.CA, bundle: str, days: tuple[int, int], server_name: str, words: str
) -> None:
    """The TLS library's own words say why, and there is no retry."""
    first, last = (NOW + number * DAY for number in days)
    leaf = authority.issue_cert("localhost", not_before=first, not_after=last)
    with tls_server(leaf) as port:
        seen = look(port, bundle, server_name, tries=3)
    assert (seen.distrust, seen.error, seen.tries) == (words, "", 1)


def test_an_untrusted_certificate(bundle: str) -> None:
    """A certificate of another authority is not trusted, neither with our bundle nor with the default one."""
    with tls_server(trustme.CA().issue_cert("localhost")) as port:
        for authorities in (bundle, ""):
            assert "unable to get local issuer certificate" in look(port, authorities).distrust


def test_a_bundle_of_the_environment_is_trusted(
    authority: trustme.CA, bundle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """REQUESTS_CA_BUNDLE counts here as it does for dependencies over HTTP."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
    with tls_server(authority.issue_cert("localhost")) as port:
        assert look(port).distrust == ""


@pytest.mark.parametrize("text", [None, "no certificate"], ids=["absent", "garbage"])
def test_a_bundle_that_cannot_be_read(tmp_path: Path, text: str | None) -> None:
    """Without authorities there is no connection, and the bundle is named."""
    path = tmp_path / "ca.pem"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    seen = tls.certificate(tls.Question("127.0.0.1", 1, "x", ca_bundle=str(path), timeout=1, tries=1, deadline=1))
    assert isinstance(seen, Unseen)
    assert seen.why.startswith(f"the authorities in {path} cannot be read: ")


@pytest.mark.parametrize(("behave", "tries"), [(hang_up, 2), (garbage, 1)], ids=["hangs up", "another protocol"])
def test_a_server_that_does_not_speak_tls(behave: object, tries: int) -> None:
    """There is no certificate; only a connection that broke off is retried."""
    with raw_server(behave) as port:  # type: ignore[arg-type]  # one of several behaviours
        seen = look(port, tries=2)
    assert seen.error
    assert (seen.distrust, seen.tries) == ("", tries)


def test_a_server_that_never_shakes_hands() -> None:
    """It is given up at the try's bound."""
    with raw_server(silence) as port:
        seen = look(port, timeout=0.2)
    assert seen.error == "no answer within 0.2 s"


def test_a_port_where_nothing_listens() -> None:
    """A refused connection is retried, and reported in plain words."""
    seen = look(closed_port(), tries=2)
    assert (seen.error, seen.tries, seen.earlier) == ("Connection refused", 2, ("Connection refused",))


def test_days_left() -> None:
    """Days are counted from now, and are negative after the expiry."""
    assert tls.days_left(time.time() - 86400) == pytest.approx(-1, abs=0.01)


def asked(url: str, **more: object) -> Exchange:
    """Ask over HTTP."""
    seen = http.ask(Request(url, proxy="none", **more))  # type: ignore[arg-type]  # one of several fields
    assert isinstance(seen, Exchange), seen
    return seen


def test_https_with_a_bundle(authority: trustme.CA, bundle: str) -> None:
    """A dependency whose authority the policy names is trusted; without it, it is not, and there is no retry."""
    with tls_server(authority.issue_cert("localhost")) as port:
        assert asked(f"https://localhost:{port}/", ca_bundle=bundle).status == 200
        seen = asked(f"https://localhost:{port}/")
    assert (seen.status, seen.tries) == (None, 1)
    assert seen.error.startswith("TLS: ")
    assert "the certificate is not trusted: " in seen.error


def test_https_with_our_own_certificate(authority: trustme.CA, bundle: str, tmp_path: Path) -> None:
    """A server that requests a certificate gets the policy's."""
    own = authority.issue_cert("gate.example")
    cert, key = pem(own.cert_chain_pems[0], tmp_path / "own.pem"), pem(own.private_key_pem, tmp_path / "own.key")
    with tls_server(authority.issue_cert("localhost"), client_ca=authority) as port:
        url = f"https://localhost:{port}/"
        assert asked(url, ca_bundle=bundle, client_cert=cert, client_key=key).status == 200
        assert asked(url, ca_bundle=bundle, tries=1).status is None


def test_https_does_not_redirect_to_plain_http(authority: trustme.CA, bundle: str) -> None:
    """An encrypted request is not repeated unencrypted."""
    away = b"HTTP/1.1 302 Found\r\nLocation: http://localhost/\r\nContent-Length: 0\r\n\r\n"
    with tls_server(authority.issue_cert("localhost"), answer=away) as port:
        seen = asked(f"https://localhost:{port}/", ca_bundle=bundle, max_redirects=3)
    assert (seen.status, seen.error) == (None, "it redirects from https to plain http")


def test_a_handshake_that_breaks_off_is_tried_again() -> None:
    """That is a network failure, not a verdict on a certificate."""
    with raw_server(hang_up) as port:
        assert asked(f"https://127.0.0.1:{port}/", tries=2).tries == 2
