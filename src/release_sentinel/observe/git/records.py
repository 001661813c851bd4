"""What is observed of a repository, as frozen records."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path

from msgspec import Struct, field

from release_sentinel.observe import Unseen

# The codes of changes that `git status` does not show.
HIDDEN_EDIT = "hidden edit"
CONVERTED = "edit that settings of this clone hide"
UNINITIALISED = "uninitialised submodule"
UNMAPPED = "unlisted submodule"  # without an entry in .gitmodules
POINTER = "LFS pointer without its content"
SUBMODULE = "submodule "  # followed by what `git status` says about it


class Rules(Struct, frozen=True):
    """What counts as a change. `own_outputs` are files and folders of this run: reports, byte code.

    `untracked_allowed` are globs of untracked files that may be there: `*` stands for any text, slashes too, and a
    folder stands for what is in it.
    """

    own_outputs: Collection[Path] = ()
    untracked: bool = True
    submodules: bool = True
    untracked_allowed: Collection[str] = ()

    def allow(self, path: str) -> bool:
        """Return whether an untracked file, or a folder of such, may be there."""
        parts = path.rstrip("/").split("/")
        places = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
        globs = [glob.rstrip("/") for glob in self.untracked_allowed]
        return any(fnmatchcase(place, glob) for place in places for glob in globs)


class Change(Struct, frozen=True):
    """A path that differs from the commit; `code` is Git's two letters, or one of our own words."""

    code: str
    path: str
    written: bool = False  # this run itself writes the file, or one in the folder: its standard output

    def __str__(self) -> str:
        shown = self.path if self.path.isprintable() else ascii(self.path)
        return f"{self.code} {shown}"


class Repository(Struct, frozen=True):
    """A Git work tree with a commit, as it was at one moment."""

    top: Path
    commit: str  # blank: no commit yet
    branch: str  # blank: HEAD is detached
    operation: str  # "merge", "rebase" …, or blank
    shallow: bool
    changes: tuple[Change, ...]


class Remote(Struct, frozen=True):
    """A remote of the clone. `url` is as it may be shown: without credentials.

    `address` is the URL itself of one that the clone's settings do not name, such as where a push goes.
    """

    name: str
    url: str = ""
    has_login: bool = False  # one of its URLs carries credentials
    address: str = ""
    no_push: str = ""  # what stands where the address for pushes belongs, to forbid them

    def __str__(self) -> str:
        return f"{self.name} ({self.url})" if self.url else self.name

    def __repr__(self) -> str:
        return f"Remote({str(self)!r})"  # its address may hold credentials


class Refs(Struct, frozen=True):
    """Refs by full name, with the object they point at; a tag object is peeled to its commit."""

    commits: Mapping[str, str]
    source: str  # where they were read: "origin (https://…)" or "this clone"
    objects: Mapping[str, str] = field(default_factory=dict)  # what the refs name, not peeled

    def tag(self, name: str) -> str | None:
        """Return the commit that the tag points at, or None where there is no such tag."""
        return self.commits.get(f"refs/tags/{name}")

    def head(self, branch: str) -> str | None:
        """Return the commit at the head of the branch, or None where there is no such branch."""
        return self.commits.get(f"refs/heads/{branch}")

    @property
    def tags(self) -> tuple[str, ...]:
        """The names of all tags that were asked for and are there."""
        return tuple(name.removeprefix("refs/tags/") for name in self.commits if name.startswith("refs/tags/"))


class TagObject(Struct, frozen=True):
    """An annotated tag: its id, what it says, and whether it carries a signature (which was not verified)."""

    id: str
    message: str
    signed: bool = False


class Tags(Struct, frozen=True):
    """Refs as this clone and its remote have them; `remote` is None where the clone has no remote.

    `pushed` are those of other repositories that a push to the remote goes to.
    """

    local: Refs | Unseen
    remote: Refs | Unseen | None
    pushed: tuple[Refs | Unseen, ...] = ()


class Relation(StrEnum):
    """HEAD compared with a branch of the remote."""

    AT = "at"  # it is the branch's head
    BELOW = "below"  # the branch has moved on from it
    AHEAD = "ahead"  # it has commits that the branch lacks, and all that the branch has
    APART = "apart"  # it is not on the branch
    ABSENT = "absent"  # there is no such branch


class Standing(Struct, frozen=True):
    """HEAD and a branch of the remote: `head` is the branch's commit there, `source` the remote."""

    relation: Relation
    source: str
    head: str = ""
    ahead: int = 0  # commits
    tagged: bool = False  # whether the remote has a tag of the branch's name


class Branches(Struct, frozen=True):
    """The branches that contain HEAD; for `undetermined` ones the clone lacks the commits to decide."""

    containing: tuple[str, ...] = ()
    undetermined: tuple[str, ...] = ()


class SignatureState(StrEnum):
    """How the verification of a signature ended."""

    GOOD = "good"
    NONE = "none"  # not signed
    LIGHTWEIGHT = "lightweight"  # a tag without an object, which cannot be signed
    BAD = "bad"  # made for something else, or by a key that is not allowed to
    EXPIRED = "expired"  # the signature, or the key that made it
    REVOKED = "revoked"
    UNKNOWN_KEY = "unknown key"
    UNVERIFIABLE = "unverifiable"  # nothing here can verify it


class Signature(Struct, frozen=True):
    """What Git says about the signature of a commit or a tag.

    `signers` are the signer's names: fingerprints, key id, e-mail address, SSH principal; `words` are
    those of the verifying program.
    """

    state: SignatureState
    signers: tuple[str, ...] = ()
    words: str = ""


CLAIM = "--gate-branch"


class BranchName(Struct, frozen=True):
    """A branch, and who names it: `HEAD`, a CI system, a remote, or `CLAIM`; CI may name its `remote`, too."""

    name: str
    source: str
    remote: str = ""


class Head(Struct, frozen=True):
    """The commit that is checked out; `branch` is blank where HEAD is detached."""

    commit: str
    branch: str


class MergeTarget(Struct, frozen=True):
    """The branch that work would be merged into, and whether the remote has it."""

    branch: BranchName
    remote: str
    is_there: bool
