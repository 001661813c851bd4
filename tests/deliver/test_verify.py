"""Does a verdict file prove that this release is SAFE? Whatever is changed, torn or missing in it is refused."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from release_sentinel.cli import main
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


TEXT = json.dumps(safe())
PROOF = "the verdict says SAFE without proof: it names no gates, or problems"
NO_SCHEMA = "FILE is not a verdict of release-sentinel: it has no schema_version, expected 1 or 2"
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "verdict blocked": ({"verdict": "BLOCKED"}, "the verdict is BLOCKED, expected SAFE"),
    "verdict partial": ({"verdict": "PARTIAL SAFE"}, "the verdict is PARTIAL SAFE, expected SAFE"),
    "verdict in lower case": ({"verdict": "safe"}, "the verdict is safe, expected SAFE"),
    "verdict null": ({"verdict": None}, "Expected `str`, got `null` - at `$.verdict`"),
    "verdict true": ({"verdict": True}, "Expected `str`, got `bool` - at `$.verdict`"),
    "partial": ({"partial": True}, f"the verdict says SAFE with partial True: {TORN}"),
    "partial null": ({"partial": None}, "Expected `bool`, got `null` - at `$.partial`"),
    "partial 0": ({"partial": 0}, "Expected `bool`, got `int` - at `$.partial`"),
    "exit code 1": ({"exit_code": 1}, f"the verdict says SAFE with exit code 1: {TORN}"),
    "exit code false": ({"exit_code": False}, "Expected `int`, got `bool` - at `$.exit_code`"),
    "exit code 0.0": ({"exit_code": 0.0}, "Expected `int`, got `float` - at `$.exit_code`"),
    "exit code as text": ({"exit_code": "0"}, "Expected `int`, got `str` - at `$.exit_code`"),
    "exit code null": ({"exit_code": None}, "Expected `int`, got `null` - at `$.exit_code`"),
    "problems": ({"problems": ["gate api was skipped"]}, PROOF),
    "problems null": ({"problems": None}, "Expected `array`, got `null` - at `$.problems`"),
    "problems as text": ({"problems": ""}, "Expected `array`, got `str` - at `$.problems`"),
    "missing gates": ({"missing": [{"gate": "api", "why": "it was deselected"}]}, PROOF),
    "missing null": ({"missing": None}, "Expected `array`, got `null` - at `$.missing`"),
    "no gates": ({"gates": []}, PROOF),
    "gates null": ({"gates": None}, "Expected `array`, got `null` - at `$.gates`"),
    "gates as an object": ({"gates": {"disk": "passed"}}, "Expected `array`, got `object` - at `$.gates`"),
    "gates as names": ({"gates": ["disk"]}, "Expected `object`, got `str` - at `$.gates[0]`"),
    "a gate that is no record": ({"gates": [gate(), None]}, "Expected `object`, got `null` - at `$.gates[1]`"),
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
        "Expected `str`, got `array` - at `$.gates[0].outcome`",
    ),
    "a gate with nothing in it": (
        {"gates": [gate(), {}]},
        "Object missing required field `id` - at `$.gates[1]`",
    ),
    "two failed gates": (
        {"gates": [gate(id="disk", outcome="failed"), gate(id="api", outcome="failed")]},
        "the verdict says SAFE, and these gates did not pass: disk, api",
    ),
    "steps as a text": ({"steps": "x"}, "Expected `array`, got `str` - at `$.steps`"),
    "a step of a gate as a number": (
        {"gates": [gate(steps=[1])]},
        "Expected `object`, got `int` - at `$.gates[0].steps[0]`",
    ),
    "another environment": ({"env": "dev"}, "the verdict is about env 'dev', expected 'prod'"),
    "environment in another case": ({"env": "PROD"}, "the verdict is about env 'PROD', expected 'prod'"),
    "environment null": ({"env": None}, "Expected `str`, got `null` - at `$.env`"),
    "another version": ({"version": "v1.0.1"}, "the verdict is about version 'v1.0.1', expected 'v1.0.0'"),
    "version without its prefix": ({"version": "1.0.0"}, "the verdict is about version '1.0.0', expected 'v1.0.0'"),
    "version as a list": ({"version": ["v1.0.0"]}, "Expected `str`, got `array` - at `$.version`"),
    "blank commit": ({"commit": ""}, "the verdict names no commit in full: ''"),
    "commit null": ({"commit": None}, "Expected `str`, got `null` - at `$.commit`"),
    "abbreviated commit": ({"commit": COMMIT[:12]}, f"the verdict names no commit in full: '{COMMIT[:12]}'"),
    "upper-case commit": ({"commit": COMMIT.upper()}, f"the verdict names no commit in full: '{COMMIT.upper()}'"),
    "another commit": ({"commit": "f" * 40}, f"the verdict is about commit {'f' * 40}, expected {COMMIT}"),
    "end null": ({"ended": None}, "Expected `str`, got `null` - at `$.ended`"),
    "end without a zone": (
        {"ended": "2024-05-17T09:30:17"},
        "the verdict does not say when it ended: '2024-05-17T09:30:17'",
    ),
    "end that is no time": ({"ended": "lately"}, "the verdict does not say when it ended: 'lately'"),
    "end as a number": ({"ended": 1715938217}, "Expected `str`, got `int` - at `$.ended`"),
    "too old": (
        {"started": "2024-05-17T08:40:00+00:00", "ended": "2024-05-17T08:40:14+00:00"},
        "the verdict is 1:00:01 old, expected at most 1:00:00: run the gate again",
    ),
    "from the future": (
        {"ended": "2024-05-17T09:46:00+00:00"},
        "the verdict is from the future (2024-05-17T09:46:00+00:00): one of the clocks is wrong",
    ),
    "another schema": (
        {"schema_version": 3},
        "FILE is not a verdict of release-sentinel: it has schema_version 3, expected 1 or 2",
    ),
    "schema true": ({"schema_version": True}, NO_SCHEMA),
    "schema as text": ({"schema_version": "1"}, NO_SCHEMA),
}


@pytest.mark.parametrize("change", REFUSED)
def test_one_changed_field_is_refused_in_its_own_words(tmp_path: Path, change: str) -> None:
    """Each field alone decides, and the reader is told which one it was."""
    changes, words = REFUSED[change]
    words = words if words.startswith(("the verdict", "FILE")) else f"FILE is not a whole verdict: {words}"
    assert found(tmp_path, safe(**changes)) == [words]


@pytest.mark.parametrize(
    "field", ["verdict", "partial", "exit_code", "problems", "missing", "gates", "env", "version", "commit", "ended"]
)
def test_a_missing_field_is_refused_like_null(tmp_path: Path, field: str) -> None:
    """What is not there proves no more than what is empty."""
    without = {key: value for key, value in safe().items() if key != field}
    assert found(tmp_path, without) != []
    assert found(tmp_path, safe(**{field: None})) != []


def test_a_gate_that_is_not_spoken_of_is_missed(tmp_path: Path) -> None:
    """A list that was cut short proves nothing; what is switched off is told, an item stands for its gate."""
    gates = [one for one in with_gate("disk", id="disk[/var]")["gates"] if one["id"] != "api"]
    assert found(tmp_path, safe(gates=gates)) == ["the verdict says SAFE without a word on these gates: api"]
    fewer = [one for one in gates if one["id"] != "version"]
    assert found(tmp_path, safe(gates=fewer)) == ["the verdict says SAFE without a word on these gates: version, api"]
    assert found(tmp_path, safe(gates=gates, disabled=[{"gate": "api", "reason": "none here"}])) == []


@pytest.mark.parametrize(
    "id_", ["version[x]", "version[", "version[]", "version ", "Version", "disk[", "disk[]", "disk]"]
)
def test_a_result_of_another_name_is_not_the_gate_s(tmp_path: Path, id_: str) -> None:
    """Only a gate that has targets has results with their names."""
    gate_id = id_.lower().rstrip("[] x")
    assert found(tmp_path, with_gate(gate_id, id=id_)) == [
        f"the verdict says SAFE without a word on these gates: {gate_id}"
    ]


def test_the_schema_version_has_to_be_there(tmp_path: Path) -> None:
    """Some other tool's JSON is not taken for a verdict."""
    assert found(tmp_path, {"verdict": "SAFE"}) == [NO_SCHEMA]


