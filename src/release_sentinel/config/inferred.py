"""The secrets that nothing lists: what a variable holds whose name says so, and what stands in Git's settings."""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import Any

from release_sentinel.config.addresses import secrets_of
from release_sentinel.config.model import Redaction
from release_sentinel.config.variables import look_up, without_file
from release_sentinel.redaction import Redactor, is_plain, says_about, says_connection, says_secret, secrets_in

_URL = re.compile(r"[A-Za-z][\w+.-]{0,40}://")
_SCHEME = re.compile(r"(?<![A-Za-z])[A-Za-z]++\s++(\S+)")  # of a header: `Bearer TOKEN`
_LOGIN = re.compile(r"([^\s:@/]+):([^:/]\S*)")  # USER:PASSWORD
_BUNDLER = re.compile(
    r"BUNDLE_(?!BUILD__|LOCAL__|MIRROR__)\w+__\w+"
)  # a server by its name, as in BUNDLE_GEMS__ACME__EXAMPLE
_NO_SECRET = re.compile(r"alias\.|user\.signingkey$")  # of Git; the latter is a public key, or its place
_FIELD = re.compile(r"\s*([\w .]+?)\s*=\s*(.+)")  # of a connection string
_PRIVATE = re.compile(
    r"-----BEGIN (?:\w+ )*PRIVATE KEY(?: BLOCK)?-----(.*?)(?:-----END (?:\w+ )*PRIVATE KEY|\Z)", re.DOTALL
)
_LONGEST = 1 << 20  # characters of a value that is taken apart
_DEEPEST = 20


def learn_named(redactor: Redactor, environ: Mapping[str, str], rules: Redaction) -> None:
    """Add the values of the variables that `rules` name, and of those whose names say that they hold secrets."""
    for name in _named(environ, rules.names):
        for value in look_up(name, environ).found:
            redactor.add(value)
    for name, value in environ.items():
        if _matches(name, rules.keep):
            continue
        for secret in inferred(name, value):
            redactor.infer(secret)


def _named(environ: Mapping[str, str], globs: Iterable[str]) -> Iterator[str]:
    """Yield the variables that globs name, also those whose value is in a file that `NAME_FILE` names."""
    for name in dict.fromkeys(one for given in environ for one in (given, without_file(given))):
        if _matches(name, globs):
            yield name


def _matches(name: str, globs: Iterable[str]) -> bool:
    return any(fnmatchcase(name, glob) for glob in globs)


def inferred(name: str, value: str) -> Iterator[str]:
    """Yield what is secret in a variable, or in a key of a document; it may still be too plain to be one."""
    value = value.strip()
    named = says_secret(name, value) or says_secret(without_file(name), value)
    if len(value) <= _LONGEST and value[:1] in {"{", "["}:
        with suppress(ValueError, RecursionError):
            yield from _in_document(json.loads(value), named=named)
            return
    if keys := _PRIVATE.findall(value):
        yield from (key.replace("\\n", "\n").strip() for key in keys)
        return
    if named and _URL.match(value):
        yield from secrets_of(value)
    elif named and (login := _LOGIN.fullmatch(value)) and is_plain(login[1]):
        yield login[2]
    elif _BUNDLER.fullmatch(name):
        yield from value.split(":") if _LOGIN.fullmatch(value) else (value,)
    elif named:
        yield from (value, *_SCHEME.findall(value))
        if "," in value and name.upper().endswith("S"):
            yield from (part.strip() for part in value.split(","))
    elif says_connection(name):
        fields = filter(None, map(_FIELD.fullmatch, value.split(";" if ";" in value else None)))
        yield from (field[2].strip() for field in fields if says_secret(field[1], field[2]))


def _in_document(document: Any, *, named: bool) -> Iterator[str]:
    """Yield the secrets of a JSON document: what its keys call so, and in one, what they do not call otherwise."""
    for key, text in _texts(document, "", 0):
        yield from inferred(key, text)
        yield from secrets_in(text)
        yield from _decoded(key, text)
        if named and not says_about(key):
            yield text


def _texts(document: Any, key: str, depth: int) -> Iterator[tuple[str, str]]:
    if depth > _DEEPEST:
        return
    if isinstance(document, str):
        yield key, document
    elif isinstance(document, dict):
        for name, inner in document.items():
            yield from _texts(inner, name, depth + 1)
    elif isinstance(document, list):
        for inner in document:
            yield from _texts(inner, key, depth + 1)


def _decoded(key: str, text: str) -> Iterator[str]:
    """Yield the password in `auth` of a Docker configuration: USER:PASSWORD in base64."""
    if key.lower() == "auth":
        with suppress(ValueError):
            yield base64.b64decode(text, validate=True).decode().partition(":")[2]


def learn_git(redactor: Redactor, settings: Iterable[tuple[str, str]]) -> None:
    """Add the credentials that Git's settings hold, each a key (`http.https://host/.extraheader`) and a value."""
    for key, value in settings:
        redactor.add_url(key)
        redactor.add_url(value)
        name = key.rpartition(".")[2].lower()
        if name == "extraheader":
            text = value.rpartition(": ")[2].strip()  # without the header's name, if it has one
            for secret in (text, *_SCHEME.findall(text)):
                redactor.infer(secret)
        elif name == "proxy" and not _URL.match(value):
            redactor.add_url(f"http://{value}")
        elif says_secret(name, value) and not _NO_SECRET.match(key.lower()):
            redactor.infer(value)
