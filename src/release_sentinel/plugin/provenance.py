"""Where a run took place, for those who read of it elsewhere."""

from pathlib import Path

from release_sentinel.config.load import Loaded
from release_sentinel.observe import ci, git
from release_sentinel.verdict import Provenance

_SECONDS = 5.0  # for a look at the clone's settings


def provenance(loaded: Loaded, build: ci.Build | None, clone: Path | None = None) -> Provenance:
    """Return the CI run, the policy file and, where `clone` is given, the address of its remote, which is not asked."""
    remote = git.find_remote(clone, loaded.policy.git.remote, timeout=_SECONDS) if clone else None
    return Provenance(
        remote=remote.url if isinstance(remote, git.Remote) else "",
        url=build.url if build else "",
        actor=build.actor if build else "",
        policy=loaded.file,
        policy_sha256=loaded.sha256,
    )
