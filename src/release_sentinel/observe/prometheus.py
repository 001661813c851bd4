"""What a Prometheus server answers to an instant query."""

import math
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from msgspec import Struct
from msgspec.structs import replace

from release_sentinel import strict_json
from release_sentinel.observe import Unseen, http
from release_sentinel.observe.http import Exchange, Request
from release_sentinel.redaction import without_credentials

_ANSWERED = (200, 400, 422)  # a query that is wrong is answered with 400 or 422, and with its reason


class Series(Struct, frozen=True):
    """One number, with the labels that distinguish it from others; `time` is that of its sample, since the epoch."""

    labels: str
    value: float
    time: float


class QueryResult(Struct, frozen=True):
    """The series that a query found.

    `stale`: there is data, but older than was asked for; `age` is that of the oldest sample, in seconds.
    """

    series: tuple[Series, ...]
    warnings: tuple[str, ...] = ()
    stale: bool = False
    age: float = 0.0
    tries: int = 1
    seconds: float = 0.0
    earlier: tuple[str, ...] = ()
    scalar: bool = False


def instant(
    request: Request, query: str, *, max_age: float, environ: Mapping[str, str] | None = None
) -> QueryResult | Unseen:
    """Ask the server at `request.url` an instant query; samples older than `max_age` seconds (0: any age) are stale.

    The request bounds how far the server looks back, and also asks for the samples' own times, because older servers
    ignore that bound: the answer is stale if any of its samples is.
    """
    if not max_age:
        return _ask(request, query, {}, environ)
    young = _ask(request, query, {"lookback_delta": f"{max_age:g}"}, environ)
    if isinstance(young, Unseen):
        return young
    if not young.series:
        any_age = _ask(request, query, {}, environ)
        return any_age if isinstance(any_age, Unseen) else _aged(any_age, any_age, max_age, stale=bool(any_age.series))
    if young.scalar:  # it is computed now
        return _aged(young, young, max_age)
    times = _ask(request, f"timestamp({query}\n)", {}, environ)  # a comment may end the query
    return times if isinstance(times, Unseen) else _aged(young, times, max_age)


def _aged(answer: QueryResult, times: QueryResult, max_age: float, *, stale: bool = False) -> QueryResult:
    """Return `answer` with the age of its oldest sample, by the server's clock or ours, whichever is ahead."""
    sampled = [series.value for series in times.series] if times is not answer else []
    now = max(time.time(), *(series.time for series in (*answer.series, *times.series)), 0.0)
    age = now - min([*sampled, *(series.time for series in answer.series)], default=now)
    return replace(answer, stale=stale or not age <= max_age, age=age)


def _ask(
    request: Request, query: str, more: Mapping[str, str], environ: Mapping[str, str] | None
) -> QueryResult | Unseen:
    address = f"{request.url.rstrip('/')}/api/v1/query?{urlencode({'query': query, **more})}"
    asked = replace(request, url=address, statuses=_ANSWERED)
    seen = http.ask(asked, environ)
    if isinstance(seen, Unseen):
        return seen
    server = without_credentials(request.url)
    effort = f"{seen.tries} {'try' if seen.tries == 1 else 'tries'}, {seen.seconds:.1f} s"
    if seen.status is None:
        return Unseen(f"{server} unreachable: {seen.error} ({effort})", "see whether Prometheus is up")
    try:
        document = strict_json.loads(seen.body) if seen.whole else {}
        if document["status"] != "success" and document.get("error"):
            return Unseen(f"{server} refuses the query: {document['error']}", "correct the query")
        if seen.status != 200 or document["status"] != "success":
            return Unseen(f"{server} returned {seen.status} ({effort})", "see whether it is a Prometheus server")
        return _query_result(document, seen)
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError):
        why = f"{server} returned {seen.status}, which is not an answer of a Prometheus server ({effort})"
        return Unseen(why, "see whether it is a Prometheus server")


def _query_result(document: dict[str, Any], seen: Exchange) -> QueryResult | Unseen:
    kind, result = document["data"]["resultType"], document["data"]["result"]
    if kind not in {"vector", "scalar"}:
        return Unseen(f"the query answers with a {kind}, expected one number", "ask for an instant vector or a scalar")
    found = [_series({}, result)] if kind == "scalar" else [_series(one["metric"], one["value"]) for one in result]
    warnings = tuple(str(warning) for warning in document.get("warnings") or ())
    return QueryResult(
        tuple(found),
        warnings,
        tries=seen.tries,
        seconds=seen.seconds,
        earlier=seen.earlier,
        scalar=kind == "scalar",
    )


def _series(metric: Mapping[str, str] | None, sample: list[Any]) -> Series:
    at, value = sample
    labels = ", ".join(f'{key}="{text}"' for key, text in sorted((metric or {}).items()))
    return Series(f"{{{labels}}}", math.nan if value == "NaN" else float(value), float(at))
