"""Git is called so that neither configuration, environment nor an unusual state changes the result."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from shlex import quote

import pytest

from release_sentinel.arguments import find_top
from release_sentinel.observe import Unseen, git
from tests.conftest import Repo, make_repo
from tests.observe.parts import (
    ALLOW_FILES,
    add_submodule,
    changes,
    clone,
    conflict,
    hidden,
    look,
    program,
    real_git,
    refused,
)

TAG = "refs/tags/v1.0.0"


def test_a_fresh_clone_is_seen_as_it_is(repo: Repo) -> None:
    """A clean repository on a branch has its commit and branch, and no changes."""
    assert look(repo.path) == git.Repository(repo.path, repo.head, "main", "", shallow=False, changes=())


def test_a_folder_without_repository(tmp_path: Path) -> None:
    """A plain folder is not a repository, and the remedy names the option."""
    seen = refused(tmp_path)
    assert "is not inside a Git repository" in seen.why
    assert "--gate-repo" in seen.remedy


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    """A path that does not exist differs from a folder that is not a repository."""
    assert refused(tmp_path / "nothing").why == f"{tmp_path / 'nothing'} is not a folder"


def test_a_sub_folder_is_not_the_repository(repo: Repo) -> None:
    """A folder inside a repository is not its top; the message names the repository above."""
    repo.write("docs/index.md")
    seen = refused(repo.path / "docs")
    assert f"it is in the repository {repo.path}" in seen.why
    assert f"--gate-repo {repo.path}" in seen.remedy


@pytest.mark.usefixtures("repo")
def test_a_bare_repository(tmp_path: Path) -> None:
    """A bare repository has no work tree to judge."""
    assert "is a bare repository" in refused(tmp_path / "origin.git").why


def test_the_git_folder_itself(repo: Repo) -> None:
    """The `.git` folder is not a work tree."""
    seen = refused(repo.path / ".git")
    assert "has no work tree" in seen.why
    assert "at the top of a work tree" in seen.remedy


def test_no_commit_yet(tmp_path: Path) -> None:
    """A repository without a commit has a branch name and a blank commit."""
    seen = look(make_repo(tmp_path / "new").path)
    assert (seen.commit, seen.branch) == ("", "main")


def test_a_symbolic_link_to_the_repository(repo: Repo, tmp_path: Path) -> None:
    """A repository reached through a link is still the top."""
    link = tmp_path / "link"
    link.symlink_to(repo.path)
    assert look(link).commit == repo.head


def test_dubious_ownership(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository of another user is refused in Git's words, with the line that would trust it."""
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    seen = refused(repo.path)
    assert "dubious ownership" in seen.why
    assert seen.remedy.endswith(f"git config --global --add safe.directory {quote(str(repo.path))}")


def test_no_git(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Git on PATH the message says so."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert refused(repo.path) == Unseen(
        "git is not installed, or not on PATH", "install Git, or add it to the CI image"
    )


