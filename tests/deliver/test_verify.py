"""Does a verdict file prove that this release is SAFE? Whatever is changed, torn or missing in it is refused."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from release_sentinel.deliver.verify import DEFAULT_MAX_AGE, Expectation, duration, problems
from release_sentinel.reports.document import document
from release_sentinel.vocabulary import BLOCKED, UNFINISHED
from tests.reports.samples import FULL, LEFT_OUT, PASSED, SAMPLES, STARTED, WHOLE, verdict

COMMIT = "0123456789abcdef0123456789abcdef01234567"
NOW = STARTED + timedelta(minutes=10)
EXPECTED = Expectation("prod", "v1.0.0", COMMIT, timedelta(hours=1))
TORN = "it was tampered with, or torn"


def found(folder: Path, written: object, expected: Expectation = EXPECTED, now: datetime = NOW) -> list[str]:
    """Return what is wrong with a verdict file that says what `written` does."""
    path = folder / "verdict.json"
    path.write_text(written if isinstance(written, str) else json.dumps(written), encoding="utf-8")
    return [reason.replace(str(path), "FILE") for reason in problems(path, expected, now)]


def safe(**changes: Any) -> dict[str, Any]:
    """Return the document of a SAFE run, with some of its fields changed."""
    return {**document(WHOLE), **changes}


def gate(**changes: Any) -> dict[str, Any]:
    """Return one passed gate of that document, with some of its fields changed."""
    first: dict[str, Any] = safe()["gates"][0]
    return {**first, **changes}


def test_a_safe_verdict_about_this_release_passes(tmp_path: Path) -> None:
    """There is nothing to say against a fresh SAFE verdict about this very release."""
    assert found(tmp_path, safe()) == []


@pytest.mark.parametrize(
    "commit",
    ["", COMMIT[:7], COMMIT[:12].upper(), COMMIT.upper(), COMMIT],
    ids=["any", "short", "short-upper", "upper", "full"],
)
def test_the_commit_may_be_expected_in_short_or_upper_case(tmp_path: Path, commit: str) -> None:
    """A pipeline that knows an abbreviated id, or none, can still ask."""
    assert found(tmp_path, safe(), Expectation("prod", "v1.0.0", commit, timedelta(hours=1))) == []


def test_a_commit_of_a_sha256_repository_passes(tmp_path: Path) -> None:
    """Git's longer ids are ids, too."""
    assert found(tmp_path, safe(commit=COMMIT + "0" * 24)) == []


def test_fields_of_a_later_minor_version_do_no_harm(tmp_path: Path) -> None:
    """A field more, of the file or of a gate, changes nothing."""
    assert found(tmp_path, safe(more=1, gates=[{**one, "more": 1} for one in safe()["gates"]])) == []


