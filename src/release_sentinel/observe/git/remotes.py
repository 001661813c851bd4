"""The remotes of a clone, and the one that a release is asked of."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from release_sentinel.lines import split
from release_sentinel.observe import Unseen
from release_sentinel.observe.git.login import has_login, variables
from release_sentinel.observe.git.patience import no_answer, patiently
from release_sentinel.observe.git.process import LOCAL_SECONDS, REMOTE_SECONDS, ask, odd, run
from release_sentinel.observe.git.records import Remote
from release_sentinel.redaction import without_credentials

# Of `git remote -v`; a partial clone adds its filter.
_REMOTE = re.compile(r"([^\t\n ]+)\t(.*) \((fetch|push)\)(?: \[[^\]]*\])?")
_SCP = re.compile(r"(?:[^@/:]+@)?([^/:]+):(?!/)(.+)")  # git@github.com:shop/shop.git
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
        urls = (self.fetched[choice], *self.pushed.get(choice, ()))
        return Remote(choice, without_credentials(urls[0]), any(map(has_login, urls)))

    def pushed_elsewhere(self, remote: Remote) -> list[Remote]:
        """Return the repositories that a push to `remote` goes to, where they are not the one that is fetched from."""
        fetched = _location(self.fetched[remote.name])
        elsewhere = [url for url in self.pushed.get(remote.name, ()) if _location(url) != fetched]
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
    top: Path, wanted: str = "", *, built: str = "", timeout: float = LOCAL_SECONDS
) -> Remote | Unseen | None:
    """Return the remote to ask (see `Remotes.choose`); `built` is the branch that is built, where HEAD has none."""
    there = remotes(top, timeout=timeout)
    return there if isinstance(there, Unseen) else chosen(top, there, wanted, built, timeout=timeout)


def chosen(
    top: Path, there: Remotes, wanted: str, built: str, *, timeout: float = LOCAL_SECONDS
) -> Remote | Unseen | None:
    """Return the remote to ask, among those that are there; CI may write its name before the branch's."""
    if wanted:
        return there.choose(wanted)
    before, slash, _ = built.partition("/")
    return there.choose("", followed(top, built, timeout=timeout) or (before if slash else ""))


def default_branch(top: Path, remote: Remote, *, timeout: float = REMOTE_SECONDS) -> str | Unseen:
    """Ask a remote which branch is its default one."""
    words = ("ls-remote", "--symref", remote.name, "HEAD")
    more = variables(top, remote)
    answer = patiently(lambda left: run(top, *words, timeout=left, more=more), timeout)
    if isinstance(answer, Unseen) or answer.code:
        return no_answer(f"the remote {remote} could not be queried", answer, f"try `git ls-remote {remote.name}` here")
    if match := re.match(r"ref: refs/heads/([^\t\n ]+)\tHEAD\n", answer.out):
        return match[1]
    return Unseen(f"the remote {remote} names no default branch", "name the branch with --gate-branch")


def followed(top: Path, built: str = "", *, timeout: float = LOCAL_SECONDS) -> str:
    """Return the remote that HEAD's branch follows, or where HEAD has none, `built`; blank if it follows none."""
    head = run(top, "symbolic-ref", "--quiet", "HEAD", timeout=timeout)
    own = head.out.strip("\n").removeprefix(_HEADS) if not isinstance(head, Unseen) and not head.code else ""
    if not (own or built):
        return ""
    said = run(top, "config", "--get", f"branch.{own or built}.remote", timeout=timeout)
    return "" if isinstance(said, Unseen) or said.code else said.out.strip("\n")


def _location(url: str) -> tuple[str, str]:
    """Return host and path of a repository, in one form for every protocol."""
    if "://" in url:
        parts = urlsplit(url)
        host, path = (parts.hostname or "").lower(), parts.path
    elif match := _SCP.fullmatch(url):
        host, path = match[1].lower(), match[2]
    else:
        host, path = "", url
    return host, path.strip("/").removesuffix(".git").rstrip("/")
