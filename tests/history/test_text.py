"""The terminal's view: narrow and wide, with and without blocks, and nothing that a file says acts on a terminal."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from release_sentinel.history.page import page
from release_sentinel.history.text import BLOCKS, NAMED, lines, sparkline
from release_sentinel.vocabulary import UNFINISHED
from release_sentinel.widths import columns
from tests.history.kept import history, keep, measured, written

HOSTILE = "\x1b[31m##[error]x\x1b]0;title\x07\r\n::stop::\u202e\u2028<b>|"
DISK = ("used", 71.25, "%", 75, 85)


def shown(folder: Path, *documents: Any, width: int = 80, blocks: bool = True) -> list[str]:
    """Return the lines of a history."""
    return "\n".join(lines(history(folder, *documents), width, blocks=blocks)).split("\n")


def test_it_reads_from_top_to_bottom(tmp_path: Path) -> None:
    """Counts, last verdicts, days, gates, releases, measures, what was not read."""
    documents = [
        written("BLOCKED", ended="26T09:00"),
        measured(("used", 70, "%", 75, 85), ended="26T11:05"),
        measured(DISK, ended="27T08:00"),
        written("CRITICAL", ended="27T09:00", env="stage", mode="preview", verdict="PREVIEW CRITICAL"),
        "{",
    ]
    assert shown(tmp_path, *documents) == [
        "5 files: 4 verdicts, 1 torn",
        "",
        "Last verdicts (times are UTC)",
        "  prod   v1.0.0  SAFE              2026-11-27 08:00",
        "  stage  v1.0.0  PREVIEW CRITICAL  2026-11-27 09:00",
        "",
        "Days in UTC, each by its worst verdict: S safe, C critical, I incomplete, B",
        "blocked (weeks without a verdict are left out)",
        "  prod                  Mo Tu We Th Fr Sa Su",
        "            2026-11-23  .  .  .  B  S  .  .",
        "",
        "Gates that failed, flapped or warned",
        "  env   gate         failed  flapped  warned  judged",
        "  prod  environment       1        1       0       3",
        "",
        "Releases that were held, up to their first SAFE",
        "  prod  v1.0.0  SAFE after 2 h 5 min  BLOCKED 2026-11-26 09:00",
        "",
        "Measures: the last value, its range, its limits",
        "  prod: disk.used 71.25 %, from 70 % to 71.25 %, warn ≥ 75, crit ≥ 85 ▁█",
        "",
        "Not read as a verdict",
        "  4.json: torn: is not a JSON document: line 1, column 2: expected property name",
        "      enclosed in double quotes",
    ]


def test_without_blocks_it_is_ascii(tmp_path: Path) -> None:
    """Where the encoding has no blocks, the numbers say it."""
    assert "\n".join(shown(tmp_path, measured(DISK), measured(DISK, ended="26T10:00"), blocks=False)).isascii()


@pytest.mark.parametrize("width", [1, 60, 61, 80, 250])
def test_no_line_is_wider_than_the_terminal(tmp_path: Path, width: int) -> None:
    """From 60 columns on, with names of any length, also of wide characters; a single word is left to the terminal."""
    long = {"env": "環境" * 100, "version": "v" * 300}
    documents = [written("CRITICAL", **long, ended="26T10:00"), measured(("used", 1, "%", 2, 3))]
    documents[0]["gates"][1]["id"] = f"disk[{'/var' * 100}]"
    told = shown(tmp_path, *documents, "{" * 300, width=width)
    assert max(map(columns, told)) <= max(60, width)
    assert len([line for line in told if "環境" in line and "..." in line]) >= 4


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("mode", ["release", "preview", "rehearsal"])
def test_verdicts_and_times_are_never_cut(tmp_path: Path, mode: str, width: int) -> None:
    """Beside long names, which keep enough to be told apart, on lines of their own where there is no room."""
    named = {"env": "production-europe-west", "version": "v1.22.333-rc.4+build.55555"}
    label = "" if mode == "release" else f"{mode.upper()} "
    stopped = written("BLOCKED", mode=mode, verdict=f"{label}INCOMPLETE", **named)
    stopped["problems"] = [UNFINISHED]
    told = "\n".join(shown(tmp_path, stopped, written("CRITICAL", ended="27T09:00", **named), width=width))
    for whole in (f"{label}INCOMPLETE (unfinished)", "2026-11-27 10:00", "CRITICAL 2026-11-27 09:00", "flapped"):
        assert whole in told
    assert max(map(columns, told.split("\n"))) <= width
    assert len(re.findall(r"prod\S{9,}", told)) >= 3
    assert len(re.findall(r"v1\.2\S{9,}", told)) >= 2


def test_short_names_stand_beside_their_verdict(tmp_path: Path) -> None:
    """Also at 60 columns; a blank one is called so."""
    told = shown(tmp_path, written(env=""), width=60)
    assert "  (none)  v1.0.0  SAFE  2026-11-27 10:00" in told


SHOWN_SECRET = "kQ7-x9Zp_mm3W1r"


@pytest.mark.parametrize("width", [60, 61, 75, 100, 250])
@pytest.mark.parametrize("before", [0, 4, 13, 70, 1990])
def test_nothing_of_a_secret_is_shown_where_a_text_is_cut(tmp_path: Path, width: int, before: int) -> None:
    """In every text of a file; the output's own filter would miss the two ends that a cut leaves."""
    text = f"{'x' * before}{SHOWN_SECRET}"
    failed = written("CRITICAL", ended="26T08:00", env=text, version=text, commit=text)
    failed["gates"][1]["id"] = text
    other = measured((text, 1, text, 2, 3), ended="27T08:00", env=text, version=text)
    found = history(tmp_path, failed, other, written(ended=text), clean=lambda said: said.replace(SHOWN_SECRET, "***"))
    told = "".join(lines(found, width, blocks=True)) + page(found) + json.dumps(msgspec.to_builtins(found))
    assert not {SHOWN_SECRET[start : start + 3] for start in range(13)} & {told[i : i + 3] for i in range(len(told))}


