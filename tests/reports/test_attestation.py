"""The verdict as an in-toto statement: valid by the published specification, and never greener than the verdict."""

import json
from datetime import timedelta
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from release_sentinel.observe.installed import Origin, tree_digest
from release_sentinel.redacted import RedactedVerdict, redact
from release_sentinel.redaction import Redactor
from release_sentinel.reports import attestation as module
from release_sentinel.reports.attestation import attestation, statement
from release_sentinel.verdict import PolicyFile, Provenance, Release, unfinished
from tests.reports.samples import CLOSE, DIRTY, PASSED, RELEASE, SAMPLES, WAIVED, verdict

# https://github.com/in-toto/attestation/blob/main/spec/v1/resource_descriptor.md, digest_set.md, statement.md and
# spec/predicates/test-result.md, which are prose, as a schema.
HEX = {"type": "string", "pattern": "^[0-9a-f]+$"}
URI = {"type": "string", "pattern": r"^[a-z][a-z0-9+.-]*:\S+$"}
DESCRIPTOR = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "uri": URI,
        "digest": {
            "type": "object",
            "minProperties": 1,
            "properties": {
                "gitCommit": {"type": "string", "pattern": "^([0-9a-f]{40}|[0-9a-f]{64})$"},
                "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            },
            "additionalProperties": HEX,
        },
        "content": {"type": "string", "contentEncoding": "base64"},
        "downloadLocation": URI,
        "mediaType": {"type": "string"},
        "annotations": {"type": "object"},
    },
    "anyOf": [{"required": ["uri"]}, {"required": ["digest"]}, {"required": ["content"]}],
    "additionalProperties": False,
}
NAMES = {"type": "array", "items": {"type": "string", "minLength": 1}, "uniqueItems": True}
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["_type", "subject", "predicateType", "predicate"],
    "properties": {
        "_type": {"const": "https://in-toto.io/Statement/v1"},
        "subject": {
            "type": "array",
            "minItems": 1,
            "items": {"allOf": [{"$ref": "#/$defs/descriptor"}, {"required": ["digest"]}]},
        },
        "predicateType": {"const": "https://in-toto.io/attestation/test-result/v0.1"},
        "predicate": {
            "type": "object",
            "required": ["result", "configuration"],
            "properties": {
                "result": {"enum": ["PASSED", "WARNED", "FAILED"]},
                "configuration": {"type": "array", "items": {"$ref": "#/$defs/descriptor"}},
                "url": URI,
                "passedTests": NAMES,
                "warnedTests": NAMES,
                "failedTests": NAMES,
            },
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
    "$defs": {"descriptor": DESCRIPTOR},
}
WHERE = Provenance(
    remote="https://github.com/acme/shop",
    url="https://github.com/acme/shop/actions/runs/7",
    actor="kim",
    policies=(PolicyFile("release-sentinel.toml", "ab" * 32),),
)
RESULTS = {
    "safe": "WARNED",
    "blocked": "FAILED",
    "critical": "FAILED",
    "incomplete": "FAILED",
    "interrupted": "FAILED",
    "empty": "FAILED",
    "partial": "FAILED",
    "waived": "WARNED",
    "advised": "WARNED",
    "unseen": "FAILED",
}


def predicate(sample: RedactedVerdict) -> Any:
    """Return what the statement says of a verdict."""
    return statement(sample)["predicate"]


def valid(sample: RedactedVerdict) -> bool:
    """Tell whether the statement about a verdict keeps to the specification."""
    return bool(Draft202012Validator(SCHEMA).is_valid(json.loads(attestation(sample))))


@pytest.mark.parametrize("name", sorted(set(SAMPLES) - {"unseen"}))
@pytest.mark.parametrize("where", [Provenance(), WHERE], ids=["nowhere", "somewhere"])
def test_every_statement_keeps_to_the_specification(name: str, where: Provenance) -> None:
    """Whatever the verdict, and however much is known of the run."""
    assert valid(replace(SAMPLES[name], provenance=where))


def test_the_schema_refuses() -> None:
    """It is not blind: a statement without its digest, or with another result, is none."""
    Draft202012Validator.check_schema(SCHEMA)
    changes: list[dict[str, Any]] = [
        {"subject": [{"name": "shop"}]},
        {"_type": "https://in-toto.io/Statement/v0.1"},
        {"predicate": {}},
    ]
    for change in changes:
        assert not Draft202012Validator(SCHEMA).is_valid({**statement(SAMPLES["safe"]), **change})


@pytest.mark.parametrize("name", SAMPLES)
def test_the_result_is_the_verdict_s(name: str) -> None:
    """Only a whole SAFE run has not FAILED."""
    assert predicate(SAMPLES[name])["result"] == RESULTS[name]


def test_nothing_to_say_is_passed() -> None:
    """A SAFE run in which nothing warned, and nothing was waived."""
    assert predicate(verdict(PASSED))["result"] == "PASSED"
    assert predicate(replace(verdict(PASSED), warnings=("the waiver for tag has expired",)))["result"] == "WARNED"


@pytest.mark.parametrize("name", SAMPLES)
def test_who_looks_at_the_failed_alone_is_not_misled(name: str) -> None:
    """`failedTests` is empty for a whole SAFE run, and for no other."""
    assert (predicate(SAMPLES[name])["failedTests"] == []) is (RESULTS[name] != "FAILED")


def test_the_gates_are_listed_by_id() -> None:
    """Sorted, each in one list; those that gave no result count as failed, those not evaluated as nothing."""
    said = predicate(verdict(WAIVED, PASSED, CLOSE))
    assert (said["passedTests"], said["warnedTests"], said["failedTests"]) == (["environment"], ["disk", "memory"], [])
    said = predicate(SAMPLES["blocked"])
    assert (said["passedTests"], said["failedTests"]) == (["environment"], ["clean-tree", "tag"])
    assert predicate(SAMPLES["incomplete"])["failedTests"] == ["api", "disk"]
    assert predicate(SAMPLES["interrupted"])["failedTests"] == ["verdict"]


def test_the_subject_is_the_commit() -> None:
    """Named after its remote, and where that is not known after the repository's folder."""
    digest = {"gitCommit": RELEASE.commit}
    assert statement(replace(SAMPLES["safe"], provenance=WHERE))["subject"] == [
        {"name": "https://github.com/acme/shop", "digest": digest}
    ]
    assert statement(SAMPLES["safe"])["subject"] == [{"name": "shop", "digest": digest}]
    assert statement(verdict(PASSED, release=replace(RELEASE, repository="/")))["subject"][0]["name"] == "_"


def test_without_a_commit_there_is_no_subject() -> None:
    """The statement that stands there until a run has ended speaks of nothing: it is refused, and FAILED besides."""
    stand_in = redact(unfinished(Release("prod", "v1.0.0")), Redactor())
    assert statement(stand_in)["subject"] == []
    assert predicate(stand_in)["result"] == "FAILED"
    assert not valid(stand_in)


def test_the_configuration_tells_what_was_asked() -> None:
    """The tool with environment, version and verdict; the policy file with its digest; and where the run is seen."""
    said = predicate(replace(SAMPLES["safe"], provenance=WHERE))
    asked = {"env": "prod", "version": "v1.0.0", "verdict": "SAFE"}
    tool = {"name": "release-sentinel", "digest": {"dirHash": tree_digest()}, "annotations": asked}
    assert said["configuration"] == [tool, {"name": "release-sentinel.toml", "digest": {"sha256": "ab" * 32}}]
    assert said["url"] == WHERE.url
    assert "url" not in predicate(SAMPLES["safe"])


COMMIT = "c0" * 20


@pytest.mark.parametrize(
    ("origin", "uri"),
    [
        (Origin("1.0"), None),
        (Origin("1.0", "file:///home/ada/release-sentinel", editable=True), None),
        (Origin("1.0", "file:///home/ada/release-sentinel", COMMIT, is_git=True), None),
        (Origin("1.0", "file:///home/ada/a.whl", sha256="ab" * 32), None),
        (Origin("1.0", "https://git.example/x.git", is_git=True), None),
        (Origin("1.0", "https://git.example/x.git", COMMIT, is_git=True), f"git+https://git.example/x.git@{COMMIT}"),
        (Origin("1.0", "https://u:pw@git.example/x", COMMIT, is_git=True), f"git+https://git.example/x@{COMMIT}"),
        (Origin("1.0", "https://files.example/a.whl", sha256="ab" * 32), "https://files.example/a.whl"),
    ],
    ids=["index", "editable", "local clone", "local archive", "no commit", "git", "credential", "archive"],
)
def test_the_tool_has_no_address_that_is_not_proven(
    monkeypatch: pytest.MonkeyPatch, origin: Origin, uri: str | None
) -> None:
    """What pip recorded counts; an index is not recorded, and a path of this machine says nothing elsewhere."""
    monkeypatch.setattr(module, "origin", lambda: origin)
    tool = predicate(SAMPLES["safe"])["configuration"][0]
    assert tool.get("uri") == uri
    assert tool["digest"].get("gitCommit") == (COMMIT if uri and "git+" in uri else None)
    assert valid(SAMPLES["safe"])


def test_the_same_verdict_makes_the_same_text() -> None:
    """Neither the clock nor the order of the gates can be seen in it."""
    later = replace(verdict(CLOSE, PASSED), ended=SAMPLES["safe"].ended + timedelta(hours=1))
    assert attestation(later) == attestation(verdict(PASSED, CLOSE))
    assert attestation(verdict(DIRTY)) != attestation(verdict(PASSED))
