"""The policy of one run: defaults, then each file and its part for `--env`, the bases first, then the variables."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from release_sentinel.config import file as policy_file
from release_sentinel.config import variables
from release_sentinel.config.bases import below
from release_sentinel.config.breaches import broken
from release_sentinel.config.kinds import ENVIRONMENTS, nearest
from release_sentinel.config.layers import Layer, of_file, of_options, of_variables, setter
from release_sentinel.config.locks import Gates, Lock, Step, lock_of, problems_of
from release_sentinel.config.model import LOCAL, NEEDED_BY, LayerRules, Policy, Required
from release_sentinel.config.packs import PackParts, Packs, policy_of, rules_in, unread
from release_sentinel.config.read import UNREADABLE, KeyPath, Problem, Reading, dotted, keys, leaves, seen, shown_key
from release_sentinel.config.targets import Target
from release_sentinel.config.variables import Variable
from release_sentinel.errors import InvalidPolicyError
from release_sentinel.sentences import words_of

SHOWN = 100  # problems of a policy, at most
NOT_BY_ENV = ("environments", "packs", *keys(LayerRules))  # what a part for one environment cannot set
DEFAULT = "default"
_SETTINGS: KeyPath = ("required", "settings")
ANY_GATES = Gates()


class Loaded(Struct, frozen=True, dict=True):
    """A policy, the name of the repository's own file or the one in its place, all files, and the layers that set it.

    The files are in the order of their precedence, the bases first.
    """

    policy: Policy
    file: str = ""
    files: Sequence[policy_file.Source] = ()
    layers: Sequence[Layer] = ()
    locks: Sequence[Lock] = ()

    def lock_of(self, path: KeyPath) -> str:
        """Return how a key is locked: `locked by base.toml:3`; or a blank."""
        key = ".".join(part for part in path if isinstance(part, str))
        names = [key[:end] for end in (len(key), *(match.start() for match in re.finditer(r"\.", key)))]
        found = ((lock, word) for lock in self.locks for name in names if (word := lock.because(name)))
        return next((f"{word}{lock.unset(path)}" for lock, word in found), "")

    @property
    def text(self) -> str:
        """What all files say."""
        return "\n".join(source.text for source in self.files)

    @cached_property
    def sources(self) -> Mapping[KeyPath, str]:
        """Where each value came from, by the path of its key."""
        values = {path: value for path, _, value in leaves(self.policy)}
        return {path: self._source(path, values) for path in values}

    def _source(self, path: KeyPath, values: Mapping[KeyPath, Any]) -> str:
        for layer in reversed(self.layers):
            if layer.sets(path):
                return layer.source(path)
        if path == _SETTINGS and values[path] != Required().settings:
            return f"{DEFAULT}, without what only gates need that are switched off"
        crit = (*path[:-1], "crit")
        lowered = path[-1] == "warn" and any(layer.sets(crit) for layer in self.layers)
        if lowered and values.get(crit) == values[path]:
            return f"{DEFAULT}, lowered to {dotted(crit)}"
        return DEFAULT


def load_policy(environ: Mapping[str, str] | None = None, repository: Path | None = None) -> Policy:
    """Return the policy for no environment in particular; see `load`."""
    return load(environ, repository=repository).policy


def load(
    environ: Mapping[str, str] | None = None,
    *,
    repository: Path | None = None,
    file: Path | None = None,
    directory: Path | None = None,
    env: str = "",
    gates: Gates = ANY_GATES,
    packs: Packs = unread,
    options: Mapping[str, tuple[str, Any]] = MappingProxyType({}),
    now: datetime | None = None,
) -> Loaded:
    """Build the policy for the environment `env` from the policy files and the `RS_*` variables of `environ`.

    The file is `file`, or the one of `repository`, in which `directory` is the working directory; it is above its
    bases. `gates` are the built-in ones; without them any id is accepted. `packs` is asked once for what the gate packs
    of the policy add to it. `options` of the command line are held against the locks of the files: the flag and the
    value, by the key. `now` is the moment from which waivers are counted.

    Raises `InvalidPolicyError`, which names everything that is not valid, in the parts for other environments too.
    """
    environ = os.environ if environ is None else environ
    files, problems = _files(environ, repository, file, directory), []
    texts = "\n".join(one.source.text for one in files)
    for one in files:
        problems += one.problems
    values, refused = variables.read(environ)
    problems += refused
    everywhere = {variable: value for variable, value in values.items() if variable.path in NOT_BY_ENV}
    check = _Validation(gates.kinds, problems, packs)
    stacks = {"": _Stack(files, "", everywhere)}
    common = stacks[""]
    policy = check.read(common.document, common.layers)
    if list(policy.environments) == common.document.get("environments", list(policy.environments)):
        problems += _mismatches(files, policy)  # else the environments are not valid
    for name in dict.fromkeys(name for one in files for name in one.parts):
        if any(one.parts.get(name) for one in files):
            stacks[name] = _Stack(files, name, everywhere)
            check.read(stacks[name].document, stacks[name].layers)
    chosen = stacks.get(env, common)
    layers = [*chosen.layers, of_variables(values)]
    rest = {variable: value for variable, value in values.items() if variable not in everywhere}
    policy = _needed(check.read(_with(chosen.document, rest), layers), layers)
    locks: list[Lock] = []
    if any(one.rules != LayerRules(extends=one.rules.extends) for one in files):
        asked: dict[KeyPath, tuple[str, Any]] = {tuple(key.split(".")): said for key, said in options.items()}
        above = _Above(values, asked, now or datetime.now(UTC))
        known = gates._replace(kinds={**gates.kinds, **check.gates_of_packs})
        for name, stack in stacks.items():
            found, sentences = _broken(files, stack, check, above, known)
            problems += sentences
            locks = found if name == env or not locks else locks
    if problems:
        told = list(dict.fromkeys(problems))
        more = [f"and {len(told) - SHOWN} more problems"] if len(told) > SHOWN else []
        raise InvalidPolicyError([*told[:SHOWN], *more], texts)
    named = [one.source for one in files if one.source.name]
    return Loaded(policy, files[-1].source.name, tuple(named), layers, locks)


class _File(Struct):
    """One policy file: what applies everywhere, what applies to one environment each, and what it says of layers."""

    source: policy_file.Source
    common: dict[str, Any]
    parts: dict[str, dict[str, Any]]
    rules: LayerRules
    problems: list[str]


class _Stack:
    """What the files say for an environment, one above the other, and what variables say for all environments."""

    def __init__(self, files: Sequence[_File], env: str, everywhere: Mapping[Variable, Any]) -> None:
        document: dict[str, Any] = {}
        self.layers: list[Layer] = []
        self.steps: list[tuple[list[Layer], dict[str, Any]]] = []  # what there is after each layer
        self.ends: list[int] = []  # the step after which each file has said all
        for one in files:
            part = one.parts.get(env, {})
            for layer, said in ((of_file(one.source, one.common), one.common), (of_file(one.source, part, env), part)):
                if said or said is one.common:
                    document = merged(document, said)
                    self.layers.append(layer)
                    self.steps.append(([*self.layers], document))
            self.ends.append(len(self.steps) - 1)
        self.document = _with(document, everywhere)
        self.layers.append(of_variables(everywhere))


class _Above(NamedTuple):
    """What is above all files: the variables, and the options with their flags."""

    values: Mapping[Variable, Any]
    options: Mapping[KeyPath, tuple[str, Any]]
    now: datetime


def _broken(
    files: Sequence[_File],
    stack: _Stack,
    check: "_Validation",
    above: _Above,
    gates: Gates,
) -> tuple[list[Lock], list[str]]:
    """Return the locks of the files, and what is wrong with them or breaks them."""
    steps = [Step(layers, _needed(check.quietly(document, layers), layers)) for layers, document in stack.steps]
    whole = [*stack.layers, of_variables(above.values)]
    steps.append(Step(whole, _needed(check.quietly(_with(stack.document, above.values), whole), whole)))
    if above.options:
        flags = of_options({path: flag for path, (flag, _) in above.options.items()})
        steps.append(Step([*whole, flags], _asked(steps[-1].policy, above.options)))
    locks: list[Lock] = []
    problems: list[str] = []
    for one, end in zip(files, stack.ends, strict=True):
        problems += problems_of(one.source, one.rules, gates.kinds, type(steps[-1].policy))
        below = locks[-1] if locks else None
        locks.append(lock_of(one.source, one.rules, steps[end], below, gates))
        problems += broken(locks[-1], steps[end + 1 :], above.now)
    return locks, problems


def _asked(policy: Policy, options: Mapping[KeyPath, tuple[str, Any]]) -> Policy:
    """Return a policy with what options of the command line say."""
    for path, (_, value) in options.items():
        policy = _replaced(policy, path, value)
    return policy


def _replaced(record: Any, path: KeyPath, value: Any) -> Any:
    name, *rest = map(str, path)
    old = getattr(record, name)
    if not rest and isinstance(value, tuple):
        value = (*old, *value)
    return replace(record, **{name: _replaced(old, tuple(rest), value) if rest else value})


def _needed(policy: Policy, layers: Sequence[Layer]) -> Policy:
    """Return a policy that requires no setting of a gate that is switched off, unless it names the setting itself."""
    if any(layer.sets(_SETTINGS) for layer in layers):
        return policy
    spare = {*policy.disable, *(["process"] if policy.skip_local_host else [])}
    settings = tuple(name for name in policy.required.settings if NEEDED_BY.get(name) not in spare)
    return replace(policy, required=replace(policy.required, settings=settings))


def _files(
    environ: Mapping[str, str], repository: Path | None, file: Path | None, directory: Path | None
) -> list[_File]:
    """Return the policy files of a run, the bases first; the last one is the repository's own, or the one named.

    A file that is named takes the place of the repository's own, and stands above the bases of that one as well.
    """

    def bases(*sources: policy_file.Source) -> list[policy_file.Source]:
        return below(*sources, environ=environ, repository=repository)

    if file:
        named = policy_file.read(file)
        others = policy_file.replaced(repository) if repository else []
        sources = [*(base for base in bases(*others, named) if base.key != named.key), named]
    else:
        own = policy_file.find(repository, directory, bases) if repository else policy_file.Source()
        sources = [*bases(own), own]
    return [_split(source) for source in sources]


def _split(source: policy_file.Source) -> _File:
    """Split a file into what applies everywhere, what applies to one environment each, and what it says of layers."""
    common = dict(source.document)
    limits = isinstance(common.get("waivers"), dict)  # in place of the waivers themselves
    said = {key: common.pop(key) for key in keys(LayerRules) if key in common and (key != "waivers" or limits)}
    rules, wrong = Reading().read(LayerRules, said)
    problems = [f"{source.where(problem.path)}: {dotted(problem.path)} {problem.says}" for problem in wrong]
    problems += _spared_twice(source, common, ())
    tables: dict[str, dict[str, Any]] = {}
    parts = common.pop("env", {})
    if not isinstance(parts, dict):
        problems.append(f"{source.where(('env',))}: env is not a table: write [env.NAME]")
    elif len(parts) > ENVIRONMENTS:
        problems.append(f"{source.where(('env',))}: env has {len(parts)} parts, expected at most {ENVIRONMENTS}")
    else:
        for name, part in parts.items():
            problems += [f"{source.where(('env', name, *key))}: env.{says}" for key, says in _part_problems(name, part)]
            if isinstance(part, dict):
                problems += _spared_twice(source, part, ("env", name))
                tables[name] = {key: value for key, value in part.items() if key not in {*NOT_BY_ENV, "env"}}
    return _File(source, common, tables, rules, problems)


def _spared_twice(source: policy_file.Source, said: Mapping[str, Any], table: KeyPath) -> Iterator[str]:
    """Yield the gates that one table both switches off and advises; a file above may switch off what a base advises."""
    disabled, advised = ({**one} if isinstance(one := said.get(key), dict) else {} for key in ("disable", "advise"))
    for gate in advised:
        if gate.partition("[")[0] in disabled:
            path = (*table, "advise", gate)
            yield f"{source.where(path)}: {dotted(path)} is advised, and switched off by disable: keep one of the two"


def _part_problems(name: str, part: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield what is wrong with the shape of a part for one environment: at which key, and how."""
    if not isinstance(part, dict):
        yield (), f"{shown_key(name)} is not a table: write [env.{shown_key(name)}]"
        return
    for key in part:
        if key in NOT_BY_ENV:
            yield (key,), f"{shown_key(name)}.{key} cannot be set: {key} apply to all environments"
    if "env" in part:
        yield (), f"{shown_key(name)}.env is set, but a part cannot contain parts"


