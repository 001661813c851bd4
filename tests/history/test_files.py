"""Every file below a folder is read, or named with the reason why not, and none of them ends the reading."""

import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from release_sentinel.history.files import FOREIGN, FUTURE, REPEATED, TORN, read
from release_sentinel.reports import written as writing
from release_sentinel.reports.files import stand_in
from tests.history.kept import NOW, WHOLE_TEXT, keep, measured, written
from tests.reports.samples import SAMPLES

WHOLE = written()
WAIVER = {"gate": "disk", "env": "prod", "reason": "on order", "owner": "Kim", "expires": "2030-01-01"}
VERSION_1 = {
    **{name: value for name, value in WHOLE.items() if name not in {"mode", "preview", "remote", "undelivered"}},
    "schema_version": 1,
    "gates": [{k: v for k, v in gate.items() if k not in {"measures", "owed"}} for gate in WHOLE["gates"]],
}
VERSION_1.pop("rounds")
VERSION_1.pop("steps")


def with_gate(**changes: Any) -> dict[str, Any]:
    """Return a SAFE verdict whose gate `disk` says something else."""
    return {**WHOLE, "gates": [WHOLE["gates"][0], {**WHOLE["gates"][1], **changes}]}


def kinds(folder: Path) -> dict[str, str]:
    """Return the files that do not count, and of which kind each is."""
    return {skipped.file: skipped.kind for skipped in read(folder, NOW, str).skipped}


READ = {
    "of today": WHOLE,
    "of version 1": VERSION_1,
    "of a later writer": {**WHOLE, "later": {"a": [1]}},
    "in one line": WHOLE_TEXT.replace("\n", ""),
    "with a mark of its encoding": "\ufeff" + WHOLE_TEXT,
    "with blanks before colons": json.dumps(WHOLE, separators=(" , ", " : ")),
    "with quoted JSON in a text": {**WHOLE, "branch": '{"env": "x"} \\": \\'},
    "with a time zone": {**WHOLE, "ended": "2026-11-27T15:30:00+05:30"},
    "with a Z": {**WHOLE, "ended": "2026-11-27T10:00:00Z"},
    "with a gate that warns": with_gate(outcome="warned", status="WARN"),
    "with a gate that is waived": with_gate(outcome="waived", status="CRIT", waiver=WAIVER),
    "with a waiver that expired during the run": {
        **with_gate(outcome="waived", status="CRIT", waiver={**WAIVER, "expires": "2026-11-26"}),
        "started": "2026-11-26T23:59:00Z",
        "ended": "2026-11-27T00:01:00Z",
    },
    "with a number that is none": measured(("used", None, "%", 75, 85)),
    "of four minutes later": {**WHOLE, "ended": "2026-11-27T12:04:00+00:00"},
    "of long ago": {**WHOLE, **dict.fromkeys(("started", "ended"), "0001-01-01T00:00:00+00:00")},
    "of a mode to come": {**WHOLE, "mode": "rehearsal", "verdict": "REHEARSAL SAFE"},
}


@pytest.mark.parametrize("document", READ.values(), ids=READ)
def test_a_verdict_is_read(tmp_path: Path, document: Any) -> None:
    """However it is spelt, and whichever version of ours has written it."""
    found = read(keep(tmp_path, {"a.json": document}), NOW, str)
    assert (len(found.runs), found.skipped) == (1, ())
    assert found.runs[0].verdict == "SAFE"


