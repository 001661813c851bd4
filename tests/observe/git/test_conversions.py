"""A clone's own settings hide no edit; what the commit's own rules convert is none."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from release_sentinel.checks.repository import check_clean_tree
from release_sentinel.observe import git, mounts
from tests.conftest import Repo, make_repo
from tests.observe.parts import add_submodule

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows converts lines by default")

Edit = Callable[[Repo], object]


def _lines(repo: Repo) -> None:
    (repo.path / "app.py").write_bytes(b"print('hello')\r\n")


def _note(repo: Repo, *options: str) -> None:
    """Let Git note that a file is unchanged, as any `git status` of a user does."""
    subprocess.run(["git", *options, "status", "--short"], cwd=repo.path, check=True, capture_output=True)
    subprocess.run(["git", *options, "add", "app.py"], cwd=repo.path, check=True, capture_output=True)


def _setting(key: str, value: str, edit: Edit) -> Edit:
    def hide(repo: Repo) -> None:
        repo.git("config", key, value)
        edit(repo)
        _note(repo)

    return hide


def _attributes(line: str, edit: Edit, **settings: str) -> Edit:
    def hide(repo: Repo) -> None:
        for key, value in settings.items():
            repo.git("config", key.replace("_", "."), value)
        repo.write(".git/info/attributes", f"# of this clone\n{line}\n")
        edit(repo)
        _note(repo)

    return hide


def _user(text: str, edit: Edit) -> Edit:
    def hide(repo: Repo) -> None:
        Path(os.environ["HOME"], ".gitconfig").write_text(text, encoding="utf-8")
        edit(repo)
        _note(repo)

    return hide


def _environment(repo: Repo) -> None:
    repo.write("app.py", "print('hello')\n")
    (repo.path / "app.py").chmod(0o755)
    for name, value in {"COUNT": "1", "KEY_0": "Core.FileMode", "VALUE_0": "No"}.items():
        os.environ[f"GIT_CONFIG_{name}"] = value


def _link(repo: Repo) -> None:
    (repo.path / "link").unlink()
    repo.write("link", "app.py")


HIDING: dict[str, tuple[str, Edit]] = {
    "core.fileMode": ("app.py", _setting("core.fileMode", "false", lambda repo: (repo.path / "app.py").chmod(0o755))),
    "core.fileMode, off": (
        "app.py",
        _setting("core.fileMode", "off", lambda repo: (repo.path / "app.py").chmod(0o755)),
    ),
    "core.fileMode of a variable": ("app.py", _environment),
    "core.symlinks": ("link", _setting("core.symlinks", "false", _link)),
    "core.autocrlf": ("app.py", _setting("core.autocrlf", "true", _lines)),
    "core.autocrlf, input": ("app.py", _setting("core.autocrlf", "input", _lines)),
    "core.autocrlf of the user": ("app.py", _user("[core]\nautocrlf = input\n", _lines)),
    "attributes, text": ("app.py", _attributes("*.py text eol=crlf", _lines)),
    "attributes, a filter": (
        "app.py",
        _attributes(
            "app.py filter=own", lambda repo: repo.write("app.py", "evil\n"), filter_own_clean="echo \"print('hello')\""
        ),
    ),
    "attributes, ident": ("app.py", _attributes("*.py ident", lambda repo: repo.write("app.py", "# $Id: other $\n"))),
}


@pytest.fixture
def shop(repo: Repo) -> Repo:
    """A repository with a link."""
    (repo.path / "link").symlink_to("app.py")
    repo.commit("readme.md", "text\n")
    return repo


def changes(repo: Repo) -> set[str]:
    """Return the paths that are seen to differ from the commit."""
    seen = git.look(repo.path)
    assert isinstance(seen, git.Repository)
    return {change.path for change in seen.changes}


@pytest.mark.usefixtures("own_home")
@pytest.mark.parametrize("kind", HIDING)
def test_settings_of_a_clone_hide_no_edit(shop: Repo, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git itself says that nothing has changed; what makes it say so can be undone."""
    monkeypatch.setenv("GIT_CONFIG_COUNT", "0")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "")
    path, hide = HIDING[kind]
    if kind == "attributes, ident":
        shop.commit("app.py", "# $Id$\n")
    hide(shop)
    assert shop.git("status", "--porcelain") == ""
    assert changes(shop) == {path}
    result = check_clean_tree(git.look(shop.path))
    assert ("empty .git/info/attributes" in result.remedy) == (git.CONVERTED in result.message)


