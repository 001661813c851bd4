"""Tags and branches, here and on the remote. Nothing is ever fetched."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from shlex import quote

from release_sentinel.lines import split
from release_sentinel.observe import Unseen
from release_sentinel.observe.bounded import Bounded
from release_sentinel.observe.git.login import variables
from release_sentinel.observe.git.patience import AGAIN, no_answer, patiently
from release_sentinel.observe.git.process import LOCAL_SECONDS, OBJECT, REMOTE_SECONDS, ask, odd, run
from release_sentinel.observe.git.records import Branches, Refs, Remote, Tags
from release_sentinel.observe.git.remotes import Remotes, find_remote, head, remotes

_HERE = re.compile(rf"({OBJECT})\t({OBJECT})?\t([a-z]*)\t(refs/[^\t\n ]+)")
_THERE = re.compile(rf"({OBJECT})\t([^\t\n ]+)")
_HTTP = ("http://", "https://")
_TAGS, _HEADS, _TRACKING = "refs/tags/", "refs/heads/", "refs/remotes/"


def local_refs(top: Path, names: Iterable[str], *, timeout: float = LOCAL_SECONDS) -> Refs | Unseen:
    """Return those of the refs `names` that this clone has; those of a folder (`refs/tags/*`) are not peeled."""
    names = list(names)
    whole = [name.removesuffix("*") for name in names if name.endswith("/*")]  # a folder: here `*` stops at a slash
    single = [name for name in names if not name.endswith("/*")]
    commits: dict[str, str] = {}
    objects: dict[str, str] = {}
    # Peeling opens each object: a second for 50,000 tags.
    for peeled, wanted in (("%09", whole), ("%(*objectname)%09%(*objecttype)", single)):
        if not wanted:  # without a pattern Git lists every ref
            continue
        listing = ask(top, "for-each-ref", f"--format=%(objectname)%09{peeled}%09%(refname)", *wanted, timeout=timeout)
        if isinstance(listing, Unseen):
            return listing
        rows = _rows(_HERE, "for-each-ref", listing)
        if isinstance(rows, Unseen):
            return rows
        for object_, target, kind, name in rows:
            commit = _peeled(top, object_, timeout) if kind == "tag" else target or object_
            if isinstance(commit, Unseen):
                return commit
            commits[name] = commit
            objects[name] = object_
    return Refs(commits, "this clone", objects)


def _peeled(top: Path, tag: str, timeout: float) -> str | Unseen:
    """Return what a tag of a tag leads to in the end: before Git 2.45, `for-each-ref` follows but one."""
    found = ask(top, "rev-parse", "--verify", f"{tag}^{{}}", timeout=timeout)
    if isinstance(found, Unseen):
        return found
    found = found.removesuffix("\n")
    return found if re.fullmatch(OBJECT, found) else odd("rev-parse", found)


def remote_refs(top: Path, remote: Remote, names: Sequence[str], *, timeout: float = REMOTE_SECONDS) -> Refs | Unseen:
    """Ask `remote` for the tags and branches `names` (full names or globs)."""
    peeled = [f"{name}^{{}}" for name in names if name.startswith(_TAGS)]
    # With these flags a server omits all other refs: popular repositories have 100,000 of pull requests.
    kinds = [flag for flag, kind in {"--tags": _TAGS, "--heads": _HEADS}.items() if any(kind in name for name in names)]
    words = ("ls-remote", *kinds, remote.name, *names, *peeled)
    more = variables(top, remote)
    answer = patiently(lambda left: run(top, *words, timeout=left, more=more), timeout)
    if isinstance(answer, Unseen) or answer.code:
        asked = f"the remote {remote} could not be queried"
        return no_answer(
            asked, answer, f"try `git ls-remote {quote(remote.url if remote.address else remote.name)}` here"
        )
    commits: dict[str, str] = {}
    objects: dict[str, str] = {}
    rows = _rows(_THERE, f"ls-remote {remote.name}", answer.out)
    if isinstance(rows, Unseen):
        return rows
    for found, name in rows:
        objects.setdefault(name, found)
        if name.endswith("^{}") or name not in commits:  # the peeled line follows its tag object
            commits[name.removesuffix("^{}")] = found
    if not commits and remote.url.lower().startswith(_HTTP) and (odd_one := _not_git(top, remote, more, timeout)):
        return odd_one
    return Refs(commits, str(remote), objects)


def _not_git(top: Path, remote: Remote, more: Mapping[str, str], timeout: float) -> Unseen | None:
    """Return that what answered without any ref is not Git's server, which Git does not notice; or None.

    A page of a proxy, or an answer that breaks off in its header, reads like the list of an empty repository.
    """
    traced = {**more, "GIT_TRACE_PACKET": "1"}
    words = ("ls-remote", "--heads", "--tags", remote.name)
    answer = patiently(lambda left: run(top, *words, timeout=left, more=traced), timeout)
    if isinstance(answer, Unseen) or answer.code:
        return no_answer(
            f"the remote {remote} could not be queried", answer, f"try `git ls-remote {quote(remote.name)}` here"
        )
    if answer.out or "packet:" in answer.err:
        return None
    return Unseen(
        f"the remote {remote} could not be queried: it answers with no refs, and not as a Git server does",
        f"{AGAIN}; or see whether a proxy or a login page answers in its place",
    )


def tags(
    top: Path,
    names: Iterable[str] = (),
    *,
    branches: Iterable[str] = (),
    asked: Remote | Unseen | None = None,
    listed: Remotes | Unseen | None = None,
) -> Tags:
    """Look up the tags `names` (globs too) in the clone at `top`, on its remote, and wherever a push to it goes.

    The heads of `branches` (globs) are asked for in the same request. `asked` is the remote, by default the one that
    `find_remote` finds; `listed` are the clone's remotes, where they are known already.
    """
    wanted = [f"{_TAGS}{name}" for name in names]
    local = Bounded(lambda: local_refs(top, wanted))
    there, pushed = _everywhere(top, wanted, [f"{_HEADS}{branch}" for branch in branches], asked, listed)
    here = local.result(LOCAL_SECONDS) if local.wait(LOCAL_SECONDS) else Unseen("this clone's tags were not listed")
    return Tags(here, there, pushed)


def _everywhere(
    top: Path,
    wanted: Sequence[str],
    heads: Sequence[str],
    asked: Remote | Unseen | None,
    listed: Remotes | Unseen | None,
) -> tuple[Refs | Unseen | None, tuple[Refs | Unseen, ...]]:
    """Ask the remote, and at the same time the other repositories that a push to it goes to."""
    listed = listed or remotes(top)
    if isinstance(listed, Unseen):
        return listed, ()
    asked = asked or find_remote(top, there=listed)
    if not isinstance(asked, Remote):
        return asked, ()
    others = listed.pushed_elsewhere(asked) if wanted else []
    pushed = [Bounded(partial(remote_refs, top, other, wanted)) for other in others]
    there = remote_refs(top, asked, [*wanted, *heads])
    return there, tuple(one.result(REMOTE_SECONDS + LOCAL_SECONDS) for one in pushed)


def branches_containing(
    top: Path,
    seen: Tags,
    allowed: Collection[str],
    *,
    asked: Remote | Unseen | None = None,
    timeout: float = LOCAL_SECONDS,
) -> Branches | Unseen:
    """Return the branches that contain HEAD: of this clone, and those of the remote that match `allowed` (globs).

    `asked` is that remote, by default the usual one. A branch of the remote contains HEAD if it is at HEAD, or if
    this clone has its commits and they lead to HEAD.
    """
    at = head(top, timeout=timeout)
    asked = find_remote(top, timeout=timeout) if asked is None else asked
    if isinstance(at, Unseen):
        return at
    if isinstance(asked, Unseen):
        return asked
    tracking = f"{_TRACKING}{asked.name}/" if isinstance(asked, Remote) else _TRACKING
    names = _containing_head(top, tracking, timeout)
    if isinstance(names, Unseen):
        return names
    heads = {}
    if isinstance(seen.remote, Refs):  # it has just been asked: what this clone remembers of it may be stale
        heads = {ref.removeprefix(_HEADS): id_ for ref, id_ in seen.remote.commits.items() if ref.startswith(_HEADS)}
        names = [name for name in names if not _matches(name, allowed)]
    undetermined = []
    for name, commit in heads.items():
        if not _matches(name, allowed):
            continue
        if commit == at.commit:
            names.append(name)
        elif (leads := _leads_to_head(top, commit, timeout)) is None:
            undetermined.append(name)
        elif leads:
            names.append(name)
    return Branches(tuple(dict.fromkeys(name for name in names if name != "HEAD")), tuple(undetermined))


def _containing_head(top: Path, tracking: str, timeout: float) -> list[str] | Unseen:
    """Return the branches that contain HEAD, as far as this clone knows: its own, and those below `tracking`."""
    listing = ask(top, "for-each-ref", "--contains=HEAD", "--format=%(refname)", _HEADS, tracking, timeout=timeout)
    if isinstance(listing, Unseen):
        return listing
    refs = split(listing)
    if wrong := [ref for ref in refs if not ref.startswith((_HEADS, tracking))]:
        return odd("for-each-ref", wrong[0])
    return [ref.removeprefix(_HEADS).removeprefix(tracking) for ref in refs]


def _rows(pattern: re.Pattern[str], command: str, printed: str) -> list[tuple[str, ...]] | Unseen:
    """Return the parts of each line that a command of Git printed, if each is of the form that it has."""
    rows = []
    for line in split(printed):
        if (row := pattern.fullmatch(line)) is None:
            return odd(command, line)
        rows.append(tuple(part or "" for part in row.groups()))
    return rows


def _matches(name: str, globs: Collection[str]) -> bool:
    return any(fnmatchcase(name, glob) for glob in globs)


def _leads_to_head(top: Path, commit: str, timeout: float) -> bool | None:
    """Return whether HEAD is an ancestor of `commit`; None where this clone does not have that commit."""
    answer = run(top, "merge-base", "--is-ancestor", "HEAD", commit, timeout=timeout)
    return None if isinstance(answer, Unseen) or answer.code not in {0, 1} else answer.code == 0
