"""The command line of a gate run is read once, and everything that is wrong with it is said."""

import re
import shlex
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import pytest

from release_sentinel.invocation import parse
from release_sentinel.options import BY_FLAG, OPTIONS, Option, Report
from tests.conftest import RELEASE

SUFFIXES = {flag: option.report.suffix for flag, option in BY_FLAG.items() if option.report and option.metavar}
REPORTS = sorted({BY_FLAG[flag].flag for flag in SUFFIXES})
VALUED = [option for option in OPTIONS if option.metavar]
FLAGS = [option for option in OPTIONS if not option.metavar]
GOOD = {"--gate-deadline": "60", "--gate-tag-mode": "new", "--gate-notify": "json://127.0.0.1", "--gate-repo": "."}
GOOD |= dict.fromkeys(("--gate-wait", "--gate-hold", "--gate-interval"), "15m")
each_flag = pytest.mark.parametrize("flag", SUFFIXES)


def reports(folder: Path, words: Sequence[str]) -> list[Report]:
    """Return the reports that a command line asks for."""
    return list(parse(words, {}, folder).reports)


def good(flag: str) -> str:
    """Return a value that an option takes."""
    if BY_FLAG[flag].file:
        return __file__
    return GOOD.get(flag, f"x{SUFFIXES.get(flag, '')}")


def added(flag: str) -> tuple[str, ...]:
    """Return an option that says more about another one, with a value, if it takes one."""
    return (flag, good(flag)) if BY_FLAG[flag].metavar else (flag,)


@pytest.mark.parametrize("option", VALUED, ids=lambda option: option.flag)
@pytest.mark.parametrize("place", ["command line", "PYTEST_ADDOPTS", "file", "ini"])
def test_each_option_is_read_from_each_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: object, place: str
) -> None:
    """Wherever pytest reads arguments from, an option there counts as one on the command line."""
    monkeypatch.chdir(tmp_path)
    flag = option.flag  # type: ignore[attr-defined]  # an Option
    value = good(flag)
    word = f"{flag}={value}"
    more = [option.beside] if option.beside else []  # type: ignore[attr-defined]  # as above
    release = [one for one in (f"--env={'prod'}", "--release-version=v1.0.0") if not one.startswith(flag)]
    release = release[:1] if flag == "--version" else release
    (tmp_path / "words").write_text(f"{word}\n", encoding="utf-8")
    words = {"command line": [word], "file": ["@words"]}.get(place, [])
    environ = {"PYTEST_ADDOPTS": shlex.quote(word)} if place == "PYTEST_ADDOPTS" else {}
    asked = parse([*release, *more, *words], environ, tmp_path, ini=[word] if place == "ini" else [])
    beside = parse([*release, *more, word], {}, tmp_path)
    assert not asked.problems
    for name in (
        "env",
        "version",
        "repository",
        "policy",
        "deadline",
        "tag_mode",
        "reports",
        "notify",
        "notes",
        "wait",
        "hold",
        "interval",
        "baseline",
        "flags",
    ):
        assert getattr(asked, name) == getattr(beside, name)


@pytest.mark.parametrize("option", VALUED, ids=lambda option: option.flag)
def test_each_option_without_its_value_is_said(tmp_path: Path, option: object) -> None:
    """At the end of the line, or before another option: it takes nothing that is not its own."""
    flag = option.flag  # type: ignore[attr-defined]  # an Option
    for words in ([flag], [flag, "-q"]):
        more = [option.beside] if option.beside else []  # type: ignore[attr-defined]  # as above
        (problem,) = [one for one in parse([*more, *words], {}, tmp_path).problems if "proves nothing" not in one]
        assert flag in problem
        assert "expected one argument" in problem or "has no value" in problem


@pytest.mark.parametrize("option", [option for option in VALUED if option.own], ids=lambda option: option.flag)
def test_each_blank_value_is_an_unset_variable(tmp_path: Path, option: object) -> None:
    """`--gate-policy "$FILE"` with an unset variable must not mean the default."""
    flag = option.flag  # type: ignore[attr-defined]  # an Option
    assert any(flag in problem for problem in parse([f"{flag}= "], {}, tmp_path).problems)


