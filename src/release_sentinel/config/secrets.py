"""The secrets of this run, by the policy and the environment, collected before anything is shown."""

import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest
from typing import Any

from release_sentinel import jsonpath
from release_sentinel.config.addresses import NOTIFY, addresses, secrets_of
from release_sentinel.config.inferred import inferred
from release_sentinel.config.marks import Header, SecretAddress, SecretFile
from release_sentinel.config.model import NEEDED_BY, Policy
from release_sentinel.config.read import KeyPath, has_mark, leaves
from release_sentinel.config.targets import Target
from release_sentinel.config.variables import look_up
from release_sentinel.redaction import Redactor, says_about, says_secret
from release_sentinel.tokens import ALL_TOKENS

_REFERENCE = re.compile(r"\$\{([A-Za-z_]\w*)\}")
# Headers that carry no secrets; the literal value of any other may be one.
_NO_SECRET = re.compile(
    r"accept(-\w+)*|content-\w+|user-agent|host|cache-control|connection|origin|referer|range|if-[\w-]+|x-forwarded-\w+"
    r"|x-requested-with|[\w-]*-version",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"\s*[A-Za-z]+\s+")
# What a policy file says of secrets, also where it is not valid: then nothing else is known of it.
_TABLES = re.compile(
    r"(?m)^(?=[ \t]*\[+[ \t]*(?:tool|project|build-system|dependency-groups)\b)"
)  # of a pyproject.toml
_OWN_TABLE = re.compile(r"\s*\[+\s*tool\s*\.\s*[\"']?release-sentinel\b")
_NAMES = re.compile(r"\bsecrets[\"']?\s*=\s*\[([^\]]*)")
_ADDRESSES = re.compile(r"\burls[\"']?\s*=\s*([^\n]*(?:\n[^\]=]*\])?)")
_ADDRESS = re.compile(r"[A-Za-z][\w+.-]{0,40}://[^\s\"']+")
_CONDITIONS = tuple(
    re.compile(rf"\b{one}\s*=\s*[\"']([^\"'\n]{{1,500}})[\"']\s*,?\s*\b{other}\s*=\s*[\"']([^\"'\n]+)")
    for one, other in (("path", "equals"), ("equals", "path"))
)
_ASSIGNED = re.compile(r"(?<![\w.-])([\w.-]++)[\"']?\s*+=\s*+[\"']([^\"'\n]+)")  # linear, in any text
# Lists and tables: what begins one, and what is in it: comments, strings with their keys, brackets.
_HELD = re.compile(r"(?<![\w.-])([\w.-]++)[\"']?\s*+=\s*+(?=[\[{])")
_HEADER = re.compile(r"(?m)^[ \t]*\[+[ \t]*([^\[\]\n#]+)\][^\n]*$")
_STRING = r'"""(?:\\.|[^\\"]|"(?!""))*+"{3,5}|"(?:\\.|[^"\\\n])*+"|\'\'\'(?:[^\']|\'(?!\'\'))*+\'{3,5}|\'[^\'\n]*+\''
_PART = re.compile(rf"(?s:#[^\n]*+|(?:(?<![\w.-])([\w.-]++)[\"']?\s*+=\s*+)?({_STRING})|[\[\]{{}}])")
_VARIABLE = re.compile(r"[A-Za-z_]\w*")


def learn(redactor: Redactor, policy: Policy, environ: Mapping[str, str] | None = None) -> None:
    """Add the policy's secrets, also those in files, and the credentials of every URL that is known.

    What cannot be used as a value, such as a file that is not UTF-8, is a secret, too.
    """
    environ = os.environ if environ is None else environ
    held = list(_texts(policy))
    in_headers = [(name, text) for name, kind, text in held if has_mark(kind, Header)]
    names = [*policy.required.secrets, *_referenced(in_headers), *ALL_TOKENS]  # releases use them
    for value in (text for name in names for text in look_up(name, environ).found):
        redactor.add(value)
    for value in (*literal_secrets(in_headers), *_filled(in_headers, environ)):
        redactor.infer(value)
    for text in (text for _, kind, text in held if has_mark(kind, SecretFile)):
        redactor.infer(text)
    for value in secret_equals(policy).values():
        redactor.infer(value)
    given = [text for text in look_up(NOTIFY, environ).found if not addresses(environ)]  # it cannot be used
    for address in (*(text for _, kind, text in held if has_mark(kind, SecretAddress)), *addresses(environ), *given):
        for secret in secrets_of(address):
            redactor.infer(secret)
    files = (look_up(name, environ).text or "" for name in {*policy.required.settings, *NEEDED_BY})
    for text in (*environ.values(), *files, *(text for _, _, text in held)):
        redactor.add_url(text)


def learn_text(redactor: Redactor, text: str, environ: Mapping[str, str]) -> None:
    """Add the secrets that the text of a policy file names or holds, whether or not it can be understood.

    That is also what its parts for other environments say.
    """
    if own := [table for table in _TABLES.split(text) if _OWN_TABLE.match(table)]:
        text = "".join(own)
    names = [name for found in _NAMES.findall(text) for name in re.findall(r"\w+", found)]
    for name in (*names, *references(text)):
        for value in look_up(name, environ).found:
            redactor.infer(value)
    for address in (one for found in _ADDRESSES.findall(text) for one in _ADDRESS.findall(found)):
        for secret in secrets_of(address):
            redactor.infer(secret)
    for url in _ADDRESS.findall(text):
        redactor.add_url(url)
    for secret in _named_in(text):
        redactor.infer(secret)


