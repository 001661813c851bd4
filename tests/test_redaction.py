"""What is secret, and how any text is scrubbed of it."""

import base64
import copy
import html
import json
import pickle
import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from urllib.parse import quote, quote_plus, urlencode
from xml.etree.ElementTree import Element, tostring
from xml.sax.saxutils import escape, quoteattr

import pytest

from release_sentinel.redaction import MASK, Redactor, Secret, without_credentials
from tests.conftest import SECRET

HARD = """p"w'<é\\>&/+ %?=ü"""  # everything that some encoding writes differently

ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "url": quote,
    "url-every-character": lambda text: quote(text, safe=""),
    "url-lower-case": lambda text: re.sub("%..", lambda match: match[0].lower(), quote(text, safe="")),
    "form": quote_plus,
    "query": lambda text: urlencode({"token": text}),
    "json": json.dumps,
    "json-unicode": lambda text: json.dumps(text, ensure_ascii=False),
    "repr": repr,
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
    """Tell whether an encoded secret, or a tell-tale piece of it, stands in what is shown."""
    encoded = encode(secret)
    return any(encoded[start : start + 8] in shown for start in range(4, len(encoded) - 12))


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS)
@pytest.mark.parametrize("secret", [SECRET, HARD, "only-letters-and-dashes"], ids=["token", "hard", "simple"])
def test_a_secret_is_masked_in_every_encoding(secret: str, encode: Callable[[str], str]) -> None:
    """No usual encoding of a secret gets through, and what stands around it does."""
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


@pytest.mark.parametrize("secret", ["a", "12", "abc"])
def test_a_short_secret_is_masked_as_a_word_only(secret: str) -> None:
    """A very short secret must not eat pieces of ordinary words."""
    text = f"x{secret}y is {secret}, not {secret}s"

    assert Redactor(secret).scrub(text) == f"x{secret}y is {MASK}, not {secret}s"


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
    """Where secrets share characters, no remainder of either stays."""
    assert Redactor(*secrets).scrub(f"<{text}>") == f"<{MASK}>"


def test_neighbouring_secrets_are_both_masked() -> None:
    """Secrets without a gap between them are masked one by one."""
    assert Redactor("first-token", "second-token").scrub("first-tokensecond-token") == MASK + MASK


@pytest.mark.parametrize("blank", ["", " ", "\t\n"], ids=["empty", "space", "lines"])
def test_a_blank_value_is_no_secret(blank: str) -> None:
    """An empty secret must not mask every gap between two characters."""
    assert Redactor(blank).scrub("a b\t\nc") == "a b\t\nc"


def test_without_secrets_text_stays_as_it_is() -> None:
    """A redactor that knows nothing changes nothing."""
    assert Redactor().scrub("text with *** and token=abc") == "text with *** and token=abc"


def test_white_space_around_a_value_is_no_part_of_the_secret() -> None:
    """A secret read from a file with a line break at its end is masked without it too."""
    assert Redactor("tok12\n").scrub("Bearer tok12!") == f"Bearer {MASK}!"


def test_a_secret_of_several_lines_is_masked_line_by_line() -> None:
    """A traceback indents each line of a key, and none of them may stay."""
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END KEY-----\n"
    shown = Redactor(key).scrub("".join(f"E    {line}\n" for line in key.splitlines()))

    assert shown == f"E    {MASK}\n" * 4


def test_short_lines_of_a_secret_are_no_secrets() -> None:
    """The braces of a JSON key must not mask every brace."""
    assert Redactor('{\n "private": "abcdefgh"\n}').scrub("{ }") == "{ }"


def test_a_secret_that_is_added_later_is_masked_from_then_on() -> None:
    """A redactor that has scrubbed before learns further secrets."""
    redactor = Redactor("first-token")
    redactor.scrub("anything")
    redactor.add("second-token")

    assert redactor.scrub("first-token second-token") == f"{MASK} {MASK}"


def test_a_value_that_is_not_utf_8_is_masked() -> None:
    """Bytes that are no UTF-8 reach us as lone surrogates, and must not break the scrubber."""
    secret = "t\udcff\udcfeoken"

    assert Redactor(secret).scrub(f"{secret} {secret.encode(errors='surrogateescape').hex()}") == f"{MASK} {MASK}"


def test_special_characters_of_patterns_are_taken_literally() -> None:
    """A secret is text and no regular expression."""
    assert Redactor("a.*b(c").scrub("a.*b(c but aXXb(c") == f"{MASK} but aXXb(c"


def test_long_output_is_scrubbed_quickly() -> None:
    """A megabyte of output with many secrets takes no time that anybody would notice."""
    redactor = Redactor(*(f"secret-number-{number}-{SECRET}" for number in range(10)))
    start = time.monotonic()
    redactor.scrub("an ordinary line of output with an s3cr3t-like word\n" * 20_000)

    assert time.monotonic() - start < 2


