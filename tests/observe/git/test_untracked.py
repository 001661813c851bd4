"""Only what the commit holds may hide an untracked file; a list of the policy names those that may be there."""

from collections.abc import Callable
from pathlib import Path

import pytest

from release_sentinel.observe import git
from tests.conftest import Repo, make_repo
from tests.observe.parts import add_submodule, changes, look


def exclude(repo: Repo, *patterns: str) -> None:
    """Write the clone's own ignore rules."""
    folder = Path(repo.git("rev-parse", "--path-format=absolute", "--git-path", "info/exclude"))
    folder.parent.mkdir(exist_ok=True)
    folder.write_text("# a comment\n" + "".join(f"{pattern}\n" for pattern in patterns), encoding="utf-8")


def by_exclude(repo: Repo) -> list[str]:
    """Hide a file, one in a folder, and a whole folder by the clone's rules."""
    exclude(repo, "*.log", "/cache/", "/src/evil.py")
    repo.commit("src/shop.py")
    for name in ("a.log", "cache/x", "src/evil.py", "src/deep/b.log"):
        repo.write(name)
    return ["?? a.log", "?? cache/", "?? src/deep/", "?? src/evil.py"]


def by_own_rules(repo: Repo) -> list[str]:
    """Hide a file by rules that hide themselves, at the top."""
    repo.write(".gitignore", ".gitignore\nevil.py\n")
    repo.write("evil.py")
    return ["?? .gitignore"]


def by_own_rules_below(repo: Repo) -> list[str]:
    """Hide files beside tracked ones, and in folders without any."""
    repo.commit("src/shop.py")
    for folder in ("src", "tools/deep"):
        repo.write(f"{folder}/.gitignore", "*\n")
        repo.write(f"{folder}/evil.py")
    return ["?? src/.gitignore", "?? tools/deep/.gitignore"]


def by_exclude_and_rules(repo: Repo) -> list[str]:
    """Let the clone's rules hide the rules that hide a file."""
    exclude(repo, ".gitignore")
    repo.write(".gitignore", "evil.py\n")
    repo.write("evil.py")
    return ["?? .gitignore"]


def by_rules_that_are_shown(repo: Repo) -> list[str]:
    """Hide a file by rules that are untracked, and seen."""
    repo.write(".gitignore", "evil.py\n")
    repo.write("evil.py")
    return ["?? .gitignore"]


def beside_what_is_shown(repo: Repo) -> list[str]:
    """Hide a file in a folder that is untracked as a whole."""
    exclude(repo, "*.log")
    repo.write("new/a.log")
    repo.write("new/a.py")
    return ["?? new/"]


HIDDEN = (
    by_exclude,
    by_own_rules,
    by_own_rules_below,
    by_exclude_and_rules,
    by_rules_that_are_shown,
    beside_what_is_shown,
)


@pytest.mark.parametrize("hide", HIDDEN, ids=lambda hide: hide.__name__)
def test_nothing_outside_of_the_commit_hides_a_file(repo: Repo, hide: Callable[[Repo], list[str]]) -> None:
    """Each is found once, or the rules that hide it are; without the question nothing is."""
    expected = hide(repo)
    assert sorted(changes(repo)) == expected
    seen = git.look(repo.path, git.Rules(untracked=False))
    assert isinstance(seen, git.Repository)
    assert seen.changes == ()


def test_rules_of_a_linked_work_tree(repo: Repo, tmp_path: Path) -> None:
    """They are those of its repository."""
    exclude(repo, "*.log")
    repo.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "linked"))
    linked = Repo(tmp_path / "linked")
    linked.write("a.log")
    assert changes(linked) == ["?? a.log"]


def test_rules_of_a_submodule(repo: Repo, tmp_path: Path) -> None:
    """A submodule's own rules hide nothing in it; where Git names it already, it is not named again."""
    library = make_repo(tmp_path / "library")
    library.commit("lib.py")
    lib = add_submodule(repo, library)
    exclude(lib, "*.log")
    lib.write("a.log")
    lib.write("deep/.gitignore", "*\n")
    assert sorted(changes(repo)) == ["?? lib/a.log", "?? lib/deep/.gitignore"]
    lib.write("b.txt")
    assert changes(repo) == ["submodule has untracked files: lib"]


