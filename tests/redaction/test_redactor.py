"""Secrets, and how any text is scrubbed of them."""

import base64
import copy
import html
import json
import pickle
import random
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from urllib.parse import quote, quote_plus, urlencode
from xml.etree.ElementTree import Element, tostring
from xml.sax.saxutils import escape, quoteattr

import pytest
from pytest_mock import MockerFixture

from release_sentinel.redaction import MASK, Redactor, Secret, without_credentials
from tests.conftest import SECRET

HARD = """p"w'<é\\>&/+ %?=ü"""  # everything that some encoding writes differently

MARKED = """it's (called) *f*!~ & <"more">\n on the next line"""
FOR_HTML = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}

ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "url": quote,
    "url-every-character": lambda text: quote(text, safe=""),
    "url-lower-case": lambda text: re.sub("%..", lambda match: match[0].lower(), quote(text, safe="")),
    "url-by-javascript": lambda text: quote(text, safe="~()*!.'"),
    "url-by-requests": lambda text: quote(text, safe="!#$%&'()*+,/:;=?@[]~"),
    "url-by-browsers": lambda text: quote(text, safe=";,/?:@&=+$-_.!~*'()#"),
    "form": quote_plus,
    "form-lower-case": lambda text: re.sub("%..", lambda match: match[0].lower(), quote_plus(text)),
    "query": lambda text: urlencode({"token": text}),
    "json": json.dumps,
    "json-for-html": lambda text: json.dumps(text).translate(FOR_HTML),
    "json-for-html-attributes": lambda text: json.dumps(text).translate({**FOR_HTML, ord("'"): "\\u0027"}),
    "json-unicode": lambda text: json.dumps(text, ensure_ascii=False),
    "repr": repr,
    "ascii": ascii,
    "repr-beside-a-double-quote": lambda text: repr(f'say "{text}"'),
    "repr-of-bytes": lambda text: repr(text.encode()),
    "repr-in-a-list": lambda text: repr([text]),
    "xml-text": escape,
    "xml-attribute": quoteattr,
    "xml-every-quote": lambda text: escape(text, {'"': "&quot;", "'": "&apos;"}),
    "xml-by-elementtree": lambda text: tostring(Element("a", b=text), encoding="unicode"),
    "html": html.escape,
    "html-decimal": lambda text: html.escape(text).replace("&quot;", "&#34;").replace("&#x27;", "&#39;"),
    "hex": lambda text: text.encode().hex(),
    "hex-upper-case": lambda text: text.encode().hex().upper(),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64url": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
}


def leaks(secret: str, shown: str, encode: Callable[[str], str]) -> bool:
    """Return whether an encoded secret, or a revealing piece of it, is in what is shown."""
    encoded = encode(secret)
    return any(encoded[start : start + 8] in shown for start in range(4, len(encoded) - 12))


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS)
@pytest.mark.parametrize(
    "secret",
    [SECRET, HARD, MARKED, "a(<b>)!&~*c'(<d>)&!", "only-letters-and-dashes"],
    ids=["token", "hard", "marked", "dense", "simple"],
)
def test_a_secret_is_masked_in_every_encoding(secret: str, encode: Callable[[str], str]) -> None:
    """No common encoding of a secret gets through, but the text around it does."""
    shown = Redactor(secret).scrub(f"before {encode(secret)} after")

    assert MASK in shown
    assert shown.startswith("before ")
    assert shown.endswith(" after")
    assert not leaks(secret, shown, encode)


@pytest.mark.parametrize("user", ["ab", "abc", "abcd"], ids=["no-offset", "offset-1", "offset-2"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode], ids=["base64", "base64url"])
@pytest.mark.parametrize("secret", [SECRET, HARD, "\xff\xfe~~~???>>>"], ids=["token", "hard", "slashes"])
def test_a_secret_is_masked_inside_a_longer_base64_text(
    secret: str, encode: Callable[[bytes], bytes], user: str
) -> None:
    """At each of the three alignments, as in a Basic header, at most the two characters at its edges remain."""
    header = encode(f"{user}:{secret}:rest".encode()).decode()
    before, after = Redactor(secret).scrub(header).split(MASK)

    assert header.startswith(before)
    assert header.endswith(after)
    assert len(header) - len(before) - len(after) >= len(secret.encode()) * 8 / 6 - 2


