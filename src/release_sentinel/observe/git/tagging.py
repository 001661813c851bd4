"""The only thing that is written to a repository: a tag on the judged commit, and its push to the remote."""

import re
from pathlib import Path

from msgspec import Struct

from release_sentinel.observe import Unseen
from release_sentinel.observe.git.login import variables
from release_sentinel.observe.git.patience import AGAIN, is_transient, no_answer, patiently
from release_sentinel.observe.git.process import LOCAL_SECONDS, OBJECT, GitOutput, ask, odd, run
from release_sentinel.observe.git.records import Remote, TagObject
from release_sentinel.observe.git.refs import remote_refs
from release_sentinel.observe.git.remotes import remotes
from release_sentinel.observe.git.tag_objects import tag_object

PUSH_SECONDS = 60.0


class Tagged(Struct, frozen=True):
    """A tag object of this clone."""

    name: str
    object: str  # its id

    @property
    def ref(self) -> str:
        """The full name."""
        return f"refs/tags/{self.name}"


def make_tag(top: Path, name: str, commit: str, message: str, *, sign: bool = False) -> Tagged | Unseen:
    """Make the annotated tag `name`, which must not exist yet, on `commit`; a failure leaves no tag behind.

    Without `sign`, Git's own settings say whether it is signed.
    """
    before = run(top, "rev-parse", "--verify", "--quiet", f"refs/tags/{name}")
    if isinstance(before, Unseen):
        return before
    if not before.code:
        return Unseen(f"tag {name} exists here already")
    signed = ["--sign"] if sign else []
    words = ["--annotate", *signed, "--cleanup=verbatim", f"--message={message}", "--", name, commit]
    made = run(top, "tag", *words, timeout=LOCAL_SECONDS)
    if isinstance(made, Unseen):
        return made
    if made.code:
        return Unseen(f"Git could not make the tag: {made.words}")
    resolved = ask(top, "rev-parse", "--verify", f"refs/tags/{name}")
    if isinstance(resolved, Unseen):
        return resolved
    if not re.fullmatch(OBJECT, resolved.strip("\n")):
        return odd("rev-parse", resolved)
    tag = Tagged(name, resolved.strip("\n"))
    said = tag_object(top, name, tag.object) if sign else None
    # Git 2.39 continues without a signature if the SSH key is missing.
    if sign and not (isinstance(said, TagObject) and said.signed):
        left = remove_tag(top, tag)
        return Unseen(
            f"Git made a tag without a signature{f', which could not be removed: {left}' if left else ''}: {made.words}"
        )
    return tag


def remove_tag(top: Path, tag: Tagged) -> str:
    """Remove a tag from this clone, unless it was moved meanwhile; return why that failed, or a blank."""
    gone = ask(top, "update-ref", "-d", tag.ref, tag.object)
    return gone.why if isinstance(gone, Unseen) else ""


def push_tag(top: Path, tag: Tagged, remote: Remote, *, timeout: float = PUSH_SECONDS) -> str:
    """Push a tag and nothing else, again where the remote fails for a moment; return why that failed, or a blank.

    The push counts as successful if the remote has this very tag, even if its answer was lost.
    """
    only = ("-c", "push.followTags=false", "push", "--atomic", "--recurse-submodules=no")
    more = variables(top, remote, push=True)
    words = (*only, remote.name, f"{tag.ref}:{tag.ref}")
    pushed = patiently(lambda left: run(top, *words, timeout=left, more=more), timeout)
    if isinstance(pushed, GitOutput) and not pushed.code:
        return ""
    failed = no_answer("git push", pushed, "")
    why = f"{failed.why} ({AGAIN})" if is_transient(pushed) else failed.why
    places = _pushed_to(top, remote)
    if isinstance(places, Unseen):
        return f"{why}; whether the remote has the tag is unknown: {places.why}"
    for place in places:
        there = remote_refs(top, place, [tag.ref], timeout=timeout)
        if isinstance(there, Unseen):
            return f"{why}; whether the remote has the tag is unknown: {there.why}"
        if there.objects.get(tag.ref) != tag.object:
            return why
    return ""


def _pushed_to(top: Path, remote: Remote) -> list[Remote] | Unseen:
    """Return every repository that a push to a remote goes to."""
    listed = remotes(top)
    if isinstance(listed, Unseen):
        return listed
    elsewhere = listed.pushed_elsewhere(remote)
    return elsewhere if len(elsewhere) == len(set(listed.pushed.get(remote.name, ()))) else [remote, *elsewhere]
