"""Logging, set up once and in one style; what is written is scrubbed of secrets."""

import logging
from collections.abc import Callable
from typing import Any

from release_sentinel.redaction import Redactor

_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


class _RedactingFormatter(logging.Formatter):
    """Scrubs the finished line, so that arguments and tracebacks are covered too."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__(_FORMAT)
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        return self._redactor.scrub(super().format(record))


def scrub_records(redactor: Redactor) -> Callable[[], None]:
    """Scrub every log record as it is made, whoever logs and whatever handles it; return what ends that."""
    make = logging.getLogRecordFactory()

    def make_clean(*args: Any, **named: Any) -> logging.LogRecord:
        record = make(*args, **named)
        message = record.getMessage()
        if (clean := redactor.scrub(message)) != message:
            record.msg, record.args = clean, None
        if record.exc_info and record.exc_info[0] is not None:
            # Formatters use this text where it is there, and do not format the exception again.
            record.exc_text = redactor.scrub(logging.Formatter().formatException(record.exc_info))
        return record

    logging.setLogRecordFactory(make_clean)
    return lambda: logging.setLogRecordFactory(make)


def setup_logging(level: int | str = logging.INFO, redactor: Redactor | None = None) -> None:
    """Log to standard error from `level` up; the only place that configures logging.

    Like `logging.basicConfig`, it leaves a root logger alone that somebody else has set up.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(_RedactingFormatter(redactor or Redactor()))
    logging.basicConfig(level=level, handlers=[handler])
