"""What is coloured, and when: one decision for pytest's output, the verdict block and every command. A leaf."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import NamedTuple


class Tone(StrEnum):
    """What a line means. Its words say so too; a colour only repeats them."""

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
