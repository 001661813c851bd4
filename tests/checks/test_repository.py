"""A release is built from a published commit, and from nothing else."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from release_sentinel.checks.repository import check_clean_tree, check_repository
from release_sentinel.checks.result import CRIT, OK, UNKNOWN
from release_sentinel.observe import Unseen, git
from release_sentinel.observe.git import Change, Repository
from tests.conftest import Repo, make_repo
from tests.observe.parts import add_submodule, clone, conflict, look

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def seen(*changes: Change, commit: str = COMMIT, operation: str = "") -> Repository:
    """Return the record of a repository."""
    return Repository(Path("/shop"), commit, "main", operation, shallow=False, changes=changes)


def test_a_repository(repo: Repo) -> None:
    """A repository with a commit passes, and is named with it."""
    result = check_repository(git.look(repo.path))
    assert (result.status, result.message) == (OK, f"{repo.path} at commit {repo.head[:12]}")


def test_no_repository(tmp_path: Path) -> None:
    """A folder that is not a repository fails, with the observer's message and remedy."""
    result = check_repository(git.look(tmp_path))
    assert (result.status, result.message) == (CRIT, f"{tmp_path} is not inside a Git repository")
    assert "--gate-repo" in result.remedy


def test_a_sub_folder(repo: Repo) -> None:
    """A sub-folder of a repository is not a repository, although Git works in it."""
    result = check_repository(git.look(repo.write("docs/index.md").parent))
    assert result.status is CRIT
    assert "is not the top of a repository" in result.message


def test_no_commit(tmp_path: Path) -> None:
    """A repository without a commit fails, although it is clean and on main."""
    result = check_repository(git.look(make_repo(tmp_path / "new").path))
    assert (result.status, result.message) == (CRIT, f"{tmp_path / 'new'} has no commit yet")
    assert result.remedy == "commit something: a release needs a commit"


@pytest.mark.parametrize(
    ("operation", "words", "remedy"),
    [
        ("merge", "a merge is in progress in /shop", "git merge --abort"),
        ("rebase", "a rebase is in progress in /shop", "git rebase --abort"),
        ("cherry-pick", "a cherry-pick is in progress in /shop", "git cherry-pick --abort"),
        ("revert", "a revert is in progress in /shop", "git revert --abort"),
        ("bisect", "a bisect is in progress in /shop", "git bisect reset"),
        ("am", "an am is in progress in /shop", "git am --abort"),
    ],
)
def test_an_operation_in_progress(operation: str, words: str, remedy: str) -> None:
    """An unfinished operation fails, and the remedy is the command that ends it."""
    result = check_repository(seen(operation=operation))
    assert (result.status, result.message) == (CRIT, words)
    assert result.remedy == f"finish it, or `{remedy}`"


def test_a_clean_merge_in_progress(repo: Repo) -> None:
    """A merge that is not committed fails, although `git status` lists nothing."""
    conflict(repo)
    repo.git("merge", "--no-commit", "--strategy", "ours", "other")
    assert check_clean_tree(git.look(repo.path)).status is OK
    assert check_repository(git.look(repo.path)).status is CRIT


def test_a_clean_tree(repo: Repo) -> None:
    """A work tree that equals the commit passes."""
    result = check_clean_tree(git.look(repo.path))
    assert (result.status, result.message) == (OK, f"nothing differs from commit {repo.head[:12]}")


def test_one_change(repo: Repo) -> None:
    """A single change is counted in the singular and named in the message."""
    repo.write("notes.txt")
    result = check_clean_tree(git.look(repo.path))
    assert result.status is CRIT
    assert result.message == "Git working tree is dirty: 1 path differs from the commit (?? notes.txt)"
    assert (
        result.remedy == "commit, stash (`git stash -u`) or list in .gitignore (a user's own ignore rules do not count)"
    )
    assert result.details == ()


def test_a_few_changes_are_named_in_the_message() -> None:
    """Three paths fit the message and are not listed again."""
    result = check_clean_tree(seen(*(Change("??", name) for name in "abc")))
    assert result.message.endswith("3 paths differ from the commit (?? a, ?? b, ?? c)")
    assert result.details == ()


def test_more_changes_are_listed_below() -> None:
    """The message names three of four paths, the details all of them."""
    result = check_clean_tree(seen(*(Change("??", name) for name in "abcd")))
    assert result.message.endswith("4 paths differ from the commit (?? a, ?? b, ?? c, …)")
    assert result.details == ("?? a", "?? b", "?? c", "?? d")


@pytest.mark.parametrize(("count", "last"), [(20, "?? 19"), (21, "… and 1 more"), (500, "… and 480 more")])
def test_the_list_is_bounded(count: int, last: str) -> None:
    """The first twenty paths are listed, and how many more there are."""
    result = check_clean_tree(seen(*(Change("??", str(n)) for n in range(count))))
    assert f"{count} paths differ" in result.message
    assert result.details[19] == "?? 19"
    assert result.details[-1] == last


