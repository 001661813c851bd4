"""Text from elsewhere (files, servers, other programs) as lines. A leaf.

`str.splitlines` also splits at characters that are part of a line for every program that writes lines: form feeds,
U+2028 and others.
"""

import re

LONGEST = 2000  # characters of a text that is shown on one line
_COMMAND = re.compile(r"#(?=#)|^\s*:(?=:)")


def split(text: str) -> list[str]:
    """Return the lines of a text, which end in a newline, or in a carriage return and a newline."""
    return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")] if text else []


def visible(text: str) -> str:
    """Return a text with control characters, and all that ends or turns a line, escaped."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


def one_line(text: str, longest: int = LONGEST) -> str:
    """Return a text on one line, which is not too long.

    It is cut before a word where one begins in its second half: the beginning of a short secret would stay.
    """
    text = visible(text.strip())
    if len(text) <= longest:
        return text
    blank = text.rfind(" ", longest // 2, longest + 1)
    return f"{text[: blank if blank > 0 else longest].rstrip()} …"


def harmless(line: str) -> str:
    """Return a line for the log of a CI job, of which no runner takes a part as a command.

    Runners obey `##[…]`, `##vso[…]` and `##teamcity[…]` anywhere in a line, and `::…::` at its begin, after blanks too.
    """
    return _COMMAND.sub(r"\g<0> ", line)


def foreign(text: object, longest: int = LONGEST) -> str:
    """Return what a file says, on one harmless line."""
    return harmless(one_line(str(text), longest))