PROOF = "the verdict says SAFE without proof: it names no gates, or problems"
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "verdict blocked": ({"verdict": "BLOCKED"}, "the verdict is BLOCKED, expected SAFE"),
    "verdict partial": ({"verdict": "PARTIAL SAFE"}, "the verdict is PARTIAL SAFE, expected SAFE"),
    "verdict in lower case": ({"verdict": "safe"}, "the verdict is safe, expected SAFE"),
    "verdict null": ({"verdict": None}, "the verdict is None, expected SAFE"),
    "verdict true": ({"verdict": True}, "the verdict is True, expected SAFE"),
    "partial": ({"partial": True}, f"the verdict says SAFE with partial True: {TORN}"),
    "partial null": ({"partial": None}, f"the verdict says SAFE with partial None: {TORN}"),
    "partial 0": ({"partial": 0}, f"the verdict says SAFE with partial 0: {TORN}"),
    "exit code 1": ({"exit_code": 1}, f"the verdict says SAFE with exit code 1: {TORN}"),
    "exit code false": ({"exit_code": False}, f"the verdict says SAFE with exit code False: {TORN}"),
    "exit code 0.0": ({"exit_code": 0.0}, f"the verdict says SAFE with exit code 0.0: {TORN}"),
    "exit code as text": ({"exit_code": "0"}, f"the verdict says SAFE with exit code '0': {TORN}"),
    "exit code null": ({"exit_code": None}, f"the verdict says SAFE with exit code None: {TORN}"),
    "problems": ({"problems": ["gate api was skipped"]}, PROOF),
    "problems null": ({"problems": None}, PROOF),
    "problems as text": ({"problems": ""}, PROOF),
    "missing gates": ({"missing": [{"gate": "api", "why": "it was deselected"}]}, PROOF),
    "missing null": ({"missing": None}, PROOF),
    "no gates": ({"gates": []}, PROOF),
    "gates null": ({"gates": None}, PROOF),
    "gates as an object": ({"gates": {"disk": "passed"}}, PROOF),
    "gates as names": ({"gates": ["disk"]}, PROOF),
    "a gate that is no record": ({"gates": [gate(), None]}, PROOF),
    "a failed gate": (
        {"gates": [gate(), gate(id="disk", outcome="failed")]},
        "the verdict says SAFE, and these gates did not pass: disk",
    ),
    "a gate that was not evaluated": (
        {"gates": [gate(), gate(id="api", outcome="not evaluated")]},
        "the verdict says SAFE, and these gates did not pass: api",
    ),
    "an outcome of the wrong type": (
        {"gates": [gate(outcome=["passed"])]},
        "the verdict says SAFE, and these gates did not pass: environment",
    ),
    "a gate with nothing in it": (
        {"gates": [gate(), {}]},
        "the verdict says SAFE, and these gates did not pass: None",
    ),
    "two failed gates": (
        {"gates": [gate(id="disk", outcome="failed"), gate(id="api", outcome="failed")]},
        "the verdict says SAFE, and these gates did not pass: disk, api",
    ),
    "another environment": ({"env": "dev"}, "the verdict is about env 'dev', expected 'prod'"),
    "environment in another case": ({"env": "PROD"}, "the verdict is about env 'PROD', expected 'prod'"),
    "environment null": ({"env": None}, "the verdict is about env None, expected 'prod'"),
    "another version": ({"version": "v1.0.1"}, "the verdict is about version 'v1.0.1', expected 'v1.0.0'"),
    "version without its prefix": ({"version": "1.0.0"}, "the verdict is about version '1.0.0', expected 'v1.0.0'"),
    "version as a list": ({"version": ["v1.0.0"]}, "the verdict is about version ['v1.0.0'], expected 'v1.0.0'"),
    "blank commit": ({"commit": ""}, "the verdict names no commit in full: ''"),
    "commit null": ({"commit": None}, "the verdict names no commit in full: None"),
    "abbreviated commit": ({"commit": COMMIT[:12]}, f"the verdict names no commit in full: '{COMMIT[:12]}'"),
    "upper-case commit": ({"commit": COMMIT.upper()}, f"the verdict names no commit in full: '{COMMIT.upper()}'"),
    "another commit": ({"commit": "f" * 40}, f"the verdict is about commit {'f' * 40}, expected {COMMIT}"),
    "end null": ({"ended": None}, "the verdict does not say when it ended: None"),
    "end without a zone": (
        {"ended": "2024-05-17T09:30:17"},
        "the verdict does not say when it ended: '2024-05-17T09:30:17'",
    ),
    "end that is no time": ({"ended": "lately"}, "the verdict does not say when it ended: 'lately'"),
    "end as a number": ({"ended": 1715938217}, "the verdict does not say when it ended: 1715938217"),
    "too old": (
        {"ended": "2024-05-17T08:40:14+00:00"},
        "the verdict is 1:00:01 old, expected at most 1:00:00: run the gate again",
    ),
    "from the future": (
        {"ended": "2024-05-17T09:46:00+00:00"},
        "the verdict is from the future (2024-05-17T09:46:00+00:00): one of the clocks is wrong",
    ),
    "another schema": ({"schema_version": 2}, "FILE is not a verdict of release-sentinel (schema_version 1)"),
    "schema true": ({"schema_version": True}, "FILE is not a verdict of release-sentinel (schema_version 1)"),
    "schema as text": ({"schema_version": "1"}, "FILE is not a verdict of release-sentinel (schema_version 1)"),
}


@pytest.mark.parametrize("change", REFUSED)
def test_one_changed_field_is_refused_in_its_own_words(tmp_path: Path, change: str) -> None:
    """Each field alone decides, and the reader is told which one it was."""
    changes, words = REFUSED[change]
    assert found(tmp_path, safe(**changes)) == [words]


