"""The critical stage in rounds, by real runs: services that flap on a script, seconds apart, and what comes of it."""

import json
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from release_sentinel.plugin import folders
from release_sentinel.testing import Answer, Dependency
from release_sentinel.vocabulary import Outcome
from tests.conftest import CLI, PYTEST, RELEASE, Run, Sentinel, run


@pytest.fixture
def service() -> Iterator[Dependency]:
    """A service on loopback."""
    with Dependency() as dependency:
        yield dependency


WAYS = ("release-sentinel", "pytest")


def start(sentinel: Sentinel, service: Dependency, way: str, *options: str, **env: Any) -> Run:
    """Run the gate with the service as its dependency, asked once a round."""
    command = sentinel if way == "release-sentinel" else sentinel.pytest
    return command("--gate-interval=0.1s", *options, RS_API_URL=service.url, RS_API_TRIES="1", **env)


@pytest.mark.parametrize("way", WAYS)
def test_it_waits_until_all_is_healthy(sentinel: Sentinel, service: Dependency, way: str) -> None:
    """SAFE by the first healthy round; each gate counts once, and the verdict says what it took."""
    service.answer(*map(Answer, [404, 404, 200]))
    done = start(sentinel, service, way, "--gate-wait=60s")
    assert done.code == 0, done.out
    rounds = done.verdict["rounds"]
    assert (rounds["count"], rounds["failures"], rounds["why"]) == (3, {"api": 2}, "")
    assert len(service.requests) == 3
    assert [(one["rounds"], one["failed"], one["holding"]) for one in rounds["phases"]] == [
        (2, ["api"], False),
        (1, [], False),
    ]
    assert done.junit.count('name="api"') == 1
    assert "11 gates: 11 passed" in done.out
    assert "3 rounds: healthy after" in done.out
    assert "not healthy: api" in done.out


def test_a_gate_that_is_advised_is_counted(sentinel: Sentinel, service: Dependency) -> None:
    """Each round in which it fails is healthy."""
    sentinel.repo.commit("release-sentinel.toml", "advise = { api = 9000-01-01 }\n")
    sentinel.repo.git("push", "--quiet", "origin", "main")
    service.answer(*map(Answer, [404]))
    done = start(sentinel, service, "release-sentinel", "--gate-hold=0.1s")
    assert done.code == 0, done.out
    rounds = done.verdict["rounds"]
    assert rounds["failures"] == {"api": rounds["count"]}
    assert [(one["failed"], one["holding"]) for one in rounds["phases"]][-1] == (["api"], True)


def test_never_healthy(sentinel: Sentinel, service: Dependency) -> None:
    """CRITICAL after the last round, which is at the end of the time, also where the interval is longer."""
    service.answer(*map(Answer, [404]))
    done = sentinel("--gate-wait=0.3s", "--gate-interval=60s", RS_API_URL=service.url, RS_API_TRIES="1")
    assert done.code == 2
    assert done.verdict["rounds"]["count"] == 2
    assert "not healthy within 0.3 s, 2 rounds" in done.out


@pytest.mark.parametrize("way", WAYS)
def test_it_has_to_stay_healthy(sentinel: Sentinel, service: Dependency, way: str) -> None:
    """A failure in the hold ends it at once, and there is no way back."""
    service.answer(*map(Answer, [200, 200, 404, 200]))
    done = start(sentinel, service, way, "--gate-hold=60s")
    assert done.code == 2
    assert done.verdict["rounds"]["count"] == 3
    assert "not healthy any more" in done.verdict["rounds"]["why"]
    assert [gate["id"] for gate in done.verdict["gates"] if gate["outcome"] == Outcome.FAILED] == ["api"]


def test_a_hold_without_a_wait_needs_a_healthy_first_round(sentinel: Sentinel, service: Dependency) -> None:
    """Nothing waits for it."""
    service.answer(*map(Answer, [404, 200]))
    done = start(sentinel, service, "release-sentinel", "--gate-hold=60s")
    assert (done.code, len(service.requests)) == (2, 1)


def test_a_failing_policy_has_no_rounds(sentinel: Sentinel, service: Dependency) -> None:
    """It is judged once, and the critical stage not at all."""
    sentinel.repo.write("notes.txt")
    done = start(sentinel, service, "release-sentinel", "--gate-wait=60s")
    assert (done.code, len(service.requests), done.verdict["rounds"]) == (1, 0, None)


