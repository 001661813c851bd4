"""What excuses a gate: a waiver, or that the policy only advises it. Remarks on what excuses nothing. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime

from release_sentinel.config.kinds import nearest
from release_sentinel.config.model import Waiver, end_of
from release_sentinel.gates import IDS
from release_sentinel.verdict import GateResult
from release_sentinel.vocabulary import Outcome


def in_force(waivers: Sequence[Waiver], env: str, now: datetime) -> Mapping[str, Waiver]:
    """Return the waivers for `env` that have not expired, by the id of their gate; the last to expire counts."""
    ours = [waiver for waiver in waivers if waiver.env == env and now < waiver.end]
    return {waiver.gate: waiver for waiver in sorted(ours, key=lambda waiver: waiver.end)}


def advised(advise: Mapping[str, date], gate: str, now: datetime) -> date | None:
    """Return the last day on which a gate is only advised, by its id or that of all its targets, if it is."""
    day = advise.get(gate, advise.get(gate.partition("[")[0]))
    return day if day and now < end_of(day) else None


def advice_remarks(
    advise: Mapping[str, date], now: datetime, results: Sequence[GateResult], disabled: Collection[str] = ()
) -> Iterator[str]:
    """Yield a sentence for each gate that is advised no longer, or that is not there; see `remarks`."""
    found = {id_: result for result in results for id_ in (result.id.partition("[")[0], result.id)}
    for gate, day in advise.items():
        if gate not in found:
            yield f"advise names {gate}, and excuses nothing: {_not_found(gate, found, disabled)}"
        elif advised(advise, gate, now) is None:
            yield f"{gate} was advised until {day}, and counts now: remove it from advise"


def remarks(
    waivers: Sequence[Waiver],
    env: str,
    now: datetime,
    results: Sequence[GateResult],
    disabled: Collection[str] = (),
) -> Iterator[str]:
    """Yield a sentence for each waiver for `env` that did not excuse anything, and why it did not.

    `results` are those of all gates of the run, `disabled` the ids of those that the policy switches off.
    """
    found = {result.id: result for result in results}
    used = in_force(waivers, env, now)
    for waiver in waivers:
        if waiver.env != env:
            continue
        name, gate = describe(waiver), found.get(waiver.gate)
        if gate is None:
            yield f"the waiver for {name} excuses nothing: {_not_found(waiver.gate, found, disabled)}"
        elif now >= waiver.end:
            yield f"the waiver for {name} has expired, and excuses nothing: remove it, or renew it with a reason"
        elif used[waiver.gate] is not waiver:
            yield f"the waiver for {name} is there twice: remove one of them"
        elif gate.outcome in {Outcome.PASSED, Outcome.WARNED}:
            yield f"the waiver for {name} is not used: the gate passes; remove it"
        elif gate.outcome is Outcome.FAILED:
            yield f"the waiver for {name} excuses nothing: the gate broke, and a waiver excuses only judgements"


def describe(waiver: Waiver) -> str:
    """Return `disk in prod (until 2026-12-31, by Kim: disks are on order)`."""
    return f"{waiver.gate} in {waiver.env} (until {waiver.until}, by {waiver.owner}: {waiver.reason})"


def _not_found(gate: str, found: Collection[str], disabled: Collection[str]) -> str:
    if gate in disabled:
        return "the policy switches the gate off"
    if gate in IDS:
        return "the gate was not part of this run"
    return f"there is no such gate{nearest(gate, [*found, *IDS])}"
