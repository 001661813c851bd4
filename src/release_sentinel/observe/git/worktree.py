"""One look at the work tree: where HEAD is, what is in progress, and every path that differs from the commit.

Options that user or system configuration could set otherwise are given on the command line.
"""

import contextlib
import hashlib
import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from shlex import quote

from msgspec import Struct
from msgspec.structs import replace

from release_sentinel.observe import Unseen, this_process
from release_sentinel.observe.bounded import Bounded
from release_sentinel.observe.git import conversions, lfs, untracked
from release_sentinel.observe.git.process import LOCAL_SECONDS, OBJECT, GitOutput, ask, odd, run
from release_sentinel.observe.git.records import (
    HIDDEN_EDIT,
    SUBMODULE,
    UNINITIALISED,
    UNMAPPED,
    Change,
    Repository,
    Rules,
)

MINIMUM_VERSION = "2.17"  # `status --no-ahead-behind`

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
# Index entries that `git status` may keep silent about: flagged ones (`ls-files -v`: lower case, S) and submodules.
# The one character that each begins with lets the search skip from entry to entry: 15 times faster than `(\A|\0)`.
_SILENT = re.compile(r"\0(?=[a-zS] |. 160000 )(.) (\d+) ([0-9a-f]+) \d\t([^\0]+)")
_ENTRY = re.compile(rf"[A-Za-z?] [0-7]{{6}} {OBJECT} [0-3]\t[^\0]")
_QUESTIONS = ("--is-bare-repository", "--is-inside-work-tree", "--is-shallow-repository", "--show-prefix", "--git-dir")
_USAGE = 129  # Git's exit code for an option that it does not know


_ALL = Rules()


def look(path: Path, rules: Rules = _ALL, *, timeout: float = LOCAL_SECONDS) -> Repository | Unseen:
    """Observe the repository whose top is `path`; `timeout`, in seconds, bounds each question."""
    layout = _layout(path, timeout)
    if isinstance(layout, Unseen):
        return layout
    hidden = Bounded(lambda: _hidden(path, rules, timeout))  # in parallel with `status`: each reads the whole index
    seen = _status(path, rules, timeout)
    if isinstance(seen, Unseen):
        return seen
    if not hidden.wait(timeout):
        return Unseen(f"the index of {path} could not be read within {timeout:g} s")
    more = hidden.result(0)
    converted = conversions.hidden(path, [*_paths(path, rules)], [change.path for change in seen.changes], timeout)
    if isinstance(more, Unseen) or isinstance(converted, Unseen):
        return more if isinstance(more, Unseen) else converted  # type: ignore[return-value]  # one of them is
    operation = _operation(layout.git_dir)
    changes = tuple(_marked(path, _distinct((*seen.changes, *more, *converted), rules)))
    return replace(seen, operation=operation, shallow=layout.shallow, changes=changes)


def _distinct(changes: Iterable[Change], rules: Rules) -> Iterator[Change]:
    """Yield each change once, without the untracked files that may be there.

    Several questions to Git find untracked files; a folder that one of them names covers what others find in it.
    """
    known = {change.path for change in changes if change.code == "??"}
    known |= {f"{change.path}/" for change in changes if change.code == f"{SUBMODULE}has untracked files:"}
    given = set()
    for change in changes:
        above = [change.path[: end.end()] for end in re.finditer("/", change.path[:-1])]
        if change.code == "??" and (rules.allow(change.path) or change.path in given or known.intersection(above)):
            continue
        given |= {change.path} if change.code == "??" else set()
        yield change


def _marked(top: Path, changes: Iterable[Change]) -> Iterator[Change]:
    """Yield the changes, those marked that this run makes by its standard output."""
    top = top.resolve()
    outputs: list[Path] | None = None
    for change in changes:
        if change.code == "??" and outputs is None:
            outputs = this_process.outputs()
        place = top / change.path
        written = change.code == "??" and any(place in {file, *file.parents} for file in outputs or ())
        yield replace(change, written=True) if written else change


class _Layout(Struct, frozen=True):
    git_dir: Path
    shallow: bool


def _layout(path: Path, timeout: float) -> _Layout | Unseen:
    """Return how the repository at `path` is laid out, if that is the top of a work tree."""
    if not os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises where a parent may not be entered
        return Unseen(f"{path} is not a folder", "name the repository's folder with --gate-repo")
    answer = run(path, "rev-parse", *_QUESTIONS, timeout=timeout)
    if isinstance(answer, Unseen):
        return answer
    if answer.code:
        return _refused(path, answer)
    *facts, prefix, git_dir = [*answer.out.split("\n", 4), *[""] * 5][:5]  # only the last may hold a newline
    bare, inside, shallow = facts
    if shallow == "--is-shallow-repository":  # an older Git prints back what it does not know
        return _too_old()
    folder = path / git_dir.removesuffix("\n")
    if not set(facts) <= {"true", "false"} or not os.path.isdir(folder):  # noqa: PTH112 - as above
        return odd("rev-parse", answer.out)
    if bare == "true":
        return Unseen(f"{path} is a bare repository: it has no work tree to judge", "run the gate in a clone of it")
    if inside == "false" or prefix:
        return _elsewhere(path, timeout)
    return _Layout(folder, shallow == "true")