@pytest.mark.parametrize("way", WAYS)
def test_gates_of_one_s_own_run_again_with_fresh_fixtures(sentinel: Sentinel, service: Dependency, way: str) -> None:
    """Of any scope; policy gates run once; a measure of each round's own is in the verdict."""
    sentinel.gate(
        """
        import itertools
        RUNS = {"policy": 0, "critical": 0, "session": 0}

        @pytest.fixture(scope="session")
        def once():
            RUNS["session"] += 1

        @pytest.mark.policy
        def test_own_policy():
            RUNS["policy"] += 1
            assert RUNS["policy"] == 1

        @pytest.mark.critical
        def test_own(gate, once):
            RUNS["critical"] += 1
            assert RUNS["session"] == RUNS["critical"]
            gate.measure("rounds", RUNS["critical"], "rounds", warn=100, crit=200)
        """
    )
    service.answer(*map(Answer, [404, 404, 200]))
    done = start(sentinel, service, way, "--gate-wait=60s")
    assert done.code == 0, done.out
    (own,) = [gate for gate in done.verdict["gates"] if gate["id"] == "own"]
    assert own["measures"] == [{"name": "rounds", "value": 3.0, "unit": "rounds", "warn": 100, "crit": 200}]
    assert own["outcome"] == Outcome.PASSED  # and not one that passed only on its third run


SUBTESTS = """
@pytest.mark.critical
def test_sub(subtests):
    RUNS["sub"] += 1
    with subtests.test("a"):
        assert RUNS["sub"] > 1
"""


def test_what_a_round_leaves_outside_of_its_gates_counts_in_that_round(sentinel: Sentinel, service: Dependency) -> None:
    """Subtests, and fixtures that live longer than one gate: the wait goes on, and ends well."""
    sentinel.gate(
        """
        import collections, unittest
        RUNS = collections.Counter()

        @pytest.fixture(scope="session")
        def once():
            yield
            RUNS["once"] += 1
            assert RUNS["once"] > 2

        @pytest.mark.critical
        class TestUnit(unittest.TestCase):
            def test_parts(self):
                RUNS["unit"] += 1
                for one in "ab":
                    with self.subTest(one):
                        assert RUNS["unit"] > 1 or one == "a"

        @pytest.mark.critical
        def test_own(once):
            assert RUNS
        """
        + (SUBTESTS.replace("\n", "\n        ") if pytest.version_tuple >= (9, 0) else "")
    )
    done = start(sentinel, service, "pytest", "--gate-wait=60s")
    assert done.code == 0, done.out
    rounds = done.verdict["rounds"]
    assert (rounds["count"], rounds["why"], done.verdict["problems"]) == (3, "", [])
    assert max(rounds["failures"].values()) == 2
    assert [gate["outcome"] for gate in done.verdict["gates"] if gate["outcome"] != Outcome.PASSED] == []


def test_a_clean_up_that_fails_in_the_hold_ends_it(sentinel: Sentinel, service: Dependency) -> None:
    """As a failing gate does, also where the last gate is one that is left out."""
    sentinel.repo.commit("release-sentinel.toml", COMPARE)
    sentinel.gate(
        """
        RUNS = []

        @pytest.fixture(scope="session")
        def once():
            RUNS.append(1)
            yield
            assert len(RUNS) < 2

        @pytest.mark.critical
        def test_own(gate, once):
            gate.measure("queue", 1)
        """
    )
    done = start(sentinel, service, "release-sentinel", "--gate-hold=60s")
    assert done.code == 2, done.out
    assert (done.verdict["rounds"]["count"], done.verdict["problems"]) == (2, [])
    assert "to clean up after the last gate failed: AssertionError" in done.out


def test_critical_gates_that_are_chosen_alone(sentinel: Sentinel, service: Dependency) -> None:
    """There is no policy stage before the rounds: the run is not whole, and says so."""
    sentinel.gate(
        """
        @pytest.mark.critical
        def test_own():
            assert pytest
        """
    )
    done = start(sentinel, service, "pytest", "--gate-hold=0.1s", "-k", "own")
    assert (done.code, done.verdict["verdict"]) == (1, "INCOMPLETE"), done.out
    assert done.verdict["rounds"]["count"] > 1
    assert "INTERNALERROR" not in done.out


