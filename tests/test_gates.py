"""The registry of the built-in gates."""

import ast
import inspect
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import get_args, get_origin

import pytest

from release_sentinel.checks.ci_checks import check_ci_checks
from release_sentinel.config.locks import globbed
from release_sentinel.config.marks import Header
from release_sentinel.config.model import ForgeRules, Freeze, Policy, VersionRules
from release_sentinel.config.read import bare, has_mark, keys
from release_sentinel.config.targets import CertificateTarget, DiskLimits, PrometheusQuery, TcpTarget, UnitRule
from release_sentinel.gates import BUILT_IN, IDS, BuiltInGate, expected, explain, find, table
from release_sentinel.plugin import fixtures, observations
from release_sentinel.redaction.spellings import ORDINARY
from release_sentinel.vocabulary import Stage
from tests.test_architecture import own

# For each setting that asks for a gate, a policy that does.
ASKED = {
    "version-files": Policy(version=VersionRules(files=("package.json",))),
    "changelog": Policy(version=VersionRules(changelog="NEWS.md")),
    "freeze": Policy(
        freezes=(Freeze("sale", "UTC", datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)),)
    ),
    "ci-checks": Policy(forge=ForgeRules(checks=("required",))),
    "review": Policy(forge=ForgeRules(approvals=1)),
    "blockers": Policy(forge=ForgeRules(blockers=("release-blocker",))),
}
GATES = Path(__file__).parent.parent / "gate_tests"

POLICY = ["environment", "repository", "clean-tree", "branch", "version", "tag", "configuration"]
OPT = ["version-increases", "version-files", "changelog", "in-sync", "signature", "freeze"]
FORGE = ["ci-checks", "review", "blockers"]
HOST = ["disk", "memory", "process", "api"]
REMOTE = ["host"]
FAR = ["tcp", "certificate", "unit", "prometheus"]
CRITICAL = REMOTE + HOST + FAR + ["compare"]

QUERY = PrometheusQuery("errors", "http://prometheus:9090", "up", "==", 1)
each_gate = pytest.mark.parametrize("gate", BUILT_IN, ids=lambda gate: gate.id)


def test_the_gates_are_the_contracts() -> None:
    """The built-in gates and their stages are those of the contract, policy first."""
    assert [gate.id for gate in BUILT_IN if gate.stage is Stage.POLICY] == POLICY + OPT + FORGE
    assert [gate.id for gate in BUILT_IN if gate.stage is Stage.CRITICAL] == CRITICAL
    assert [gate.id for gate in BUILT_IN] == POLICY + OPT + FORGE + CRITICAL


def test_opt_in_gates_are_owed_once_they_are_asked_for() -> None:
    """By default only the others are; one is enabled by its id, or by a rule that only it reads."""
    assert [gate.id for gate in expected(Policy())] == POLICY + HOST
    for gate_id in [gate.id for gate in BUILT_IN if gate.opt]:
        assert [gate.id for gate in expected(Policy(enable=(gate_id,))) if gate.opt] == [gate_id]
    for gate_id, policy in ASKED.items():
        assert [gate.id for gate in expected(policy) if gate.opt] == [gate_id]
    far = Policy(tcp=(TcpTarget("db", 1),), certificates=(CertificateTarget("db"),), prometheus=(QUERY,))
    assert [gate.id for gate in expected(far) if gate.opt] == ["tcp", "certificate", "prometheus"]
    assert [gate.id for gate in expected(Policy(units=(UnitRule("nginx"),))) if gate.opt] == ["unit"]


def test_every_setting_that_asks_for_a_gate_is_tried() -> None:
    """A gate with `asked_by` has a policy in `ASKED` that asks for it and for no other; only opt-in gates have one."""
    assert set(ASKED) == {gate.id for gate in BUILT_IN if gate.asked_by}
    assert all(gate.opt for gate in BUILT_IN if gate.asked_by)