NOT_READ = {
    "empty": ("", TORN),
    "cut off": (WHOLE_TEXT[:500], TORN),
    "two documents": (WHOLE_TEXT * 2, TORN),
    "no JSON": ("<html>", TORN),
    "NaN": (WHOLE_TEXT.replace('"tries": 1', '"tries": NaN'), TORN),
    "nested too deep": ("[" * 100_000, TORN),
    "a huge number": (WHOLE_TEXT.replace('"exit_code": 0', f'"exit_code": {"9" * 5000}'), TORN),
    "a name twice": (WHOLE_TEXT.replace('"env":', '"env": "dev", "env":'), TORN),
    "a name twice, spelt otherwise": (WHOLE_TEXT.replace('"env":', '"env" : "dev", "env":'), TORN),
    "a name twice, and one missing": (
        WHOLE_TEXT.replace('"env":', '"env": "dev", "env":').replace('  "remote": "",\n', ""),
        TORN,
    ),
    "a name twice in a gate": (WHOLE_TEXT.replace('"tries": 1,', '"tries": 1, "tries": 1,', 1), TORN),
    "a field missing": ({name: value for name, value in WHOLE.items() if name != "commit"}, TORN),
    "a field of another type": ({**WHOLE, "gates": "none"}, TORN),
    "true for a number": ({**WHOLE, "exit_code": False}, TORN),
    "an unknown outcome": (WHOLE_TEXT.replace('"outcome": "passed"', '"outcome": "fine"'), TORN),
    "half a character": (WHOLE_TEXT.replace('"kind": "policy"', r'"kind": "\ud800"', 1), TORN),
    "an unknown verdict": ({**WHOLE, "verdict": "FINE"}, TORN),
    "SAFE with exit code 1": ({**WHOLE, "exit_code": 1}, TORN),
    "BLOCKED with exit code 0": ({**WHOLE, "verdict": "BLOCKED"}, TORN),
    "BLOCKED with exit code 3": ({**WHOLE, "verdict": "BLOCKED", "exit_code": 3}, TORN),
    "CRITICAL with exit code 1": ({**WHOLE, "verdict": "CRITICAL", "exit_code": 1}, TORN),
    "INCOMPLETE with exit code 2": ({**WHOLE, "verdict": "INCOMPLETE", "exit_code": 2}, TORN),
    "SAFE with a failed gate": (with_gate(outcome="failed", status="CRIT"), TORN),
    "SAFE with a gate that passed with CRIT": (with_gate(status="CRIT"), TORN),
    "SAFE with a gate that is waived by nothing": (with_gate(outcome="waived", status="CRIT"), TORN),
    "SAFE with a gate of the other stage": (with_gate(kind="policy"), TORN),
    "SAFE with a gate that was not tried": (with_gate(tries=0), TORN),
    "SAFE with a gate twice": ({**WHOLE, "gates": WHOLE["gates"] * 2}, TORN),
    "SAFE without gates": ({**WHOLE, "gates": []}, TORN),
    "SAFE with problems": ({**WHOLE, "problems": ["x"]}, TORN),
    "SAFE with a gate missing": ({**WHOLE, "missing": [{"gate": "disk", "why": "gone"}]}, TORN),
    "SAFE without its tag": ({**WHOLE, "undelivered": "the tag"}, TORN),
    "SAFE that ended before it started": ({**WHOLE, "started": "2026-11-28T00:00:00Z"}, TORN),
    "a preview with a failed gate": (
        {**with_gate(outcome="failed", status="CRIT"), "mode": "preview", "verdict": "PREVIEW SAFE"},
        TORN,
    ),
    "a mode with a blank": ({**WHOLE, "mode": " release"}, TORN),
    "a blank mode": ({**WHOLE, "mode": ""}, TORN),
    "a release by its label": ({**WHOLE, "verdict": "RELEASE SAFE"}, TORN),
    "a blank before the verdict": ({**WHOLE, "verdict": " SAFE"}, TORN),
    "the field of a mode alone": ({**WHOLE, "mode": "watch"}, TORN),
    "the label of a mode alone": ({**WHOLE, "verdict": "WATCH SAFE"}, TORN),
    "the flag of a mode alone": ({**WHOLE, "preview": True}, TORN),
    "no time": ({**WHOLE, "ended": ""}, TORN),
    "not ISO": ({**WHOLE, "ended": "27 Nov 2026"}, TORN),
    "a time without a zone": ({**WHOLE, "ended": "2026-11-27T10:00:00"}, TORN),
    "a time before all times": ({**WHOLE, "ended": "0001-01-01T00:00:00+14:00"}, TORN),
    "a measure beyond all numbers": (measured(("used", 10**400, "%", 75, 85)), TORN),
    "a list": ([WHOLE], FOREIGN),
    "a number": (5, FOREIGN),
    "null": ("null", FOREIGN),
    "something else": ({"name": "shop", "version": "1.0.0"}, FOREIGN),
    "an attestation": ({"_type": "https://in-toto.io/Statement/v1", "predicate": {}}, FOREIGN),
    "a version to come": ({**WHOLE, "schema_version": 3}, FOREIGN),
    "version 0": ({**WHOLE, "schema_version": 0}, FOREIGN),
    "version true": ({**WHOLE, "schema_version": True}, FOREIGN),
    "version 2.0": (WHOLE_TEXT.replace('"schema_version": 2', '"schema_version": 2.0'), FOREIGN),
    "tomorrow": ({**WHOLE, "ended": "2026-11-28T12:00:00+00:00"}, FUTURE),
    "the end of times": ({**WHOLE, "ended": "9999-12-31T23:59:59+00:00"}, FUTURE),
}


