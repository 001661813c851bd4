"""The registry of the built-in gates."""

import ast
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from release_sentinel.config.model import Freeze, Policy, VersionRules
from release_sentinel.config.targets import CertificateTarget, DiskLimits, PrometheusQuery, TcpTarget
from release_sentinel.gates import BUILT_IN, BuiltInGate, expected, explain, find, table
from release_sentinel.redaction.spellings import ORDINARY
from release_sentinel.vocabulary import Stage

GATES = Path(__file__).parent.parent / "gate_tests"

POLICY = ["environment", "repository", "clean-tree", "branch", "version", "tag", "configuration"]
OPT = ["version-increases", "version-files", "changelog", "in-sync", "signature", "freeze"]
HOST = ["disk", "memory", "process", "api"]
FAR = ["tcp", "certificate", "prometheus"]
CRITICAL = HOST + FAR

QUERY = PrometheusQuery("errors", "http://prometheus:9090", "up", "==", 1)
each_gate = pytest.mark.parametrize("gate", BUILT_IN, ids=lambda gate: gate.id)


def test_the_gates_are_the_contracts() -> None:
    """The built-in gates and their stages are those of the contract, policy first."""
    assert [gate.id for gate in BUILT_IN if gate.stage is Stage.POLICY] == POLICY + OPT
    assert [gate.id for gate in BUILT_IN if gate.stage is Stage.CRITICAL] == CRITICAL
    assert [gate.id for gate in BUILT_IN] == POLICY + OPT + CRITICAL


def test_opt_in_gates_are_owed_once_they_are_asked_for() -> None:
    """By default only the others are; one is enabled by its id, or by a rule that only it reads."""
    assert [gate.id for gate in expected(Policy())] == POLICY + HOST
    assert [gate.id for gate in BUILT_IN if gate.opt] == OPT + FAR
    for gate_id in OPT + FAR:
        assert [gate.id for gate in expected(Policy(enable=(gate_id,))) if gate.opt] == [gate_id]
    ruled = Policy(version=VersionRules(files=("package.json",), changelog="NEWS.md"))
    assert [gate.id for gate in expected(ruled) if gate.opt] == ["version-files", "changelog"]
    far = Policy(tcp=(TcpTarget("db", 1),), certificates=(CertificateTarget("db"),), prometheus=(QUERY,))
    assert [gate.id for gate in expected(far) if gate.opt] == FAR


def test_a_gate_owes_a_result_for_each_target() -> None:
    """Listed targets have their name in the id, beside the one that keeps the plain id."""
    assert find("disk").items(Policy()) == ("disk",)
    assert find("disk").items(Policy(disks=(DiskLimits("/var"),))) == ("disk", "disk[/var]")
    both = Policy(disks=(DiskLimits("/"), DiskLimits("/var")))
    assert find("disk").items(both) == ("disk", "disk[/]", "disk[/var]")
    assert find("memory").items(Policy()) == ("memory",)
    assert find("prometheus").items(Policy(prometheus=(QUERY,))) == ("prometheus[errors]",)