@pytest.mark.parametrize("secret", ["abc", "main", "true", "dummy", "4711", "passwd"])
def test_a_short_secret_is_masked_as_a_word_only(secret: str) -> None:
    """A short secret that reads as a word or number must not mask parts of ordinary words."""
    text = f"x{secret}y is {secret}, not {secret}s"

    assert Redactor(secret).scrub(text) == f"x{secret}y is {MASK}, not {secret}s"


@pytest.mark.parametrize("secret", ["a", "12"])
def test_a_very_short_secret_is_masked_as_a_value_only(secret: str) -> None:
    """One or two characters reveal nothing without their name; masking them everywhere makes a report unreadable."""
    text = f"{secret} exit {secret}: x{secret}y, TOKEN={secret} {{'TOKEN': '{secret}'}}"

    assert Redactor(secret).scrub(text) == f"{secret} exit {secret}: x{secret}y, TOKEN={MASK} {{'TOKEN': '{MASK}'}}"


@pytest.mark.parametrize("before", ["\\n", "%20", '"', "/", "@"], ids=repr)
def test_an_escape_is_a_word_boundary(before: str) -> None:
    """The `n` of an escaped line break is not part of the following word."""
    assert Redactor("hunter").scrub(f"x{before}hunter y") == f"x{before}{MASK} y"


@pytest.mark.parametrize("secret", ["hunter2", "a-b", "p@ss"])
def test_a_short_secret_that_is_not_a_word_is_masked_everywhere(secret: str) -> None:
    """A value that ordinary text does not contain is masked in the middle of a word, too."""
    assert Redactor(secret).scrub(f"x-{secret}-y") == f"x-{MASK}-y"


@pytest.mark.parametrize("secret", ["--------", "a" * 20, "https://example.com/x", "release-sentinel-token"])
def test_what_is_in_every_report_is_not_masked(secret: str) -> None:
    """Pieces of a secret that equal our own output, rules or addresses reveal nothing; the whole secret does."""
    report = f"{'=' * 30} release-sentinels {'-' * 30}\nhttps://example.org {'a' * 30} {'-=' * 20}"

    assert Redactor(secret).scrub(report) == report


@pytest.mark.parametrize(
    "secret", ["https://example.com/x", "release-sentinel-token", "a" * 20, "configuration", "--------"]
)
def test_an_ordinary_value_is_masked_as_a_whole(secret: str) -> None:
    """However plain a secret is, it is not shown as a value."""
    for before in ("", "a", "it", "nor"):  # everywhere
        assert Redactor(secret).scrub(f"{before} '{secret}'.") == f"{before} '{MASK}'."


@pytest.mark.parametrize("secret", ["0101010101", "x9" * 20, f"{'x9' * 20}Kq7"])
def test_pieces_of_two_letters_or_digits_are_masked(secret: str) -> None:
    """They are no rule: such a secret may be a code of two digits."""
    assert Redactor(secret).scrub(f"is '{secret[:9]}'") == f"is '{MASK}'"


def test_a_secret_of_four_characters_is_masked_in_digits_and_base64() -> None:
    """Also in the middle of a word; those of a shorter secret are too common."""
    for secret, masked in (("p@s5", True), ("p@s", False)):
        for text in (secret.encode().hex(), base64.b64encode(secret.encode()).decode()[:5]):
            assert Redactor(secret).scrub(f"x{text}y") == (f"x{MASK}y" if masked else f"x{text}y")


def test_a_secret_of_several_lines_is_masked_on_one() -> None:
    """For example, if a variable does not accept line breaks."""
    assert Redactor("MIIEvQ\nhkiG9w").scrub("<MIIEvQhkiG9w>") == f"<{MASK}>"


