"""When the critical stage is evaluated again, and when that has ended. Pure: moments in seconds, by any clock."""

from collections.abc import Collection

from msgspec import Struct

from release_sentinel.plan import Plan


class Next(Struct, frozen=True):
    """The next round begins at `at`; in the phase that ends at `until`."""

    at: float
    until: float
    holding: bool


class Done(Struct, frozen=True):
    """There is no further round; `why` is blank where all was well."""

    why: str = ""


class Schedule:
    """Says after each round what follows. The rules are those of the guide "before, during, after"."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._first: float | None = None  # when the first round began
        self._healthy: float | None = None  # when the first healthy round ended
        self.healthy_after: float | None = None  # seconds from the first round's begin to that moment
        self.held = 0.0  # seconds from that moment to the end of the last round
        self.rounds = 0
        self.failures: dict[str, int] = {}  # rounds that each gate failed
        self._in_a_row: dict[str, int] = {}

    def after(self, began: float, ended: float, failed: Collection[str], excused: Collection[str] = ()) -> Next | Done:
        """Take note of a round, with the ids of the gates that failed in it; return what follows.

        Those that a waiver or advice `excused` are counted, and it is healthy all the same.
        """
        self._first = began if self._first is None else self._first
        self.rounds += 1
        for gate in (*failed, *excused):
            self.failures[gate] = self.failures.get(gate, 0) + 1
        self._in_a_row = {gate: self._in_a_row.get(gate, 0) + 1 for gate in failed}
        if self._healthy is None:
            return self._while_waiting(self._first, began, ended, failed)
        self.held = ended - self._healthy
        return self._while_holding(self._healthy, began, ended, failed)

    def _while_waiting(self, first: float, began: float, ended: float, failed: Collection[str]) -> Next | Done:
        if not failed:
            self._healthy, self.healthy_after = ended, ended - first
            if not self._plan.hold:
                return Done()
            return self._next(began, ended, ended + self._plan.hold, holding=True)
        until = first + self._plan.wait
        if began >= until:
            waited = f"not healthy within {_shown(self._plan.wait)}" if self._plan.wait else "not healthy at first"
            return Done(f"{waited}, {counted(self.rounds)}")
        return self._next(began, ended, until, holding=False)

    def _while_holding(self, healthy: float, began: float, ended: float, failed: Collection[str]) -> Next | Done:
        until = healthy + self._plan.hold
        is_last = began >= until
        broken = [gate for gate, times in self._in_a_row.items() if times >= self._plan.hold_failures]
        if broken or (is_last and failed):
            return Done(f"not healthy any more {_shown(self.held)} after it was, {counted(self.rounds)}")
        return Done() if is_last else self._next(began, ended, until, holding=True)

    def _next(self, began: float, ended: float, until: float, *, holding: bool) -> Next:
        return Next(max(ended, min(began + self._plan.interval, until)), until, holding)


def _shown(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"


def counted(number: int) -> str:
    """Return `2 rounds`."""
    return f"{number} round{'s' if number > 1 else ''}"
