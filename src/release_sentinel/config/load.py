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
from release_sentinel.config.layers import Layer, of_options, of_variables
from release_sentinel.config.locks import Gates, LayeredPolicy, Lock, lock_of, problems_of
from release_sentinel.config.model import NEEDED_BY, LayerRules, Policy, Required
from release_sentinel.config.packs import Packs, unread
from release_sentinel.config.parts import NOT_BY_ENV, Parts, Stack, mismatches, split, with_variables
from release_sentinel.config.read import KeyPath, dotted, leaves
from release_sentinel.config.validation import Validation
from release_sentinel.config.variables import Variable
from release_sentinel.errors import InvalidPolicyError

SHOWN = 100  # problems of a policy, at most
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
            return f"{DEFAULT}, without the settings of gates that are switched off"
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
    files, chain = _files(environ, repository, file, directory)
    values, refused = variables.read(environ)
    everywhere = {variable: value for variable, value in values.items() if variable.path in NOT_BY_ENV}
    check = Validation(gates.kinds, packs, [*(problem for one in files for problem in one.problems), *refused])
    stacks = _stacks(files, everywhere, check)
    chosen = stacks.get(env, stacks[""])
    layers = [*chosen.layers, of_variables(values)]
    rest = {variable: value for variable, value in values.items() if variable not in everywhere}
    policy = _needed(check.read(with_variables(chosen.document, rest), layers), layers)
    locks: Mapping[str, Sequence[Lock]] = {}
    if any(one.rules != LayerRules(extends=one.rules.extends) for one in files):
        above = _Above(values, options, now or datetime.now(UTC))
        known = gates._replace(kinds={**gates.kinds, **check.gates_of_packs})
        locks = {name: _locks(files, stack, check, above, known) for name, stack in stacks.items()}
        for name, stack in stacks.items() if chain else ():
            _hold_to(chain, Stack(chain, name, everywhere), stack, check, above, known)
    if check.problems:
        raise _refusal(check.problems, files)
    named = {one.source.key: one.source for one in files if one.source.name}
    return Loaded(policy, files[-1].source.name, tuple(named.values()), layers, locks.get(env, locks.get("", ())))


def _stacks(files: Sequence[Parts], everywhere: Mapping[Variable, Any], check: Validation) -> dict[str, Stack]:
    """Return what the files say, validated: for each environment with a part, and by a blank for all others."""
    common = Stack(files, "", everywhere)
    policy = check.read(common.document, common.layers)
    if list(policy.environments) == common.document.get("environments", list(policy.environments)):
        check.problems += mismatches(files, policy)  # else the environments are not valid
    stacks = {"": common}
    for name in dict.fromkeys(name for one in files for name in one.by_env):
        if any(one.by_env.get(name) for one in files):
            stacks[name] = Stack(files, name, everywhere)
            check.read(stacks[name].document, stacks[name].layers)
    return stacks


def _refusal(problems: Sequence[str], files: Sequence[Parts]) -> InvalidPolicyError:
    told = list(dict.fromkeys(problems))
    more = [f"and {len(told) - SHOWN} more problems"] if len(told) > SHOWN else []
    return InvalidPolicyError([*told[:SHOWN], *more], "\n".join(one.source.text for one in files))


class _Above(NamedTuple):
    """What is above all files: the variables, and the options with their flags."""

    values: Mapping[Variable, Any]
    options: Mapping[str, tuple[str, Any]]
    now: datetime


def _locks(files: Sequence[Parts], stack: Stack, check: Validation, above: _Above, gates: Gates) -> list[Lock]:
    """Return the locks of the files; what is wrong with them or breaks them is told to `check`."""
    locks: list[Lock] = []
    steps = list(_steps(stack, check, above))
    for one, end in zip(files, stack.ends, strict=True):
        check.problems += problems_of(one.source, one.rules, gates.kinds, type(steps[-1].policy))
        locks.append(lock_of(one.source, one.rules, steps[end], locks[-1] if locks else None, gates))
        check.problems += broken(locks[-1], steps[end + 1 :], above.now)
    return locks


def _hold_to(chain: Sequence[Parts], own: Stack, stack: Stack, check: Validation, above: _Above, gates: Gates) -> None:
    """Tell `check` how the whole policy is looser than the locks of a named file and its bases allow.

    They begin at what these files say alone. A key that none of them sets may be stricter.
    """
    steps = list(_steps(own, check, above))
    whole = [step._replace(is_whole=True) for step in list(_steps(stack, check, above))[stack.ends[-1] :]]
    lock: Lock | None = None
    for one, end in zip(chain, own.ends, strict=True):
        lock = lock_of(one.source, one.rules, steps[end], lock, gates)
        check.problems += broken(lock, whole, above.now)


def _steps(stack: Stack, check: Validation, above: _Above) -> Iterator[LayeredPolicy]:
    """Yield each layer with the policy that it makes: those of the files, the variables, the options."""
    whole = [*stack.layers, of_variables(above.values)]
    for layers, document in (*stack.steps, (whole, with_variables(stack.document, above.values))):
        policy = check.quietly(document, layers)  # with the settings of gates that are switched off: none changed them
        yield LayeredPolicy(layers, policy)
    if above.options:
        asked: dict[KeyPath, tuple[str, Any]] = {tuple(key.split(".")): said for key, said in above.options.items()}
        flags = of_options({path: flag for path, (flag, _) in asked.items()})
        yield LayeredPolicy([*whole, flags], _asked(policy, asked))


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
) -> tuple[list[Parts], list[Parts]]:
    """Return the policy files of a run, the bases first; the last one is the repository's own, or the one named.

    A file that is named takes the place of the repository's own, and stands above the bases of that one as well. Where
    there are any, the named file and its bases are returned besides: their locks must not begin at what the others make
    of the policy. It may be one of those bases, too.
    """

    def bases(*sources: policy_file.Source) -> list[policy_file.Source]:
        return below(*sources, environ=environ, repository=repository)

    if not file:
        own = policy_file.find(repository, directory, bases) if repository else policy_file.Source()
        return [split(source) for source in (*bases(own), own)], []
    named = policy_file.read(file)
    others = policy_file.replaced(repository) if repository else []
    found, chain = bases(*others, named), [*bases(named), named]
    foreign = {one.key for one in found} - {one.key for one in chain}
    return [split(source) for source in (*found, named)], [split(source) for source in (chain if foreign else [])]
