"""The earliest end in the verified chain counts; what is not in that chain does not."""

import ssl
from pathlib import Path

import pytest

from release_sentinel.checks.api import check_api
from release_sentinel.checks.certificate import check_certificate
from release_sentinel.checks.result import CRIT, OK, UNKNOWN, WARN
from release_sentinel.config.targets import CertificateTarget, Dependency
from release_sentinel.observe import tls
from release_sentinel.vocabulary import Status
from tests.observe.chains import Issued, issue, serving

HOST = "www.shop.example"
ROOT = issue("root", 3000, authority=True)
MIDDLE = issue("middle", 3000, ROOT, authority=True)


def chain(root_days: float = 3000, middle_days: float = 1000, leaf_days: float = 90) -> tuple[Issued, Issued, Issued]:
    """Return a leaf, its intermediate and its root."""
    root = issue("root", root_days, authority=True)
    middle = issue("middle", middle_days, root, authority=True)
    return issue("shop", leaf_days, middle, names=[HOST]), middle, root


def bundle(folder: Path, *roots: Issued) -> str:
    """Write the authorities that are trusted; return the file."""
    file = folder / "roots.pem"
    file.write_bytes(b"".join(root.pem for root in roots))
    return str(file)


def target(port: int, roots: str, **more: object) -> CertificateTarget:
    """Return a server on loopback as a target."""
    given: dict[str, object] = {"server_name": HOST, "ca_bundle": roots, "tries": 1, "timeout": 60, **more}
    return CertificateTarget("127.0.0.1", port, **given)  # type: ignore[arg-type]  # one of several fields


@pytest.mark.parametrize(
    ("root", "middle", "leaf", "status", "words"),
    [
        (3000, 1000, 90, OK, "(shop) is valid for 90.0 days"),
        (
            3000,
            2,
            90,
            CRIT,
            "(shop) is valid for 2.0 days, until middle in its chain expires, expected more than 7",
        ),
        (3000, 20, 90, WARN, "is valid for 20.0 days, until middle in its chain expires, warns from 21"),
        (2, 1000, 90, CRIT, "is valid for 2.0 days, until root in its chain expires, expected more than 7"),
        (3000, 2, 1, CRIT, "(shop) is valid for 1.0 days, expected more than 7"),
        (3000, -1, 90, CRIT, "is not trusted: certificate has expired"),
        (-1, 1000, 90, CRIT, "is not trusted: certificate has expired"),
    ],
    ids=["good", "intermediate", "intermediate warns", "root", "leaf", "expired intermediate", "expired root"],
)
def test_the_earliest_end_counts(
    tmp_path: Path, root: float, middle: float, leaf: float, status: Status, words: str
) -> None:
    """Of the server's certificate and of each authority above it, and the message names which."""
    served, between, top = chain(root, middle, leaf)
    with serving(tmp_path, served, between) as port:
        result = check_certificate(target(port, bundle(tmp_path, top)))
    assert words in result.message
    assert result.status is status


def test_a_stray_certificate_is_harmless(tmp_path: Path) -> None:
    """An expired cross certificate that the server still sends is not in the chain that clients build."""
    old_root = issue("old root", -1, authority=True)
    root = issue("root", 3000, authority=True)
    cross = issue("root", -1, old_root, authority=True, key=root.key)
    middle = issue("middle", 1000, root, authority=True)
    served = issue("shop", 90, middle, names=[HOST])
    other = issue("other", 1, issue("elsewhere", 1, authority=True), authority=True)
    with serving(tmp_path, served, middle, cross, other) as port:
        result = check_certificate(target(port, bundle(tmp_path, old_root, root)))
    assert (result.status, "valid for 90.0 days" in result.message) == (OK, True), result.message


@pytest.mark.parametrize(
    ("common", "names", "status"),
    [
        (HOST, [], CRIT),
        (HOST, ["other.example"], CRIT),
        ("anything", [HOST], OK),
        ("anything", ["*.shop.example"], OK),
        ("*.shop.example", [], CRIT),
    ],
    ids=["common name alone", "common name beside others", "alternative name", "wildcard", "common wildcard"],
)
def test_a_common_name_does_not_match(tmp_path: Path, common: str, names: list[str], status: Status) -> None:
    """No browser takes it for the host's name any more."""
    with serving(tmp_path, issue(common, 90, MIDDLE, names=names), MIDDLE) as port:
        result = check_certificate(target(port, bundle(tmp_path, ROOT)))
    assert result.status is status, result.message
    assert status is OK or "is not trusted: Hostname mismatch" in result.message


def test_https_does_not_match_a_common_name_either(tmp_path: Path) -> None:
    """A dependency is held to the same rule."""
    with serving(tmp_path, issue("localhost", 90, MIDDLE), MIDDLE) as port:
        url = f"https://localhost:{port}/"
        result = check_api(Dependency(url=url, proxy="none", ca_bundle=bundle(tmp_path, ROOT), tries=1))
    assert (result.status, "unreachable: TLS: " in result.message) == (CRIT, True), result.message


@pytest.fixture
def own(tmp_path: Path) -> dict[str, str]:
    """Our own certificate and key, as files."""
    issued = issue("gate", 90, ROOT)
    (tmp_path / "own.pem").write_bytes(issued.pem)
    (tmp_path / "own.key").write_bytes(issued.key_pem())
    return {"client_cert": str(tmp_path / "own.pem"), "client_key": str(tmp_path / "own.key")}


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def test_a_server_that_asks_for_a_certificate(tmp_path: Path, own: dict[str, str], newest: ssl.TLSVersion) -> None:
    """It gets the policy's, in either version."""
    served, middle, _ = issue("shop", 90, MIDDLE, names=[HOST]), MIDDLE, ROOT
    with serving(tmp_path, served, middle, client_ca=ROOT, newest=newest) as port:
        assert check_certificate(target(port, bundle(tmp_path, ROOT), **own)).status is OK


def test_a_server_that_asks_for_a_certificate_in_vain(tmp_path: Path) -> None:
    """Under TLS 1.2 it shows none without ours; the remedy names the key."""
    served = issue("shop", 90, MIDDLE, names=[HOST])
    with serving(tmp_path, served, MIDDLE, client_ca=ROOT, newest=ssl.TLSVersion.TLSv1_2) as port:
        result = check_certificate(target(port, bundle(tmp_path, ROOT)))
    assert (result.status, "`client_cert`" in result.remedy) == (UNKNOWN, True)


@pytest.mark.parametrize("fault", ["absent", "garbage", "another key", "encrypted key"])
def test_a_client_certificate_that_cannot_be_used(tmp_path: Path, own: dict[str, str], fault: str) -> None:
    """Nothing is asked, and no password on the terminal."""
    key = Path(own["client_key"])
    if fault == "absent":
        key.unlink()
    else:
        other = issue("other", 90)
        key.write_bytes({"another key": other.key_pem(), "encrypted key": other.key_pem(b"x")}.get(fault, b"garbage"))
    result = check_certificate(target(1, bundle(tmp_path, ROOT), **own))
    assert result.status is UNKNOWN
    assert f"the client certificate {own['client_cert']} and its key cannot be read: " in result.message


def test_the_name_of_a_certificate() -> None:
    """Without a common name it is known by another one, or by none."""
    assert tls._name({"subject": ((("organizationName", "Shop"),), (("countryName", "DE"),))}) == "Shop"
    assert tls._name({"subjectAltName": (("DNS", "a.example"), ("DNS", "b.example"))}) == "a.example"
    assert tls._name({}) == ""
