"""Reads the verdict files below a folder, one by one: of each, only what a history needs stays in memory."""

import errno
import gc
import hashlib
import math
import os
import re
from array import array
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from msgspec import Struct

from release_sentinel import regular
from release_sentinel.deliver.agreement import contradictions
from release_sentinel.history.folder import Skipped, paths, shown
from release_sentinel.lines import one_line
from release_sentinel.measures import full_name
from release_sentinel.reports import written
from release_sentinel.reports.written import (
    ForeignFileError,
    UnreadableVerdictError,
    WrittenGate,
    WrittenMeasure,
    WrittenVerdict,
)
from release_sentinel.sentences import sentence
from release_sentinel.verdict import may_end
from release_sentinel.vocabulary import BLOCKED, CRITICAL, INCOMPLETE, SAFE, UNFINISHED, Outcome, Stage
from release_sentinel.widths import cut

VERDICTS = (SAFE, CRITICAL, INCOMPLETE, BLOCKED)  # from best to worst, as `verdict.decide` has them
TORN, FOREIGN, REPEATED, FUTURE = "torn", "foreign", "repeated", "future"
RELEASE = "release"  # the mode whose verdicts count
_MODE = re.compile("[a-z][a-z-]*")
_QUOTED = 80  # columns of a quoted text in a reason


class GateSeen(Struct, frozen=True):
    """A gate of a run, and what became of it."""

    id: str
    kind: Stage
    outcome: Outcome


class Measured(Struct, frozen=True):
    """What a value was: its full name, its unit, and the limits that it was held against."""

    name: str
    unit: str
    warn: float | None
    crit: float | None


class Run(Struct, frozen=True):
    """One verdict. `values` has a number for each of `measured`, NaN where the file has none."""

    file: str
    ended: datetime  # in UTC
    env: str
    version: str
    commit: str
    mode: str
    verdict: str  # without its mode
    unfinished: bool
    gates: tuple[GateSeen, ...]
    measured: tuple[Measured, ...]
    values: "array[float]"


class Kept(Struct, frozen=True):
    """What a folder holds: how many files, the verdicts by time, and what does not count by name."""

    files: int
    runs: tuple[Run, ...]
    skipped: tuple[Skipped, ...]
    folders: tuple[Skipped, ...]  # that could not be listed, or are links, which are not followed


def read(folder: Path, now: datetime, clean: Callable[[str], str]) -> Kept:
    """Return what is kept below a folder in files named `*.json`; raises `OSError` where the folder cannot be listed.

    No file blocks or ends the reading. `clean` scrubs every text of a file, and every name, here, once, and before
    anything shortens it: a secret that was cut would no longer be recognised.
    """
    os.scandir(folder).close()
    reader = _Reader(now, clean)
    folders: list[Skipped] = []
    collects = gc.isenabled()
    gc.disable()  # the many small records have no cycles: the search for them would take a tenth of the time
    try:
        for path in paths(folder, folders, clean):
            reader.read(Path(path), shown(path, folder, clean))
    finally:
        if collects:
            gc.enable()
    runs = sorted(reader.runs, key=lambda run: (run.ended, run.file))
    return Kept(reader.files, tuple(runs), tuple(reader.skipped), tuple(folders))


