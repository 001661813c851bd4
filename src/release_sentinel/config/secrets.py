"""What this run has to keep to itself: told by the policy and the environment, before anything is shown."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from release_sentinel.config.headers import header_secrets, literal_secrets
from release_sentinel.config.load import load_policy
from release_sentinel.config.model import Policy
from release_sentinel.config.notifications import addresses, secrets_of
from release_sentinel.config.values import look_up
from release_sentinel.errors import InvalidPolicyError
from release_sentinel.redaction import Redactor

_LONGEST = 1 << 20  # bytes of a file that holds a secret


def known_secrets(environ: Mapping[str, str] | None = None) -> Redactor:
    """Return a redactor of what the environment alone tells; of a policy that is not valid, by its defaults."""
    environ = os.environ if environ is None else environ
    try:
        policy = load_policy(environ)
    except InvalidPolicyError:
        policy = Policy()
    redactor = Redactor()
    learn(redactor, policy, environ)
    return redactor


def learn(redactor: Redactor, policy: Policy, environ: Mapping[str, str] | None = None) -> None:
    """Teach `redactor` the policy's secrets, also those in files, and the credentials of every URL that is known."""
    environ = os.environ if environ is None else environ
    for name in policy.required.secrets:
        redactor.add(environ.get(name, ""))
        if path := environ.get(f"{name}_FILE"):
            redactor.add(_content(path))
    for value in (*(look_up(name, environ).text or "" for name in header_secrets(policy)), *literal_secrets(policy)):
        redactor.add(value)
    redactor.add(environ.get("GITHUB_TOKEN", ""))  # releases are made with it
    for address in (*policy.notify.urls, *addresses(environ)):
        for secret in secrets_of(address):
            redactor.add(secret)
    files = (look_up(name, environ).text or "" for name in policy.required.settings)
    for text in (*environ.values(), *files, *_texts(policy)):
        redactor.add_url(text)


def learn_remotes(redactor: Redactor, top: Path) -> None:
    """Teach `redactor` the credentials that Git's configuration holds: that of the clone at `top`, and the user's."""
    for name in (str(top / ".git" / "config"), "~/.gitconfig", "~/.config/git/config"):
        text = _content(os.path.expanduser(name))  # noqa: PTH111 - Path.expanduser raises where there is no home
        for url in re.findall(r"\w[\w+.-]*://[^\s\"]+", text):
            redactor.add_url(url)
        for header in re.findall(r"(?im)^\s*extraheader\s*=\s*\"?[\w-]+:\s*(?:\w+\s+)?([^\s\"]+)", text):
            redactor.add(header)


def _content(path: str) -> str:
    """Return the text of a file, or nothing: that it cannot be read is the business of the gate `configuration`."""
    with suppress(OSError, ValueError):
        if Path(path).is_file():  # a pipe would hold the run
            with Path(path).open("rb") as file:
                return file.read(_LONGEST).decode(errors="surrogateescape")
    return ""


def _texts(value: Any) -> Iterator[str]:
    """Yield every text that a policy holds."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, tuple | list | set | frozenset):
        for item in value:
            yield from _texts(item)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _texts(getattr(value, field.name))
