"""What this process writes to its own standard streams is scrubbed."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest

from release_sentinel.redaction import MASK, Redactor
from release_sentinel.redaction.standard import scrub_standard_streams
from tests.conftest import SECRET


@contextmanager
def clean() -> Iterator[None]:
    """Standard streams that are scrubbed."""
    restore = scrub_standard_streams(Redactor(SECRET))
    try:
        yield
    finally:
        restore()


def test_text_is_scrubbed(capfd: pytest.CaptureFixture[str]) -> None:
    """Under every name of the stream."""
    with clean():
        print(SECRET, "and", SECRET)  # noqa: T201 - the claim
        print(SECRET, file=sys.stderr)  # noqa: T201 - what is tested
        sys.stdout.writelines([SECRET[:5], SECRET[5:], "\n"])

    assert capfd.readouterr() == (f"{MASK} and {MASK}\n{MASK}\n", f"{MASK}\n")


@pytest.mark.parametrize("name", ["stdout", "stderr", "__stdout__", "__stderr__"])
def test_a_line_is_written_at_once(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """So that it stays in order with what children write; a partial line may wait."""
    written = io.BytesIO()
    monkeypatch.setattr(sys, name, io.TextIOWrapper(io.BufferedWriter(cast("Any", written)), encoding="utf-8"))
    with clean():
        stream = getattr(sys, name)
        stream.write("half a line, ")
        assert written.getvalue() == b""
        stream.write(f"{SECRET}\n")
        assert written.getvalue() == f"half a line, {MASK}\n".encode()


def test_bytes_are_scrubbed(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """The binary file underneath is scrubbed, too."""
    with clean():
        sys.stdout.buffer.write(f"{SECRET}\n".encode() + b"\xff\n")
        sys.stdout.flush()

    assert capfdbinary.readouterr().out == b"***\n\xff\n"


def test_the_stream_is_otherwise_itself() -> None:
    """Encoding, file descriptor and `isatty` are the stream's own."""
    before = sys.stdout
    with clean():
        assert sys.stdout.encoding == before.encoding
        assert sys.stdout.isatty() == before.isatty()
        assert sys.stdout.write("four") == 4


def test_the_streams_are_put_back() -> None:
    """An embedding program keeps its own streams."""
    before = sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__
    scrub_standard_streams(Redactor(SECRET))()

    assert (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__) == before


def test_a_stream_that_is_scrubbed_already_is_left_alone() -> None:
    """The end of an inner run does not stop the scrubbing of the outer one."""
    with clean():
        outer = sys.stdout
        with clean():
            assert sys.stdout is outer
        assert sys.stdout is outer


def test_a_stream_that_was_replaced_meanwhile_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that other code has installed is left in place."""
    with clean():
        other = io.StringIO()
        monkeypatch.setattr(sys, "stdout", other)

    assert sys.stdout is other


def test_a_stream_that_is_not_there_stays_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process without standard output has None."""
    monkeypatch.setattr(sys, "__stdout__", None)
    restore = scrub_standard_streams(Redactor(SECRET))

    assert sys.__stdout__ is None
    restore()
