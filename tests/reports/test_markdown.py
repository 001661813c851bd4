"""The verdict as Markdown, for job summaries and comments."""

import re

import pytest
from msgspec.structs import replace

from release_sentinel.redacted import RedactedVerdict
from release_sentinel.reports.markdown import markdown
from release_sentinel.reports.text import counts, sentence
from release_sentinel.verdict import GateResult
from tests.reports.samples import BROKEN, CLOSE, DIRTY, FULL, LEFT_OUT, PASSED, RELEASE, SAMPLES, UNDETERMINED, verdict

each_sample = pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)


def rows(text: str) -> list[list[str]]:
    """Return the cells of each row of the table, its head left out, as a renderer splits them."""
    table = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.findall(r"(?:\\.|[^|\\])+", line)] for line in table[2:]]


def rendered(cell: str) -> str:
    """Return what a cell shows: escapes are read as the characters that they stand for."""
    return re.sub(r"\\(.)", r"\1", cell)


@each_sample
def test_the_decision_is_the_heading(sample: RedactedVerdict) -> None:
    """The first line is the terminal's sentence."""
    assert rendered(markdown(sample).splitlines()[0]) == f"## {sentence(sample)}"


@each_sample
def test_the_counts_come_last(sample: RedactedVerdict) -> None:
    """The text ends in the terminal's counts and one line break."""
    assert markdown(sample).endswith(f"\n\n{counts(sample)}\n")


@each_sample
def test_each_gate_has_a_row_of_five_cells(sample: RedactedVerdict) -> None:
    """The table tells of every gate, in order."""
    table = rows(markdown(sample))
    assert [row[1] for row in table] == [f"`{gate.id}`" for gate in sample.gates]
    assert {len(row) for row in table} <= {5}


def test_commit_and_branch_are_named() -> None:
    """The reader sees what was judged."""
    assert f"\nCommit `{RELEASE.commit}`, branch main.\n" in markdown(verdict(PASSED))


def test_a_commit_without_a_branch_is_named_alone() -> None:
    """A detached HEAD leaves no hole in the sentence."""
    assert f"\nCommit `{RELEASE.commit}`.\n" in markdown(verdict(PASSED, release=replace(RELEASE, branch="")))


def test_a_release_that_was_not_seen_names_no_commit() -> None:
    """What is not known is left out."""
    assert "Commit" not in markdown(SAMPLES["unseen"])


@pytest.mark.parametrize(
    ("gate", "row"),
    [
        (PASSED, ["✅ passed", "`environment`", "policy", PASSED.reason, ""]),
        (CLOSE, ["⚠️ warned", "`memory`", "critical", "80% in use", "free memory"]),
        (FULL, ["❌ failed", "`disk`", "critical", "91% in use", "free space on /"]),
        (UNDETERMINED, ["❌ failed", "`tag`", "policy", "the remote does not answer", "try again"]),
        (LEFT_OUT, ["⏭️ not evaluated", "`process`", "critical", "a policy gate failed", ""]),
        (replace(PASSED, remedy="nothing"), ["✅ passed", "`environment`", "policy", PASSED.reason, ""]),
    ],
    ids=["passed", "warned", "failed", "unknown", "not-evaluated", "passed-with-a-remedy"],
)
def test_a_row_tells_outcome_stage_reason_and_remedy(gate: GateResult, row: list[str]) -> None:
    """Each outcome has its mark and its word, and a remedy only where there is something to fix."""
    assert [rendered(cell) for cell in rows(markdown(verdict(gate, DIRTY)))[0]] == row


def test_problems_are_listed_above_the_table() -> None:
    """What makes a run incomplete has a line each."""
    text = markdown(verdict(DIRTY, problems=("gate api gave no result", "gate disk was skipped")))
    lines = text.splitlines()
    first = lines.index("- **INCOMPLETE**: gate api gave no result")
    assert lines[first + 1 : first + 4] == ["- **INCOMPLETE**: gate disk was skipped", "", lines[first + 3]]
    assert lines[first + 3].startswith("| |")


def test_a_run_without_gates_has_no_table() -> None:
    """A head without rows would look torn."""
    assert "|" not in markdown(SAMPLES["empty"])


