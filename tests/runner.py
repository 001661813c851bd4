"""What GitHub's runner makes of a step's output: its commands, by the rules of its own parser."""

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """One workflow command, unescaped."""

    name: str
    properties: dict[str, str]
    message: str


def commands(output: str) -> list[Command]:
    """Return the commands that the runner obeys; between `stop-commands` and its token it obeys none."""
    found, token = [], ""
    for command in _parsed(output):
        if token:
            token = "" if command.name == token else token
        elif command.name == "stop-commands":
            token = command.message
        else:
            found.append(command)
    return found


def _parsed(output: str) -> Iterator[Command]:
    for line in re.split(r"\r\n|\r|\n", output):
        if match := re.fullmatch(r"\s*::([\w-]+)(?: (.*?))?::(.*)", line):
            name, properties, message = match.groups()
            pairs = (pair.partition("=") for pair in (properties or "").split(",") if pair)
            yield Command(name, {key.strip(): _plain(value) for key, _, value in pairs}, _plain(message))
        elif match := re.search(r"##\[([\w-]+)(?: (.*?))?\](.*)", line):  # the older form, anywhere in a line
            yield Command(match[1], {}, match[3])


def _plain(text: str) -> str:
    for code, character in {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ",", "%25": "%"}.items():
        text = text.replace(code, character)
    return text
