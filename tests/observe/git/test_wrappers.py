"""Git's output with a wrapper's words in it, and names with odd characters: the right answer, or a clear refusal."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from release_sentinel.observe import Unseen, git
from release_sentinel.observe.git.records import Refs
from tests.conftest import Repo, Sentinel, make_repo

COMMANDS = (
    "rev-parse",
    "status",
    "ls-files",
    "ls-tree",
    "remote",
    "for-each-ref",
    "ls-remote",
    "merge-base",
    "version",
    "",  # all
)
WRAPPERS = {
    "a line before": 'printf "Welcome\\n"; exec REAL "$@"',
    "a line after": 'REAL "$@"; code=$?; printf "Bye\\n"; exit $code',
    "words before": 'printf "Welcome "; exec REAL "$@"',
    "words after": 'REAL "$@"; code=$?; printf "Bye"; exit $code',
    "a blank line before": 'printf "\\n"; exec REAL "$@"',
    "columns before": 'printf "a\\tb\\tc\\n"; exec REAL "$@"',
    "columns after": 'REAL "$@"; code=$?; printf "a\\tb\\tc\\n"; exit $code',
    "entries before": 'printf "x\\0? y\\0"; exec REAL "$@"',
    "true before": 'printf "true\\n"; exec REAL "$@"',
    "colours before": 'printf "\\033[1mX\\033[0m\\n"; exec REAL "$@"',
    "an odd end of line before": 'printf "\\342\\200\\250\\n"; exec REAL "$@"',
    "bytes that are not text before": 'printf "\\377\\376\\n"; exec REAL "$@"',
    "nothing at all": "exit 0",
}
HARMLESS = {
    "a line of errors before": 'printf "Welcome\\n" >&2; exec REAL "$@"',
    "a line of errors after": 'REAL "$@"; code=$?; printf "Bye\\n" >&2; exit $code',
}
GIT = shutil.which("git") or "git"


def wrap(folder: Path, body: str, command: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Put a `git` on PATH that does something beside one of Git's commands (blank: all); return that PATH."""
    folder.mkdir()
    other = f'case " $* " in *" {command} "*) ;; *) exec {GIT} "$@" ;; esac\n' if command else ""
    (folder / "git").write_text(f"#!/bin/sh\n{other}{body.replace('REAL', GIT)}\n")
    (folder / "git").chmod(0o755)
    path = f"{folder}:{Path(GIT).parent}:/bin:/usr/bin"
    monkeypatch.setenv("PATH", path)
    return path


def observe(repo: Repo) -> dict[str, Any]:
    """Return everything that is observed of a repository."""
    asked: dict[str, Any] = {
        "repository": lambda: git.look(repo.path),
        "absent": lambda: git.absent(repo.path, [repo.path / "gate_tests"]),
        "remote": lambda: git.find_remote(repo.path),
        "local": lambda: git.local_refs(repo.path, ["refs/tags/*", "refs/tags/v1.0.0"]),
        "tags": lambda: git.tags(repo.path, ["*"], branches=["*"]).remote,
        "branches": lambda: git.branches_containing(repo.path, git.tags(repo.path, branches=["*"]), ["main"]),
        "signature": lambda: git.signature(repo.path, tag="v1.0.0"),
    }
    return {name: ask() for name, ask in asked.items()}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """A repository with a tag here and on the remote, and an edit that Git is told to hide. Nothing changes it."""
    folder = tmp_path_factory.mktemp("wrapped")
    repo = make_repo(folder / "shop")
    repo.commit("app.py", "print('hello')\n")
    repo.add_remote(folder / "origin.git")
    repo.git("tag", "--annotate", "--message", "one", "v1.0.0")
    repo.git("push", "--quiet", "origin", "v1.0.0")
    repo.git("update-index", "--assume-unchanged", "app.py")
    repo.write("app.py", "print('hidden')\n")
    return repo


@pytest.fixture(scope="module")
def expected(shop: Repo) -> dict[str, Any]:
    """What is observed of it by Git itself."""
    return observe(shop)


@pytest.mark.sweep
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command or "all")
@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_words_of_a_wrapper_are_no_answer(
    shop: Repo,
    expected: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    wrapper: str,
    command: str,
) -> None:
    """Each observation is as without the wrapper, or refused in one line; none is better, and nothing is raised."""
    wrap(tmp_path / "bin", WRAPPERS[wrapper], command, monkeypatch)
    for name, seen in observe(shop).items():
        silent = wrapper == "nothing at all" and not isinstance(seen, Unseen)  # no program can tell that from none
        assert silent or isinstance(seen, Unseen) or seen == expected[name], name
        assert not isinstance(seen, Unseen) or seen.why.isprintable()


