"""The validation of the documents of one load: each once, with a sentence for whatever is wrong with them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from release_sentinel.config.kinds import nearest
from release_sentinel.config.layers import Layer, setter
from release_sentinel.config.model import LOCAL, Policy
from release_sentinel.config.packs import PackParts, Packs, policy_of, rules_in
from release_sentinel.config.read import UNREADABLE, KeyPath, Problem, Reading, seen
from release_sentinel.config.targets import Target
from release_sentinel.sentences import words_of


class Validation:
    """Validates the documents of one load, each once, and collects what is wrong with them."""

    def __init__(self, gates: Mapping[str, type[Target] | None], packs: Packs, problems: Iterable[str]) -> None:
        self._gates, self._packs = gates, packs
        self.problems = list(problems)  # a sentence each
        self._parts: Mapping[str, PackParts] = {}
        self._kind: type[Policy] | None = None
        self._reading = Reading()
        self._known: list[tuple[Any, Policy]] = []

    def read(self, document: Mapping[str, Any], layers: Sequence[Layer]) -> Policy:
        """Return the policy that a merged document makes."""
        for known, made in self._known:
            if known is document:
                return made
        policy, found = self._read(document)
        reported = set(self.problems)
        sentences = [
            _sentence(problem, layers) for problem in (*found, *_gate_problems(policy, self._gates, self._parts))
        ]
        self.problems += [text for text in sentences if text not in reported]
        self._known.append((document, policy))
        return policy

    @property
    def gates_of_packs(self) -> dict[str, None]:
        """The ids of the gates of the policy's packs, none of which has targets of its own."""
        return {gate: None for parts in self._parts.values() for gate in parts.gates}

    def quietly(self, document: Mapping[str, Any], layers: Sequence[Layer]) -> Policy:
        """Return the policy of some layers; what contradicts itself there may be made good by one above."""
        policy, found = self._read(document)
        self.problems += [_sentence(problem, layers) for problem in found if problem.unreadable]
        return policy

    def _read(self, document: Mapping[str, Any]) -> tuple[Policy, list[Problem]]:
        """Return the policy that a document makes, and what is wrong with it. Packs are those of the first document."""
        if self._kind is None:
            rules = rules_in(document)
            self._parts = self._packs(rules) if rules else {}
            self._kind = policy_of(document, self._parts)
        try:
            policy, found = self._reading.read(self._kind, document)
        except BaseException as error:
            if not self._parts:
                raise
            words = f"{type(error).__name__}: {words_of(error)}"  # of a record of theirs, which has code of its own
            return Policy(), [Problem(("packs",), f"have settings that cannot be read: {words}", unreadable=True)]
        return policy, found  # every key has a default, so there always is one


def _gate_problems(
    policy: Policy, gates: Mapping[str, type[Target] | None], packs: Mapping[str, PackParts]
) -> Iterator[Problem]:
    """Yield the ids that neither a built-in gate nor one of a pack has, and the gates that have no target."""
    known = {*gates, *(gate for parts in packs.values() for gate in parts.gates)}
    unread_packs = tuple(f"{name}." for name in policy.packs if name not in packs)
    wanted: list[tuple[KeyPath, Any]] = [(("enable", number), gate) for number, gate in enumerate(policy.enable)]
    wanted += [(("disable", gate), gate) for gate in policy.disable]
    for path, gate in wanted if gates else ():
        if gate not in known and not gate.startswith(unread_packs):
            more = ", and not one of a pack" if packs else ""
            yield Problem(path, f"names {seen(gate)}, which is not a built-in gate{more}{nearest(gate, known)}")
    for gate in policy.enable:
        kind = gates.get(gate)
        if not kind or policy.targets(kind):
            continue
        key = "hosts" if policy.skip_local_host and kind in LOCAL else Policy.list_of(kind)
        if UNREADABLE not in getattr(policy, key):
            yield Problem(("enable",), f"asks for the gate {gate}, expected something to judge under `{key}`")


def _sentence(problem: Problem, layers: Sequence[Layer]) -> str:
    layer = setter(problem.path, layers) or layers[0]
    other = (setter(problem.other, layers) or layers[0]).name(problem.other) if problem.other else ""
    return f"{layer.key(problem.path)} {problem.says}{other}{problem.ends}"
