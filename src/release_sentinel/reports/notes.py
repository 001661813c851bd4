"""The notes of a release, for its readers: what changed, and a line on the verdict. Nothing of hosts or services."""

import re
from collections.abc import Mapping
from typing import Any

from release_sentinel.config.kinds import NOTES

DEFAULT = "{changes}\n\n{verdict}"
_PLACE = re.compile(rf"\{{({'|'.join(NOTES)})\}}")


def notes(document: Mapping[str, Any], changes: str, *, template: str = "", url: str = "") -> str:
    """Return the notes as Markdown: `template` (see `DEFAULT`) filled with the changes and a verdict document.

    `url` is the page of the run; the link is blank without one.
    """
    values = {
        "changes": changes.strip(),
        "verdict": _verdict(document, url),
        "link": url,
        "version": document["version"],
        "env": document["env"],
        "commit": document["commit"],
        "date": document["ended"][:10],
    }
    filled = _PLACE.sub(lambda match: str(values[match[1]]), template or DEFAULT)
    return re.sub(r"\n{3,}", "\n\n", filled).strip() if not changes else filled.strip()


def _verdict(document: Mapping[str, Any], url: str) -> str:
    """Return the line about the verdict: the commit, when it was judged, for what, and the link to the run."""
    gates = f"{len(document['gates'])} gates"
    seen = f"[{gates}]({url})" if url else gates
    judged = f"commit {document['commit'][:12]} was judged {document['verdict']} for {document['env']}"
    return f"Release gate: {judged} on {document['ended'][:10]}, by {seen}."
