"""The verdict as a message for people who are somewhere else: short, and of the verdict document alone."""

from collections.abc import Iterator, Mapping
from typing import Any

from release_sentinel.vocabulary import SAFE, Outcome

_MOST = 20  # reasons; who has more looks at the run
_LONG = 300  # characters of one


def title(document: Mapping[str, Any]) -> str:
    """Return `BLOCKED: v1.0.0 to prod`."""
    version, env = document["version"] or "(no version)", document["env"] or "(no environment)"
    return f"{document['verdict']}: {version} to {env}"


def body(document: Mapping[str, Any], *, url: str = "", actor: str = "") -> str:
    """Return the lines below the title: commit, who triggered the run, what was found, and where to look."""
    found = [*reasons(document, Outcome.FAILED, Outcome.WAIVED, Outcome.WARNED)]
    more = [f"… and {len(found) - _MOST} more"] if len(found) > _MOST else []
    branch = f" on {document['branch']}" if document["branch"] else ""
    lines = [
        f"commit {document['commit'][:12]}{branch}" if document["commit"] else "no commit was seen",
        f"started by {actor}" if actor else "",
        *found[:_MOST],
        *more,
        f"run: {url}" if url else "",
    ]
    return "\n".join(line for line in lines if line)


def reasons(document: Mapping[str, Any], *outcomes: Outcome) -> Iterator[str]:
    """Yield a line for each gate with one of these outcomes, and for what made the run incomplete."""
    for outcome in outcomes:
        for gate in document["gates"]:
            if gate["outcome"] == outcome:
                label = gate["kind"] if outcome is Outcome.FAILED else outcome
                yield _short(f"[{label.upper()}] {gate['id']}: {gate['reason']}")
    yield from (_short(f"[INCOMPLETE] {problem}") for problem in document["problems"])


def is_failure(label: str) -> bool:
    """Tell whether a verdict, by its label, holds a release back; none at all does not."""
    return bool(label) and not label.endswith(SAFE)


def _short(line: str) -> str:
    line = " ".join(line.split())
    return line if len(line) <= _LONG else f"{line[:_LONG]}…"
