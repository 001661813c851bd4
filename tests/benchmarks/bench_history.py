"""What a history of many verdict files costs, as shares of what is acceptable: 3 s and 150 MiB for 10,000 files."""

import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from release_sentinel.measures import Measure
from release_sentinel.reports.files import verdict_json
from release_sentinel.vocabulary import Stage
from tests.benchmarks import Row
from tests.benchmarks.bench_run import _PEAK_OF
from tests.reports.samples import WHOLE

NAME = "history"
FILES, GATES = 10_000, 20
_SECONDS, _MIB = 3.0, 150
_FOLDER = 100  # files
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
_REASON = "what was seen, as long as most reasons are, with a number or two: 71.25 % of 85 %"


def measure(files: int = FILES, rounds: int = 3) -> list[Row]:
    """Write as many verdicts, and read them in each of the three forms."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "kept"
        size = sum(map(len, _written(folder, files)))
        page = str(Path(name) / "page.html")
        what = f"{files:,} files of {size // files >> 10} KiB"
        return [
            row
            for words, options in (("text", []), ("JSON", ["--json"]), ("page", ["--html", page]))
            for row in _rows(
                f"{what}, {words}", [sys.executable, "-m", "release_sentinel", "history", name, *options], rounds
            )
        ]


def _rows(what: str, command: list[str], rounds: int) -> Iterator[Row]:
    seconds = min(_seconds(command) for _ in range(rounds))
    told = subprocess.run([sys.executable, "-I", "-S", "-c", _PEAK_OF, *command], check=True, capture_output=True)
    peak = int(told.stdout) / 1024
    yield Row(f"{what}: CPU time / {_SECONDS:g} s", seconds / _SECONDS, 1.0, f"{seconds:.2f} s")
    yield Row(f"{what}: memory / {_MIB} MiB", peak / _MIB, 1.0, f"{peak:.0f} MiB")


def _seconds(command: list[str]) -> float:
    """Return the CPU time of a command: it waits for nothing else."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _written(folder: Path, files: int) -> Iterator[str]:
    """Write verdicts with 20 gates and 30 measures each, and yield their texts."""
    gates = tuple(
        replace(
            WHOLE.gates[number % len(WHOLE.gates)],
            id=f"disk[/srv/{number}]",
            stage=Stage.CRITICAL,
            reason=_REASON,
            measures=(Measure("used", 50.0 + number, "%", 75, 85), Measure("inodes", 3.25, "%", 75, 85))[: number % 3],
        )
        for number in range(GATES)
    )
    text = verdict_json(replace(WHOLE, gates=gates))
    made = json.loads(text)
    for number in range(files):
        ended = (_BEGAN + timedelta(minutes=30 * number)).isoformat(timespec="milliseconds")
        release = {"env": ("dev", "stage", "prod")[number % 3], "version": f"v1.{number // 9}.0", "ended": ended}
        (inner := folder / f"run-{number // _FOLDER}").mkdir(parents=True, exist_ok=True)
        written = json.dumps(made | release, indent=2)
        (inner / f"{number}-1.json").write_text(written, encoding="utf-8")
        yield written
