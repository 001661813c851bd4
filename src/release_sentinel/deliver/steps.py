"""What a run was asked to do once the release is SAFE: the tag, then the release on GitHub."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from release_sentinel.deliver.tag import TagOrder, demand_safe, message, tag
from release_sentinel.errors import DeliveryError
from release_sentinel.observe import git
from release_sentinel.observe.git import Refs, Rules
from release_sentinel.settings import Settings
from release_sentinel.versions import parse


class Steps(Struct, frozen=True):
    """`order` says how the tag is made; `notes` are the verdict for people, `changelog` the file with the rest."""

    tag: bool = False
    release: bool = False
    order: TagOrder = field(default_factory=TagOrder)
    notes: str = ""
    changelog: str = ""


def deliver(
    document: Mapping[str, Any],
    repository: Path,
    steps: Steps,
    *,
    clean: Callable[[str], str],
    environ: Mapping[str, str] | None = None,
) -> tuple[list[str], str]:
    """Take the steps, in their order, until one fails; return what was done, a sentence each, and why one failed.

    `clean` scrubs what leaves: the tag's message, the release's notes, and these sentences. `environ` names the
    repository on GitHub and its token; by default it is that of this process.
    """
    done: list[str] = []
    try:
        if steps.tag:
            done.append(clean(tag(document, repository, steps.order, clean)))
        if steps.release:
            done.append(clean(f"released: {_release(document, repository, steps, clean, environ)}"))
    except DeliveryError as error:
        return done, clean(str(error))
    return done, ""


def deliver_verified(
    document: Mapping[str, Any], repository: Path, settings: Settings, push: bool, sign: bool, release: bool
) -> tuple[list[str], str]:
    """Do the same for the document of a verdict file, which has been verified.

    Files that Git does not track do not count: among them are the reports of the run, and the tag does not name them.
    """
    policy = settings.policy
    rules = Rules(untracked=False, submodules=policy.git.submodules)
    order = TagOrder(policy.version.prefix, policy.git.remote, push, sign or policy.git.sign_tags, rules)
    steps = Steps(tag=True, release=release, order=order, notes=message(document), changelog=policy.version.changelog)
    return deliver(document, repository, steps, clean=settings.redactor.scrub)


def _release(
    document: Mapping[str, Any],
    repository: Path,
    steps: Steps,
    clean: Callable[[str], str],
    environ: Mapping[str, str] | None,
) -> str:
    from release_sentinel.checks.changelog import section  # noqa: PLC0415 - late: few runs release
    from release_sentinel.deliver.github_release import NewRelease, create_release  # noqa: PLC0415 - late: HTTP costs 14 ms

    demand_safe(document)
    name, commit, prefix = str(document["version"]), str(document["commit"]), steps.order.prefix
    asked = git.find_remote(repository, str(document.get("remote", "")) or steps.order.remote)
    refs = git.tags(repository, [name], asked=asked).remote
    # Without the tag GitHub would make one of its own, which is not annotated and records nothing.
    if not isinstance(refs, Refs):
        why = refs.why if refs else "the repository has no remote"
        raise DeliveryError(f"no release on GitHub: whether tag {name} exists cannot be determined: {why}")
    if refs.tag(name) != commit:
        seen = str(refs.tag(name))[:12] if refs.tag(name) else "not there"
        pushed = "push the tag first, as --gate-tag --gate-push do"
        raise DeliveryError(
            f"no release on GitHub: tag {name} is {seen} in {refs.source}, expected {commit[:12]}: {pushed}"
        )
    version = parse(name, prefix)
    changes = section(repository, name, steps.changelog, prefix=prefix)
    notes = clean("\n\n".join(text for text in (changes, steps.notes) if text))
    return create_release(NewRelease(name, commit, notes, prerelease=bool(version and version.prerelease)), environ)
