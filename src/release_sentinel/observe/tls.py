"""The certificate that a server shows, the chain that makes it trusted, and how long both are valid."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from release_sentinel.observe import Unseen, addresses, http, retry, starttls
from release_sentinel.observe.retry import Try
from release_sentinel.sentences import sentence

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ssl import SSLContext, SSLSocket


class Question(Struct, frozen=True):
    """Which server is asked, as whom, and for how long. Times in seconds."""

    host: str
    port: int
    server_name: str
    starttls: str = ""  # the protocol in which TLS is asked for; blank: it begins at once
    ca_bundle: str = ""
    client_cert: str = ""
    client_key: str = ""
    timeout: float = 5.0
    tries: int = 3
    deadline: float = 15.0


class Certificate(Struct, frozen=True):
    """A server's certificate, or why it was not accepted.

    `distrust` is the TLS library's message if the certificate is the reason; `error` describes any other failure.
    `expires` is in seconds since the epoch: the earliest end in the verified chain. `issuer` is the name of the
    authority whose certificate ends then; blank for the server's own.
    """

    subject: str
    expires: float
    distrust: str
    error: str
    tries: int
    seconds: float
    earlier: tuple[str, ...] = ()
    issuer: str = ""


class _PeerCertificate(Struct, frozen=True):
    subject: str = ""
    expires: float = 0.0
    distrust: str = ""
    issuer: str = ""


def certificate(question: Question) -> Certificate | Unseen:
    """Shake hands with a server and return the certificate that it shows for `server_name`.

    Only alternative names count: browsers, Go and Python's HTTP clients do not look at the common name.
    """
    context = _context(question)
    if isinstance(context, Unseen):
        return context
    asked = retry.ask(
        lambda seconds: _try(question, context, seconds),
        what=f"TLS with {question.host}:{question.port}",
        timeout=question.timeout,
        tries=question.tries,
        deadline=question.deadline,
    )
    shown, last = asked.last.answer or _PeerCertificate(), asked.last
    return Certificate(
        *(shown.subject, shown.expires, shown.distrust),
        last.error,
        asked.tries,
        asked.seconds,
        asked.earlier,
        shown.issuer,
    )


def _try(question: Question, context: "SSLContext", seconds: float) -> Try[_PeerCertificate]:
    """Try once, within `seconds`."""
    import ssl  # noqa: PLC0415 - late: a run without certificates does not need it

    try:
        return _shake_hands(question, context, seconds)
    except ssl.SSLCertVerificationError as error:
        return Try(answer=_PeerCertificate(distrust=error.verify_message or sentence(error)))
    except starttls.RefusedError as error:
        return Try(error=f"{question.starttls}: {error}", final=not error.temporary)
    except TimeoutError:
        return Try(error=retry.no_answer(seconds), final=False)
    except ssl.SSLError as error:
        broken_off = isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError))
        return Try(error=f"TLS: {sentence(error)}", final=not broken_off)
    except (OSError, ValueError) as error:  # ValueError: a name that cannot be encoded
        return Try(error=sentence(error), final=isinstance(error, ValueError))


def _context(question: Question) -> "SSLContext | Unseen":
    """Return how to shake hands: whom to trust, and what to show."""
    import ssl  # noqa: PLC0415 - late: a run without certificates does not need it

    authorities = http.trust(question.ca_bundle)
    try:
        folder, file = (authorities, None) if Path(authorities).is_dir() else (None, authorities)
        context = ssl.create_default_context(cafile=file, capath=folder)
    except (OSError, ValueError) as error:
        return Unseen(
            f"the authorities in {authorities} cannot be read: {sentence(error)}", "correct `ca_bundle` in the policy"
        )
    context.hostname_checks_common_name = False
    if question.client_cert:
        try:
            # With a password, even a wrong one, OpenSSL does not ask for it on the terminal.
            context.load_cert_chain(question.client_cert, question.client_key or None, password="")
        except (OSError, ValueError) as error:
            why = f"the client certificate {question.client_cert} and its key cannot be read: {sentence(error)}"
            return Unseen(why, "correct `client_cert` and `client_key` in the policy; the key must not be encrypted")
    return context


def _shake_hands(question: Question, context: "SSLContext", seconds: float) -> Try[_PeerCertificate]:
    with addresses.connect(question.host, question.port, seconds) as connection:
        if question.starttls:
            starttls.begin(question.starttls, connection)
        with context.wrap_socket(connection, server_hostname=question.server_name) as secured:
            return Try(answer=_peer_certificate(secured))


def days_left(expires: float) -> float:
    """Return the days until `expires`."""
    return (expires - time.time()) / 86400


def _peer_certificate(secured: "SSLSocket") -> _PeerCertificate:
    own, *authorities = _verified_chain(secured)
    first = min((own, *authorities), key=_end)
    return _PeerCertificate(_name(own), _end(first), issuer="" if first is own else _name(first))


def _verified_chain(secured: "SSLSocket") -> "list[Mapping[str, Any]]":
    """Return the server's certificate and the authorities' above it, as they were verified, decoded.

    What else the server has sent is not in it. Python 3.13 has a public method, which returns bytes that nothing in the
    standard library decodes; the object below it, there since 3.10, does.
    """
    return [shown.get_info() for shown in secured._sslobj.get_verified_chain()]  # type: ignore[attr-defined]  # noqa: SLF001 - see above


def _end(shown: "Mapping[str, Any]") -> float:
    import ssl  # noqa: PLC0415 - late: only a run with a network needs it

    return float(ssl.cert_time_to_seconds(shown["notAfter"]))


def _name(shown: "Mapping[str, Any]") -> str:
    """Return the name of a certificate: its common name, else its first alternative one, else its organisation."""
    parts = [pair for part in shown.get("subject", ()) for pair in part]
    names = [value for key, value in parts if key == "commonName"]
    alternatives = [value for _, value in shown.get("subjectAltName", ())]
    organisations = [value for key, value in parts if key in {"organizationName", "organizationalUnitName"}]
    return ", ".join(names or alternatives[:1] or organisations)
