"""The certificate that a server shows, and whether it is trusted."""

import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from release_sentinel.observe import Unseen, http, retry
from release_sentinel.observe.retry import Try

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ssl import SSLSocket


class Certificate(Struct, frozen=True):
    """A server's certificate, or why it was not accepted.

    `distrust` is the TLS library's message if the certificate is the reason; `error` describes any other failure.
    `expires` is in seconds since the epoch.
    """

    subject: str
    expires: float
    distrust: str
    error: str
    tries: int
    seconds: float
    earlier: tuple[str, ...] = ()


class _PeerCertificate(Struct, frozen=True):
    subject: str = ""
    expires: float = 0.0
    distrust: str = ""


def certificate(
    host: str, port: int, *, server_name: str, ca_bundle: str, timeout: float, tries: int, deadline: float
) -> Certificate | Unseen:
    """Shake hands with a server and return the certificate that it shows for `server_name`.

    `expires` is that of the server's own certificate; the authorities above it are verified as of today.
    """
    import ssl  # noqa: PLC0415 - late: a run without certificates does not need it

    authorities = http.trust(ca_bundle)
    try:
        folder, file = (authorities, None) if Path(authorities).is_dir() else (None, authorities)
        context = ssl.create_default_context(cafile=file, capath=folder)
    except (OSError, ValueError) as error:
        return Unseen(f"the authorities in {authorities} cannot be read: {error}", "correct `ca_bundle` in the policy")

    def call(seconds: float) -> Try[_PeerCertificate]:
        try:
            with (
                socket.create_connection((host, port), seconds) as connection,
                context.wrap_socket(connection, server_hostname=server_name) as secured,
            ):
                return Try(answer=_peer_certificate(secured))
        except ssl.SSLCertVerificationError as error:
            return Try(answer=_PeerCertificate(distrust=error.verify_message or f"{error}"))
        except TimeoutError:
            return Try(error=retry.no_answer(seconds), final=False)
        except ssl.SSLError as error:
            broken_off = isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError))
            return Try(error=f"TLS: {error.reason or error}", final=not broken_off)
        except (OSError, ValueError) as error:  # ValueError: a name that cannot be encoded
            return Try(error=getattr(error, "strerror", None) or f"{error}", final=isinstance(error, ValueError))

    asked = retry.ask(call, timeout=timeout, tries=tries, deadline=deadline)
    shown = asked.last.answer or _PeerCertificate()
    return Certificate(
        shown.subject, shown.expires, shown.distrust, asked.last.error, asked.tries, asked.seconds, asked.earlier
    )


def days_left(expires: float) -> float:
    """Return the days until `expires`."""
    return (expires - time.time()) / 86400


def _peer_certificate(secured: "SSLSocket") -> _PeerCertificate:
    import ssl  # noqa: PLC0415 - late: only a run with a network needs it

    seen: Mapping[str, Any] = secured.getpeercert() or {}
    names = [value for part in seen.get("subject", ()) for key, value in part if key == "commonName"]
    alternatives = [value for _, value in seen.get("subjectAltName", ())]
    return _PeerCertificate(", ".join(names or alternatives[:1]), float(ssl.cert_time_to_seconds(seen["notAfter"])))
