"""The policy of one run: defaults, then the file, then the file's part for `--env`, then the `RS_*` variables."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from release_sentinel.config import file as policy_file
from release_sentinel.config import variables
from release_sentinel.config.kinds import ENVIRONMENTS, nearest
from release_sentinel.config.model import NEEDED_BY, Policy, Required
from release_sentinel.config.read import KeyPath, Problem, Reading, dotted, leaves, seen, shown_key
from release_sentinel.config.targets import Target
from release_sentinel.config.variables import Variable
from release_sentinel.errors import InvalidPolicyError

SHOWN = 100  # problems of a policy, at most
NOT_BY_ENV = ("environments", "waivers")  # what a part for one environment cannot set
DEFAULT = "default"
_SETTINGS: KeyPath = ("required", "settings")
ANY_GATES: Mapping[str, type[Target] | None] = MappingProxyType({})


class Layer(Struct, frozen=True):
    """One source of settings; several are in the order of their precedence."""

    sets: Callable[[KeyPath], bool]
    name: Callable[[KeyPath], str]  # of a key, as messages show it
    source: Callable[[KeyPath], str]
    place: Callable[[KeyPath], str]  # file and line, where there are any


class Loaded(Struct, frozen=True, dict=True):
    """A policy, the file that it came from, if there was one, and the layers that set it."""

    policy: Policy
    file: str = ""
    sha256: str = ""
    layers: Sequence[Layer] = ()
    source: policy_file.Source = policy_file.Source()

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
    gates: Mapping[str, type[Target] | None] = ANY_GATES,
) -> Loaded:
    """Build the policy for the environment `env` from the policy file and the `RS_*` variables of `environ`.

    The file is `file`, or the one of `repository`, in which `directory` is the working directory. `gates` are the ids
    of the built-in gates, each with the class of its targets; without them any id is accepted. Raises
    `InvalidPolicyError`, which names everything that is not valid, in the parts for other environments too.
    """
    source = _source(file, repository, directory)
    common, parts, problems = _split(source)
    values, refused = variables.read(os.environ if environ is None else environ)
    problems += refused
    everywhere = {variable: value for variable, value in values.items() if variable.path in NOT_BY_ENV}
    rest = {variable: value for variable, value in values.items() if variable not in everywhere}
    common = _with(common, everywhere)
    base = [_of_file(source, source.document), _of_variables(everywhere)]
    check = _Validation(gates, problems)
    policy = check.read(common, base)
    if list(policy.environments) == common.get("environments", list(policy.environments)):  # else they are not valid
        problems += _mismatches(source, parts, policy)
    document, layers = common, base
    for name, part in parts.items():
        whole, above = merged(common, part), [*base, _of_file(source, part, name)]
        check.read(whole, above)
        if name == env:
            document, layers = whole, above
    layers = [*layers, _of_variables(values)]
    policy = _needed(check.read(_with(document, rest), layers), layers)
    if problems:
        told = list(dict.fromkeys(problems))
        more = [f"and {len(told) - SHOWN} more problems"] if len(told) > SHOWN else []
        raise InvalidPolicyError([*told[:SHOWN], *more], source.text)
    return Loaded(policy, source.name, source.sha256, layers, source)


def _needed(policy: Policy, layers: Sequence[Layer]) -> Policy:
    """Return a policy that requires no setting of a gate that is switched off, unless it names the setting itself."""
    if any(layer.sets(_SETTINGS) for layer in layers):
        return policy
    spare = {*policy.disable, *(["process"] if policy.skip_local_host else [])}
    settings = tuple(name for name in policy.required.settings if NEEDED_BY.get(name) not in spare)
    return replace(policy, required=replace(policy.required, settings=settings))


def _source(file: Path | None, repository: Path | None, directory: Path | None) -> policy_file.Source:
    if file:
        return policy_file.read(file)
    return policy_file.find(repository, directory) if repository else policy_file.Source()


def _split(source: policy_file.Source) -> tuple[dict[str, Any], dict[str, dict[str, Any]], list[str]]:
    """Split a file into what applies everywhere and what applies to one environment each."""
    common, problems = dict(source.document), []
    parts = common.pop("env", {})
    if not isinstance(parts, dict):
        return common, {}, [f"{source.where(('env',))}: env is not a table: write [env.NAME]"]
    if len(parts) > ENVIRONMENTS:
        return common, {}, [f"{source.where(('env',))}: env has {len(parts)} parts, expected at most {ENVIRONMENTS}"]
    tables: dict[str, dict[str, Any]] = {}
    for name, part in parts.items():
        problems += [f"{source.where(('env', name, *key))}: env.{says}" for key, says in _part_problems(name, part)]
        if isinstance(part, dict):
            tables[name] = {key: value for key, value in part.items() if key not in {*NOT_BY_ENV, "env"}}
    return common, tables, problems


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


def _mismatches(source: policy_file.Source, parts: Mapping[str, Any], policy: Policy) -> Iterator[str]:
    """Yield the environments without a part in the file, and the parts without an environment."""
    if not parts:
        return
    for name in policy.environments:
        if name not in parts:
            yield f"{source.name}: environment {name} has no rules: write [env.{name}], which may be empty"
    for name in parts:
        if name not in policy.environments:
            names = f"{', '.join(policy.environments)}{nearest(name, policy.environments)}"
            yield f"{source.where(('env', name))}: env.{shown_key(name)} is not an environment, expected one of {names}"


class _Validation:
    """Validates the documents of one load, each once, and collects what is wrong with them."""

    def __init__(self, gates: Mapping[str, type[Target] | None], problems: list[str]) -> None:
        self._gates, self._problems = gates, problems
        self._reading = Reading()
        self._known: list[tuple[Any, Policy]] = []

    def read(self, document: Mapping[str, Any], layers: Sequence[Layer]) -> Policy:
        """Return the policy that a merged document makes."""
        for known, made in self._known:
            if known is document:
                return made
        policy: Policy  # every key has a default, so there always is one
        policy, found = self._reading.read(Policy, document)
        reported = set(self._problems)
        sentences = [_sentence(problem, layers) for problem in (*found, *_gate_problems(policy, self._gates))]
        self._problems += [text for text in sentences if text not in reported]
        self._known.append((document, policy))
        return policy


def _gate_problems(policy: Policy, gates: Mapping[str, type[Target] | None]) -> Iterator[Problem]:
    """Yield the ids that no built-in gate has, and the gates that are asked for and have no target."""
    wanted: list[tuple[KeyPath, Any]] = [(("enable", number), gate) for number, gate in enumerate(policy.enable)]
    wanted += [(("disable", gate), gate) for gate in policy.disable]
    for path, gate in wanted if gates else ():
        if gate not in gates:
            yield Problem(path, f"names {seen(gate)}, which is not a built-in gate{nearest(gate, gates)}")
    for gate in policy.enable:
        kind = gates.get(gate)
        key = Policy.list_of(kind) if kind else ""
        if kind and not policy.targets(kind) and not getattr(policy, key):  # it may hold entries that are not valid
            yield Problem(("enable",), f"asks for the gate {gate}, expected something to judge under `{key}`")


def _sentence(problem: Problem, layers: Sequence[Layer]) -> str:
    layer = _setter(problem.path, layers)
    place = layer.place(problem.path)
    other = _setter(problem.other, layers).name(problem.other) if problem.other else ""
    return f"{place}{': ' if place else ''}{layer.name(problem.path)} {problem.says}{other}{problem.ends}"


def _setter(path: KeyPath, layers: Sequence[Layer]) -> Layer:
    """Return the layer that set a key, or else the table that holds it."""
    for end in range(len(path), 0, -1):
        for layer in reversed(layers):
            if layer.sets(path[:end]):
                return layer
    return layers[0]


def _of_file(source: policy_file.Source, document: Mapping[str, Any], env: str = "") -> Layer:
    """Return what a file sets by `document`, for all environments or for one."""
    part: KeyPath = ("env", env) if env else ()
    note = f" [env.{env}]" if env else ""
    return Layer(
        sets=lambda path: _holds(document, path),
        name=lambda path: dotted((*part, *path)),
        source=lambda path: f"{source.where((*part, *path))}{note}",
        place=lambda path: source.where((*part, *path)),
    )


def _of_variables(values: Iterable[Variable]) -> Layer:
    """Return what variables set."""
    names: dict[KeyPath, str] = {variable.key: variable.name for variable in values}

    def name(path: KeyPath) -> str:
        return next((names[path[:end]] for end in range(len(path), 0, -1) if path[:end] in names), "")

    return Layer(sets=lambda path: bool(name(path)), name=name, source=name, place=lambda _: "")


def _holds(document: Any, path: KeyPath) -> bool:
    for part in path:
        if isinstance(part, int):
            if not isinstance(document, list) or part >= len(document):
                return False
        elif isinstance(document, str):  # the value of one key stands for its table
            return part == "name"
        elif not isinstance(document, Mapping) or part not in document:
            return False
        document = document[part]
    return True


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
