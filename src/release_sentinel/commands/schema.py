"""`release-sentinel schema`: the JSON Schema of the policy file."""

import json
import sys

from release_sentinel.config.schema import schema
from release_sentinel.parser import Parser
from release_sentinel.settings import Settings


def main(words: list[str], settings: Settings) -> int:
    """Print the schema; where the policy is not valid, say why its gate packs are not in it."""
    Parser(
        prog="release-sentinel schema",
        description="Print the JSON Schema of release-sentinel.toml, for editors; with the policy's gate packs.",
    ).parse_args(words)
    for problem in (*settings.problems, *settings.packs.problems):
        print(f"release-sentinel schema: without gate packs: {problem}", file=sys.stderr)
    print(json.dumps(schema(type(settings.policy)), indent=2))
    return 0
