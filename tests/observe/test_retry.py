"""Tries, pauses and one deadline over all of them, by a clock that only the tests move."""

from types import SimpleNamespace

import pytest

from release_sentinel.observe import retry
from release_sentinel.observe.retry import Asked, Try, ask, no_answer


class Clock:
    """A clock that a pause moves forward, and the pauses that were made."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []
        self.late = 0.0  # seconds by which each pause overruns

    def sleep(self, seconds: float) -> None:
        """Pause."""
        self.pauses.append(seconds)
        self.now += seconds + self.late


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that `retry` reads; a pause is as long as its jitter allows."""
    clock = Clock()
    monkeypatch.setattr(retry, "time", SimpleNamespace(monotonic=lambda: clock.now, sleep=clock.sleep))
    monkeypatch.setattr(retry, "random", SimpleNamespace(uniform=lambda _low, high: high))
    return clock


BUSY: Try[str] = Try(words="HTTP 503", final=False)


def asked(
    clock: Clock, *tries: Try[str], most: int = 9, deadline: float = 60, lasts: float = 1
) -> tuple[Asked[str], list[float]]:
    """Ask a call that gives these answers in turn, each after `lasts` seconds; return the time that each try had."""
    given: list[float] = []
    answers = iter(tries)

    def call(seconds: float) -> Try[str]:
        given.append(seconds)
        clock.now += lasts
        return next(answers)

    return ask(call, what="a question", timeout=5, tries=most, deadline=deadline), given


def test_a_final_try_ends_it(clock: Clock) -> None:
    """Neither an answer, nor an error that a retry would not change, is retried."""
    for last in (Try("fine"), Try[str](error="no such name")):
        assert asked(clock, last)[0] == Asked(last, 1, 1, ())
    assert clock.pauses == []


def test_the_results_of_earlier_tries_are_reported(clock: Clock) -> None:
    """Errors and words in their order, with the total time."""
    seen, _ = asked(clock, BUSY, Try(error="refused", final=False, words="x"), Try("fine"))
    assert seen == Asked(Try("fine"), 3, 3 + 0.5 + 1, ("HTTP 503", "refused"))


def test_pauses_double_up_to_eight_seconds(clock: Clock) -> None:
    """Starting from half a second."""
    asked(clock, *[BUSY] * 7, Try("fine"))
    assert clock.pauses == [0.5, 1, 2, 4, 8, 8, 8]


def test_the_last_try_is_not_paused_after(clock: Clock) -> None:
    """Its result counts at once, and is not one of the earlier ones."""
    seen, given = asked(clock, BUSY, BUSY, BUSY, most=3)
    assert (seen.last, seen.tries, seen.earlier) == (BUSY, 3, ("HTTP 503", "HTTP 503"))
    assert (len(given), len(clock.pauses)) == (3, 2)


@pytest.mark.parametrize(("wanted", "pause"), [(2, 2), (0.1, 0.5)])
def test_a_server_can_only_lengthen_a_pause(clock: Clock, wanted: float, pause: float) -> None:
    """The server's Retry-After is the minimum pause."""
    asked(clock, Try(error="busy", final=False, retry_after=wanted), Try("fine"))
    assert clock.pauses == [pause]


def test_each_try_gets_what_is_left_of_the_deadline(clock: Clock) -> None:
    """At most its own time-out."""
    _, given = asked(clock, BUSY, BUSY, Try("fine"), deadline=10, lasts=3)
    assert given == [5, 5, 10 - 3 - 0.5 - 3 - 1]


@pytest.mark.parametrize(("wanted", "tries"), [(8.9, 2), (9, 1), (9.1, 1)])
def test_a_pause_ends_before_the_deadline_or_is_not_made(clock: Clock, wanted: float, tries: int) -> None:
    """Then the last result counts."""
    seen, _ = asked(clock, Try(error="busy", final=False, retry_after=wanted), Try("fine"), deadline=10)
    assert (seen.tries, len(clock.pauses)) == (tries, tries - 1)
    assert seen.last.error == ("" if tries == 2 else "busy")


def test_a_pause_that_overruns_leaves_a_moment_for_the_try(clock: Clock) -> None:
    """No library accepts a time-out of 0 or less."""
    clock.late = 60
    _, given = asked(clock, BUSY, Try("fine"), deadline=10)
    assert given == [5, 0.01]


@pytest.mark.parametrize(("seconds", "words"), [(0.25, "0.25 s"), (3, "3 s"), (2.96, "3 s"), (0.0123, "0.012 s")])
def test_a_time_is_shown_in_two_digits(seconds: float, words: str) -> None:
    """More digits of a remaining time would not help the reader."""
    assert no_answer(seconds) == f"no answer within {words}"
