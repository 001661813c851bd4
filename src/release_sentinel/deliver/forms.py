"""How a message is written for a receiver: plain text or Markdown, and never as a mention, link or markup by others."""

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from msgspec import Struct

_MARKUP = re.compile(r"([\\`*_\[\]<>~|#])")
_WORD_BREAK = "\u200b"  # has no width
_CUT = "… cut here: see the run"


class Form(Struct, frozen=True):
    """What a kind of receiver shows. `format` is apprise's, `address` asks for it."""

    address: str
    format: str
    inert: Callable[[str], str]  # takes the effect out of a text that others wrote
    newline: str = "\n"

    def written(self, text: str, link: str, room: int) -> str:
        """Return a text and the link to the run in `room` characters; where it is too long its last lines go."""
        last = f"run: {link}" if link else ""
        room -= len(self.newline) + len(last) if last else 0
        lines, kept = text.split("\n"), list[str]()
        for number, line in enumerate(map(self.inert, lines)):
            rest = len(self.newline) + len(_CUT) if number + 1 < len(lines) else 0
            if len(self.newline.join([*kept, line])) + rest > room:
                kept.append(_CUT)
                break
            kept.append(line)
        return self.newline.join([*kept, *([last] if last else [])])


def form_of(address: str) -> Form:
    """Return how a message to an address is written."""
    scheme = address.partition("://")[0].lower()
    if scheme == "discord":
        # An embed has a colour, and mentions within it call no one.
        given = parse_qs(urlsplit(address).query)
        more = "" if "format" in given else f"{'&' if '?' in address else '?'}format=markdown"
        return Form(f"{address}{more}", "markdown", _inert_markdown)
    if scheme in {"workflow", "workflows", "msteams"}:
        return Form(address, "markdown", _inert_markdown, "\n\n")
    if scheme in _VERBATIM:
        return Form(address, "text", str)
    return Form(address, "text", _inert)


# They show text as it is, or machines read it. Every other kind may be a chat.
_VERBATIM = {"json", "jsons", "xml", "xmls", "form", "forms", "mailto", "mailtos"}
_VERBATIM |= {"pagerduty", "opsgenie", "splunk", "victorops"}


def _inert(text: str) -> str:
    """Return a text in which no chat finds a mention or a link; apprise escapes what plain text needs besides."""
    return text.replace("@", f"@{_WORD_BREAK}").replace("<!", f"<{_WORD_BREAK}!").replace("://", f":{_WORD_BREAK}//")


def _inert_markdown(text: str) -> str:
    return _MARKUP.sub(r"\\\1", _inert(text))
