"""The verdict as GitHub Actions shows it: annotations, and the job's summary."""

import pytest
from msgspec.structs import replace

from release_sentinel.redacted import RedactedVerdict
from release_sentinel.reports.github import annotations, fitting, resume, stop
from tests.reports.samples import DIRTY, FULL, SAMPLES, verdict
from tests.runner import commands

each_sample = pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("safe", ["::warning title=[WARN] memory::80% in use\n-> free memory"]),
        (
            "blocked",
            [
                "::error title=[POLICY] clean-tree::2 paths differ\n-> commit or remove them",
                "::error title=[POLICY] tag::could not be determined: the remote does not answer\n-> try again",
            ],
        ),
        (
            "critical",
            [
                "::error title=[CRITICAL] disk::91% in use\n-> free space on /",
                "::error title=[CRITICAL] own::could not be determined: the gate broke: KeyError: 'x'",
                "::warning title=[WARN] memory::80% in use\n-> free memory",
            ],
        ),
        (
            "incomplete",
            [
                "::error title=[CRITICAL] disk::91% in use\n-> free space on /",
                "::error title=INCOMPLETE::no result from gate api: it was deselected",
            ],
        ),
        (
            "waived",
            [
                (
                    "::warning title=[WAIVED] disk::91% in use — waived until 2024-06-30, by Kim: disks are on order\n"
                    "-> free space on /"
                ),
                "::warning title=release-sentinel::the waiver for tag has expired",
            ],
        ),
        (
            "advised",
            [
                (
                    "::warning title=[ADVISED] queue-drained::12 jobs wait — advised until 2024-06-30, and holds no "
                    "release until then\n-> free space on /"
                ),
            ],
        ),
    ],
)
def test_a_line_for_each_that_did_not_simply_pass(name: str, lines: list[str]) -> None:
    """Title and message are the verdict block's; what passed is not told."""
    assert annotations(SAMPLES[name]) == [line.replace("%", "%25").replace("\n", "%0A") for line in lines]


HOSTILE = "a%0Ab\r\n::set-output name=verdict::SAFE\n::error::x"


def test_nothing_can_leave_its_line() -> None:
    """Whatever ends a command or a property is escaped, and arrives as it was said."""
    gate = replace(FULL, id="own[a,b::c=d%]", reason=HOSTILE, remedy=HOSTILE)
    (line,) = annotations(verdict(gate))
    assert len(line.splitlines()) == 1
    (seen,) = commands(line)
    assert (seen.name, seen.properties) == ("error", {"title": "[CRITICAL] own[a,b::c=d%]"})
    assert seen.message == f"{HOSTILE}\n-> {HOSTILE}"


@each_sample
def test_every_line_is_one_command(sample: RedactedVerdict) -> None:
    """The runner takes each for an error or a warning, and nothing else."""
    lines = annotations(sample)
    seen = [command.name for command in commands("\n".join(lines))]
    assert len(seen) == len(lines)
    assert set(seen) <= {"error", "warning"}


def test_what_the_runner_does_not_show_is_counted() -> None:
    """It shows ten errors of a step: the tenth names the others."""
    gates = [replace(DIRTY, id=f"own-{number}") for number in range(12)]
    lines = annotations(verdict(*gates))
    assert len(lines) == 10
    assert lines[-1] == "::error title=3 more::[POLICY] own-9; [POLICY] own-10; [POLICY] own-11"


def test_a_long_message_is_cut() -> None:
    """The runner would cut it anywhere."""
    (line,) = annotations(verdict(replace(FULL, reason="x" * 10_000)))
    assert len(line) < 3100


def test_between_stop_and_resume_nothing_is_a_command() -> None:
    """The token is what ends it, and no other line."""
    lines = [stop("secret"), "::error::no", "::other::", resume("secret"), "::error::yes"]
    assert [command.message for command in commands("\n".join(lines)) if command.name == "error"] == ["yes"]


def test_a_summary_that_fits_is_whole() -> None:
    """Nothing is added."""
    assert fitting("äöü\n", 7) == "äöü\n"


def test_a_summary_is_cut_between_lines() -> None:
    """A sentence says so, and all of it fits."""
    text = fitting("ä" * 50 + "\n" + "b" * 500 + "\n", 250)
    assert text.startswith("ä" * 50 + "\n\n")
    assert "The rest is left out" in text
    assert "b" * 5 not in text
    assert len(text.encode()) <= 250


@pytest.mark.parametrize("room", [-5, 0, 20, 65])
def test_a_summary_without_room_is_blank(room: int) -> None:
    """Not even the sentence fits."""
    assert fitting(f"{'a' * 60}\n", room) == ("" if room < 61 else f"{'a' * 60}\n")


def test_a_table_survives_the_cut() -> None:
    """A row is there as a whole or not at all."""
    rows = "".join(f"| {number:04} | cell |\n" for number in range(100))
    kept = [line for line in fitting(rows, 1000).splitlines() if line.startswith("|")]
    assert 50 < len(kept) < 60  # of 16 bytes each, beside the sentence that says so
    assert kept == rows.splitlines()[: len(kept)]
