"""One CI build, the variables that describe it, and how branches and tags are named in them."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import TypedDict

from msgspec import Struct

# Where merge queues build: GitHub's own (for any CI system), Mergify's, Trunk's, GitLab's merge trains, Graphite's,
# Aviator's. It may follow a remote's name.
_MERGE_QUEUE = re.compile(
    r"(?:.*/)?(?:(?:gh-readonly-queue|mergify/merge-queue|trunk-merge)/.+|merge-requests/\d+/train"
    r"|(?:gtmq|mq-bot|mq-tmp)[_-].+)",
    re.DOTALL,
)
_GITHUB_S_QUEUE = re.compile(r"gh-readonly-queue/(.+)/pr-\d+-", re.DOTALL)
_PULL_REQUEST = re.compile(r"refs/(?:pull|pullreq|pull-requests|merge-requests|changes)/")


class Build(Struct, frozen=True):
    """One CI build. A field that the system does not provide is blank.

    On a pull request `branch` and `tag` are blank, whatever the system says: there it names the target, or the branch
    that the author chose. `qualified` tells that `branch` may begin with the name of a remote, see `branch_on`.
    """

    provider: str
    commit: str = ""  # `HEAD`: what is checked out, whichever commit that is
    branch: str = ""
    tag: str = ""
    pull_request: bool = False
    url: str = ""  # the web page of this build
    actor: str = ""  # who started it
    target: str = ""  # the branch that the pull request, or the queue, would be merged into
    merge_queue: bool = False
    qualified: bool = False
    checks_out: str = ""  # the branch that the system checks everything out on, whatever it builds

    def is_of(self, commit: str) -> bool:
        """Whether the build is about exactly this commit, which is HEAD: only then is it trusted."""
        return bool(commit) and self.commit in {commit, "HEAD"}

    def branch_on(self, remotes: Collection[str]) -> tuple[str, str]:
        """Return the branch, and the remote of this clone whose name the system has put before it; blank if none."""
        if self.qualified:
            for remote in sorted(remotes, key=len, reverse=True):  # a remote's name may have slashes too
                name = self.branch.removeprefix(f"{remote}/")
                if name and name != self.branch:
                    return name, remote
        return self.branch, ""


def is_merge_queue(branch: str) -> bool:
    """Return whether a branch is one that a merge queue builds: what it holds is not merged yet, and may never be."""
    return _MERGE_QUEUE.fullmatch(branch) is not None


def queued_for(branch: str) -> str:
    """Return the branch that a merge queue's branch would be merged into; blank if its name does not say."""
    found = _GITHUB_S_QUEUE.search(branch)
    return found[1] if found else ""


class Variables(Struct, frozen=True):
    """The environment of a build. Called with a name, it returns the value; blank if there is none."""

    environ: Mapping[str, str]

    def __call__(self, name: str) -> str:
        """Return the value of a variable; blank if it is not set."""
        return self.environ.get(name, "")

    def first(self, *names: str) -> str:
        """Return the value of the first of these variables that has one."""
        return next((value for name in names if (value := self(name))), "")

    def matching(self, pattern: str) -> dict[str, str]:
        """Return the variables with a value whose whole name matches."""
        return {name: value for name, value in self.environ.items() if value and re.fullmatch(pattern, name)}


def no_sign(_: Variables) -> bool:
    """Return False: no variable of the system tells it."""
    return False


class System(Struct, frozen=True):
    """A CI system: what marks it, and what its variables say.

    `marks` are alternatives. Each is one or more conditions that all have to hold: `NAME`, or `NAME=VALUE`.
    """

    marks: tuple[tuple[str, ...], ...]
    describe: Callable[[Variables], Build]
    urls: tuple[str, ...] = ()  # of a build, to be filled with variables; the first that can be filled counts
    actors: tuple[str, ...] = ()  # variables that name who started the build, the first that names a person counts
    fork: Callable[[Variables], bool] = no_sign  # whether a pull request is from another repository
    bot: Callable[[Variables], bool] = no_sign  # whether it is by a bot that gets no secrets
    trusted: Callable[[Variables], bool] = no_sign  # whether it gets secrets, whatever its author
    login: str = ""  # how a step's Git gets a login for the repository that is built


class Named(TypedDict, total=False):
    """Those fields of `Build` that one ref can set."""

    branch: str
    tag: str


def named(ref: str) -> Named:
    """Return the branch or the tag that a full ref names, as fields of `Build`; nothing for any other ref."""
    if ref.startswith("refs/heads/"):
        return {"branch": short(ref)}
    if ref.startswith("refs/tags/"):
        return {"tag": ref.removeprefix("refs/tags/")}
    return {}


def named_or_branch(ref: str) -> Named:
    """Return what a ref names; a name that is not a full ref is a branch."""
    return named(ref) if ref.startswith("refs/") else {"branch": ref}


def short(ref: str) -> str:
    """Return a branch's name without `refs/heads/`."""
    return ref.removeprefix("refs/heads/")


def is_pull(ref: str) -> bool:
    """Return whether a ref is that of a pull request, on any forge."""
    return _PULL_REQUEST.match(ref) is not None


def slug(url: str) -> str:
    """Return the last two parts of a repository's address, `owner/name`, in lower case."""
    parts = re.split(r"[/:]+", url.lower().rstrip("/").removesuffix(".git"))
    return "/".join(parts[-2:])


def differ(source: str, own: str) -> bool:
    """Return whether two repositories are both named, and not the same."""
    return bool(source and own) and slug(source) != slug(own)
