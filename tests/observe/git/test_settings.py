"""Git's settings are read from its files as Git itself reads them, and from more places than it would look."""

import os
import subprocess
from pathlib import Path

import pytest

from release_sentinel.observe.git.settings import entries, settings
from tests.conftest import Repo

TEXT = r"""
# a comment
[core]
	bare = false ; another
	quoted = "a # no comment" and more
	escaped = a\tb\\c \"d\"
	continued = one \
two \
three
	flag
	Upper-Case = Stays
[remote "Origin.x"]
	url = https://kim:pw@host/a.git
[url "https://tok\"en@host/"]
	insteadOf = https://host/
[HTTP "https://one.example.com/"] extraheader = one-word
	proxy = http://proxy
[section.sub]
	key = "unfinished \
over lines"
[empty]
	value =
	quoted = ""
"""


def by_git(top: Path, *options: str) -> list[tuple[str, str]]:
    """Return the settings as Git lists them; a key without a value has an empty one."""
    out = subprocess.run(["git", "config", *options, "--null", "--list"], cwd=top, capture_output=True, check=True)
    pairs = [one.partition("\n") for one in out.stdout.decode().split("\0") if one]
    return [(key, value) for key, _, value in pairs]


def test_a_file_is_read_as_git_reads_it(repo: Repo) -> None:
    """Sections, quotes, escapes, comments, lines that go on."""
    file = repo.write("config", TEXT)
    assert list(entries(TEXT)) == by_git(repo.path, "--file", str(file))


def test_a_header_of_one_word_ends_with_its_line() -> None:
    """The next line is another setting."""
    text = '[http "https://h/"]\n\textraheader = one-word\n\tproxy = http://proxy\n'
    assert list(entries(text)) == [
        ("http.https://h/.extraheader", "one-word"),
        ("http.https://h/.proxy", "http://proxy"),
    ]


@pytest.mark.parametrize(
    "text", ["[", "[core", 'x = "', "]]]\n= =\n[a]\nb", "\0\xff[a]\nb=c", "a" * 100_000, "[\n" * 50_000]
)
def test_what_git_could_not_read_is_no_error(text: str) -> None:
    """It is read as far as possible, in a time that grows with its length."""
    assert isinstance(list(entries(text)), list)


def test_files_and_variables_of_a_work_tree(repo: Repo, own_home: Path, tmp_path: Path) -> None:
    """The clone's, that of a linked work tree, the user's, included ones, those of submodules."""
    inner = tmp_path / "inner"
    subprocess.run(["git", "clone", "--quiet", str(repo.path), str(inner)], check=True)
    repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner), "part")
    repo.git("commit", "--quiet", "-m", "a part")
    linked = tmp_path / "linked"
    repo.git("worktree", "add", "--quiet", str(linked))
    repo.git("config", "extensions.worktreeConfig", "true")
    subprocess.run(["git", "config", "--worktree", "a.worktree", "1"], cwd=linked, check=True)
    repo.git("config", "a.clone", "1")
    subprocess.run(["git", "config", "a.module", "1"], cwd=repo.path / "part", check=True)
    repo.git("config", "include.path", str(tmp_path / "included"))
    repo.git("config", "includeIf.onbranch:other.path", "../beside")
    (tmp_path / "included").write_text("[a]\nincluded = 1\n[include]\npath = included\n")
    (repo.path / "beside").write_text("[a]\nconditional = 1\n")
    (own_home / ".gitconfig").write_text("[include]\npath = ~/more\n[a]\nuser = 1\n")
    (own_home / "more").write_text("[a]\nmore = 1\n")
    (own_home / ".config" / "git").mkdir(parents=True)
    (own_home / ".config" / "git" / "config").write_text("[a]\nxdg = 1\n")
    variables = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "a.variable",
        "GIT_CONFIG_VALUE_0": "1",
        "GIT_CONFIG_PARAMETERS": "'a.parameter=1' 'a.other'='it'\\''s'",
    }
    found = {key for top in (repo.path, linked) for key, _ in settings(top, {**os.environ, **variables})}
    wanted = {"clone", "worktree", "module", "included", "conditional", "user", "more", "xdg", "variable", "parameter"}
    assert {f"a.{name}" for name in wanted} <= found
    assert ("a.other", "it's") in list(settings(linked, variables))
    assert {key for key, _ in settings(repo.path / "part", os.environ)} >= {"a.module"}
    assert "a.clone" in {key for key, _ in settings(linked, os.environ)}


def test_variables_choose_the_user_s_file(repo: Repo, tmp_path: Path) -> None:
    """GIT_CONFIG_GLOBAL and GIT_CONFIG_SYSTEM."""
    for name in ("global", "system"):
        (tmp_path / name).write_text(f"[a]\n{name} = 1\n")
    environ = {"GIT_CONFIG_GLOBAL": str(tmp_path / "global"), "GIT_CONFIG_SYSTEM": str(tmp_path / "system")}
    assert {"a.global", "a.system"} <= {key for key, _ in settings(repo.path, environ)}


def test_what_is_no_repository_has_no_settings(tmp_path: Path) -> None:
    """A folder, a loop of links, a pipe in the place of a file."""
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "pipe").mkdir()
    os.mkfifo(tmp_path / "pipe" / ".git")
    environ = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    for top in (tmp_path, tmp_path / "loop", tmp_path / "pipe", tmp_path / "none"):
        assert list(settings(top, environ)) == []
