"""Logging, set up once and in one style; what is written is scrubbed of secrets."""

import logging

from release_sentinel.redaction import Redactor

_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


class _RedactingFormatter(logging.Formatter):
    """Scrubs the finished line, so that arguments and tracebacks are covered too."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__(_FORMAT)
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        return self._redactor.scrub(super().format(record))


def setup_logging(level: int | str = logging.INFO, redactor: Redactor | None = None) -> None:
    """Log to standard error from `level` up; the only place that configures logging.

    Like `logging.basicConfig`, it leaves a root logger alone that somebody else has set up.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(_RedactingFormatter(redactor or Redactor()))
    logging.basicConfig(level=level, handlers=[handler])