@pytest.mark.parametrize("text", ["---==", "----=", "x---=", "---=x"])
def test_a_rule_of_two_characters_is_masked_as_a_whole(text: str) -> None:
    """Longer ones of the same characters are other rules."""
    redactor = Redactor("---=")

    assert redactor.scrub(text) == text
    assert redactor.scrub("is '---='.") == f"is '{MASK}'."


@pytest.mark.parametrize(
    ("secrets", "text"),
    [
        (("hello-wor", "wor-ld-1234"), "hello-wor-ld-1234"),
        (("wor-ld-1234", "hello-wor"), "hello-wor-ld-1234"),
        (("token-123", "token-12345"), "token-12345"),
        (("token-12345", "en-12"), "token-12345"),
    ],
    ids=["chained", "chained-reversed", "prefix", "inside"],
)
def test_overlapping_secrets_become_one_mask(secrets: tuple[str, ...], text: str) -> None:
    """If secrets share characters, no remainder of either stays."""
    assert Redactor(*secrets).scrub(f"<{text}>") == f"<{MASK}>"


def test_adjacent_secrets_are_both_masked() -> None:
    """Secrets without a gap between them are masked one by one."""
    assert Redactor("first-token", "second-token").scrub("first-tokensecond-token") == MASK + MASK


@pytest.mark.parametrize("blank", ["", " ", "\t\n"], ids=["empty", "space", "lines"])
def test_a_blank_value_is_not_a_secret(blank: str) -> None:
    """An empty secret must not mask every gap between two characters."""
    assert Redactor(blank).scrub("a b\t\nc") == "a b\t\nc"


def test_without_secrets_text_stays_as_it_is() -> None:
    """A redactor without secrets changes nothing."""
    assert Redactor().scrub("text with *** and token=abc") == "text with *** and token=abc"


@pytest.mark.parametrize("value", ["tok12\n", " tok12 ", "\ttok12"], ids=repr)
def test_white_space_around_a_value_is_not_part_of_the_secret(value: str) -> None:
    """A secret read from a file with a line break at its end is masked without it too."""
    assert Redactor(value).scrub("Bearer tok12!") == f"Bearer {MASK}!"


@pytest.mark.parametrize("value", ["", " ", "*", "****", " ** "], ids=repr)
def test_a_blank_or_a_mask_is_not_a_secret(value: str) -> None:
    """Nothing is masked for it, not even as a value."""
    text = "TOKEN= TOKEN='' TOKEN=* TOKEN='**' ****"

    assert Redactor(value).scrub(text) == text


def test_a_secret_of_several_lines_is_masked_line_by_line() -> None:
    """A traceback indents each line of a key, and none of them may stay."""
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END KEY-----\n"
    shown = Redactor(key).scrub("".join(f"E    {line}\n" for line in key.splitlines()))

    assert shown == f"E    {MASK}\n" * 4


def test_short_lines_of_a_secret_are_not_secrets() -> None:
    """The braces of a JSON key must not mask every brace."""
    assert Redactor('{\n "private": "abcdefgh"\n}').scrub("{ }") == "{ }"


def test_a_secret_that_is_added_later_is_masked_from_then_on() -> None:
    """A redactor that has scrubbed before accepts further secrets."""
    redactor = Redactor("first-token")
    redactor.scrub("anything")
    redactor.add("second-token")

    assert redactor.scrub("first-token second-token") == f"{MASK} {MASK}"


def test_a_value_that_is_not_utf_8_is_masked() -> None:
    """Bytes that are not UTF-8 arrive as lone surrogates, and must not break the scrubber."""
    secret = "t\udcff\udcfeoken"

    assert Redactor(secret).scrub(f"{secret} {secret.encode(errors='surrogateescape').hex()}") == f"{MASK} {MASK}"


def test_special_characters_of_patterns_are_taken_literally() -> None:
    """A secret is text and not a regular expression."""
    assert Redactor("a.*b(c").scrub("a.*b(c but aXXb(c") == f"{MASK} but aXXb(c"


