"""The verdict as a message for people elsewhere: short, and made of the verdict document alone."""

from collections.abc import Iterator, Mapping
from typing import Any

from release_sentinel.reports import text
from release_sentinel.vocabulary import BLOCKED, CRITICAL, INCOMPLETE, NOTED, SAFE, Outcome

_MOST = 20  # reasons; the run has the rest
_LONG = 300  # characters of one
_TITLE = 200  # characters

# Longer than the words of the terminal, which shows the reasons right below.
_DECISIONS = {
    BLOCKED: "breaks the release policy and must not go to",
    CRITICAL: "must not go now, because the system is not ready, to",
}
# Who acts (blank: the one who started the run), and what to do.
_TASKS = {
    BLOCKED: ("", "fix the release; a retry does not help"),
    CRITICAL: ("operations", "fix the system, or retry later; the release itself is not at fault"),
    INCOMPLETE: ("", "fix the gate run, and run it again"),
}
_AFTER_DEPLOYMENT = ("operations", "fix the system, or roll the release back")


def title(document: Mapping[str, Any], service: str = "") -> str:
    """Return `BLOCKED: acme/shop v1.0.0 to prod`; `service` is the name of the repository."""
    what = f"{service} {text.shown_version(document['version'])}".strip()
    return cut(f"{document['verdict']}: {what} to {text.shown_env(document['env'])}", service, _TITLE)


def cut(line: str, service: str, room: int) -> str:
    """Return a title in `room` characters: of a longer one, the name of the repository is cut first, then the end."""
    line = " ".join(line.split())
    if service and len(line) > room:
        line = line.replace(service, f"{service[: max(0, len(service) - len(line) + room - 1)]}…", 1)
    return line if len(line) <= room else f"{line[: room - 1]}…"


def body(document: Mapping[str, Any], *, actor: str = "") -> str:
    """Return the lines below the title, the important ones first: the decision, who acts, what was found, the commit.

    `actor` is who started the run.
    """
    found = [*reasons(document, Outcome.FAILED, *NOTED, remedies=True)]
    found += [_short(f"[WARN] {warning}") for warning in document["warnings"]]
    more = [f"… and {len(found) - _MOST} more"] if len(found) > _MOST else []
    branch = f" on {document['branch']}" if document["branch"] else ""
    name = _name(document)
    who, what = task(name, document["mode"], actor)
    lines = [
        _short(decision(name, document["mode"], document["version"], document["env"])),
        _short(f"To do, {who}: {what}") if what else "",
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
                yield "\n".join([_short(f"[{label.upper()}] {gate['id']}: {gate['reason']}") + _excuse(gate), *remedy])
    yield from (_short(f"[INCOMPLETE] {problem}") for problem in document["problems"])


def _excuse(gate: Mapping[str, Any]) -> str:
    """Return until when a waiver or `advise` excuses the failure of a gate; a long reason does not cut this off."""
    if waiver := gate["waiver"]:
        return " " + _short(f"— waived until {waiver['expires']}, by {waiver['owner']}")
    return f" — advised until {gate['advised']}" if gate["advised"] else ""


def is_failure(label: str) -> bool:
    """Tell whether a verdict, by its label, holds a release back; a blank does not."""
    return bool(label) and not label.endswith(SAFE)


def alert_type(document: Mapping[str, Any]) -> str:
    """Return how grave a verdict is: `failure`, `warning`, `success`, or `info` where it decides nothing.

    A PARTIAL run that fails is a failure, too; a preview that fails is a warning, because it judges no release.
    """
    label = str(document["verdict"])
    if is_failure(label):
        return "warning" if document["preview"] else "failure"
    if label != SAFE:
        return "info"
    noted = document["warnings"] or any(gate["outcome"] in NOTED for gate in document["gates"])
    return "warning" if noted else "success"


def decision(name: str, mode: str, version: str, env: str) -> str:
    """Return a verdict in plain words, with the kind of its reasons."""
    if mode == "watch" or name not in _DECISIONS:
        return text.in_words(name, mode, version, env)
    return f"{text.shown_version(version)} {_DECISIONS[name]} {text.shown_env(env)}"


def task(name: str, mode: str, actor: str) -> tuple[str, str]:
    """Return who acts, and what to do; both blank where there is nothing to do. `actor` is who started the run."""
    if name not in _TASKS:
        return "", ""
    who, what = _AFTER_DEPLOYMENT if (name, mode) == (CRITICAL, "watch") else _TASKS[name]
    return who or actor or "the one who started the run", what


def _name(document: Mapping[str, Any]) -> str:
    return str(document["verdict"]).rpartition(" ")[2]


def _short(line: str) -> str:
    line = " ".join(line.split())
    return line if len(line) <= _LONG else f"{line[:_LONG]}…"
