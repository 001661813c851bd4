"""What Git says of the repository and of its remote.

Git is asked through GitPython, which is imported on first use: it costs more than all the questions together. Each
call has a time-out, no standard input and no prompt; the variables that point Git elsewhere (`GIT_DIR` and kin) are
dropped, and options that user or system configuration could set otherwise are given on the command line.
"""

import contextlib
import hashlib
import os
import signal
import subprocess
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from release_sentinel.observe import Unseen
from release_sentinel.redaction import without_credentials

LOCAL_SECONDS = 60.0  # a cold `status` of a very large tree takes tens of seconds
REMOTE_SECONDS = 20.0
MINIMUM_VERSION = "2.15"  # `rev-parse --is-shallow-repository`; `status --porcelain=v2` is older

# `git rev-parse --local-env-vars` names them; asking Git would cost a process each run.
_LOCAL_VARIABLES = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CEILING_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DIR",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_LITERAL_PATHSPECS",
    "GIT_NAMESPACE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
)
# Read by nobody but Git: no prompt, no pager, no lock taken for a look.
_QUIET = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_PAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
    "GCM_INTERACTIVE": "never",
    "SSH_ASKPASS_REQUIRE": "never",
}
_OPERATIONS = {
    "MERGE_HEAD": "merge",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "rebase-merge": "rebase",
    "rebase-apply/applying": "am",
    "rebase-apply": "rebase",
    "BISECT_LOG": "bisect",
    "sequencer/todo": "cherry-pick",  # or revert: between two commits of several
}
# The codes of changes that `git status` does not show.
HIDDEN_EDIT = "hidden edit"
UNINITIALISED = "uninitialised submodule"

_environment_lock = threading.Lock()


@dataclass(frozen=True)
class Change:
    """A path that differs from the commit; `code` is Git's two letters, or a word of ours."""

    code: str
    path: str

    def __str__(self) -> str:
        shown = self.path if self.path.isprintable() else ascii(self.path)
        return f"{self.code} {shown}"


@dataclass(frozen=True)
class Repository:
    """A Git work tree with a commit, as it was at one moment."""

    top: Path
    commit: str  # blank: there is none yet
    branch: str  # blank: HEAD is detached
    operation: str  # "merge", "rebase" …, or blank
    shallow: bool
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Refs:
    """Refs by full name, with the object they point at; a tag object is peeled to its commit."""

    commits: Mapping[str, str]
    source: str  # where they were read: "origin (https://…)" or "this clone"

    def tag(self, name: str) -> str | None:
        """Return the commit that the tag points at, or None where there is no such tag."""
        return self.commits.get(f"refs/tags/{name}")


@dataclass(frozen=True)
class Tags:
    """Refs as this clone and its remote have them; `remote` is None where the clone has no remote."""

    local: Refs | Unseen
    remote: Refs | Unseen | None


Branches = tuple[str, ...] | Unseen


@dataclass(frozen=True)
class _Answer:
    code: int
    out: str
    err: str

    @property
    def words(self) -> str:
        """What Git complained of, in one line."""
        lines = [line.strip() for line in self.err.splitlines() if line.strip()]
        return "; ".join(lines) or f"git ended with exit code {self.code} and said nothing"


def find_top(start: Path) -> Path | None:
    """Return the nearest folder from `start` upwards that holds a `.git`, without asking Git."""
    start = start.resolve()
    return next((folder for folder in (start, *start.parents) if (folder / ".git").exists()), None)


def look(path: Path, *, own_outputs: Collection[Path] = (), timeout: float = LOCAL_SECONDS) -> Repository | Unseen:
    """Observe the repository whose top is `path`.

    `own_outputs` are files and folders of this very run (reports, byte code); they never count as changes.
    """
    if not os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises where a parent may not be entered
        return Unseen(f"{path} is not a folder", "name the repository's folder with --gate-repo")
    layout = _run(path, "rev-parse", "--is-bare-repository", "--is-shallow-repository", *_git_paths(), timeout=timeout)
    if isinstance(layout, Unseen):
        return layout
    if layout.code:
        return _refused(path, layout)
    bare, shallow, *markers = layout.out.splitlines()
    if shallow not in {"true", "false"}:  # an older Git prints back what it does not know
        return Unseen(f"this Git is too old: {MINIMUM_VERSION} or later is needed", "update Git in the CI image")
    if bare == "true":
        return Unseen(f"{path} is a bare repository: it has no work tree to judge", "run the gate in a clone of it")
    if elsewhere := _elsewhere(path, timeout):
        return elsewhere
    return _status(path, _operation(path, markers), own_outputs, shallow=shallow == "true", timeout=timeout)


