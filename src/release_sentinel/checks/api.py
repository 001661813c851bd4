"""Do the services that the release depends on answer?"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from release_sentinel import jsonpath, strict_json
from release_sentinel.checks.result import CRIT, OK, UNKNOWN, WARN, CheckResult, measured
from release_sentinel.config.targets import Dependency, JsonCondition
from release_sentinel.jsonpath import Found
from release_sentinel.measures import Measure
from release_sentinel.observe import Unseen, bodies, http
from release_sentinel.observe.http import Exchange, Request
from release_sentinel.observe.patterns import EndlessPatternError, Matcher, Question
from release_sentinel.redaction import MASK, is_plain
from release_sentinel.sentences import sentence

_DEFAULTS = Dependency()
_SHOWN = 80  # characters of an unexpected value that a message shows
_LISTED = 5  # elements of a list that a message shows


class Ask(Protocol):
    """How a dependency is queried; `observe.http.ask` is the real one."""

    def __call__(self, request: Request, environ: Mapping[str, str] | None) -> Exchange | Unseen:
        """Ask; `environ` holds the secrets that headers name."""
        ...


def check_api(
    url: str | Dependency,
    timeout: float = _DEFAULTS.timeout,
    retries: int = _DEFAULTS.tries,
    *,
    environ: Mapping[str, str] | None = None,
    observe: Ask = http.ask,
) -> CheckResult:
    """The dependency answers with an expected status, and every body condition holds, within its deadline.

    Why: a release during an outage cannot be distinguished from a release that caused it.
    Unknown: no URL is given, a secret or a file that the request needs is not there, or a pattern takes too long.
    Remedy: check the dependency; `RS_API_URL` and `RS_API_STATUSES`, or the policy, set its address and statuses.

    `retries` is the number of tries, the first one included; `timeout` bounds each of them, in seconds.
    """
    target = url if isinstance(url, Dependency) else Dependency(url=url, timeout=timeout, tries=retries)
    if not target.url.strip():
        return CheckResult(UNKNOWN, "no URL is given", "set RS_API_URL")
    seen = observe(_request(target), environ)
    if isinstance(seen, Unseen):
        return CheckResult(UNKNOWN, f"{target.method} was not sent: {seen.why}", seen.remedy)
    result = _result(target, seen)
    if seen.status is None:
        return result
    return measured(result, Measure("latency", seen.latency, "s", warn=target.max_latency or None))


def _result(target: Dependency, seen: Exchange) -> CheckResult:
    """Judge what came of a request."""
    effort = f"{seen.tries} {'try' if seen.tries == 1 else 'tries'}, {seen.seconds:.1f} s"
    asked = f"{target.method} {seen.url}"
    expected = " or ".join(str(status) for status in target.statuses)
    details = tuple(f"try {number}: {words}" for number, words in enumerate(seen.earlier, start=1))
    if seen.status is None:
        message = f"{asked} unreachable: {seen.error}"
    elif seen.status not in target.statuses:
        message = f"{asked} returned {seen.status}, expected {expected}"
    elif isinstance(unmet := _judged(target, seen), Unseen):
        return CheckResult(
            UNKNOWN, f"{asked} answered {seen.status}, but {unmet.why}", unmet.remedy, details, seen.tries
        )
    elif unmet:
        message = f"{asked} answered {seen.status}, but {'; '.join(unmet)}"
    else:
        return _passed(target, seen, f"{asked} answered {seen.status} ({effort})")
    return CheckResult(CRIT, f"{message} ({effort})", "see whether the dependency is up", details, seen.tries)


def _request(target: Dependency) -> Request:
    return Request(
        url=target.url,
        method=target.method,
        headers=target.headers,
        statuses=target.statuses,
        timeout=target.timeout,
        tries=target.tries,
        deadline=target.deadline,
        max_redirects=target.max_redirects,
        proxy=target.proxy,
        ca_bundle=target.ca_bundle,
        client_cert=target.client_cert,
        client_key=target.client_key,
    )


def _passed(target: Dependency, seen: Exchange, message: str) -> CheckResult:
    """Judge a good answer: warn if it was slow or needed a retry."""
    flaws = [f"after: {', '.join(seen.earlier)}"] if seen.earlier else []
    if target.max_latency and not seen.latency <= target.max_latency:
        flaws.append(f"the answer took {seen.latency:.2f} s, expected at most {target.max_latency:g} s")
    if not flaws:
        return CheckResult(OK, message, tries=seen.tries)
    remedy = "find out why it flaps" if seen.earlier else "find out why it is slow"
    return CheckResult(WARN, f"{message}, {'; '.join(flaws)}", remedy, tries=seen.tries)


def _judged(target: Dependency, seen: Exchange) -> list[str] | Unseen:
    """Return the conditions on the body that do not hold; `Unseen` where a pattern is not matched in time."""
    try:
        return list(_unmet(target, seen, Matcher(target.timeout)))
    except EndlessPatternError as endless:
        return endless.seen


def _unmet(target: Dependency, seen: Exchange, matcher: Matcher) -> Iterator[str]:
    """Yield each condition on the body that does not hold."""
    if not (target.contains or target.matches or target.json):
        return
    if not seen.whole:
        yield f"its body is longer than the {bodies.MOST >> 20} MiB that are read"
        return
    text = seen.text
    if target.contains not in text:
        yield f"its body does not contain {target.contains!r}"
    if not matcher.search(target.matches, text):
        yield f"its body does not match {target.matches!r}"
    if not target.json:
        return
    try:
        document = strict_json.loads(text)
    except ValueError as error:
        yield f"its body is not JSON ({sentence(error)})"
        return
    for condition in target.json:
        yield from _condition(condition, document, matcher)


def _condition(condition: JsonCondition, document: Any, matcher: Matcher) -> Iterator[str]:
    """Yield why a condition does not hold."""
    is_several = jsonpath.is_several(condition.path)
    path = condition.path if is_several or not condition.counts else f"{condition.path}[*]"
    found = jsonpath.find_all(document, path)
    matched = _matched(condition, found, matcher)
    flaws = [[*_flaws(condition, one, matches=matches)] for one, matches in zip(found, matched, strict=True)]
    if condition.counts:
        yield from _miscounted(condition, found, flaws)
    elif not found:
        yield f"{condition.path} has no elements, expected at least one"
    else:
        places = [one.place if is_several and not one.missing else condition.path for one in found]
        unmet = [f"{place} {flaw}" for place, some in zip(places, flaws, strict=True) for flaw in some]
        yield from unmet[:_LISTED]
        if len(unmet) > _LISTED:
            yield f"{len(unmet) - _LISTED} more"


def _matched(condition: JsonCondition, found: Sequence[Found], matcher: Matcher) -> list[bool]:
    """Return whether each value matches the condition's pattern; all values are matched together."""
    texts = [one.value if isinstance(one.value, str) else None for one in found]
    answers = iter(matcher.answers([Question(condition.matches, text) for text in texts if text is not None]))
    return [text is not None and next(answers) for text in texts]


