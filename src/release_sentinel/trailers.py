"""The lines by which the message of a tag records its verdict, and by which a later run knows the tag."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

_LINE = re.compile(r"Release-(Verdict|Env|Commit|Judged): (.+)")


class Recorded(Struct, frozen=True):
    """What a tag says of the run that made it; blank where it does not. `judged` is when, and by what."""

    verdict: str = ""
    env: str = ""
    commit: str = ""
    judged: str = ""

    def is_of(self, env: str, commit: str) -> bool:
        """Whether the tag is that of a SAFE verdict about this commit in this environment."""
        return self.verdict.startswith("SAFE ") and (self.env, self.commit) == (env, commit)


def trailers(document: Mapping[str, Any], passed: int) -> Iterator[str]:
    """Yield the lines for a verdict document of `passed` gates."""
    yield f"Release-Verdict: {document['verdict']} (exit {document['exit_code']}), {passed} gates"
    yield f"Release-Env: {document['env']}"
    yield f"Release-Commit: {document['commit']}"
    yield f"Release-Judged: {document['ended']}, by {document['tool']}"


def recorded(message: str) -> Recorded:
    """Return what the message of a tag records; the first line of each kind counts, reasons may follow."""
    found: dict[str, str] = {}
    for line in message.split("\n"):
        if match := _LINE.fullmatch(line):
            found.setdefault(match[1].lower(), match[2])
    return Recorded(**found)
