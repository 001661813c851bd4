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


WRITTEN = {
    "setup.cfg": "[metadata]\nversion = {}\n",
    "shop.gemspec": "s.version = '{}'\n",
    "pubspec.yaml": "version: {}\n",
    "pom.xml": "<project><version>{}</version></project>",
}


@pytest.mark.parametrize(
    ("name", "text", "version", "agrees"),
    [
        ("setup.cfg", "1.0.0rc1", "v1.0.0-rc.1", True),
        ("setup.cfg", "1.0", "v1.0.0", True),
        ("setup.cfg", "1.0.0.dev1", "v1.0.0", False),
        ("setup.cfg", "1.0.0+local", "v1.0.0", False),
        ("setup.cfg", "soon", "v1.0.0", False),
        ("VERSION", "1.0.0rc1", "v1.0.0-rc.1", False),  # PEP 440 is for Python only
        ("VERSION", "v1.0.0", "v1.0.0", True),
        ("VERSION", "v1.0.0", "1.0.0", True),
        ("VERSION", "V1.0.0", "v1.0.0", False),
        ("VERSION", "shop-v1.0.0", "v1.0.0", False),
        ("shop.gemspec", "1.0.0.rc.1", "v1.0.0-rc.1", True),
        ("shop.gemspec", "1.0.0.pre.rc.1", "v1.0.0-rc.1", True),
        ("shop.gemspec", "1.0.0.1", "v1.0.0", False),
        ("pubspec.yaml", "1.0.0+7", "v1.0.0", True),
        ("pubspec.yaml", "1.0.0+7", "v1.0.0+8", False),
        ("pubspec.yaml", "1.0.1+7", "v1.0.0", False),
        ("pom.xml", "1.0.0-SNAPSHOT", "v1.0.0", False),
        ("VERSION", "1.0.0+1", "v1.0.0", False),
    ],
)
def test_spellings(repo: Repo, name: str, text: str, version: str, *, agrees: bool) -> None:
    """A version may have the prefix; some kinds of files have a spelling of their own, all others exactly the text."""
    repo.write(name, WRITTEN.get(name, "{}").format(text))
    assert judge(repo, name, version=version).status is (OK if agrees else CRIT)


def test_the_prefix_of_a_project(repo: Repo) -> None:
    """Its own prefix is as good as none; another project's is not."""
    repo.write("VERSION", "shop/v1.2.3\n")
    assert check_version_files("shop/v1.2.3", look(repo.path), ["VERSION"], prefix="shop/v").status is OK
    repo.write("VERSION", "v1.2.3\n")
    assert check_version_files("shop/v1.2.3", look(repo.path), ["VERSION"], prefix="shop/v").status is CRIT


def test_a_version_from_tags(repo: Repo) -> None:
    """A manifest that leaves the version to Git's tags passes, and is named as such."""
    repo.write("pyproject.toml", "[project]\ndynamic = ['version']\n[tool.hatch.version]\nsource = 'vcs'\n")
    told = "pyproject.toml takes its version from Git's tags (hatch-vcs)"
    assert judge(repo) == CheckResult(OK, told)
    repo.write("package.json", '{"version": "1.2.3"}')
    assert judge(repo) == CheckResult(OK, f"package.json says 1.2.3; {told}")


SHARED = "[workspace.package]\nversion = '{}'\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", "[tool.poetry]\nversion = '{}'\n"),
        ("Cargo.toml", SHARED),
        ("Cargo.toml", "[package]\nversion.workspace = true\n" + SHARED),
        ("Cargo.toml", "[package]\nversion = '1.2.3'\n" + SHARED),
        ("pom.xml", "<project><parent><version>{}</version></parent></project>"),
        ("setup.cfg", "[metadata]\nversion = {}\n"),
        ("build.gradle.kts", 'version = "{}"\n'),
    ],
)
def test_no_manifest_is_skipped_beside_another(repo: Repo, name: str, text: str) -> None:
    """One with another version fails, wherever it keeps it; with the right one it passes."""
    repo.write("package.json", '{"version": "1.2.3"}')
    repo.write(name, text.replace("{}", "1.2.3"))
    assert judge(repo).status is OK
    repo.write(name, text.replace("{}", "1.2.2"))
    result = judge(repo)
    assert result.status is CRIT
    assert result.message.startswith(name)
    assert result.message.endswith("says '1.2.2', expected '1.2.3'")


def test_a_manifest_that_is_not_understood_beside_another(repo: Repo) -> None:
    """It is unknown what it says."""
    repo.write("VERSION", "1.2.3")
    repo.write("package.json", "{")
    result = judge(repo)
    assert (result.status, result.remedy) == (UNKNOWN, "correct the file")
    assert result.message.startswith("package.json cannot be parsed: ")


def test_where_a_version_is(repo: Repo) -> None:
    """A file that refers to another is named with it."""
    repo.write("setup.cfg", "[metadata]\nversion = attr: shop.__version__\n")
    repo.write("shop.py", "__version__ = '1.2.2'\n")
    assert judge(repo).message == "setup.cfg (by shop.py) says '1.2.2', expected '1.2.3'"


def test_a_long_version_is_cut(repo: Repo) -> None:
    """The message stays short, and one line."""
    repo.write("VERSION", "1" * 100_000)
    assert len(judge(repo, "VERSION").message) < 200


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
