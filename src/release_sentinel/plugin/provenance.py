"""Where a run took place, for those who read of it elsewhere."""

from release_sentinel.config.load import Loaded
from release_sentinel.observe import ci, git
from release_sentinel.verdict import Provenance


def provenance(loaded: Loaded, build: ci.Build | None, remote: git.Remote | None = None) -> Provenance:
    """Return the CI run, the policy file and the address of the remote that was asked."""
    return Provenance(
        remote=remote.url if remote else "",
        url=build.url if build else "",
        actor=build.actor if build else "",
        policy=loaded.file,
        policy_sha256=loaded.sha256,
    )
