"""Output that arrives in pieces is scrubbed as a whole, and shown as soon as possible."""

import base64
from urllib.parse import quote

import pytest

from release_sentinel.redaction import MASK, Redactor
from release_sentinel.redaction.stream import Stream
from tests.conftest import SECRET


def shown(*pieces: str, redactor: Redactor | None = None) -> str:
    """Return what a stream shows before its end."""
    stream = Stream(redactor or Redactor(SECRET))
    return b"".join(stream.feed(piece.encode()) for piece in pieces).decode()


@pytest.mark.parametrize(
    "text", ["gate_tests/test_own.py::test_x ", "...", "100%]\n", "no line break", "\x1b[32m.\x1b[0m", "é\n", "\n"]
)
def test_progress_is_shown_at_once(text: str) -> None:
    """Nothing that cannot be a secret is held back."""
    assert shown("first line\n", text).rstrip() == f"first line\n{text}".rstrip()


def test_the_beginning_of_a_secret_is_held_back() -> None:
    """However short it is."""
    assert shown(f"token {SECRET[0]}") == shown(f"token {SECRET[:7]}") == shown(f"token {SECRET}") == "token "


def test_a_long_text_before_it_lets_no_beginning_out() -> None:
    """Only what is held back counts for the bound, and not what was shown with it."""
    text = "nothing to hide here\n" * 5000
    assert shown(f"{text}token {SECRET[:12]}") == f"{text}token "


def test_what_was_not_a_secret_is_shown_later() -> None:
    """A beginning that does not continue is ordinary text."""
    assert shown(f"token {SECRET[:7]}", " and more\n") == f"token {SECRET[:7]} and more\n"


def test_the_end_shows_what_was_held_back() -> None:
    """Nothing is lost, not even half a character."""
    stream = Stream(Redactor(SECRET))
    stream.feed(f"text {SECRET[:5]}".encode() + "é".encode()[:1])

    assert stream.end() == SECRET[:5].encode() + "é".encode()[:1]


@pytest.mark.parametrize("held", [SECRET[0], SECRET[:7]])
def test_a_beginning_of_a_secret_at_the_end_is_shown(held: str) -> None:
    """At the end of the stream it can no longer become the secret."""
    stream = Stream(Redactor(SECRET))
    assert stream.feed(f"token {held}".encode()) == b"token "
    assert stream.end() == held.encode()


@pytest.mark.parametrize("gap", ["\n", "\r\n", "\nE       ", "\x1b[0m\n\x1b[31mE   ", "\\"], ids=repr)
@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_a_wrapped_secret_is_masked_in_any_pieces(gap: str, size: int) -> None:
    """Even if the line break, the margin or a colour arrives in pieces."""
    text = f"<{SECRET[:6]}{gap}{SECRET[6:]}>\nnext line of the output, long enough\n"
    pieces = [text[start : start + size] for start in range(0, len(text), size)]

    assert shown(*pieces) == Redactor(SECRET).scrub(text)


def test_base64_is_masked_in_any_pieces() -> None:
    """For example, if a gate writes a header in several calls."""
    text = base64.b64encode(f"user:{SECRET}".encode()).decode() + " and the rest of the header\n"
    expected = Redactor(SECRET).scrub(text)

    assert {shown(text[:at], text[at:]) for at in range(len(text))} == {expected}
    assert MASK in expected


def test_a_secret_that_ends_in_a_long_escape_is_masked_in_any_pieces() -> None:
    """One character can become twenty, and the last one belongs to the secret although it comes late."""
    secret = f"{SECRET}😀"
    rest = "> and the rest of the line, long enough\n"
    text = f"<{quote(quote(secret, safe=''), safe='')}{rest}"

    assert {shown(text[:at], text[at:], redactor=Redactor(secret)) for at in range(len(text))} == {f"<{MASK}{rest}"}


def test_bytes_that_are_not_utf_8_pass() -> None:
    """Output need not be text."""
    stream = Stream(Redactor(SECRET))

    assert stream.feed(b"\xff\xfe binary \x80\n") + stream.end() == b"\xff\xfe binary \x80\n"


def test_a_row_of_secrets_is_shown_as_it_goes_on() -> None:
    """Only the last one may still continue."""
    assert shown(SECRET * 5000).startswith(MASK * 4900)


def test_a_secret_without_end_is_not_held_forever() -> None:
    """Memory is bounded: what repeats without end is masked and shown."""
    stream = Stream(Redactor("abcdabcdabcd"))

    assert stream.feed(b"abcd" * 1_000) == b""
    assert stream.feed(b"abcd" * 16_000) == MASK.encode()
    assert stream.end() == b""
