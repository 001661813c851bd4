"""Chains of certificates with dates of their own, which trustme's authorities do not have."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.observe.parts import raw_server, secure

Key = ec.EllipticCurvePrivateKey
Greet = Callable[[socket.socket], None]


def name(common: str) -> x509.Name:
    """Return a name that is one common name."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


@dataclass(frozen=True)
class Issued:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> bytes:
        """The certificate, as in a file."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def key_pem(self, password: bytes = b"") -> bytes:
        """Return the key, as in a file."""
        hidden = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden)


def issue(
    common: str,
    days: float,
    by: Issued | None = None,
    *,
    authority: bool = False,
    names: Sequence[str] = (),
    key: Key | None = None,
) -> Issued:
    """Issue a certificate that ends in `days`; without `by` it signs itself."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    issuer, signer = (by.certificate.subject, by.key) if by else (name(common), key)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(common))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if authority:
        usage = {"key_cert_sign": True, "crl_sign": True, "digital_signature": True}
        rest = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only")
        more = dict.fromkeys((*rest, "decipher_only"), False)
        builder = builder.add_extension(x509.KeyUsage(**usage, **more), critical=True)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(list(map(x509.DNSName, names))), critical=False)
    return Issued(builder.sign(signer, hashes.SHA256()), key)


@contextmanager
def serving(
    folder: Path,
    leaf: Issued,
    *sent: Issued,
    client_ca: Issued | None = None,
    newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
    greet: Greet | None = None,
) -> Iterator[int]:
    """Serve TLS with a leaf and what is sent beside it, perhaps after a greeting in plain text; yield the port."""
    chain, key = folder / "served.pem", folder / "served.key"
    chain.write_bytes(b"".join(one.pem for one in (leaf, *sent)))
    key.write_bytes(leaf.key_pem())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = newest
    context.load_cert_chain(chain, key)
    if client_ca:
        context.load_verify_locations(cadata=client_ca.pem.decode())
        context.verify_mode = ssl.CERT_REQUIRED

    def behave(connection: socket.socket, _stop: threading.Event) -> None:
        if greet:
            greet(connection)
        with secure(connection, context) as secured:
            secured.recv(1)

    with raw_server(behave) as port:
        yield port