def test_a_traceback_is_not_shown() -> None:
    """A summary is for people who have to decide, not to debug."""
    assert "Traceback" not in markdown(verdict(BROKEN))


HOSTILE = {
    "a bar": "df | grep /",
    "an escaped bar": r"a \| b",
    "a backslash at the end": "C:\\",
    "a backtick": "run `git status`",
    "HTML": "<img src=x onerror=alert(1)>",
    "a comment that hides the rest": "<!-- the rest",
    "an entity": "&lt;b&gt;",
    "a link": "[safe](https://example.invalid)",
    "a picture": "![safe](https://example.invalid)",
    "emphasis": "*all* __is__ ~~well~~",
    "a formula": "$\\color{green}{SAFE}$",
}
each_hostile = pytest.mark.parametrize("words", HOSTILE.values(), ids=HOSTILE)
MARKUP = re.compile(r"(?<!\\)(?:\\\\)*[|`<>*_~&$\[\]]")


@each_hostile
def test_a_reason_cannot_leave_its_cell_or_bring_markup(words: str) -> None:
    """Whatever a gate says is shown as it said it, in one cell."""
    (row,) = rows(markdown(verdict(replace(FULL, reason=words, remedy=words))))
    assert [rendered(cell) for cell in row[3:]] == [words, words]
    assert not MARKUP.search(row[3] + row[4])


@each_hostile
def test_a_problem_cannot_bring_markup(words: str) -> None:
    """Nor can what pytest or a path says outside the table."""
    line = next(line for line in markdown(verdict(PASSED, problems=(words,))).splitlines() if line.startswith("- "))
    told = line.removeprefix("- **INCOMPLETE**: ")
    assert rendered(told) == words
    assert not MARKUP.search(told)


@each_hostile
def test_version_and_branch_cannot_bring_markup(words: str) -> None:
    """Both come from outside: a command line, and a contributor who names a branch."""
    text = markdown(verdict(DIRTY, release=replace(RELEASE, version=words, branch=words)))
    heading, _, commit, *_ = text.splitlines()
    assert not MARKUP.search(heading)
    assert not MARKUP.search(commit.partition(", branch ")[2])


@each_hostile
def test_a_gate_s_id_cannot_leave_its_cell(words: str) -> None:
    """An id may hold a test's parameter, and with it any character."""
    name = f"own[{words}]"
    (row,) = rows(markdown(verdict(replace(FULL, id=name))))
    assert len(row) == 5
    if row[1].startswith("`"):
        assert row[1] == f"`{name}`"
        assert not set("`|\\") & set(name)
    else:
        assert rendered(row[1]) == name
        assert not MARKUP.search(row[1])


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r", "\n\n", "\v", "\u2028", "\x85"], ids=ascii)
def test_a_line_break_does_not_end_the_row(line_break: str) -> None:
    """A reason of several lines is told in one."""
    words = f"first{line_break}| ✅ passed | `all` | policy | fine | |"
    text = markdown(verdict(replace(FULL, reason=words, id=words), problems=(words,)))
    (row,) = rows(text)
    assert rendered(row[3]) == "first | ✅ passed | `all` | policy | fine | |"
    assert text.count("\n- ") == 1


def test_an_advised_gate_is_marked() -> None:
    """A summary shows it apart from those that hold the release, and from those that pass."""
    row = [rendered(cell) for cell in rows(markdown(SAMPLES["advised"]))[1]]
    assert row[0] == "🔔 advised"
    assert row[3] == "12 jobs wait — advised until 2024-06-30, and holds no release until then"


def test_a_waived_gate_is_marked_and_explained() -> None:
    """A summary shows the true reason, the waiver, and what is switched off or needs a look."""
    text = markdown(SAMPLES["waived"])
    row = [rendered(cell) for cell in rows(text)[1]]
    assert row[0] == "🩹 waived"
    assert row[3] == "91% in use — waived until 2024-06-30, by Kim: disks are on order"
    assert "- **WARN**: the waiver for tag has expired" in text.splitlines()
    assert "- switched off by the policy: `process` (this host runs no agent)" in text.splitlines()
