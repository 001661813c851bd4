"""The proof that a run was whole: every expected gate has a result. What is missing is named, with its cause."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from release_sentinel.plugin.declared import Declared, gates_in
from release_sentinel.plugin.folders import is_built_in
from release_sentinel.plugin.gate import Record
from release_sentinel.verdict import Missing


class LeftOut(NamedTuple):
    """A gate that pytest collected, and that is not part of the run: its id, its source file, its name there."""

    id: str
    path: Path
    function: str
    why: str = ""  # if it is known that a part of it is left out


_NOTHING = (
    "it judges nothing: it needs gate.require(...) or an assert "
    "(unittest's assert methods and pytest.raises do not count; asserts outside gate_tests and the "
    "packages of gate packs only after pytest.register_assert_rewrite)"
)
_BESIDE = (
    "its own function judges nothing: it needs gate.require(...) or an assert there (what fixtures, set-up functions "
    "and plugins judge does not count; did something else run in its place?)"
)
_UNCOLLECTED = "pytest did not collect it"
_UNPARSED = "it marks gates, and it is neither Python that can be parsed nor a file that pytest collects"
_UNNAMED = "it looks like a gate, and pytest does not run it: begin its name with test_, or with _ if it is not one"
_LISTING = {
    "help": "--help",
    "version": "pytest's own --version",
    "collectonly": "--collect-only",
    "setuponly": "--setup-only",
    "setupplan": "--setup-plan",
    "showfixtures": "--fixtures",
    "show_fixtures_per_test": "--fixtures-per-test",
    "markers": "--markers",
    "cacheshow": "--cache-show",
}


def listing(option: object) -> str:
    """Return the option that makes pytest list something and run nothing, or a blank."""
    return next((flag for name, flag in _LISTING.items() if getattr(option, name, None)), "")


def unproven(
    expected: Collection[str],
    records: Collection[Record],
    left_out: Mapping[str, str],
    folders: Iterable[Path],
    unmarked_tests: Collection[tuple[Path, str]] = (),
    dropped: Collection[LeftOut] = (),
    carriers: Collection[Declared] = (),
    *,
    early_end: str = "",
    partial: bool = False,
    required: Iterable[str] = (),
) -> Iterator[Missing]:
    """Yield each gate about which the run proves nothing, and why.

    `expected` are the ids of the results of built-in gates and packs that this run owes, `required` those of the
    repository's own that the policy names; `left_out` says why a gate (by id) was not run; `early_end` why the whole
    run ended before its end; `unmarked_tests` are tests (source file and name) that were refused already; `dropped` are
    gates that pytest collected and that something kept from the run, such as one set of parameters; `carriers` carry a
    gate's marker and were not collected. A `partial` run was asked to leave gates out, and is only held to those that
    it began.
    """
    for record in records:
        if not record.finished:
            unfinished = "it began and did not finish" if record.runs else "it was not run"
            yield Missing(record.id, left_out.get(record.id) or early_end or unfinished)
        elif not record.not_evaluated and record.skipped:
            yield Missing(record.id, f"it was skipped: {record.skipped}")
        elif record.judged_nothing:
            yield Missing(record.id, early_end or (_BESIDE if record.judged_beside else _NOTHING))
    if not partial:
        yield from _uncollected(expected, required, records, left_out, early_end)
        if not early_end:
            yield from _undeclared(records, left_out, folders, unmarked_tests, carriers)
            yield from _dropped(expected, records, left_out, dropped, unmarked_tests)


def _uncollected(
    expected: Collection[str],
    required: Iterable[str],
    records: Collection[Record],
    left_out: Mapping[str, str],
    early_end: str,
) -> Iterator[Missing]:
    """Yield the gates that the run owes, and that pytest did not collect."""
    collected = {record.id for record in records if record.built_in}
    collected |= {name for one in records if one.pack for name in (one.id, one.id.partition("[")[0])}
    for gate in expected:
        if gate not in collected:
            yield Missing(gate, left_out.get(gate) or early_end or "it was not collected")
    known = {name for record in records for name in (record.id, record.id.partition("[")[0])}
    for gate in [gate for gate in required if gate not in {*known, *expected}]:
        yield Missing(gate, left_out.get(gate) or early_end or "the policy requires it, and there is no such gate")


def sentences(missing: Iterable[Missing]) -> Iterator[str]:
    """Yield a sentence for each cause, which names the gates that share it."""
    causes = defaultdict(list)
    for one in missing:
        causes[one.why].append(one.gate)
    for cause, names in causes.items():
        yield f"no result from {'gate' if len(names) == 1 else 'gates'} {', '.join(names)}: {cause}"


def _undeclared(
    records: Collection[Record],
    left_out: Mapping[str, str],
    folders: Iterable[Path],
    unmarked_tests: Collection[tuple[Path, str]],
    carriers: Iterable[Declared],
) -> Iterator[Missing]:
    """Yield the gates that the source declares and pytest did not collect, or that hide one another."""
    collected = set(unmarked_tests).union(*(record.declared for record in records))
    found = {(gate.path, gate.name): gate for gate in carriers}
    found |= {(gate.path, gate.name): gate for folder in folders for gate in gates_in(folder)}
    for source, gate in found.items():
        if any(path == gate.path and name.startswith(f"{gate.name}::") for path, name in found):
            continue  # a class whose tests are named themselves
        where = f"{gate.place}::{gate.name}" if gate.name else gate.place
        if gate.times > 1:
            yield Missing(where, f"it is defined {gate.times} times, and the last definition hides the others")
        elif source not in collected and not is_built_in(gate.path):
            why = (_UNCOLLECTED if gate.certain else _UNNAMED) if gate.name else _UNPARSED
            yield Missing(where, left_out.get(_id(gate), why))


def _dropped(
    expected: Collection[str],
    records: Collection[Record],
    left_out: Mapping[str, str],
    dropped: Iterable[LeftOut],
    unmarked_tests: Collection[tuple[Path, str]],
) -> Iterator[Missing]:
    """Yield the gates that were collected and left out, unless they are named already: as built-in or by their source.

    A test that is in the source once may stand for several: with other parameters, or made by a loop.
    """
    run = set().union(*(record.declared for record in records))
    for gate in dropped:
        source = (gate.path, gate.function)
        if gate.why:
            yield Missing(gate.id, gate.why)
            continue
        named = gate.id in expected or source in unmarked_tests
        if not named and (source in run or source not in _sources(gate.path)):
            yield Missing(gate.id, left_out.get(gate.id, "pytest collected it, and something kept it from the run"))


def _sources(path: Path) -> set[tuple[Path, str]]:
    """Return the gates that the source of a file declares."""
    return {(gate.path, gate.name) for gate in gates_in(path.parent) if gate.path == path and gate.certain}


def _id(gate: Declared) -> str:
    return gate.name.rpartition("::")[2].removeprefix("test_").replace("_", "-")
