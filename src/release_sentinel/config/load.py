"""The policy of one run: built-in defaults under the `RS_*` variables; what cannot be understood is refused."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from release_sentinel.config import consistency
from release_sentinel.config.model import Policy
from release_sentinel.config.targets import DiskLimits, MemoryLimits, Unlisted
from release_sentinel.config.variables import VARIABLES
from release_sentinel.errors import InvalidPolicyError


def load_policy(environ: Mapping[str, str] | None = None) -> Policy:
    """Build the policy of one run from the defaults and the `RS_*` variables of `environ`.

    Raises `InvalidPolicyError`, which names every variable that cannot be understood.
    """
    environ = os.environ if environ is None else environ
    policy, problems = Policy(), []
    for variable in VARIABLES:
        value = environ.get(variable.name, "").strip()
        if not value:
            continue
        try:
            policy = _put(policy, variable.path, variable.parse(value))
        except ValueError as error:
            problems.append(f"{variable.name} is {value!r}, expected {error}")
    policy = _lower_warnings(policy, environ)
    problems += _contradictions(policy)
    if problems:
        raise InvalidPolicyError(problems)
    return policy


def _put(record: Any, path: str, value: object) -> Any:
    """Return `record` with the field at the dotted `path` replaced; a number is a position in a list."""
    name, _, rest = path.partition(".")
    if isinstance(record, tuple):
        if int(name) >= len(record):
            raise ValueError("an entry in the policy's list that it sets")
        items = list(record)
        items[int(name)] = _put(items[int(name)], rest, value)
        return tuple(items)
    return replace(record, **{name: _put(getattr(record, name), rest, value) if rest else value})


def _lower_warnings(policy: Policy, environ: Mapping[str, str]) -> Policy:
    """Let a limit that is set below the default warning take the warning along, where that is not set itself."""
    paths: dict[str, DiskLimits | MemoryLimits] = {f"disks.{number}": disk for number, disk in enumerate(policy.disks)}
    paths["memory"] = policy.memory
    variables = {"disks.0": "RS_DISK_WARN", "memory": "RS_MEMORY_WARN"}
    for path, limits in paths.items():
        if limits.warn == type(limits).warn and not environ.get(variables.get(path, ""), "").strip():
            policy = _put(policy, f"{path}.warn", min(limits.warn, limits.crit))
    return policy


def _contradictions(policy: Policy) -> Iterable[str]:
    checked: list[tuple[str, DiskLimits | MemoryLimits]] = [("MEMORY", policy.memory)]
    if policy.disks and isinstance(policy.disks[0], Unlisted):
        checked.insert(0, ("DISK", policy.disks[0]))
    for name, limits in checked:
        if not limits.warn <= limits.crit:
            yield f"RS_{name}_WARN is {limits.warn:g}, expected at most RS_{name}_CRIT, which is {limits.crit:g}"
    yield from consistency.problems(policy)
