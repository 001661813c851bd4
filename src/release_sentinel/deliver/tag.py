"""Tag the commit that was judged SAFE, and no other; a tag that cannot be made, or pushed, leaves nothing behind."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from release_sentinel.errors import DeliveryError
from release_sentinel.observe import Unseen, git
from release_sentinel.observe.git import Refs, Rules
from release_sentinel.reports.message import reasons, title
from release_sentinel.versions import tag_names
from release_sentinel.vocabulary import SAFE, Outcome


class TagOrder(Struct, frozen=True):
    """How the tag is to be made. `remote` is the one to ask, blank for the usual one; `rules` say what a change is."""

    prefix: str = "v"
    remote: str = ""
    push: bool = False
    sign: bool = False
    rules: Rules = field(default_factory=Rules)


def tag(document: Mapping[str, Any], repository: Path, order: TagOrder, clean: Callable[[str], str]) -> str:
    """Tag the commit of a verdict document, and push the tag if `order` wants it; return what was done, a sentence.

    `clean` scrubs the tag's message. Raises `DeliveryError`, and has then changed nothing, where the verdict is not
    SAFE, where HEAD or the work tree is not what was judged, where the tag exists already or that cannot be determined,
    and where Git or the remote refuses.
    """
    name, commit = str(document["version"]), str(document["commit"])
    demand_safe(document)
    _demand_unmoved(repository, commit, order.rules)
    remote = _demand_free(repository, name, order, str(document.get("remote", "")))
    made = git.make_tag(repository, name, commit, clean(message(document)), sign=order.sign)
    if isinstance(made, Unseen):
        raise DeliveryError(f"{made.why}{_hint(made)}")
    if not order.push or remote is None:
        return f"tagged: {name} at {commit[:12]}, not pushed"
    if why := git.push_tag(repository, made, remote):
        left = git.remove_tag(repository, made)
        removed = f"it stays here, and has to be removed by hand: {left}" if left else "it was removed here again"
        raise DeliveryError(f"tag {name} could not be pushed to {remote}, and {removed}: {why}")
    return f"tagged: {name} at {commit[:12]}, pushed to {remote}"


def message(document: Mapping[str, Any]) -> str:
    """Return the tag's message: the verdict, of which release, by whom and when, and what was let pass."""
    return "\n".join([title(document), "", *_facts(document), *reasons(document, Outcome.WAIVED, Outcome.WARNED), ""])


def _facts(document: Mapping[str, Any]) -> Iterator[str]:
    passed = sum(gate["outcome"] != Outcome.NOT_EVALUATED for gate in document["gates"])
    yield f"Release-Verdict: {document['verdict']} (exit {document['exit_code']}), {passed} gates"
    yield f"Release-Env: {document['env']}"
    yield f"Release-Commit: {document['commit']}"
    yield f"Release-Judged: {document['ended']}, by {document['tool']}"


def demand_safe(document: Mapping[str, Any]) -> None:
    """Raise `DeliveryError` unless a verdict document is that of a whole SAFE run."""
    whole = document["partial"] is False and document.get("preview", False) is False
    if document["verdict"] != SAFE or not whole or document["exit_code"] != 0:
        raise DeliveryError(f"the verdict is {document['verdict']}, and only a whole SAFE run is tagged")


def _demand_unmoved(repository: Path, commit: str, rules: Rules) -> None:
    seen = git.look(repository, rules)
    if isinstance(seen, Unseen):
        raise DeliveryError(f"the repository cannot be seen any more: {seen.why}{_hint(seen)}")
    if seen.commit != commit:
        raise DeliveryError(f"HEAD is at {seen.commit[:12]} now, and {commit[:12]} was judged: run the gate again")
    if seen.operation:
        raise DeliveryError(f"a {seen.operation} is in progress now: run the gate again")
    if seen.changes:
        number = len(seen.changes)
        paths = f"{number} path{'s' if number > 1 else ''}, the first is {seen.changes[0]}"
        raise DeliveryError(f"the work tree is not what was judged ({paths}): run the gate again")


def _demand_free(repository: Path, name: str, order: TagOrder, judged: str) -> git.Remote | None:
    """Return the remote that was judged, after it and this clone have said that the tag is free in any spelling."""
    remote = git.find_remote(repository, judged or order.remote)
    if isinstance(remote, Unseen):
        raise DeliveryError(f"{remote.why}{_hint(remote)}")
    if order.push and remote is None:
        raise DeliveryError(f"tag {name} cannot be pushed: the repository has no remote")
    if order.push and remote and remote.no_push:
        raise DeliveryError(
            f"tag {name} cannot be pushed: the address for pushes to {remote.name} is {remote.no_push!r}; "
            f"git remote set-url --push {remote.name} URL"
        )
    names = tag_names(name, order.prefix)
    there = git.tags(repository, names, asked=remote)
    for refs in (there.remote, *there.pushed, there.local):
        if isinstance(refs, Unseen):
            raise DeliveryError(f"whether tag {name} is free cannot be determined: {refs.why}{_hint(refs)}")
        if isinstance(refs, Refs) and (found := [one for one in names if refs.tag(one)]):
            at = str(refs.tag(found[0]))[:12]
            raise DeliveryError(f"tag {found[0]} exists already in {refs.source}, at {at}; nothing was changed")
    return remote


def _hint(seen: Unseen) -> str:
    return f" ({seen.remedy})" if seen.remedy else ""
