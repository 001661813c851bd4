"""The pre-push hook: a real `git push` to a real remote, and what stops it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from release_sentinel.cli import main
from tests.conftest import Repo, Run, make_repo, run

POLICY = """\
enable = ["version-increases"]
required.secrets = []
disable.process = "a test has none"
disable.api = "a test has none"
[disk]
warn = 100
crit = 100
[memory]
warn = 100
crit = 100
"""
CRITICAL = 'tcp = [{ host = "127.0.0.1", port = 1, tries = 1 }]\n'


class Clone:
    """A repository with a policy and the hook, and a remote beside it."""

    def __init__(self, folder: Path, policy: str = POLICY) -> None:
        self.repo = make_repo(folder / "my shop")
        self.repo.commit("release-sentinel.toml", policy)
        self.remote = self.repo.add_remote(folder / "the origin.git")
        (folder / "bin").mkdir()
        self.program = folder / "bin" / "release-sentinel"
        self.program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m release_sentinel "$@"\n', encoding="utf-8")
        self.program.chmod(0o755)
        self.path = os.pathsep.join([str(self.program.parent), "/usr/local/bin:/usr/bin:/bin"])

    @property
    def hook(self) -> Path:
        """The file of the hook."""
        return self.repo.path / ".git" / "hooks" / "pre-push"

    def init(self, *words: str) -> int:
        """Run `init hook`."""
        return main(("init", "hook", *words, "--gate-repo", str(self.repo.path)))

    def stub(self) -> Path:
        """Put a program in the place of ours that notes its words and its input; return where."""
        self.program.write_text('#!/bin/sh\n{ printf "%s|" "$@"; cat; } > "$0.seen"\n', encoding="utf-8")
        return self.program.with_name("release-sentinel.seen")

    def push(self, *words: str, cwd: Path | None = None, **env: str) -> Run:
        """Push, with a PATH on which the program is."""
        environ = {"PATH": self.path, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **env}
        return run("git", "push", *words, cwd=cwd or self.repo.path, env=environ)

    def has(self, tag: str) -> bool:
        """Tell whether the remote has a tag."""
        return bool(self.remote.git("tag", "--list", tag))


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clone:
    """A clone whose hook is there, and that is ready for v1.0.0."""
    clone = Clone(tmp_path)
    monkeypatch.setenv("PATH", clone.path)
    assert clone.init() == 0
    return clone


def test_a_safe_version_is_pushed(clone: Clone) -> None:
    """The tag exists here only, which is what a push begins with; the variables of a hook do not confuse the gate."""
    clone.repo.git("tag", "--annotate", "--message=x", "v1.0.0")
    done = clone.push("origin", "v1.0.0", GIT_DIR=str(clone.repo.path / ".git"), GIT_PREFIX="x/")
    assert done.code == 0, done.out
    assert "SAFE (exit 0): v1.0.0 may go to prod" in done.out
    assert clone.has("v1.0.0")


def test_a_blocked_version_is_not_pushed(clone: Clone) -> None:
    """The reason is shown, and the way out; the same push passes with it."""
    clone.repo.git("tag", "v1.0.0")
    clone.repo.write("app.py")
    done = clone.push("origin", "main", "v1.0.0")
    assert done.code == 1
    assert "BLOCKED (exit 1): v1.0.0 must not go to prod" in done.out
    assert "release-sentinel hook: tag v1.0.0 is not pushed (exit 1); git push --no-verify" in done.out
    assert not clone.has("v1.0.0")
    assert clone.push("--no-verify", "origin", "v1.0.0").code == 0
    assert clone.has("v1.0.0")


def test_a_critical_version_is_not_pushed(clone: Clone) -> None:
    """An unhealthy dependency stops it too."""
    clone.repo.commit("release-sentinel.toml", CRITICAL + POLICY)
    clone.repo.git("tag", "v1.0.0")
    done = clone.push("--atomic", "origin", "main", "v1.0.0")
    assert done.code == 1
    assert "CRITICAL (exit 2): v1.0.0 must not go to prod" in done.out
    assert "is not pushed (exit 2)" in done.out
    assert not clone.has("v1.0.0")


def test_what_is_no_new_version_passes(clone: Clone) -> None:
    """Branches, deletions and other tags are not held, also where the gate would say no."""
    for name in ("v1.0.0", "nightly", "v1", "shop-v1.0.0"):
        clone.repo.git("tag", name)
    assert clone.push("--no-verify", "origin", "v1.0.0").code == 0
    clone.repo.commit("release-sentinel.toml", CRITICAL + POLICY)
    done = clone.push("origin", "main", ":v1.0.0", "nightly", "v1", "shop-v1.0.0")
    assert done.code == 0, done.out
    assert not clone.has("v1.0.0")
    assert clone.has("nightly")
    assert "tag nightly is not judged: it is not a version with the prefix 'v'" in done.out
    assert "may go" not in done.out


@pytest.mark.sweep
def test_each_of_several_versions_is_judged(clone: Clone) -> None:
    """One that is no better than another holds back both: a push is one."""
    clone.repo.git("tag", "v1.0.0")
    clone.repo.git("tag", "v1.0")
    done = clone.push("origin", "--tags")
    assert done.code == 1
    assert "tag v1.0 is not pushed" in done.out
    assert "SAFE (exit 0): v1.0.0" in done.out
    assert not clone.has("v1*")


@pytest.mark.sweep
def test_a_tag_of_another_commit_is_not_judged_by_head(clone: Clone) -> None:
    """The gate judges what is checked out; that one checked out, it passes."""
    clone.repo.git("tag", "v1.0.0")
    clone.repo.commit("later.py")
    clone.repo.git("push", "--quiet", "--no-verify", "origin", "main")
    done = clone.push("origin", "v1.0.0")
    assert done.code == 1
    assert "git switch --detach v1.0.0, and push again" in done.out
    clone.repo.git("switch", "--quiet", "--detach", "v1.0.0")
    done = clone.push("origin", "v1.0.0")
    assert done.code == 0, done.out


def test_the_object_counts_and_not_the_name(clone: Clone) -> None:
    """What is pushed under a tag's name need not be the tag of that name."""
    clone.repo.git("tag", "v1.0.0")
    clone.repo.git("switch", "--quiet", "--create", "other")
    clone.repo.commit("other.py")
    clone.repo.git("switch", "--quiet", "main")
    assert clone.push("origin", "other:refs/tags/v1.0.0").code == 1
    assert not clone.has("v1.0.0")


