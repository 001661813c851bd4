"""The verdict as SARIF: valid by the OASIS schema, within GitHub's limits, and never greener than the exit code."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from jsonschema import Draft4Validator
from msgspec.structs import replace

from release_sentinel import gates
from release_sentinel.redacted import RedactedVerdict, redact
from release_sentinel.redaction import Redactor
from release_sentinel.reports.sarif import LONGEST, MOST_RESULTS, _rule, sarif
from release_sentinel.verdict import PolicyFile, Provenance, Release, unfinished
from release_sentinel.vocabulary import SAFE
from tests.reports.samples import CLOSE, DIRTY, FULL, PASSED, RELEASE, SAMPLES, WAIVED, verdict

# https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json, without its descriptions.
SCHEMA = json.loads(Path(__file__).with_name("sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
# https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
DESCRIPTION, TAGS, RULE_ID = 1024, 20, 255
HOSTILE = 'a "b" \\ {0} {{1}} [here](https://evil.example) <script>\x00\n\udcff é\u202e'
every_sample = pytest.mark.parametrize("name", SAMPLES)


def run(sample: RedactedVerdict) -> Any:
    """Return the one run of a log that is valid."""
    log = json.loads(sarif(sample))
    Draft4Validator(SCHEMA).validate(log)
    (one,) = log["runs"]
    return one


def results(sample: RedactedVerdict) -> list[tuple[str, str, str]]:
    """Return rule, level and text of each result."""
    return [(one["ruleId"], one["level"], one["message"]["text"]) for one in run(sample)["results"]]


def plain(text: str) -> str:
    """Return a message as a reader shows it; a placeholder or a link in it is an error."""
    bare = re.sub(r"\\[\\\[\]]|\{\{|\}\}", "", text)
    assert not set(bare) & set("[]{}")
    return re.sub(r"\\([\\\[\]])|(\{)\{|(\})\}", lambda found: found[1] or found[2] or found[3], text)


def test_the_schema_refuses() -> None:
    """It is not blind: another version, a level of its own, a region without a place."""
    Draft4Validator.check_schema(SCHEMA)
    text = sarif(SAMPLES["blocked"])
    for right, wrong in (('"2.1.0"', '"2.0.0"'), ('"error"', '"fatal"'), ('"startLine": 1', '"snippet": {}')):
        assert Draft4Validator(SCHEMA).is_valid(json.loads(text.replace(right, wrong))) is False


@every_sample
def test_every_log_is_within_github_s_limits(name: str) -> None:
    """One location with a path below the top and a line, rules that are there, texts that are short, times of UTC."""
    one = run(SAMPLES[name])
    rules = one["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for rule in rules:
        assert len(rule["id"]) <= RULE_ID
        assert len(rule["properties"]["tags"]) <= TAGS
        assert 0 < len(rule["shortDescription"]["text"]) <= len(rule["fullDescription"]["text"]) <= DESCRIPTION
        assert 0 < len(rule["help"]["text"]) <= DESCRIPTION
    for result in one["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        (location,) = result["locations"]
        assert location["physicalLocation"] == {
            "artifactLocation": {"uri": "release-sentinel.toml"},
            "region": {"startLine": 1},
        }
    marks = [result["partialFingerprints"]["primaryLocationLineHash"] for result in one["results"]]
    assert len(set(marks)) == len(marks)
    for moment in ("startTimeUtc", "endTimeUtc"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", one["invocations"][0][moment])


@every_sample
def test_it_is_never_greener_than_the_exit_code(name: str) -> None:
    """There is an error unless the exit code is 0, and none if it is; what is INCOMPLETE was no successful run."""
    sample = SAMPLES[name]
    one = run(sample)
    assert any(result["level"] == "error" for result in one["results"]) is (sample.exit_code != 0)
    (invocation,) = one["invocations"]
    assert (invocation["exitCode"], invocation["exitCodeDescription"]) == (sample.exit_code, sample.label)
    assert invocation["executionSuccessful"] is (sample.name != "INCOMPLETE")


def test_a_verdict_without_a_reason_is_an_error_too() -> None:
    """Not one gate, and nothing that says why."""
    assert results(verdict()) == [
        (
            "release-sentinel/verdict",
            "error",
            "INCOMPLETE (exit 1): v1.0.0 was not fully judged and must not go to prod",
        )
    ]


def test_until_a_run_has_ended_it_is_an_error() -> None:
    """A run that is killed leaves no clean log behind."""
    one = run(redact(unfinished(Release("prod", "v1.0.0")), Redactor()))
    assert [result["level"] for result in one["results"]] == ["error"]
    assert one["invocations"][0]["executionSuccessful"] is False


def test_what_failed_comes_first() -> None:
    """Each with its gate's rule, its reason and its remedy; what passed or was not evaluated is no result."""
    assert results(verdict(CLOSE, DIRTY, PASSED)) == [
        ("clean-tree", "error", "POLICY clean-tree: 2 paths differ -> commit or remove them"),
        ("memory", "warning", "WARN memory: 80% in use -> free memory"),
    ]
    assert results(verdict(PASSED)) == []
    assert [rule for rule, _, _ in results(SAMPLES["blocked"])] == ["clean-tree", "tag"]


def test_what_is_advised_is_a_warning() -> None:
    """It is seen, and not suppressed: soon it will count."""
    assert [level for _, level, _ in results(SAMPLES["advised"])] == ["warning"]
    assert "suppressions" not in run(SAMPLES["advised"])["results"][0]