def test_a_waived_gate_passes_with_its_waiver(tmp_path: Path) -> None:
    """What the policy excuses is SAFE here as well; without the waiver it is no proof."""
    (waived,) = [gate for gate in document(SAMPLES["waived"])["gates"] if gate["waiver"]]
    others = [gate for gate in safe()["gates"] if gate["id"] != waived["id"]]
    assert found(tmp_path, safe(gates=[*others, waived])) == []
    assert found(tmp_path, safe(gates=[*others, {**waived, "waiver": None}])) == [
        "the verdict says SAFE, but gate disk has status CRIT and outcome waived, expected outcome failed"
    ]


WAIVER = {"gate": "disk", "env": "prod", "reason": "on order", "owner": "Kim", "expires": "2024-06-30"}
BROKEN_WAIVERS: dict[str, tuple[dict[str, Any], str]] = {
    "empty": ({}, "the waiver of gate disk is not valid: gate is missing, expected the id of a gate"),
    "for another gate": ({**WAIVER, "gate": "memory"}, "the waiver of gate disk is for memory in prod"),
    "for another environment": ({**WAIVER, "env": "dev"}, "the waiver of gate disk is for disk in dev"),
    "without a reason": ({**WAIVER, "reason": ""}, "the waiver of gate disk is not valid: reason is "),
    "without an owner": ({**WAIVER, "owner": " "}, "the waiver of gate disk is not valid: owner is "),
    "without an end": ({**WAIVER, "expires": None}, "the waiver of gate disk is not valid: expires is None"),
    "with a strange end": ({**WAIVER, "expires": "soon"}, "the waiver of gate disk is not valid: expires is 'soon'"),
    "with an end in a list": ({**WAIVER, "expires": []}, "the waiver of gate disk is not valid: expires is a list"),
    "that has ended": (
        {**WAIVER, "expires": "2024-05-17T09:35:00+00:00"},
        "the waiver of gate disk has expired (2024-05-17 09:35+00:00): run the gate again",
    ),
}


