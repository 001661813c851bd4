"""HEAD compared with a branch of the remote: whatever names the branch that is built, the remote has to agree.

The clone is never changed. Where it is too shallow to know, a throw-away repository asks for the branch's commits.
"""

from pathlib import Path
from shlex import quote

from release_sentinel.observe import Unseen
from release_sentinel.observe.git.patience import no_answer
from release_sentinel.observe.git.process import ask, run
from release_sentinel.observe.git.records import Refs, Relation, Remote, Standing, Tags
from release_sentinel.observe.git.throwaway import DEPTHS, throwaway

FETCH_SECONDS = 40.0


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
    asked = f"whether branch {branch} of {remote} contains HEAD cannot be determined"
    remedy = f"fetch the history: `fetch-depth: 0` for actions/checkout, `git fetch {quote(remote.name)}` elsewhere"
    with throwaway(top, commit, remote, timeout) as there:
        if isinstance(there, Unseen):
            return there
        for depth in DEPTHS:
            fetched = there.fetch(f"refs/heads/{branch}", depth)
            if isinstance(fetched, Unseen) or fetched.code:
                return no_answer(asked, fetched, remedy)
            contained = there.contains(commit, branch)
            whole = contained or there.is_whole()
            if contained or whole:  # or one of them is unseen
                return contained if whole is True else whole
    return Unseen(f"{asked}: the remote does not have all commits of the branch", remedy)
