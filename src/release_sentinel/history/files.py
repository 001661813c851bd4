"""Reads the verdict files below a folder, one by one: of each, only what a history needs stays in memory."""

import errno
import hashlib
import math
import os
from array import array
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from msgspec import Struct

from release_sentinel import regular
from release_sentinel.lines import one_line
from release_sentinel.measures import full_name
from release_sentinel.reports import written
from release_sentinel.reports.written import ForeignFileError, UnreadableVerdictError, WrittenMeasure, WrittenVerdict
from release_sentinel.sentences import sentence
from release_sentinel.vocabulary import BLOCKED, CRITICAL, EXIT_SAFE, INCOMPLETE, SAFE, UNFINISHED, Outcome, Stage

VERDICTS = (SAFE, CRITICAL, INCOMPLETE, BLOCKED)  # from best to worst, as `verdict.decide` has them
TORN, FOREIGN, REPEATED, FUTURE = "torn", "foreign", "repeated", "future"
KINDS = (TORN, FOREIGN, REPEATED, FUTURE)
_ENDING = ".json"


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


class Skipped(Struct, frozen=True):
    """A file, or a folder, that does not count; `kind` is one of `KINDS`, for a folder `folder`."""

    file: str
    kind: str
    why: str


class Kept(Struct, frozen=True):
    """What a folder holds: a number of files, the verdicts among them in the order of time, and all others by name."""

    files: int
    runs: tuple[Run, ...]
    skipped: tuple[Skipped, ...]
    folders: tuple[Skipped, ...]  # that could not be listed, or are links, which are not followed


def read(folder: Path, now: datetime) -> Kept:
    """Return what is kept below a folder in files named `*.json`; raises `OSError` where it cannot be listed itself.

    No file is waited for, and none ends the reading.
    """
    os.scandir(folder).close()
    reader = _Reader(now)
    folders: list[Skipped] = []
    for path in _paths(folder, folders):
        reader.read(Path(path), _shown(path, folder))
    runs = sorted(reader.runs, key=lambda run: (run.ended, run.file))
    return Kept(reader.files, tuple(runs), tuple(reader.skipped), tuple(folders))


def _paths(folder: Path, folders: list[Skipped]) -> Iterator[str]:
    """Yield the files in the order of their names, those of a folder before its folders.

    What is not looked into is noted in `folders`.
    """

    def skip(path: str, why: str) -> None:
        folders.append(Skipped(_shown(path, folder), "folder", why))

    rest = [str(folder)]  # not by recursion: a folder may be deeper than Python's stack
    while rest:
        top = rest.pop()
        try:
            with os.scandir(top) as listed:
                entries = sorted(listed, key=lambda entry: entry.name)
        except OSError as error:
            skip(top, f"cannot be listed: {sentence(error)}")
            continue
        inner = []
        for entry in entries:
            if not _is_folder(entry):
                if entry.name.lower().endswith(_ENDING):
                    yield entry.path
            elif entry.is_symlink():
                skip(entry.path, "is a link to a folder, and not followed")
            else:
                inner.append(entry.path)
        rest += reversed(inner)


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle
        return False


def _shown(path: str, folder: Path) -> str:
    """Return a path below a folder as text that every encoding and terminal can show."""
    below = path[len(os.path.join(folder, "")) :]  # noqa: PTH118 - for ten thousand files, faster than pathlib
    return one_line(os.fsencode(below).decode("utf-8", "backslashreplace"))


class _Reader:
    """Files read so far. Texts and records that are the same in many runs are held once."""

    def __init__(self, now: datetime) -> None:
        self.files = 0
        self.runs: list[Run] = []
        self.skipped: list[Skipped] = []
        self._latest = now + written.CLOCK_SKEW
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
        self.skipped.append(Skipped(name, kind, one_line(why)))

    def _run(self, name: str, verdict: WrittenVerdict) -> Run:
        label, _, word = verdict.verdict.rpartition(" ")
        if word not in VERDICTS:
            raise UnreadableVerdictError(f"has the verdict {verdict.verdict!r}, expected one of {', '.join(VERDICTS)}")
        if (word == SAFE) != (verdict.exit_code == EXIT_SAFE):
            raise UnreadableVerdictError(f"says {word} with exit code {verdict.exit_code}")
        try:
            ended = written.moment(verdict.ended)
        except ValueError:
            raise UnreadableVerdictError(f"does not say when it ended: {verdict.ended!r}") from None
        return Run(
            name,
            ended,
            self._text(verdict.env),
            self._text(verdict.version),
            self._text(verdict.commit),
            self._text(_mode(verdict, label)),
            VERDICTS[VERDICTS.index(word)],
            any(problem.startswith(UNFINISHED) for problem in verdict.problems),
            tuple([self._gate(gate.id, gate.kind, gate.outcome) for gate in verdict.gates]),
            tuple([self._measured(gate.id, one) for gate in verdict.gates for one in gate.measures]),
            array("d", [_number(one.value) for gate in verdict.gates for one in gate.measures]),
        )

    def _gate(self, *seen: Any) -> GateSeen:
        if (held := self._held.get(seen)) is None:
            held = self._held[seen] = GateSeen(self._text(seen[0]), *seen[1:])
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
            held = self._held[text] = one_line(text)
        return cast("str", held)


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _mode(verdict: WrittenVerdict, label: str) -> str:
    """Return what was judged: `release` only where nothing in the file says otherwise; older files have no field."""
    told = (verdict.mode, "partial" * verdict.partial, "preview" * verdict.preview, label.lower())
    return next((mode for mode in told if mode not in {"", "release"}), "release")
