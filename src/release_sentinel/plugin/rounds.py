"""The critical stage in rounds: evaluated again until it is healthy, and for as long as it has to stay so."""

import time
from collections.abc import Callable, Sequence

import pytest
from msgspec.structs import replace

from release_sentinel.plugin import compat, scrubbing
from release_sentinel.plugin.schedule import Done, Next, Schedule, counted
from release_sentinel.plugin.session import RECORD, GateSession
from release_sentinel.timeline import Phase
from release_sentinel.verdict import Rounds
from release_sentinel.vocabulary import Stage

_TOLD = 60.0  # seconds after which progress is told again, outside of terminals
_MOST_PHASES = 200  # of a stage that flaps for hours; later ones are left out
_NAP = 0.5  # seconds between two looks at the clock, so that an interrupt is heeded


def run(session: GateSession, pytest_session: pytest.Session, *, now: Callable[[], float] = time.monotonic) -> bool:
    """Run the gates, the critical ones in rounds; return False where there are none, and pytest runs as usual."""
    items = pytest_session.items
    stages = {stage: [item for item in items if item.stash[RECORD].stage is stage] for stage in Stage}
    critical = stages[Stage.CRITICAL]
    if not session.plan.is_wanted or session.early_end or session.refused or not critical:
        return False
    compat.run_items(pytest_session, stages[Stage.POLICY], critical[0])
    if session.policy_failed:
        compat.run_items(pytest_session, critical, None)
        return True
    session.in_rounds = True
    _Run(session, pytest_session, critical, now).to_the_end()
    return True


class _Run:
    def __init__(
        self,
        session: GateSession,
        pytest_session: pytest.Session,
        items: Sequence[pytest.Item],
        now: Callable[[], float],
    ) -> None:
        self._session, self._pytest, self._items, self._now = session, pytest_session, items, now
        self._schedule = Schedule(session.plan)
        self._told: tuple[frozenset[str], bool] | None = None
        self._told_at = 0.0
        self._since: dict[str, float] = {}  # when each gate that fails began to
        self._progress = session.progress
        self._start = now() - (time.monotonic() - session.began)  # of the run, by this clock
        self._phases: list[Phase] = []

    def to_the_end(self) -> None:
        """Run all rounds; then tell pytest of the last one."""
        try:
            deferred = self._all()
        finally:
            self._progress.clear()
            self._session.in_rounds = False
        for one in deferred:
            if one.report:
                scrubbing.clean_report(one.report, self._session.redactor.scrub)
            one.call()

    def _all(self) -> list[compat.DeferredHook]:
        """Run rounds, and return the calls that tell pytest of the last one."""
        while True:
            began = self._now()
            deferred = self._round()
            ended = self._now()
            failed, excused = self._failed(), self._excused()
            self._add_phase(began, ended, failed | excused)
            following = self._schedule.after(began, ended, failed, excused)
            self._note(following)
            if isinstance(following, Done):
                return deferred
            self._since = {gate: self._since.get(gate, began) for gate in failed}
            self._tell(following, failed)
            if not self._wait(following, failed):
                return deferred

    def _add_phase(self, began: float, ended: float, failed: frozenset[str]) -> None:
        """Take note of a round, or let it lengthen the phase in which the same gates failed."""
        began, ended = began - self._start, ended - self._start
        phase = Phase(began, ended, 1, tuple(sorted(failed)), self._schedule.healthy_after is not None)
        last = self._phases[-1] if self._phases else None
        if last and (last.failed, last.holding) == (phase.failed, phase.holding):
            self._phases[-1] = replace(last, ended=ended, rounds=last.rounds + 1)
        elif len(self._phases) < _MOST_PHASES:
            self._phases.append(phase)

    def _round(self) -> list[compat.DeferredHook]:
        """Ask everything anew, with fresh fixtures, and return the calls that tell pytest of it."""
        self._session.renew()
        deferred = []
        for item, following in zip(self._items, [*self._items[1:], None], strict=True):
            item.stash[RECORD].renew()
            deferred += compat.run_quietly(self._pytest, item, following)
        return deferred

    def _failed(self) -> frozenset[str]:
        records = [item.stash[RECORD] for item in self._items]
        bad = (record for record in records if (record.failed or not record.counts) and not record.spare)
        return frozenset(record.id for record in bad if not record.not_evaluated)

    def _excused(self) -> frozenset[str]:
        records = [item.stash[RECORD] for item in self._items]
        return frozenset(record.id for record in records if record.excused and record.counts and not record.spare)

    def _note(self, following: Next | Done) -> None:
        """Let the verdict know how it went so far: an interrupt may end the rounds."""
        schedule, plan = self._schedule, self._session.plan
        self._session.rounds = Rounds(
            schedule.rounds,
            plan.wait,
            plan.hold,
            plan.interval,
            schedule.healthy_after,
            schedule.held,
            dict(schedule.failures),
            following.why if isinstance(following, Done) else f"interrupted after {counted(schedule.rounds)}",
            tuple(self._phases),
        )

    def _wait(self, following: Next, failed: frozenset[str]) -> bool:
        """Wait for the next round, and say what for; return False if what supervises this run is gone."""
        while (left := following.at - self._now()) > 0:
            if self._session.is_orphan:
                return False
            self._tell(following, failed)
            time.sleep(min(left, _NAP))
        return not self._session.is_orphan

    def _tell(self, following: Next, failed: frozenset[str]) -> None:
        now = self._now()
        changed = self._told != (failed, following.holding)
        if not (changed or self._progress.is_overwritten or now - self._told_at >= _TOLD):
            return
        left = f"{max(0.0, following.until - now):.0f} s left"
        if not failed:
            line = f"round {self._schedule.rounds}: healthy, {'holding' if following.holding else 'waiting'}, {left}"
        else:
            since = ", ".join(f"{gate} ({now - self._since[gate]:.0f} s)" for gate in sorted(failed))
            line = f"round {self._schedule.rounds}: not healthy: {since}; {left}"
        self._progress.tell(line)
        self._told, self._told_at = (failed, following.holding), now