WRAPS = {
    "line": "\n",
    "indented": "\n        ",
    "windows": "\r\n  ",
    "pytest": "\nE         ",
    "diff": "\nE     - ",
    "quoted": "\n> ",
    "colour": "\x1b[39;49;00m",
    "colours": "\x1b[0m\n\x1b[1m\x1b[31mE    ",
}


@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)
@pytest.mark.parametrize("secret", [SECRET, HARD.replace(" ", ""), "pa55wd"], ids=["token", "hard", "short"])
def test_a_wrapped_secret_is_masked(secret: str, wrap: str) -> None:
    """Wherever a terminal breaks it, both parts are masked, and the line break stays."""
    for at in range(1, len(secret)):
        assert Redactor(secret).scrub(f"<{secret[:at]}{wrap}{secret[at:]}>") == f"<{MASK}{wrap}{MASK}>"


def test_a_secret_that_is_wrapped_at_its_space_is_masked() -> None:
    """Wrapping at a space removes the space."""
    assert Redactor("correct horse battery").scrub("E  correct horse\nE  battery") == f"E  {MASK}\nE  {MASK}"


TWICE: dict[str, Callable[[str], str]] = {
    "repr of JSON": lambda text: repr(json.dumps(text)),
    "JSON of repr": lambda text: json.dumps(repr(text)),
    "JSON of JSON": lambda text: json.dumps(json.dumps({"a": text})),
    "repr of repr": lambda text: repr(repr(text)),
    "XML of JSON": lambda text: escape(json.dumps(text)),
    "XML of repr": lambda text: quoteattr(repr(text)),
    "JSON of a URL": lambda text: json.dumps(quote(text)),
    "a URL of a URL": lambda text: quote(quote(text, safe=""), safe=""),
    "base64 of JSON": lambda text: base64.b64encode(json.dumps({"a": text}, ensure_ascii=False).encode()).decode(),
    "base64 in a URL": lambda text: quote(base64.b64encode(text.encode()), safe=""),
}


@pytest.mark.parametrize("encode", TWICE.values(), ids=TWICE)
@pytest.mark.parametrize("secret", [SECRET, HARD, "li\nes \\of 'a' \"key\"", "\xff\xfe~~~???>>>"])
def test_a_secret_that_is_encoded_twice_is_masked(secret: str, encode: Callable[[str], str]) -> None:
    """For example, in a report that quotes a request."""
    shown = Redactor(secret).scrub(encode(secret))

    assert MASK in shown
    assert not leaks(secret, shown, encode)


@pytest.mark.parametrize("size", [8, 12, 18])
def test_a_piece_of_a_secret_is_masked(size: int) -> None:
    """A secret that is cut off at either end still reveals much."""
    pieces = [SECRET[start : start + size] for start in range(len(SECRET) - size + 1)]

    assert {Redactor(SECRET).scrub(f"…{piece}…") for piece in pieces} == {f"…{MASK}…"}


