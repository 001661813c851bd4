"""The proof that a run was whole: what is missing is named, with its cause."""

from argparse import Namespace
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from release_sentinel.checks.result import CRIT, OK, CheckResult
from release_sentinel.config.model import Policy
from release_sentinel.gates import expected
from release_sentinel.plugin.completeness import listing, sentences, unproven
from release_sentinel.plugin.folders import built_in as built_in_folder
from release_sentinel.plugin.gate import Record
from release_sentinel.verdict import Missing
from release_sentinel.vocabulary import Stage

ALL = [gate.id for gate in expected(Policy())]
FILE = Path("/srv/shop/gate_tests/test_own.py")
PASSED = CheckResult(OK, "fine")


def record(name: str = "own", **changes: Any) -> Record:
    """Return the record of a gate that ran once and passed, with some of it changed."""
    function = f"test_{name.replace('-', '_')}"
    whole = Record(
        id=name,
        stage=Stage.POLICY,
        nodeid=f"gate_tests/test_own.py::{function}",
        path=FILE,
        function=function,
        built_in=False,
        judged=[PASSED],
        runs=1,
        finished=True,
    )
    return replace(whole, **changes)


def built_in(*without: str) -> list[Record]:
    """Return passed records of the built-in gates."""
    return [record(gate.id, built_in=True) for gate in expected(Policy()) if gate.id not in without]


def told(missing: Iterable[Missing]) -> list[str]:
    """Return the sentences about what is missing."""
    return list(sentences(missing))


def reasons(*records: Record, left_out: Mapping[str, str] | None = None, **named: Any) -> list[str]:
    """Return why a run with these records, and passed built-in gates, proves nothing."""
    return told(unproven(ALL, [*built_in(), *records], left_out or {}, named.pop("folders", ()), **named))


def test_a_whole_run_is_proven() -> None:
    """Where every gate has its result there is nothing to say."""
    assert reasons(record()) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"judged": [CheckResult(CRIT, "no")]},
        {"judged": [], "asserted": 1},
        {"judged": [], "failure": "assert False"},
        {"judged": [], "broken": "the gate broke: KeyError"},
        {"judged": [], "not_evaluated": "a policy gate failed"},
    ],
    ids=["failed", "asserted", "failed by an assert", "broke", "not evaluated"],
)
def test_a_result_of_any_kind_is_one(changes: dict[str, Any]) -> None:
    """A failed gate, or one of a stage that was not begun, is no hole in the run."""
    assert reasons(record(**changes)) == []


NOTHING = (
    "it judges nothing: it needs gate.require(...) or an assert "
    "(unittest's assert methods and pytest.raises do not count; asserts outside gate_tests and the "
    "packages of gate packs only after pytest.register_assert_rewrite)"
)
UNFINISHED = {"judged": [], "finished": False}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"skipped": "no time"}, "no result from gate own: it was skipped: no time"),
        ({"skipped": "no time", "judged": []}, "no result from gate own: it was skipped: no time"),
        (UNFINISHED, "no result from gate own: it began and did not finish"),
        ({**UNFINISHED, "runs": 0}, "no result from gate own: it was not run"),
        ({"judged": []}, f"no result from gate own: {NOTHING}"),
    ],
    ids=["skipped", "skipped unjudged", "unfinished", "not run", "judged nothing"],
)
def test_a_gate_without_a_result_is_named(changes: dict[str, Any], reason: str) -> None:
    """The sentence says which gate it is, and how it came to have no result."""
    assert reasons(record(**changes)) == [reason]


def test_a_skip_that_we_made_ourselves_is_no_hole() -> None:
    """A critical gate that was not evaluated is skipped for pytest, and told as not evaluated by us."""
    assert reasons(record(judged=[], skipped="not evaluated", not_evaluated="a policy gate failed")) == []


@pytest.mark.parametrize("gate", ALL)
def test_each_built_in_gate_is_missed(gate: str) -> None:
    """None of them can be left out without a word."""
    assert told(unproven(ALL, built_in(gate), {}, ())) == [f"no result from gate {gate}: it was not collected"]


def test_no_records_at_all_prove_nothing() -> None:
    """All built-in gates are named in one sentence."""
    (reason,) = told(unproven(ALL, [], {}, ()))
    assert reason == f"no result from gates {', '.join(ALL)}: it was not collected"


