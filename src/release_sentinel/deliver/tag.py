"""Tag the commit that was judged SAFE, and no other; a tag that cannot be made, or pushed, leaves nothing behind.

A second run of the same release goes on where the first one stopped: the tag that it made counts as made.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from release_sentinel.errors import DeliveryError, ended
from release_sentinel.observe import Unseen, git
from release_sentinel.observe.git import Refs, Rules, Tagged
from release_sentinel.reports.message import reasons, title
from release_sentinel.trailers import recorded, trailers
from release_sentinel.versions import tag_names
from release_sentinel.vocabulary import NOTED, SAFE, Outcome


class TagOrder(Struct, frozen=True):
    """How the tag is to be made. `remote` is the one to ask, blank for the usual one; `rules` say what a change is.

    `any_maker` accepts a published tag at the judged commit by any maker.
    """

    prefix: str = "v"
    remote: str = ""
    push: bool = False
    sign: bool = False
    rules: Rules = field(default_factory=Rules)
    any_maker: bool = False


class _Made(Struct, frozen=True):
    """What there is of the tag already: where it is `published`, and the object of this clone."""

    remote: git.Remote | None
    published: str = ""
    here: Tagged | None = None


def tag(document: Mapping[str, Any], repository: Path, order: TagOrder, clean: Callable[[str], str]) -> str:
    """Tag the commit of a verdict document, and push the tag if `order` wants it; return what was done, a sentence.

    `clean` scrubs the tag's message. Raises `DeliveryError`, and has then changed nothing, where the verdict is not
    SAFE, where HEAD or the work tree is not what was judged, where a tag exists that this release did not make, or that
    cannot be determined, and where Git or the remote refuses.
    """
    name, commit = str(document["version"]), str(document["commit"])
    demand_safe(document)
    there = _find(repository, document, order)
    if there.published:
        return f"tagged: {name} at {commit[:12]}, already in {there.published}"
    if not there.here or order.push:
        _demand_unmoved(repository, commit, order.rules)
    made = there.here or git.make_tag(repository, name, commit, clean(message(document)), sign=order.sign)
    if isinstance(made, Unseen):
        raise DeliveryError(f"{made.why}{hint(made)}")
    if not order.push or there.remote is None:
        return f"tagged: {name} at {commit[:12]}, {'already here, ' if there.here else ''}not pushed"
    with ended(f"the push to {there.remote} was ended: tag {name} is still here, and whether it arrived is unknown"):
        why = git.push_tag(repository, made, there.remote)
    if why:
        kept = "it stays here" if there.here else _take_back(repository, made)
        raise DeliveryError(f"tag {name} could not be pushed to {there.remote}, and {kept}: {why}")
    return f"tagged: {name} at {commit[:12]}, pushed to {there.remote}"


def message(document: Mapping[str, Any]) -> str:
    """Return the tag's message: the verdict, the release, who judged it and when, and what was let pass."""
    passed = sum(gate["outcome"] != Outcome.NOT_EVALUATED for gate in document["gates"])
    facts = trailers(document, passed)
    return "\n".join([title(document), "", *facts, *reasons(document, *NOTED), ""])


def demand_safe(document: Mapping[str, Any]) -> None:
    """Raise `DeliveryError` unless a verdict document is that of a whole SAFE run."""
    whole = document["partial"] is False and document.get("preview", False) is False
    if document["verdict"] != SAFE or not whole or document["exit_code"] != 0:
        raise DeliveryError(f"the verdict is {document['verdict']}, and only a whole SAFE run is tagged")


def _take_back(repository: Path, made: Tagged) -> str:
    left = git.remove_tag(repository, made)
    return f"it stays here, and has to be removed by hand: {left}" if left else "it was removed here again"


