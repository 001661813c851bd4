"""How the cost of scrubbing grows: with the length of the text, and with the number of secrets."""

import base64
import os
import random
import subprocess
import sys
import timeit
import tracemalloc
from contextlib import redirect_stdout
from pathlib import Path
from time import process_time

from release_sentinel.redaction import Redactor
from release_sentinel.redaction.standard import scrub_standard_streams
from tests.benchmarks import Row

NAME = "redaction"
SIZE = 10_000_000  # characters of the longer log
MANY = 200  # long secrets


def measure() -> list[Row]:
    """Scrub a log of `SIZE` characters, and compare."""
    many, few = _redactor(50), _redactor(5)
    long, tenth = _log(SIZE), _log(SIZE // 10)
    whole, parts = _seconds(many, long), _seconds(many, *[tenth] * 10)
    return [
        Row(f"{SIZE:,} characters vs ten texts of a tenth, 50 secrets", whole / parts, 1.5, f"{whole:.2f} s"),
        Row("50 secrets vs 5, on the same log", whole / _seconds(few, long), 2),
        *_long_secrets(),
        Row("a run's own output, one secret, vs starting Python", _run() / _python(), 0.5, "preparation included"),
    ]


def _long_secrets() -> list[Row]:
    """Learn `MANY` secrets of 3 KiB one by one, and scrub a log of them."""
    source = random.Random(14)  # noqa: S311 - the same in every run
    secrets = [base64.b64encode(source.randbytes(2304)).decode() for _ in range(2 * MANY)]
    many, more, log = secrets[:MANY], secrets[MANY:], _log(SIZE)
    seconds = min(timeit.repeat(lambda: Redactor(*many).scrub(log), number=1, repeat=2, timer=process_time))
    steps = min(timeit.repeat(lambda: [one.upper() for one in log], number=1, repeat=2, timer=process_time))
    full = Redactor(*many)
    later = timeit.timeit(lambda: list(map(full.add, more)), number=1)
    first = timeit.timeit(lambda: Redactor(*more), number=1)
    tracemalloc.start()
    Redactor(*many).scrub(log[: SIZE // 10])
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return [
        Row(
            f"{MANY} secrets of 3 KiB and the log vs one step of Python a character",
            seconds / steps,
            3,
            f"{seconds:.2f} s",
        ),
        *_lines(many, seconds),
        Row(f"{MANY} secrets of 3 KiB after {MANY} others vs alone", later / first, 2),
        Row(f"{MANY} secrets of 3 KiB: memory vs 100 MiB", held / (100 << 20), 1, f"{held >> 20} MiB"),
    ]


def _lines(secrets: list[str], in_one_piece: float) -> list[Row]:
    """Print the log line by line, as a gate does under `-s`."""
    lines = _log(SIZE).splitlines()
    none, one, many = (_printed(lines, *some) for some in ((), secrets[:1], secrets))
    what = f"{len(lines):,} lines"
    return [
        Row(f"{what}, {MANY} secrets of 3 KiB, vs the log in one piece", many / in_one_piece, 2.5, f"{many:.2f} s"),
        Row(f"{what}, one secret vs none", one / none, 3, f"{none:.2f} s without"),
    ]


def _printed(lines: list[str], *secrets: str) -> float:
    with Path(os.devnull).open("w", encoding="utf-8") as file, redirect_stdout(file):
        restore = scrub_standard_streams(Redactor(*secrets))
        try:
            return timeit.timeit(lambda: [print(line) for line in lines], number=1, timer=process_time)
        finally:
            restore()


def _redactor(secrets: int) -> Redactor:
    return Redactor(*(f"{number:03}-s3cr3t/Tok+en&value-{number * 7919:x}" for number in range(secrets)))


def _log(size: int) -> str:
    """Return an ordinary log that shows a secret once in a while."""
    line = "2026-01-01 12:00:00,000 DEBUG urllib3.connectionpool https://api.example.com:443 GET /health?page=%d 200\n"
    leak = "Authorization: Bearer 003-s3cr3t/Tok+en&value-5cd5\n"
    lines = "".join((leak if number % 1000 == 999 else line % number) for number in range(size // len(line)))
    return lines.ljust(size)


def _run() -> float:
    """Return the seconds for what one run shows."""
    text = _log(20_000)
    return min(timeit.repeat(lambda: _redactor(1).scrub(text), number=1, repeat=3))


def _python() -> float:
    command = [sys.executable, "-I", "-c", ""]
    return min(timeit.repeat(lambda: subprocess.run(command, check=True), number=1, repeat=3))


def _seconds(redactor: Redactor, *texts: str) -> float:
    """Return the shortest of three tries: what disturbs a measurement only makes it longer."""
    redactor.scrub("")  # what is prepared once
    return min(timeit.repeat(lambda: [redactor.scrub(text) for text in texts], number=1, repeat=3))