def _operation(git_dir: Path) -> str:
    """Return the operation in progress in a work tree, recognised by the files that it leaves in the Git folder."""
    for mark, name in _OPERATIONS.items():
        if (git_dir / mark).exists():
            reverting = mark.endswith("todo") and (git_dir / mark).read_bytes().startswith(b"revert")
            return "revert" if reverting else name
    return ""


def _elsewhere(path: Path, timeout: float) -> Unseen:
    """Return why `path` is not the top of a work tree."""
    top = ask(path, "rev-parse", "--show-toplevel", timeout=timeout)
    if isinstance(top, Unseen):
        return Unseen(f"{path} has no work tree: {top.why}", "run the gate at the top of a work tree")
    found = top.removesuffix("\n")
    return Unseen(
        f"{path} is not the top of a repository: it is in the repository {found}",
        f"pass --gate-repo {found}, or make {path} a repository",
    )


def _status(top: Path, rules: Rules, timeout: float) -> Repository | Unseen:
    answer = run(
        top,
        *("-c", "core.fsmonitor=false", "-c", "core.excludesFile=", "-c", "status.renames=false"),
        *("-c", "core.attributesFile=", "-c", "sparse.expectFilesOutsideOfPatterns=false"),
        *(("-c", "core.ignoreCase=false") if sys.platform == "linux" else ()),
        *("-c", "core.trustctime=true", "-c", "core.checkStat=default"),
        *conversions.hiding(top).options,
        *("-c", "status.showUntrackedFiles=normal", "-c", "diff.ignoreSubmodules=none"),  # inside submodules too
        *("status", "--porcelain=v2", "--branch", "--no-ahead-behind", "-z"),
        f"--untracked-files={_untracked(rules)}",
        f"--ignore-submodules={'none' if rules.submodules else 'all'}",
        *("--", *_paths(top, rules)),
        timeout=timeout,
    )
    if isinstance(answer, Unseen):
        return answer
    if answer.code:
        return _too_old() if answer.code == _USAGE else Unseen(f"git status failed: {answer.words}")
    return _parsed(top, answer.out)


def _parsed(top: Path, output: str) -> Repository | Unseen:
    """Return what `git status --porcelain=v2 -z` says; what it does not say is blank."""
    facts = {"branch.oid": "", "branch.head": ""}
    changes = []
    for entry in filter(None, output.split("\0")):
        kind, _, rest = entry.partition(" ")
        if kind == "#":
            name, _, value = rest.partition(" ")
            facts[name] = value
        elif kind == "?" and rest:
            changes.append(Change("??", rest))
        elif len(fields := rest.split(" ", 9 if kind == "u" else 7)) == {"1": 8, "u": 10}.get(kind):
            # "1 XY sub mH mI mW hH hI path"; "u XY sub m1 m2 m3 mW h1 h2 h3 path"
            changes.append(Change(_code(fields[0], fields[1]), fields[-1]))
        else:
            return odd("status", entry)
    commit, branch = facts["branch.oid"], facts["branch.head"]
    if not branch or not re.fullmatch(rf"\(initial\)|{OBJECT}", commit):
        return odd("status", output)
    return Repository(
        top=top,
        commit="" if commit == "(initial)" else commit,
        branch="" if branch == "(detached)" else branch,
        operation="",
        shallow=False,
        changes=tuple(changes),
    )


def _code(letters: str, submodule: str) -> str:
    if submodule[0] != "S":
        return letters
    states = {"C": "moved", "M": "modified", "U": "has untracked files"}
    words = [states[letter] for letter in submodule[1:] if letter in states]
    return f"{SUBMODULE}{' and '.join(words)}:" if words else letters


def _untracked(rules: Rules) -> str:
    """Return how `git status` lists untracked files: each by itself if only some of them may be there."""
    if not rules.untracked:
        return "no"
    return "all" if rules.untracked_allowed else "normal"


def _paths(top: Path, rules: Rules) -> Iterator[str]:
    """Yield Git's pathspecs of what is judged: the work tree without our own outputs."""
    yield ":/"
    for path in rules.own_outputs:
        with contextlib.suppress(ValueError):  # outside the work tree: nothing to exclude
            yield f":(top,exclude,literal){path.resolve().relative_to(top.resolve()).as_posix()}"


