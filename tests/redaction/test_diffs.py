"""Of a secret with quotes, ends of lines and the like, pytest's comparisons show no piece of 8 characters."""

import difflib
import json
import pprint
import reprlib
from collections.abc import Callable, Iterator

import pytest

from release_sentinel.redaction import Redactor

SECRETS = {
    "short lines": "Zx81Kq44\nabcdR9tW\nvXsPq3Lm\nNoPqRsTu",
    "lines and quotes": "Zx8\"1Kq\nq4'4abX\ncdR\"9t'W\nvXs",
    "quotes": 'Zx"81Kq\'44ab"cdR9t\'WvXs"Pq3Lm',
    "tabs": "Zx81\tKq44ab\tcdR9tWvX\tsPq3",
    "backslashes": "Zx81\\Kq44\\nabcd\\R9tWv\\XsPq3Lm",
    "control characters": "Zx81\x01Kq44\x1babcd\x7fR9tWvX",
    "blanks": "Zx81Kq 44abcd R9tWvX sPq3Lm NoPqRs",
    "not ASCII": "Zxé81Kq44ñabcdü9tWvXs中Pq3Lm",
    "long document": json.dumps({f"qey{number}": f"Tg'{number}Y\nh" for number in range(25)}, indent=2),
}
SHORT = reprlib.Repr()
SHORT.maxstring = 30


def lines(text: str, sign: str = "") -> str:
    """Return a text as pytest indents it."""
    return "".join(f"E         {sign} {line}\n" for line in text.splitlines())


def diff(left: str, right: str) -> str:
    """Return two texts as pytest compares them, with the lines that point at characters."""
    return lines("\n".join(difflib.ndiff(left.splitlines(), right.splitlines())))


WRITERS: dict[str, Callable[[str, str], str]] = {
    "diff": diff,
    "diff of repr": lambda left, right: diff(repr(left), repr(right)),
    "diff of pprint": lambda left, right: diff(
        pprint.pformat({"password": [left]}, width=40), pprint.pformat({"password": [right]}, width=40)
    ),
    "shortened": lambda left, right: f"assert {SHORT.repr(left)} == {SHORT.repr(right)}",
    "set": lambda left, right: f"Extra items in the left set:\n{lines(repr(left))}{lines(repr(right))}",
    "JSON of a diff": lambda left, right: json.dumps(diff(left, right))[1:-1].replace("\\n", "\n"),
}


def changed(secret: str) -> Iterator[str]:
    """Yield what a secret may be compared with: parts of it, and itself with another character."""
    for place in range(1, min(len(secret), 30), 3):
        yield f"{secret[:place]}#{secret[place + 1 :]}"
        yield secret[place:]


@pytest.mark.parametrize("kind", SECRETS)
@pytest.mark.parametrize("writer", WRITERS)
def test_no_piece_is_in_a_comparison(kind: str, writer: str) -> None:
    """As it is, or escaped."""
    secret = SECRETS[kind]
    redactor = Redactor(secret)
    pieces = {secret[start : start + 8] for start in range(len(secret) - 7)}
    pieces = {piece for piece in pieces if sum(map(str.isalnum, piece)) > 3}  # the others are joints of any document
    forms = {form for piece in pieces for form in (piece, repr(piece)[1:-1], json.dumps(piece)[1:-1])}
    write = WRITERS[writer]
    shown = redactor.scrub("\n".join(write(secret, other) + write(other, secret) for other in changed(secret)))
    assert "***" in shown
    assert not [form for form in forms if form in shown]


DOCUMENTS = (
    '{"a": null,\n  "b": false,\n  "name": true,\n  "list": [1,\n    2]}',
    "on a line\n  of its own\n\tand more\n",
)


@pytest.mark.parametrize("text", DOCUMENTS)
def test_the_joints_of_documents_stay(text: str) -> None:
    """Where lines end there is nothing secret by itself."""
    document = json.dumps(
        {f"k{number}": [None, True, False, number, f"Zx{number}Kq"] for number in range(30)}, indent=2
    )
    redactor = Redactor(SECRETS["long document"], document)
    assert redactor.scrub(text) == text