def _operation(path: Path, markers: Sequence[str]) -> str:
    """Return the operation in progress, told by which of `markers`, in the order of `_OPERATIONS`, is there."""
    for mark, name in zip(markers, _OPERATIONS.values(), strict=True):
        if (path / mark).exists():
            reverting = mark.endswith("todo") and (path / mark).read_bytes().startswith(b"revert")
            return "revert" if reverting else name
    return ""


def _elsewhere(path: Path, timeout: float) -> Unseen | None:
    """Return why `path` is not the top of a work tree, or None where it is."""
    top = _run(path, "rev-parse", "--show-toplevel", timeout=timeout)
    if isinstance(top, Unseen):
        return top
    if top.code:
        return Unseen(f"{path} has no work tree: {top.words}", "run the gate at the top of a work tree")
    if not _same_folder(path, found := Path(top.out.rstrip("\n"))):
        return Unseen(
            f"{path} is not the top of a repository: Git answers for {found}, which lies above it",
            f"pass --gate-repo {found}, or make {path} a repository",
        )
    return None


def hidden_changes(top: Path, *, timeout: float = LOCAL_SECONDS) -> tuple[Change, ...] | Unseen:
    """Return the changes that `git status` does not show.

    Files and submodules marked assume-unchanged, or skip-worktree outside a sparse checkout, whose content differs
    from the index; submodules that were never checked out; all this inside submodules too.
    """
    listing = _run(top, "ls-files", "-v", "--stage", "-z", timeout=timeout)
    sparse = _run(top, "config", "--bool", "core.sparseCheckout", timeout=timeout)
    if isinstance(listing, Unseen):
        return listing
    if isinstance(sparse, Unseen):
        return sparse
    if listing.code:
        return Unseen(listing.words)
    changes: list[Change] = []
    for entry in _records(listing.out):
        head, path = entry.split("\t", 1)
        flag, mode, blob, _ = head.split(" ")
        submodule = mode == "160000"
        checked_out = submodule and (top / path / ".git").exists()
        flagged = flag.islower() or (flag == "S" and sparse.out.strip() != "true")
        if submodule and not checked_out and flag.upper() != "S":
            changes.append(Change(UNINITIALISED, path))
        elif flagged and (_submodule_differs if submodule else _differs)(top, path, blob, timeout):
            changes.append(Change(HIDDEN_EDIT, path))
        if checked_out:
            inside = hidden_changes(top / path, timeout=timeout)
            if isinstance(inside, Unseen):
                return inside
            changes += [Change(change.code, f"{path}/{change.path}") for change in inside]
    return tuple(changes)


def local_refs(top: Path, names: Iterable[str], *, timeout: float = LOCAL_SECONDS) -> Refs | Unseen:
    """Return those of the refs `names` (full names or globs) that this clone has."""
    answer = _run(top, "for-each-ref", "--format=%(objectname)%09%(*objectname)%09%(refname)", *names, timeout=timeout)
    if isinstance(answer, Unseen) or answer.code:
        return answer if isinstance(answer, Unseen) else Unseen(answer.words)
    rows = (line.split("\t") for line in answer.out.splitlines())
    return Refs({name: peeled or object_ for object_, peeled, name in rows}, "this clone")


def remote_name(top: Path, wanted: str = "", *, timeout: float = LOCAL_SECONDS) -> str | Unseen:
    """Return the remote to ask: `wanted`, else `origin`, else the only one; blank where the clone has none."""
    answer = _run(top, "remote", timeout=timeout)
    if isinstance(answer, Unseen) or answer.code:
        return answer if isinstance(answer, Unseen) else Unseen(answer.words)
    names = answer.out.split()
    choice = wanted or ("origin" if "origin" in names else "")
    if choice and choice not in names:
        return Unseen(f"there is no remote {choice!r} (there are: {', '.join(names) or 'none'})", "set RS_REMOTE")
    if not choice and len(names) > 1:
        return Unseen(f"there are several remotes ({', '.join(names)}) and none is called origin", "set RS_REMOTE")
    return choice or "".join(names)