def test_a_file_cannot_speak_to_a_terminal_or_a_runner(tmp_path: Path) -> None:
    """Control characters are visible, commands of CI systems are broken; in every text that is shown."""
    hostile = written("CRITICAL", ended="27T08:00", env=HOSTILE, version=HOSTILE, commit=COMMIT)
    hostile["gates"][1]["id"] = HOSTILE
    other = measured((HOSTILE, 1, HOSTILE, 2, 3), ended="27T09:00", env=HOSTILE, version=HOSTILE)
    told = shown(
        tmp_path,
        hostile,
        other,
        {"schema_version": 2, HOSTILE: 1},
        written(ended=HOSTILE),
        written(mode=HOSTILE),
        width=250,
    )
    assert all(line.isprintable() for line in told)
    assert not [line for line in told if "##[" in line or line.strip().startswith("::")]
    assert len([line for line in told if "\\x1b" in line]) >= 6


@pytest.mark.parametrize("width", [60, 80, 100])
def test_no_line_begins_with_a_command_where_it_is_broken(tmp_path: Path, width: int) -> None:
    """Whatever the width: a runner ignores the blanks at the begin of a line."""
    hostile = " ".join(f"{'x' * length} ::stop::" for length in range(6))
    kept = keep(tmp_path, {f"{hostile}.json": "{"})
    found = history(kept, measured((hostile, 1, hostile, 2, 3), env=hostile, version=hostile), written(ended=hostile))
    told = list(lines(found, width, blocks=True))
    assert any("::stop::" in line for line in told)
    assert [line for line in told if line.strip().startswith("::")] == []


COMMIT = "0" * 40


def test_the_first_are_named_and_the_others_counted(tmp_path: Path) -> None:
    """Of files, gates and measures."""
    many = written("CRITICAL")
    many["gates"] = [{**many["gates"][1], "id": f"disk[{number}]"} for number in range(30)]
    told = shown(tmp_path, many, measured(*[(f"m{number}", 1, "", None, None) for number in range(25)]), *["{"] * 23)
    assert [line for line in told if "more: --json" in line] == [
        "  and 10 more: --json has all",
        "  and 5 more: --json has all",
        "  and 3 more: --json has all",
    ]
    assert len([line for line in told if ": torn: " in line]) == NAMED


def test_many_environments_have_few_calendars(tmp_path: Path) -> None:
    """One of them is asked for by its name."""
    told = shown(tmp_path, *(written(env=f"e{number:02}") for number in range(23)))
    assert [line for line in told if " more: " in line] == [
        "  and 3 more: --json has all",
        "  and 18 more: --env shows one",
    ]
    assert len([line for line in told if line.endswith("Mo Tu We Th Fr Sa Su")]) == 5


def test_what_is_broken_comes_first(tmp_path: Path) -> None:
    """Among measures: critical, then warnings."""
    told = shown(tmp_path, measured(("a", 1, "", 5, 9), ("b", 7, "", 5, 9), ("c", 9, "", 5, 9), ("d", None, "", 5, 9)))
    assert [line.split()[1] for line in told if line.startswith("  prod: ")] == ["disk.c", "disk.d", "disk.b", "disk.a"]
    assert "  prod: disk.d no number, warn ≥ 5, crit ≥ 9" in told


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ([], ""),
        ([5], "▅"),
        ([1, 1, 1], "▅▅▅"),
        ([0, 7], "▁█"),
        (list(range(8)), BLOCKS),
        ([0.0] * 80 + [1.0] * 80, "▁" * 8 + "█" * 8),
        ([-1e308, 1e308], "▁█"),
        ([1e308] * 40, "▅" * 16),
    ],
)
def test_a_sparkline_has_a_block_for_each_part(values: list[float], line: str) -> None:
    """At most 16, also of numbers whose difference is none."""
    assert sparkline(values) == line
