"""The verdict as a document for machines."""

import json
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from release_sentinel import __version__
from release_sentinel.redacted import RedactedVerdict
from release_sentinel.reports.document import SCHEMA_VERSION, document
from tests.reports.samples import BROKEN, CLOSE, DIRTY, LEFT_OUT, PASSED, RELEASE, SAMPLES, UNDETERMINED, verdict

HEAD = {
    "schema_version": int,
    "tool": str,
    "verdict": str,
    "partial": bool,
    "exit_code": int,
    "env": str,
    "version": str,
    "repository": str,
    "commit": str,
    "branch": str,
    "branch_source": str,
    "remote": str,
    "started": str,
    "ended": str,
    "gates": list,
    "problems": list,
    "missing": list,
    "disabled": list,
    "warnings": list,
    "policies": list,
    "undelivered": str,
    "mode": str,
    "rounds": type(None),
    "preview": bool,
    "steps": list,
    "packs": list,
}

each_sample = pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)


@each_sample
def test_every_document_has_the_same_fields(sample: RedactedVerdict) -> None:
    """A reader needs no look-up with a default, whatever the verdict."""
    assert {key: type(value) for key, value in document(sample).items()} == HEAD


@each_sample
def test_a_document_survives_json(sample: RedactedVerdict) -> None:
    """It holds JSON's own types only: nothing is lost on the way."""
    written = document(sample)

    assert json.loads(json.dumps(written, allow_nan=False)) == written
    assert {type(value) for gate in written["gates"] for value in gate.values()} <= {
        str,
        int,
        float,
        list,
        dict,
        bool,
        type(None),
    }


@each_sample
def test_no_gate_and_no_problem_is_left_out(sample: RedactedVerdict) -> None:
    """The document tells of every gate, in order, and every problem."""
    written = document(sample)

    assert [gate["id"] for gate in written["gates"]] == [gate.id for gate in sample.gates]
    assert written["problems"] == list(sample.problems)


def test_the_schema_has_a_version() -> None:
    """A change that breaks readers has to change this number, and this test."""
    assert SCHEMA_VERSION == 2
    assert document(SAMPLES["safe"])["schema_version"] == SCHEMA_VERSION
    assert document(SAMPLES["safe"])["tool"] == f"release-sentinel {__version__}"


def test_verdict_and_exit_code_are_the_runs() -> None:
    """What a deploy step has to compare is there under plain names."""
    found = {name: (document(sample)["verdict"], document(sample)["exit_code"]) for name, sample in SAMPLES.items()}

    assert found == {
        "safe": ("SAFE", 0),
        "blocked": ("BLOCKED", 1),
        "critical": ("CRITICAL", 2),
        "incomplete": ("INCOMPLETE", 1),
        "interrupted": ("INCOMPLETE", 143),
        "empty": ("INCOMPLETE", 1),
        "partial": ("PARTIAL SAFE", 0),
        "unseen": ("INCOMPLETE", 1),
        "waived": ("SAFE", 0),
        "advised": ("SAFE", 0),
    }


def test_a_partial_run_is_never_plain_safe() -> None:
    """A reader that compares with SAFE alone refuses a chosen subset."""
    written = document(replace(verdict(PASSED), partial=True))

    assert written["verdict"] != "SAFE"
    assert written["partial"] is True


def test_the_release_is_named() -> None:
    """A later step can tell whether the verdict is about its own release."""
    written = document(verdict(PASSED))
    fields = ("env", "version", "repository", "commit", "branch", "branch_source")

    assert [written[field] for field in fields] == [getattr(RELEASE, field) for field in fields]


def test_times_carry_their_zone() -> None:
    """Start and end are ISO 8601 in UTC, to the millisecond."""
    written = document(verdict(PASSED))

    assert written["started"] == "2024-05-17T09:30:15.123+00:00"
    assert datetime.fromisoformat(written["ended"]).utcoffset() == timedelta(0)


def test_a_failed_gate_is_told_in_full() -> None:
    """Reason, remedy, details, tries and seconds are kept apart."""
    assert document(verdict(DIRTY))["gates"] == [
        {
            "id": "clean-tree",
            "kind": "policy",
            "outcome": "failed",
            "status": "CRIT",
            "reason": "2 paths differ",
            "remedy": "commit or remove them",
            "details": ["?? new.py", " M old.py"],
            "tries": 1,
            "seconds": 0.25,
            "waiver": None,
            "advised": None,
            "owed": True,
            "measures": [],
            "began": 0.0,
            "steps": [],
        }
    ]


def test_each_outcome_and_status_is_a_plain_word() -> None:
    """Readers compare words; a gate that was not evaluated has no status."""
    gates = document(verdict(PASSED, CLOSE, UNDETERMINED, BROKEN, LEFT_OUT))["gates"]

    assert [(gate["outcome"], gate["status"]) for gate in gates] == [
        ("passed", "OK"),
        ("warned", "WARN"),
        ("failed", "UNKNOWN"),
        ("failed", "UNKNOWN"),
        ("not evaluated", None),
    ]
    assert gates[2]["tries"] == 3


def test_text_is_kept_as_it_is() -> None:
    """Quotes, line breaks, control characters and lone surrogates survive JSON."""
    odd = "\"'\\ \n\r\t \x00\x1b[31m é😀 \udcff ]]>"
    written = json.dumps(document(verdict(replace(DIRTY, reason=odd))))

    written.encode("ascii")
    assert json.loads(written)["gates"][0]["reason"] == odd


def test_what_is_missing_is_listed_with_its_cause() -> None:
    """A machine need not take sentences apart to know which gate gave no result."""
    assert document(SAMPLES["incomplete"])["missing"] == [{"gate": "api", "why": "it was deselected"}]
    assert document(SAMPLES["safe"])["missing"] == []


def test_a_waiver_is_told_in_full() -> None:
    """Beside the true status stands what excuses it, by whom and until when."""
    gate = document(SAMPLES["waived"])["gates"][1]
    assert (gate["outcome"], gate["status"], gate["reason"]) == ("waived", "CRIT", "91% in use")
    assert gate["waiver"] == {
        "gate": "disk",
        "env": "prod",
        "reason": "disks are on order",
        "owner": "Kim",
        "expires": "2024-06-30",
    }


def test_what_is_switched_off_and_what_to_read_is_told() -> None:
    """A reader sees which gates were not asked, and why, and what someone has to look at."""
    written = document(SAMPLES["waived"])
    assert written["disabled"] == [{"gate": "process", "reason": "this host runs no agent"}]
    assert written["warnings"] == ["the waiver for tag has expired"]