def _flaws(condition: JsonCondition, found: Found, *, matches: bool) -> Iterator[str]:
    """Yield what is wrong with one value."""
    if found.missing:
        yield f"is missing: {found.missing}"
        return
    value, shown, equals = found.value, _shown(found.value, condition), condition.equals
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if equals is not None and not _same(value, equals):
        yield f"is {shown}, expected {_shown(equals, condition)}"
    if condition.matches and not matches:
        yield f"is {shown}, expected a text that matches {condition.matches!r}"
    if condition.min > -math.inf and not (number and condition.min <= value):
        yield f"is {shown}, expected at least {condition.min:g}"
    if condition.max < math.inf and not (number and value <= condition.max):
        yield f"is {shown}, expected at most {condition.max:g}"


def _miscounted(condition: JsonCondition, found: Sequence[Found], flaws: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield why the number of elements that meet a condition is wrong.

    An element without the field may be one too many: then it fails. Where enough others fit, it does not matter.
    """
    met = [one for one, some in zip(found, flaws, strict=True) if not some]
    missing = [one.missing for one in found if one.missing]
    if missing and (condition.most < math.inf or len(met) < condition.fewest):
        yield f"{condition.path} is missing: {missing[0]}"
        return
    wanted = condition.equals is not None or condition.matches or condition.min > -math.inf or condition.max < math.inf
    seen = f"{condition.path} has {len(met)}" + (f" of {len(found)} elements that fit" if wanted else " elements")
    if len(met) < condition.fewest:
        yield f"{seen}, expected {condition.expected}"
    elif len(met) > condition.most:
        listed = ", ".join(_shown(one.value, condition) for one in met[:_LISTED])
        yield f"{seen}, expected {condition.expected} ({listed}{', …' if len(met) > _LISTED else ''})"


def _shown(value: Any, condition: JsonCondition) -> str:
    text = json.dumps(value)
    if condition.is_about_secret and not is_plain(text.strip('"')):
        return MASK
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _same(value: Any, expected: Any) -> bool:
    """Compare as JSON does: true is not 1."""
    return isinstance(value, bool) == isinstance(expected, bool) and bool(value == expected)