@pytest.mark.parametrize(("document", "kind"), NOT_READ.values(), ids=NOT_READ)
def test_what_is_no_whole_verdict_is_named(tmp_path: Path, document: Any, kind: str) -> None:
    """With its kind, on one line; the verdict beside it counts."""
    found = read(keep(tmp_path, {"a/odd.json": document, "b.json": WHOLE}), NOW, str)
    assert [run.file for run in found.runs] == ["b.json"]
    assert [(one.file, one.kind) for one in found.skipped] == [(str(Path("a", "odd.json")), kind)]
    assert found.skipped[0].why.isprintable()
    assert found.files == 2


def test_bytes_that_are_no_text_are_torn(tmp_path: Path) -> None:
    """UTF-8 alone, of at most 16 MiB."""
    (tmp_path / "latin.json").write_bytes(WHOLE_TEXT.replace("HEAD", "größer").encode("latin-1"))
    (tmp_path / "zeros.json").write_bytes(b"\0" * 100)
    with (tmp_path / "long.json").open("wb") as file:
        file.truncate(writing.MOST + 1)
    assert kinds(tmp_path) == {"latin.json": TORN, "zeros.json": TORN, "long.json": TORN}


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such files")
def test_what_is_no_file_is_never_opened(tmp_path: Path) -> None:
    """A pipe would wait, a device would never end; links lead to nothing, in a circle, to a folder above."""
    keep(tmp_path, {"a.json": WHOLE, "folder.json/b.json": written("BLOCKED")})
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "device.json").symlink_to("/dev/zero")
    (tmp_path / "gone.json").symlink_to("nothing")
    (tmp_path / "circle.json").symlink_to("circle.json")
    (tmp_path / "above").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "above.json").symlink_to(tmp_path, target_is_directory=True)
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(tmp_path)  # the path of a socket has to be short
        server.bind("socket.json")
        os.chdir(here)
        found = read(tmp_path, NOW, str)
    assert [run.file for run in found.runs] == ["a.json", str(Path("folder.json", "b.json"))]
    assert {one.file: one.kind for one in found.skipped} == dict.fromkeys(
        ("pipe.json", "device.json", "gone.json", "circle.json", "socket.json"), FOREIGN
    )
    assert [one.file for one in found.folders] == ["above", "above.json"]
    assert found.files == 7


def test_a_folder_may_be_deeper_than_the_stack(tmp_path: Path) -> None:
    """What is at its bottom is read as well."""
    deep = keep(tmp_path.joinpath(*["d"] * 400), {"a.json": WHOLE})
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(350)
    try:
        found = read(tmp_path, NOW, str)
    finally:
        sys.setrecursionlimit(before)
    assert [run.file for run in found.runs] == [str((deep / "a.json").relative_to(tmp_path))]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_named(tmp_path: Path) -> None:
    """A file and a folder."""
    keep(tmp_path, {"a.json": WHOLE, "mine.json": WHOLE, "closed/b.json": WHOLE})
    (tmp_path / "mine.json").chmod(0)
    (tmp_path / "closed").chmod(0)
    found = read(tmp_path, NOW, str)
    (tmp_path / "closed").chmod(0o700)
    assert [(one.file, one.kind) for one in found.skipped] == [("mine.json", FOREIGN)]
    assert [one.file for one in found.folders] == ["closed"]


def test_a_link_to_a_file_is_read(tmp_path: Path) -> None:
    """As `latest.json` often is: the same verdict, counted once."""
    keep(tmp_path, {"a.json": WHOLE})
    (tmp_path / "latest.json").symlink_to("a.json")
    assert kinds(tmp_path) == {"latest.json": REPEATED}


def test_the_same_verdict_in_two_places_counts_once(tmp_path: Path) -> None:
    """The first by name; what is torn is torn wherever it is."""
    keep(tmp_path, {"b/v.json": WHOLE, "a/v.json": WHOLE, "c/v.json": {**WHOLE, "branch": "next"}, "d": WHOLE})
    keep(tmp_path, {"e.json": "{", "f.json": "{"})
    found = read(tmp_path, NOW, str)
    assert [run.file for run in found.runs] == [str(Path("a", "v.json")), str(Path("c", "v.json"))]
    told = {one.file: one.why for one in found.skipped}
    assert told.pop(str(Path("b", "v.json"))) == f"is the same as {Path('a', 'v.json')}"
    assert set(told) == {"e.json", "f.json"}
    assert found.files == 5


