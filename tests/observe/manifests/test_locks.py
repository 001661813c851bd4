"""A lock file has an entry for the project itself, and one with another version was forgotten."""

import pytest

from release_sentinel.checks.result import CRIT, OK, UNKNOWN
from tests.checks.test_version_files import judge
from tests.conftest import Repo
from tests.observe.parts import write

NPM = '{"name": "shop", "version": "VERSION"}'
CRATE = "[package]\nname = 'shop'\nversion = '1.2.3'\n"
ENTRY = "[[package]]\nname = 'shop'\nversion = 'VERSION'\n"
OTHER = "[[package]]\nname = 'other'\nversion = '9.9.9'\nsource = 'registry'\n"
MEMBERS = "[workspace]\nmembers = ['crates/*']\n"
PROJECT = "[project]\nname = 'My_Shop'\nversion = '1.2.3'\n"
UV = "[[package]]\nname = 'my-shop'\nversion = 'VERSION'\nsource = { editable = '.' }\n"

# The files; the last one is the lock, in which VERSION is what it has for the project.
LOCKS: dict[str, dict[str, str]] = {
    "old npm": {"package.json": NPM, "package-lock.json": NPM},
    "npm": {
        "package.json": NPM,
        "package-lock.json": '{"version": "1.2.3", "packages": {"": {"version": "VERSION"}, "a": {"version": "9"}}}',
    },
    "shrinkwrap": {"package.json": NPM, "npm-shrinkwrap.json": '{"version": "VERSION", "packages": {}}'},
    "cargo": {"Cargo.toml": CRATE, "Cargo.lock": f"version = 3\n{OTHER}{ENTRY}"},
    "cargo of a member": {"Cargo.toml": MEMBERS, "crates/a/Cargo.toml": CRATE, "Cargo.lock": f"{ENTRY}{OTHER}"},
    "cargo of a member that inherits": {
        "Cargo.toml": f"{MEMBERS}[workspace.package]\nversion = '1.2.3'\n",
        "crates/a/Cargo.toml": "[package]\nname = 'shop'\nversion.workspace = true\n",
        "crates/b/Cargo.toml": "[package]\nname = 'b'\nversion = '0.1.0'\n",
        "Cargo.lock": f"{ENTRY}[[package]]\nname = 'b'\nversion = '0.1.0'\n",
    },
    "uv": {"pyproject.toml": PROJECT, "uv.lock": f"version = 1\n{UV}{OTHER}"},
}


def place(repo: Repo, kind: str, version: str) -> str:
    """Write and track the files; return the name of the lock."""
    *manifests, lock = LOCKS[kind]
    for name in manifests:
        write(repo.path, name, LOCKS[kind][name].replace("VERSION", "1.2.3"))
    write(repo.path, lock, LOCKS[kind][lock].replace("VERSION", version))
    repo.git("add", "--all")
    return lock


@pytest.mark.parametrize("kind", LOCKS)
def test_a_lock_with_another_version(repo: Repo, kind: str) -> None:
    """It fails; one with the version passes, and is named."""
    lock = place(repo, kind, "1.2.3")
    result = judge(repo)
    assert (result.status, lock in result.message) == (OK, True), result.message
    lock = place(repo, kind, "1.2.2")
    result = judge(repo)
    assert result.status is CRIT
    assert f"{lock}" in result.message
    assert result.message.endswith(" says '1.2.2', expected '1.2.3'")
    assert judge(repo, lock).status is CRIT


@pytest.mark.parametrize("kind", LOCKS)
def test_a_lock_that_is_not_tracked(repo: Repo, kind: str) -> None:
    """It is no part of the release."""
    lock = place(repo, kind, "1.2.2")
    repo.git("rm", "--quiet", "--cached", lock)
    assert judge(repo).status is OK


@pytest.mark.parametrize("kind", LOCKS)
def test_a_lock_that_is_not_understood(repo: Repo, kind: str) -> None:
    """It is never skipped, whether it is broken or of another form."""
    lock = place(repo, kind, "1.2.3")
    for text in ("{[", '{"packages": []}' if lock.endswith("json") else "package = [1]\n"):
        write(repo.path, lock, text)
        result = judge(repo)
        assert result.status is UNKNOWN
        assert lock in result.message
