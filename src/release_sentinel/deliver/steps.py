"""What a run was asked to do once the release is SAFE: the tag, then the release on the forge.

Each step that an earlier run of the same release has done counts as done, so that the same command finishes the job.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from release_sentinel import regular
from release_sentinel.config.model import ForgeRules
from release_sentinel.deliver.tag import TagOrder, demand_safe, hint, tag
from release_sentinel.errors import DeliveryError, ended
from release_sentinel.observe import Unseen, ci, git, texts
from release_sentinel.observe.git import Refs
from release_sentinel.reports.notes import notes
from release_sentinel.sentences import sentence
from release_sentinel.versions import parse

if TYPE_CHECKING:
    from release_sentinel.observe.forge import Api

_FROM_FILE = "so does `release-sentinel release` with the verdict file"
AGAIN = f"the same command finishes it; {_FROM_FILE}"
_FIXED = f"the same command finishes it once that is fixed; {_FROM_FILE}"


class Notes(Struct, frozen=True):
    """What the release's notes are made of: `file`, else the section in `changelog`; both may be blank."""

    changelog: str = ""
    file: Path | None = None
    template: str = ""


class Steps(Struct, frozen=True):
    """`order` says how the tag is made, `forge` where the release goes, `notes` what it says."""

    tag: bool = False
    release: bool = False
    order: TagOrder = field(default_factory=TagOrder)
    forge: ForgeRules = field(default_factory=ForgeRules)
    notes: Notes = field(default_factory=Notes)

    def named(self, version: str) -> str:
        """Return what the steps make, for a sentence."""
        pushed = f"tag {version} on the remote" if self.order.push else f"tag {version}"
        return " and ".join([*([pushed] if self.tag else []), *(["the release on the forge"] if self.release else [])])


def deliver(
    document: Mapping[str, Any],
    repository: Path,
    steps: Steps,
    *,
    clean: Callable[[str], str],
    environ: Mapping[str, str],
) -> tuple[list[str], str]:
    """Take the steps, in their order, until one fails; return what was done, a sentence each, and why one failed.

    `clean` scrubs what leaves: the tag's message, the release's notes, and these sentences. `environ` names the
    repository on the forge and its token. KeyboardInterrupt fails a step: the reason says what is unknown then.
    """
    done: list[str] = []
    name = document["version"]
    pushed = ", and nothing was pushed" if steps.order.push else ""
    try:
        if steps.tag:
            with ended(f"whether tag {name} was made here is unknown{pushed}"):
                done.append(clean(tag(document, repository, steps.order, clean)))
        if steps.release:
            with ended(f"whether the forge has the release of tag {name} is unknown"):
                done.append(clean(f"released: {_release(document, repository, steps, clean, environ)}"))
    except DeliveryError as error:
        return done, clean(str(error))
    return done, ""


def _release(
    document: Mapping[str, Any],
    repository: Path,
    steps: Steps,
    clean: Callable[[str], str],
    environ: Mapping[str, str],
) -> str:
    from release_sentinel.deliver.forge_release import NewRelease, create_release  # noqa: PLC0415 - late: few runs release

    demand_safe(document)
    name, commit = str(document["version"]), str(document["commit"])
    remote = git.find_remote(repository, str(document.get("remote", "")) or steps.order.remote)
    source = _published(repository, name, commit, remote)
    try:
        api = _api(environ, remote, steps.forge)
        build = ci.build(environ)
        changes = _changes(repository, document, steps)
        text = notes(document, changes, template=steps.notes.template, url=build.url if build else "")
        version = parse(name, steps.order.prefix)
        new = NewRelease(name, commit, clean(text), prerelease=bool(version and version.prerelease))
        return create_release(api, new, tries=steps.forge.tries, deadline=steps.forge.deadline)
    except DeliveryError as error:
        raise DeliveryError(f"{error}; tag {name} is in {source}; {_FIXED}") from None


def _api(environ: Mapping[str, str], remote: git.Remote | Unseen | None, rules: ForgeRules) -> "Api":
    from release_sentinel.observe.forge import Api, find_place  # noqa: PLC0415 - late: few runs release

    address = remote.url if isinstance(remote, git.Remote) else ""
    place = find_place(environ, address, kind=rules.kind, url=rules.url, repository=rules.repository)
    if isinstance(place, Unseen):
        raise DeliveryError(f"no release: {place.why}{hint(place)}")
    api = Api.of(place, environ, token=rules.token[2:-1], timeout=rules.timeout)
    if isinstance(api, Unseen):
        raise DeliveryError(f"no release of {place}: {api.why}{hint(api)}")
    return api


def _published(repository: Path, name: str, commit: str, remote: git.Remote | Unseen | None) -> str:
    """Return where the tag is at the judged commit; raise `DeliveryError` where it is not.

    Without the tag a forge would make one of its own, which is not annotated and records nothing.
    """
    there = git.tags(repository, [name], asked=remote)
    if there.remote is None:
        raise DeliveryError(f"no release: whether tag {name} exists cannot be determined: the repository has no remote")
    holding = ""
    for refs in (there.remote, *there.pushed):
        if isinstance(refs, Unseen):
            raise DeliveryError(f"no release: whether tag {name} exists cannot be determined: {refs.why}")
        if (at := refs.tag(name)) == commit:
            holding = holding or refs.source
        elif at:
            raise DeliveryError(f"no release: tag {name} is {at[:12]} in {refs.source}, expected {commit[:12]}")
    if not holding and isinstance(there.remote, Refs):
        raise DeliveryError(
            f"no release: tag {name} is not there in {there.remote.source}, expected {commit[:12]}: "
            "push the tag first, as --gate-tag --gate-push do"
        )
    return holding


def _changes(repository: Path, document: Mapping[str, Any], steps: Steps) -> str:
    """Return what changes: the file that was named, or the section of the changelog as the judged commit has it."""
    from release_sentinel.checks.changelog import CANDIDATES, section  # noqa: PLC0415 - late: few runs release

    if file := steps.notes.file:
        try:
            return regular.read_text(file, texts.MOST, encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise DeliveryError(f"no release: the notes {file} cannot be read: {sentence(error)}") from None
    wanted = [steps.notes.changelog] if steps.notes.changelog else CANDIDATES
    found = git.file_of(repository, str(document["commit"]), wanted)
    if isinstance(found, Unseen):
        raise DeliveryError(f"no release: the changelog cannot be read: {found.why}")
    return section(*found, str(document["version"]), prefix=steps.order.prefix) if found else ""