def test_what_has_no_target_by_default_is_opt_in() -> None:
    """Otherwise every run would owe a result on nothing."""
    targeted = [gate for gate in BUILT_IN if gate.judges]
    assert {gate.id for gate in targeted if gate.opt} == {gate.id for gate in targeted if not gate.targets(Policy())}


def test_what_may_be_waited_for_is_asked_ahead() -> None:
    """A target with a time-out is asked beside the others; memory and processes are read at once."""
    assert find("disk").prefetched
    assert find("api").prefetched
    assert not find("memory").prefetched
    assert not find("environment").prefetched


@each_gate
def test_a_gate_is_given_what_its_headers_name(gate: BuiltInGate) -> None:
    """A check whose targets have headers takes `environ`, where the values of these are."""
    kinds = [kind for _, kind in keys(gate.judges).values()] if gate.judges else []
    sends = any(get_origin(bare(kind)[0]) is Mapping and has_mark(get_args(bare(kind)[0])[1], Header) for kind in kinds)
    assert not sends or "environ" in inspect.signature(gate.check).parameters


@each_gate
def test_a_gate_of_http_loads_it_ahead(gate: BuiltInGate) -> None:
    """What is asked in threads prepares the library of HTTP before, if it gets there by its imports; no other does."""
    seen, left = set[str](), [f"checks.{gate.judge.partition('.')[0]}"]
    while left:
        seen.add(module := left.pop())
        left += [one.imported for one in own() if one.importer == module and one.imported not in seen]
    assert bool(gate.prepare) == (gate.prefetched and "observe.http" in seen)


def test_a_gate_owes_a_result_for_each_target() -> None:
    """Listed targets have their name in the id, beside the one that keeps the plain id."""
    assert find("disk").items(Policy()) == ("disk",)
    assert find("disk").items(Policy(disks=(DiskLimits("/var"),))) == ("disk", "disk[/var]")
    both = Policy(disks=(DiskLimits("/"), DiskLimits("/var")))
    assert find("disk").items(both) == ("disk", "disk[/]", "disk[/var]")
    assert find("memory").items(Policy()) == ("memory",)
    assert find("unit").items(Policy(units=(UnitRule("nginx"),))) == ("unit[nginx.service]",)
    assert find("prometheus").items(Policy(prometheus=(QUERY,))) == ("prometheus[errors]",)


