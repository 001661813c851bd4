"""What an annotated tag says. One that the clone lacks is read in a throw-away repository: the clone never changes."""

import re
from pathlib import Path

from release_sentinel.observe import Unseen
from release_sentinel.observe.git.patience import no_answer
from release_sentinel.observe.git.process import REMOTE_SECONDS, GitOutput, run
from release_sentinel.observe.git.records import Remote, TagObject
from release_sentinel.observe.git.throwaway import throwaway

_SIGNATURE = re.compile(r"^-----BEGIN [A-Z ]+-----$", re.MULTILINE)


def tag_object(
    top: Path, name: str, id_: str, remote: Remote | None = None, *, timeout: float = REMOTE_SECONDS
) -> TagObject | Unseen | None:
    """Return the object `id_` of tag `name`, by the clone at `top` or else by `remote`; None if it is a bare commit."""
    kind = run(top, "cat-file", "-t", id_)
    if isinstance(kind, Unseen):
        return kind
    if not kind.code:
        return _read(id_, run(top, "cat-file", "tag", id_)) if kind.out.strip() == "tag" else None
    asked = f"what tag {name} says cannot be determined"
    if remote is None:
        return Unseen(f"{asked}: {kind.words}")
    with throwaway(top, id_, remote, timeout) as there:
        if isinstance(there, Unseen):
            return there
        fetched = there.fetch(f"refs/tags/{name}", "1")
        if isinstance(fetched, Unseen) or fetched.code:
            return no_answer(asked, fetched, f"git fetch {remote.name} tag {name}")
        kind = there.show("-t", id_)
        if not isinstance(kind, Unseen) and kind.out.strip() == "commit":
            return None
        return _read(id_, there.show("tag", id_))


def _read(id_: str, said: GitOutput | Unseen) -> TagObject | Unseen:
    if isinstance(said, Unseen) or said.code:
        return no_answer("a tag cannot be read", said, "git fsck")
    _, _, message = said.out.partition("\n\n")
    return TagObject(id_, message, signed=_SIGNATURE.search(message) is not None)
