"""The pipe on which a gate run sends further secrets to its parent, before it prints them."""

import json
import os
import re
from collections.abc import MutableMapping
from contextlib import suppress
from threading import Lock

from release_sentinel.redaction.redactor import Redactor
from release_sentinel.vocabulary import SECRETS

_CHUNK = 1 << 16  # bytes


class SecretChannel:
    """The parent's end of a pipe, `source`: what arrives is told to the redactor. The child inherits the other end.

    A text is a secret; a list holds words that are public.
    """

    def __init__(self, redactor: Redactor, source: int) -> None:
        os.set_blocking(source, False)
        self._source, self._redactor, self._rest, self._lock = source, redactor, b"", Lock()

    def learn(self) -> None:
        """Learn what has arrived by now."""
        with self._lock:
            with suppress(OSError):
                while data := os.read(self._source, _CHUNK):
                    self._rest += data
            *arrived, self._rest = self._rest.split(b"\n")
            for line in arrived:
                with suppress(ValueError):
                    self._take(json.loads(line))

    def _take(self, message: str | list[str]) -> None:
        if isinstance(message, list):
            self._redactor.protect(map(str, message))
        else:
            self._redactor.add(str(message))

    def close(self) -> None:
        """Stop listening: the file descriptor may become another file."""
        with self._lock:
            self._source = -1


class SecretSender:
    """The child's end. Where no parent listens, nothing is sent."""

    def __init__(self, environ: MutableMapping[str, str]) -> None:
        number = environ.pop(SECRETS, "")  # what the run starts itself must not see it
        self._target = int(number) if re.fullmatch(r"[0-9]{1,9}", number) else None
        if self._target is not None:
            with suppress(OSError):
                os.set_inheritable(self._target, False)  # noqa: FBT003 - takes no keywords

    def send(self, message: str | list[str]) -> None:
        """Send the parent one secret, or a list of public words."""
        if self._target is not None:
            with suppress(OSError):  # the parent is gone, or its pipe is full
                os.write(self._target, json.dumps(message).encode() + b"\n")
