"""Where a run took place, for those who read of it elsewhere."""

from collections.abc import Mapping

from release_sentinel.config.load import Loaded
from release_sentinel.observe import ci, git
from release_sentinel.verdict import PolicyFile, Provenance


def provenance(
    loaded: Loaded, build: ci.Build | None, remote: git.Remote | None = None, commit_url: str = ""
) -> Provenance:
    """Return the CI run, the policy files and the address of the remote that was asked."""
    return Provenance(
        remote=remote.url if remote else "",
        url=build.url if build else "",
        commit_url=commit_url,
        actor=build.actor if build else "",
        policies=tuple(PolicyFile(source.name, source.sha256) for source in loaded.files),
    )


def commit_page(environ: Mapping[str, str], kind: str, remote: git.Remote | None, commit: str) -> str:
    """Return the address of a commit's page on its forge; blank where it is not known."""
    from release_sentinel.observe.forge import page_of  # noqa: PLC0415 - late: few reports link to it

    return page_of(environ, remote.url, commit, kind=kind) if remote and commit else ""
