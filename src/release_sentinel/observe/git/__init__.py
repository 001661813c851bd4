"""What Git reports about the repository and its remote."""

from release_sentinel.observe.git.records import (
    HIDDEN_EDIT,
    POINTER,
    SUBMODULE,
    UNINITIALISED,
    UNMAPPED,
    Branches,
    Change,
    Refs,
    Repository,
    Rules,
    Signature,
    SignatureState,
    Tags,
)
from release_sentinel.observe.git.refs import Remote, branches_containing, find_remote, local_refs, remote_refs, tags
from release_sentinel.observe.git.signatures import signature
from release_sentinel.observe.git.tagging import Tagged, make_tag, push_tag, remove_tag
from release_sentinel.observe.git.tree import absent, folders_called
from release_sentinel.observe.git.worktree import look

__all__ = [
    "HIDDEN_EDIT",
    "POINTER",
    "SUBMODULE",
    "UNINITIALISED",
    "UNMAPPED",
    "Branches",
    "Change",
    "Refs",
    "Remote",
    "Repository",
    "Rules",
    "Signature",
    "SignatureState",
    "Tagged",
    "Tags",
    "absent",
    "branches_containing",
    "find_remote",
    "folders_called",
    "local_refs",
    "look",
    "make_tag",
    "push_tag",
    "remote_refs",
    "remove_tag",
    "signature",
    "tags",
]
