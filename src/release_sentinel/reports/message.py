"""The verdict as a message for people who are somewhere else: short, and of the verdict document alone."""

from collections.abc import Iterator, Mapping
from typing import Any

from release_sentinel.vocabulary import BLOCKED, CRITICAL, INCOMPLETE, SAFE, Outcome

_MOST = 20  # reasons; who has more looks at the run
_LONG = 300  # characters of one
_TITLE = 200  # characters

_DECISIONS = {
    SAFE: "may go to",
    BLOCKED: "breaks the release policy and must not go to",
    CRITICAL: "must not go now, because the system is not ready, to",
    INCOMPLETE: "was not fully judged and must not go to",
}
# Who acts, `{actor}` being who started the run, and on what.
_TASKS = {
    BLOCKED: "{actor}: fix the release; a retry does not help",
    CRITICAL: "operations: fix the system, or retry later; the release itself is not at fault",
    INCOMPLETE: "{actor}: fix the gate run, and run it again",
}


def title(document: Mapping[str, Any], service: str = "") -> str:
    """Return `BLOCKED: acme/shop v1.0.0 to prod`; `service` is the name of the repository."""
    what = f"{service} {document['version'] or '(no version)'}".strip()
    return cut(f"{document['verdict']}: {what} to {document['env'] or '(no environment)'}", service, _TITLE)


def cut(line: str, service: str, room: int) -> str:
    """Return a title in `room` characters: of a longer one the name of the repository gives way, then its end."""
    line = " ".join(line.split())
    if service and len(line) > room:
        line = line.replace(service, f"{service[: max(0, len(service) - len(line) + room - 1)]}…", 1)
    return line if len(line) <= room else f"{line[: room - 1]}…"


def body(document: Mapping[str, Any], *, actor: str = "") -> str:
    """Return the lines below the title, the important ones first: the decision, who acts, what was found, the commit.

    `actor` is who started the run.
    """
    found = [*reasons(document, Outcome.FAILED, Outcome.WAIVED, Outcome.WARNED, remedies=True)]
    found += [_short(f"[WARN] {warning}") for warning in document["warnings"]]
    more = [f"… and {len(found) - _MOST} more"] if len(found) > _MOST else []
    branch = f" on {document['branch']}" if document["branch"] else ""
    name = _name(document)
    task = _TASKS[name].format(actor=actor or "the one who started the run") if name in _TASKS else ""
    lines = [
        _short(_decision(document, name)),
        _short(f"To do, {task}") if task else "",
        *found[:_MOST],
        *more,
        f"commit {document['commit'][:12]}{branch}" if document["commit"] else "no commit was seen",
        f"started by {actor}" if actor else "",
    ]
    return "\n".join(line for line in lines if line)


def reasons(document: Mapping[str, Any], *outcomes: Outcome, remedies: bool = False) -> Iterator[str]:
    """Yield a line for each gate with these outcomes, and what made the run incomplete; `remedies` adds them."""
    for outcome in outcomes:
        for gate in document["gates"]:
            if gate["outcome"] == outcome:
                label = gate["kind"] if outcome is Outcome.FAILED else outcome
                remedy = [_short(f"-> {gate['remedy']}")] if remedies and gate["remedy"] else []
                yield "\n".join([_short(f"[{label.upper()}] {gate['id']}: {gate['reason']}"), *remedy])
    yield from (_short(f"[INCOMPLETE] {problem}") for problem in document["problems"])


def is_failure(label: str) -> bool:
    """Tell whether a verdict, by its label, holds a release back; none at all does not."""
    return bool(label) and not label.endswith(SAFE)


def alert_type(document: Mapping[str, Any]) -> str:
    """Return how grave a verdict is: `failure`, `warning`, `success`, or `info` where it decides nothing.

    A run of chosen gates only (PARTIAL) that fails is a failure all the same; a preview judges no release.
    """
    label = str(document["verdict"])
    if is_failure(label):
        return "warning" if document["preview"] else "failure"
    if label != SAFE:
        return "info"
    shown = {Outcome.WARNED, Outcome.WAIVED}
    noted = document["warnings"] or any(gate["outcome"] in shown for gate in document["gates"])
    return "warning" if noted else "success"


def _name(document: Mapping[str, Any]) -> str:
    return str(document["verdict"]).rpartition(" ")[2]


def _decision(document: Mapping[str, Any], name: str) -> str:
    """Return the verdict in plain words."""
    what, where = document["version"] or "(no version)", document["env"] or "(no environment)"
    if name == SAFE and document["partial"]:
        return f"{what} to {where} passed the chosen gates, not all of them"
    if name == SAFE and document["preview"]:
        return f"{what} may go to {where} as far as a preview can say"
    return f"{what} {_DECISIONS.get(name, 'must not go to')} {where}"


def _short(line: str, long: int = _LONG) -> str:
    line = " ".join(line.split())
    return line if len(line) <= long else f"{line[:long]}…"