@pytest.mark.parametrize("name", BROKEN_WAIVERS)
def test_a_waiver_that_no_policy_holds_excuses_nothing(tmp_path: Path, name: str) -> None:
    """A waiver in a verdict file is whole, is about this gate and environment, and is in force now."""
    waiver, words = BROKEN_WAIVERS[name]
    (waived,) = [gate for gate in document(SAMPLES["waived"])["gates"] if gate["waiver"]]
    others = [gate for gate in safe()["gates"] if gate["id"] != waived["id"]]
    (reason,) = found(tmp_path, safe(gates=[*others, {**waived, "waiver": waiver}]))
    assert reason.startswith(f"the verdict says SAFE, but {words}")


def test_what_is_indispensable_cannot_be_waived(tmp_path: Path) -> None:
    """Without environment, repository and version it is unknown what is released where."""
    changed = with_gate("version", status="CRIT", outcome="waived", waiver={**WAIVER, "gate": "version"})
    (reason,) = found(tmp_path, changed)
    assert reason.startswith("the verdict says SAFE, but the waiver of gate version is not valid: gate is 'version'")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, ""),
        ({"advised": None}, "gate disk has status CRIT and outcome advised, expected outcome failed"),
        ({"advised": "2024-05-16"}, "gate disk was advised until 2024-05-16, and counts now: run the gate again"),
        ({"status": "OK", "outcome": "passed"}, "gate disk has outcome passed and is advised until"),
        ({"advised": "9999-12-31"}, ""),
    ],
)
def test_an_advised_gate_passes_until_its_day_is_over(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    """The deploy step accepts what the policy only advises, and no date that has passed or is missing."""
    words = found(tmp_path, with_gate("disk", **{**ADVISED, **changes}))
    assert [one.startswith(f"the verdict says SAFE, but {reason}") for one in words] == ([True] if reason else [])


def test_what_is_indispensable_cannot_be_advised(tmp_path: Path) -> None:
    """A file that says so was not written by a run."""
    assert found(tmp_path, with_gate("version", **ADVISED)) == [
        "the verdict says SAFE, but gate version is advised, which no policy can do"
    ]


ADVISED = {"status": "CRIT", "outcome": "advised", "advised": "2024-05-17"}


def with_gate(id_: str, **changes: Any) -> dict[str, Any]:
    """Return the document of a SAFE run with one of its gates changed."""
    return safe(gates=[{**one, **changes} if one["id"] == id_ else one for one in safe()["gates"]])


def without(*ids: str, **changes: Any) -> dict[str, Any]:
    """Return the document of a SAFE run without some of its gates."""
    return safe(gates=[one for one in safe()["gates"] if one["id"] not in ids], **changes)


MEASURE = {"name": "used", "value": 1, "unit": "%", "warn": None, "crit": None}
ROUNDS = {"count": 2, "wait": 0, "hold": 1, "interval": 1, "healthy_after": 0.1, "held": 1.0, "failures": {}, "why": ""}
OFF = {"gate": "api", "reason": "none here"}
CONTRADICTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "a failure that passed": (
        with_gate("disk", status="CRIT"),
        "gate disk has status CRIT and outcome passed, expected outcome failed",
    ),
    "an unknown that passed": (
        with_gate("disk", status="UNKNOWN"),
        "gate disk has status UNKNOWN and outcome passed, expected outcome failed",
    ),
    "a warning that passed": (
        with_gate("disk", status="WARN"),
        "gate disk has status WARN and outcome passed, expected outcome warned",
    ),
    "no status, and passed": (
        with_gate("disk", status=None),
        "gate disk has status none and outcome passed, expected outcome not evaluated",
    ),
    "a waiver for a gate that passed": (
        with_gate("disk", waiver=WAIVER),
        "gate disk has outcome passed and a waiver, which excuses nothing",
    ),
    "a gate twice": (safe(gates=[*safe()["gates"], gate()]), "gate environment is there 2 times"),
    "a gate without an id": (safe(gates=[*safe()["gates"], gate(id=" ")]), "a gate has no id"),
    "a gate of the wrong kind": (with_gate("disk", kind="policy"), "gate disk is of kind policy, expected critical"),
    "endless tries": (with_gate("disk", tries=10**9), "gate disk made 1000000000 tries in 0.001 s"),
    "no tries": (with_gate("disk", tries=0), "gate disk made 0 tries in 0.001 s"),
    "time that runs backwards": (with_gate("disk", seconds=-1), "gate disk made 1 tries in -1 s"),
    "a program of another name": (safe(tool="sentinel 1"), "it was written by 'sentinel 1'"),
    "a program with a second line": (safe(tool="release-sentinel 1\nx"), "it was written by 'release-sentinel 1\\nx'"),
    "the environment switched off": (
        without("environment", disabled=[{"gate": "environment", "reason": "x"}]),
        "gate environment is switched off, which no policy can do",
    ),
    "the repository switched off": (
        without("repository", disabled=[{"gate": "repository", "reason": "x"}]),
        "gate repository is switched off, which no policy can do",
    ),
    "the version switched off": (
        without("version", disabled=[{"gate": "version", "reason": "x"}]),
        "gate version is switched off, which no policy can do",
    ),
    "switched off and judged": (safe(disabled=[OFF]), "gate api is switched off and judged"),
    "switched off twice": (without("api", disabled=[OFF, OFF]), "gate api is switched off twice"),
    "switched off without a reason": (
        without("api", disabled=[{**OFF, "reason": " "}]),
        "gate api is switched off without a reason",
    ),
    "something else switched off": (
        safe(disabled=[{"gate": "queue", "reason": "x"}]),
        "gate queue, which is switched off, is not a built-in gate, nor one of a pack",
    ),
    "a measure twice": (
        with_gate("disk", measures=[MEASURE, {**MEASURE, "value": 2}]),
        "gate disk measures used 2 times",
    ),
    "rounds that ended badly": (safe(rounds={**ROUNDS, "why": "not healthy at first"}), "its rounds were not healthy"),
    "rounds that were never healthy": (safe(rounds={**ROUNDS, "healthy_after": None}), "none of its rounds was"),
    "rounds that did not hold": (safe(rounds={**ROUNDS, "held": 0.999}), "it held for 0.999 s, expected 1 s"),
    "an end before the start": (
        safe(started="2024-05-17T09:40:00+00:00"),
        "it started at 2024-05-17T09:40:00+00:00 and ended at 2024-05-17T09:30:17.623+00:00",
    ),
    "a start without a zone": (
        safe(started="2024-05-17T09:30:15"),
        "it does not say when it started: '2024-05-17T09:30:15'",
    ),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_parts_that_do_not_agree_are_refused(tmp_path: Path, name: str) -> None:
    """No run writes such a file: it was edited, or is torn."""
    written, words = CONTRADICTIONS[name]
    (reason,) = found(tmp_path, written)
    assert reason.startswith(f"the verdict says SAFE, but {words}")


TYPES: tuple[object, ...] = (None, True, 5, -1.5, "x", [], {}, [[]], [{}], [None], {"x": []})


@pytest.mark.parametrize("wrong", TYPES, ids=repr)
def test_no_type_of_any_field_ends_in_a_traceback(tmp_path: Path, wrong: object) -> None:
    """Whatever a field holds, of the file, a gate or a list, the answer is a sentence, or that nothing is wrong."""
    parts = {"disabled": {"gate": "api", "reason": "x"}, "missing": {"gate": "api", "why": "x"}}
    for key in safe():
        assert all("\n" not in reason for reason in found(tmp_path, safe(**{key: wrong})))
    for key in gate():
        assert all("\n" not in reason for reason in found(tmp_path, with_gate("disk", **{key: wrong})))
    for name, record in parts.items():
        for key in record:
            assert len(found(tmp_path, safe(**{name: [{**record, key: wrong}]}))) == 1
    for key in WAIVER:
        changed = with_gate("disk", status="CRIT", outcome="waived", waiver={**WAIVER, key: wrong})
        assert len(found(tmp_path, changed)) == 1 or wrong == "x"


def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    """No writer may ever come."""
    os.mkfifo(tmp_path / "verdict.json")
    assert problems(tmp_path / "verdict.json", EXPECTED, NOW) == [
        f"{tmp_path}/verdict.json cannot be read: it is not a regular file"
    ]


def test_a_device_without_end_is_refused_at_once() -> None:
    """Its content would fill the memory."""
    assert problems(Path("/dev/zero"), EXPECTED, NOW) == ["/dev/zero cannot be read: it is not a regular file"]


def test_a_file_above_the_bound_is_refused(tmp_path: Path) -> None:
    """The bound is named; nothing above it is loaded."""
    path = tmp_path / "verdict.json"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # a hole
    assert problems(path, EXPECTED, NOW) == [f"{path} cannot be read: it is longer than the 16 MiB that are read"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (TEXT.replace('"partial": false', '"partial": true, "partial": false'), "'partial' is there twice"),
        (TEXT.replace('"exit_code": 0', '"exit_code": NaN'), "NaN is not JSON"),
        (TEXT.replace('"exit_code": 0', f'"exit_code": {"9" * 5000}'), "a number has more than 4300 digits"),
        ("[" * 100_000, "it is nested too deep"),
    ],
    ids=["a key twice", "NaN", "an endless number", "nested without end"],
)
def test_what_two_readers_might_take_differently_is_refused(tmp_path: Path, text: str, words: str) -> None:
    """Strict JSON alone is a verdict."""
    assert found(tmp_path, text) == [f"FILE is not a JSON document: {words}"]