def remote_refs(top: Path, remote: str, names: Sequence[str], *, timeout: float = REMOTE_SECONDS) -> Refs | Unseen:
    """Ask `remote` for the refs `names` (full names or globs); nothing is fetched."""
    url = _run(top, "remote", "get-url", remote, timeout=LOCAL_SECONDS)
    shown = without_credentials(url.out.strip()) if isinstance(url, _Answer) and not url.code else ""
    source = f"{remote} ({shown})" if shown else remote
    peeled = [f"{name}^{{}}" for name in names if name.startswith("refs/tags/")]
    answer = _run(top, "ls-remote", remote, *names, *peeled, timeout=timeout)
    if isinstance(answer, Unseen):
        return Unseen(f"the remote {source} could not be asked: {answer.why}", answer.remedy)
    if answer.code:
        return Unseen(
            f"the remote {source} could not be asked: {_shown(answer.words)}", f"try `git ls-remote {remote}` here"
        )
    commits: dict[str, str] = {}
    for line in answer.out.splitlines():
        commit, name = line.split("\t")
        if name.endswith("^{}") or name not in commits:  # the peeled line follows its tag object
            commits[name.removesuffix("^{}")] = commit
    return Refs(commits, source)


def tags(top: Path, names: Iterable[str] = (), *, remote: str = "", branches: Iterable[str] = ()) -> Tags:
    """Look up the tags `names` in the clone at `top` and on its remote (see `remote_name`).

    The heads of `branches` (globs) are asked for in the same breath.
    """
    wanted = [f"refs/tags/{name}" for name in names]
    local = local_refs(top, wanted)
    chosen = remote_name(top, remote)
    if isinstance(chosen, Unseen):
        return Tags(local, chosen)
    heads = [f"refs/heads/{branch}" for branch in branches]
    return Tags(local, remote_refs(top, chosen, [*wanted, *heads]) if chosen else None)


def branches_containing(top: Path, seen: Tags, *, timeout: float = LOCAL_SECONDS) -> Branches:
    """Return the branches known to contain HEAD: by this clone's history, or because the remote's head is HEAD."""
    head = _run(top, "rev-parse", "--verify", "HEAD^{commit}", timeout=timeout)
    answer = _run(
        top, "for-each-ref", "--contains=HEAD", "--format=%(refname)", "refs/heads", "refs/remotes", timeout=timeout
    )
    if isinstance(head, Unseen) or head.code:
        return head if isinstance(head, Unseen) else Unseen(head.words)
    if isinstance(answer, Unseen) or answer.code:
        return answer if isinstance(answer, Unseen) else Unseen(answer.words)
    remote = seen.remote.commits if isinstance(seen.remote, Refs) else {}
    tips = [name for name, commit in remote.items() if commit == head.out.strip()]
    names = [_branch_name(ref) for ref in (*tips, *answer.out.splitlines())]
    return tuple(dict.fromkeys(name for name in names if name))


def _branch_name(ref: str) -> str:
    """Return `main` for refs/heads/main and refs/remotes/origin/main; a blank for what is no branch."""
    if ref.startswith("refs/remotes/"):
        name = ref.split("/", 3)[-1]
        return "" if name == "HEAD" else name
    return ref.removeprefix("refs/heads/") if ref.startswith("refs/heads/") else ""


def _git_paths() -> Iterator[str]:
    for name in _OPERATIONS:
        yield from ("--git-path", name)


def _status(
    top: Path, operation: str, own_outputs: Collection[Path], *, shallow: bool, timeout: float
) -> Repository | Unseen:
    answer = _run(
        top,
        *("-c", "core.fsmonitor=false", "-c", "core.excludesFile=", "-c", "status.renames=false"),
        *("-c", "core.trustctime=true", "-c", "core.checkStat=default"),
        *("-c", "status.showUntrackedFiles=normal", "-c", "diff.ignoreSubmodules=none"),  # inside submodules too
        *("status", "--porcelain=v2", "--branch", "-z", "--untracked-files=normal", "--ignore-submodules=none"),
        *("--", ":/", *_excluded(top, own_outputs)),
        timeout=timeout,
    )
    if isinstance(answer, Unseen):
        return answer
    if answer.code:
        return Unseen(f"git status failed: {answer.words}")
    facts = {"branch.oid": "", "branch.head": ""}
    changes = []
    for entry in _records(answer.out):
        kind, _, rest = entry.partition(" ")
        if kind == "#":
            name, _, value = rest.partition(" ")
            facts[name] = value
        elif kind == "?":
            changes.append(Change("??", rest))
        else:  # "1 XY sub mH mI mW hH hI path"; "u XY sub m1 m2 m3 mW h1 h2 h3 path"
            fields = rest.split(" ", 9 if kind == "u" else 7)
            changes.append(Change(_code(fields[0], fields[1]), fields[-1]))
    commit, branch = facts["branch.oid"], facts["branch.head"]
    return Repository(
        top=top,
        commit="" if commit == "(initial)" else commit,
        branch="" if branch == "(detached)" else branch,
        operation=operation,
        shallow=shallow,
        changes=tuple(changes),
    )


