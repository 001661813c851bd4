"""Is the whole fleet, as Prometheus sees it, fit for a release?"""

import math
import operator
from collections.abc import Callable, Iterator, Mapping

from release_sentinel.checks.result import CRIT, OK, UNKNOWN, WARN, CheckResult, measured
from release_sentinel.config.targets import Judgement, PrometheusQuery
from release_sentinel.lines import one_line
from release_sentinel.measures import Measure
from release_sentinel.observe import Unseen, prometheus
from release_sentinel.observe.http import Request
from release_sentinel.observe.prometheus import QueryResult, Series
from release_sentinel.vocabulary import Status

_MEETS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_STATUS: dict[Judgement, Status] = {"ok": OK, "unknown": UNKNOWN, "crit": CRIT}
_SEVERITY = (OK, WARN, UNKNOWN, CRIT)
_SHOWN = 5  # series that a message lists
_LONGEST = 400  # characters of a query that a message shows


def check_prometheus(
    target: PrometheusQuery,
    *,
    environ: Mapping[str, str] | None = None,
    observe: Callable[..., QueryResult | Unseen] = prometheus.instant,
) -> CheckResult:
    """The one number that a PromQL instant query returns meets the policy's condition.

    Why: one host may be healthy while the fleet is not; error rates and queues show it before customers do.
    Unknown: no data, NaN, several series, stale or partial data, unless the policy says otherwise; or no answer.
    Remedy: check what the query measures; query and condition are in the policy, under `prometheus`.
    """
    request = Request(
        url=target.url,
        headers=target.headers,
        timeout=target.timeout,
        tries=target.tries,
        deadline=target.deadline,
        proxy=target.proxy,
        ca_bundle=target.ca_bundle,
    )
    seen = observe(request, target.query, max_age=target.max_age, environ=environ)
    if isinstance(seen, Unseen):
        return CheckResult(UNKNOWN, seen.why, seen.remedy)
    doubts = list(_doubts(target, seen))
    status, message = max(doubts, key=lambda doubt: _SEVERITY.index(doubt[0]), default=(OK, ""))
    if not status.passes:
        return CheckResult(
            status, f"{message}: {_shown(target)}", "look at the query and at what it measures", tries=seen.tries
        )
    if not seen.series:
        return CheckResult(OK, f"no data, which the policy accepts: {_shown(target)}", tries=seen.tries)
    result = _judged(target, seen)
    numbers = [series.value for series in seen.series if not math.isnan(series.value)]
    if not numbers:
        return result
    worst = min(numbers) if target.op in {">", ">="} else max(numbers)
    return measured(result, Measure("value", worst, crit=target.value if target.op == "<" else None))


def _doubts(target: PrometheusQuery, seen: QueryResult) -> Iterator[tuple[Status, str]]:
    """Yield what is doubtful about an answer, with the status that the policy gives it."""
    if seen.warnings:
        yield _STATUS[target.warnings], f"the answer has warnings ({'; '.join(seen.warnings)})"
    if not seen.series:
        yield _STATUS[target.missing], "no data"
    if seen.stale:
        yield _STATUS[target.stale], f"the samples are {seen.age:.0f} s old, expected at most {target.max_age:g} s"
    if len(seen.series) > 1 and target.several == "unknown":
        yield UNKNOWN, f"{len(seen.series)} series, expected one ({_listed(seen.series)})"
    if nan := [series for series in seen.series if math.isnan(series.value)]:
        yield _STATUS[target.nan], f"not a number ({_listed(nan)})"


def _judged(target: PrometheusQuery, seen: QueryResult) -> CheckResult:
    numbers = [series for series in seen.series if not math.isnan(series.value)]
    unmet = [series for series in numbers if not _MEETS[target.op](series.value, target.value)]
    met = len(unmet) < len(numbers) if target.several == "any" and numbers else not unmet
    condition = f"expected {target.op} {target.value:g}: {_shown(target)}"
    if not met:
        remedy = "look at what the query measures"
        return CheckResult(CRIT, f"{_listed(unmet)}, {condition}", remedy, tries=seen.tries)
    message = f"{_listed(numbers or seen.series)}, {condition}"
    if seen.earlier:
        return CheckResult(
            WARN, f"{message}, after: {', '.join(seen.earlier)}", "find out why it flaps", tries=seen.tries
        )
    return CheckResult(OK, message, tries=seen.tries)


def _listed(series: "list[Series] | tuple[Series, ...]") -> str:
    listed = "; ".join(f"{one.labels} is {one.value:g}" for one in series[:_SHOWN])
    return listed if len(series) <= _SHOWN else f"{listed}; … {len(series) - _SHOWN} more"


def _shown(target: PrometheusQuery) -> str:
    """Return the query on one line, shortened."""
    return one_line(" ".join(target.query.split()), _LONGEST)