@pytest.mark.parametrize("option", FLAGS, ids=lambda option: option.flag)
def test_each_flag_is_set_and_takes_no_value(tmp_path: Path, option: object) -> None:
    """A value would be ignored."""
    flag = option.flag  # type: ignore[attr-defined]  # an Option
    assert parse([flag], {}, tmp_path).has(flag)
    problems = parse([f"{flag}=no"], {}, tmp_path).problems
    assert f"argument {flag}: ignored explicit argument 'no'" in problems


@pytest.mark.parametrize("option", [option for option in OPTIONS if option.whole], ids=lambda option: option.flag)
def test_what_only_all_gates_prove_is_refused_beside_a_subset(tmp_path: Path, option: object) -> None:
    """A chosen subset is no reason to tag, release or attest."""
    flag = option.flag  # type: ignore[attr-defined]  # an Option
    words = [*RELEASE, "--gate-partial", flag if flag not in SUFFIXES else f"{flag}=a.json"]
    (problem,) = parse(words, {}, tmp_path).problems
    assert problem.startswith(f"{flag} and --gate-partial: a chosen subset of the gates proves nothing")


@pytest.mark.parametrize("option", [option for option in OPTIONS if option.beside], ids=lambda option: option.flag)
def test_what_says_more_about_another_option_needs_it(tmp_path: Path, option: object) -> None:
    """It would do nothing by itself."""
    flag, beside = option.flag, option.beside  # type: ignore[attr-defined]  # an Option
    words = [*RELEASE, *added(flag)]
    assert parse(words, {}, tmp_path).problems == (f"{flag} says how {beside} works: add {beside}",)
    assert not parse([*words, beside], {}, tmp_path).problems


def test_a_misspelt_option_of_ours_is_said_with_the_one_meant(tmp_path: Path) -> None:
    """Pytest's own are left to pytest."""
    assert parse([*RELEASE, "--gate-al", "--maxfial"], {}, tmp_path).problems == (
        "there is no option --gate-al; did you mean --gate-all?",
    )


def test_two_reports_in_one_file_are_refused(tmp_path: Path) -> None:
    """One would overwrite the other."""
    words = [*RELEASE, "--gate-verdict=v.json", "--gate-attestation=v.json"]
    (problem,) = parse(words, {}, tmp_path).problems
    assert problem.startswith("--gate-verdict and --gate-attestation both name ")


def linked(folder: Path, there: Path, suffix: str, way: str) -> Path:
    """Return another path of a file, which ends in `suffix`."""
    if way == "link":  # to what is not there yet
        (folder / f"other{suffix}").symlink_to(there.name)
        return folder / f"other{suffix}"
    there.touch()
    if way == "hard link":
        (folder / f"other{suffix}").hardlink_to(there)
        return folder / f"other{suffix}"
    (folder / "folder").symlink_to(".")
    return folder / "folder" / there.name


@pytest.mark.parametrize("way", ["link", "hard link", "folder"])
@pytest.mark.parametrize(("first", "second"), list(combinations(REPORTS, 2)))
def test_two_reports_in_one_file_by_links_are_refused(tmp_path: Path, first: str, second: str, way: str) -> None:
    """However the second is named; another file is fine."""
    there = tmp_path / f"in{SUFFIXES[first]}"
    if way == "folder" and SUFFIXES[first] != SUFFIXES[second]:
        return  # the name itself would be refused
    other = linked(tmp_path, there, SUFFIXES[second], way)
    problems = parse([*RELEASE, f"{first}={there}", f"{second}={other}"], {}, tmp_path).problems
    assert len(problems) == 1
    assert re.match(rf"{first} and {second} both name|{second} and {first} both name", problems[0])
    assert f"(as {other})" in problems[0] or f"(as {there})" in problems[0]
    free = tmp_path / f"free{SUFFIXES[second]}"
    free.touch()
    assert not parse([*RELEASE, f"{first}={there}", f"{second}={free}"], {}, tmp_path).problems


