"""`release-sentinel policy`: the settings in effect, and where each came from."""

import json
import sys

from release_sentinel.commands.paths import add_policy, add_repository
from release_sentinel.config.kinds import nearest
from release_sentinel.config.show import as_document, as_toml
from release_sentinel.parser import Once, Parser
from release_sentinel.settings import Settings


def main(words: list[str], settings: Settings) -> int:
    """Print the policy that the options name; it was loaded with them."""
    parser = Parser(
        prog="release-sentinel policy",
        description="Print the policy in effect for an environment, as TOML, and where each value came from.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--env", default="", action=Once, help="the environment; default: the values without any environment's part"
    )
    add_repository(parser)
    add_policy(parser)
    parser.add_argument("--json", action="store_true", help="for machines: each key's value, source and lock")
    known = parser.parse_args(words)
    problems = (*settings.problems, *settings.packs.problems)
    for problem in problems:
        print(f"release-sentinel policy: {problem}", file=sys.stderr)
    if problems:
        return 1
    if known.env and known.env not in (allowed := settings.policy.environments):
        hint = nearest(known.env, allowed)
        parser.error(f"--env {known.env!r} is not an environment, expected one of {', '.join(allowed)}{hint}")
    if known.json:
        print(json.dumps(as_document(settings.loaded), indent=2))
    else:
        print(as_toml(settings.loaded), end="")
    return 0
