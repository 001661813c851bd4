"""Servers that begin TLS in the middle of their own protocol show their certificates as others do."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from release_sentinel.checks.certificate import check_certificate
from release_sentinel.checks.result import CRIT, OK, UNKNOWN, CheckResult
from release_sentinel.config.targets import CertificateTarget
from release_sentinel.observe import retry
from tests.observe.chains import Greet, Issued, issue, serving

ROOT = issue("root", 3000, authority=True)
LEAF = issue("mail", 90, ROOT, names=["mail.example"])
EXPIRING = issue("mail", 2, ROOT, names=["mail.example"])


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pause for a moment where a release pauses for seconds."""
    monkeypatch.setattr(retry, "_FIRST_PAUSE", 0.01)


def talk(*turns: tuple[bytes, bytes]) -> Greet:
    """Say the first of each pair, once the second was received; a blank one is not waited for."""

    def greet(connection: socket.socket) -> None:
        for wanted, answer in turns:
            got = b""
            while len(got) < len(wanted):
                part = connection.recv(len(wanted) - len(got))
                if not part:
                    raise ConnectionError
                got += part
            assert got == wanted
            connection.sendall(answer)

    return greet


EHLO = b"EHLO localhost\r\n"
START = b"STARTTLS\r\n"
OFFER = b"250-mail.example greets\r\n250-SIZE 1000\r\n250-starttls\r\n250 HELP\r\n"
IMAP = b"a1 STARTTLS\r\n"
LDAP = bytes.fromhex("301d02010177188016") + b"1.3.6.1.4.1.1466.20037"
LDAP_YES = bytes.fromhex("300c02010178070a010004000400")
POSTGRES = bytes.fromhex("0000000804d2162f")

POLITE = {
    "smtp": talk((b"", b"220 mail.example\r\n"), (EHLO, OFFER), (START, b"220 go ahead\r\n")),
    "smtp of many lines": talk((b"", b"220-mail\r\n220 .example\r\n"), (EHLO, OFFER), (START, b"220-go\r\n220 on\r\n")),
    "imap": talk((b"", b"* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n"), (IMAP, b"a1 OK begin\r\n")),
    "imap of many lines": talk((b"", b"* OK ready\r\n"), (IMAP, b"* CAPABILITY X\r\na1 ok begin\r\n")),
    "ldap": talk((LDAP, LDAP_YES)),
    "ldap of long lengths": talk((LDAP, bytes.fromhex("3084000000100201017884000000070a010004000400"))),
    "postgres": talk((POSTGRES, b"S")),
}


def judge(tmp_path: Path, protocol: str, greet: Greet, leaf: Issued = LEAF, tries: int = 1) -> CheckResult:
    """Judge a server that greets so, and then shows a certificate."""
    (tmp_path / "roots.pem").write_bytes(ROOT.pem)
    with serving(tmp_path, leaf, greet=greet) as port:
        target = CertificateTarget(
            "127.0.0.1",
            port,
            server_name="mail.example",
            starttls=protocol.partition(" ")[0],  # type: ignore[arg-type]  # one of several words
            ca_bundle=str(tmp_path / "roots.pem"),
            timeout=60,
            tries=tries,
        )
        return check_certificate(target)


@pytest.mark.parametrize("protocol", POLITE)
def test_a_server_that_goes_on_in_tls(tmp_path: Path, protocol: str) -> None:
    """Its certificate is judged like any other: good, or about to expire."""
    good = judge(tmp_path, protocol, POLITE[protocol])
    assert (good.status, "(mail) is valid for 90.0 days" in good.message) == (OK, True), good.message
    assert judge(tmp_path, protocol, POLITE[protocol], EXPIRING).status is CRIT