def test_a_published_tag_is_not_moved(clone: Clone) -> None:
    """Also by force."""
    clone.repo.git("tag", "v1.0.0")
    clone.repo.git("push", "--quiet", "--no-verify", "origin", "v1.0.0")
    clone.repo.commit("later.py")
    clone.repo.git("tag", "--force", "v1.0.0")
    done = clone.push("--force", "origin", "v1.0.0")
    assert done.code == 1
    assert "-> release the next version" in done.out


@pytest.mark.sweep
@pytest.mark.parametrize(("variable", "env"), [("", "stage"), ("dev", "dev")], ids=["settings", "variable"])
def test_the_environment_can_be_chosen(clone: Clone, variable: str, env: str) -> None:
    """By Git's settings, and above these by a variable."""
    clone.repo.git("tag", "v1.0.0")
    clone.repo.git("config", "release-sentinel.env", "stage")
    done = clone.push("origin", "v1.0.0", RS_ENV=variable)
    assert done.code == 0, done.out
    assert f"v1.0.0 may go to {env}" in done.out


@pytest.mark.sweep
def test_it_serves_worktrees(clone: Clone, tmp_path: Path) -> None:
    """What is checked out there is judged."""
    clone.repo.git("tag", "v1.0.0")
    clone.repo.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "second tree"))
    clone.repo.write("app.py")
    done = clone.push("origin", "v1.0.0", cwd=tmp_path / "second tree")
    assert done.code == 0, done.out
    assert "v1.0.0 may go to prod" in done.out


def test_without_the_program_nothing_is_pushed(clone: Clone) -> None:
    """It says how to install it, and Git's settings may name its place."""
    seen = clone.stub()
    clone.program.rename(clone.program.with_name("gate tool"))
    clone.repo.git("tag", "v1.0.0")
    done = clone.push("origin", "v1.0.0")
    assert done.code == 1
    assert "pre-push: release-sentinel is not installed" in done.out
    assert not clone.has("v1.0.0")
    clone.repo.git("config", "release-sentinel.program", str(clone.program.with_name("gate tool")))
    assert clone.push("origin", "v1.0.0").code == 0
    told = seen.with_name("gate tool.seen").read_text(encoding="utf-8")
    assert told.startswith(
        f"hook|--env|prod|--|origin|{clone.remote.path}|refs/tags/v1.0.0 {clone.repo.head} refs/tags"
    )


