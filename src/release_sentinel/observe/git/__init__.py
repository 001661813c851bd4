"""What Git reports about the repository and its remote."""

from release_sentinel.observe.git.records import (
    CLAIM,
    HIDDEN_EDIT,
    POINTER,
    SUBMODULE,
    UNINITIALISED,
    UNMAPPED,
    Branches,
    BranchName,
    Change,
    Head,
    MergeTarget,
    Refs,
    Relation,
    Remote,
    Repository,
    Rules,
    Signature,
    SignatureState,
    Standing,
    Tags,
)
from release_sentinel.observe.git.refs import branches_containing, local_refs, remote_refs, tags
from release_sentinel.observe.git.remotes import Remotes, default_branch, find_remote, head, remotes
from release_sentinel.observe.git.signatures import signature
from release_sentinel.observe.git.standing import standing
from release_sentinel.observe.git.tagging import Tagged, make_tag, push_tag, remove_tag
from release_sentinel.observe.git.tree import absent, folders_called, tracked_files
from release_sentinel.observe.git.worktree import look

__all__ = [
    "CLAIM",
    "HIDDEN_EDIT",
    "POINTER",
    "SUBMODULE",
    "UNINITIALISED",
    "UNMAPPED",
    "BranchName",
    "Branches",
    "Change",
    "Head",
    "MergeTarget",
    "Refs",
    "Relation",
    "Remote",
    "Remotes",
    "Repository",
    "Rules",
    "Signature",
    "SignatureState",
    "Standing",
    "Tagged",
    "Tags",
    "absent",
    "branches_containing",
    "default_branch",
    "find_remote",
    "folders_called",
    "head",
    "local_refs",
    "look",
    "make_tag",
    "push_tag",
    "remote_refs",
    "remotes",
    "remove_tag",
    "signature",
    "standing",
    "tags",
    "tracked_files",
]