RUDE: dict[str, tuple[str, Greet, str]] = {
    "no offer": ("smtp", talk((b"", b"220 x\r\n"), (EHLO, b"250 x\r\n")), "smtp: it does not offer STARTTLS"),
    "no mail": ("smtp", talk((b"", b"554 not today\r\n")), "smtp: it greets with: 554 not today"),
    "no ehlo": ("smtp", talk((b"", b"220 x\r\n"), (EHLO, b"502 what\r\n")), "smtp: it answers EHLO with: 502 what"),
    "changed its mind": (
        "smtp",
        talk((b"", b"220 x\r\n"), (EHLO, OFFER), (START, b"501 no\r\n")),
        "smtp: it answers STARTTLS with: 501 no",
    ),
    "another protocol": ("smtp", talk((b"", b"SSH-2.0-OpenSSH_9.2\r\n")), "smtp: it greets with: SSH-2.0-OpenSSH_9.2"),
    "imap says bye": ("imap", talk((b"", b"* BYE full\r\n")), "imap: it greets with: * BYE full"),
    "imap refuses": (
        "imap",
        talk((b"", b"* OK x\r\n"), (IMAP, b"a1 BAD what\r\n")),
        "imap: it answers STARTTLS with: a1 BAD what",
    ),
    "ldap refuses": (
        "ldap",
        talk((LDAP, bytes.fromhex("300c02010178070a010204000400"))),
        "ldap: it answers STARTTLS with result code 2",
    ),
    "no ldap": ("ldap", talk((LDAP, b"HTTP/1.1 400 Bad\r\n" + b" " * 99)), "ldap: it does not answer in LDAP"),
    "short ldap": ("ldap", talk((LDAP, bytes.fromhex("30020201"))), "ldap: it does not answer in LDAP"),
    "ldap without a code": (
        "ldap",
        talk((LDAP, bytes.fromhex("30050201017800"))),
        "ldap: it answers STARTTLS with no result code",
    ),
    "postgres without tls": ("postgres", talk((POSTGRES, b"N")), "postgres: it does not offer TLS"),
    "old postgres": ("postgres", talk((POSTGRES, b"E")), "postgres: it does not answer as PostgreSQL does"),
}


@pytest.mark.parametrize("case", RUDE)
def test_a_server_that_does_not(tmp_path: Path, case: str) -> None:
    """It is unknown, in the server's own words, and asked once."""
    protocol, greet, words = RUDE[case]
    result = judge(tmp_path, protocol, greet, tries=3)
    assert (result.status, result.tries) == (UNKNOWN, 1)
    assert result.message.endswith(f"shows no certificate: {words}")


def test_a_long_refusal_is_shown_shortened(tmp_path: Path) -> None:
    """It stays on one line, without what a terminal would obey."""
    message = judge(tmp_path, "smtp", talk((b"", b"554 \x1b[2J" + b"x" * 9000))).message
    assert len(message) < 400
    assert message.isprintable()


def counting(greet: Greet, after: Greet) -> Greet:
    """Greet the first connection in one way, and the others in another."""
    ways = iter([greet])

    def greet_in_turn(connection: socket.socket) -> None:
        next(ways, after)(connection)

    return greet_in_turn


@pytest.mark.parametrize(
    "first",
    [talk((b"", b"421 busy\r\n")), talk((b"", b"220 x\r\n"), (EHLO, OFFER), (START, b"454 later\r\n")), talk()],
    ids=["busy", "later", "nothing"],
)
def test_a_server_that_is_busy_is_asked_again(tmp_path: Path, first: Callable[[socket.socket], None]) -> None:
    """SMTP's codes from 400 on are temporary, and so is a connection that is lost."""

    def lose(connection: socket.socket) -> None:
        first(connection)
        raise ConnectionError

    result = judge(tmp_path, "smtp", counting(lose, POLITE["smtp"]), tries=2)
    assert "is valid for 90.0 days" in result.message
    assert result.tries == 2


def test_what_comes_before_the_consent_is_not_trusted(tmp_path: Path) -> None:
    """Plain text that was slipped in after it fails the handshake, and is never taken for the server's."""
    greet = talk((b"", b"220 x\r\n"), (EHLO, OFFER), (START, b"220 go\r\n250 slipped in\r\n"))
    assert judge(tmp_path, "smtp", greet).status is UNKNOWN


@pytest.mark.parametrize(
    ("protocol", "port"), [("", 443), ("smtp", 25), ("imap", 143), ("ldap", 389), ("postgres", 5432)]
)
def test_the_usual_ports(protocol: str, port: int) -> None:
    """A protocol has its own; the policy's comes first."""
    assert CertificateTarget("x.example", starttls=protocol).port == port  # type: ignore[arg-type]  # one of several words
    assert CertificateTarget("x.example", 587, starttls=protocol).label == "x.example:587"  # type: ignore[arg-type]  # likewise
    assert CertificateTarget("x.example", starttls=protocol).label == f"x.example:{port}"  # type: ignore[arg-type]  # likewise