def _demand_unmoved(repository: Path, commit: str, rules: Rules) -> None:
    seen = git.look(repository, rules)
    if isinstance(seen, Unseen):
        raise DeliveryError(f"the repository cannot be seen any more: {seen.why}{hint(seen)}")
    if seen.commit != commit:
        raise DeliveryError(f"HEAD is at {seen.commit[:12]} now, and {commit[:12]} was judged: run the gate again")
    if seen.operation:
        raise DeliveryError(f"a {seen.operation} is in progress now: run the gate again")
    if seen.changes:
        number = len(seen.changes)
        paths = f"{number} path{'s' if number > 1 else ''}, the first is {seen.changes[0]}"
        raise DeliveryError(f"the work tree is not what was judged ({paths}): run the gate again")


def _find(repository: Path, document: Mapping[str, Any], order: TagOrder) -> _Made:
    """Return what there is of the tag; raise `DeliveryError` where a spelling of it is taken, or may be."""
    name = str(document["version"])
    remote = git.find_remote(repository, str(document.get("remote", "")) or order.remote)
    if isinstance(remote, Unseen):
        raise DeliveryError(f"{remote.why}{hint(remote)}")
    names = tag_names(name, order.prefix)
    there = git.tags(repository, names, asked=remote)
    of_remotes = [there.remote, *there.pushed] if there.remote else []
    holders: dict[str, str] = {}  # where the tag of this release is, and the object there
    for refs in (*of_remotes, there.local):
        if isinstance(refs, Unseen):
            raise DeliveryError(f"whether tag {name} is free cannot be determined: {refs.why}{hint(refs)}")
        if found := [one for one in names if refs.tag(one)]:
            _demand_own(repository, document, order, remote, refs, found)
            holders[refs.source] = refs.objects.get(f"refs/tags/{name}", "")
    owed = [refs.source for refs in of_remotes if isinstance(refs, Refs)]
    missing = [source for source in owed if source not in holders]
    published = " and ".join(owed) if owed and not missing else ""
    here = holders.get(there.local.source, "") if isinstance(there.local, Refs) else ""
    if 0 < len(missing) < len(owed) and not here:
        raise DeliveryError(f"tag {name} is not in {' and '.join(missing)} yet: push it there from where it is")
    if not published and order.push:
        _demand_pushable(name, remote)
    return _Made(remote, published, Tagged(name, here) if here else None)


def _demand_own(
    repository: Path,
    document: Mapping[str, Any],
    order: TagOrder,
    remote: git.Remote | None,
    refs: Refs,
    found: list[str],
) -> None:
    """Raise `DeliveryError` unless a tag that exists was made by a run of this release."""
    name, commit = str(document["version"]), str(document["commit"])
    at = str(refs.tag(found[0]))
    exists = f"tag {found[0]} exists already in {refs.source}, at {at[:12]}"
    if found != [name] or at != commit:
        raise DeliveryError(f"{exists}; nothing was changed")
    if order.any_maker and not order.sign:
        return
    said = git.tag_object(repository, name, refs.objects.get(f"refs/tags/{name}", ""), remote)
    if isinstance(said, Unseen):
        raise DeliveryError(f"{exists}, and {said.why}{hint(said)}")
    record = recorded(said.message if said else "")
    if not order.any_maker and not record.is_of(str(document["env"]), commit):
        maker = f"was made for {record.env}" if record.env else "does not record this release"
        raise DeliveryError(f"{exists}, and {maker}; nothing was changed")
    if order.sign and not (said and said.signed):
        raise DeliveryError(f"{exists}, without a signature, and signed ones are wanted; nothing was changed")


def _demand_pushable(name: str, remote: git.Remote | None) -> None:
    if remote is None:
        raise DeliveryError(f"tag {name} cannot be pushed: the repository has no remote")
    if remote.no_push:
        raise DeliveryError(
            f"tag {name} cannot be pushed: the address for pushes to {remote.name} is {remote.no_push!r}; "
            f"git remote set-url --push {remote.name} URL"
        )


def hint(seen: Unseen) -> str:
    """Return what to do about what was not seen, as the end of a sentence."""
    return f" ({seen.remedy})" if seen.remedy else ""