@pytest.mark.parametrize(
    "words", ["x\n::error::y", "x\r\ny", "\x1b[2Jx", "##vso[task.complete]x", "##[error]x", "a\u2028b"]
)
def test_what_a_file_says_commands_no_runner(tmp_path: Path, words: str) -> None:
    """It stays on one line of the log, and is no command there."""
    written = safe(verdict="BLOCKED", gates=[gate(outcome="failed", status="CRIT", reason=words)], env=words)
    for reason in found(tmp_path, written):
        assert reason.isprintable()
        assert "##" not in reason


@pytest.mark.parametrize("name", sorted(name for name in SAMPLES if SAMPLES[name].label != "SAFE"))
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
    """The message names the field."""
    torn = safe(verdict="BLOCKED", gates=[gate(outcome="failed", reason=None)])
    assert found(tmp_path, torn) == ["FILE is not a whole verdict: Expected `str`, got `null` - at `$.gates[0].reason`"]


def test_all_reasons_are_told_at_once(tmp_path: Path) -> None:
    """Verdict, release and age are each looked at, whatever the others say."""
    written = safe(verdict="CRITICAL", env="dev", version="v2.0.0", commit="", ended="lately")
    assert len(found(tmp_path, written)) == 5


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


def test_a_file_of_the_first_schema_is_still_read(tmp_path: Path) -> None:
    """Files that were kept have no measures, no mode and no rounds."""
    old = {key: value for key, value in safe().items() if key not in {"mode", "rounds", "undelivered"}}
    gates = [{key: value for key, value in gate.items() if key not in {"measures", "owed"}} for gate in old["gates"]]
    assert found(tmp_path, {**old, "schema_version": 1, "gates": gates}) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mode": "watch"}, "the verdict says SAFE with mode watch: it was tampered with, or torn"),
        ({"verdict": "WATCH SAFE", "mode": "watch"}, "the verdict is WATCH SAFE, expected SAFE"),
        ({"mode": "preview"}, "the verdict says SAFE with mode preview: it was tampered with, or torn"),
        ({"undelivered": "no tag"}, "the verdict says SAFE without proof"),
    ],
)
def test_another_mode_is_no_release(tmp_path: Path, changes: dict[str, object], words: str) -> None:
    """A watch or a preview says nothing about a release, whatever else the file says."""
    assert any(reason.startswith(words) for reason in found(tmp_path, {**safe(), **changes}))


