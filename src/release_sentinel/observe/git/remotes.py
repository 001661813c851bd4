"""The remotes of a clone, and the one that a release is asked of."""

import re
from pathlib import Path
from shlex import quote
from urllib.parse import urlsplit

from msgspec import Struct

from release_sentinel.lines import split
from release_sentinel.observe import Unseen
from release_sentinel.observe.git.login import has_login, variables
from release_sentinel.observe.git.patience import no_answer, patiently
from release_sentinel.observe.git.process import LOCAL_SECONDS, OBJECT, REMOTE_SECONDS, ask, odd, run
from release_sentinel.observe.git.records import BranchName, Head, Remote
from release_sentinel.redaction import without_credentials

# Of `git remote -v`; a partial clone adds its filter.
_REMOTE = re.compile(r"([^\t\n ]+)\t(.*) \((fetch|push)\)(?: \[[^\]]*\])?")
_SCP = re.compile(r"(?:[^@/:]+@)?([^/:]+):(?!/)(.+)")  # git@github.com:shop/shop.git
# What people write as the address for pushes so that none succeeds: `no_push`, `DISABLED`, no repository.
_NO_PUSH = re.compile(r"[\w .!?<>()-]+|(?:file://)?/dev/null")
_PUSHED = "release-sentinel-push"  # a remote of the settings of one question, by which an address stays out of `ps`
_HEADS = "refs/heads/"


class Remotes(Struct, frozen=True):
    """The remotes of a clone by name, with the addresses that are pushed to."""

    fetched: dict[str, str]
    pushed: dict[str, tuple[str, ...]]

    def __repr__(self) -> str:
        return f"Remotes({', '.join(self.fetched)})"  # addresses may hold credentials

    def choose(self, wanted: str = "", followed: str = "") -> Remote | Unseen | None:
        """Return the remote to ask: `wanted`, else the one that the branch follows, else `origin`, else the only one.

        It is None where the clone has none.
        """
        followed = followed if followed in self.fetched else ""
        choice = wanted or followed or ("origin" if "origin" in self.fetched else "")
        if choice and choice not in self.fetched:
            there = ", ".join(self.fetched) or "none"
            return Unseen(f"there is no remote {choice!r} (there are: {there})", "set RS_REMOTE")
        if not choice and len(self.fetched) > 1:
            several = ", ".join(self.fetched)
            return Unseen(f"there are several remotes ({several}) and none is called origin", "set RS_REMOTE")
        choice = choice or next(iter(self.fetched), "")
        if not choice:
            return None
        fetched, pushed = self.fetched[choice], self.pushed.get(choice, ())
        return Remote(
            choice,
            without_credentials(fetched),
            any(map(has_login, (fetched, *pushed))),
            no_push=next((url for url in pushed if url != fetched and _NO_PUSH.fullmatch(url)), ""),
        )

    def pushed_elsewhere(self, remote: Remote) -> list[Remote]:
        """Return the repositories that a push to `remote` goes to, where they are not the one that is fetched from."""
        fetched = location(self.fetched[remote.name])
        pushed = [url for url in self.pushed.get(remote.name, ()) if not _NO_PUSH.fullmatch(url)]
        elsewhere = [url for url in pushed if location(url) != fetched]
        return [
            Remote(f"{_PUSHED}-{number}" if number else _PUSHED, without_credentials(url), has_login(url), url)
            for number, url in enumerate(dict.fromkeys(elsewhere))
        ]


def remotes(top: Path, *, timeout: float = LOCAL_SECONDS) -> Remotes | Unseen:
    """Return the remotes of the clone at `top`."""
    listing = ask(top, "remote", "-v", timeout=timeout)
    if isinstance(listing, Unseen):
        return listing
    fetched: dict[str, str] = {}
    pushed: dict[str, tuple[str, ...]] = {}
    for line in split(listing):
        if (row := _REMOTE.fullmatch(line)) is None:
            return odd("remote -v", line)
        name, url, use = row.groups()
        if use == "fetch":
            fetched.setdefault(name, url)
        else:
            pushed[name] = (*pushed.get(name, ()), url)
    return Remotes(fetched, pushed)


def find_remote(
    top: Path,
    wanted: str = "",
    *,
    built: BranchName | None = None,
    there: Remotes | Unseen | None = None,
    timeout: float = LOCAL_SECONDS,
) -> Remote | Unseen | None:
    """Return the remote to ask (see `Remotes.choose`): the one wanted, or that of the branch that is built.

    `built` is that branch, by default HEAD's; `there` are the clone's remotes, where they are known already.
    """
    there = there or remotes(top, timeout=timeout)
    if isinstance(there, Unseen):
        return there
    if wanted:
        return there.choose(wanted)
    if built is None:
        at = head(top, timeout=timeout)
        built = None if isinstance(at, Unseen) or not at.branch else BranchName(at.branch, "HEAD")
    return there.choose("", (built.remote or _followed(top, built.name, timeout)) if built else "")


def default_branch(top: Path, remote: Remote, *, timeout: float = REMOTE_SECONDS) -> str | Unseen:
    """Ask a remote which branch is its default one."""
    words = ("ls-remote", "--symref", remote.name, "HEAD")
    more = variables(top, remote)
    answer = patiently(lambda left: run(top, *words, timeout=left, more=more), timeout)
    if isinstance(answer, Unseen) or answer.code:
        return no_answer(
            f"the remote {remote} could not be queried", answer, f"try `git ls-remote {quote(remote.name)}` here"
        )
    if match := re.match(r"ref: refs/heads/([^\t\n ]+)\tHEAD\n", answer.out):
        return match[1]
    return Unseen(f"the remote {remote} names no default branch", "name the branch with --gate-branch")


def head(top: Path, *, timeout: float = LOCAL_SECONDS) -> Head | Unseen:
    """Return what is checked out in the clone at `top`."""
    said = ask(top, "rev-parse", "HEAD", "--symbolic-full-name", "HEAD", timeout=timeout)
    if isinstance(said, Unseen):
        return said
    commit, _, ref = said.removesuffix("\n").partition("\n")
    if not re.fullmatch(OBJECT, commit) or not (ref == "HEAD" or ref.startswith("refs/")):
        return odd("rev-parse", said)
    return Head(commit, ref.removeprefix(_HEADS) if ref.startswith(_HEADS) else "")


def _followed(top: Path, branch: str, timeout: float) -> str:
    """Return the remote that a branch of the clone follows; blank if it follows none."""
    said = run(top, "config", "--get", f"branch.{branch}.remote", timeout=timeout)
    return "" if isinstance(said, Unseen) or said.code else said.out.strip("\n")


def location(url: str) -> tuple[str, str]:
    """Return host and path of a repository, in one form for every protocol."""
    if "://" in url:
        parts = urlsplit(url)
        host, path = (parts.hostname or "").lower(), parts.path
    elif match := _SCP.fullmatch(url):
        host, path = match[1].lower(), match[2]
    else:
        host, path = "", url
    return host, path.strip("/").removesuffix(".git").rstrip("/")