def _named_in(text: str) -> Iterator[str]:
    """Yield the values in the text of a policy file whose keys say secret, or the paths of conditions for JSON."""
    conditions = [*_CONDITIONS[0].findall(text), *(found[::-1] for found in _CONDITIONS[1].findall(text))]
    yield from (value for path, value in conditions if says_secret(jsonpath.last_field(path), value))
    for key, value in _ASSIGNED.findall(text):
        yield from literal_secrets([(key, value)]) if says_secret(key) else ()
        yield from inferred(key, value) if not references(value) else ()
    yield from _named_in_tables(text)


def _named_in_tables(text: str) -> Iterator[str]:
    """Yield the values in lists and tables whose names say secret: `tokens = ["..."]`, `[acme.queue.passwords]`."""
    for key, inner in (*_lists(text), *_tables(text)):
        for match in _PART.finditer(inner):
            name = match[1] or key
            value = _unquoted(match[2] or "")
            is_name = key.rpartition(".")[2] == "secrets" and _VARIABLE.fullmatch(value)  # as `required.secrets` has
            if value and not is_name and not says_about(name):
                yield from literal_secrets([(key, value)])
                yield from inferred(key, value) if not references(value) else ()


def _lists(text: str) -> Iterator[tuple[str, str]]:
    """Yield each list and inline table whose key says secret, with its key."""
    end = 0
    while match := _HELD.search(text, end):
        end, depth = match.end(), 0
        if not says_secret(match[1]):
            continue
        for part in _PART.finditer(text, end):
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(part[0], 0)
            if depth == 0:
                break
        start, end = end, part.end()
        yield match[1], text[start:end]


def _tables(text: str) -> Iterator[tuple[str, str]]:
    """Yield what is in each table whose name says secret, with that name."""
    headers = list(_HEADER.finditer(text))
    for header, after in zip_longest(headers, headers[1:]):
        name = header[1].strip(" \t\"'")
        if says_secret(name):
            yield name, text[header.end() : after.start() if after else len(text)]


def _unquoted(text: str) -> str:
    """Return the value of a string of TOML; where it is not valid, what is between its quotes."""
    try:
        return str(tomllib.loads(f"x = {text}")["x"])
    except ValueError:
        return text.strip("\"'")


def secret_equals(policy: Policy) -> dict[KeyPath, str]:
    """Return by its key what a field of an answer has to be whose name says that it holds a secret."""
    held = {path: value for path, _, value in leaves(policy)}
    return {
        path: value
        for path, value in held.items()
        if path[-1] == "equals"
        and isinstance(value, str)
        and says_secret(jsonpath.last_field(held[*path[:-1], "path"]), value)
    }


def _texts(record: Policy | Target) -> Iterator[tuple[str, Any, str]]:
    """Yield every text that a record holds, with its key and its kind."""
    for path, kind, value in leaves(record):
        for text in value if isinstance(value, tuple) else (value,):
            if isinstance(text, str):
                yield str(path[-1]), kind, text


def references(value: str) -> list[str]:
    """Return the environment variables that a header's value takes: `Bearer ${TOKEN}` takes TOKEN."""
    return _REFERENCE.findall(value)


def headers(record: Policy | Target) -> Iterator[tuple[str, str]]:
    """Yield the name and the value of each header of a target, or of all that a policy has."""
    return ((name, text) for name, kind, text in _texts(record) if has_mark(kind, Header))


def header_secrets(policy: Policy) -> list[str]:
    """Return the environment variables that headers take their values from."""
    return _referenced(headers(policy))


def _referenced(pairs: Iterable[tuple[str, str]]) -> list[str]:
    return list(dict.fromkeys(name for _, value in pairs for name in references(value)))


def literal_secrets(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """Return what may be secret of the values of headers in the policy itself: beside `${NAMES}`, and without any."""
    found = []
    for name, value in pairs:
        if _NO_SECRET.fullmatch(name):
            continue
        if not references(value):
            found.append(value)
        found += [part.strip(" :=,;") for part in _literal_parts(value)]
    return [text for text in dict.fromkeys(found) if text]


def _literal_parts(value: str) -> list[str]:
    """Return the parts of a header's value between its references, without the scheme that it begins with."""
    return _REFERENCE.sub("\0", _SCHEME.sub("", value, count=1)).split("\0")


def _filled(pairs: Iterable[tuple[str, str]], environ: Mapping[str, str]) -> Iterator[str]:
    """Yield what is sent where a reference is a part of a word: `Basic abc${VAR}`."""
    for _, value in pairs:
        filled = _REFERENCE.sub(lambda match: (look_up(match[1], environ).text or "").strip(), value)
        if filled != value:
            yield _SCHEME.sub("", filled, count=1)


def shown_header(name: str, value: str) -> str:
    """Return the value of a header as it may be shown: its references, without what may be secret beside them."""
    redactor = Redactor()
    for secret in literal_secrets([(name, value)]):
        redactor.infer(secret)
    return redactor.scrub(value)
