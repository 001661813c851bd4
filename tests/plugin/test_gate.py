"""What a gate measures while it runs: each name once, with limits that hold something back."""

import math
from pathlib import Path
from typing import Any

import pytest

from release_sentinel.checks.result import CRIT, OK, UNKNOWN, CheckResult
from release_sentinel.measures import Measure
from release_sentinel.plugin.gate import Gate, Record
from release_sentinel.vocabulary import Stage
from tests.conftest import Sentinel


@pytest.fixture
def record() -> Record:
    """A gate that runs."""
    made = Record("own", Stage.CRITICAL, "own.py::test_own", Path("/own.py"), "test_own", built_in=False, judging=True)
    made.begin()
    made.judging = True
    return made


@pytest.fixture
def gate(record: Record) -> Gate:
    """Its fixture."""
    return Gate(record, lambda _: None)


@pytest.mark.parametrize(("first", "last"), [(50, 1), (1, 50), (1, 1)])
def test_a_name_is_measured_once(gate: Gate, record: Record, first: float, last: float) -> None:
    """Only one of the two could be compared, so the gate fails, also where its exception is swallowed."""
    gate.measure("latency", first, "ms")
    with pytest.raises(pytest.fail.Exception, match="it measures latency more than once"):
        gate.measure("latency", last, "ms")
    assert (record.worst.status, record.failed, record.measures) == (UNKNOWN, True, ())
    assert "put what differs into the name" in record.worst.remedy


def test_each_number_has_a_name(gate: Gate, record: Record) -> None:
    """Two names are two measures; a run of the gate that is repeated measures anew."""
    gate.measure("latency a", 1, "ms")
    gate.measure("latency b", 50, "ms")
    assert [one.value for one in record.measures] == [1, 50]
    record.begin()
    gate.measure("latency a", 2, "ms")
    assert ([one.value for one in record.measures], record.failed) == ([2], False)


def test_checks_of_one_gate_that_share_a_name_are_judged_and_not_compared(gate: Gate, record: Record) -> None:
    """`check_disk` of two paths in one gate: no number of that name is the gate's."""
    for value in (50, 1):
        gate.require(CheckResult(OK, "fine", measures=(Measure("used", value, "%"), Measure(f"at {value}", value))))
    assert (record.failed, [one.name for one in record.measures]) == (False, ["at 50", "at 1"])


@pytest.mark.parametrize("limit", [math.nan, math.inf, -math.inf])
def test_a_limit_that_is_not_finite_breaks_the_gate(gate: Gate, limit: float) -> None:
    """The verdict file has no word for it."""
    with pytest.raises(ValueError, match="expected a finite number or none"):
        gate.measure("latency", 1, crit=limit)


@pytest.mark.parametrize("wrong", [True, "5", None])
def test_what_is_measured_is_a_number(gate: Gate, wrong: Any) -> None:
    """Nor is a limit anything else."""
    with pytest.raises(TypeError, match="takes numbers, not"):
        gate.measure("latency", wrong)
    if wrong is not None:
        with pytest.raises(TypeError, match="takes numbers, not"):
            gate.measure("latency", 1, warn=wrong)


def test_a_value_that_is_not_finite_fails(gate: Gate, record: Record) -> None:
    """It is judged, and a limit beside it is fine."""
    with pytest.raises(pytest.fail.Exception):
        gate.measure("latency", math.inf, crit=5)
    assert record.worst.status is CRIT


def test_the_verdict_file_of_such_a_gate_can_be_read(sentinel: Sentinel) -> None:
    """The gate broke: CRITICAL in a file that is JSON."""
    sentinel.gate(
        """
        @pytest.mark.critical
        def test_own(gate):
            gate.measure("latency", 1, crit=float("inf"))
        """
    )
    done = sentinel.pytest()
    assert (done.code, done.verdict["verdict"]) == (2, "CRITICAL"), done.out
    assert "crit of measure latency is inf, expected a finite number or none" in done.out
