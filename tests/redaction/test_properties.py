"""Properties for any secret, any text around it and any encoding."""

import base64
import json
import re
from collections.abc import Callable
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape, quoteattr

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from release_sentinel.redaction import MASK, Redactor
from release_sentinel.redaction.spellings import _ORDINARY
from release_sentinel.redaction.stream import Stream

ordinary = settings(deadline=None, derandomize=True, max_examples=50)

# No `*`, which is a mask, no white space at the ends, which no value keeps, and no backslash there.
SECRETS = (
    st.text(st.characters(min_codepoint=32, exclude_characters="*", exclude_categories=["Cs", "Cn"]), max_size=40)
    .map(lambda text: text.strip().strip("\\").strip())
    .filter(lambda text: len(text) >= 8 and len(set(text)) > 6 and len(text.splitlines()) == 1)
)
AROUND = st.text("abc XYZ.:,\"'\n{}=", max_size=20)
ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "URL": quote,
    "URL, every character": lambda text: quote(text, safe=""),
    "form": quote_plus,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON in Unicode": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "repr": lambda text: repr(text)[1:-1],
    "repr of bytes": lambda text: repr(text.encode())[2:-1],
    "repr of repr of JSON": lambda text: repr(repr(json.dumps(text)))[4:-4],
    "XML": escape,
    "XML attribute": lambda text: quoteattr(text)[1:-1],
    "hexadecimal": lambda text: text.encode().hex(),
    "base64": lambda text: base64.b64encode(text.encode()).decode().rstrip("="),
    "base64url": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "base64 of more": lambda text: base64.b64encode(f"u:{text}!".encode()).decode().rstrip("="),
}


@ordinary
@given(SECRETS, AROUND, AROUND, st.sampled_from(sorted(ENCODINGS)))
def test_no_trace_is_left(secret: str, before: str, after: str, encoding: str) -> None:
    """Only the text around the secret is left, and in base64 the edges that belong to both."""
    encoded = ENCODINGS[encoding](secret)
    shown = Redactor(secret).scrub(f"{before}{encoded}{after}")
    head, mask, rest = shown.partition(MASK)
    tail = rest.rpartition(MASK)[2]

    assert mask
    assert f"{before}{encoded}".startswith(head)
    assert f"{encoded}{after}".endswith(tail)
    edges = 6 if encoding == "base64 of more" else 2 if "base64" in encoding else 0
    assert len(head) + len(tail) <= len(before) + len(after) + edges


@ordinary
@given(SECRETS, AROUND, AROUND, st.sampled_from(sorted(ENCODINGS)))
def test_scrubbing_twice_changes_nothing(secret: str, before: str, after: str, encoding: str) -> None:
    """Scrubbed text is clean."""
    redactor = Redactor(secret)
    shown = redactor.scrub(f"{before}{ENCODINGS[encoding](secret)}{after}")

    assert redactor.scrub(shown) == shown


@ordinary
@given(SECRETS, st.text(max_size=200))
def test_other_text_stays_as_it_is(secret: str, text: str) -> None:
    """A text without a piece of the secret is not changed."""
    flat = re.sub(r"\W", "", text)
    assume(not any(secret[start : start + 3] in flat + text for start in range(len(secret))))

    assert Redactor(secret).scrub(text) == text


@ordinary
@given(SECRETS, st.data(), st.sampled_from(["\n", "\n    ", "\r\n", "\nE       ", "\x1b[0m", "\x1b[1m\n\x1b[31mE   "]))
def test_a_wrapped_secret_leaves_less_than_a_piece(secret: str, data: st.DataObject, gap: str) -> None:
    """Wherever it is wrapped."""
    at = data.draw(st.integers(0, len(secret)))
    shown = Redactor(secret).scrub(f"<{secret[:at]}{gap}{secret[at:]}>")

    assert not any(secret[start : start + 8] in shown.replace(gap, "") for start in range(len(secret) - 7))


@ordinary
@given(SECRETS, st.integers(8, 40), st.data())
def test_a_piece_of_a_secret_is_masked(secret: str, size: int, data: st.DataObject) -> None:
    """Eight characters of a secret are enough."""
    start = data.draw(st.integers(0, len(secret) - 8))
    piece = secret[start : start + size]
    assume(len(piece) >= 8 and len(set(piece)) > 2 and "\\" not in piece)
    assume(not any(piece[at : at + 8].lower() in _ORDINARY for at in range(len(piece))))

    assert piece not in Redactor(secret).scrub(f"…{piece}…")


@ordinary
@given(st.lists(st.one_of(SECRETS, st.text(max_size=9)), max_size=6), st.text(max_size=60))
def test_no_secrets_and_no_text_break_the_scrubber(secrets: list[str], text: str) -> None:
    """Whatever the values are, scrubbing ends, and settles."""
    redactor = Redactor(*secrets)
    shown = redactor.scrub("".join((text, *secrets, text)))

    assert redactor.scrub(shown) == shown


@example("SIGNATUR00", "", "", "JSON", [1])  # an ordinary word at its beginning, which is not masked on its own
@ordinary
@given(SECRETS, AROUND, AROUND, st.sampled_from(sorted(ENCODINGS)), st.lists(st.integers(1, 7), min_size=1, max_size=9))
def test_a_stream_shows_what_the_whole_text_would(
    secret: str, before: str, after: str, encoding: str, sizes: list[int]
) -> None:
    """However the bytes arrive, what is shown is what scrubbing all of them at once would show."""
    redactor = Redactor(secret)
    text = f"{before}{ENCODINGS[encoding](secret)}{after}\n"
    stream, rest, shown = Stream(redactor), text.encode(), b""
    while rest:
        size = sizes[len(rest) % len(sizes)]
        shown += stream.feed(rest[:size])
        rest = rest[size:]

    assert (shown + stream.end()).decode() == redactor.scrub(text)
