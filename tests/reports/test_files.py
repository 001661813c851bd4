"""The report files of a run: written whole or not at all."""

import json
import os
import socket
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from release_sentinel.options import OPTIONS, Option, Report, ReportFile
from release_sentinel.plugin.scrubbing import scrub_in_place
from release_sentinel.redacted import redact
from release_sentinel.redaction import Redactor
from release_sentinel.reports import files
from release_sentinel.reports.attestation import attestation
from release_sentinel.reports.document import document
from release_sentinel.reports.files import (
    is_report,
    json_report,
    summary,
    verdict_json,
    write,
    write_all,
    write_report,
)
from release_sentinel.reports.html import html
from release_sentinel.reports.junit import junit
from release_sentinel.reports.metrics import metrics
from release_sentinel.reports.sarif import sarif
from release_sentinel.verdict import Release, unfinished
from tests.reports.samples import SAMPLES, STARTED

SAFE = SAMPLES["safe"]
FLAGS = {
    "--junitxml": (".xml", junit),
    "--junit-xml": (".xml", junit),
    "--gate-verdict": (".json", verdict_json),
    "--gate-attestation": (".json", attestation),
    "--gate-summary": (".md", summary),
    "--gate-html": (".html", html),
    "--gate-metrics": (".prom", metrics),
    "--gate-sarif": (".sarif", sarif),
}
each_flag = pytest.mark.parametrize("flag", FLAGS)


def test_a_report_is_written_with_its_folders(tmp_path: Path) -> None:
    """The folder need not be there, and nothing else is left in it."""
    path = tmp_path / "out" / "deep" / "v.json"
    write(path, "täxt\n")
    assert path.read_bytes() == "täxt\n".encode()
    assert list(path.parent.iterdir()) == [path]


def test_a_report_replaces_an_older_one(tmp_path: Path) -> None:
    """A longer report of an older run leaves no rest."""
    path = tmp_path / "v.json"
    path.write_text("old" * 1000, encoding="utf-8")
    write(path, "new")
    assert path.read_text(encoding="utf-8") == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_reader_of_the_old_report_keeps_it(tmp_path: Path) -> None:
    """The file is exchanged, not written over: a reader who has it open reads no mixture."""
    path = tmp_path / "v.json"
    path.write_text("old", encoding="utf-8")
    with path.open(encoding="utf-8") as reader:
        write(path, "new")
        assert reader.read() == "old"


def test_a_report_can_be_read_by_others(tmp_path: Path) -> None:
    """Another user's step uploads it."""
    path = tmp_path / "v.json"
    write(path, "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


@pytest.mark.parametrize(
    "asked", [option.report for option in OPTIONS if option.report], ids=lambda asked: asked.writer
)
def test_no_reader_takes_half_a_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: ReportFile) -> None:
    """What is being written has another ending: node_exporter reads every `*.prom` of its folder."""
    names: list[str] = []
    exchange = Path.replace

    def spy(path: Path, target: Path) -> Path:
        names.extend(file.name for file in tmp_path.iterdir())
        return exchange(path, target)

    monkeypatch.setattr(Path, "replace", spy)
    write(tmp_path / f"r{asked.suffix}", "text")
    assert [name.endswith(asked.suffix) for name in names] == [False]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """A report that is linked elsewhere is written there."""
    target, link = tmp_path / "there" / "v.json", tmp_path / "v.json"
    target.parent.mkdir()
    link.symlink_to(target)
    write(link, "text")
    assert link.is_symlink()
    assert target.read_text(encoding="utf-8") == "text"


def test_a_link_to_itself_is_an_error_at_most_of_the_file_system(tmp_path: Path) -> None:
    """Nothing but an `OSError` leaves `write`, so that the run can tell it."""
    link = tmp_path / "v.json"
    link.symlink_to(link)
    try:
        write(link, "text")
    except OSError:
        assert link.is_symlink()
    else:
        assert link.read_text(encoding="utf-8") == "text"


def no_space(*_: object, **_named: object) -> None:
    """Fail as a full disk does."""
    raise OSError(28, "No space left on device")


def test_where_no_second_file_can_be_the_report_is_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a full disk, or where the report alone is mounted, the old one makes room for the new one."""
    path = tmp_path / "v.json"
    path.write_text("older and longer", encoding="utf-8")
    monkeypatch.setattr(Path, "chmod", no_space)
    write(path, "new")
    assert [file.read_text(encoding="utf-8") for file in tmp_path.iterdir()] == ["new"]


def test_a_report_that_cannot_be_written_leaves_no_older_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No report is not safe; an old one would speak for another run."""
    path = tmp_path / "v.json"
    path.write_text("old", encoding="utf-8")
    for name in ("chmod", "write_text"):
        monkeypatch.setattr(Path, name, no_space)
    with pytest.raises(OSError, match="No space left on device"):
        write(path, "new")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["folder", "file/v.json"])
