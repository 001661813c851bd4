"""What is secret, and how any text is scrubbed of it."""

import base64
import json
import os
import re
from collections.abc import Iterator
from functools import cached_property
from hmac import compare_digest
from urllib.parse import quote, quote_plus, unquote
from xml.sax.saxutils import escape, quoteattr

MASK = "***"
_SHORT = 4  # characters; a shorter secret is masked only where it stands as a word of its own
_LINE = 8  # characters; a line of a secret, such as a key in PEM, that is long enough to be one itself


class Secret:
    """A value that no representation shows; `reveal()` hands it to the one call that needs it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value itself."""
        return self._value

    def __repr__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Secret):
            other = other._value
        return isinstance(other, str) and compare_digest(
            *(text.encode(errors="surrogatepass") for text in (self._value, other))
        )

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __bool__(self) -> bool:
        return bool(self._value)

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a secret is not pickled")


class Redactor:
    """The secrets of one run, and the one function that scrubs text of them."""

    def __init__(self, *secrets: str) -> None:
        self._secrets: set[str] = set()
        for secret in secrets:
            self.add(secret)

    def add(self, value: str) -> None:
        """Scrub `value` from now on, in each of its usual encodings, also where its lines are torn apart.

        A blank value is no secret.
        """
        if value.strip():
            lines = [line.strip() for line in value.splitlines()]
            self._secrets |= {value, value.strip(), *(line for line in lines if len(line) >= _LINE)}
            self.__dict__.pop("_patterns", None)

    def add_url(self, url: str) -> None:
        """Scrub the password, or the token in its place, and the token-like query values that `url` carries."""
        for value in _url_secrets(url):
            self.add(value)

    def scrub(self, text: str) -> str:
        """Return `text` with every secret, however encoded, replaced by `***`; overlapping ones become one."""
        shown, end = [], 0
        for start, stop in sorted(match.span() for pattern in self._patterns for match in pattern.finditer(text)):
            if start >= end:
                shown += [text[end:start], MASK]
            end = max(end, stop)
        return "".join((*shown, text[end:]))

    @cached_property
    def _patterns(self) -> list[re.Pattern[str]]:
        variants = {variant for secret in self._secrets for variant in _variants(secret)}
        return [re.compile(_bounded(variant)) for variant in variants]  # one by one: far faster than one alternation


def without_credentials(url: str) -> str:
    """Return `url` as it may be shown: no user info, and no value of a token-like query field."""
    return Redactor(*_url_secrets(url)).scrub(_USER_INFO.sub(r"\1", url))


# The second alternative is for a password with a bare `/`, `?` or `#`, where a strict reader sees no user info at all.
_USER_INFO = re.compile(r"^([a-zA-Z][\w+.-]*://)([^/?#]*|[^/?#@:\[]*:(?!\d*(?:[/?#]|$)).*)@")
_TOKEN_FIELD = re.compile(
    r"[?&#;]([^=&#;]*(?:token|key|secret|passw|pwd|auth|sig|credential|session)[^=&#;]*)=([^&#;]+)", re.IGNORECASE
)


def _url_secrets(url: str) -> Iterator[str]:
    """Yield what is secret in `url`, as it stands there and as it was before it was quoted."""
    found = [match[2] for match in _TOKEN_FIELD.finditer(url)]
    if info := _USER_INFO.match(url.strip()):
        user, _, password = info[2].partition(":")
        if password:
            found.append(password)
        elif info[1].lower() in {"http://", "https://"}:  # https://TOKEN@host; ssh's user name is no secret
            found.append(user)
    for value in found:
        yield from (value, unquote(value))


def _bounded(variant: str) -> str:
    pattern = re.escape(variant)
    return pattern if len(variant) >= _SHORT else rf"(?<!\w){pattern}(?!\w)"


def _variants(secret: str) -> Iterator[str]:
    raw = _raw(secret)
    yield secret
    for quoted in (quote(raw), quote(raw, safe=""), quote_plus(raw)):
        yield quoted
        yield re.sub("%..", lambda match: match[0].lower(), quoted)
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    # Both of repr's ways: a `'` is escaped only where a `"` is near.
    yield from (repr(secret)[1:-1], repr(secret + '"')[1:-2], repr(raw)[2:-1])
    yield from (escape(secret), quoteattr(secret)[1:-1], *(escape(secret, quotes) for quotes in _XML_QUOTES))
    if len(secret) >= _SHORT:
        yield from (raw.hex(), raw.hex().upper())
        for offset in range(3):
            yield from _base64_core(raw, offset)


_XML_QUOTES = (
    {'"': "&quot;"},
    {'"': "&quot;", "'": "&apos;"},
    {'"': "&quot;", "'": "&#x27;"},
    {'"': "&#34;", "'": "&#39;"},
)


def _raw(secret: str) -> bytes:
    """Return the bytes of a value; those of the environment need not be UTF-8."""
    return secret.encode(errors="surrogatepass" if os.name == "nt" else "surrogateescape")


def _base64_core(raw: bytes, offset: int) -> Iterator[str]:
    """Yield the characters that encode `raw` alone when it starts `offset` bytes into a longer base64 text."""
    encoded = base64.b64encode(bytes(offset) + raw).decode()
    core = encoded[(offset * 8 + 5) // 6 : (offset + len(raw)) * 8 // 6]
    if len(core) >= _SHORT:
        yield core
        yield core.replace("+", "-").replace("/", "_")