def test_a_git_that_may_not_be_run(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A git that exists and is not executable is reported, not a crash."""
    program(tmp_path / "bin/git", "#!/bin/sh\n").chmod(0o644)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert refused(repo.path).why == f"git cannot be started in {repo.path}: Permission denied"


def test_a_git_too_old(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Git that prints an unknown option back, as old ones do, is reported as too old."""
    old = f'#!/bin/sh\n{real_git()} "$@" | sed "3s/.*/--is-shallow-repository/"\n'
    program(tmp_path / "bin/git", old)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    seen = refused(repo.path)
    assert seen.why == "this Git is too old: 2.17 or later is needed"
    assert "update Git" in seen.remedy


def test_a_git_without_an_option(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Git that does not know one of our options is reported as too old."""
    program(tmp_path / "bin/git", f'#!/bin/sh\ncase "$*" in *status*) exit 129;; esac\nexec {real_git()} "$@"\n')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    assert refused(repo.path).why == "this Git is too old: 2.17 or later is needed"


def test_a_git_that_hangs(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Git that does not end is given up, with its children, at the time-out."""
    program(tmp_path / "bin/git", "#!/bin/sh\nexec sleep 600\n")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    seen = git.look(repo.path, timeout=0.2)
    assert isinstance(seen, Unseen)
    assert seen.why == "git rev-parse did not answer within 0.2 s"


def test_a_broken_index(repo: Repo) -> None:
    """A repository that Git cannot read is not clean; the words are Git's own."""
    (repo.path / ".git/index").write_bytes(b"not an index")
    seen = refused(repo.path)
    assert seen.why.startswith("git status failed: ")
    assert "index" in seen.why


@pytest.mark.parametrize("name", ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_CEILING_DIRECTORIES"])
def test_variables_that_point_elsewhere(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A variable that points Git at another repository does not change the result, and stays set."""
    other, head = make_repo(tmp_path / "other"), repo.head
    other.commit("other.py")
    value = str(other.path / {"GIT_DIR": ".git", "GIT_INDEX_FILE": ".git/index"}.get(name, ""))
    monkeypatch.setenv(name, value)
    seen = look(repo.path)
    assert (seen.commit, seen.changes) == (head, ())
    assert os.environ[name] == value


def begin_merge(repo: Repo) -> None:
    """Leave a merge in conflict."""
    repo.git("merge", "other", check=False)


def begin_clean_merge(repo: Repo) -> None:
    """Leave a merge without conflict uncommitted; its result is put back, so that `git status` shows nothing."""
    repo.git("merge", "--no-commit", "--strategy", "ours", "other")


def begin_rebase(repo: Repo) -> None:
    """Leave a rebase in conflict."""
    repo.git("rebase", "other", check=False)


def begin_apply_rebase(repo: Repo) -> None:
    """Leave a rebase of the older kind in conflict."""
    repo.git("rebase", "--apply", "other", check=False)


def begin_cherry_pick(repo: Repo) -> None:
    """Leave a cherry-pick in conflict."""
    repo.git("cherry-pick", "other", check=False)


def begin_cherry_pick_of_two(repo: Repo) -> None:
    """Commit the first of two picked commits by hand: the second is still pending."""
    repo.git("checkout", "--quiet", "other")
    repo.commit("app.py", "print('another')\n")
    repo.git("checkout", "--quiet", "main")
    repo.git("cherry-pick", "other~1", "other", check=False)
    repo.commit("app.py", "print('both')\n")


def begin_revert(repo: Repo) -> None:
    """Leave a revert in conflict."""
    repo.commit("app.py", "print('last')\n")
    repo.git("revert", "--no-edit", "HEAD~1", check=False)


def begin_revert_of_two(repo: Repo) -> None:
    """Commit the first of two reverted commits by hand: the second is still pending."""
    repo.commit("app.py", "print('next')\n")
    repo.commit("app.py", "print('last')\n")
    repo.git("revert", "--no-edit", "HEAD~1", "HEAD~2", check=False)
    repo.commit("app.py", "print('both')\n")


def begin_bisect(repo: Repo) -> None:
    """Leave a bisection at its start."""
    repo.git("bisect", "start")


def begin_am(repo: Repo) -> None:
    """Leave a mailed patch in conflict."""
    patch = repo.git("format-patch", "-1", "--stdout", "other")
    repo.write(".git/mail.patch", patch + "\n")
    repo.git("am", ".git/mail.patch", check=False)


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("begin", "operation"),
    [
        (begin_merge, "merge"),
        (begin_clean_merge, "merge"),
        (begin_rebase, "rebase"),
        (begin_apply_rebase, "rebase"),
        (begin_cherry_pick, "cherry-pick"),
        (begin_cherry_pick_of_two, "cherry-pick"),
        (begin_revert, "revert"),
        (begin_revert_of_two, "revert"),
        (begin_bisect, "bisect"),
        (begin_am, "am"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_an_operation_in_progress(repo: Repo, begin: Callable[[Repo], None], operation: str) -> None:
    """An unfinished operation is seen, and so is its end."""
    conflict(repo)
    begin(repo)
    assert look(repo.path).operation == operation
    repo.git(operation, "reset" if operation == "bisect" else "--abort")
    assert not look(repo.path).operation


def test_an_operation_in_a_linked_worktree(repo: Repo, tmp_path: Path) -> None:
    """A linked worktree is a repository of its own, with its own operation."""
    repo.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "linked"))
    linked = Repo(tmp_path / "linked")
    linked.git("bisect", "start")
    assert look(linked.path).operation == "bisect"
    assert not look(repo.path).operation


def test_a_linked_worktree(repo: Repo, tmp_path: Path) -> None:
    """A linked worktree is a top of its own, on its own branch, shallow if its repository is."""
    shallow = clone(tmp_path / "origin.git", tmp_path / "clone", "--depth=1", "--branch=main")
    shallow.git("worktree", "add", "--quiet", "-b", "release/1", str(tmp_path / "linked"))
    seen = look(tmp_path / "linked")
    assert (seen.branch, seen.commit, seen.changes) == ("release/1", repo.head, ())


def test_a_shallow_clone_and_its_worktree(repo: Repo, tmp_path: Path) -> None:
    """A shallow clone is recognised as such, also from a linked worktree."""
    repo.commit("more.py")
    repo.git("push", "--quiet", "origin", "main")
    shallow = clone(tmp_path / "origin.git", tmp_path / "clone", "--depth=1", "--branch=main")
    shallow.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "linked"))
    assert look(shallow.path).shallow
    assert look(tmp_path / "linked").shallow
    assert not look(repo.path).shallow


def test_a_detached_head(repo: Repo) -> None:
    """A detached HEAD is not on a branch."""
    repo.git("checkout", "--quiet", "--detach")
    seen = look(repo.path)
    assert (seen.branch, seen.commit) == ("", repo.head)


def test_find_top(repo: Repo, tmp_path: Path) -> None:
    """The top is found from a folder below, and None without a repository."""
    below = repo.write("a/b/c.txt").parent
    assert find_top(below) == repo.path
    assert find_top(tmp_path) is None


def stage(repo: Repo) -> None:
    """Add a file to the index."""
    repo.write("new.py")
    repo.git("add", "new.py")


def edit(repo: Repo) -> None:
    """Change a file."""
    repo.write("app.py", "print('bye')\n")


def delete(repo: Repo) -> None:
    """Remove a file."""
    (repo.path / "app.py").unlink()


def rename(repo: Repo) -> None:
    """Rename a file in the index."""
    repo.git("mv", "app.py", "shop.py")


def make_executable(repo: Repo) -> None:
    """Change only a file's mode."""
    (repo.path / "app.py").chmod(0o755)


def leave_untracked(repo: Repo) -> None:
    """Leave a file that Git does not track."""
    repo.write("notes.txt")


def leave_untracked_folder(repo: Repo) -> None:
    """Leave a folder that Git does not track."""
    repo.write("notes/1.txt")


def stage_and_undo(repo: Repo) -> None:
    """Stage an edit and undo it in the work tree only."""
    edit(repo)
    repo.git("add", "app.py")
    repo.write("app.py", "print('hello')\n")


def leave_conflict(repo: Repo) -> None:
    """Leave a path that is in conflict."""
    conflict(repo)
    begin_merge(repo)


@pytest.mark.parametrize(
    ("soil", "shown"),
    [
        (stage, ["A. new.py"]),
        (edit, [".M app.py"]),
        (delete, [".D app.py"]),
        (rename, ["D. app.py", "A. shop.py"]),
        (make_executable, [".M app.py"]),
        (leave_untracked, ["?? notes.txt"]),
        (leave_untracked_folder, ["?? notes/"]),
        (stage_and_undo, ["MM app.py"]),
        (leave_conflict, ["UU app.py"]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_change_is_seen(repo: Repo, soil: Callable[[Repo], None], shown: list[str]) -> None:
    """Every kind of change is seen, with Git's letters and its path."""
    soil(repo)
    assert changes(repo) == shown


def touch(repo: Repo) -> None:
    """Change only a file's time."""
    os.utime(repo.path / "app.py", (1, 1))


def ignore(repo: Repo) -> None:
    """Leave a file that a committed .gitignore names."""
    repo.commit(".gitignore", "*.log\n")
    repo.write("run.log")


def leave_empty_folder(repo: Repo) -> None:
    """Leave a folder with nothing in it."""
    (repo.path / "empty").mkdir()


@pytest.mark.parametrize("do", [touch, ignore, leave_empty_folder], ids=lambda do: do.__name__)
def test_no_change_is_seen(repo: Repo, do: Callable[[Repo], None]) -> None:
    """What a commit does not record is not a change."""
    do(repo)
    assert changes(repo) == []


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("two words.txt", "?? two words.txt"),
        ("straße-日本.txt", "?? straße-日本.txt"),
        ("line\nbreak.txt", r"?? 'line\nbreak.txt'"),
        ("tab\there -> there.txt", r"?? 'tab\there -> there.txt'"),
        ("-n", "?? -n"),
    ],
    ids=["spaces", "non-ascii", "newline", "tab-and-arrow", "dash"],
)
def test_unusual_names(repo: Repo, name: str, shown: str) -> None:
    """A name is shown in full and on one line, whatever it holds."""
    repo.write(name)
    assert changes(repo) == [shown]


def test_names_that_are_not_text(repo: Repo) -> None:
    """A name that is not UTF-8 is shown in escapes."""
    Path(os.fsdecode(os.fsencode(repo.path) + b"/caf\xe9")).write_text("", encoding="utf-8")
    assert changes(repo) == [r"?? 'caf\udce9'"]


def test_a_tracked_name_with_spaces(repo: Repo) -> None:
    """The path of a changed file is shown in full, spaces included."""
    repo.commit("two  words.txt")
    repo.write("two  words.txt", "other\n")
    assert changes(repo) == [".M two  words.txt"]


def hide_by_ignore_file(repo: Repo) -> None:
    """Let the user's default ignore file name everything."""
    folder = Path(os.environ["HOME"]) / ".config/git"
    folder.mkdir(parents=True)
    (folder / "ignore").write_text("*\n", encoding="utf-8")
    assert not repo.git("status", "--porcelain")


def hide_by_excludes_file(repo: Repo) -> None:
    """Let a configured ignore file name everything."""
    file = Path(os.environ["HOME"]) / "ignore"
    file.write_text("*\n", encoding="utf-8")
    repo.git("config", "--global", "core.excludesFile", str(file))
    assert not repo.git("status", "--porcelain")


def hide_by_status(repo: Repo) -> None:
    """Ask Git not to look for untracked files."""
    repo.git("config", "--global", "status.showUntrackedFiles", "no")
    assert not repo.git("status", "--porcelain")


@pytest.mark.usefixtures("own_home")
@pytest.mark.parametrize(
    "hide", [hide_by_ignore_file, hide_by_excludes_file, hide_by_status], ids=lambda hide: hide.__name__
)
def test_user_configuration_hides_no_untracked_file(repo: Repo, hide: Callable[[Repo], None]) -> None:
    """What hides an untracked file from its user does not hide it from the gate."""
    repo.write("notes.txt")
    hide(repo)
    assert changes(repo) == ["?? notes.txt"]


@pytest.mark.usefixtures("own_home")
def test_user_configuration_hides_no_edit(repo: Repo) -> None:
    """An edit that keeps size and time is seen although the user's configuration makes Git trust these."""
    file = repo.path / "app.py"
    os.utime(file, (1_000_000_000, 1_000_000_000))
    repo.git("update-index", "--refresh")
    repo.git("config", "--global", "core.trustctime", "false")
    time.sleep(1.1)  # the change time, which cannot be set, counts in whole seconds
    file.write_text("print('HELLO')\n", encoding="utf-8")
    os.utime(file, (1_000_000_000, 1_000_000_000))
    assert not repo.git("status", "--porcelain")
    assert changes(repo) == [".M app.py"]


def test_own_outputs_do_not_count(repo: Repo) -> None:
    """A report and a folder of our own are not changes, whatever their names hold."""
    report, cache = repo.write("gates[1] *.xml"), repo.write(".cache/x/1").parent
    assert look(repo.path, report, cache).changes == ()


def test_a_tracked_own_output_does_not_count(repo: Repo) -> None:
    """A report that was committed may be overwritten by the run that writes it."""
    repo.commit("gates.xml", "old\n")
    assert look(repo.path, repo.write("gates.xml", "new\n")).changes == ()


def test_an_own_output_alone_in_its_folder(repo: Repo) -> None:
    """A folder that holds nothing but our report is not a change."""
    assert look(repo.path, repo.write("reports/gates.xml")).changes == ()


@pytest.mark.parametrize("sibling", ["gates.xml.bak", "gates-xml", "Gates.xml", "sub/gates.xml"])
def test_siblings_of_own_outputs_count(repo: Repo, sibling: str) -> None:
    """Only the report itself is left out, no file of a similar name."""
    report = repo.write("gates.xml")
    repo.write(sibling)
    assert [change.path for change in look(repo.path, report).changes] == [
        sibling.partition("/")[0] + "/" * ("/" in sibling)
    ]


def test_a_sibling_in_the_folder_of_an_own_output_counts(repo: Repo) -> None:
    """A foreign file beside our report is a change."""
    report = repo.write("reports/gates.xml")
    repo.write("reports/other.xml")
    assert [str(change) for change in look(repo.path, report).changes] == ["?? reports/"]


def test_own_outputs_elsewhere(repo: Repo, tmp_path: Path) -> None:
    """A report outside the repository hides nothing in it, and neither does the repository named as one."""
    repo.write("notes.txt")
    assert len(look(repo.path, tmp_path / "gates.xml", tmp_path, repo.path).changes) == 1


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_a_flagged_edit_is_seen(repo: Repo, flag: str) -> None:
    """An edit in a file that Git is set to ignore is a hidden edit, and not shown otherwise."""
    repo.git("update-index", flag, "app.py")
    edit(repo)
    assert changes(repo) == []
    assert hidden(repo) == ["hidden edit app.py"]


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_a_flagged_deletion_is_seen(repo: Repo, flag: str) -> None:
    """A deleted file that Git is set to ignore is a hidden edit."""
    repo.git("update-index", flag, "app.py")
    delete(repo)
    assert hidden(repo) == ["hidden edit app.py"]


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
@pytest.mark.parametrize("name", ["plain.txt", "line\nbreak.txt", "-n"], ids=["plain", "newline", "dash"])
def test_a_flag_without_edit_is_clean(repo: Repo, flag: str, name: str) -> None:
    """A flagged file that was not edited is clean."""
    repo.commit(name)
    repo.git("update-index", flag, "--", name)
    assert hidden(repo) == []


def test_a_flagged_link(repo: Repo) -> None:
    """A flagged symbolic link is compared by where it points, not by the file behind it."""
    link = repo.path / "link"
    link.symlink_to("app.py")
    repo.commit()
    repo.git("update-index", "--assume-unchanged", "link")
    assert hidden(repo) == []
    link.unlink()
    link.symlink_to("file.txt")
    assert hidden(repo) == ["hidden edit link"]


def test_a_flagged_file_with_line_ends_converted(repo: Repo) -> None:
    """A flagged file whose line ends Git converts does not count as an edit."""
    repo.commit(".gitattributes", "*.bat text eol=crlf\n")
    repo.commit("run.bat", "one\n")
    (repo.path / "run.bat").write_bytes(b"one\r\n")
    repo.git("update-index", "--assume-unchanged", "run.bat")
    assert hidden(repo) == []


def test_a_sparse_checkout_is_clean(repo: Repo) -> None:
    """Files that a sparse checkout leaves out are not edits."""
    repo.commit("docs/index.md")
    repo.commit("src/shop.py")
    repo.git("sparse-checkout", "set", "src")
    assert not (repo.path / "docs").exists()
    assert (changes(repo), hidden(repo)) == ([], [])


SPARSE = {
    "shared": ("config", "core.sparseCheckout", "true"),
    "of each work tree": ("config", "--worktree", "core.sparseCheckout", "true"),
}


@pytest.mark.parametrize("kind", SPARSE)
@pytest.mark.parametrize("second", [False, True], ids=["one work tree", "two work trees"])
def test_an_old_sparse_checkout_is_clean(repo: Repo, tmp_path: Path, kind: str, *, second: bool) -> None:
    """Patterns in a file, without the command, are a sparse checkout of the work tree that has them."""
    repo.commit("docs/index.md")
    repo.commit("src/shop.py")
    if second:
        repo.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "other"))
    if kind != "shared":
        repo.git("config", "extensions.worktreeConfig", "true")
    repo.git(*SPARSE[kind])
    repo.write(".git/info/sparse-checkout", "/*\n!/docs/\n")
    repo.git("read-tree", "-mu", "HEAD")
    assert not (repo.path / "docs").exists()
    assert (changes(repo), hidden(repo)) == ([], [])
    if second:
        other = Repo(tmp_path / "other")
        (other.path / "docs/index.md").unlink()
        other.git("update-index", "--skip-worktree", "docs/index.md")
        assert hidden(other) == ["hidden edit docs/index.md"]


@pytest.mark.usefixtures("own_home")
def test_a_user_s_sparse_checkout_hides_nothing(repo: Repo) -> None:
    """The repository does not know of it."""
    repo.git("config", "--global", "core.sparseCheckout", "true")
    repo.write(".git/info/sparse-checkout", "/*\n")
    repo.git("update-index", "--skip-worktree", "app.py")
    (repo.path / "app.py").unlink()
    assert hidden(repo) == ["hidden edit app.py"]


def test_an_assumed_edit_in_a_sparse_checkout(repo: Repo) -> None:
    """An edit marked assume-unchanged is seen in a sparse checkout too."""
    repo.commit("src/shop.py")
    repo.git("sparse-checkout", "set", "src")
    repo.git("update-index", "--assume-unchanged", "src/shop.py")
    repo.write("src/shop.py", "other\n")
    assert hidden(repo) == ["hidden edit src/shop.py"]


def test_an_index_that_cannot_be_listed(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If Git cannot list the files, hidden edits are unseen, not absent."""
    program(tmp_path / "bin/git", f'#!/bin/sh\ncase "$*" in *ls-files*) exit 3;; esac\nexec {real_git()} "$@"\n')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    assert refused(repo.path).why == "git ls-files: git ended with exit code 3 and printed nothing"


@pytest.fixture
def library(tmp_path: Path) -> Repo:
    """A repository that others include as a submodule."""
    library = make_repo(tmp_path / "library")
    library.commit("lib.py")
    return library


@pytest.fixture
def lib(repo: Repo, library: Repo) -> Repo:
    """The work tree of the submodule `lib` of `repo`."""
    return add_submodule(repo, library)


def test_an_untouched_submodule_is_clean(repo: Repo, lib: Repo) -> None:
    """A submodule at its recorded commit is clean."""
    assert lib.head
    assert (changes(repo), hidden(repo)) == ([], [])


def move(lib: Repo) -> None:
    """Commit in the submodule."""
    lib.commit("more.py")


def edit_library(lib: Repo) -> None:
    """Change a file of the submodule."""
    lib.write("lib.py", "other\n")


def move_and_edit(lib: Repo) -> None:
    """Commit in the submodule, and change a file."""
    move(lib)
    edit_library(lib)


@pytest.mark.sweep
@pytest.mark.usefixtures("own_home")
@pytest.mark.parametrize(
    "setting",
    ["", "submodule.lib.ignore=all", "diff.ignoreSubmodules=all", "status.showUntrackedFiles=no"],
    ids=["plain", "ignore", "ignore-all", "untracked-no"],
)
@pytest.mark.parametrize(
    ("soil", "shown"),
    [
        (move, "submodule moved: lib"),
        (edit_library, "submodule modified: lib"),
        (leave_untracked, "submodule has untracked files: lib"),
        (move_and_edit, "submodule moved and modified: lib"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_submodule_that_differs(
    repo: Repo, lib: Repo, soil: Callable[[Repo], None], shown: str, setting: str
) -> None:
    """A submodule that is moved or dirty is seen, and no configuration hides it."""
    soil(lib)
    if setting:
        repo.git("config", "--global", *setting.split("="))
    assert changes(repo) == [shown]


def test_an_uninitialised_submodule(repo: Repo, lib: Repo, tmp_path: Path) -> None:
    """A submodule that was never checked out is a change that `git status` does not show."""
    assert lib.head
    fresh = clone(repo.path, tmp_path / "fresh")
    assert (changes(fresh), hidden(fresh)) == ([], ["uninitialised submodule lib"])


@pytest.mark.sweep
@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
@pytest.mark.parametrize("soil", [move, edit_library, leave_untracked], ids=lambda soil: soil.__name__)
def test_a_flagged_submodule_that_differs(repo: Repo, lib: Repo, flag: str, soil: Callable[[Repo], None]) -> None:
    """A flag on a submodule does not hide that it is moved or dirty."""
    repo.git("update-index", flag, "lib")
    assert hidden(repo) == []
    soil(lib)
    assert (changes(repo), hidden(repo)) == ([], ["hidden edit lib"])


def test_a_hidden_edit_inside_a_submodule(repo: Repo, lib: Repo) -> None:
    """An edit that is hidden inside a submodule is seen, with its path from the top."""
    lib.git("update-index", "--assume-unchanged", "lib.py")
    lib.write("lib.py", "other\n")
    assert (changes(repo), hidden(repo)) == ([], ["hidden edit lib/lib.py"])


def test_an_uninitialised_submodule_of_a_submodule(repo: Repo, library: Repo, tmp_path: Path) -> None:
    """A submodule of a submodule that was never checked out is seen."""
    base = make_repo(tmp_path / "base")
    base.commit("base.py")
    add_submodule(library, base, "base")
    add_submodule(repo, library)
    assert (changes(repo), hidden(repo)) == ([], ["uninitialised submodule lib/base"])
    repo.git(*ALLOW_FILES, "submodule", "--quiet", "update", "--init", "--recursive")
    assert hidden(repo) == []


def test_looking_leaves_the_repository_alone(repo: Repo) -> None:
    """Observing takes no lock and does not rewrite the index, even if it is stale."""
    touch(repo)
    index = repo.path / ".git/index"
    before = index.read_bytes()
    assert look(repo.path).changes == ()
    assert index.read_bytes() == before


def test_observing_works_beside_a_lock(repo: Repo) -> None:
    """Another Git that holds the index lock does not stop it."""
    (repo.path / ".git/index.lock").touch()
    assert look(repo.path).changes == ()


def test_git_is_not_imported_before_its_first_use() -> None:
    """Importing the observers does not import GitPython, whose import takes longer than any call."""
    code = "import sys, release_sentinel.observe.git; sys.exit('git' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_worktree_with_a_line_break_in_its_path(repo: Repo, tmp_path: Path) -> None:
    """A linked worktree at an odd path is seen, with the operation in it."""
    odd = Repo(tmp_path / "odd\nname")
    conflict(repo)
    repo.git("worktree", "add", "--quiet", "--detach", str(odd.path), "other")
    odd.git("merge", "--quiet", "main", check=False)
    assert look(odd.path).operation == "merge"


def test_rules_may_ignore_untracked_files(repo: Repo) -> None:
    """If the policy says so, an untracked file is not a change; an edit still is."""
    repo.write("notes.txt")
    repo.write("app.py", "other\n")
    seen = git.look(repo.path, git.Rules(untracked=False))
    assert isinstance(seen, git.Repository)
    assert [str(change) for change in seen.changes] == [".M app.py"]


def test_rules_may_ignore_submodules(repo: Repo, lib: Repo, tmp_path: Path) -> None:
    """If the policy says so, neither a dirty submodule nor one that was never checked out is a change."""
    lib.write("lib.py", "other\n")
    for path in (repo.path, clone(repo.path, tmp_path / "fresh").path):
        seen = git.look(path, git.Rules(submodules=False))
        assert isinstance(seen, git.Repository)
        assert seen.changes == ()


def test_trust_given_by_the_environment(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container that names its safe folders by GIT_CONFIG_COUNT is trusted, as Git does."""
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    assert "does not trust" in refused(repo.path).why
    for name, value in {"COUNT": "1", "KEY_0": "safe.directory", "VALUE_0": str(repo.path)}.items():
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    assert look(repo.path).commit == repo.head


def test_configuration_by_the_environment_hides_nothing(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line overrides what GIT_CONFIG_COUNT sets."""
    repo.write("notes.txt")
    settings = {"COUNT": "1", "KEY_0": "status.showUntrackedFiles", "VALUE_0": "no"}
    for name, value in settings.items():
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    assert changes(repo) == ["?? notes.txt"]


@pytest.mark.usefixtures("own_home")
@pytest.mark.parametrize("name", ["core.attributesFile", "core.ignoreCase", "sparse.expectFilesOutsideOfPatterns"])
def test_more_of_a_user_s_configuration_hides_nothing(repo: Repo, tmp_path: Path, name: str) -> None:
    """Neither a user's filter, nor ignored case, nor an unintended sparse checkout."""
    repo.git("config", "--unset", "core.ignoreCase", check=False)
    filters = tmp_path / "attributes"
    filters.write_text("*.py filter=forget\n", encoding="utf-8")
    repo.git("config", "--global", "filter.forget.clean", "printf \"print('hello')\\n\"")
    repo.git("config", "--global", name, str(filters) if name == "core.attributesFile" else "true")
    repo.write("app.py", "print('other')\n")
    repo.write("APP.PY", "print('new')\n")
    assert changes(repo) == [".M app.py", "?? APP.PY"]


def test_a_replaced_commit_is_not_replaced(repo: Repo) -> None:
    """`git replace` does not make another commit's tree the clean one."""
    first = repo.head
    repo.commit("more.py")
    repo.git("replace", first, repo.head)
    repo.git("checkout", "--quiet", "--detach", first)
    assert changes(repo) != []


def test_a_flag_does_not_hide_a_mode(repo: Repo) -> None:
    """A file that became executable differs from the commit."""
    repo.git("update-index", "--assume-unchanged", "app.py")
    (repo.path / "app.py").chmod(0o755)
    assert hidden(repo) == ["hidden edit app.py"]


def test_a_submodule_s_own_settings_hide_nothing(repo: Repo, library: Repo, tmp_path: Path) -> None:
    """A submodule of a submodule is inspected although the one between says to ignore it."""
    base = make_repo(tmp_path / "base")
    base.commit("base.py")
    add_submodule(library, base, "base")
    library.git("config", "--file", ".gitmodules", "submodule.base.ignore", "all")
    library.git("commit", "--quiet", "--all", "--message", "ignore base")
    add_submodule(repo, library)
    repo.git(*ALLOW_FILES, "submodule", "--quiet", "update", "--init", "--recursive")
    assert look(repo.path).changes == ()
    (repo.path / "lib/base/base.py").write_text("other\n", encoding="utf-8")
    assert [str(change) for change in look(repo.path).changes] == ["submodule modified: lib/base"]


def test_a_monitor_that_hangs_is_not_used(repo: Repo, tmp_path: Path) -> None:
    """The program that a configuration names to watch files is not run."""
    hook = program(tmp_path / "hook", "#!/bin/sh\nsleep 60\n")
    repo.git("config", "core.fsmonitor", str(hook))
    assert isinstance(git.look(repo.path, timeout=600), git.Repository)


def test_a_git_that_answers_nonsense(repo: Repo, tmp_path: Path) -> None:
    """A program of that name that is not Git is reported, and is not a crash."""
    program(tmp_path / "bin/git", "#!/bin/sh\necho you have not agreed to the licence >&2; exit 69\n")
    code = (
        "import sys; from pathlib import Path; from release_sentinel.observe import git; "
        "print(git.look(Path(sys.argv[1])))"
    )
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    command = [sys.executable, "-c", code, str(repo.path)]
    done = subprocess.run(command, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Unseen(why=" in done.stdout