def _none(_: Repo) -> None:
    return None


def _committed_lines(repo: Repo) -> None:
    repo.commit(".gitattributes", "*.py text eol=crlf\n")
    _lines(repo)


def _committed_filter(repo: Repo) -> None:
    repo.git("config", "filter.own.clean", "tr A-Z a-z")
    repo.commit(".gitattributes", "app.py filter=own\n")
    repo.write("app.py", "PRINT('hello')\n")


HARMLESS: dict[str, Edit] = {
    "core.fileMode": _setting("core.fileMode", "false", _none),
    "core.autocrlf": _setting("core.autocrlf", "true", _none),
    "attributes that convert nothing": _attributes("*.py diff=python\n*.md merge=union -export-ignore", _none),
    "attributes, and no edit": _attributes("*.py text eol=lf filter=own", _none, filter_own_clean="cat"),
    "lines that the commit converts": _setting("core.autocrlf", "input", _committed_lines),
    "lines that the commit converts, and attributes": _attributes("*.md text", _committed_lines),
    "a filter that the commit names": _setting("core.autocrlf", "input", _committed_filter),
    "a filter that the commit names, and attributes": _attributes("*.md text", _committed_filter),
}


@pytest.mark.usefixtures("own_home")
@pytest.mark.parametrize("kind", HARMLESS)
def test_settings_without_an_edit_are_none(shop: Repo, kind: str) -> None:
    """Nor is what the commit's own attributes convert."""
    HARMLESS[kind](shop)
    assert shop.git("status", "--porcelain") == ""
    assert changes(shop) == set()


def test_a_second_look_sees_no_more_than_the_first(shop: Repo) -> None:
    """Each change once, with a sparse checkout, a split index and a linked work tree, too."""
    shop.git("config", "core.autocrlf", "input")
    shop.write(".git/info/attributes", "*.md text\n")
    shop.write("docs/readme.md")
    shop.commit("docs/other.md")
    shop.git("sparse-checkout", "set", "--no-cone", "/*", "!/docs/other.md")
    assert changes(shop) == set()
    shop.git("update-index", "--split-index")
    shop.write("app.py", "other\n")
    seen = git.look(shop.path)
    assert isinstance(seen, git.Repository)
    assert [str(change) for change in seen.changes] == [".M app.py"]
    shop.git("worktree", "add", "--quiet", "--detach", "../linked")
    assert changes(Repo(shop.path.parent / "linked")) == set()


def test_settings_of_a_submodule_hide_no_edit(shop: Repo) -> None:
    """Nor do those of a clone in a submodule of it."""
    source = make_repo(shop.path.with_name("lib"))
    source.commit("lib.py", "one\n")
    inside = add_submodule(shop, source)
    inside.git("config", "core.autocrlf", "input")
    assert changes(shop) == set()
    (inside.path / "lib.py").write_bytes(b"one\r\n")
    inside.git("add", "lib.py")
    assert shop.git("status", "--porcelain") == ""
    assert changes(shop) == {"lib/lib.py"}


def test_modes_that_a_file_system_cannot_hold_are_no_change(shop: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mount of Windows or of a camera's card shows every file alike; Git's own probe has switched modes off."""
    shop.git("config", "core.fileMode", "false")
    (shop.path / "app.py").chmod(0o755)
    found = mounts.Mount(1, "/", "vfat", frozenset(), frozenset())
    monkeypatch.setattr(mounts, "find", lambda *_: found)
    assert changes(shop) == set()


def test_grafts_give_a_commit_no_other_history(shop: Repo) -> None:
    """`.git/info/grafts` would let a commit that was never merged lie on the branch."""
    main = shop.head
    shop.git("checkout", "--quiet", "--orphan", "other")
    other = shop.commit("other.txt")
    shop.git("checkout", "--quiet", "main")
    shop.write(".git/info/grafts", f"{main} {other}\n")
    contained = git.process.run(shop.path, "merge-base", "--is-ancestor", other, main)
    assert contained.code == 1  # type: ignore[union-attr]  # Git was there
