"""Is what was measured no worse than it was?"""

import math
from collections.abc import Iterator, Mapping

from release_sentinel.checks.result import CRIT, OK, UNKNOWN, CheckResult, measured
from release_sentinel.config.targets import CompareRule, Judgement
from release_sentinel.measures import Measure
from release_sentinel.vocabulary import Status

Measures = Mapping[str, Measure]  # by full name: `disk[/var].used`
_STATUS: dict[Judgement, Status] = {"ok": OK, "unknown": UNKNOWN, "crit": CRIT}
_SEVERITY = (OK, UNKNOWN, CRIT)
_LISTED = 5


def check_compare(rule: CompareRule, *, base: Measures, now: Measures) -> CheckResult:
    """No measure has changed by more than the policy's rule allows, compared with an earlier verdict file.

    Why: a service can be within all its limits and much worse than before the release.
    Unknown: the measure is missing on one side, its unit has changed, or the rule matches nothing at all.
    Remedy: see what the gate measures, and why it has changed; the rules are in the policy, under `compare`.
    """
    names = list(dict.fromkeys(name for name in (*base, *now) if rule.matches(name)))
    if not names:
        return CheckResult(UNKNOWN, f"nothing that is measured is called {rule.measure}", "correct `measure`")
    found = [_judge(rule, name, base.get(name), now.get(name)) for name in names]
    status = max((status for status, _ in found), key=_SEVERITY.index)
    worst = [words for one, words in found if one is status]
    more = f"; … {len(worst) - _LISTED} more" if len(worst) > _LISTED else ""
    remedy = "" if status is OK else "see what has changed since the baseline"
    result = CheckResult(status, "; ".join(worst[:_LISTED]) + more, remedy)
    return measured(result, *_changes(names, base, now))


def _judge(rule: CompareRule, name: str, base: Measure | None, now: Measure | None) -> tuple[Status, str]:
    """Judge one measure; NaN and infinity fail."""
    if base is None or now is None:
        where = "in the baseline" if base is None else "in this run"
        return _STATUS[rule.missing], f"{name} is not measured {where}"
    if base.unit != now.unit:
        return UNKNOWN, f"{name} is in {now.unit or 'no unit'}, and in {base.unit or 'no unit'} in the baseline"
    words = f"{name} is {now.value:g}, was {base.value:g}"
    if not (math.isfinite(base.value) and math.isfinite(now.value)):
        return CRIT, f"{words}, expected finite numbers"
    if rule.max_increase and not rule.max_increase.allows(base.value, now.value):
        return CRIT, f"{words}, expected an increase of at most {rule.max_increase}"
    if rule.max_decrease and not rule.max_decrease.allows(-base.value, -now.value):
        return CRIT, f"{words}, expected a decrease of at most {rule.max_decrease}"
    return OK, words


def _changes(names: list[str], base: Measures, now: Measures) -> Iterator[Measure]:
    for name in names:
        if name in base and name in now:
            yield Measure(f"{name}.change", now[name].value - base[name].value, now[name].unit)