def test_a_place_that_takes_no_file_is_an_error(tmp_path: Path, place: str) -> None:
    """A folder of that name, or a file where its folder should be: an `OSError`, and nothing is left behind."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"directory|File exists"):
        write(tmp_path / place, "text")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "folder"]


@pytest.mark.parametrize("kind", ["named pipe", "socket", "folder"])
@pytest.mark.parametrize("linked", [False, True], ids=["itself", "by a link"])
def test_what_is_no_file_is_neither_replaced_nor_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, *, linked: bool
) -> None:
    """Each report names what is in its way; a pipe without a reader stays a pipe. Devices are no other case."""
    place = tmp_path / "there"
    if kind == "folder":
        place.mkdir()
    elif kind == "named pipe":
        os.mkfifo(place)
    else:
        monkeypatch.chdir(tmp_path)  # the whole path may be too long for a socket
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(place.name)
    path = place
    if linked:
        path = tmp_path / "link"
        path.symlink_to(place)
    before = place.stat()
    for option in OPTIONS:
        if option.report:
            (failure,) = write_all([Report(option.flag, path)], SAFE)
            assert failure == (
                f"the report {path} cannot be written: it is a {kind}, expected a regular file: name another path"
            )
    assert (files.previous(path), is_report(path)) == ({}, False)
    assert (place.stat().st_mode, place.stat().st_ino) == (before.st_mode, before.st_ino)


def test_text_that_utf_8_cannot_hold_is_written_all_the_same(tmp_path: Path) -> None:
    """A file name of other bytes in a reason does not cost the report."""
    write(tmp_path / "v.md", "\udcff")
    assert (tmp_path / "v.md").read_text(encoding="utf-8") == r"\udcff"


@each_flag
def test_each_flag_has_its_writer(tmp_path: Path, flag: str) -> None:
    """The ending of the name fits the kind of report, and so does what is written."""
    suffix, expected = FLAGS[flag]
    write_report(Report(flag, tmp_path / f"out/report{suffix}"), SAFE)
    assert (tmp_path / f"out/report{suffix}").read_text(encoding="utf-8") == expected(SAFE)


def test_a_report_that_fails_does_not_stop_the_others(tmp_path: Path) -> None:
    """Every report that can be written is, and what went wrong with the others is told."""
    (tmp_path / "file").touch()
    flag = "--gate-verdict"
    (failure,) = write_all([Report(flag, tmp_path / "file" / "v.json"), Report(flag, tmp_path / "v.json")], SAFE)
    assert failure.startswith(f"the report {tmp_path / 'file' / 'v.json'} cannot be written: ")
    assert (tmp_path / "v.json").exists()


def test_the_verdict_is_json() -> None:
    """The text is the document, and ends in a line break."""
    text = verdict_json(SAFE)
    assert json.loads(text) == document(SAFE)
    assert text.endswith("}\n")


def released(path: Path, written: object) -> dict[str, Any]:
    """Return what becomes of pytest-json-report's document `written`."""
    path.write_text(written if isinstance(written, str) else json.dumps(written), encoding="utf-8")
    result: dict[str, Any] = json.loads(json_report(path)(SAFE))
    return result


FACTS = {"exitcode": 0, "release": document(SAFE)}
OURS = {"created": STARTED.timestamp() + 2.5, "duration": 2.4, "exitcode": 5, "tests": ["…"]}


def test_the_verdict_joins_the_document_of_this_run(tmp_path: Path) -> None:
    """The other plugin's facts stay, but for its exit code, which may not be true."""
    assert released(tmp_path / "r.json", OURS) == {**OURS, **FACTS}


def test_the_document_of_an_older_run_is_replaced(tmp_path: Path) -> None:
    """Tests of another release do not stand beside this verdict."""
    older = {**OURS, "created": STARTED.timestamp() - timedelta(hours=1).total_seconds()}
    assert released(tmp_path / "r.json", older) == FACTS