@pytest.mark.parametrize("before", ["", ".", "..", "..."], ids=len)
def test_less_than_a_piece_of_an_encoded_secret_stays(before: str) -> None:
    """So few digits and letters also occur in other numbers or names."""
    digits, letters = SECRET.encode().hex(), base64.b64encode(SECRET.encode()).decode()[: len(SECRET) * 8 // 6]
    for text in (digits[:14], digits[-14:], letters[:7], letters[-7:]):
        assert Redactor(SECRET).scrub(f"{before}{text}.") == f"{before}{text}."


def test_a_text_that_cannot_be_scrubbed_is_masked_as_a_whole(mocker: MockerFixture) -> None:
    """A fault in the scrubber hides too much rather than too little."""
    redactor = Redactor(SECRET)
    mocker.patch.object(redactor._index, "spans", side_effect=RuntimeError("broken"))

    assert redactor.scrub(f"text with {SECRET}") == MASK


URLS = {
    "password": ("https://user:hunter22@host/x", ["hunter22"]),
    "token-as-user": ("https://ghp_abc123@host/x", ["ghp_abc123"]),
    "token-as-user-of-http": ("http://ghp_abc123@host/x", ["ghp_abc123"]),
    "token-as-user-in-upper-case": ("HTTPS://ghp_abc123@host/x", ["ghp_abc123"]),
    "quoted-password": ("https://user:p%40ss%2Fword@host", ["p%40ss%2Fword", "p@ss/word"]),
    "at-in-password": ("https://user:pa@ssword@host", ["pa@ssword"]),
    "bare-slash-in-password": ("https://user:pa/ss:w0rd7@host/x", ["pa/ss:w0rd7"]),
    "bare-hash-in-password": ("https://user:pa#ssword@host/x", ["pa#ssword"]),
    "bare-question-mark-in-password": ("https://user:pa?ssword@host/x", ["pa?ssword"]),
    "broken-address": ("http://user:hunter22@[::1/x", ["hunter22"]),
    "token": ("http://host/x?a=1&token=abc-1z3q", ["abc-1z3q"]),
    "api-key": ("http://host/x?apiKey=abc-1z3q&b=2", ["abc-1z3q"]),
    "api_key": ("http://host/x?API_KEY=abc-1z3q#top", ["abc-1z3q"]),
    "signature": ("http://host/x?sig=a%2Fb-1z3q", ["a%2Fb-1z3q", "a/b-1z3q"]),
    "session": ("http://host/x;jsessionid=abc-1z3q", ["abc-1z3q"]),
    "fragment": ("http://host/#access_token=abc-1z3q", ["abc-1z3q"]),
    "database": ("postgresql://app:hunter22@db:5432/x", ["hunter22"]),
}


@pytest.mark.parametrize(("url", "secrets"), URLS.values(), ids=URLS)
def test_what_a_url_carries_is_masked_everywhere(url: str, secrets: list[str]) -> None:
    """Once a URL is known, its credentials are masked everywhere, quoted or not."""
    redactor = Redactor()
    redactor.add_url(url)

    assert redactor.scrub(" ".join(secrets)) == " ".join([MASK] * len(secrets))
    assert all(secret not in redactor.scrub(url) for secret in secrets)


@pytest.mark.parametrize(("url", "secrets"), URLS.values(), ids=URLS)
def test_a_url_is_shown_without_its_credentials(url: str, secrets: list[str]) -> None:
    """The shown URL has the host and no secret."""
    shown = without_credentials(url)

    assert shown.startswith(url[: url.index("://") + 3])
    assert all(secret not in shown for secret in secrets)
    assert any(host in shown for host in ("host", "[::1", "db:5432"))


@pytest.mark.parametrize(
    "url",
    [
        "https://host:8443/a/b?sort=asc&page=2",
        "https://host/npm/@scope/package",
        "https://host:8443/npm/@scope/package",
        "http://[::1]:8080/a@b",
        "git@host:team/repository.git",
        "not a URL",
        "",
    ],
)
def test_a_url_without_credentials_is_shown_as_it_is(url: str) -> None:
    """Nothing but credentials is removed."""
    assert without_credentials(url) == url


def test_a_url_is_found_between_blanks() -> None:
    """As it may be in a file or a variable."""
    redactor = Redactor()
    redactor.add_url(" https://user:hunter22@host/x\n")

    assert redactor.scrub("hunter22") == MASK


def test_what_is_not_a_url_carries_no_token() -> None:
    """A secret that looks like a query has no parts that are secret on their own."""
    redactor = Redactor()
    redactor.add_url("page?token=abc-123")

    assert redactor.scrub("abc-123") == "abc-123"


def test_the_user_name_of_ssh_is_not_a_secret() -> None:
    """`git` is the user of every forge, and must not be masked in ordinary words."""
    redactor = Redactor()
    redactor.add_url("ssh://git@host/repository.git")

    assert redactor.scrub("git status") == "git status"


@dataclass
class Settings:
    """Anything that holds a secret."""

    token: Secret


SHOWN: dict[str, Callable[[Secret], object]] = {
    "str": str,
    "repr": repr,
    "ascii": ascii,
    "format": format,
    "f-string": lambda secret: f"{secret} {secret!r} {secret!s} {secret:>40}",
    "str.format": "{0} {0!r}".format,
    "percent": lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 - the old way has to work, too
    "json": lambda secret: json.dumps({"token": secret}, default=str),
    "json-by-repr": lambda secret: json.dumps([secret], default=repr),
    "dataclass": lambda secret: repr(Settings(secret)),
    "vars": lambda secret: repr(vars(Settings(secret))),
    "asdict": lambda secret: asdict(Settings(secret)),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "list": lambda secret: repr([secret, (secret,), {"token": secret}, {secret}]),
    "exception": lambda secret: repr(RuntimeError(secret)),
}


@pytest.mark.parametrize("show", SHOWN.values(), ids=SHOWN)
def test_a_wrapped_secret_shows_the_mask(show: Callable[[Secret], object]) -> None:
    """However it is converted to text, only the mask is visible."""
    shown = str(show(Secret(SECRET)))

    assert SECRET not in shown
    assert MASK in shown


@pytest.mark.parametrize(
    "take",
    [pickle.dumps, lambda secret: secret.__getstate__(), vars, json.dumps, iter],
    ids=["pickle", "getstate", "vars", "json", "iter"],
)
def test_a_wrapped_secret_cannot_be_taken_apart(take: Callable[[Secret], object]) -> None:
    """Attempts to copy the value out of its wrapper are refused, without naming it."""
    with pytest.raises(TypeError) as refusal:
        take(Secret(SECRET))

    assert SECRET not in str(refusal.value)


def test_a_wrapped_secret_takes_the_width_that_is_asked_for() -> None:
    """A table with a secret keeps its columns."""
    assert f"{Secret(SECRET):>5}|" == f"  {MASK}|"


def test_a_wrapped_secret_equals_its_value() -> None:
    """Callers of the first version compare the token with the text that they have set."""
    assert Secret(SECRET) == SECRET
    assert SECRET == Secret(SECRET)  # noqa: SIM300 - the other way round is the claim
    assert Secret(SECRET) == Secret(SECRET)


@pytest.mark.parametrize("other", ["", MASK, SECRET + " ", "\ud800", None, 1, SECRET.encode()], ids=repr)
def test_a_wrapped_secret_equals_nothing_else(other: object) -> None:
    """Neither the mask, nor another text, nor anything that is not text equals it."""
    assert Secret(SECRET) != other


def test_a_wrapped_secret_can_be_found_in_a_set() -> None:
    """Two wrappers of one value are one member."""
    assert len({Secret(SECRET), Secret(SECRET), Secret("other")}) == 2


@pytest.mark.parametrize(("value", "truth"), [("", False), (SECRET, True)], ids=["empty", "value"])
def test_a_wrapped_secret_is_true_where_its_value_is(value: str, truth: bool) -> None:
    """Whether there is a secret can be checked without revealing it."""
    assert bool(Secret(value)) is truth


def test_a_wrapped_secret_is_revealed_on_demand() -> None:
    """The one call that needs the value gets it."""
    assert Secret(SECRET).reveal() == SECRET


@pytest.mark.parametrize("number", [1, 3, 40], ids=["few", "several", "many"])
def test_every_piece_of_a_long_secret_is_masked(number: int) -> None:
    """However many there are, and wherever it starts in the secret and in the text; shorter ones stay."""
    source = random.Random(number)  # noqa: S311 - the same in every run
    secrets = [base64.b85encode(source.randbytes(2400)).decode().translate(DROPPED) for _ in range(number)]
    redactor = Redactor(*secrets)
    for secret in (secrets[0], secrets[-1]):
        for start in range(0, 60, 7):
            piece = secret[start : start + 8]
            assert redactor.scrub(f"{'.' * (start % 5)}é<{piece}>.") == f"{'.' * (start % 5)}é<***>."
            assert redactor.scrub(f"<{piece[:7]}>") == f"<{piece[:7]}>"


DROPPED = str.maketrans("", "", "\\`$%&*<>@;=?|-+_#{}~^!()")