def test_a_gate_of_the_repository_does_not_stand_in_for_a_built_in_one() -> None:
    """A gate with the id of a built-in one proves nothing about it."""
    gates = [*built_in("disk"), record("disk")]
    assert told(unproven(ALL, gates, {}, ())) == ["no result from gate disk: it was not collected"]


def test_each_target_of_a_built_in_gate_is_missed() -> None:
    """`disk[/var]` is no answer about `disk[/srv]`."""
    owed = [*(gate for gate in ALL if gate != "disk"), "disk[/var]", "disk[/srv]"]
    gates = [*built_in("disk"), record("disk[/var]", built_in=True)]
    assert told(unproven(owed, gates, {}, ())) == ["no result from gate disk[/srv]: it was not collected"]


def test_gates_with_one_cause_share_a_sentence() -> None:
    """What was left out is told by its cause, each once."""
    left_out = {"disk": "it was deselected", "api": "it was deselected", "tag": "its file is ignored"}
    assert told(unproven(ALL, built_in(*left_out), left_out, ())) == [
        "no result from gate tag: its file is ignored",
        "no result from gates disk, api: it was deselected",
    ]


def test_an_early_end_is_the_cause_of_everything_that_is_missing() -> None:
    """Gates that did not run, did not finish or said nothing share the run's own end."""
    gates = [*built_in("api"), record("own", **UNFINISHED), record("other", judged=[])]
    assert told(unproven(ALL, gates, {}, (), early_end="pytest.exit ended the run")) == [
        "no result from gates own, other, api: pytest.exit ended the run"
    ]


def test_a_known_cause_goes_before_an_early_end() -> None:
    """A gate that was deselected would not have run in a longer run either."""
    said = told(unproven(ALL, built_in("api"), {"api": "it was deselected"}, (), early_end="it stopped"))
    assert said == ["no result from gate api: it was deselected"]


def test_a_gate_that_was_collected_and_left_out_tells_why() -> None:
    """Its own cause goes before the run's end, and both before the mere fact."""
    unrun = record(judged=[], finished=False, runs=0)
    left_out = {"own": "it was deselected"}
    assert reasons(unrun, left_out=left_out, early_end="it stopped") == ["no result from gate own: it was deselected"]


def test_a_partial_run_may_leave_gates_out() -> None:
    """What was not chosen is not missed."""
    assert told(unproven(ALL, [record()], {"disk": "it was deselected"}, (), partial=True)) == []


