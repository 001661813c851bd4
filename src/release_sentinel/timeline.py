"""What a run asked, when, and how long it took. A leaf: observers take note here, and a report draws it.

Notes go to the recorder of the current context; where there is none, nothing is noted.
"""

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from msgspec import Struct
from msgspec.structs import replace

_MOST = 50  # steps that one recorder keeps; the others are one step that counts them


class Step(Struct, frozen=True):
    """One request, Git command or probe. `began` is in seconds after the start of the run, `words` say what was wrong.

    While it is recorded, `began` is a moment of the monotonic clock.
    """

    what: str
    began: float
    seconds: float
    words: str = ""


class Phase(Struct, frozen=True):
    """Consecutive rounds in which the same gates failed; `began` and `ended` in seconds after the start of the run."""

    began: float
    ended: float
    rounds: int
    failed: tuple[str, ...] = ()
    holding: bool = False


class Recorder:
    """Takes note of steps, from any thread."""

    def __init__(self) -> None:
        self._steps: list[Step] = []
        self._further: list[Step] = []
        self._lock = threading.Lock()

    def add(self, steps: Iterable[Step]) -> None:
        """Take note of steps."""
        with self._lock:
            for step in steps:
                (self._steps if len(self._steps) < _MOST else self._further).append(step)

    def clear(self) -> None:
        """Forget an earlier round."""
        with self._lock:
            self._steps, self._further = [], []

    @property
    def moments(self) -> tuple[Step, ...]:
        """The steps, by the monotonic clock."""
        with self._lock:
            return (*self._steps, *self._further)

    def steps(self, start: float) -> tuple[Step, ...]:
        """Return the steps after `start`, a moment of the monotonic clock, in the order in which they began."""
        with self._lock:
            kept, further = list(self._steps), list(self._further)
        if further:
            began, ended = min(one.began for one in further), max(one.began + one.seconds for one in further)
            kept.append(Step(f"{len(further)} more", began, ended - began))
        return tuple(replace(one, began=max(0.0, one.began - start)) for one in sorted(kept, key=lambda one: one.began))


_recorder: ContextVar[Recorder | None] = ContextVar("_recorder", default=None)


def current() -> Recorder | None:
    """Return the recorder of this context, for a thread that this one starts."""
    return _recorder.get()


@contextmanager
def recording(recorder: Recorder | None) -> Iterator[None]:
    """Let what this context asks be noted by `recorder`."""
    token = _recorder.set(recorder)
    try:
        yield
    finally:
        _recorder.reset(token)


def note(what: str, began: float, words: str = "") -> None:
    """Take note of a step that began at a moment of the monotonic clock, and has just ended."""
    if recorder := _recorder.get():
        recorder.add([Step(what, began, time.monotonic() - began, words)])


def take_over(recorder: Recorder) -> None:
    """Add what another recorder has noted to that of this context."""
    if mine := _recorder.get():
        mine.add(recorder.moments)
