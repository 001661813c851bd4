"""A policy file in parts: what applies everywhere, and to one environment each; and how those of all files add up."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from release_sentinel.config.file import Source
from release_sentinel.config.kinds import ENVIRONMENTS, nearest
from release_sentinel.config.layers import Layer, of_file, of_variables
from release_sentinel.config.model import LayerRules, Policy
from release_sentinel.config.read import KeyPath, Reading, dotted, keys, shown_key
from release_sentinel.config.variables import Variable

NOT_BY_ENV = ("environments", "packs", *keys(LayerRules))  # what a part for one environment cannot set


class Parts(Struct):
    """One policy file: what applies everywhere, what applies to one environment each, and what it says of layers."""

    source: Source
    common: dict[str, Any]
    by_env: dict[str, dict[str, Any]]
    rules: LayerRules
    problems: list[str]


def split(source: Source) -> Parts:
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
    return Parts(source, common, tables, rules, problems)


def _spared_twice(source: Source, said: Mapping[str, Any], table: KeyPath) -> Iterator[str]:
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
            yield (key,), f"{shown_key(name)}.{key} is set, expected outside of [env]: it holds for all environments"
    if "env" in part:
        yield (), f"{shown_key(name)}.env is set, expected no parts within a part: write [env.NAME]"


def mismatches(files: Sequence[Parts], policy: Policy) -> Iterator[str]:
    """Yield the environments that no file has a part for, where one has any, and the parts without an environment."""
    named = {name for one in files for name in one.by_env}
    for name in policy.environments if named else ():
        if name not in named:
            top = next(one.source.name for one in reversed(files) if one.source.name)
            yield f"{top}: environment {name} has no rules: write [env.{name}], which may be empty"
    for one in files:
        for name in one.by_env:
            if name not in policy.environments:
                names = f"{', '.join(policy.environments)}{nearest(name, policy.environments)}"
                place = one.source.where(("env", name))
                yield f"{place}: env.{shown_key(name)} is not an environment, expected one of {names}"


class Stack:
    """What the files say for an environment, one above the other, and what variables say for all environments."""

    def __init__(self, files: Sequence[Parts], env: str, everywhere: Mapping[Variable, Any]) -> None:
        document: dict[str, Any] = {}
        self.layers: list[Layer] = []
        self.steps: list[tuple[list[Layer], dict[str, Any]]] = []  # what there is after each layer
        self.ends: list[int] = []  # the step after which each file has said all
        for one in files:
            part = one.by_env.get(env, {})
            for layer, said in ((of_file(one.source, one.common), one.common), (of_file(one.source, part, env), part)):
                if said or said is one.common:
                    document = merged(document, said)
                    self.layers.append(layer)
                    self.steps.append(([*self.layers], document))
            self.ends.append(len(self.steps) - 1)
        self.document = with_variables(document, everywhere)
        self.layers.append(of_variables(everywhere))


def merged(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return one document of two: tables are merged, everything else is replaced."""
    if not above:
        return below
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        result[key] = merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result


def with_variables(document: dict[str, Any], values: Mapping[Variable, Any]) -> dict[str, Any]:
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
