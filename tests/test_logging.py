"""Logging is set up once, in one style, and scrubbed of secrets."""

import ast
import io
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import release_sentinel
from release_sentinel.logging import listen, scrub_records, setup_logging
from release_sentinel.redaction import Redactor
from tests.conftest import SECRET

SOURCE = Path(release_sentinel.__file__).parent
CONFIGURES = {"basicConfig", "addHandler", "removeHandler", "setLevel", "dictConfig", "fileConfig", "logging.disable"}

logger = logging.getLogger("release_sentinel.checks.config")


@contextmanager
def fresh_root() -> Iterator[None]:
    """Give a test a root logger that no one has set up, and put pytest's back before pytest looks for it."""
    handlers, level = logging.root.handlers, logging.root.level
    logging.root.handlers = []
    try:
        yield
    finally:
        logging.root.handlers = handlers
        logging.root.setLevel(level)


@fresh_root()
def test_a_line_has_the_agreed_format(capsys: pytest.CaptureFixture[str]) -> None:
    """Time, level, logger and message, on standard error."""
    setup_logging()
    logger.info("Config OK: process=%s", "nginx")
    out, err = capsys.readouterr()

    assert out == ""
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO release_sentinel\.checks\.config Config OK: process=nginx\n", err
    )


@pytest.mark.parametrize("level", [logging.WARNING, "WARNING"], ids=["number", "name"])
@fresh_root()
def test_the_level_can_be_chosen(level: int | str, capsys: pytest.CaptureFixture[str]) -> None:
    """What lies below the level is not written."""
    setup_logging(level)
    logger.info("quiet")
    logger.warning("loud")

    assert capsys.readouterr().err.endswith(" WARNING release_sentinel.checks.config loud\n")


@fresh_root()
def test_information_is_logged_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a level, INFO is written and DEBUG is not."""
    setup_logging()
    logger.debug("quiet")
    logger.info("loud")

    assert "quiet" not in (err := capsys.readouterr().err)
    assert "loud" in err


@fresh_root()
def test_a_second_call_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """However often it is set up, a line is written once."""
    setup_logging()
    setup_logging()
    logger.info("once")

    assert capsys.readouterr().err.count("once") == 1


@fresh_root()
def test_a_root_logger_that_is_set_up_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever embeds us keeps their own handlers."""
    theirs = logging.NullHandler()
    logging.root.addHandler(theirs)
    setup_logging()
    logger.warning("theirs to write")

    assert logging.root.handlers == [theirs]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("message", "argument"),
    [(f"token is {SECRET}", None), ("token is %s", SECRET), ("settings are %s", {"token": SECRET})],
    ids=["message", "argument", "mapping"],
)
@fresh_root()
def test_a_line_is_scrubbed(message: str, argument: object, capsys: pytest.CaptureFixture[str]) -> None:
    """A secret in the message or its arguments is not written."""
    setup_logging(redactor=Redactor(SECRET))
    logger.warning(message, argument) if argument else logger.warning(message)
    err = capsys.readouterr().err

    assert SECRET not in err
    assert "***" in err


@fresh_root()
def test_an_exception_is_scrubbed(capsys: pytest.CaptureFixture[str]) -> None:
    """A secret in a traceback, also in that of its cause, is not written."""
    setup_logging(redactor=Redactor(SECRET))
    error = RuntimeError(f"bad {SECRET}")
    error.__cause__ = ValueError(SECRET)
    logger.error("failed", exc_info=error, stack_info=True)
    err = capsys.readouterr().err

    assert "RuntimeError: bad ***" in err
    assert "ValueError: ***" in err
    assert SECRET not in err


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What a handler of another person's has written while records are scrubbed."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s %(token)s", defaults={"token": ""}))
    theirs = logging.getLogger("theirs")
    theirs.addHandler(handler)
    theirs.propagate = False
    end = scrub_records(Redactor(SECRET))
    try:
        yield out
    finally:
        end()
        theirs.removeHandler(handler)


LOGGED: dict[str, Callable[[logging.Logger], None]] = {
    "message": lambda theirs: theirs.error(f"is {SECRET}"),
    "argument": lambda theirs: theirs.error("is %s", SECRET),
    "number of arguments": lambda theirs: theirs.error("is %s %s", SECRET),
    "kind of arguments": lambda theirs: theirs.error("is %d", SECRET),
    "object": lambda theirs: theirs.error([SECRET]),
    "extra": lambda theirs: theirs.error("is", extra={"token": SECRET}),
    "object in extra": lambda theirs: theirs.error("is", extra={"token": [SECRET]}),
    "exception": lambda theirs: theirs.error("is", exc_info=ValueError(SECRET)),
    "stack": lambda theirs: theirs.error("is", stack_info=True),
    "name": lambda theirs: theirs.getChild(SECRET).error("is %s", SECRET),
}


@pytest.mark.parametrize("log", LOGGED.values(), ids=LOGGED)
def test_every_log_record_is_scrubbed(lines: io.StringIO, log: Callable[[logging.Logger], None]) -> None:
    """Loggers, handlers and formatters of others, too; and arguments that do not fit end no gate."""
    log(logging.getLogger("theirs"))

    assert lines.getvalue().startswith("ERROR ")
    assert SECRET not in lines.getvalue()


def test_scrubbing_of_records_ends() -> None:
    """A pytest run inside another process leaves its logging as it was."""
    before = logging.getLogRecordFactory(), logging.Logger.makeRecord, logging.Handler.format
    scrub_records(Redactor(SECRET))()

    assert (logging.getLogRecordFactory(), logging.Logger.makeRecord, logging.Handler.format) == before


def test_only_setup_logging_configures_logging() -> None:
    """No other module touches handlers or levels."""
    calls = [
        (file.relative_to(SOURCE).as_posix(), ast.unparse(node.func))
        for file in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and {node.func.attr, ast.unparse(node.func)} & CONFIGURES
    ]

    assert {module for module, _ in calls} == {"logging.py"}


def test_warnings_of_one_logger_are_heard(capsys: pytest.CaptureFixture[str]) -> None:
    """Each is a line for the caller alone; less than a warning is left out."""
    heard: list[str] = []
    listen("some.library", heard.append)
    logging.getLogger("some.library").info("all is well")
    logging.getLogger("some.library.part").warning("it is\n  %s", "late")
    assert heard == ["it is late"]
    assert capsys.readouterr() == ("", "")