@pytest.mark.parametrize("changes", [UNFINISHED, {"skipped": "no time"}, {"judged": []}], ids=lambda it: next(iter(it)))
def test_a_partial_run_is_held_to_what_it_chose(changes: dict[str, Any]) -> None:
    """A chosen gate without a result is a hole there, too."""
    assert len(told(unproven(ALL, [record(**changes)], {}, (), partial=True))) == 1


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A gate folder with one file that declares one gate, `own`."""
    folder = tmp_path / "gate_tests"
    folder.mkdir()
    (folder / "test_own.py").write_text("def test_own(): ...\n", encoding="utf-8")
    return folder


def test_a_declared_gate_that_was_collected_is_proven(folder: Path) -> None:
    """Source and run agree."""
    collected = record(declared=frozenset({((folder / "test_own.py").resolve(), "test_own")}))
    assert reasons(collected, folders=[folder]) == []


def test_a_declared_gate_that_was_not_collected_is_named(folder: Path) -> None:
    """The sentence names the file, from its gate folder on."""
    assert reasons(folders=[folder]) == ["no result from gate test_own.py::test_own: pytest did not collect it"]


def test_a_declared_gate_that_was_left_out_tells_why(folder: Path) -> None:
    """A cause that is known is told instead of none."""
    said = reasons(folders=[folder], left_out={"own": "it was deselected"})
    assert said == ["no result from gate test_own.py::test_own: it was deselected"]


def test_a_test_that_was_refused_already_is_not_told_twice(folder: Path) -> None:
    """An unmarked test has its own sentence."""
    assert reasons(folders=[folder], unmarked_tests={((folder / "test_own.py").resolve(), "test_own")}) == []


def test_a_gate_of_the_same_name_elsewhere_proves_nothing(folder: Path) -> None:
    """Neither one of another file, nor a built-in one stands in for what was not collected."""
    (folder / "test_own.py").write_text("class Own:\n    def test_disk(self): ...\n", encoding="utf-8")
    other = record("disk", declared=frozenset({(folder / "test_other.py", "Own::test_disk")}))
    assert reasons(other, folders=[folder]) == [
        "no result from gate test_own.py::Own::test_disk: pytest did not collect it"
    ]


def test_a_declared_method_is_told_by_its_class(folder: Path) -> None:
    """The class that pytest passed over can be found."""
    (folder / "test_own.py").write_text("class Own:\n    def test_disk_space(self): ...\n", encoding="utf-8")
    assert reasons(folders=[folder]) == [
        "no result from gate test_own.py::Own::test_disk_space: pytest did not collect it"
    ]


def test_a_gate_folder_behind_a_link_is_read(folder: Path) -> None:
    """The files are told from the folder on, wherever it really is."""
    link = folder.parent / "link"
    link.symlink_to(folder)
    assert reasons(folders=[link]) == ["no result from gate test_own.py::test_own: pytest did not collect it"]


def test_the_built_in_folder_is_not_read() -> None:
    """What a run owes of it is known by the ids of the gates: a run need not collect those that are switched off."""
    assert reasons(folders=[built_in_folder()]) == []


def test_a_definition_that_hides_another_is_named_although_it_ran(folder: Path) -> None:
    """The last of two functions ran; the first one guards nothing."""
    path = folder / "test_own.py"
    path.write_text("def test_own(): ...\ndef test_own(): ...\n", encoding="utf-8")
    assert reasons(record(declared=frozenset({(path.resolve(), "test_own")})), folders=[folder]) == [
        "no result from gate test_own.py::test_own: it is defined 2 times, and the last definition hides the others"
    ]


@pytest.mark.parametrize("named", [{"partial": True}, {"early_end": "it stopped"}], ids=["partial", "early end"])
def test_the_source_is_not_asked_where_the_run_was_not_to_be_whole(folder: Path, named: dict[str, Any]) -> None:
    """A chosen subset, or a run that ended early, leaves gates uncollected for a reason that is told already."""
    assert reasons(folders=[folder], **named) == []


@pytest.mark.parametrize(
    ("option", "flag"),
    [
        ("help", "--help"),
        ("collectonly", "--collect-only"),
        ("setuponly", "--setup-only"),
        ("setupplan", "--setup-plan"),
        ("showfixtures", "--fixtures"),
        ("show_fixtures_per_test", "--fixtures-per-test"),
        ("markers", "--markers"),
        ("cacheshow", "--cache-show"),
        ("version", "pytest's own --version"),
    ],
)
def test_a_mode_that_lists_is_told_by_its_flag(option: str, flag: str) -> None:
    """Whatever makes pytest run nothing is known."""
    assert listing(Namespace(**{option: True})) == flag
    assert listing(Namespace(**{option: None})) == ""


def test_every_listing_option_is_one_of_pytest_s(pytester: pytest.Pytester) -> None:
    """In an ordinary run each of them is there and switched off: a renamed one would be noticed."""
    option = pytester.parseconfig().option  # of a run with all of pytest's own plugins
    assert listing(option) == ""
    from release_sentinel.plugin.completeness import _LISTING

    assert [name for name in _LISTING if not hasattr(option, name)] == []


def test_a_gate_that_the_policy_requires_is_missed() -> None:
    """By its id, with or without a parameter; why it was left out is told where that is known."""
    why = "no result from gate queue: the policy requires it, and there is no such gate"
    assert reasons(required=["queue"]) == [why]
    assert reasons(record("queue"), required=["queue"]) == reasons(record("queue[mail]"), required=["queue"]) == []
    assert reasons(required=["queue"], left_out={"queue": "it was deselected"}) == [
        "no result from gate queue: it was deselected"
    ]
    assert reasons(required=["queue"], early_end="it stopped") == ["no result from gate queue: it stopped"]
    assert reasons(required=["queue"], partial=True) == reasons(required=["disk"]) == []


def test_a_built_in_gate_that_the_policy_requires_is_missed_once() -> None:
    """It is owed anyway, and named in one place."""
    (missing,) = unproven(ALL, built_in("disk"), {}, (), required=["disk"])
    assert missing == Missing("disk", "it was not collected")
