"""The policy of one run: defaults, under the file, under the file's part for `--env`, under the `RS_*` variables."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

from release_sentinel.config import toml, variables
from release_sentinel.config.convert import Problem, Reading
from release_sentinel.config.fields import KeyPath, dotted
from release_sentinel.config.kinds import WeekTime, nearest
from release_sentinel.config.layers import Layer, merged, of_file, of_variables, put, setter
from release_sentinel.config.model import Policy
from release_sentinel.errors import InvalidPolicyError

NOT_BY_ENV = ("environments", "waivers")  # what a part for one environment cannot set
DEFAULT = "default"


@dataclass(frozen=True)
class Loaded:
    """A policy, and where each of its values came from, by the path of its key; and the file, if there was one."""

    policy: Policy
    sources: Mapping[KeyPath, str] = field(default_factory=dict)
    file: str = ""
    sha256: str = ""


def load_policy(environ: Mapping[str, str] | None = None, repository: Path | None = None) -> Policy:
    """Return the policy for no environment in particular; see `load`."""
    return load(environ, repository=repository).policy


def load(
    environ: Mapping[str, str] | None = None,
    *,
    repository: Path | None = None,
    file: Path | None = None,
    env: str = "",
    gates: Collection[str] = (),
) -> Loaded:
    """Build the policy for the environment `env` from the policy file and the `RS_*` variables of `environ`.

    The file is `file`, or the one of `repository`. `gates` are the ids of the built-in gates; none: any will do.
    Raises `InvalidPolicyError`, which names everything that cannot be meant, in the parts for other environments too.
    """
    source = toml.read(file) if file else toml.find(repository) if repository else toml.Source()
    common, parts, problems = _parted(source)
    values, broken = variables.read(os.environ if environ is None else environ)
    problems += broken
    everywhere = {variable: value for variable, value in values.items() if variable.path in NOT_BY_ENV}
    for variable, value in everywhere.items():
        common = put(common, variable.key, value)
    base = [of_file(source, source.document), of_variables(everywhere)]
    policy = _read(common, base, gates, problems)
    if list(policy.environments) == common.get("environments", list(policy.environments)):  # else they are broken
        problems += _parts_that_are_not_there(source, parts, policy)
    for name, part in parts.items():
        _read(merged(common, part), [*base, of_file(source, part, name)], gates, problems)
    document, layers = common, base
    if env in parts:
        document = merged(common, parts[env])
        layers = [*layers, of_file(source, parts[env], env)]
    for variable, value in values.items():
        document = put(document, variable.key, value)
    layers = [*layers, of_variables(values)]
    policy = _read(document, layers, gates, problems)
    if problems:
        raise InvalidPolicyError(list(dict.fromkeys(problems)))
    sources = {path: _source(policy, path, layers) for path, _ in leaves(policy)}
    return Loaded(policy, sources, source.name, source.sha256)


def leaves(record: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Yield each value of a policy with the path of its key; those of inner tables last, as TOML wants it."""
    inner: list[tuple[KeyPath, Any]] = []
    for one in fields(record):
        value, key = getattr(record, one.name), (*path, one.name.rstrip("_"))
        if isinstance(value, Mapping) and value:
            inner += [((*key, name), item) for name, item in value.items()]
        elif isinstance(value, tuple) and value and _is_record(value[0]):
            inner += [((*key, number), item) for number, item in enumerate(value)]
        elif _is_record(value):
            inner.append((key, value))
        else:
            yield key, value
    for key, value in inner:
        if _is_record(value):
            yield from leaves(value, key)
        else:
            yield key, value


def _is_record(value: object) -> bool:
    """Tell whether a value is a table of its own; a time of the week is one text."""
    return is_dataclass(value) and not isinstance(value, WeekTime)


def _parted(source: toml.Source) -> tuple[dict[str, Any], dict[str, dict[str, Any]], list[str]]:
    """Part a file into what holds everywhere and what holds for one environment each."""
    common, problems = dict(source.document), []
    parts = common.pop("env", {})
    if not isinstance(parts, dict):
        return common, {}, [f"{source.where(('env',))}: env is no table: write [env.NAME]"]
    tables = {}
    for name, part in parts.items():
        where = source.where(("env", name))
        if isinstance(part, dict):
            tables[name] = {key: value for key, value in part.items() if key not in (*NOT_BY_ENV, "env")}
            problems += [
                f"{source.where(('env', name, key))}: env.{name}.{key} cannot be set: {key} hold for all"
                for key in part
                if key in NOT_BY_ENV
            ]
            problems += [f"{where}: env.{name}.env is set, but parts hold no parts"] * ("env" in part)
        else:
            problems.append(f"{where}: env.{name} is no table: write [env.{name}]")
    return common, tables, problems


def _parts_that_are_not_there(source: toml.Source, parts: Mapping[str, Any], policy: Policy) -> Iterator[str]:
    """An environment without rules is an error, and so are rules without an environment."""
    if not parts:
        return
    for name in policy.environments:
        if name not in parts:
            yield f"{source.name}: environment {name} has no rules: write [env.{name}], which may be empty"
    for name in parts:
        if name not in policy.environments:
            names = f"{', '.join(policy.environments)}{nearest(name, policy.environments)}"
            yield f"{source.where(('env', name))}: env.{name} is no environment, expected one of {names}"


def _read(document: Mapping[str, Any], layers: Sequence[Layer], gates: Collection[str], problems: list[str]) -> Policy:
    """Return the policy that a merged document makes; note what is wrong with it."""
    reading = Reading()
    policy: Policy = reading.read(Policy, document)  # every key has a default, so that it is always one
    found = [*reading.problems, *(_unknown_gates(policy, gates) if gates else ())]
    told = set(problems)
    problems += [text for text in (_sentence(problem, layers) for problem in found) if text not in told]
    return policy


def _unknown_gates(policy: Policy, gates: Collection[str]) -> Iterator[Problem]:
    wanted: list[tuple[KeyPath, Any]] = [(("enable", number), gate) for number, gate in enumerate(policy.enable)]
    wanted += [(("disable", gate), gate) for gate in policy.disable]
    for path, gate in wanted:
        if isinstance(gate, str) and gate not in gates:
            yield Problem(path, f"names {gate!r}, which is no built-in gate{nearest(gate, list(gates))}")


def _sentence(problem: Problem, layers: Sequence[Layer]) -> str:
    layer = setter(problem.path, layers)
    place = layer.place(problem.path)
    other = setter(problem.other, layers).name(problem.other) if problem.other else ""
    return f"{place}{': ' if place else ''}{layer.name(problem.path)} {problem.says}{other}{problem.ends}"


def _source(policy: Policy, path: KeyPath, layers: Sequence[Layer]) -> str:
    for layer in reversed(layers):
        if layer.sets(path):
            return layer.source(path)
    below = (*path[:-1], "crit")
    if path[-1] == "warn" and any(layer.sets(below) for layer in layers):
        document = dict(leaves(policy))
        if document.get(below) == document[path]:
            return f"{DEFAULT}, lowered to {dotted(below)}"
    return DEFAULT