def test_a_gate_that_is_left_out_on_purpose(tmp_path: Path) -> None:
    """Only a comparison may be: any other gate that was not evaluated did not pass, whatever the file says."""
    gates = safe()["gates"]
    assert isinstance(gates, list)
    spare = {**gates[-1], "status": None, "outcome": "not evaluated", "owed": False}
    assert found(tmp_path, {**safe(), "gates": [*gates, {**spare, "id": "compare[x]"}]}) == []
    assert found(tmp_path, {**safe(), "gates": [*gates, {**spare, "id": "own"}]}) != []
    assert found(tmp_path, {**safe(), "gates": [*gates, {**spare, "id": "compare[x]", "owed": True}]}) != []


def test_a_base_has_to_have_been_there(tmp_path: Path) -> None:
    """As it is here, by its digest, and below all else: what is below it decides what its locks hold."""
    expected = replace(EXPECTED, bases=(("acme_gates:policy.toml", "a" * 64),))
    base = {"name": "acme_gates:policy.toml", "sha256": "a" * 64}
    own = {"name": "release-sentinel.toml", "sha256": "c" * 64}
    for files in ([base], [base, own]):
        assert found(tmp_path, safe(policies=files), expected) == []
    for files in ([], [own], [own, base], [{**base, "sha256": "b" * 64}], [{"name": "a" * 64, "sha256": "b" * 64}]):
        (said,) = found(tmp_path, safe(policies=files), expected)
        assert said.startswith("the verdict was not judged by the base policy acme_gates:policy.toml of this machine")


