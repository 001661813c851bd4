"""How the cost of scrubbing grows: with the length of the text, and with the number of secrets."""

import timeit

from release_sentinel.redaction import Redactor
from tests.benchmarks import Row

NAME = "redaction"
SIZE = 10_000_000  # characters of the longer log


def measure() -> list[Row]:
    """Scrub a log of `SIZE` characters, and compare."""
    many, few = _redactor(50), _redactor(5)
    long, short = _log(SIZE), _log(SIZE // 10)
    whole = _seconds(many, long)
    return [
        Row(f"{SIZE:,} characters vs a tenth, 50 secrets", whole / _seconds(many, short), 12, f"{whole:.2f} s"),
        Row("50 secrets vs 5, on the same log", whole / _seconds(few, long), 2),
        Row("50 secrets vs one look for a letter", whole / _look(long), 500, "`str.count`"),
    ]


def _redactor(secrets: int) -> Redactor:
    return Redactor(*(f"{number:03}-s3cr3t/Tok+en&value-{number * 7919:x}" for number in range(secrets)))


def _log(size: int) -> str:
    """Return an ordinary log that shows a secret once in a while."""
    line = "2026-01-01 12:00:00,000 DEBUG urllib3.connectionpool https://api.example.com:443 GET /health?page=%d 200\n"
    leak = "Authorization: Bearer 003-s3cr3t/Tok+en&value-5cd5\n"
    lines = "".join((leak if number % 1000 == 999 else line % number) for number in range(size // len(line)))
    return lines.ljust(size)


def _look(text: str) -> float:
    return min(timeit.repeat(lambda: text.count("~"), number=1, repeat=3))


def _seconds(redactor: Redactor, text: str) -> float:
    """Return the shortest of three tries: what disturbs a measurement only makes it longer."""
    redactor.scrub("")  # what is prepared once
    return min(timeit.repeat(lambda: redactor.scrub(text), number=1, repeat=3))