URLS = {
    "password": ("https://user:hunter22@host/x", ["hunter22"]),
    "token-as-user": ("https://ghp_abc123@host/x", ["ghp_abc123"]),
    "quoted-password": ("https://user:p%40ss%2Fword@host", ["p%40ss%2Fword", "p@ss/word"]),
    "at-in-password": ("https://user:pa@ssword@host", ["pa@ssword"]),
    "bare-slash-in-password": ("https://user:pa/ss:word@host/x", ["pa/ss:word"]),
    "bare-hash-in-password": ("https://user:pa#ssword@host/x", ["pa#ssword"]),
    "bare-question-mark-in-password": ("https://user:pa?ssword@host/x", ["pa?ssword"]),
    "broken-address": ("http://user:hunter22@[::1/x", ["hunter22"]),
    "token": ("http://host/x?a=1&token=abc-123", ["abc-123"]),
    "api-key": ("http://host/x?apiKey=abc-123&b=2", ["abc-123"]),
    "api_key": ("http://host/x?API_KEY=abc-123#top", ["abc-123"]),
    "signature": ("http://host/x?sig=a%2Fb-123", ["a%2Fb-123", "a/b-123"]),
    "session": ("http://host/x;jsessionid=abc-123", ["abc-123"]),
    "fragment": ("http://host/#access_token=abc-123", ["abc-123"]),
    "database": ("postgresql://app:hunter22@db:5432/x", ["hunter22"]),
}


@pytest.mark.parametrize(("url", "secrets"), URLS.values(), ids=URLS)
def test_what_a_url_carries_is_masked_everywhere(url: str, secrets: list[str]) -> None:
    """Once a URL is known, its credentials are masked wherever they come up, quoted or not."""
    redactor = Redactor()
    redactor.add_url(url)

    assert redactor.scrub(" ".join(secrets)) == " ".join([MASK] * len(secrets))
    assert all(secret not in redactor.scrub(url) for secret in secrets)


@pytest.mark.parametrize(("url", "secrets"), URLS.values(), ids=URLS)
def test_a_url_is_shown_without_its_credentials(url: str, secrets: list[str]) -> None:
    """What is shown of a URL names the host and no secret."""
    shown = without_credentials(url)

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
    """Nothing that is no credential is taken out."""
    assert without_credentials(url) == url


def test_the_user_name_of_ssh_is_no_secret() -> None:
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
    "percent": lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 - the old way has to hold too
    "json": lambda secret: json.dumps({"token": secret}, default=str),
    "json-by-repr": lambda secret: json.dumps([secret], default=repr),
    "dataclass": lambda secret: repr(Settings(secret)),
    "vars": lambda secret: repr(vars(Settings(secret))),
    "list": lambda secret: repr([secret, (secret,), {"token": secret}, {secret}]),
    "exception": lambda secret: repr(RuntimeError(secret)),
}


@pytest.mark.parametrize("show", SHOWN.values(), ids=SHOWN)
def test_a_wrapped_secret_shows_the_mask(show: Callable[[Secret], object]) -> None:
    """However it is turned into text, only the mask can be seen."""
    shown = str(show(Secret(SECRET)))

    assert SECRET not in shown
    assert MASK in shown


@pytest.mark.parametrize(
    "take",
    [pickle.dumps, copy.deepcopy, vars, json.dumps, iter, lambda secret: asdict(Settings(secret))],
    ids=["pickle", "deepcopy", "vars", "json", "iter", "asdict"],
)
def test_a_wrapped_secret_cannot_be_taken_apart(take: Callable[[Secret], object]) -> None:
    """What would copy the value out of its wrapping is refused, without naming it."""
    with pytest.raises(TypeError) as refusal:
        take(Secret(SECRET))

    assert SECRET not in str(refusal.value)


def test_a_wrapped_secret_equals_its_value() -> None:
    """Callers of the first version compare the token with the text that they have set."""
    assert Secret(SECRET) == SECRET
    assert SECRET == Secret(SECRET)  # noqa: SIM300 - the other way round is the claim
    assert Secret(SECRET) == Secret(SECRET)


@pytest.mark.parametrize("other", ["", MASK, SECRET + " ", "\ud800", None, 1, SECRET.encode()], ids=repr)
def test_a_wrapped_secret_equals_nothing_else(other: object) -> None:
    """Neither the mask, nor another text, nor anything that is no text equals it."""
    assert Secret(SECRET) != other


def test_a_wrapped_secret_can_be_found_in_a_set() -> None:
    """Two wrappings of one value are one member."""
    assert len({Secret(SECRET), Secret(SECRET), Secret("other")}) == 2


@pytest.mark.parametrize(("value", "truth"), [("", False), (SECRET, True)], ids=["empty", "value"])
def test_a_wrapped_secret_is_true_where_its_value_is(value: str, truth: bool) -> None:
    """Asking whether there is a secret needs no look at it."""
    assert bool(Secret(value)) is truth


def test_a_wrapped_secret_is_revealed_on_demand() -> None:
    """The one call that needs the value gets it."""
    assert Secret(SECRET).reveal() == SECRET