def _code(letters: str, submodule: str) -> str:
    if submodule[0] != "S":
        return letters
    said = {"C": "moved", "M": "modified", "U": "has untracked files"}
    words = [said[letter] for letter in submodule[1:] if letter in said]
    return f"submodule {' and '.join(words)}:" if words else letters


def _excluded(top: Path, own_outputs: Collection[Path]) -> Iterator[str]:
    for path in own_outputs:
        with contextlib.suppress(ValueError):  # outside the work tree: nothing to exclude
            yield f":(top,exclude,literal){path.resolve().relative_to(top.resolve()).as_posix()}"


def _differs(top: Path, path: str, blob: str, timeout: float) -> bool:
    file = top / path
    if not os.path.lexists(file):
        return True
    if file.is_symlink():
        target = os.fsencode(file.readlink())  # hash-object would follow it
        algorithm = "sha256" if len(blob) == 64 else "sha1"
        return hashlib.new(algorithm, b"blob %d\0%s" % (len(target), target)).hexdigest() != blob
    answer = _run(top, "hash-object", "--", path, timeout=timeout)
    return isinstance(answer, Unseen) or answer.out.strip() != blob


def _submodule_differs(top: Path, path: str, commit: str, timeout: float) -> bool:
    seen = look(top / path, timeout=timeout)
    return isinstance(seen, Unseen) or seen.commit != commit or bool(seen.changes)


def _records(text: str) -> Iterator[str]:
    return (record for record in text.split("\0") if record)


def _same_folder(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _refused(path: Path, answer: _Answer) -> Unseen:
    if "dubious ownership" in answer.err or "unsafe repository" in answer.err:
        return Unseen(
            f"Git does not trust {path}: {answer.words}",
            f"if it is yours to trust: git config --global --add safe.directory {path.resolve()}",
        )
    if "not a git repository" in answer.err:
        return Unseen(f"{path} is not inside a Git repository", "run the gate in a clone, or name one with --gate-repo")
    return Unseen(f"Git cannot read {path}: {answer.words}")


def _shown(words: str) -> str:
    """Return Git's words without the credentials of URLs in them."""
    return " ".join(without_credentials(word.strip("'\"")) if "://" in word else word for word in words.split())


def _git() -> Any:
    """Import GitPython, which looks for git as it is imported."""
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    import git  # noqa: PLC0415 - late: it costs 90 ms

    return git


def _run(top: Path, *arguments: str, timeout: float) -> _Answer | Unseen:
    git = _git()
    try:
        with _clean_environment():
            # Kept in a name of its own: when GitPython's wrapper is collected, it terminates the process.
            handle = git.Git(str(top)).execute(
                ["git", *arguments],
                as_process=True,
                env=_QUIET | {"GIT_ASKPASS": os.environ.get("GIT_ASKPASS", "")},
                start_new_session=True,  # no terminal to prompt on, and one group to end
            )
    except git.exc.GitCommandNotFound:
        return Unseen("git is not installed, or not on PATH", "install Git, or add it to the CI image")
    except OSError as error:
        return Unseen(f"git cannot be started in {top}: {error.strerror or error}", "see who may enter and run what")
    process = handle.proc
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        _end_group(process)
        return Unseen(f"git {arguments[0]} did not answer within {timeout:g} s", "see whether it hangs by hand")
    except BaseException:
        _end_group(process)
        raise
    return _Answer(process.returncode, os.fsdecode(out), err.decode(errors="replace"))


@contextlib.contextmanager
def _clean_environment() -> Iterator[None]:
    """Drop the variables that point Git elsewhere while a Git process starts.

    GitPython hands `os.environ` to its children and can only add to it.
    """
    with _environment_lock:
        dropped = {name: os.environ.pop(name) for name in _LOCAL_VARIABLES if name in os.environ}
        try:
            yield
        finally:
            os.environ.update(dropped)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """Kill Git and its helpers (ssh, remote-https), which would hold the pipes open."""
    with contextlib.suppress(OSError, AttributeError):  # gone already; no groups on Windows
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.communicate()
