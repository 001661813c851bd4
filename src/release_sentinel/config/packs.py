"""What gate packs add to the policy: a table each, with their settings."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any

from msgspec import Meta, Struct, defstruct, field

from release_sentinel.config.kinds import PACK_NAME
from release_sentinel.config.marks import Custom
from release_sentinel.config.model import BESIDE, PackRule, PackTable, Policy
from release_sentinel.config.read import ENTRIES, Reading, keys


def _table(value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError  # `Reading` says what was seen and expected
    return value


# The table of a pack that is not loaded here: another process validates what is in it.
_UNREAD = Annotated[Mapping[str, Any], Meta(description="a table"), Custom(_table, {})]


class PackParts(Struct, frozen=True):
    """What one pack adds: its settings, by the names of their tables, and the ids of its gates."""

    settings: Mapping[str, type[Struct]]
    gates: tuple[str, ...]


Packs = Callable[[Mapping[str, PackRule]], Mapping[str, PackParts]]


def unread(_rules: Mapping[str, PackRule]) -> Mapping[str, PackParts]:
    """Load no pack: their tables are not validated."""
    return {}


def rules_in(document: Mapping[str, Any]) -> Mapping[str, PackRule]:
    """Return the packs that a document asks for, as far as it can be read."""
    read: Policy = Reading().read(Policy, {"packs": document.get("packs", {})})[0]
    return read.packs


def is_free(name: str) -> bool:
    """Return whether a pack may have a name: it is the key of its table, beside those of the policy."""
    return not hasattr(Policy, name) and name not in BESIDE


def unread_in(policy: type[Policy]) -> list[str]:
    """Return the packs of a kind of policy whose tables are not read."""
    return [name for name, (_, kind) in keys(policy).items() if kind is _UNREAD]


def policy_of(document: Mapping[str, Any], parts: Mapping[str, PackParts]) -> type[Policy]:
    """Return the kind of policy that has a table for each pack that a document names."""
    packs = document.get("packs")
    names = [*packs] if isinstance(packs, dict) and len(packs) <= ENTRIES else []
    named = [name for name in names if re.fullmatch(PACK_NAME, name) and is_free(name)]
    if not named:
        return Policy
    tables = [
        (name, table_of(name, tuple(parts[name].settings.items())) if name in parts else _UNREAD) for name in named
    ]
    fields = [(name, kind, field(default_factory=dict if kind is _UNREAD else kind)) for name, kind in tables]
    policy: Any = defstruct("Policy", fields, bases=(Policy,), namespace={"__doc__": Policy.__doc__}, frozen=True)
    return policy  # type: ignore[no-any-return]  # it is derived from Policy


@cache
def table_of(name: str, settings: tuple[tuple[str, type[Struct]], ...]) -> type[PackTable]:
    """Return the kind of a pack's table."""
    fields = [(key, kind, field(default_factory=kind)) for key, kind in settings]
    about = {"__doc__": f"The settings of the gate pack {name}."}
    table: Any = defstruct("PackTable", fields, bases=(PackTable,), namespace=about, frozen=True)
    return table  # type: ignore[no-any-return]  # as above
