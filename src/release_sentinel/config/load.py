"""The policy of one run: built-in defaults under the `RS_*` variables; what cannot be understood is refused."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from release_sentinel.config.model import Policy
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
    """Return `record` with the field at the dotted `path` replaced."""
    name, _, rest = path.partition(".")
    return replace(record, **{name: _put(getattr(record, name), rest, value) if rest else value})


def _lower_warnings(policy: Policy, environ: Mapping[str, str]) -> Policy:
    """Let a limit that is set below the default warning take the warning along, where that is not set itself."""
    for name in ("disk", "memory"):
        limits = getattr(policy, name)
        if not environ.get(f"RS_{name.upper()}_WARN", "").strip():
            policy = _put(policy, f"{name}.warn", min(limits.warn, limits.crit))
    return policy


def _contradictions(policy: Policy) -> Iterable[str]:
    for name, limits in (("DISK", policy.disk), ("MEMORY", policy.memory)):
        if not limits.warn <= limits.crit:
            yield f"RS_{name}_WARN is {limits.warn:g}, expected at most RS_{name}_CRIT, which is {limits.crit:g}"