@pytest.mark.parametrize("wrapper", HARMLESS)
def test_words_on_the_error_output_change_nothing(
    shop: Repo, expected: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrapper: str
) -> None:
    """Git itself warns there."""
    wrap(tmp_path / "bin", HARMLESS[wrapper], "", monkeypatch)
    seen = observe(shop)
    assert {name: seen[name] for name in seen if name != "signature"} == {
        name: expected[name] for name in expected if name != "signature"
    }
    assert seen["signature"].state != "good"


def test_a_refusal_names_the_command_and_shows_no_credentials(
    shop: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The words that were not expected are shown."""
    body = 'printf "see https://kim:pa55word@example.com/help\\n"; exec REAL "$@"'
    wrap(tmp_path / "bin", body, "remote", monkeypatch)
    seen = git.find_remote(shop.path)
    assert isinstance(seen, Unseen)
    assert seen.why.startswith("git remote -v printed what git does not print: 'see https://")
    assert "pa55word" not in seen.why


@pytest.mark.parametrize("way", ["release-sentinel", "pytest"])
@pytest.mark.parametrize("wrapper", ["a line before", "a line after", "entries before"])
def test_a_run_with_a_wrapper_is_not_safe(
    sentinel: Sentinel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrapper: str, way: str
) -> None:
    """The gates of the repository say why; the others are judged."""
    path = wrap(tmp_path / "bin", WRAPPERS[wrapper], "", monkeypatch)
    done = (sentinel if way == "release-sentinel" else sentinel.pytest)(PATH=path)
    assert done.code == 1
    assert "Traceback" not in done.out
    assert "broke" not in done.out
    assert done.statuses["version"] == "OK"
    told = {gate["id"]: gate["reason"] for gate in done.verdict["gates"]}
    assert "git rev-parse printed what git does not print: " in told["repository"]


ODD = ["\u2028", "\u2029", "\x85", "\u202e", "é", "\U0001f600", "\ufeff"]


@pytest.mark.sweep
@pytest.mark.parametrize("character", ODD, ids=ascii)
def test_names_with_odd_characters(repo: Repo, character: str) -> None:
    """Tags, branches and paths: each is one name, and hides no other."""
    tag, branch, path = f"v1.0.0{character}x", f"main{character}x", f"a{character}b.txt"
    repo.git("tag", tag)
    repo.git("tag", "v2.0.0")
    repo.git("push", "--quiet", "origin", tag, f"HEAD:refs/heads/{branch}", "v2.0.0")
    seen = git.tags(repo.path, ["*"], branches=["*"])
    for refs in (seen.local, seen.remote):
        assert isinstance(refs, Refs)
        assert set(refs.tags) == {tag, "v2.0.0"}
    assert isinstance(seen.remote, Refs)
    assert seen.remote.head(branch) == repo.head
    containing = git.branches_containing(repo.path, seen, ["*"])
    assert not isinstance(containing, Unseen)
    assert branch in containing.containing
    repo.git("checkout", "--quiet", "-b", branch)
    repo.write(path)
    looked = git.look(repo.path)
    assert isinstance(looked, git.Repository)
    assert (looked.branch, [change.path for change in looked.changes]) == (branch, [path])


@pytest.mark.parametrize("way", ["release-sentinel", "pytest"])
def test_a_run_with_odd_names(sentinel: Sentinel, way: str) -> None:
    """On a branch and beside tags with such names: SAFE where the policy allows the branch, and one line each."""
    repo = sentinel.repo
    repo.commit("release-sentinel.toml", 'git.branches = ["main*"]\nenable = ["version-increases", "in-sync"]')
    repo.git("checkout", "--quiet", "-b", "main\u2028x")
    repo.git("tag", "v0.9.0\u2028")
    repo.git("push", "--quiet", "origin", "main\u2028x", "v0.9.0\u2028")
    judge = sentinel if way == "release-sentinel" else sentinel.pytest
    done = judge()
    assert done.code == 0, done.out
    repo.write("a\u2028::error::b")
    done = judge()
    (gate,) = [gate for gate in done.verdict["gates"] if gate["id"] == "clean-tree"]
    assert (done.code, gate["status"]) == (1, "CRIT")
    assert gate["reason"].isprintable()
    assert subprocess.run(["git", "status"], cwd=repo.path, check=True, capture_output=True).stdout