def test_what_may_be_ignored(repo: Repo) -> None:
    """Committed rules count; so do a cache's own, and those of a virtual environment."""
    repo.commit(".gitignore", "node_modules/\n*.pyc\n")
    exclude(repo)
    for name in ("node_modules/x/.gitignore", "src/__pycache__/a.pyc", ".venv/lib/a.py", ".ruff_cache/0/a"):
        repo.write(name, "*\n")
    for folder, mark in {".venv": "pyvenv.cfg", ".ruff_cache": "CACHEDIR.TAG"}.items():
        repo.write(f"{folder}/.gitignore", "*\n")
        repo.write(f"{folder}/{mark}")
    (repo.path / "empty").mkdir()
    for folder in ("dist", "htmlcov"):
        repo.write(f"{folder}/.gitignore", "# made by a tool\n*\n")
        repo.write(f"{folder}/a")
    assert changes(repo) == []
    repo.write("dist/.gitignore", "a\n.gitignore\n")
    assert changes(repo) == ["?? dist/.gitignore"]
    repo.write("dist/.gitignore", "*\n")
    (repo.path / ".venv/pyvenv.cfg").unlink()
    assert changes(repo) == ["?? .venv/.gitignore"]


@pytest.mark.parametrize("folder", ["src", "dist", "."])
def test_a_mark_beside_tracked_files_hides_nothing(repo: Repo, folder: str) -> None:
    """A folder that the commit has is no cache."""
    repo.commit(f"{folder}/shop.py")
    for name in (".gitignore", "CACHEDIR.TAG", "evil.py"):
        repo.write(f"{folder}/{name}", "*\n")
    assert changes(repo) == [f"?? {folder}/.gitignore".replace("./", "")]


def test_own_outputs_may_be_hidden(repo: Repo) -> None:
    """Our own files are no changes, whoever hides them."""
    exclude(repo, "*.xml")
    cache = repo.write(".cache/.gitignore", "*\n").parent
    assert look(repo.path, repo.write("gates.xml"), cache).changes == ()


def test_rules_that_are_not_read(repo: Repo) -> None:
    """A file that is too long is taken as one that hides; without a file nothing is hidden."""
    repo.write("a.log")
    exclude(repo, "#" * (2 << 20), "*.log")
    assert changes(repo) == ["?? a.log"]
    (repo.path / ".git/info/exclude").unlink()
    assert changes(repo) == ["?? a.log"]


@pytest.mark.parametrize(
    ("globs", "shown"),
    [
        (["*.log"], ["build/c.txt", "notes.txt"]),
        (["build"], ["a.log", "notes.txt"]),
        (["build/"], ["a.log", "notes.txt"]),
        (["build/*"], ["a.log", "notes.txt"]),
        (["b", "uild", "*.LOG"], ["a.log", "build/b.log", "build/c.txt", "notes.txt"]),
        (["notes.txt", "*.log", "build/?.txt"], []),
        (["*"], []),
    ],
)
def test_files_that_may_be_there(repo: Repo, globs: list[str], shown: list[str]) -> None:
    """A glob is about the whole path, and a folder stands for what is in it; hidden files have to be named, too."""
    exclude(repo, "*.log")
    for name in ("a.log", "notes.txt", "build/b.log", "build/c.txt"):
        repo.write(name)
    seen = git.look(repo.path, git.Rules(untracked_allowed=globs))
    assert isinstance(seen, git.Repository)
    assert sorted(change.path for change in seen.changes) == shown


def test_only_untracked_files_may_be_there(repo: Repo) -> None:
    """A glob does not allow an edit, a deletion, or what is staged."""
    repo.write("app.py", "other\n")
    repo.write("new.py")
    repo.git("add", "new.py")
    seen = git.look(repo.path, git.Rules(untracked_allowed=["*"]))
    assert isinstance(seen, git.Repository)
    assert sorted(map(str, seen.changes)) == [".M app.py", "A. new.py"]