def _mismatches(files: Sequence[_File], policy: Policy) -> Iterator[str]:
    """Yield the environments that no file has a part for, where one has any, and the parts without an environment."""
    named = {name for one in files for name in one.parts}
    for name in policy.environments if named else ():
        if name not in named:
            top = next(one.source.name for one in reversed(files) if one.source.name)
            yield f"{top}: environment {name} has no rules: write [env.{name}], which may be empty"
    for one in files:
        for name in one.parts:
            if name not in policy.environments:
                names = f"{', '.join(policy.environments)}{nearest(name, policy.environments)}"
                place = one.source.where(("env", name))
                yield f"{place}: env.{shown_key(name)} is not an environment, expected one of {names}"


class _Validation:
    """Validates the documents of one load, each once, and collects what is wrong with them."""

    def __init__(self, gates: Mapping[str, type[Target] | None], problems: list[str], packs: Packs) -> None:
        self._gates, self._problems, self._packs = gates, problems, packs
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
        reported = set(self._problems)
        sentences = [
            _sentence(problem, layers) for problem in (*found, *_gate_problems(policy, self._gates, self._parts))
        ]
        self._problems += [text for text in sentences if text not in reported]
        self._known.append((document, policy))
        return policy

    @property
    def gates_of_packs(self) -> dict[str, None]:
        """The ids of the gates of the policy's packs, none of which has targets of its own."""
        return {gate: None for parts in self._parts.values() for gate in parts.gates}

    def quietly(self, document: Mapping[str, Any], layers: Sequence[Layer]) -> Policy:
        """Return the policy of some layers; what contradicts itself there may be made good by one above."""
        policy, found = self._read(document)
        self._problems += [_sentence(problem, layers) for problem in found if problem.unreadable]
        return policy

    def _read(self, document: Mapping[str, Any]) -> tuple[Policy, list[Problem]]:
        """Return the policy that a document makes, and what is wrong with it. Packs are those of the first document."""
        if self._kind is None:
            rules = rules_in(document)
            self._parts = self._packs(rules) if rules else {}
            self._kind = policy_of(document, self._parts)
        try:
            policy, found = self._reading.read(self._kind, document)
        except Exception as error:
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


def merged(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return one document of two: tables are merged, everything else is replaced."""
    if not above:
        return below
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        result[key] = merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result


def _with(document: dict[str, Any], values: Mapping[Variable, Any]) -> dict[str, Any]:
    """Return `document` with what variables set; what is not a table is replaced by one."""
    if not values:
        return document
    result = dict(document)
    for variable, value in values.items():
        table = result
        for key in variable.key[:-1]:
            inner = table.get(key)
            table[key] = table = dict(inner) if isinstance(inner, Mapping) else {}
        table[variable.key[-1]] = value
    return result
