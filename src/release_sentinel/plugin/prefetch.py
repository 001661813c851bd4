"""All remote targets are asked at once, when the critical stage begins; each gate waits for its own answer."""

import threading
from collections.abc import Callable, Iterable

from release_sentinel import timeline
from release_sentinel.checks.result import CheckResult
from release_sentinel.observe.bounded import Bounded

Question = Callable[[], CheckResult]


class Prefetch:
    """The questions of one run that were asked early, by the id of the gate that puts them."""

    def __init__(self) -> None:
        self._begun = False
        self._under_way: dict[str, tuple[Bounded[CheckResult], timeline.Recorder]] = {}

    def begin(self, questions: Callable[[], Iterable[tuple[str, Question]]], at_once: int) -> None:
        """Ask the questions, the first time that this is called; at most `at_once` of them at a time."""
        if self._begun:
            return
        self._begun = True
        slots = threading.BoundedSemaphore(at_once)

        def put(question: Question) -> tuple[Bounded[CheckResult], timeline.Recorder]:
            def call() -> CheckResult:
                with slots:
                    return question()

            recorder = timeline.Recorder()
            with timeline.recording(recorder):
                return Bounded(call), recorder

        self._under_way = {gate: put(question) for gate, question in questions()}

    def answer(self, gate: str, question: Question) -> CheckResult:
        """Return the answer to a gate's question: the one that was asked early, else a new one, as on a second run."""
        under_way = self._under_way.pop(gate, None)
        if under_way is None:
            return question()
        call, recorder = under_way
        answer = call.result(threading.TIMEOUT_MAX)
        timeline.take_over(recorder)
        return answer
