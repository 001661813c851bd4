"""The verdict as an in-toto statement about the commit, to be signed: the test-result predicate, version 0.1.

https://github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md. The same verdict always makes the same
text; the time is the business of the signer.
"""

import json
from typing import Any

from release_sentinel.observe.installed import NAME, Origin, origin, tree_digest
from release_sentinel.redacted import RedactedVerdict
from release_sentinel.redaction import without_credentials
from release_sentinel.verdict import GateResult
from release_sentinel.vocabulary import NOTED, SAFE, Outcome

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"


def attestation(verdict: RedactedVerdict) -> str:
    """Return the statement as JSON text.

    Where no commit was seen it has no subject: it then speaks of nothing, and says FAILED.
    """
    return json.dumps(statement(verdict), indent=2, sort_keys=True, allow_nan=False) + "\n"


def statement(verdict: RedactedVerdict) -> dict[str, Any]:
    """Return the statement as JSON types."""
    return {
        "_type": STATEMENT,
        "subject": _subject(verdict),
        "predicateType": PREDICATE,
        "predicate": _predicate(verdict),
    }


def _subject(verdict: RedactedVerdict) -> list[dict[str, Any]]:
    commit = verdict.release.commit
    if not commit:
        return []
    name = verdict.provenance.remote or verdict.release.repository.rstrip("/").rpartition("/")[2]
    return [{"name": name or "_", "digest": {"gitCommit": commit}}]


def _predicate(verdict: RedactedVerdict) -> dict[str, Any]:
    safe = verdict.name == SAFE and not (verdict.partial or verdict.preview)
    warned = _ids(verdict.having(*NOTED))
    failed = {*_ids(verdict.having(Outcome.FAILED)), *(missing.gate for missing in verdict.missing)}
    url = {"url": verdict.provenance.url} if verdict.provenance.url else {}
    return {
        "result": "FAILED" if not safe else "WARNED" if warned or verdict.warnings else "PASSED",
        "configuration": _configuration(verdict),
        "passedTests": _ids(verdict.having(Outcome.PASSED)),
        "warnedTests": warned,
        # A reader of this list alone must not take a run for good because no single gate failed.
        "failedTests": sorted(failed) if safe or failed else ["verdict"],
        **url,
    }


def _configuration(verdict: RedactedVerdict) -> list[dict[str, Any]]:
    """Return what the gates were run by, with what they were asked, the policy files (bases first) and the packs."""
    asked = {"env": verdict.release.env, "version": verdict.release.version, "verdict": verdict.label}
    tool = {"name": NAME, **_tool(origin()), "annotations": asked}
    policies = [{"name": one.name, "digest": {"sha256": one.sha256}} for one in verdict.provenance.policies]
    packs = [
        {"name": one.distribution, "digest": {"dirHash": one.digest}, "annotations": {"version": one.version}}
        for one in verdict.provenance.packs
    ]
    return [tool, *policies, *packs]


def _tool(installed: Origin) -> dict[str, Any]:
    """Return which program judged: the digest of its files; and the Git URL or archive that pip recorded (PEP 610).

    An index is not recorded, so no package URL is known to be true.
    """
    digest = {"dirHash": tree_digest()}
    if installed.url.startswith("file:"):
        return {"digest": digest}
    if installed.is_git and installed.commit:
        uri = f"git+{installed.url.removeprefix('git+')}@{installed.commit}"
        return {"uri": without_credentials(uri), "digest": {**digest, "gitCommit": installed.commit}}
    return {"uri": without_credentials(installed.url), "digest": digest} if installed.sha256 else {"digest": digest}


def _ids(gates: tuple[GateResult, ...]) -> list[str]:
    return sorted(gate.id for gate in gates)
