"""How long a run may take: the rounds of its critical stage, and the bound on the whole."""

from msgspec import Struct

from release_sentinel.config.model import Policy
from release_sentinel.invocation import Invocation


class Plan(Struct, frozen=True):
    """The rounds that were asked for. Seconds; `wait` and `hold` 0: none."""

    wait: float = 0.0
    hold: float = 0.0
    interval: float = 15.0
    hold_failures: int = 1

    @property
    def is_wanted(self) -> bool:
        """Whether there is more than one round."""
        return bool(self.wait or self.hold)


def plan(invocation: Invocation, policy: Policy) -> Plan:
    """Return the rounds of a run: what its command line says, else its policy."""
    rules = policy.rounds
    wait, hold, interval = (
        given if given is not None else default
        for given, default in (
            (invocation.wait, rules.wait),
            (invocation.hold, rules.hold),
            (invocation.interval, rules.interval),
        )
    )
    return Plan(wait, hold, interval, rules.hold_failures)


def run_seconds(invocation: Invocation, policy: Policy) -> float:
    """Return the deadline of a whole run, which grows by its rounds."""
    rounds = plan(invocation, policy)
    return policy.run_seconds(invocation.deadline) + rounds.wait + rounds.hold