BROKEN: dict[str, object] = {
    "half a file": '{"created": 17',
    "empty": "",
    "a list": [1],
    "text": '"created"',
    "no times": {"tests": []},
    "times as text": {"created": "now", "duration": "1"},
    "a time without end": '{"created": 1e999, "duration": 0}',
    "a time of another era": '{"created": 1e30, "duration": 0}',
    "no number": '{"created": NaN, "duration": 0}',
    "nested without end": "[" * 100_000,
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_document_that_cannot_be_read_is_replaced(tmp_path: Path, name: str) -> None:
    """The verdict stands alone, and is never lost."""
    assert released(tmp_path / "r.json", BROKEN[name]) == FACTS


def test_without_a_document_the_verdict_stands_alone(tmp_path: Path) -> None:
    """The other plugin may not have come to write its own."""
    assert json.loads(json_report(tmp_path / "r.json")(SAFE)) == FACTS


def starred(text: str) -> str:
    """Return `text` without its secret."""
    return text.replace("s3cret", "***")


@pytest.mark.parametrize(
    ("value", "clean"),
    [
        ("a s3cret!", "a ***!"),
        (["s3cret", ["s3cret"]], ["***", ["***"]]),
        (("s3cret", 1), ["***", 1]),
        (ValueError("s3cret"), "***"),
        ({"s3cret": {"deep": ["s3cret"]}}, {"***": {"deep": ["***"]}}),
        (None, None),
        (True, True),
        (1.5, 1.5),
    ],
    ids=["text", "list", "tuple", "an object", "key", "null", "true", "number"],
)
def test_every_string_is_scrubbed(value: object, clean: object) -> None:
    """Values and keys are, at any depth; everything else stays as it is."""
    written = {"tests": value}
    scrub_in_place(written, starred)
    assert written == {"tests": clean}


def test_a_key_at_the_top_is_scrubbed() -> None:
    """The key that held the secret does not stay beside the clean one."""
    written: dict[str, Any] = {"s3cret": 1, "other": 2}
    scrub_in_place(written, starred)
    assert written == {"***": 1, "other": 2}


def test_every_kind_of_report_says_that_the_run_is_unfinished(tmp_path: Path) -> None:
    """Each writer can tell of a verdict without any gate: a run begins so. Two have no room for why."""
    texts = {}
    for option in OPTIONS:
        if option.report:
            write_report(report := Report(option.flag, tmp_path / f"report{option.report.suffix}"), SAMPLES["empty"])
            texts[option.flag] = report.path.read_text(encoding="utf-8")
    assert '"result": "FAILED"' in texts.pop("--gate-attestation")
    assert '\nrelease_sentinel_safe{env="prod",version="v1.0.0",mode="release"} 0.0\n' in texts.pop("--gate-metrics")
    assert all("no gates at all" in text for text in texts.values())


@pytest.mark.parametrize("name", sorted(SAMPLES))
@pytest.mark.parametrize("asked", [option for option in OPTIONS if option.report], ids=lambda option: option.flag)
def test_a_report_is_known_by_its_first_words(tmp_path: Path, asked: Option, name: str) -> None:
    """Whatever it says, a later run knows it for a report of ours."""
    assert asked.report
    one = Report(asked.flag, tmp_path / f"r{asked.report.suffix}")
    write_report(one, SAMPLES[name])
    assert is_report(one.path)


def test_the_json_report_is_known(tmp_path: Path) -> None:
    """The other plugin's document is too, and ours that stands alone."""
    one = Report("--json-report", tmp_path / ".report.json")
    write_report(one, SAFE)
    assert is_report(one.path)
    one.path.write_text('{"created": 17.5, "duration": 0.3, "exitcode": 0, "root": "/srv"}', encoding="utf-8")
    assert is_report(one.path)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("package.json", '{"name": "release-sentinel-action", "schema_version": 1}'),
        ("README.md", "# release-sentinel\n<!-- a report of release-sentinel -->"),
        ("pom.xml", '<?xml version="1.0" encoding="utf-8"?>\n<project name="release-sentinel "/>'),
        ("gates.txt", '<?xml version="1.0" encoding="utf-8"?>\n<testsuites name="release-sentinel ">'),
        ("tests.xml", '<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests">'),
        ("backup.prom", "# HELP backup_safe Whether the last backup is.\n# HELP release_sentinel_safe x"),
        (
            "bandit.sarif",
            '{"$schema": "x", "version": "2.1.0", "runs": [{"tool": {"driver": {"name": "release-sentinels"',
        ),
        ("bytes.json", "\udcff"),
        ("empty.json", ""),
    ],
)
def test_a_look_alike_is_no_report(tmp_path: Path, name: str, text: str) -> None:
    """A file that merely speaks of us is the repository's own."""
    (tmp_path / name).write_text(text, encoding="utf-8", errors="surrogateescape")
    assert not is_report(tmp_path / name)
    assert not is_report(tmp_path)
    assert not is_report(tmp_path / "gone.json")


def test_the_stand_in_remembers_the_run_before(tmp_path: Path) -> None:
    """A run that is being prepared, or was killed, does not hide the last one that ended."""
    one = Report("--gate-verdict", tmp_path / "v.json")
    assert files.previous_verdict([one], "prod") == ""
    write_report(one, SAMPLES["blocked"])
    for _ in range(3):
        write_report(one, redact(unfinished(Release("prod", "v1.0.0")), Redactor()))
        assert files.previous_verdict([one], "prod") == "BLOCKED"
    assert files.previous_verdict([one], "dev") == ""
    write_report(one, redact(unfinished(Release("prod", "v1.0.0"), "the gate run was ended by SIGKILL"), Redactor()))
    assert files.previous_verdict([one], "prod") == "INCOMPLETE"
    one.path.write_text("[]", encoding="utf-8")
    assert files.previous_verdict([one], "prod") == ""


@pytest.mark.parametrize(
    "name", ["refs/heads/a.html", "refs/tags/v1.0.0.html", "objects/x.prom", "hooks/a.html", "modules/x.html"]
)
def test_no_new_file_is_written_into_the_data_of_git(tmp_path: Path, name: str) -> None:
    """It would be a branch, a tag or an object that is none."""
    assert "Git's own data" in files.obstacle(tmp_path / ".git" / name)
    assert files.obstacle(tmp_path / "git" / name) == ""