@pytest.mark.parametrize(
    "field", ["verdict", "partial", "exit_code", "problems", "missing", "gates", "env", "version", "commit", "ended"]
)
def test_a_missing_field_is_refused_like_null(tmp_path: Path, field: str) -> None:
    """What is not there proves no more than what is empty."""
    without = {key: value for key, value in safe().items() if key != field}
    assert found(tmp_path, without) == found(tmp_path, safe(**{field: None})) != []


def test_a_gate_that_is_not_spoken_of_is_missed(tmp_path: Path) -> None:
    """A list that was cut short proves nothing; what is switched off is told, an item stands for its gate."""
    gates = [gate(id="disk[/var]") if one["id"] == "disk" else one for one in safe()["gates"] if one["id"] != "api"]
    assert found(tmp_path, safe(gates=gates)) == ["the verdict says SAFE without a word on these gates: api"]
    fewer = [one for one in gates if one["id"] != "version"]
    assert found(tmp_path, safe(gates=fewer)) == ["the verdict says SAFE without a word on these gates: version, api"]
    assert found(tmp_path, safe(gates=gates, disabled=[{"gate": "api", "reason": "none here"}])) == []


def test_the_schema_version_has_to_be_there(tmp_path: Path) -> None:
    """Some other tool's JSON is not taken for a verdict."""
    assert found(tmp_path, {"verdict": "SAFE"}) == ["FILE is not a verdict of release-sentinel (schema_version 1)"]


def test_a_waived_gate_passes_with_its_waiver(tmp_path: Path) -> None:
    """What the policy excuses is SAFE here as well; without the waiver it is no proof."""
    (waived,) = [gate for gate in document(SAMPLES["waived"])["gates"] if gate["waiver"]]
    others = [gate for gate in safe()["gates"] if gate["id"] != waived["id"]]
    assert found(tmp_path, safe(gates=[*others, waived])) == []
    assert found(tmp_path, safe(gates=[*others, {**waived, "waiver": None}])) == [
        "the verdict says SAFE, and these gates did not pass: disk"
    ]


@pytest.mark.parametrize("name", sorted(set(SAMPLES) - {"safe", "waived"}))
def test_every_other_verdict_is_refused(tmp_path: Path, name: str) -> None:
    """Only SAFE goes through, whatever a run can end in."""
    assert any(
        reason.startswith(f"the verdict is {SAMPLES[name].label}, expected SAFE")
        for reason in found(tmp_path, document(SAMPLES[name]))
    )


def test_the_document_of_an_unfinished_run_is_refused(tmp_path: Path) -> None:
    """What a run writes at its start, in case that it dies, says that it did not finish."""
    reasons = found(tmp_path, document(verdict(problems=(UNFINISHED,))))
    assert reasons == [f"the verdict is INCOMPLETE, expected SAFE: {UNFINISHED}"]


def test_a_refusal_repeats_why_the_gate_refused(tmp_path: Path) -> None:
    """The deploy step's log says what failed, without a look at another job."""
    written = document(verdict(PASSED, FULL, LEFT_OUT, problems=("gate api was skipped",)))
    assert found(tmp_path, {**written, "verdict": BLOCKED}) == [
        "the verdict is BLOCKED, expected SAFE: 91% in use; gate api was skipped"
    ]


def test_a_refusal_survives_a_record_that_is_torn(tmp_path: Path) -> None:
    """What has no reason, or is no list, is told as what it is, or left out."""
    torn = safe(verdict="BLOCKED", gates=[gate(outcome="failed", reason=None)], problems="x")
    assert found(tmp_path, torn) == ["the verdict is BLOCKED, expected SAFE: None"]
    assert found(tmp_path, safe(verdict="BLOCKED", gates=5, problems=5)) == ["the verdict is BLOCKED, expected SAFE"]


def test_all_reasons_are_told_at_once(tmp_path: Path) -> None:
    """Verdict, release and age are each looked at, whatever the others say."""
    written = safe(verdict="CRITICAL", env="dev", version="v2.0.0", commit="", ended=None)
    assert len(found(tmp_path, written)) == 5