def test_a_gate_of_a_pack_can_be_switched_off(tmp_path: Path) -> None:
    """If the run was judged by the pack."""
    disabled = [{"gate": "acme.queue-drained", "reason": "there is no queue"}]
    packs = [{"name": "acme", "version": "2.1.0", "distribution": "acme-gates", "digest": "a" * 64}]
    assert found(tmp_path, safe(disabled=disabled, packs=packs)) == []
    (said,) = found(tmp_path, safe(disabled=disabled))
    assert said.endswith("gate acme.queue-drained, which is switched off, is not a built-in gate, nor one of a pack")


@pytest.mark.parametrize("command", ["verify", "tag", "release"])
def test_every_reader_of_a_verdict_demands_the_base(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And refuses where it cannot be read, or the variable is blank."""
    (tmp_path / "base.toml").write_text("[disk]\ncrit = 80\n", encoding="utf-8")
    file = tmp_path / "verdict.json"
    file.write_text(json.dumps(safe(ended=datetime.now(UTC).isoformat())), encoding="utf-8")
    given = [str(file)] if command == "verify" else ["--verdict", str(file)]
    for value, said in (
        (str(tmp_path / "base.toml"), "the verdict was not judged by"),
        (str(tmp_path / "gone.toml"), "gone.toml"),
        ("", "RS_POLICY_BASE is blank"),
    ):
        monkeypatch.setenv("RS_POLICY_BASE", value)
        assert main([command, *given, "--env", "prod", "--version", "v1.0.0"]) == 1
        assert said in capsys.readouterr().err


@pytest.mark.parametrize("rounds", [ROUNDS, {**ROUNDS, "hold": 0, "held": 0}, {**ROUNDS, "hold": 0.9996}, None])
def test_rounds_that_went_well(tmp_path: Path, rounds: object) -> None:
    """A release may have none, and need not hold."""
    assert found(tmp_path, safe(rounds=rounds)) == []


WATCHED = replace(EXPECTED, watched=True)


def watch(**changes: Any) -> dict[str, Any]:
    """Return the document of a watch that was SAFE, with some of its fields changed."""
    return safe(**{"verdict": "WATCH SAFE", "mode": "watch", "rounds": ROUNDS, **changes})


@pytest.mark.parametrize(
    ("rounds", "words"),
    [
        (None, "it names no rounds, and a watch has them"),
        ({**ROUNDS, "hold": 0, "held": 0}, "it held for no time, and a watch holds"),
        ({**ROUNDS, "held": 0}, "it held for 0 s, expected 1 s"),
        ({**ROUNDS, "healthy_after": None}, "none of its rounds was healthy"),
        ({**ROUNDS, "why": "not healthy at first, 1 round"}, "its rounds were not healthy at first, 1 round"),
        ({**ROUNDS, "why": "interrupted after 1 round"}, "its rounds were interrupted after 1 round"),
    ],
)
def test_a_watch_has_held(tmp_path: Path, rounds: object, words: str) -> None:
    """A look at one moment is no watch."""
    assert found(tmp_path, watch(), WATCHED) == []
    assert found(tmp_path, watch(rounds=rounds), WATCHED) == [f"the verdict says SAFE, but {words}"]
