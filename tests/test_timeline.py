"""What was asked, when, and how long it took."""

import time

from release_sentinel.observe import tcp
from release_sentinel.observe.bounded import Bounded
from release_sentinel.timeline import Recorder, Step, note, recording, take_over
from tests.conftest import Sentinel


def test_steps_are_noted_in_the_order_in_which_they_began() -> None:
    """In seconds after the start of the run, also from the threads that the recording one starts."""
    recorder, start = Recorder(), time.monotonic()
    with recording(recorder):
        Bounded(lambda: Bounded(lambda: note("second", start + 2, "refused")).result(9)).result(9)
        note("first", start + 1)
    assert [(step.what, step.began, step.words) for step in recorder.steps(start)] == [
        ("first", 1.0, ""),
        ("second", 2.0, "refused"),
    ]


def test_without_a_recorder_nothing_is_noted() -> None:
    """Neither here, nor in a recorder that was in use before."""
    recorder = Recorder()
    with recording(recorder):
        pass
    note("late", 0.0)
    assert recorder.moments == ()


def test_what_was_asked_ahead_is_taken_over() -> None:
    """By the gate that gets the answer."""
    ahead, own = Recorder(), Recorder()
    with recording(ahead):
        note("ahead", 0.0)
    with recording(own):
        take_over(ahead)
    assert [step.what for step in own.moments] == ["ahead"]


def test_many_steps_are_counted() -> None:
    """The first fifty are kept; one step stands for the others, from the first of them to the end of the last."""
    recorder = Recorder()
    recorder.add(Step(f"step {number}", number, 0.5) for number in range(60))
    *kept, rest = recorder.steps(0.0)
    assert len(kept) == 50
    assert rest == Step("10 more", 50.0, 9.5)
    recorder.clear()
    assert recorder.steps(0.0) == ()


def test_each_try_is_a_step() -> None:
    """With what went wrong."""
    recorder = Recorder()
    with recording(recorder):
        tcp.connect("127.0.0.1", 1, timeout=1, tries=2, deadline=5)
    assert [(step.what, step.words) for step in recorder.moments] == [
        ("connect to 127.0.0.1:1", "Connection refused"),
        ("connect to 127.0.0.1:1", "Connection refused"),
    ]


def test_a_run_says_what_it_asked(sentinel: Sentinel) -> None:
    """What is asked for several gates stands beside them, a request with its gate, also where it was asked ahead."""
    verdict = sentinel().verdict
    assert {"git status", "git ls-remote"} <= {step["what"] for step in verdict["steps"]}
    (api,) = [gate for gate in verdict["gates"] if gate["id"] == "api"]
    (step,) = api["steps"]
    assert step["what"] == f"GET {sentinel.settings['RS_API_URL']}"
    assert 0 < step["began"] <= api["began"] + api["seconds"]
    began = [gate["began"] for gate in verdict["gates"]]
    assert began == sorted(began)
    assert began[0] > 0