TEXT = json.dumps(safe())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (TEXT[: len(TEXT) // 2], "FILE is not a JSON document: "),
        ("", "FILE is not a JSON document: "),
        ("SAFE", "FILE is not a JSON document: "),
        ("[" * 100_000, "FILE is not a JSON document: "),
        (f"[{TEXT}]", "FILE is not a verdict of release-sentinel"),
        ("null", "FILE is not a verdict of release-sentinel"),
        ('"SAFE"', "FILE is not a verdict of release-sentinel"),
    ],
    ids=["half", "empty", "a word", "nested without end", "a list", "null", "text"],
)
def test_what_is_no_document_is_refused(tmp_path: Path, text: str, words: str) -> None:
    """A torn file, or another one, ends in a sentence and not in a traceback."""
    (reason,) = found(tmp_path, text)
    assert reason.startswith(words)


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    """Bytes that are no text are no verdict."""
    path = tmp_path / "verdict.json"
    path.write_bytes(b"\x1f\x8b\x08\x00\xff\xfe")
    (reason,) = problems(path, EXPECTED, NOW)
    assert reason.startswith(f"{path} is not a JSON document: ")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """No verdict is no proof."""
    path = tmp_path / "verdict.json"
    assert problems(path, EXPECTED, NOW) == [f"{path} cannot be read: No such file or directory"]


def test_a_folder_is_refused(tmp_path: Path) -> None:
    """An artefact that was unpacked one level too deep is told apart from a missing one."""
    assert problems(tmp_path, EXPECTED, NOW) == [f"{tmp_path} cannot be read: Is a directory"]


def test_a_clock_may_be_a_little_ahead(tmp_path: Path) -> None:
    """Up to five minutes between two machines are no reason to stop a release."""
    assert found(tmp_path, safe(ended=NOW.isoformat()), now=NOW - timedelta(minutes=5)) == []
    assert found(tmp_path, safe(ended=NOW.isoformat()), now=NOW - timedelta(minutes=5, seconds=1)) != []


def test_a_verdict_may_be_as_old_as_is_allowed(tmp_path: Path) -> None:
    """The bound itself still passes."""
    assert found(tmp_path, safe(ended=NOW.isoformat()), now=NOW + EXPECTED.max_age) == []
    assert found(tmp_path, safe(ended=NOW.isoformat()), now=NOW + EXPECTED.max_age + timedelta(seconds=1)) != []


def test_a_verdict_is_as_old_as_this_machine_s_clock_says(tmp_path: Path) -> None:
    """Where no time is handed in."""
    path = tmp_path / "verdict.json"
    for ended, passes in ((datetime.now(STARTED.tzinfo), True), (STARTED, False)):
        path.write_text(json.dumps(safe(ended=ended.isoformat())), encoding="utf-8")
        assert (problems(path, EXPECTED) == []) is passes


def test_the_age_is_counted_across_time_zones(tmp_path: Path) -> None:
    """An end that is told in local time is as old as it is."""
    assert found(tmp_path, safe(ended="2024-05-17T11:39:00+02:00")) == []
    assert found(tmp_path, safe(ended="2024-05-17T09:39:00+02:00")) != []


def test_a_verdict_is_old_after_a_day_by_default(tmp_path: Path) -> None:
    """Without a bound of one's own, and without a clock handed in, an old verdict does not count forever."""
    (reason,) = found(tmp_path, safe(), Expectation("prod", "v1.0.0"), datetime.now(STARTED.tzinfo))
    assert reason.endswith("expected at most 1 day, 0:00:00: run the gate again")
    assert timedelta(days=1) == DEFAULT_MAX_AGE


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0s", 0), ("90s", 90), ("30m", 1800), ("24h", 86400), ("7d", 604800), ("999999d", 86399913600)],
)
def test_a_duration_has_a_number_and_a_unit(text: str, seconds: int) -> None:
    """Seconds, minutes, hours and days are understood."""
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "30", "m", "30 m", "30M", "1.5h", "-1h", "1h30m", "30m\n", " 30m", "9999999d", "\uff13\uff10m", "soon"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    """A bound that cannot be meant is never taken for a long one; the refusal shows good ones."""
    with pytest.raises(ValueError, match=r"is not a duration such as 90s, 30m, 24h or 7d$") as refusal:
        duration(text)
    assert repr(text) in str(refusal.value)
