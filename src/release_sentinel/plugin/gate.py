"""What a gate says while it runs, and what that makes of it."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NoReturn

import pytest
from msgspec import Struct, field

from release_sentinel.checks.result import CRIT, OK, UNKNOWN, WARN, CheckResult
from release_sentinel.config.model import Waiver, end_of
from release_sentinel.lines import split
from release_sentinel.measures import Measure
from release_sentinel.plugin.deadline import DeadlinePassedError, GateTimeoutError
from release_sentinel.redaction import Secret
from release_sentinel.sentences import words_of
from release_sentinel.timeline import Recorder
from release_sentinel.verdict import GateResult
from release_sentinel.vocabulary import Stage

_SEVERITY = (OK, WARN, UNKNOWN, CRIT)


class Gate:
    """The `gate` fixture: `gate.require(result)` passes judgement on the release."""

    def __init__(self, record: "Record", hide: Callable[[str], None]) -> None:
        self._record = record
        self._hide = hide

    def secret(self, value: str) -> Secret:
        """Keep `value` out of all that is shown from now on; return it wrapped, `.reveal()` gives it back."""
        self._hide(value)
        return Secret(value)

    def require(self, result: CheckResult) -> None:
        """Fail this gate unless `result` passes. A failure counts even where its exception is swallowed."""
        __tracebackhide__ = True
        if not isinstance(result, CheckResult):
            raise TypeError(f"gate.require takes a CheckResult, not {result!r}")
        if result.status is WARN and self._record.strict:
            result = replace(result, status=CRIT, message=f"{result.message} (a warning, and --gate-strict)")
        (self._record.judged if self._record.judging else self._record.beside).append(result)
        if not result.status.passes:
            pytest.fail(result.message, pytrace=False)

    def measure(
        self, name: str, value: float, unit: str = "", *, warn: float | None = None, crit: float | None = None
    ) -> None:
        """Measure a number, and judge it: a limit that is reached is broken; where warn is above crit, less is worse.

        NaN and infinity fail, and are refused as limits. The number is in the verdict file, as `GATE.NAME`, and can be
        compared with a baseline: a gate measures each name once.
        """
        __tracebackhide__ = True
        for one in (value, *(limit for limit in (warn, crit) if limit is not None)):
            if isinstance(one, bool) or not isinstance(one, int | float):
                raise TypeError(f"gate.measure takes numbers, not {one!r}")
        measure = Measure(str(name), float(value), str(unit), warn, crit)
        if any(one.name == measure.name for one in self._record.measured):
            words = f"it measures {measure.name} more than once, expected a name of its own for each number"
            remedy = "put what differs into the name, or into gates of their own (pytest.mark.parametrize)"
            self.require(CheckResult(UNKNOWN, words, remedy, measures=(measure,)))
        limit = crit if measure.status is CRIT else warn
        bound = "above" if measure.less_is_worse else "below"
        words = f"{measure}" if measure.status is OK or limit is None else f"{measure}, expected {bound} {limit:g}"
        self.require(CheckResult(measure.status, words, measures=(measure,)))


def _words(error: BaseException) -> str:
    """Return what an exception says, in one line; of one in a thread or in `__del__`, the place and the exception."""
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(map(_words, error.exceptions))
    words = words_of(error)
    if isinstance(error, Warning) and (cause := error.__cause__):
        return f"{words}: {type(cause).__name__}: {_words(cause)}"
    return words


_EXPLAINED = 20  # lines of an assert


def _said(error: BaseException, scrub: Callable[[str], str]) -> tuple[str, tuple[str, ...]]:
    """Return what an assert says that failed, and the lines by which pytest explains it.

    It is scrubbed as a whole: of a secret of several lines, each alone may be too short to be known.
    """
    try:
        first, *more = split(scrub(str(error).strip())) or ["an assert failed"]
    except (Exception, SystemExit):  # noqa: BLE001 - of a gate's own class
        return words_of(error), ()
    cut = (f"… and {len(more) - _EXPLAINED} more lines",) if len(more) > _EXPLAINED else ()
    return first, (*more[:_EXPLAINED], *cut)


class Record(Struct):
    """Everything that one gate did in one run."""

    id: str
    stage: Stage
    nodeid: str
    path: Path  # of the source file
    function: str  # its name there: `TestDisk::test_space`
    built_in: bool
    pack: str = ""  # that the gate is of; blank: the repository's own, or built in
    strict: bool = False
    declared: frozenset[tuple[Path, str]] = frozenset()  # every place where its source may be: file, name there
    waiver: Waiver | None = None  # in force for this gate when it began
    advised: date | None = None  # the last day on which it is only advised, as long as that was so when it began
    judged: list[CheckResult] = field(default_factory=list)
    asserted: int = 0
    judging: bool = False  # the gate's own function runs, and what holds is its judgement
    raised: str = ""  # what its function raised when it ran last
    beside: list[CheckResult] = field(default_factory=list)  # what fixtures and set-up functions required
    asserted_beside: int = 0
    runs: int = 0
    seconds: float = 0.0
    not_evaluated: str = ""  # why
    spare: bool = False  # it is left out on purpose, and nothing is owed
    skipped: str = ""  # why
    failure: str = ""  # of a plain assert or pytest.fail
    broken: str = ""  # what ended it without a judgement
    hung: bool = False
    wordy: bool = False  # pytest shows all that it knows of an assert that failed (-vv)
    explained: tuple[str, ...] = ()
    traceback: str = ""
    finished: bool = False
    began: float = 0.0  # a moment of the monotonic clock
    recorder: Recorder = field(default_factory=Recorder)

    def begin(self) -> None:
        """Start over: plugins may run a gate again."""
        self.judged.clear()
        self.beside.clear()
        self.asserted = self.asserted_beside = 0
        self.judging, self.raised = False, ""
        self.runs += 1
        self.began = self.began or time.monotonic()
        self.not_evaluated = self.skipped = self.failure = self.broken = self.traceback = ""
        self.explained = ()
        self.finished = False

    def renew(self) -> None:
        """Forget an earlier round: what it said does not count in this one."""
        self.began = 0.0
        self.begin()
        self.runs, self.seconds, self.hung = 0, 0.0, False
        self.recorder.clear()

    def leave_out(self, why: str, *, spare: bool = False) -> NoReturn:
        """End the gate without a judgement; nothing is owed where it is `spare`."""
        self.not_evaluated, self.spare = why, spare
        pytest.skip(f"not evaluated: {why}")

    @contextmanager
    def judgement(self) -> Iterator[None]:
        """Take what holds meanwhile for the gate's own judgement, and remember what it raises."""
        self.judging, self.raised = True, ""
        try:
            yield
        except BaseException as error:
            self.raised = f"{type(error).__name__}: {_words(error)}"
            raise
        finally:
            self.judging = False

    def holds(self) -> None:
        """Count an assert that holds."""
        if self.judging:
            self.asserted += 1
        else:
            self.asserted_beside += 1

    def note(self, report: pytest.TestReport, error: BaseException | None, scrub: Callable[[str], str]) -> None:
        """Take note of one phase (setup, call, teardown) and of the exception that ended it, whose text is scrubbed."""
        self.seconds += report.duration
        self.finished = self.finished or report.when == "teardown"
        if hasattr(report, "wasxfail"):
            self.skipped = self.skipped or f"xfail {report.wasxfail}".strip()
        if self.not_evaluated or self.skipped:
            return
        if error is None:
            if report.when == "call" and self.raised and not self.failure:  # which a subtest of the gate may have set
                self.broken = self.broken or f"it failed, and a hook or plugin kept that from pytest: {self.raised}"
            return
        words = _words(error)
        where = "" if report.when == "call" else f" in its {report.when}"
        if isinstance(error, pytest.skip.Exception):
            self.skipped = words
        elif isinstance(error, DeadlinePassedError):
            self.broken = words
        elif isinstance(error, GateTimeoutError):
            self.hung = True
            self.broken = self.broken or f"the gate hung{where}: {words}"
        elif isinstance(error, (pytest.fail.Exception, AssertionError)) and report.when == "call":
            self._asserted(report, error, scrub)
        else:
            self.broken = self.broken or f"the gate broke{where}: {type(error).__name__}: {words}"
            self.traceback = str(report.longrepr)

    def spoil(self, words: str) -> None:
        """Let what failed after the gate count against it in this round, also where the gate itself was left out."""
        self.broken, self.not_evaluated, self.skipped, self.spare = self.broken or words, "", "", False
        self.advised = None  # what is advised is the gate

    def _asserted(self, report: pytest.TestReport, error: BaseException, scrub: Callable[[str], str]) -> None:
        """Take note of the judgement that the gate's own code passed by an exception."""
        explains = isinstance(error, AssertionError)
        if not self.failure:  # which a subtest of the gate may have set
            self.failure, self.explained = _said(error, scrub) if explains else (_words(error), ())
        self.traceback = str(report.longrepr) if self.wordy and explains else ""

    @property
    def judged_nothing(self) -> bool:
        """Whether the gate ended without any judgement, which proves nothing."""
        failed = self.failure or self.broken or not all(result.status.passes for result in self.beside)
        spoke = self.judged or self.asserted or failed or self.not_evaluated or self.skipped
        return self.finished and not spoke

    @property
    def judged_beside(self) -> bool:
        """Whether something else than the gate's own function passed judgement, such as a fixture."""
        return bool(self.beside or self.asserted_beside)

    @property
    def counts(self) -> bool:
        """Whether the gate has a result, good or bad."""
        return self.finished and not self.judged_nothing and (bool(self.not_evaluated) or not self.skipped)

    @property
    def failed(self) -> bool:
        """Whether the gate holds the release back."""
        return not self.worst.status.passes and not self.excused

    @property
    def excused(self) -> bool:
        """Whether a waiver excuses the gate's failure now, or it is only advised."""
        is_advised = self.advised is not None and datetime.now(UTC) < end_of(self.advised)
        return self.waived or (is_advised and not self.worst.status.passes)

    @property
    def waived(self) -> bool:
        """Whether a waiver excuses the gate's failure now. It excuses a judgement, and nothing that broke."""
        in_force = self.waiver is not None and datetime.now(UTC) < self.waiver.end
        return in_force and not self.broken and not self.worst.status.passes

    @property
    def worst(self) -> CheckResult:
        """The worst of what the gate said; a gate that broke could not judge."""
        said = [*self.judged, *self.beside]
        failed = not all(result.status.passes for result in said)
        if self.broken:
            remedy = "fix the gate: its traceback is above" if self.traceback else "see what the run waits for"
            said.append(CheckResult(UNKNOWN, self.broken, remedy))
        if self.failure and not failed:
            said.append(CheckResult(CRIT, self.failure, details=self.explained))
        if not said:
            said.append(
                CheckResult(OK, f"{self.asserted} {'assertion holds' if self.asserted == 1 else 'assertions hold'}")
            )
        worst = max(said, key=lambda result: _SEVERITY.index(result.status))
        if self.runs > 1 and worst.status.passes:
            message = f"passed only on run {self.runs}: {worst.message}"
            return CheckResult(CRIT if self.strict else WARN, message, "find out why it flaps")
        return worst

    @property
    def measured(self) -> list[Measure]:
        """Everything that the gate has measured."""
        return [one for result in (*self.beside, *self.judged) for one in result.measures]

    @property
    def measures(self) -> tuple[Measure, ...]:
        """What can be compared: of a name that several results of checks share, no number is the gate's."""
        names = Counter(one.name for one in self.measured)
        return tuple(one for one in self.measured if names[one.name] == 1)

    def result(self, start: float = 0.0) -> GateResult:
        """Return the gate's result, in a run that began at `start`, by the monotonic clock."""
        if self.not_evaluated:
            return GateResult(self.id, self.stage, None, self.not_evaluated, seconds=self.seconds, spare=self.spare)
        worst = self.worst
        return GateResult(
            id=self.id,
            stage=self.stage,
            status=worst.status,
            reason=worst.message,
            remedy=worst.remedy,
            details=worst.details,
            tries=worst.tries,
            seconds=self.seconds,
            traceback=self.traceback,
            waiver=self.waiver if self.waived else None,
            advised=self.advised if self.excused and not self.waived else None,
            measures=self.measures,
            began=max(0.0, self.began - start),
            steps=self.recorder.steps(start),
        )
