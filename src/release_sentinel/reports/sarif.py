"""The verdict as SARIF 2.1.0, for views of code scanning: what failed, what warned, and what made the run incomplete.

Never greener than the exit code: unless the run is SAFE there is an error. Within GitHub's limits: every result has one
location with a path below the top of the repository, and a fingerprint of its own, which keeps its alert over runs.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote

from release_sentinel import __version__, gates
from release_sentinel.config.unread import OWN, SHARED
from release_sentinel.redacted import RedactedVerdict
from release_sentinel.reports.text import sentence
from release_sentinel.verdict import GateResult
from release_sentinel.vocabulary import INCOMPLETE, NOTED, Outcome

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
VERDICT = "release-sentinel/verdict"  # the rule for problems of the run itself; no gate has such an id
MOST_RESULTS = 5000  # that GitHub shows; it refuses a file with more than 25,000
LONGEST = 1000  # characters of a text; GitHub refuses descriptions above 1024
_LONGEST_ID = 255

_LEVELS = {Outcome.FAILED: "error", **dict.fromkeys(NOTED, "warning")}
_VERDICT_TEXTS = (
    "The run is complete, and its verdict SAFE.",
    "an incomplete run proves nothing.",
    "fix the pipeline.",
)


class Result(NamedTuple):
    """One result. `identity` tells it from others of its rule, in every run; `excuse` is why it is waived."""

    rule: str
    level: str
    text: str
    identity: str
    excuse: str = ""


def sarif(verdict: RedactedVerdict) -> str:
    """Return the log, with one run."""
    found = sorted(_results(verdict), key=lambda result: result.level)[:MOST_RESULTS]  # errors come first
    rules = {rule: index for index, rule in enumerate(dict.fromkeys(result.rule for result in found))}
    run = {
        "tool": {"driver": {"name": "release-sentinel", "version": __version__, "rules": [*map(_rule, rules)]}},
        "automationDetails": {"id": _category(verdict)},
        "invocations": [_invocation(verdict)],
        "versionControlProvenance": _provenance(verdict),
        "results": [_result(result, rules, verdict) for result in found],
        "columnKind": "unicodeCodePoints",
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, allow_nan=False) + "\n"


def _results(verdict: RedactedVerdict) -> Iterator[Result]:
    for gate in verdict.having(*_LEVELS):
        excuse = gate.full_reason if gate.waiver else ""
        yield Result(_stem(gate.id), _LEVELS[gate.outcome], _words(gate), gate.id, excuse)
    for number, problem in enumerate(verdict.problems):
        yield Result(VERDICT, "error", f"INCOMPLETE: {problem}", f"problem {number}")
    for number, warning in enumerate(verdict.warnings):
        yield Result(VERDICT, "warning", warning, f"warning {number}")
    if verdict.exit_code and not (verdict.problems or verdict.having(Outcome.FAILED)):
        yield Result(VERDICT, "error", sentence(verdict), "verdict")


def _words(gate: GateResult) -> str:
    label, _, rest = gate.headline.partition("] ")
    return f"{label.removeprefix('[')} {rest}{f' -> {gate.remedy}' if gate.remedy else ''}"


def _stem(gate: str) -> str:
    return gate.partition("[")[0][:_LONGEST_ID]


def _category(verdict: RedactedVerdict) -> str:
    """Return the category: GitHub replaces earlier results of the same one, so of the same environment and mode."""
    mode = "" if verdict.mode == "release" else f"{verdict.mode}/"
    return f"release-sentinel/{quote(verdict.release.env, safe='')}/{mode}"


def _invocation(verdict: RedactedVerdict) -> dict[str, Any]:
    return {
        "executionSuccessful": verdict.name != INCOMPLETE,
        "exitCode": verdict.exit_code,
        "exitCodeDescription": verdict.label,
        "startTimeUtc": f"{verdict.started:%Y-%m-%dT%H:%M:%SZ}",
        "endTimeUtc": f"{verdict.ended:%Y-%m-%dT%H:%M:%SZ}",
    }


def _provenance(verdict: RedactedVerdict) -> list[dict[str, str]]:
    """Return what was judged; nothing if the address of the remote is not one that others can use."""
    remote, release = verdict.provenance.remote, verdict.release
    if scp := re.fullmatch(r"([\w.-]+@)?([\w.-]{2,}):(?!//)(.+)", remote):
        remote = f"ssh://{scp[1] or ''}{scp[2]}/{scp[3].lstrip('/')}"
    if not re.match(r"(https?|ssh|git)://", remote):
        return []
    whole = re.sub("%(?![0-9A-Fa-f]{2})", "%25", remote)
    facts = {
        "repositoryUri": quote(whole, safe="/:@?=&%+~[]"),
        "revisionId": release.commit,
        "branch": release.branch,
    }
    return [{name: fact for name, fact in facts.items() if fact}]


def _rule(name: str) -> dict[str, Any]:
    """Return the rule: what a built-in gate requires, why, and how to fix a failure, as `explain` prints it."""
    title, why, remedy = _texts(name)
    requires = f"Gate {name} requires: {title}"
    return {
        "id": name,
        "shortDescription": {"text": _text(requires)},  # the title of an alert: it must not read as a pass
        "fullDescription": {"text": _text(f"{requires} Why: {why}" if why else requires)},
        "help": {"text": _text(f"To fix: {remedy}" if remedy else "See the message.")},
        "properties": {"tags": ["release"]},
    }


def _texts(rule: str) -> tuple[str, str, str]:
    if rule == VERDICT:
        return _VERDICT_TEXTS
    try:
        gate = gates.find(rule)
    except LookupError:  # the repository's own
        return "What its test says.", "", ""
    return gate.title, gate.section("Why"), gate.section("Remedy")


def _result(result: Result, rules: dict[str, int], verdict: RedactedVerdict) -> dict[str, Any]:
    mark = "" if verdict.mode == "release" else f"{verdict.mode.upper()} "
    excused = [{"kind": "external", "status": "accepted", "justification": result.excuse}] if result.excuse else []
    policy = next((one.name for one in reversed(verdict.provenance.policies)), "")
    uri = policy if policy in {OWN, SHARED} else OWN
    digest = hashlib.sha256(f"{result.rule}\n{result.identity}".encode()).hexdigest()
    return {
        "ruleId": result.rule,
        "ruleIndex": rules[result.rule],
        "level": result.level,
        "message": {"text": _text(f"{mark}{result.text}")},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": 1}}}],
        "partialFingerprints": {"primaryLocationLineHash": f"{digest[:32]}:1"},
        **({"suppressions": excused} if excused else {}),
    }


def _text(text: str) -> str:
    r"""Return a text without placeholders and links: `{` is doubled, `[` is `\[` (SARIF 3.11.5, 3.11.6)."""
    short = text if len(text) <= LONGEST else f"{text[: LONGEST - 2]} …"
    return re.sub(r"([\\\[\]])", r"\\\1", short).replace("{", "{{").replace("}", "}}")