@pytest.mark.parametrize("option", ["-x", "--maxfail=1"])
def test_what_ends_a_stage_early_is_refused(sentinel: Sentinel, option: str) -> None:
    """A round has to be whole."""
    done = sentinel("--gate-wait=60s", option)
    assert (done.code, "leave them out" in done.out) == (1, True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("way", WAYS)
def test_an_interrupt_between_two_rounds(sentinel: Sentinel, service: Dependency, way: str, number: int) -> None:
    """The reports say what was known."""
    service.answer(*map(Answer, [404]))
    command = CLI if way == "release-sentinel" else (*PYTEST, str(folders.built_in()))
    verdict = sentinel.reports / "verdict.json"
    words = [*command, *RELEASE, "--gate-wait=300s", "--gate-interval=60s", f"--gate-verdict={verdict}"]
    environ = {**sentinel.settings, "RS_API_URL": service.url, "RS_API_TRIES": "1"}
    with subprocess.Popen(words, cwd=sentinel.repo.path, env=environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        while "not healthy: api" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(number)
        process.communicate(timeout=60)
    assert process.returncode == 128 + number
    told = json.loads(verdict.read_text(encoding="utf-8"))
    assert told["verdict"] == "INCOMPLETE"
    assert told["rounds"]["why"] == "interrupted after 1 round"
    assert [gate["id"] for gate in told["gates"] if gate["outcome"] == Outcome.FAILED] == ["api"]


def test_a_killed_parent_takes_its_child_along(sentinel: Sentinel, service: Dependency) -> None:
    """Within a moment, not at the end of its hours; the report says INCOMPLETE."""
    verdict = sentinel.reports / "verdict.json"
    words = [*CLI, *RELEASE, "--gate-hold=300s", "--gate-interval=100s", f"--gate-verdict={verdict}"]
    environ = {**sentinel.settings, "RS_API_URL": service.url}
    with subprocess.Popen(words, cwd=sentinel.repo.path, env=environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        while "round 1: healthy" not in process.stdout.readline():
            assert process.poll() is None
        process.kill()
        process.stdout.read()  # to its end: the child has it, too
    assert json.loads(verdict.read_text(encoding="utf-8"))["verdict"] == "INCOMPLETE"


def test_a_watch_judges_critical_gates_alone(sentinel: Sentinel, service: Dependency) -> None:
    """The tree is dirty and the tag is there: it says WATCH, which no deploy step takes for SAFE."""
    sentinel.repo.write("notes.txt")
    verdict = sentinel.reports / "verdict.json"
    words = ("watch", *RELEASE, "--for=0.3s", "--interval=0.1s", f"--gate-verdict={verdict}")
    environ = {**sentinel.settings, "RS_API_URL": service.url}
    done = run(*CLI, *words, cwd=sentinel.repo.path, env=environ)
    assert done.code == 0, done.out
    assert "WATCH SAFE (exit 0): v1.0.0 is healthy on prod" in done.out
    told = json.loads(verdict.read_text(encoding="utf-8"))
    assert (told["verdict"], told["mode"]) == ("WATCH SAFE", "watch")
    assert {gate["kind"] for gate in told["gates"] if gate["outcome"] != Outcome.NOT_EVALUATED} == {"critical"}
    check = ("verify", str(verdict), *RELEASE)
    assert run(*CLI, *check, cwd=sentinel.repo.path, env=environ).code == 1
    watched = run(*CLI, *check, "--watched", cwd=sentinel.repo.path, env=environ)
    assert (watched.code, watched.out) == (0, f"WATCH SAFE: v1.0.0 is healthy on prod, says {verdict}\n")
    assert sentinel().code == 1
    assert run(*CLI, *check, "--watched", cwd=sentinel.repo.path, env=environ).code == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--for=x",), "argument --for: 'x' is not a duration"),
        (("--for=none",), "'none' is not a time"),
        (("--env=mars", "--for=1s"), "--env is 'mars', expected one of dev, stage, prod"),
        (("--for=1s", "--gate-tag"), "--gate-tag and --gate-watch"),
        (("--for=1s", "--gate-hold=none"), "`watch` sets --gate-hold itself, from --for: leave it out"),
        (("--for=1s", "--gate-hold", "none"), "`watch` sets --gate-hold itself"),
        (("--for=1s", "--gate-wait=1h"), "`watch` sets --gate-wait itself"),
        (("--for=1s", "--gate-interval=1h"), "`watch` sets --gate-interval itself"),
        (("--for=1s", "--gate-baseline=x.json"), "`watch` sets --gate-baseline itself"),
        (("--for=1s", "--gate-watch"), "`watch` sets --gate-watch itself"),
        (("--for=1s", "--for=2s"), "--for is given twice"),
        (("--for=1s", "--wait=1s", "--wait=none"), "--wait is given twice"),
        ((), "required: --for"),
    ],
)
def test_a_watch_that_is_wrong(sentinel: Sentinel, words: tuple[str, ...], said: str) -> None:
    """Exit 1: the command is wrong."""
    release = [word for word in RELEASE if not (word in {"--env", "prod"} and any("--env" in one for one in words))]
    done = run(*CLI, "watch", *release, *words, cwd=sentinel.repo.path, env=sentinel.settings)
    assert done.code == 1, done.out
    assert said in done.out


@pytest.mark.parametrize("way", WAYS)
def test_a_watch_holds(sentinel: Sentinel, service: Dependency, way: str) -> None:
    """By the option, the policy or the variable; without any of them it would be a look at one moment."""
    done = start(sentinel, service, way, "--gate-watch", "--gate-hold=none", RS_HOLD="1h")
    assert (done.code, done.verdict["verdict"]) == (1, "WATCH INCOMPLETE"), done.out
    assert "--gate-watch has no time for which the deployment has to stay healthy" in done.out
    assert service.requests == []


def test_a_watch_that_fails(sentinel: Sentinel, service: Dependency) -> None:
    """Exit 2: roll back."""
    service.answer(*map(Answer, [200, 404]))
    words = ("watch", *RELEASE, "--for=60s", "--interval=0.1s")
    environ = {**sentinel.settings, "RS_API_URL": service.url, "RS_API_TRIES": "1"}
    done = run(*CLI, *words, cwd=sentinel.repo.path, env=environ)
    assert done.code == 2
    assert "WATCH CRITICAL (exit 2): v1.0.0 is not healthy on prod" in done.out


COMPARE = """
[[compare]]
measure = "own.queue"
max_increase = "10%"
"""


def own(sentinel: Sentinel, value: float) -> None:
    """Let a gate measure a number."""
    sentinel.gate(
        f"""
        @pytest.mark.critical
        def test_own(gate):
            gate.measure("queue", {value}, "jobs", crit=1000)
        """
    )


@pytest.mark.parametrize(("value", "code"), [(110, 0), (110.1, 2), (0, 0)])
def test_what_is_measured_is_compared(sentinel: Sentinel, value: float, code: int) -> None:
    """A run without a baseline makes one; a later one is held against it, in every round."""
    sentinel.repo.commit("release-sentinel.toml", COMPARE)
    own(sentinel, 100)
    done = sentinel()
    assert done.code == 0, done.out
    assert "not evaluated, there is no --gate-baseline to compare with: compare[own.queue]" in done.out
    words = ("verify", str(sentinel.reports / "verdict.json"), *RELEASE)
    assert run(*CLI, *words, cwd=sentinel.repo.path, env=sentinel.settings).code == 0
    base = sentinel.repo.path / "kept" / "base.json"  # as a pipeline unpacks it: it is no change
    own(sentinel, value)
    base.parent.mkdir()
    (sentinel.reports / "verdict.json").rename(base)
    done = sentinel(f"--gate-baseline={base}")
    assert done.code == code, done.out
    if code:
        assert "own.queue is 110.1, was 100, expected an increase of at most 10%" in done.out


@pytest.mark.sweep
def test_a_baseline_that_cannot_be_compared_with(sentinel: Sentinel) -> None:
    """Not SAFE, or of another environment: exit 1, and no gate is run."""
    base = sentinel.reports / "base.json"
    sentinel.repo.commit("release-sentinel.toml", COMPARE)
    own(sentinel, 100)
    assert sentinel().code == 0
    good = json.loads((sentinel.reports / "verdict.json").read_text(encoding="utf-8"))
    for change, words in (
        ({"env": "dev"}, "is about dev, expected prod"),
        ({"verdict": "BLOCKED"}, "is not the file of a SAFE release: the verdict is BLOCKED, expected SAFE"),
    ):
        base.write_text(json.dumps({**good, **change}))
        done = sentinel(f"--gate-baseline={base}")
        assert (done.code, words in done.out) == (1, True), done.out


@pytest.mark.sweep
def test_rounds_leave_nothing_behind(sentinel: Sentinel) -> None:
    """No thread, file descriptor or memory of hundreds of rounds."""
    sentinel.gate(
        """
        import os, threading
        SEEN = []

        @pytest.mark.critical
        def test_own():
            SEEN.append((threading.active_count(), len(os.listdir("/proc/self/fd"))))
            early, late = SEEN[:5], SEEN[-5:]  # some end a moment later
            for what in (0, 1):
                assert min(one[what] for one in late) <= max(one[what] for one in early), SEEN
        """
    )
    done = sentinel("--gate-hold=3s", "--gate-interval=0.01s")
    assert done.code == 0, done.out
    assert done.verdict["rounds"]["count"] > 5
