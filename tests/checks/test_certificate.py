"""A certificate is fit while it is trusted and valid; each of its states has its own result."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from release_sentinel.checks.certificate import check_certificate
from release_sentinel.checks.result import CRIT, OK, UNKNOWN, WARN, CheckResult
from release_sentinel.config.targets import CertificateTarget
from release_sentinel.observe import Unseen
from release_sentinel.observe.tls import Certificate
from release_sentinel.vocabulary import Status
from tests.observe.parts import closed_port, pem, tls_server

DAY = 86400
WEB = CertificateTarget("shop.example")


def judge(days: float = 90, **seen: Any) -> CheckResult:
    """Judge a recorded certificate that is valid for some days."""
    whole = {"subject": "shop", "distrust": "", "error": "", "tries": 1, "seconds": 0.1, **seen}
    certificate = Certificate(expires=time.time() + days * DAY, **whole)
    return check_certificate(WEB, observe=lambda *_, **__: certificate)


@pytest.mark.parametrize(
    ("days", "status"), [(90, OK), (21.1, OK), (20.9, WARN), (7.1, WARN), (6.9, CRIT), (0.1, CRIT), (-1, CRIT)]
)
def test_days(days: float, status: Status) -> None:
    """It warns within three weeks of its end and fails within one, unrounded."""
    assert judge(days).status is status


def test_messages() -> None:
    """The message has name, days and limit."""
    where = "the certificate of shop.example:443 (shop) is valid for"
    assert judge(90).message == f"{where} 90.0 days"
    assert judge(20).message == f"{where} 20.0 days, warns from 21"
    assert judge(5).message == f"{where} 5.0 days, expected more than 7"
    assert judge(5).remedy == judge(20).remedy == "renew it"


def test_distrust() -> None:
    """The TLS library's words are the reason."""
    result = judge(distrust="certificate has expired")
    assert result.status is CRIT
    assert result.message == "the certificate of shop.example:443 is not trusted: certificate has expired"


def test_no_certificate_at_all() -> None:
    """Without an answer nothing is known about the server's certificate."""
    result = judge(error="Connection refused", tries=2, earlier=("Connection refused",))
    assert (result.status, result.tries) == (UNKNOWN, 2)
    assert result.message == "shop.example:443 shows no certificate: Connection refused"
    assert result.details == ("try 1: Connection refused",)


def test_a_pass_after_a_retry_warns() -> None:
    """The message says that the server did not answer at once."""
    result = judge(earlier=("Connection refused",), tries=2)
    assert (result.status, result.tries) == (WARN, 2)


def test_what_cannot_be_asked_is_unknown() -> None:
    """A missing bundle is reported with its remedy."""
    result = check_certificate(WEB, observe=lambda *_, **__: Unseen("the authorities cannot be read", "correct it"))
    assert (result.status, result.remedy) == (UNKNOWN, "correct it")
    assert "was not asked for: the authorities cannot be read" in result.message


STATES = {
    "good": ((-1, 90), "localhost", OK, "is valid for 90.0 days"),
    "expiring": ((-1, 10), "localhost", WARN, "is valid for 10.0 days, warns from 21"),
    "expired": ((-9, -1), "localhost", CRIT, "is not trusted: certificate has expired"),
    "future": ((1, 90), "localhost", CRIT, "is not trusted: certificate is not yet valid"),
    "wrong host": ((-1, 90), "other.example", CRIT, "is not trusted: Hostname mismatch"),
    "untrusted": ((-1, 90), "localhost", CRIT, "is not trusted: "),
}


@pytest.mark.parametrize("state", STATES)
def test_a_real_server(tmp_path: Path, state: str) -> None:
    """Each of the six states of a certificate, shown by a real server."""
    days, name, status, words = STATES[state]
    now = datetime.now(UTC) + timedelta(seconds=5)
    authority = trustme.CA()
    first, last = (now + timedelta(days=number) for number in days)
    leaf = (trustme.CA() if state == "untrusted" else authority).issue_cert(name, not_before=first, not_after=last)
    with tls_server(leaf) as port:
        bundle = pem(authority.cert_pem, tmp_path / "ca.pem")
        target = CertificateTarget("127.0.0.1", port, server_name="localhost", ca_bundle=bundle, tries=1)
        result = check_certificate(target)
    assert words in result.message
    assert result.status is status
    assert result.message.startswith(f"the certificate of localhost (127.0.0.1:{port}) ")


def test_a_server_that_is_down() -> None:
    """It is unknown, not untrusted."""
    assert check_certificate(CertificateTarget("127.0.0.1", closed_port(), tries=1)).status is UNKNOWN