def test_what_was_waived_says_by_whom() -> None:
    """A warning, suppressed with the waiver's words; what a person has to read is one of the verdict."""
    (waived, expired) = run(SAMPLES["waived"])["results"]
    assert waived["level"] == expired["level"] == "warning"
    (suppression,) = waived["suppressions"]
    assert (suppression["kind"], suppression["status"]) == ("external", "accepted")
    assert suppression["justification"].endswith("waived until 2024-06-30, by Kim: disks are on order")
    assert "suppressions" not in expired
    assert (expired["ruleId"], expired["message"]["text"]) == (
        "release-sentinel/verdict",
        "the waiver for tag has expired",
    )


@pytest.mark.parametrize("mode", ["partial", "preview", "watch"])
def test_a_run_that_is_no_release_says_so(mode: str) -> None:
    """Each message does, and it replaces no result of a release."""
    release = SAMPLES["blocked"]
    other = run(replace(release, **{mode: True}))
    assert all(result["message"]["text"].startswith(f"{mode.upper()} ") for result in other["results"])
    assert run(release)["automationDetails"] == {"id": "release-sentinel/prod/"}
    assert other["automationDetails"] == {"id": f"release-sentinel/prod/{mode}/"}


def test_an_alert_lives_on_from_run_to_run() -> None:
    """Version, commit, reason and order change no fingerprint; the target of a gate does."""

    def marks(*found: Any, version: str = "v1.0.0") -> set[str]:
        judged = run(verdict(*found, release=replace(RELEASE, version=version, commit="f" * 40)))
        return {result["partialFingerprints"]["primaryLocationLineHash"] for result in judged["results"]}

    var = replace(FULL, id="disk[/var]")
    assert marks(FULL, var) == marks(var, replace(FULL, reason="99% in use", remedy=""), version="v2.0.0")
    assert len(marks(FULL, var, replace(FULL, id="disk[/srv]"))) == 3
    assert {result["ruleId"] for result in run(verdict(FULL, var))["results"]} == {"disk"}


@pytest.mark.parametrize("gate", gates.BUILT_IN, ids=lambda gate: gate.id)
def test_the_rule_of_a_built_in_gate_is_its_documentation(gate: gates.BuiltInGate) -> None:
    """What `explain` says of it, within the limits."""
    rule = _rule(gate.id)
    assert plain(rule["shortDescription"]["text"]) == f"Gate {gate.id} requires: {gate.title}"
    assert gate.section("Why") in plain(rule["fullDescription"]["text"])
    assert gate.section("Remedy") in plain(rule["help"]["text"])
    assert max(len(rule[field]["text"]) for field in ("fullDescription", "help")) <= DESCRIPTION


def test_a_gate_of_the_repository_has_a_rule() -> None:
    """Whatever it is called."""
    (rule,) = run(verdict(replace(FULL, id=f"own{'x' * 300}[1]")))["tool"]["driver"]["rules"]
    assert len(rule["id"]) == RULE_ID


def test_no_text_is_read_as_markup() -> None:
    """A reason from a server makes neither a link nor a placeholder, and is cut where it is long."""
    told = replace(FULL, id=f"disk[{HOSTILE}]", reason=HOSTILE, remedy=HOSTILE, waiver=WAIVED.waiver)
    hostile = verdict(told, replace(told, waiver=None), problems=(HOSTILE,), release=Release(HOSTILE, HOSTILE))
    one = run(redact(replace(hostile, warnings=(HOSTILE,)), Redactor()))
    for result in one["results"]:
        assert "[here](https://evil.example)" in plain(result["message"]["text"])
    long = verdict(replace(FULL, reason="x" * 5000))
    assert len(results(long)[0][2]) == LONGEST
    assert unquote(one["automationDetails"]["id"]).count("/") > one["automationDetails"]["id"].count("/") == 2


@pytest.mark.sweep
def test_more_than_github_shows() -> None:
    """The failed ones stay."""
    many = [replace(CLOSE, id=f"memory[{number}]") for number in range(MOST_RESULTS)]
    found = results(verdict(*many, FULL))
    assert (len(found), found[0][:2]) == (MOST_RESULTS, ("disk", "error"))


@pytest.mark.parametrize(
    ("policy", "uri"),
    [
        ("release-sentinel.toml", "release-sentinel.toml"),
        ("pyproject.toml", "pyproject.toml"),
        ("", "release-sentinel.toml"),
        ("shop.toml", "release-sentinel.toml"),
    ],
)
def test_results_are_at_the_policy(policy: str, uri: str) -> None:
    """At the top of the repository; a file that was named may be anywhere, and its name alone leads nowhere."""
    (result,) = run(replace(verdict(FULL), provenance=Provenance(policies=(PolicyFile(policy, ""),))))["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


@pytest.mark.parametrize(
    ("remote", "uri"),
    [
        ("https://github.com/acme/shop.git", "https://github.com/acme/shop.git"),
        ("https://git.example/a b", "https://git.example/a%20b"),
        ("https://git.example/%zz/a%20b", "https://git.example/%25zz/a%20b"),
        ("git@github.com:acme/shop.git", "ssh://git@github.com/acme/shop.git"),
        ("ssh://git@git.example:2222/shop", "ssh://git@git.example:2222/shop"),
        ("/srv/git/shop.git", ""),
        ("../shop.git", ""),
        ("file:///srv/git/shop.git", ""),
        ("C:\\git\\shop", ""),
        ("", ""),
    ],
)
def test_the_commit_is_known_by_its_remote(remote: str, uri: str) -> None:
    """An address that others can use; a path of this machine is none."""
    sample = replace(SAMPLES["safe"], provenance=Provenance(remote=remote))
    where = {"repositoryUri": uri, "revisionId": RELEASE.commit, "branch": "main"}
    assert run(sample)["versionControlProvenance"] == ([where] if uri else [])


def test_a_safe_release_has_no_result() -> None:
    """So the alerts of the run before are closed."""
    assert (verdict(PASSED).name, results(verdict(PASSED))) == (SAFE, [])
