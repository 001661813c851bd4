"""Documents as YAML that reads well and that no reader takes for something else."""

import re
from collections.abc import Mapping
from typing import Any

import yaml

# What every version of YAML takes for a text, without quotes. Others have octal numbers, `1e3`, and `y` for true.
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9/._-]+|(?![yYnN])[A-Za-z/]")


class _Dumper(yaml.SafeDumper):
    """Quotes every other text, and repeats what occurs in several places instead of naming it once."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = None if _PLAIN.fullmatch(value) else '"'  # PyYAML quotes words such as `yes` by itself
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def dump(document: Mapping[str, Any]) -> str:
    """Return a document of mappings, lists, strings, numbers and truth values as YAML."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=float("inf"))
