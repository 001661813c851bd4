"""How HEAD stands to a branch of the remote: whoever names the branch that is built, the remote has to agree.

The clone is never changed. Where it is too shallow to know, a throw-away repository asks for the branch's commits.
"""

import tempfile
import time
from pathlib import Path

from release_sentinel.observe import Unseen
from release_sentinel.observe.git.login import variables
from release_sentinel.observe.git.process import LOCAL_SECONDS, ask, run
from release_sentinel.observe.git.records import Refs, Relation, Remote, Standing, Tags

FETCH_SECONDS = 40.0
_DEPTHS = ("50", "1000", "2147483647")  # commits; the last is Git's word for all of them
# The clone's own settings by which its remote is reached.
_REACHED_BY = ("http.", "url.", "credential.", "protocol.", "ssh.", "core.sshcommand", "core.askpass", "core.gitproxy")
_OF_REMOTE = (".url", ".proxy", ".proxyauthmethod", ".uploadpack", ".vcs", ".serveroption")


def standing(
    top: Path, commit: str, seen: Tags, branch: str, remote: Remote, *, timeout: float = FETCH_SECONDS
) -> Standing | Unseen | None:
    """Return how `commit`, HEAD of the clone at `top`, stands to a branch; None where the clone has no remote.

    `seen` is what `remote` has just said of its branches; it was asked for this one, too.
    """
    refs = seen.remote
    if not isinstance(refs, Refs):
        return refs
    head = refs.head(branch)
    if head is None:
        return Standing(Relation.ABSENT, refs.source, tagged=refs.tag(branch) is not None)
    if head == commit:
        return Standing(Relation.AT, refs.source, head)
    known = _known(top, commit, head)
    if isinstance(known, Unseen):
        return known
    if known:
        ahead = _count(top, f"{head}..{commit}") if known is Relation.AHEAD else 0
        return Standing(known, refs.source, head, ahead)
    contained = _contained(top, commit, branch, remote, timeout)
    if isinstance(contained, Unseen):
        return contained
    return Standing(Relation.BELOW if contained else Relation.APART, refs.source, head)


def _known(top: Path, commit: str, head: str) -> Relation | Unseen | None:
    """Return what the clone itself knows; None where it lacks the history to tell."""
    for one, other, relation in ((commit, head, Relation.BELOW), (head, commit, Relation.AHEAD)):
        answer = run(top, "merge-base", "--is-ancestor", one, other)
        if isinstance(answer, Unseen):
            return answer
        if answer.code == 0:  # also true of a shallow clone; a 1 is not
            return relation
        if answer.code != 1:  # it lacks the commit
            return None
    shallow = ask(top, "rev-parse", "--is-shallow-repository")
    if isinstance(shallow, Unseen):
        return shallow
    return None if shallow.strip() == "true" else Relation.APART


def _count(top: Path, commits: str) -> int:
    answer = ask(top, "rev-list", "--count", commits)
    return int(answer) if not isinstance(answer, Unseen) and answer.strip().isdecimal() else 0


def _contained(top: Path, commit: str, branch: str, remote: Remote, timeout: float) -> bool | Unseen:
    """Ask the remote for a branch's commits, without their files, until `commit` is among them or all are there."""
    end = time.monotonic() + timeout
    more = variables(top, remote, settings=_reached_by(top, remote.name))
    with tempfile.TemporaryDirectory(prefix="release-sentinel-", ignore_cleanup_errors=True) as folder:
        here = f"--git-dir={folder}"
        made = ask(top, here, "init", "--quiet", "--bare")
        if isinstance(made, Unseen):
            return made
        ref = f"refs/heads/{branch}"
        for depth in _DEPTHS:
            words = ("--quiet", "--no-tags", "--filter=tree:0", f"--depth={depth}", remote.name, f"+{ref}:{ref}")
            left = end - time.monotonic()
            fetched = run(top, here, "fetch", *words, timeout=max(left, 0.1), more=more)
            if isinstance(fetched, Unseen) or fetched.code:
                words_of = fetched.why if isinstance(fetched, Unseen) else fetched.words
                return Unseen(
                    f"whether branch {branch} of {remote} contains HEAD cannot be determined: {words_of}",
                    f"fetch the history: `fetch-depth: 0` for actions/checkout, `git fetch {remote.name}` elsewhere",
                )
            answer = run(top, here, "merge-base", "--is-ancestor", commit, ref)
            if not isinstance(answer, Unseen) and answer.code == 0:
                return True
            shallow = ask(top, here, "rev-parse", "--is-shallow-repository")
            if isinstance(shallow, Unseen) or shallow.strip() != "true":
                break
    return False


def _reached_by(top: Path, remote: str) -> list[tuple[str, str]]:
    """Return the settings of the clone by which a remote is reached, credentials included."""
    listing = ask(top, "config", "--local", "--includes", "--null", "--list", timeout=LOCAL_SECONDS)
    if isinstance(listing, Unseen):
        return []
    found = []
    for entry in listing.split("\0"):
        key, _, value = entry.partition("\n")
        of_remote = key.startswith(f"remote.{remote}.") and key.endswith(_OF_REMOTE)
        if key.startswith(_REACHED_BY) or of_remote:
            found.append((key, value))
    return found
