"""Files that users hand over are read up to a bound; what is not a regular file is refused at once."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from release_sentinel import regular
from release_sentinel.checks.changelog import check_changelog
from release_sentinel.checks.result import UNKNOWN
from release_sentinel.checks.version_files import check_version_files
from release_sentinel.observe.ci import build, from_fork
from release_sentinel.reports.files import json_report, previous
from tests.conftest import CLI, RELEASE, Repo, Sentinel, run
from tests.observe.parts import look
from tests.reports.samples import WHOLE


def make_pipe(path: Path) -> None:
    """Make a pipe that no process ever writes to."""
    os.mkfifo(path)


def make_device(path: Path) -> None:
    """Make a link to a device without end."""
    path.symlink_to("/dev/zero")


def make_huge(path: Path) -> None:
    """Make a file of 1 TiB, which is a hole."""
    with path.open("wb") as file:
        file.truncate(1 << 40)


Maker = Callable[[Path], None]
NOT_FILES: dict[str, Maker] = {
    "a pipe": make_pipe,
    "a device": make_device,
    "a huge file": make_huge,
    "a folder": Path.mkdir,
}


@pytest.fixture(params=NOT_FILES)
def make(request: pytest.FixtureRequest) -> Maker:
    """Put something at a path that cannot be read as a file."""
    return NOT_FILES[request.param]


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    """Up to its bound, a link too."""
    (tmp_path / "file").write_bytes(b"\xef\xbb\xbfa\r\nb\rc\x0cd\n")
    (tmp_path / "link").symlink_to("file")
    assert regular.read_text(tmp_path / "link", regular.MIB, encoding="utf-8-sig") == "a\nb\nc\x0cd\n"
    (tmp_path / "file").write_bytes(b"x" * regular.MIB)
    assert len(regular.read(tmp_path / "file", regular.MIB)) == regular.MIB
    (tmp_path / "file").write_bytes(b"x" * (regular.MIB + 1))
    with pytest.raises(OSError, match="it is longer than the 1 MiB that are read"):
        regular.read(tmp_path / "file", regular.MIB)


def test_anything_else_is_an_error(tmp_path: Path, make: Maker) -> None:
    """It is neither waited for nor loaded."""
    make(tmp_path / "file")
    with pytest.raises(OSError, match=r"not a regular file|longer than the 1 MiB|Is a directory"):
        regular.read(tmp_path / "file", regular.MIB)
    assert regular.text_or_blank(tmp_path / "file") == ""


def test_files_of_the_repository(repo: Repo, make: Maker) -> None:
    """A changelog or a manifest that cannot be read is UNKNOWN, and says so."""
    make(repo.path / "CHANGES.md")
    make(repo.path / "app.json")
    for judged in (
        check_changelog("v1.0.0", look(repo.path), "CHANGES.md"),
        check_version_files("v1.0.0", look(repo.path), ["app.json"]),
    ):
        assert judged.status is UNKNOWN
        assert "cannot be read: " in judged.message


def test_files_of_the_run(tmp_path: Path, make: Maker) -> None:
    """What an earlier run is said to have left tells nothing."""
    make(tmp_path / "verdict.json")
    assert previous(tmp_path / "verdict.json") == {}
    assert json_report(tmp_path / "verdict.json")(WHOLE).startswith('{"exitcode": 0')


def test_files_of_a_ci_system(tmp_path: Path, make: Maker) -> None:
    """They say nothing."""
    make(tmp_path / "file")
    assert from_fork({"GITHUB_EVENT_PATH": str(tmp_path / "file")}) is False
    seen = build({"TEAMCITY_VERSION": "1", "TEAMCITY_BUILD_PROPERTIES_FILE": str(tmp_path / "file")})
    assert seen is not None
    assert seen.branch == ""


@pytest.mark.parametrize("way", ["release-sentinel", "pytest"])
def test_a_policy(sentinel: Sentinel, make: Maker, way: str) -> None:
    """The run refuses it before any gate, at once."""
    place = sentinel.reports / "given"
    make(place)
    done = (sentinel if way == "release-sentinel" else sentinel.pytest)(f"--gate-policy={place}")
    assert done.code == 1
    assert f"the policy file {place} cannot be read: " in " ".join(done.verdict["problems"])


def test_the_summary_of_a_job(sentinel: Sentinel) -> None:
    """A pipe without a reader does not hold the run, or its parent."""
    os.mkfifo(sentinel.reports / "summary")
    done = sentinel(GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(sentinel.reports / "summary"))
    assert "cannot be written: it is a pipe" in done.out


@pytest.mark.parametrize("name", ["9" * 5000, "a/" * 3000, "x" * 300], ids=["digits", "folders", "letters"])
def test_a_name_that_no_file_can_have(sentinel: Sentinel, name: str) -> None:
    """Wherever a file or folder is named: a refusal, no traceback."""
    for words in (
        [name],
        [*RELEASE, name],  # whose refusal is pytest's own
        [*RELEASE, f"--gate-repo={name}"],
        [*RELEASE, f"--gate-policy={name}"],
        [*RELEASE, f"--gate-verdict={name}.json"],
        ["verify", name, *RELEASE],
        ["policy", "--gate-policy", name],
    ):
        done = run(*CLI, *words, cwd=sentinel.repo.path, env=dict(sentinel.settings), timeout=60)
        assert done.code == 1, words
        assert "Traceback" not in done.out, words


def test_a_terminal_that_is_too_wide(sentinel: Sentinel) -> None:
    """Otherwise pytest draws lines of that width."""
    assert sentinel(COLUMNS="9" * 12).code == 0


@pytest.mark.parametrize("words", [["verify"], ["tag", "--verdict"]], ids=" ".join)
def test_a_verdict(sentinel: Sentinel, make: Maker, words: list[str]) -> None:
    """The commands that read one refuse it in one line."""
    place = sentinel.reports / "old.json"
    make(place)
    done = run(*CLI, *words, str(place), *RELEASE, cwd=sentinel.repo.path, timeout=60)
    assert done.code == 1
    (line,) = done.out.splitlines()
    assert line.startswith(f"release-sentinel {words[0]}: {place} cannot be read: ")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="there is no /proc")
def test_a_file_may_be_longer_than_its_size() -> None:
    """Those of /proc have none; the bound holds all the same."""
    content = regular.read(Path("/proc/self/status"), regular.MIB)
    assert content.startswith(b"Name:")
    assert content.count(b"\n") > 20
    with pytest.raises(OSError, match="longer than"):
        regular.read(Path("/proc/self/status"), 10)
