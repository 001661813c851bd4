"""A throw-away repository, which asks a remote for commits that the clone lacks. The clone is never changed."""

import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from release_sentinel.observe import Unseen, temporary
from release_sentinel.observe.git.login import Setting, variables
from release_sentinel.observe.git.patience import patiently
from release_sentinel.observe.git.process import GitOutput, ask, run
from release_sentinel.observe.git.records import Remote
from release_sentinel.observe.temporary import Temporary

DEPTHS = ("50", "1000", "2147483647")  # commits; the last is Git's word for all of them
# The settings by which a remote is reached.
_REACHED_BY = ("http.", "url.", "credential.", "protocol.", "ssh.", "core.sshcommand", "core.askpass", "core.gitproxy")
_OF_REMOTE = (".url", ".proxy", ".proxyauthmethod", ".uploadpack", ".vcs", ".serveroption")
# What the user's own settings would start here: hooks, and a collection of garbage that outlives the question.
_STILL = ("-c", f"core.hooksPath={os.devnull}", "-c", "gc.auto=0", "-c", "maintenance.auto=false")


class Throwaway:
    """A bare repository in `place` that reaches `remote` as the clone at `top` does, and stops at `end`."""

    def __init__(
        self,
        top: Path,
        place: Temporary,
        remote: Remote,
        *,
        variables: Mapping[str, str],
        end: float,
    ) -> None:
        self._top, self._place, self._remote = top, place, remote
        self._variables, self._end = variables, end
        self._options = ["--filter=tree:0", "--depth"]

    def fetch(self, ref: str, depth: str) -> GitOutput | Unseen:
        """Ask for the newest `depth` commits of a ref, without their files; for more, from a server that cannot."""
        answer = self._ask(ref, depth)
        while refused := self._refused(answer):
            self._options = ["--no-filter", *(one for one in self._options if not one.startswith(refused))]
            answer = self._ask(ref, depth)
        return answer

    def show(self, *words: str) -> GitOutput | Unseen:
        """Return what Git says of an object that was fetched."""
        return self._run("cat-file", *words, left=self._left)

    def _ask(self, ref: str, depth: str) -> GitOutput | Unseen:
        options = [f"{one}={depth}" if one == "--depth" else one for one in self._options]
        words = ("fetch", "--quiet", "--no-tags", *options, self._remote.name, f"+{ref}:{ref}")
        return patiently(lambda left: self._run(*words, left=left), self._left)

    def _refused(self, answer: GitOutput | Unseen) -> tuple[str, ...]:
        """Return the options that a server refuses and that were given: files as plain HTTP serves them have none."""
        words = answer.err if isinstance(answer, GitOutput) and answer.code else ""
        refused: tuple[str, ...] = ("--filter",) if "filter" in words else ()
        refused = ("--filter", "--depth") if "shallow" in words else refused
        return refused if refused and any(one.startswith(refused) for one in self._options) else ()

    def contains(self, commit: str, branch: str) -> bool | Unseen:
        """Return whether a commit is among those of a branch that were fetched."""
        answer = self._run("merge-base", "--is-ancestor", commit, f"refs/heads/{branch}", left=self._left)
        return answer if isinstance(answer, Unseen) else answer.code == 0

    def is_whole(self) -> bool | Unseen:
        """Return whether there are no more commits to fetch."""
        answer = self._run("rev-parse", "--is-shallow-repository", left=self._left)
        return answer if isinstance(answer, Unseen) else answer.out.strip() == "false"

    @property
    def _left(self) -> float:
        return max(self._end - time.monotonic(), 0.1)

    def _run(self, *words: str, left: float) -> GitOutput | Unseen:
        options = (f"--git-dir={self._place.path}", *_STILL)
        groups: list[int] = []

        def begun(group: int) -> None:
            groups.append(group)
            self._place.begun(group)

        try:
            return run(self._top, *options, *words, timeout=left, more=self._variables, begun=begun)
        finally:
            for group in groups:
                self._place.ended(group)


@contextmanager
def throwaway(top: Path, commit: str, remote: Remote, timeout: float) -> Iterator[Throwaway | Unseen]:
    """Make a throw-away repository for commits of the kind of `commit`; it has `timeout` seconds for all it does."""
    end = time.monotonic() + timeout
    with temporary.folder() as place:
        kind = {"GIT_DEFAULT_HASH": "sha256" if len(commit) > 40 else "sha1"}
        made = ask(top, f"--git-dir={place.path}", "init", "--quiet", "--bare", "--template=", more=kind)
        settings = made if isinstance(made, Unseen) else _reached_by(top, place.path, remote.name)
        if isinstance(settings, Unseen):
            yield settings
        else:
            yield Throwaway(top, place, remote, variables=variables(top, remote, settings=settings), end=end)


def _reached_by(top: Path, place: Path, remote: str) -> list[Setting] | Unseen:
    """Return the settings by which a remote is reached, credentials included, that only the clone has.

    They are its own, those of its work tree, and those of the user that are for this clone alone.
    """
    of_clone, of_place = _settings(top), _settings(top, f"--git-dir={place}")
    if isinstance(of_clone, Unseen):
        return of_clone
    if isinstance(of_place, Unseen):
        return of_place
    there, found = Counter(of_place), []
    for key, value in of_clone:
        if there[key, value]:
            there[key, value] -= 1
        elif key.startswith(_REACHED_BY) or (key.startswith(f"remote.{remote}.") and key.endswith(_OF_REMOTE)):
            found.append((key, value))
    return found


def _settings(top: Path, *options: str) -> list[Setting] | Unseen:
    listing = ask(top, *options, "config", "--includes", "--null", "--list")
    if isinstance(listing, Unseen):
        return listing
    entries = (entry.partition("\n") for entry in listing.split("\0") if entry)
    return [(key, value if mark else "true") for key, mark, value in entries]