class _Reader:
    """Reads files, and holds texts and records that are the same in many runs once."""

    def __init__(self, now: datetime, clean: Callable[[str], str]) -> None:
        self.files = 0
        self.runs: list[Run] = []
        self.skipped: list[Skipped] = []
        self._latest = now + written.CLOCK_SKEW
        self._clean = clean
        self._held: dict[Any, Any] = {}
        self._files: dict[bytes, str] = {}  # of the verdicts, by the digest of their content

    def read(self, path: Path, name: str) -> None:
        """Read one file."""
        self.files += 1
        try:
            content = regular.read(path, written.MOST)
            digest = hashlib.blake2b(content, digest_size=16).digest()
            if (first := self._files.get(digest)) is not None:
                self._skip(name, REPEATED, f"is the same as {first}")
                return
            run = self._run(name, written.record(content))
        except OSError as error:
            self._skip(name, TORN if error.errno == errno.EFBIG else FOREIGN, f"cannot be read: {sentence(error)}")
        except UnreadableVerdictError as error:
            self._skip(name, FOREIGN if isinstance(error, ForeignFileError) else TORN, str(error))
        else:
            self._files[digest] = name
            if run.ended > self._latest:
                self._skip(name, FUTURE, f"ends in the future ({run.ended:%Y-%m-%d %H:%M} UTC): a clock was wrong")
            else:
                self.runs.append(run)

    def _skip(self, name: str, kind: str, why: str) -> None:
        self.skipped.append(Skipped(name, kind, one_line(self._clean(why))))

    def _run(self, name: str, verdict: WrittenVerdict) -> Run:
        word = verdict.verdict.rpartition(" ")[2]
        if word not in VERDICTS:
            expected = ", ".join(VERDICTS)
            raise UnreadableVerdictError(f"has the verdict {self._quoted(verdict.verdict)}, expected one of {expected}")
        try:
            ended = written.moment(verdict.ended)
        except ValueError:
            raise UnreadableVerdictError(f"does not say when it ended: {self._quoted(verdict.ended)}") from None
        mode = "partial" if verdict.partial else "preview" if verdict.preview else verdict.mode
        if wrong := self._wrong(verdict, mode, word, ended):
            raise UnreadableVerdictError(wrong)
        return Run(
            name,
            ended,
            self._text(verdict.env),
            self._text(verdict.version),
            self._text(verdict.commit),
            self._text(mode),
            VERDICTS[VERDICTS.index(word)],
            any(problem.startswith(UNFINISHED) for problem in verdict.problems),
            tuple([self._gate(gate) for gate in verdict.gates]),
            tuple([self._measured(gate.id, one) for gate in verdict.gates for one in gate.measures]),
            array("d", [_number(one.value) for gate in verdict.gates for one in gate.measures]),
        )

    def _wrong(self, verdict: WrittenVerdict, mode: str, word: str, ended: datetime) -> str:
        """Return a contradiction in a verdict, or a blank: with its mode, its exit code, or under the rules of SAFE."""
        named = {word} if mode == RELEASE else {f"{mode.upper()} {word}"}
        if verdict.partial and verdict.preview:
            named.add(f"PARTIAL PREVIEW {word}")  # as versions before 0.2 wrote it
        if verdict.verdict not in named or verdict.mode not in {RELEASE, mode} or not _MODE.fullmatch(mode):
            return f"has the verdict {self._quoted(verdict.verdict)} with mode {self._quoted(mode)}"
        if word == SAFE:
            return next(contradictions(verdict, _judged(verdict, ended), watched=mode == "watch"), "")
        return "" if may_end(word, verdict.exit_code) else f"says {word} with exit code {verdict.exit_code}"

    def _quoted(self, text: str) -> str:
        return cut(repr(self._clean(text)), _QUOTED)

    def _gate(self, gate: WrittenGate) -> GateSeen:
        key = gate.id, id(gate.kind), id(gate.outcome)  # members of an enumeration: their own hash is slow
        if (held := self._held.get(key)) is None:
            held = self._held[key] = GateSeen(self._text(gate.id), gate.kind, gate.outcome)
        return cast("GateSeen", held)

    def _measured(self, gate: str, one: WrittenMeasure) -> Measured:
        key = (gate, one.name, one.unit, one.warn, one.crit)
        if (held := self._held.get(key)) is None:
            held = self._held[key] = Measured(
                self._text(full_name(gate, one.name)), self._text(one.unit), one.warn, one.crit
            )
        return cast("Measured", held)

    def _text(self, text: str) -> str:
        if (held := self._held.get(text)) is None:
            held = self._held[text] = one_line(self._clean(text))
        return cast("str", held)


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _judged(verdict: WrittenVerdict, ended: datetime) -> datetime:
    """Return when waivers had to hold, which is the start: one may have expired before the run ended."""
    with suppress(ValueError):
        return min(ended, written.moment(verdict.started))
    return ended