def functions(folder: Path) -> list[str]:
    """Return the names of the gates in a folder."""
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("test_*.py"))]
    found = [node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return [name for name in found if name.startswith("test_")]


def test_every_gate_has_one_function_and_every_function_a_gate() -> None:
    """`gate_tests/` and the registry name the same gates."""
    assert sorted(functions(GATES)) == sorted("test_" + gate.id.replace("-", "_") for gate in BUILT_IN)


def test_a_gate_without_a_function_would_be_noticed(tmp_path: Path) -> None:
    """The reader of the functions finds all of them."""
    (tmp_path / "test_x.py").write_text("def test_queue(gate): ...\ndef helper(): ...\n", encoding="utf-8")
    assert functions(tmp_path) == ["test_queue"]


@each_gate
def test_an_id_is_an_ordinary_word(gate: BuiltInGate) -> None:
    """A secret that holds the id of a gate must not mask every line about that gate."""
    assert {gate.id, gate.stage} <= ORDINARY


def test_ids_and_checks_are_unique() -> None:
    """One id belongs to one check."""
    assert len({gate.id for gate in BUILT_IN}) == len({gate.check for gate in BUILT_IN}) == len(BUILT_IN)


@each_gate
def test_an_id_follows_from_the_name_of_its_check(gate: BuiltInGate) -> None:
    """`check_clean_tree` is the gate `clean-tree`: code, test and report use the same word."""
    assert gate.check.__name__ == "check_" + gate.id.replace("-", "_")


@each_gate
def test_a_title_is_one_sentence(gate: BuiltInGate) -> None:
    """The title is complete on its own, and says what the gate requires."""
    assert re.fullmatch(r"[A-Z`].*\.", gate.title)
    assert gate.title.count(". ") == 0


@each_gate
@pytest.mark.parametrize("section", ["Why", "Unknown", "Remedy"])
def test_a_gate_is_documented_in_three_sections(gate: BuiltInGate, section: str) -> None:
    """Each gate says why it exists, when it is unknown, and how to fix it."""
    assert re.fullmatch(r"\S.{9,}[.?]", gate.section(section))


@each_gate
def test_documentation_fits_a_table(gate: BuiltInGate) -> None:
    """No bar or line break would tear a row of the guide's table."""
    assert not re.search(r"[|\n]", gate.title + gate.section("Why"))


def test_a_section_that_is_not_there_is_named() -> None:
    """A check without documentation is refused with the section that it lacks."""
    with pytest.raises(LookupError, match=r"^result\.require has no section Why$"):
        BuiltInGate("nothing", Stage.POLICY, "result.require").section("Why")  # which judges nothing


@each_gate
def test_a_gate_is_found_by_its_id(gate: BuiltInGate) -> None:
    """The id is enough."""
    assert find(gate.id) is gate


@pytest.mark.parametrize(
    ("wrong", "nearest"), [("clean_tree", "clean-tree"), ("Disk", "disk"), ("enviroment", "environment")]
)
def test_a_misspelt_id_names_the_nearest(wrong: str, nearest: str) -> None:
    """The message for a typo has the nearest id, and all ids."""
    ids = ", ".join(POLICY + OPT + CRITICAL)

    with pytest.raises(LookupError) as refusal:
        find(wrong)

    assert str(refusal.value) == f"there is no gate {wrong!r}; did you mean {nearest}? The gates are: {ids}"


@pytest.mark.parametrize("wrong", ["", "xyzzy"])
def test_an_id_near_to_nothing_names_all(wrong: str) -> None:
    """If no id is near, the message lists all."""
    with pytest.raises(
        LookupError, match=rf"^there is no gate '{wrong}'\. The gates are: environment, .*, prometheus$"
    ):
        find(wrong)


def test_the_table_has_a_row_for_each_gate() -> None:
    """The guide's table is complete, in order, and well-formed Markdown."""
    head, rule, *rows = table().splitlines()

    assert head == "| gate | stage | passes when | why |"
    assert rule == "|---|---|---|---|"
    assert [row.split("|")[1].strip(" `") for row in rows] == POLICY + OPT + CRITICAL
    assert all(row.count("|") == 5 for row in rows)


@each_gate
def test_explain_shows_everything(gate: BuiltInGate) -> None:
    """Id, stage, title and all three sections, with their texts in one column."""
    text = explain(gate)

    assert text.startswith(
        f"{gate.id}  ({gate.stage}{', opt-in' if gate.opt else ''} gate)\n\n{gate.title}\n\nWhy:     "
    )
    assert text.endswith(f"\nUnknown: {gate.section('Unknown')}\nRemedy:  {gate.section('Remedy')}")


def test_an_opt_in_gate_is_owed_once_it_is_asked_for() -> None:
    """By its id, as a required gate, or by rules that only it reads."""
    window = Freeze("sale", "UTC", datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))
    asked = [Policy(enable=("freeze",)), Policy(required_gates=("freeze",)), Policy(freezes=(window,))]
    assert all("freeze" in {gate.id for gate in expected(policy)} for policy in asked)
    assert "freeze" not in {gate.id for gate in expected(Policy())}


def test_a_gate_that_is_switched_off_is_not_owed() -> None:
    """All others are."""
    policy = Policy(disable={"process": "no agent here"})
    assert {gate.id for gate in expected(Policy())} - {gate.id for gate in expected(policy)} == {"process"}