def functions(folder: Path, pattern: str = "test_*.py") -> list[str]:
    """Return the names of the gates in a folder."""
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in sorted(folder.glob(pattern))]
    found = [node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return [name for name in found if name.startswith("test_")]


def test_every_gate_has_one_function_and_every_function_a_gate() -> None:
    """`gate_tests/` and the registry name the same gates."""
    assert sorted(functions(GATES)) == sorted("test_" + gate.id.replace("-", "_") for gate in BUILT_IN)


@pytest.mark.parametrize("file", sorted(GATES.glob("test_*.py")), ids=lambda file: file.name)
def test_a_gate_s_marker_is_its_stage(file: Path) -> None:
    """The marker of a file is the stage that the registry says of each gate in it."""
    (marker,) = re.findall(r"^pytestmark = pytest\.mark\.(\w+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    ids = {name.removeprefix("test_").replace("_", "-") for name in functions(file.parent, file.name)}
    assert ids
    assert {gate.stage for gate in BUILT_IN if gate.id in ids} == {marker}


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
    with pytest.raises(LookupError, match=r"^require has no section Why$"):
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
    ids = ", ".join(POLICY + OPT + FORGE + CRITICAL)

    with pytest.raises(LookupError) as refusal:
        find(wrong)

    assert str(refusal.value) == f"there is no gate {wrong!r}; did you mean {nearest}? The gates are: {ids}"


@pytest.mark.parametrize("wrong", ["", "xyzzy"])
def test_an_id_near_to_nothing_names_all(wrong: str) -> None:
    """If no id is near, the message lists all."""
    with pytest.raises(LookupError, match=rf"^there is no gate '{wrong}'\. The gates are: environment, .*, compare$"):
        find(wrong)


def test_the_table_has_a_row_for_each_gate() -> None:
    """The guide's table is complete, in order, and well-formed Markdown."""
    head, rule, *rows = table().splitlines()

    assert head == "| gate | stage | passes when | why |"
    assert rule == "|---|---|---|---|"
    assert [row.split("|")[1].strip(" `") for row in rows] == list(IDS)
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
    asked = [Policy(enable=("freeze",)), Policy(required_gates=("freeze",)), ASKED["freeze"]]
    assert all("freeze" in {gate.id for gate in expected(policy)} for policy in asked)
    assert "freeze" not in {gate.id for gate in expected(Policy())}


def test_a_gate_that_is_switched_off_is_not_owed() -> None:
    """All others are."""
    policy = Policy(disable={"process": "no agent here"})
    assert {gate.id for gate in expected(Policy())} - {gate.id for gate in expected(policy)} == {"process"}


_READ = re.compile(r"\bpolicy\.(git|version|forge|environments|freezes)\b(?:\.(\w+))?")
_FOLLOWED = re.compile(r"\b(?:self|observations)\.(\w+)")


def _reads(text: str) -> set[str]:
    """Return the keys of the policy that a function reads, also by a name of its own for a table."""
    found = {f"{name}.{key}" if key else name for name, key in _READ.findall(text.replace("_policy", "policy"))}
    for name in ("git", "version", "forge"):
        if re.search(rf"\brules\b.* = \(?(self\._)?policy\.{name}\b", text):
            found |= {f"{name}.{key}" for key in re.findall(r"\brules\.(\w+)", text)}
    return found - {"git", "version", "forge"}


@cache
def _read_by_gates() -> dict[str, set[str]]:
    """Return the keys that each gate's test reads: by itself, by its fixtures, and by what these observe."""
    observed = {part.name: ast.unparse(part) for part in _functions(Path(inspect.getfile(observations)))}
    given = {part.name: part for part in _functions(Path(inspect.getfile(fixtures)))}

    def keys_of(name: str, done: set[str]) -> set[str]:
        if name in done or name not in observed:
            return set()
        done.add(name)
        # One question lists the refs that all gates need: which refs, only the gates that ask for them judge.
        own: set[str] = set() if name == "_listing" else _reads(observed[name])
        return own.union(*(keys_of(other, done) for other in _FOLLOWED.findall(observed[name])))

    found: dict[str, set[str]] = {}
    for file in GATES.glob("test_*.py"):
        for test in _functions(file):
            keys = _reads(ast.unparse(test))
            for name in [argument.arg for argument in test.args.args if argument.arg in given]:
                names = _FOLLOWED.findall(ast.unparse(given[name]))
                keys = keys.union(*(keys_of(one, set()) for one in names))
            found[test.name.removeprefix("test_").replace("_", "-")] = keys
    found["ci-checks"] |= {f"forge.{key}" for key in re.findall(r"\brules\.(\w+)", inspect.getsource(check_ci_checks))}
    return found


def _functions(file: Path) -> list[ast.FunctionDef]:
    return [part for part in ast.walk(ast.parse(file.read_text())) if isinstance(part, ast.FunctionDef)]


@each_gate
def test_a_gate_names_the_keys_that_it_reads(gate: BuiltInGate) -> None:
    """A lock on one of them protects the gate, which could be switched off otherwise."""
    named = (*gate.keys, gate.asked_by)
    read = _read_by_gates()[gate.id]
    assert {key for key in read if not any(globbed(pattern, key) for pattern in named)} == set()


def test_the_keys_that_gates_read_are_found() -> None:
    """Directly, through a fixture, and through what a fixture observes."""
    read = _read_by_gates()
    assert read["in-sync"] == {"git.remote", "git.tag_mode", "version.prefix"}
    assert read["review"] > {"git.branches", "git.tag_mode", "forge.approvals", "forge.token"}
    assert read["ci-checks"] > {"forge.wait", "forge.interval", "forge.ignore"}
    assert read["version"] == {"version.prefix", "version.prereleases"}
    assert not read["disk"]
