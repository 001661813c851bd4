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
    """Scrub every log record as it is made, and every line as it is formatted; return what ends that.

    This holds for every logger and every handler: one that looks at a record itself sees no secret, and what a
    formatter adds is scrubbed too.
    """
    make, add_extra, format_line = logging.getLogRecordFactory(), logging.Logger.makeRecord, logging.Handler.format

    def make_clean(*args: Any, **named: Any) -> logging.LogRecord:
        record = make(*args, **named)
        _clean_message(record, redactor)
        if record.exc_info and record.exc_info[0] is not None:
            # Formatters use this text where it is there, and do not format the exception again.
            record.exc_text = redactor.scrub(logging.Formatter().formatException(record.exc_info))
        if record.stack_info:
            record.stack_info = redactor.scrub(record.stack_info)
        return record

    def make_with_extra(logger: logging.Logger, *args: Any, **named: Any) -> logging.LogRecord:
        record = add_extra(logger, *args, **named)
        for name, value in vars(record).items():
            if isinstance(value, str):
                setattr(record, name, redactor.scrub(value))
        return record

    def format_clean(handler: logging.Handler, record: logging.LogRecord) -> str:
        return redactor.scrub(format_line(handler, record))

    def restore() -> None:
        logging.setLogRecordFactory(make)
        _put(add_extra, format_line)

    logging.setLogRecordFactory(make_clean)
    _put(make_with_extra, format_clean)
    return restore


def _put(make_record: Any, format_line: Any) -> None:
    logging.Logger.makeRecord = make_record  # type: ignore[method-assign]  # every logger, also one that is there already
    logging.Handler.format = format_line  # type: ignore[method-assign]  # every handler, likewise


def _clean_message(record: logging.LogRecord, redactor: Redactor) -> None:
    try:
        message = record.getMessage()
    except Exception:  # noqa: BLE001 - arguments that do not fit: logging would print them itself
        record.msg, record.args = redactor.scrub(f"{record.msg} {record.args}"), None
        return
    if (clean := redactor.scrub(message)) != message:
        record.msg, record.args = clean, None


def setup_logging(level: int | str = logging.INFO, redactor: Redactor | None = None) -> None:
    """Log to standard error from `level` up; the only place that configures logging.

    Like `logging.basicConfig`, it leaves a root logger alone that other code has set up.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(_RedactingFormatter(redactor or Redactor()))
    logging.basicConfig(level=level, handlers=[handler])


class _Listener(logging.Handler):
    def __init__(self, hear: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._hear = hear

    def emit(self, record: logging.LogRecord) -> None:
        self._hear(" ".join(record.getMessage().split()))


def listen(name: str, hear: Callable[[str], None]) -> None:
    """Hand each warning of the logger `name` to `hear`, a line each, and to no other handler."""
    logger = logging.getLogger(name)
    logger.propagate = False
    logger.addHandler(_Listener(hear))
