"""Retries over the network: tries, pauses, and one deadline over all of them.

urllib3's own `Retry` counts tries but has no deadline: a Retry-After would make it sleep past ours.
"""

import random
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from msgspec import Struct

from release_sentinel import timeline
from release_sentinel.observe.bounded import Bounded

T = TypeVar("T")

_FIRST_PAUSE = 0.5  # seconds; doubled each time, then drawn from 0 to that ("full jitter")
_LONGEST_PAUSE = 8.0
_SHORTEST_TRY = 0.01  # a pause may overrun; no library accepts a time-out of 0


class Try(Struct, Generic[T], frozen=True):
    """How one try ended: an `answer`, or the `error` that came instead. If `final`, a retry would not change it."""

    answer: T | None = None
    error: str = ""
    final: bool = True
    retry_after: float = 0.0
    seconds: float = 0.0
    words: str = ""  # of an answer that is not good yet, such as `HTTP 503`


class Asked(Struct, Generic[T], frozen=True):
    """The last try, and what it took to get there. Times in seconds."""

    last: Try[T]
    tries: int
    seconds: float
    earlier: tuple[str, ...]  # how the tries before the last one ended


def ask(call: Callable[[float], Try[T]], *, what: str, timeout: float, tries: int, deadline: float) -> Asked[T]:
    """Call until a try is final, up to `tries` times; each lasts at most `timeout`, all together at most `deadline`.

    `what` names the question in a timeline. `call` is given the seconds that it may take. It runs in a thread, which is
    abandoned when it takes longer: that bounds what the library does not, such as a name look-up, or an answer that
    drips.
    """
    start = time.monotonic()
    met: list[str] = []
    last: Try[T] = Try(error="it was not asked")
    for number in range(1, tries + 1):
        left = start + deadline - time.monotonic()
        began = time.monotonic()
        last = _once(call, max(_SHORTEST_TRY, min(timeout, left)))
        timeline.note(what, began, last.error or last.words)
        if last.final or number == tries:
            break
        pause = max(last.retry_after, random.uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (number - 1))))  # noqa: S311 - jitter, not a key
        if time.monotonic() + pause >= start + deadline:
            break
        met.append(last.error or last.words)
        time.sleep(pause)
    return Asked(last, len(met) + 1, time.monotonic() - start, tuple(met))


def _once(call: Callable[[float], Try[T]], seconds: float) -> Try[T]:
    try:
        return Bounded(lambda: call(seconds)).result(seconds)
    except TimeoutError:
        return Try(error=no_answer(seconds), final=False)


def no_answer(seconds: float) -> str:
    """Return the message for a try that took too long."""
    return f"no answer within {seconds:.2g} s"
