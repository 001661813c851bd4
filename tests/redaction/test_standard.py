"""What this process writes to its own standard streams is scrubbed."""

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest

from release_sentinel.redaction import MASK, Redactor, standard
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


SIZES = [1, 2, 5, 7]


@pytest.mark.parametrize("flush", [False, True], ids=["quiet", "flushed"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("secret", [SECRET, "pa55wd"], ids=["token", "short"])
def test_text_in_pieces_is_scrubbed(capfd: pytest.CaptureFixture[str], secret: str, size: int, *, flush: bool) -> None:
    """However short the pieces are; where each of them is flushed, two characters are shown at most."""
    restore = scrub_standard_streams(Redactor(secret))
    text = f"<{secret}>"
    for start in range(0, len(text), size):
        print(text[start : start + size], end="", flush=flush)  # noqa: T201 - what is tested
    restore()
    shown = capfd.readouterr().out

    assert shown in {f"<{MASK}>", f"<{secret[:1]}{MASK}>", f"<{secret[:2]}{MASK}>"}
    assert flush or shown == f"<{MASK}>"


@pytest.mark.parametrize("size", SIZES)
def test_bytes_in_pieces_are_scrubbed(capfdbinary: pytest.CaptureFixture[bytes], size: int) -> None:
    """As text is."""
    with clean():
        for start in range(0, len(SECRET), size):
            sys.stdout.buffer.write(SECRET[start : start + size].encode())

    assert capfdbinary.readouterr().out == MASK.encode()


@pytest.mark.parametrize("text", ["Continue? [y/n] ", "\r 45%", "\r[####    ]", ".", "\x1b[32m.\x1b[0m", "50 % done"])
def test_progress_and_prompts_appear_at_once(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """What cannot be the beginning of a secret is not held back where it is flushed."""
    file = io.StringIO()
    monkeypatch.setattr(sys, "stdout", file)
    with clean():
        print(text, end="", flush=True)  # noqa: T201 - what is tested
        assert file.getvalue() == text


@pytest.mark.parametrize("ending", ["\n", " \n", ".\n"], ids=repr)
def test_the_end_of_a_line_is_shown_with_it(monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    """Also where its last letter could be the first one of a secret."""
    file = io.StringIO()
    monkeypatch.setattr(sys, "stdout", file)
    with clean():
        print(f"2 gates{ending}", end="")  # noqa: T201 - what is tested
        assert file.getvalue() == f"2 gates{ending}"
        print(f"token {SECRET}{ending}", end="")  # noqa: T201 - what is tested
        assert file.getvalue() == f"2 gates{ending}token {MASK}{ending}"


def test_what_is_held_back_is_written_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """It did not become a secret."""
    file = io.StringIO()
    monkeypatch.setattr(sys, "stdout", file)
    with clean():
        print(SECRET[:6], end="", flush=True)  # noqa: T201 - what is tested
        assert file.getvalue() == ""

    assert file.getvalue() == SECRET[:6]


def test_what_the_stream_cannot_encode_fails_where_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """As without us: the writer may handle it there, and could not at a later flush."""
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    with clean():
        with pytest.raises(UnicodeEncodeError):
            sys.stdout.write("größer")
        sys.stdout.write("after it\n")
    assert cast("Any", sys.stdout).buffer.getvalue() == b"after it\n"


SIXTY = "".join(f"{number} {MASK}\n" for number in range(60))


@contextmanager
def rush() -> Iterator[tuple[io.StringIO, list[Callable[[], None]]]]:
    """Sixty lines at once, of which some wait; yields what is shown, and what shows the others a moment later."""
    file, later = io.StringIO(), list[Callable[[], None]]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", file)
        patch.setattr(standard, "_PERIOD", 60)
        patch.setattr(standard, "start_new_thread", lambda function, _: later.append(function))
        with clean():
            for number in range(60):
                print(f"{number} {SECRET}")  # noqa: T201 - what is tested
            print("half a line", end="")  # noqa: T201 - what is tested
            assert len(file.getvalue().splitlines()) == 50
            patch.setattr(standard, "_PERIOD", 0)
            yield file, later
        assert file.getvalue() == f"{SIXTY}half a line"


def test_lines_of_a_rush_are_shown_a_moment_later() -> None:
    """Without another line, and by one thread for all of them."""
    with rush() as (file, [show]):
        show()
        assert file.getvalue() == SIXTY


def test_lines_of_a_rush_are_shown_before_those_of_another_stream() -> None:
    """As without us."""
    with rush() as (file, _):
        sys.stderr.write("error\n")
        assert file.getvalue() == SIXTY


def test_lines_of_a_rush_are_shown_before_a_child_is_started() -> None:
    """It may write to the same file."""
    with rush() as (file, _):
        subprocess.run([sys.executable, "-S", "-c", ""], check=True)
        assert file.getvalue() == SIXTY


def test_a_flush_ends_a_rush() -> None:
    """With half a line behind it."""
    with rush() as (file, _):
        sys.stdout.flush()
        assert file.getvalue() == f"{SIXTY}half a line"


def test_a_rush_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines that fill a block do not wait for others."""
    with rush() as (file, _):
        monkeypatch.setattr(standard, "_BLOCK", 100)
        sys.stdout.write("\n")
        assert file.getvalue() == f"{SIXTY}half a line\n"
        file.truncate(file.seek(len(file.getvalue()) - 1))


def test_without_secrets_no_line_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nothing to be saved."""
    file = io.StringIO()
    monkeypatch.setattr(sys, "stdout", file)
    restore = scrub_standard_streams(Redactor())
    for _ in range(200):
        print("a line")  # noqa: T201 - what is tested
    assert file.getvalue().count("\n") == 200
    restore()
