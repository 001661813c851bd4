"""Tags and branches, here and on the remote. Nothing is ever fetched."""

import re
from collections.abc import Collection, Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from msgspec import Struct

from release_sentinel.lines import split
from release_sentinel.observe import Unseen
from release_sentinel.observe.bounded import Bounded
from release_sentinel.observe.git.login import has_login, login
from release_sentinel.observe.git.process import LOCAL_SECONDS, OBJECT, REMOTE_SECONDS, ask, odd, run
from release_sentinel.observe.git.records import Branches, Refs, Tags
from release_sentinel.redaction import without_credentials

# Of `git remote -v`; a partial clone adds its filter.
_REMOTE = re.compile(r"([^\t\n ]+)\t(.*) \((fetch|push)\)(?: \[[^\]]*\])?")
_HERE = re.compile(rf"({OBJECT})\t({OBJECT})?\t(refs/[^\t\n ]+)")
_THERE = re.compile(rf"({OBJECT})\t([^\t\n ]+)")
_TAGS, _HEADS, _TRACKING = "refs/tags/", "refs/heads/", "refs/remotes/"


class Remote(Struct, frozen=True):
    """A remote of the clone. `url` is as it may be shown: without credentials."""

    name: str
    url: str = ""
    has_login: bool = False  # one of its URLs carries credentials

    def __str__(self) -> str:
        return f"{self.name} ({self.url})" if self.url else self.name


def find_remote(top: Path, wanted: str = "", *, timeout: float = LOCAL_SECONDS) -> Remote | Unseen | None:
    """Return the remote to ask: `wanted`, else `origin`, else the only one; None where the clone has none."""
    listing = ask(top, "remote", "-v", timeout=timeout)
    if isinstance(listing, Unseen):
        return listing
    rows = _rows(_REMOTE, "remote -v", listing)
    if isinstance(rows, Unseen):
        return rows
    urls = {name: without_credentials(url) for name, url, use in rows if use == "fetch"}
    choice = wanted or ("origin" if "origin" in urls else "")
    if choice and choice not in urls:
        return Unseen(f"there is no remote {choice!r} (there are: {', '.join(urls) or 'none'})", "set RS_REMOTE")
    if not choice and len(urls) > 1:
        return Unseen(f"there are several remotes ({', '.join(urls)}) and none is called origin", "set RS_REMOTE")
    choice = choice or next(iter(urls), "")
    if not choice:
        return None
    return Remote(choice, urls[choice], any(has_login(url) for name, url, _ in rows if name == choice))


def local_refs(top: Path, names: Iterable[str], *, timeout: float = LOCAL_SECONDS) -> Refs | Unseen:
    """Return those of the refs `names` that this clone has; those of a folder (`refs/tags/*`) are not peeled."""
    names = list(names)
    whole = [name.removesuffix("*") for name in names if name.endswith("/*")]  # a folder: here `*` stops at a slash
    single = [name for name in names if not name.endswith("/*")]
    commits: dict[str, str] = {}
    # Peeling opens each object: a second for 50,000 tags.
    for peeled, wanted in (("", whole), ("%(*objectname)", single)):
        if not wanted:  # without a pattern Git lists every ref
            continue
        listing = ask(top, "for-each-ref", f"--format=%(objectname)%09{peeled}%09%(refname)", *wanted, timeout=timeout)
        if isinstance(listing, Unseen):
            return listing
        rows = _rows(_HERE, "for-each-ref", listing)
        if isinstance(rows, Unseen):
            return rows
        commits |= {name: commit or object_ for object_, commit, name in rows}
    return Refs(commits, "this clone")


def remote_refs(top: Path, remote: Remote, names: Sequence[str], *, timeout: float = REMOTE_SECONDS) -> Refs | Unseen:
    """Ask `remote` for the tags and branches `names` (full names or globs)."""
    peeled = [f"{name}^{{}}" for name in names if name.startswith(_TAGS)]
    # With these flags a server omits all other refs: popular repositories have 100,000 of pull requests.
    kinds = [flag for flag, kind in {"--tags": _TAGS, "--heads": _HEADS}.items() if any(kind in name for name in names)]
    more = login(top, remote.name) if remote.has_login else {}
    answer = run(top, "ls-remote", *kinds, remote.name, *names, *peeled, timeout=timeout, more=more)
    if isinstance(answer, Unseen):
        return Unseen(f"the remote {remote} could not be queried: {answer.why}", answer.remedy)
    if answer.code:
        asked = f"the remote {remote} could not be queried"
        return Unseen(f"{asked}: {answer.words}", f"try `git ls-remote {remote.name}` here")
    commits: dict[str, str] = {}
    objects: dict[str, str] = {}
    rows = _rows(_THERE, f"ls-remote {remote.name}", answer.out)
    if isinstance(rows, Unseen):
        return rows
    for found, name in rows:
        objects.setdefault(name, found)
        if name.endswith("^{}") or name not in commits:  # the peeled line follows its tag object
            commits[name.removesuffix("^{}")] = found
    return Refs(commits, str(remote), objects)


def tags(top: Path, names: Iterable[str] = (), *, remote: str = "", branches: Iterable[str] = ()) -> Tags:
    """Look up the tags `names` (globs too) in the clone at `top` and on its remote (see `find_remote`).

    The heads of `branches` (globs) are asked for in the same request.
    """
    wanted = [f"{_TAGS}{name}" for name in names]
    local = Bounded(lambda: local_refs(top, wanted))
    chosen = find_remote(top, remote)
    there = (
        remote_refs(top, chosen, [*wanted, *(f"{_HEADS}{branch}" for branch in branches)])
        if isinstance(chosen, Remote)
        else chosen
    )
    here = local.result(LOCAL_SECONDS) if local.wait(LOCAL_SECONDS) else Unseen("this clone's tags were not listed")
    return Tags(here, there)


def branches_containing(
    top: Path, seen: Tags, allowed: Collection[str], *, remote: str = "", timeout: float = LOCAL_SECONDS
) -> Branches | Unseen:
    """Return the branches that contain HEAD: of this clone, and those of the remote that match `allowed` (globs).

    A branch of the remote contains HEAD if it is at HEAD, or if this clone has its commits and they lead to HEAD.
    """
    head = _head(top, timeout)
    chosen = find_remote(top, remote, timeout=timeout)
    if isinstance(head, Unseen):
        return head
    if isinstance(chosen, Unseen):
        return chosen
    tracking = f"{_TRACKING}{chosen.name}/" if isinstance(chosen, Remote) else _TRACKING
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
        if commit == head:
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


def _head(top: Path, timeout: float) -> str | Unseen:
    """Return the commit that HEAD is at."""
    head = ask(top, "rev-parse", "--verify", "HEAD^{commit}", timeout=timeout)
    if isinstance(head, Unseen):
        return head
    head = head.removesuffix("\n")
    return head if re.fullmatch(OBJECT, head) else odd("rev-parse", head)


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
