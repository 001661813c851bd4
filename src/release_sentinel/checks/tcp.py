"""Do the ports that the release needs accept connections?"""

from collections.abc import Callable

from release_sentinel.checks.result import CRIT, OK, WARN, CheckResult, measured
from release_sentinel.config.targets import TcpTarget
from release_sentinel.measures import Measure
from release_sentinel.observe import tcp
from release_sentinel.observe.tcp import Connection


def check_tcp(target: TcpTarget, *, observe: Callable[..., Connection] = tcp.connect) -> CheckResult:
    """The port accepts a connection within its deadline.

    Why: otherwise an unreachable database, queue or cache is noticed only after the release.
    Unknown: never; a port that does not answer does not accept.
    Remedy: check that the service runs and that no firewall blocks it; the address is in the policy, under `tcp`.
    """
    seen = observe(target.host, target.port, timeout=target.timeout, tries=target.tries, deadline=target.deadline)
    where = f"{target.host}:{target.port}"
    effort = f"{seen.tries} {'try' if seen.tries == 1 else 'tries'}, {seen.seconds:.1f} s"
    details = tuple(f"try {number}: {words}" for number, words in enumerate(seen.earlier, start=1))
    if seen.error:
        remedy = "check that the service runs, and that no firewall blocks it"
        return CheckResult(CRIT, f"{where} does not accept: {seen.error} ({effort})", remedy, details, seen.tries)
    took = Measure("seconds", seen.seconds, "s")
    if seen.earlier:
        message = f"{where} accepts ({effort}), after: {', '.join(seen.earlier)}"
        return measured(CheckResult(WARN, message, "find out why it flaps", tries=seen.tries), took)
    return measured(CheckResult(OK, f"{where} accepts ({effort})", tries=seen.tries), took)