@pytest.mark.parametrize("reader", [option for option in OPTIONS if option.reads], ids=lambda option: option.flag)
@pytest.mark.parametrize(
    "spelling", ["{name}", "./x/../{name}", "{folder}/{name}", "{folder}/link{suffix}", "hard{suffix}"]
)
@each_flag
def test_a_report_does_not_overwrite_what_the_run_reads(
    tmp_path: Path, flag: str, spelling: str, reader: Option
) -> None:
    """However the file is named, it stays as it is; another file of the same folder is fine."""
    suffix = SUFFIXES[flag]
    (tmp_path / "x").mkdir()
    (tmp_path / f"in{suffix}").touch()
    (tmp_path / f"link{suffix}").symlink_to(f"in{suffix}")
    (tmp_path / f"hard{suffix}").hardlink_to(tmp_path / f"in{suffix}")
    read = spelling.format(name=f"in{suffix}", folder=tmp_path, suffix=suffix)
    words = [*RELEASE, *([reader.beside] if reader.beside else []), f"{reader.flag}={read}"]
    asked = parse([*words, f"{flag}=in{suffix}", "--gate-summary=other.md"], {}, tmp_path)
    owner = BY_FLAG[flag].flag
    assert asked.problems == (f"{owner} would overwrite {read}, which {reader.flag} reads: name another file",)
    assert asked.reports == (Report("--gate-summary", tmp_path / "other.md"),)
    assert not parse([*words, f"{flag}=out{suffix}"], {}, tmp_path).problems


@each_flag
@pytest.mark.parametrize("value", ["", "gate_tests", "report", "report.txt", "-q", "report.xml.bak"], ids=repr)
def test_a_name_with_another_ending_is_refused(tmp_path: Path, flag: str, value: str) -> None:
    """A forgotten value must not overwrite what follows: the refusal names flag, value and the ending."""
    words = f"{BY_FLAG[flag].flag} is {value!r}, expected the name of a file that ends in {SUFFIXES[flag]}"
    asked = parse([*RELEASE, f"{flag}={value}"], {}, tmp_path)
    assert (asked.reports, asked.problems) == ((), (words,))


@each_flag
@pytest.mark.parametrize("joint", ["=", " "], ids=["joined", "apart"])
def test_a_requested_report_is_found(tmp_path: Path, flag: str, joint: str) -> None:
    """A report is found before pytest parses the line, in one word or two, from the folder of the call."""
    suffix = SUFFIXES[flag]
    args = ["gate_tests", *f"{flag}{joint}out/r{suffix}".split(), "-q"]
    assert reports(tmp_path, args) == [Report(BY_FLAG[flag].flag, tmp_path / "out" / f"r{suffix}")]


def test_several_reports_are_found(tmp_path: Path) -> None:
    """Each has its own file; an absolute path stays."""
    found = reports(tmp_path, ["--junitxml=a.xml", "--gate-verdict", "/srv/v.json", "--gate-summary=s.md"])
    assert [one.path for one in found] == [tmp_path / "a.xml", Path("/srv/v.json"), tmp_path / "s.md"]


def test_home_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--junitxml=~/gates.xml` means what pytest takes it for."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (found,) = reports(tmp_path, ["--junitxml=~/gates.xml"])
    assert found.path == tmp_path / "home" / "gates.xml"


@pytest.mark.parametrize("line", ["", "gate_tests -q", "--junit-prefix=x", "--gate-verdicts=v.json", "v.json"])
def test_a_line_without_reports_requests_none(tmp_path: Path, line: str) -> None:
    """What only looks alike is left alone."""
    assert reports(tmp_path, line.split()) == []


@each_flag
def test_a_flag_at_the_end_is_told_beside_the_others(tmp_path: Path, flag: str) -> None:
    """There is no name; the other reports are found all the same."""
    asked = parse([*RELEASE, "--gate-summary=s.md", "gate_tests", flag], {}, tmp_path)
    assert [one.path for one in asked.reports] == [tmp_path / "s.md"]
    assert asked.problems == (f"argument {'/'.join(BY_FLAG[flag].flags)}: expected one argument",)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("--json-report", ".report.json"),
        ("--json-report --json-report-file=out.json", "out.json"),
        ("--json-report-file out.json --json-report", "out.json"),
        ("--json-report --json-report-file=none", ""),
        ("--json-report-file=out.json", ""),
    ],
)
def test_the_json_report_is_found(tmp_path: Path, line: str, name: str) -> None:
    """The other plugin's report is one of ours, where it is asked for at all."""
    assert reports(tmp_path, line.split()) == ([Report("--json-report", tmp_path / name)] if name else [])
