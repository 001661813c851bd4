"""One dependency asked over HTTP: tries, retries, and one deadline over all of them."""

import contextlib
import random
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from release_sentinel.observe.bounded import Bounded
from release_sentinel.redaction import without_credentials

RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
_FIRST_PAUSE = 0.5  # seconds; doubled each time, then drawn from 0 to that ("full jitter")
_LONGEST_PAUSE = 8.0
_SHORTEST_TRY = 0.01  # a pause may overrun; requests refuses a time-out of nothing
_NO_URL = "it is no URL such as https://example.com"


@dataclass(frozen=True)
class Exchange:
    """One dependency's final answer: an HTTP `status`, or the `error` that stood instead of one. Times in seconds."""

    url: str  # as it may be shown: without credentials
    status: int | None
    error: str
    tries: int
    seconds: float
    earlier: tuple[str, ...] = ()  # what the tries before the last one met with


@dataclass(frozen=True)
class _Try:
    status: int | None = None
    error: str = ""
    final: bool = True
    retry_after: float = 0.0

    @property
    def words(self) -> str:
        return self.error or f"HTTP {self.status}"


def get(
    url: str, *, timeout: float, tries: int, deadline: float, statuses: Collection[int] = (), headers: Any = None
) -> Exchange:
    """GET `url`, up to `tries` times; each try lasts at most `timeout`, all of them together at most `deadline`.

    A status in `statuses` is an answer, and so is every one that a retry would not change. Redirects are not followed:
    a dependency that answers 302 has not answered 200.
    """
    start = time.monotonic()
    met: list[str] = []
    last = _Try(error="it was not asked")
    for number in range(1, tries + 1):
        left = start + deadline - time.monotonic()
        last = _ask(url, max(_SHORTEST_TRY, min(timeout, left)), headers)
        if last.final or last.status in statuses or number == tries:
            break
        pause = max(last.retry_after, random.uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (number - 1))))  # noqa: S311 - jitter, not a key
        if time.monotonic() + pause >= start + deadline:
            break
        met.append(last.words)
        time.sleep(pause)
    seconds = time.monotonic() - start
    # What cannot be parsed cannot be stripped of credentials by its parts.
    shown = url.partition("?")[0].rpartition("@")[2] if last.error == _NO_URL else without_credentials(url)
    return Exchange(shown, last.status, last.error, len(met) + 1, seconds, tuple(met))


def _ask(url: str, seconds: float, headers: Any) -> _Try:
    """Try once. The thread bounds what requests does not: name look-up, and a server that drips its headers."""
    import requests  # noqa: PLC0415 - late: it costs 105 ms
    from requests import exceptions  # noqa: PLC0415

    def call() -> _Try:
        with requests.get(url, timeout=seconds, headers=headers, allow_redirects=False, stream=True) as response:
            return _Try(
                status=response.status_code,
                final=response.status_code not in RETRIED,
                retry_after=_retry_after(response.headers.get("Retry-After", "")),
            )

    try:
        return Bounded(call).result(seconds)
    except (TimeoutError, exceptions.Timeout):
        return _Try(error=f"no answer within {seconds:.2g} s", final=False)
    except exceptions.SSLError as error:
        return _Try(error=f"TLS: {_root_cause(error)}")
    except (exceptions.ConnectionError, exceptions.ChunkedEncodingError) as error:
        return _Try(error=_root_cause(error), final=False)
    except (exceptions.MissingSchema, exceptions.InvalidSchema, exceptions.InvalidURL):
        return _Try(error=_NO_URL)  # and not in requests' words, which repeat it with its credentials
    except (exceptions.RequestException, ValueError) as error:
        return _Try(error=f"{error}" or type(error).__name__)


def _root_cause(error: BaseException) -> str:
    """Return the innermost error's words: requests wraps the reason four deep."""
    for inner in reversed(list(_chain(error))):
        if isinstance(inner, OSError) and inner.strerror:
            return inner.strerror
        if text := str(inner):
            return text
    return type(error).__name__


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        inner = getattr(seen, "reason", None) or seen.__cause__ or seen.__context__
        if not isinstance(inner, BaseException):
            inner = next((item for item in seen.args if isinstance(item, BaseException)), None)
        seen = inner


def _retry_after(value: str) -> float:
    """Return the seconds that a Retry-After header asks for; 0 where it says nothing usable."""
    if value.isascii() and value.isdigit():
        return float(value)
    with contextlib.suppress(ValueError, TypeError):
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    return 0.0
