"""The only thing that is written to a repository: a tag on the judged commit, and its push to the remote."""

import re
from pathlib import Path

from msgspec import Struct

from release_sentinel.observe import Unseen
from release_sentinel.observe.git.login import variables
from release_sentinel.observe.git.process import LOCAL_SECONDS, OBJECT, ask, odd, run
from release_sentinel.observe.git.records import Remote

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
    if sign and not _is_signed(top, tag):  # Git 2.39 continues without a signature if the SSH key is missing
        left = remove_tag(top, tag)
        return Unseen(
            f"Git made a tag without a signature{f', which could not be removed: {left}' if left else ''}: {made.words}"
        )
    return tag


def _is_signed(top: Path, tag: Tagged) -> bool:
    content = ask(top, "cat-file", "tag", tag.object)
    return (
        not isinstance(content, Unseen) and re.search(r"^-----BEGIN [A-Z ]+-----$", content, re.MULTILINE) is not None
    )


def remove_tag(top: Path, tag: Tagged) -> str:
    """Remove a tag from this clone, unless it was moved meanwhile; return why that failed, or a blank."""
    gone = ask(top, "update-ref", "-d", tag.ref, tag.object)
    return gone.why if isinstance(gone, Unseen) else ""


def push_tag(top: Path, tag: Tagged, remote: Remote, *, timeout: float = PUSH_SECONDS) -> str:
    """Push a tag and nothing else; return why that failed, or a blank.

    The push counts as successful if the remote has the tag, even if its answer was lost.
    """
    only = ["-c", "push.followTags=false", "push", "--atomic", "--recurse-submodules=no"]
    more = variables(top, remote, push=True)
    pushed = ask(top, *only, remote.name, f"{tag.ref}:{tag.ref}", timeout=timeout, more=more)
    if not isinstance(pushed, Unseen):
        return ""
    more = variables(top, remote)
    there = ask(top, "ls-remote", remote.name, tag.ref, timeout=timeout, more=more)
    if isinstance(there, Unseen):
        return f"{pushed.why}; whether the remote has the tag is unknown: {there.why}"
    return "" if there.split("\t")[0] == tag.object else pushed.why
