"""What a Prometheus server answers to an instant query."""

import re
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

_LONG = 2000  # characters of a query's URL; some servers and proxies refuse a longer one
# A read-only proxy refuses POST; Prometheus itself takes both.
_NUMBER = re.compile(r"NaN|[+-]?(?:Inf|[0-9]+(?:\.[0-9]*)?(?:e[+-]?[0-9]+)?)", re.IGNORECASE)
_REFUSALS = {"POST": frozenset({403, 405, 501}), "GET": frozenset({414, 431})}
_SHORTEST = 0.1  # seconds that a question has even where the ones before it took all the time
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
    server = _Server(request, environ)
    if not max_age:
        return server.ask(query)
    young = server.ask(query, lookback_delta=f"{max_age:g}")
    if isinstance(young, Unseen):
        return young
    if not young.series:
        any_age = server.ask(query)
        return any_age if isinstance(any_age, Unseen) else _aged(any_age, any_age, max_age, stale=bool(any_age.series))
    if young.scalar:  # it is computed now
        return _aged(young, young, max_age)
    times = server.ask(f"timestamp({query}\n)")  # a comment may end the query
    return times if isinstance(times, Unseen) else _aged(young, times, max_age)


def _aged(answer: QueryResult, times: QueryResult, max_age: float, *, stale: bool = False) -> QueryResult:
    """Return `answer` with the age of its oldest sample, by the server's clock or ours, whichever is ahead."""
    sampled = [series.value for series in times.series] if times is not answer else []
    now = max(time.time(), *(series.time for series in (*answer.series, *times.series)), 0.0)
    age = now - min([*sampled, *(series.time for series in answer.series)], default=now)
    warnings = tuple(dict.fromkeys((*answer.warnings, *times.warnings)))
    return replace(answer, warnings=warnings, stale=stale or not age <= max_age, age=age)


class _Server:
    """Asks one server, within one deadline for all questions, and remembers which method it takes."""

    def __init__(self, request: Request, environ: Mapping[str, str] | None) -> None:
        self._request, self._environ = request, environ
        self._end = time.monotonic() + request.deadline
        self._refused: set[str] = set()  # methods

    def ask(self, query: str, **more: str) -> QueryResult | Unseen:
        """Return the answer to a query, with `more` parameters."""
        seen = self._send({"query": query, **more})
        if isinstance(seen, Unseen):
            return seen
        server = without_credentials(self._request.url)
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

    def _send(self, form: Mapping[str, str]) -> Exchange | Unseen:
        """Send a short query by GET, which every proxy lets pass, and a long one by POST; or else the other way."""
        address = f"{self._request.url.rstrip('/')}/api/v1/query"
        get = replace(self._request, url=f"{address}?{urlencode(form)}", statuses=_ANSWERED)
        post = replace(self._request, url=address, method="POST", form=form, statuses=_ANSWERED)
        questions = [post, get] if len(get.url) > _LONG else [get, post]
        first, second = sorted(questions, key=lambda question: question.method in self._refused)
        seen = self._once(first)
        if isinstance(seen, Unseen) or seen.status not in _REFUSALS[first.method] or second.method in self._refused:
            return seen
        self._refused.add(first.method)
        return self._once(second)

    def _once(self, question: Request) -> Exchange | Unseen:
        left = max(self._end - time.monotonic(), _SHORTEST)
        return http.ask(replace(question, deadline=left), self._environ)


def _query_result(document: dict[str, Any], seen: Exchange) -> QueryResult | Unseen:
    kind, result = document["data"]["resultType"], document["data"]["result"]
    if kind not in {"vector", "scalar"}:
        return Unseen(f"the query answers with a {kind}, expected one number", "ask for an instant vector or a scalar")
    found = [_series({}, result)] if kind == "scalar" else [_series(one["metric"], one["value"]) for one in result]
    warnings = [str(warning) for warning in document.get("warnings") or ()]
    if any(part.get("isPartial") for part in (document, document["data"])):  # VictoriaMetrics; Thanos warns
        warnings.append("the answer is partial: isPartial")
    return QueryResult(
        tuple(found),
        tuple(warnings),
        tries=seen.tries,
        seconds=seen.seconds,
        earlier=seen.earlier,
        scalar=kind == "scalar",
    )


def _series(metric: Mapping[str, str] | None, sample: list[Any]) -> Series:
    at, value = sample
    labels = ", ".join(f'{key}="{text}"' for key, text in sorted((metric or {}).items()))
    if isinstance(value, str) and not _NUMBER.fullmatch(value):  # Python reads more than Go writes, such as `1_0`
        raise ValueError(value)
    return Series(f"{{{labels}}}", float(value), float(at))