def test_the_time_that_a_run_ended_decides(tmp_path: Path) -> None:
    """Not the name, not the time of the file; times of any zone compare."""
    documents = {"a.json": "2026-11-27T11:00:00+00:00", "b.json": "2026-11-27T12:30:00+02:00"}
    keep(tmp_path, {name: {**WHOLE, "ended": ended} for name, ended in documents.items()})
    os.utime(tmp_path / "b.json", (2e9, 2e9))
    assert [run.file for run in read(tmp_path, NOW, str).runs] == ["b.json", "a.json"]


MODES = {
    "release": (WHOLE, "release"),
    "preview": ({**WHOLE, "verdict": "PREVIEW SAFE", "mode": "preview", "preview": True}, "preview"),
    "watch": (written(verdict="WATCH SAFE", mode="watch"), "watch"),
    "partial": ({**WHOLE, "verdict": "PARTIAL SAFE", "mode": "partial", "partial": True}, "partial"),
    "an older file": ({**VERSION_1, "partial": True, "verdict": "PARTIAL SAFE"}, "partial"),
    "an older preview": ({**VERSION_1, "preview": True, "verdict": "PREVIEW SAFE"}, "preview"),
    "a part of one": (
        {**VERSION_1, "preview": True, "partial": True, "verdict": "PARTIAL PREVIEW SAFE"},
        "partial",
    ),
}


@pytest.mark.parametrize(("document", "mode"), MODES.values(), ids=MODES)
def test_a_verdict_is_a_release_s_or_says_of_which_mode_it_is(tmp_path: Path, document: Any, mode: str) -> None:
    """Each version has written the word, the field and the flags in its own way, and they agree."""
    (run,) = read(keep(tmp_path, {"a.json": document}), NOW, str).runs
    assert (run.mode, run.verdict) == (mode, "SAFE")


def test_an_unfinished_run_is_incomplete(tmp_path: Path) -> None:
    """What is at the place of a verdict until the run has ended."""
    unfinished = SAMPLES["unseen"]
    stand = json.loads(stand_in(tmp_path / "none.json")(unfinished))
    stand["problems"] = ["the gate session did not finish: it was killed"]
    (run,) = read(keep(tmp_path, {"a.json": stand}), NOW, str).runs
    assert (run.verdict, run.unfinished, run.env, run.gates) == ("INCOMPLETE", True, "", ())


def test_every_report_of_a_run_is_read(tmp_path: Path) -> None:
    """Each verdict that the reports are tested with."""
    for name, verdict in SAMPLES.items():
        (tmp_path / f"{name}.json").write_text(stand_in(tmp_path / "none")(verdict), encoding="utf-8")
    found = read(tmp_path, NOW, str)
    assert found.skipped == ()
    assert {run.file.removesuffix(".json") for run in found.runs} == set(SAMPLES)


def test_texts_fit_on_one_line_of_a_terminal(tmp_path: Path) -> None:
    """What a file says, and what it is called."""
    keep(tmp_path, {"a\x1b[31m\n.json": {**WHOLE, "env": "prod\x1b]0;x\x07\u202e", "version": "v" * 10_000}})
    (run,) = read(tmp_path, NOW, str).runs
    assert all(text.isprintable() for text in (run.file, run.env))
    assert len(run.version) < 2100


def test_a_reason_is_scrubbed_before_it_is_shortened(tmp_path: Path) -> None:
    """Of a secret across the end of what is shown, nothing is left."""
    secret = "kQ7-x9Zp_mm3W1r"
    odd = {
        "verdict.json": {**WHOLE, "verdict": f"{'x' * 30}{secret}{'y' * 90} SAFE"},
        "gate.json": with_gate(id=f"{'x' * 1925}{secret}", outcome="failed", status="CRIT"),
        "outcome.json": with_gate(outcome=f"{'x' * 1950}{secret}"),
        f"{secret}.json": "{",
    }
    found = read(keep(tmp_path, odd), NOW, lambda text: text.replace(secret, "***"))
    assert {one.kind for one in found.skipped} == {TORN}
    assert not [one for one in found.skipped if secret[:3] in f"{one.file} {one.why}"]
