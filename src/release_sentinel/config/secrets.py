"""The secrets of this run, by the policy and the environment, collected before anything is shown."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from release_sentinel.config.kinds import Header, SecretAddress
from release_sentinel.config.load import load_policy
from release_sentinel.config.model import NEEDED_BY, Policy
from release_sentinel.config.read import has_mark, leaves
from release_sentinel.config.targets import Target
from release_sentinel.config.variables import look_up
from release_sentinel.errors import InvalidPolicyError
from release_sentinel.redaction import MASK, Redactor

NOTIFY = "RS_NOTIFY_URLS"
_REFERENCE = re.compile(r"\$\{([A-Za-z_]\w*)\}")
_SECRET_NAME = re.compile(r"auth|cookie|token|key|secret|passw", re.IGNORECASE)
_PARTS = re.compile(r"[/?&=@#:,]+")
_HOST = re.compile(r"localhost|[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")  # a token in its place has no dot
_TOKEN = 8  # characters
_LONGEST = 1 << 20  # bytes of a file of Git's configuration


def known_secrets(environ: Mapping[str, str] | None = None) -> Redactor:
    """Return a redactor of the secrets of the environment alone; for a policy that is not valid, by the defaults."""
    environ = os.environ if environ is None else environ
    try:
        policy = load_policy(environ)
    except InvalidPolicyError:
        policy = Policy()
    redactor = Redactor()
    learn(redactor, policy, environ)
    return redactor


def learn(redactor: Redactor, policy: Policy, environ: Mapping[str, str] | None = None) -> None:
    """Add the policy's secrets, also those in files, and the credentials of every URL that is known.

    What cannot be used as a value, such as a file that is not UTF-8, is a secret, too.
    """
    environ = os.environ if environ is None else environ
    held = list(_texts(policy))
    in_headers = [(name, text) for name, kind, text in held if has_mark(kind, Header)]
    names = [*policy.required.secrets, *_referenced(in_headers), "GITHUB_TOKEN"]  # GitHub releases use it
    for value in (*(text for name in names for text in look_up(name, environ).found), *literal_secrets(in_headers)):
        redactor.add(value)
    for address in (*(text for _, kind, text in held if has_mark(kind, SecretAddress)), *addresses(environ)):
        for secret in secrets_of(address):
            redactor.add(secret)
    files = (look_up(name, environ).text or "" for name in {*policy.required.settings, *NEEDED_BY})
    for text in (*environ.values(), *files, *(text for _, _, text in held)):
        redactor.add_url(text)


def learn_remotes(redactor: Redactor, top: Path) -> None:
    """Add the credentials that Git's configuration holds: that of the clone at `top`, and the user's."""
    for name in (str(top / ".git" / "config"), "~/.gitconfig", "~/.config/git/config"):
        text = _content(os.path.expanduser(name))  # noqa: PTH111 - Path.expanduser raises where there is no home
        for url in re.findall(r"\w[\w+.-]{0,40}://[^\s\"]+", text):
            redactor.add_url(url)
        for header in re.findall(r"(?im)^\s*extraheader\s*=\s*\"?[\w-]+:\s*(?:\w+\s+)?([^\s\"]+)", text):
            redactor.add(header)


def _content(path: str) -> str:
    """Return the text of a configuration file of Git, or nothing where it cannot be read."""
    with suppress(OSError, ValueError):
        if Path(path).is_file():  # reading a pipe would hang the run
            with Path(path).open("rb") as file:
                return file.read(_LONGEST).decode(errors="surrogateescape")
    return ""


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
    """Return the values that are in the policy itself, in headers whose names say that they carry secrets."""
    values = [value for name, value in pairs if _SECRET_NAME.search(name) and not references(value)]
    return [word for value in values for word in (value, value.rpartition(" ")[2])]


def addresses(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the addresses for notifications that the environment names, valid or not."""
    words = (look_up(NOTIFY, environ).text or "").split(",")
    return tuple(word.strip() for word in words if word.strip())


def secrets_of(address: str) -> Iterator[str]:
    """Yield what has to be hidden of an address: all of it except a plain host, and each part that can be a token."""
    _, separator, rest = address.partition("://")
    place, slash, path = rest.partition("/") if separator else ("", "", address)
    user, _, host = place.rpartition("@")
    plain = _HOST.fullmatch(host.partition(":")[0])
    yield from (user, slash + path) if plain else (address, rest)
    yield from (part for part in _PARTS.split(rest) if len(part) >= _TOKEN and not _HOST.fullmatch(part))


def shown(address: str) -> str:
    """Return an address as it may be shown: its scheme."""
    scheme, separator, _ = address.partition("://")
    return f"{scheme}{separator}{MASK}" if separator else MASK
