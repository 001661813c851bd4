"""Do the machines that take the release answer?"""

from typing import TYPE_CHECKING

from release_sentinel.checks.result import OK, UNKNOWN, WARN, CheckResult, measured
from release_sentinel.config.targets import HostRule
from release_sentinel.measures import Measure
from release_sentinel.observe import Unseen

if TYPE_CHECKING:
    from collections.abc import Callable

    from release_sentinel.observe.hosts import Reached


def check_host(rule: HostRule, *, observe: "Callable[[], Reached]") -> CheckResult:
    """The host answers over ssh or in its container, and its state can be read.

    Why: a host that cannot be reached cannot take the release, and nothing is known of its disks and processes.
    Unknown: ssh (docker, podman, kubectl) fails, the answer is cut off, or the host does not run Linux.
    Remedy: see ssh's own words; keys are never accepted here: check the host's key and add it to known_hosts.

    What is asked of a host that does not answer (`disk[web1:/var]`) is not evaluated; a waiver for the host covers it.
    """
    reached = observe()
    seen, earlier = reached.seen, "; ".join(dict.fromkeys(reached.earlier))
    if isinstance(seen, Unseen):
        tries = f" (tried {reached.tries} times)" if reached.tries > 1 else ""
        return CheckResult(UNKNOWN, f"{seen.why}{tries}", seen.remedy, tries=reached.tries)
    answered = f"{rule.name_in_list} answered in {reached.seconds:.1f} s"
    took = Measure("seconds", reached.seconds, "s")
    if reached.tries > 1:
        remedy = "raise MaxStartups on the host, or lower `at_once`; see the network"
        words = f"{answered}, on try {reached.tries}: {earlier}"
        return measured(CheckResult(WARN, words, remedy, tries=reached.tries), took)
    return measured(CheckResult(OK, answered), took)