def test_the_message_is_one_line(repo: Repo) -> None:
    """A file name with a line break does not break the message."""
    repo.write("line\nbreak ::error::.txt")
    assert len(check_clean_tree(git.look(repo.path)).message.splitlines()) == 1


def test_a_hidden_edit(repo: Repo) -> None:
    """An edit that `git status` does not show fails, and the remedy makes Git show it."""
    repo.git("update-index", "--assume-unchanged", "app.py")
    repo.write("app.py", "print('bye')\n")
    result = check_clean_tree(git.look(repo.path))
    assert result.message.endswith("1 path differs from the commit (hidden edit app.py)")
    assert result.remedy == "`git update-index --no-assume-unchanged --no-skip-worktree PATH` makes Git show the edit"
    repo.git("update-index", "--no-assume-unchanged", "--no-skip-worktree", "app.py")
    assert [str(change) for change in look(repo.path).changes] == [".M app.py"]


def run_remedy(repo: Repo, remedy: str) -> None:
    """Run the command of a remedy, as a user would who allows submodules from a path."""
    allow = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "protocol.file.allow", "GIT_CONFIG_VALUE_0": "always"}
    command = remedy.split("`")[1]
    subprocess.run(command, cwd=repo.path, shell=True, check=True, env={**os.environ, **allow})  # noqa: S602 - ours


def not_asked(repo: Repo, _: Repo) -> None:
    """Clone without submodules."""


def never_updated(repo: Repo, library: Repo) -> None:
    """Let .gitmodules say that no submodule is checked out, at either level."""
    for folder, name in ((library, "base"), (repo, "lib")):
        folder.git("config", "--file", ".gitmodules", f"submodule.{name}.update", "none")
        folder.git("commit", "--quiet", "--all", "--message", "none")


@pytest.mark.parametrize("arrange", [not_asked, never_updated], ids=lambda arrange: arrange.__name__)
@pytest.mark.parametrize("active", ["", "other"], ids=["active", "not active"])
def test_an_uninitialised_submodule(
    repo: Repo, tmp_path: Path, arrange: Callable[[Repo, Repo], None], active: str
) -> None:
    """A submodule that was not checked out fails, and the remedy checks it out, whatever the configuration says."""
    library, base = make_repo(tmp_path / "library"), make_repo(tmp_path / "base")
    base.commit("base.py")
    library.commit("lib.py")
    add_submodule(library, base, "base")
    add_submodule(repo, library)
    arrange(repo, library)
    repo.git("-C", "lib", "pull", "--quiet")
    repo.git("commit", "--quiet", "--all", "--allow-empty", "--message", "newest")
    fresh = clone(repo.path, tmp_path / "fresh")
    if active:
        fresh.git("config", "submodule.active", active)
    result = check_clean_tree(git.look(fresh.path))
    assert result.message.endswith("1 path differs from the commit (uninitialised submodule lib)")
    run_remedy(fresh, result.remedy)
    assert check_clean_tree(git.look(fresh.path)).status is OK


def test_a_submodule_that_is_not_in_gitmodules(repo: Repo, tmp_path: Path) -> None:
    """Git cannot check it out; the remedy says what can be done."""
    make_repo(repo.path / "nested").commit("lib.py")
    repo.git("add", "nested")
    repo.git("commit", "--quiet", "--message", "nested")
    result = check_clean_tree(git.look(clone(repo.path, tmp_path / "fresh").path))
    assert result.message.endswith("(unlisted submodule nested)")
    assert result.remedy == "add the submodule to .gitmodules, or `git rm --cached PATH`, and commit"


def test_a_pointer_of_lfs(repo: Repo) -> None:
    """The remedy fetches the content."""
    repo.write("model.bin", f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 1\n")
    repo.commit(".gitattributes", "*.bin filter=lfs\n")
    result = check_clean_tree(git.look(repo.path))
    assert result.message.endswith("1 path differs from the commit (LFS pointer without its content model.bin)")
    assert result.remedy.startswith("`git lfs install --local && git lfs pull` ")


def test_a_remedy_for_each_kind() -> None:
    """If changes are of several kinds, each has its remedy."""
    hidden = (Change(git.HIDDEN_EDIT, "a"), Change(git.UNINITIALISED, "b"), Change(f"{git.SUBMODULE}moved", "c"))
    remedy = check_clean_tree(seen(Change("??", "d"), *hidden)).remedy
    assert [part.split()[0:2] for part in remedy.split("; ")] == [
        ["`git", "update-index"],
        ["`git", "submodule"],
        ["commit", "in"],
        ["commit,", "stash"],
    ]


def test_no_repository_has_no_clean_tree() -> None:
    """Without a visible repository its tree is unknown, and the remedy names the gate `repository`."""
    result = check_clean_tree(Unseen("/shop is not a folder"))
    assert (result.status, result.message) == (UNKNOWN, "/shop is not a folder")
    assert result.remedy == "fix the gate `repository` first"