def _hidden(top: Path, rules: Rules, timeout: float) -> tuple[Change, ...] | Unseen:
    """Return the changes that `git status` does not show.

    Files and submodules marked assume-unchanged, or skip-worktree outside a sparse checkout, whose content differs
    from the index; submodules that were never checked out; untracked files that rules outside of the commit hide;
    pointers of Git LFS; all this inside submodules too.
    """
    listing = ask(top, "-c", "core.fsmonitor=false", "ls-files", "-v", "--stage", "-z", timeout=timeout)
    if isinstance(listing, Unseen):
        return listing
    if listing and not (_ENTRY.match(listing) and listing.endswith("\0")):
        return odd("ls-files", listing[:100])
    silent = [match.groups() for match in _SILENT.finditer(f"\0{listing}")]
    sparse = any(flag in "Ss" for flag, *_ in silent) and _is_sparse(top, timeout)
    more = lfs.pointers(top, f"\0{listing}", timeout)
    if isinstance(more, Unseen):
        return more
    changes = [*more]
    if rules.untracked:
        each_file = bool(rules.untracked_allowed)
        more = untracked.hidden(top, [*_paths(top, rules)], timeout, each_file=each_file)
        if isinstance(more, Unseen):
            return more
        changes += more
    for flag, mode, blob, path in silent:
        flagged = not sparse if flag in "Ss" else flag.islower()  # `s`: skip-worktree and assume-unchanged
        if mode != "160000":
            differs = flagged and _differs(top, path, mode, blob, timeout)
            changes += [Change(HIDDEN_EDIT, path)] if differs else []
        elif rules.submodules:
            inside = _hidden_submodule(top, path, blob, flag, rules, timeout, flagged=flagged)
            if isinstance(inside, Unseen):
                return inside
            changes += inside
    return tuple(changes)


def _hidden_submodule(
    top: Path, path: str, commit: str, flag: str, rules: Rules, timeout: float, *, flagged: bool
) -> list[Change] | Unseen:
    folder = top / path
    if not (folder / ".git").exists():
        return [] if flag.upper() == "S" else [Change(_absence(top, path, timeout), path)]
    if flagged:
        seen = look(folder, Rules(untracked=rules.untracked), timeout=timeout)
        differs = isinstance(seen, Unseen) or seen.commit != commit or bool(seen.changes)
        return [Change(HIDDEN_EDIT, path)] if differs else []
    inside, converted = _hidden(folder, rules, timeout), conversions.hidden(folder, [":/"], (), timeout)
    if isinstance(inside, Unseen) or isinstance(converted, Unseen):
        return inside if isinstance(inside, Unseen) else converted  # type: ignore[return-value]  # one of them is
    inside = (*inside, *converted)
    if (folder / ".gitmodules").exists():  # its own settings hide submodules one level down from a status above
        seen = _status(folder, Rules(untracked=rules.untracked), timeout)
        if isinstance(seen, Unseen):
            return seen
        inside = (*inside, *(change for change in seen.changes if change.code.startswith(SUBMODULE)))
    return [Change(change.code, f"{path}/{change.path}") for change in inside]


def _absence(top: Path, path: str, timeout: float) -> str:
    """Return the code of a submodule that is not checked out: Git cannot do that without an entry in `.gitmodules`."""
    answer = run(top, "config", "--file", ".gitmodules", "-z", "--get-regexp", r"\.path$", timeout=timeout)
    known = "" if isinstance(answer, Unseen) else answer.out
    return UNINITIALISED if f"\n{path}\0" in known else UNMAPPED


def _is_sparse(top: Path, timeout: float) -> bool:
    """Return whether this work tree is a sparse checkout, by its own settings or by those that its repository shares.

    A user's settings do not count. With the shared ones alone, only work trees with patterns are sparse.
    """
    for scope in ("--worktree", "--local"):
        answer = run(top, "config", scope, "--bool", "core.sparseCheckout", timeout=timeout)
        if not isinstance(answer, Unseen) and not answer.code:
            folder = untracked.git_folder(top)
            return answer.out.strip() == "true" and folder is not None and (folder / "info/sparse-checkout").exists()
    return False


def _differs(top: Path, path: str, mode: str, blob: str, timeout: float) -> bool:
    file = top / path
    if not os.path.lexists(file) or file.is_symlink() != (mode == "120000"):
        return True
    if os.name == "posix" and not file.is_symlink() and bool(file.stat().st_mode & 0o100) != (mode == "100755"):
        return True
    if file.is_symlink():
        target = os.fsencode(file.readlink())  # hash-object would follow it
        algorithm = "sha256" if len(blob) == 64 else "sha1"
        return hashlib.new(algorithm, b"blob %d\0%s" % (len(target), target)).hexdigest() != blob
    answer = ask(top, "hash-object", "--", path, timeout=timeout)
    return isinstance(answer, Unseen) or answer.strip() != blob


def _too_old() -> Unseen:
    return Unseen(f"this Git is too old: {MINIMUM_VERSION} or later is needed", "update Git in the CI image")


def _refused(path: Path, answer: GitOutput) -> Unseen:
    if "dubious ownership" in answer.err or "unsafe repository" in answer.err:
        return Unseen(
            f"Git does not trust {path}: {answer.words}",
            f"if you trust it: git config --global --add safe.directory {quote(str(path.resolve()))}",
        )
    if "not a git repository" in answer.err:
        return Unseen(f"{path} is not inside a Git repository", "run the gate in a clone, or name one with --gate-repo")
    return Unseen(f"Git cannot read {path}: {answer.words}")
