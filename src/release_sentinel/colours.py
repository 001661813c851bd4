"""What is coloured, and when: one decision for pytest's output, the verdict block and every command. A leaf."""

import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import NamedTuple, TextIO


class Tone(StrEnum):
    """What a line means, and how it is coloured; its words say the same."""

    SAFE = "green bold"
    BLOCKED = "red bold"
    CRITICAL = "purple bold"
    INCOMPLETE = "yellow bold"
    POLICY_FAILED = "red"
    CRITICAL_FAILED = "purple"
    NOTED = "yellow"
    REMEDY = "cyan"
    PLAIN = ""


class Rule(NamedTuple):
    """A variable that decides on colours: `decide` takes its value, and returns None where it leaves that open."""

    variable: str
    meaning: str
    decide: Callable[[str], bool | None]


# The first that decides counts. pytest's own come in pytest's order.
RULES = (
    Rule("PY_COLORS", "`1`: colours; `0`: none", {"1": True, "0": False}.get),
    Rule("NO_COLOR", "any value: no colours", lambda value: False if value else None),
    Rule("FORCE_COLOR", "any value: colours, also in a file or a CI log", lambda value: True if value else None),
    Rule("CLICOLOR_FORCE", "any value but `0`: the same", lambda value: None if value in {"", "0"} else True),
    Rule("CLICOLOR", "`0`: no colours", {"0": False}.get),
    Rule("TERM", "`dumb`: no colours, and no line that changes", {"dumb": False}.get),
)


def wanted(environ: Mapping[str, str], *, terminal: bool, option: str = "auto") -> bool:
    """Return whether output is coloured: as `--color` (yes, no, auto) or a variable says, else on a terminal."""
    if option in {"yes", "no"}:
        return option == "yes"
    said = (rule.decide(environ.get(rule.variable, "")) for rule in RULES)
    return next((one for one in said if one is not None), terminal)


_CODES = {"bold": 1, "red": 31, "green": 32, "yellow": 33, "purple": 35, "cyan": 36}


def understood(environ: Mapping[str, str]) -> bool:
    """Return whether a terminal takes escape sequences as they are: older consoles of Windows show them as text."""
    return sys.platform != "win32" or "WT_SESSION" in environ


def painted(text: str, tone: Tone, file: TextIO, environ: Mapping[str, str]) -> str:
    """Return what a command writes to a file that shows a text, in the colour of its tone or in none."""
    if not tone or not wanted(environ, terminal=file.isatty() and understood(environ)):
        return text
    codes = ";".join(str(_CODES[name]) for name in tone.split())
    return f"\x1b[{codes}m{text}\x1b[0m"
