"""The project's own files have the version that is released."""

import pytest

from release_sentinel.checks.result import CRIT, OK, UNKNOWN, CheckResult
from release_sentinel.checks.version_files import check_version_files
from release_sentinel.observe import Unseen
from tests.conftest import Repo
from tests.observe.parts import look


def judge(repo: Repo, *files: str, version: str = "v1.2.3") -> CheckResult:
    """Judge a real repository."""
    return check_version_files(version, look(repo.path), files)


def test_a_file_that_agrees(repo: Repo) -> None:
    """A manifest with exactly the version passes."""
    repo.write("package.json", '{"version": "1.2.3"}')
    assert judge(repo, "package.json") == CheckResult(OK, "package.json says 1.2.3")
    repo.write("VERSION", "1.2.3\n")
    assert judge(repo, "package.json", "VERSION") == CheckResult(OK, "package.json, VERSION say 1.2.3")


def test_a_file_that_disagrees(repo: Repo) -> None:
    """A manifest with another version fails; the message has both, and every such file."""
    repo.write("package.json", '{"version": "1.2.2"}')
    repo.write("VERSION", "1.2.4\n")
    repo.write("setup.cfg", "[metadata]\nversion = 1.2.3\n")
    result = judge(repo, "package.json", "VERSION", "setup.cfg")
    assert (result.status, result.message) == (
        CRIT,
        "package.json says '1.2.2', VERSION says '1.2.4', expected '1.2.3'",
    )
    assert result.remedy == "raise the version there, and commit it"


@pytest.mark.parametrize(
    ("name", "text", "version", "agrees"),
    [
        ("setup.cfg", "1.0.0rc1", "v1.0.0-rc.1", True),
        ("setup.cfg", "1.0", "v1.0.0", True),
        ("setup.cfg", "1.0.0.dev1", "v1.0.0", False),
        ("setup.cfg", "1.0.0+local", "v1.0.0", False),
        ("setup.cfg", "soon", "v1.0.0", False),
        ("VERSION", "1.0.0rc1", "v1.0.0-rc.1", False),  # PEP 440 is for Python only
        ("VERSION", "v1.0.0", "v1.0.0", False),
        ("VERSION", "1.0.0+1", "v1.0.0", False),
    ],
)
def test_spellings(repo: Repo, name: str, text: str, version: str, *, agrees: bool) -> None:
    """Python's files may spell a version by PEP 440; all others must have exactly the same text."""
    repo.write(name, f"[metadata]\nversion = {text}\n" if name == "setup.cfg" else text)
    assert judge(repo, name, version=version).status is (OK if agrees else CRIT)


def test_files_are_found(repo: Repo) -> None:
    """If the policy names none, the well-known ones at the top are judged."""
    repo.write("package.json", '{"version": "1.2.3"}')
    repo.write("Cargo.toml", '[package]\nversion = "1.2.2"\n')
    result = judge(repo)
    assert result.message == "Cargo.toml says '1.2.2', expected '1.2.3'"


def test_no_file(repo: Repo) -> None:
    """If none is named and none is found, nothing is known."""
    result = judge(repo)
    assert (result.status, result.message) == (UNKNOWN, "no file with a version is named or found")


def test_a_file_that_cannot_be_read(repo: Repo) -> None:
    """If a named file is missing, the result is unknown, although another agrees."""
    repo.write("VERSION", "1.2.3")
    result = judge(repo, "VERSION", "package.json")
    assert (result.status, result.message) == (UNKNOWN, "package.json cannot be read: No such file or directory")


def test_a_disagreement_beside_what_cannot_be_read(repo: Repo) -> None:
    """A file with another version decides, and the unreadable one is reported, too."""
    repo.write("VERSION", "9")
    result = judge(repo, "VERSION", "package.json")
    assert result.status is CRIT
    assert result.message.endswith("expected '1.2.3'; package.json cannot be read: No such file or directory")


def test_no_repository() -> None:
    """Without a repository there are no files."""
    result = check_version_files("v1.0.0", Unseen("/shop is not a folder"))
    assert (result.status, result.message) == (UNKNOWN, "/shop is not a folder")