def test_a_hook_that_is_there_stays(clone: Clone, capsys: pytest.CaptureFixture[str]) -> None:
    """The lines that are named run both: the old one reads the same input."""
    clone.hook.write_text('#!/bin/sh\ncat > "$0.seen"\n', encoding="utf-8")
    assert clone.init("--env", "stage") == 1
    said = capsys.readouterr().err
    assert f"{clone.hook} is there already, and stays as it is" in said
    assert clone.hook.read_text(encoding="utf-8") == '#!/bin/sh\ncat > "$0.seen"\n'
    lines = [line.strip() for line in said.splitlines() if line.startswith("    ")]
    assert len(lines) == 5
    clone.hook.write_text("\n".join(["#!/bin/sh", *lines, 'cat > "$0.seen"\n']), encoding="utf-8")
    clone.repo.git("tag", "v1.0.0")
    seen = clone.stub()
    done = clone.push("origin", "v1.0.0")
    assert done.code == 0, done.out
    told = seen.read_text(encoding="utf-8").rpartition("|")
    assert told[0] == f"hook|--env|stage|--|origin|{clone.remote.path}"
    assert "refs/tags/v1.0.0" in told[2]
    assert clone.hook.with_name("pre-push.seen").read_text(encoding="utf-8") == told[2]


def test_beside_pre_commit_it_is_the_hook_that_was_there_before(clone: Clone) -> None:
    """That is how the framework runs both."""
    ours = clone.hook.read_text(encoding="utf-8")
    theirs = "#!/bin/sh\n# File generated by pre-commit: https://pre-commit.com\n"
    clone.hook.write_text(theirs, encoding="utf-8")
    assert clone.init() == 0
    legacy = clone.hook.with_name("pre-push.legacy")
    assert (clone.hook.read_text(encoding="utf-8"), legacy.read_text(encoding="utf-8")) == (theirs, ours)
    assert os.access(legacy, os.X_OK)


def test_where_git_reads_hooks_from(clone: Clone, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`core.hooksPath` counts if it lies in the repository; one that others share is left alone."""
    clone.repo.git("config", "core.hooksPath", "ci/my hooks")
    assert clone.init() == 0
    assert os.access(clone.repo.path / "ci/my hooks/pre-push", os.X_OK)
    clone.repo.git("config", "core.hooksPath", str(tmp_path / "shared"))
    assert clone.init() == 1
    assert "which other repositories may share; nothing was written" in capsys.readouterr().err
    assert not (tmp_path / "shared").exists()


def test_a_program_beside_path_is_recorded(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell's alias does not reach a hook."""
    monkeypatch.setenv("PATH", "/usr/local/bin:/usr/bin:/bin")
    assert clone.init() == 0
    assert clone.repo.git("config", "release-sentinel.program") == str(
        Path(sys.executable).with_name("release-sentinel")
    )


def test_the_entry_for_pre_commit(clone: Clone, capsys: pytest.CaptureFixture[str]) -> None:
    """It is a file of its own, or shown where there is one; it says what the framework does not see."""
    assert clone.init("--pre-commit") == 0
    file = clone.repo.path / ".pre-commit-config.yaml"
    text = file.read_text(encoding="utf-8")
    assert "entry: release-sentinel hook --env prod\n" in text
    file.write_text("repos: []\n", encoding="utf-8")
    capsys.readouterr()
    assert clone.init("--pre-commit") == 0
    out, err = capsys.readouterr()
    assert out == text
    assert "is there already: add the entry above" in err
    assert file.read_text(encoding="utf-8") == "repos: []\n"


@pytest.mark.parametrize(
    ("environ", "code", "said"),
    [
        ({"PRE_COMMIT_REMOTE_BRANCH": "refs/heads/main"}, 0, ""),
        ({}, 1, "neither Git nor pre-commit calls this hook"),
        ({"PRE_COMMIT_REMOTE_BRANCH": "refs/tags/v1.0.0", "PRE_COMMIT_TO_REF": "0" * 40}, 1, "is at no commit"),
    ],
    ids=["branch", "neither", "tag"],
)
def test_what_pre_commit_says(
    repo: Repo,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    environ: dict[str, str],
    code: int,
    said: str,
) -> None:
    """One reference, in variables."""
    monkeypatch.chdir(repo.path)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert main(("hook", "--env", "prod")) == code
    assert said in capsys.readouterr().err


@pytest.mark.sweep
@pytest.mark.parametrize("line", ["", "\n", "main", "a b c d", "refs/tags/v1.0.0 0 refs/tags/v1.0.0 0"])
def test_only_what_git_says_is_taken(repo: Repo, line: str) -> None:
    """Anything else stops the push; no reference at all is none to hold back."""
    command = [sys.executable, "-m", "release_sentinel", "hook", "--env", "prod", "--", "origin", "url"]
    done = subprocess.run(command, cwd=repo.path, input=line, capture_output=True, text=True, check=False)
    assert done.returncode == (1 if line.strip() else 0)
    assert ("is not a line of the input of Git" in done.stderr) == bool(line.strip())
