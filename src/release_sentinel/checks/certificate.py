"""Are the certificates that the release relies on trusted, and valid for some time to come?"""

from collections.abc import Callable

from release_sentinel.checks.result import CRIT, OK, UNKNOWN, WARN, CheckResult, measured
from release_sentinel.config.targets import CertificateTarget
from release_sentinel.measures import Measure
from release_sentinel.observe import Unseen, tls


def check_certificate(
    target: CertificateTarget, *, observe: Callable[..., tls.Certificate | Unseen] = tls.certificate
) -> CheckResult:
    """The server's certificate is trusted for its name; nothing in its chain expires within the policy's days.

    Why: a certificate that expires after the release takes the service down while everyone is watching the release.
    Unknown: the server does not answer, or does not speak TLS.
    Remedy: renew the certificate, or send its whole chain; the limits are the policy's `warn_days` and `crit_days`.
    """
    name = target.server_name or target.host
    seen = observe(
        tls.Question(
            target.host,
            target.port,
            server_name=name,
            starttls=target.starttls,
            ca_bundle=target.ca_bundle,
            client_cert=target.client_cert,
            client_key=target.client_key,
            timeout=target.timeout,
            tries=target.tries,
            deadline=target.deadline,
        )
    )
    where = f"{name} ({target.host}:{target.port})" if name != target.host else f"{target.host}:{target.port}"
    if isinstance(seen, Unseen):
        return CheckResult(UNKNOWN, f"the certificate of {where} was not asked for: {seen.why}", seen.remedy)
    details = tuple(f"try {number}: {words}" for number, words in enumerate(seen.earlier, start=1))
    if seen.error:
        message = f"{where} shows no certificate: {seen.error}"
        return CheckResult(UNKNOWN, message, _remedy(target), details, seen.tries)
    if seen.distrust:
        message = f"the certificate of {where} is not trusted: {seen.distrust}"
        return CheckResult(CRIT, message, "renew the certificate, or send its whole chain", details, seen.tries)
    days = tls.days_left(seen.expires)
    left = Measure("days", days, "days", target.warn_days, target.crit_days)
    return measured(_aged(target, seen, days, where, details), left)


def _aged(
    target: CertificateTarget, seen: tls.Certificate, days: float, where: str, details: tuple[str, ...]
) -> CheckResult:
    """Judge how long a trusted certificate is valid."""
    message = f"the certificate of {where} ({seen.subject}) is valid for {days:.1f} days"
    if seen.issuer:
        message += f", until {seen.issuer} in its chain expires"
    if not days > target.crit_days:
        return CheckResult(CRIT, f"{message}, expected more than {target.crit_days:g}", "renew it", details, seen.tries)
    if not days > target.warn_days:
        return CheckResult(WARN, f"{message}, warns from {target.warn_days:g}", "renew it", details, seen.tries)
    if seen.earlier:
        return CheckResult(
            WARN, f"{message}, after: {', '.join(seen.earlier)}", "find out why it flaps", tries=seen.tries
        )
    return CheckResult(OK, message, tries=seen.tries)


def _remedy(target: CertificateTarget) -> str:
    """Return what to do where a server shows no certificate."""
    if target.starttls:
        return f"see whether the server is up, and speaks {target.starttls} with TLS there"
    return "see whether the server is up, speaks TLS there (`starttls`?), and asks for a certificate (`client_cert`)"
