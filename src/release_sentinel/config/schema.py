"""The policy file's JSON Schema, for editors, generated from the model."""

from collections.abc import Mapping
from typing import Any, get_args, get_origin

import msgspec

from release_sentinel.config.kinds import ENVIRONMENTS
from release_sentinel.config.marks import Custom
from release_sentinel.config.model import LayerRules, Policy, WaiverLimits
from release_sentinel.config.parts import NOT_BY_ENV
from release_sentinel.config.read import (
    BIGGEST,
    ENTRIES,
    bare,
    is_record,
    is_required,
    item_kind,
    keys,
    mark_of,
    shorthand,
)

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(policy: type[Policy] = Policy) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of release-sentinel.toml, and of [tool.release-sentinel].

    `policy` may be the kind of policy that has the tables of gate packs.

    TOML's dates and times are strings in it, as in JSON.
    """
    whole = record_schema(policy)
    part = {key: value for key, value in whole["properties"].items() if key not in NOT_BY_ENV}
    return {
        "$schema": DIALECT,
        "title": "release-sentinel policy",
        "description": "The policy of a release gate. Unknown keys are refused.",
        **whole,
        "properties": {
            **record_schema(LayerRules)["properties"],
            **whole["properties"],
            "waivers": {"anyOf": [whole["properties"]["waivers"], record_schema(WaiverLimits)]},
            "env": {
                "description": "For each environment, what differs from the rest of the file.",
                "type": "object",
                "maxProperties": ENVIRONMENTS,
                "additionalProperties": {"$ref": "#/$defs/part"},
            },
        },
        "$defs": {"part": {"type": "object", "properties": part, "additionalProperties": False}},
    }


def record_schema(kind: Any) -> dict[str, Any]:
    """Return the schema of a kind of record."""
    required = [key for key, (field, _) in keys(kind).items() if is_required(field)]
    return {
        "description": (bare(kind)[0].__doc__ or "").partition("\n")[0],
        "type": "object",
        "properties": {key: _kind(inner) for key, (_, inner) in keys(kind).items()},
        **({"required": required} if required else {}),
        "additionalProperties": False,
    }


def _kind(kind: Any) -> dict[str, Any]:
    base, marks = bare(kind)
    entry_kind = item_kind(kind)
    common: dict[str, Any] = {}
    for mark in marks:
        if isinstance(mark, msgspec.Meta):
            common |= {"description": mark.description} if mark.description else {}
            common |= {"maxItems": mark.max_length} if mark.max_length and entry_kind else {}
            common |= {"minItems": mark.min_length} if mark.min_length and entry_kind else {}
    if custom := mark_of(kind, Custom):
        return {**custom.schema, **common}
    if is_record(kind):
        record = {**record_schema(kind), **common}
        key = shorthand(kind)
        return {"anyOf": [_kind(keys(kind)[key][1]), record]} if key else record
    if entry_kind:
        return {"type": "array", "items": _kind(entry_kind), "maxItems": ENTRIES, **common}
    if get_origin(base) is Mapping:
        name, item = get_args(base)
        names, items = _kind(name), _kind(item)
        return {
            "type": "object",
            "propertyNames": names,
            "additionalProperties": items,
            "maxProperties": ENTRIES,
            **common,
        }
    made = msgspec.json.schema(kind)
    return {"maximum": BIGGEST, **made} if made.get("type") == "integer" and "exclusiveMaximum" not in made else made
