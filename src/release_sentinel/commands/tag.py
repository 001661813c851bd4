"""`release-sentinel tag`: what follows a SAFE verdict, in a step of its own."""

import sys
from pathlib import Path

from release_sentinel.arguments import find_top
from release_sentinel.deliver import steps, verify
from release_sentinel.errors import InvalidPolicyError
from release_sentinel.lines import foreign
from release_sentinel.parser import Once, command, max_age, print_help
from release_sentinel.settings import Settings


def main(words: list[str], settings: Settings) -> int:
    """Tag, and release, the commit of a SAFE verdict file."""
    parser = command(
        "tag", "Tag the commit of a SAFE verdict, if HEAD and the tracked files are still what was judged."
    )
    parser.add_argument("--verdict", required=True, type=Path, metavar="FILE", help="what --gate-verdict wrote")
    parser.add_argument("--env", required=True, action=Once, help="the environment that the verdict is about")
    parser.add_argument("--version", required=True, action=Once, help="the version, which names the tag")
    parser.add_argument("--max-age", default="24h", metavar="30m", help="the oldest verdict to accept; default: 24h")
    parser.add_argument("--push", action="store_true", help="push the tag; one that cannot be pushed is removed again")
    parser.add_argument("--sign", action="store_true", help="sign the tag")
    parser.add_argument("--release", action="store_true", help="release the pushed tag on GitHub")
    parser.add_argument("--gate-repo", type=Path, metavar="PATH", help="the repository; default: that of this folder")
    parser.add_argument("--gate-policy", type=Path, metavar="FILE", help="the policy file, instead of the repository's")
    if {"-h", "--help"} & set(words):
        return print_help(parser, words)
    known = parser.parse_args(words)
    release = verify.Expectation(known.env, known.version, "", max_age(parser, known.max_age))
    document, reasons = verify.examine(known.verdict, release)
    if not reasons:
        if settings.problems:
            raise InvalidPolicyError(settings.problems)
        repository = (known.gate_repo or find_top(Path.cwd()) or Path.cwd()).resolve()
        done, problem = steps.deliver_verified(document, repository, settings, known.push, known.sign, known.release)
        print("".join(f"{foreign(line)}\n" for line in done), end="")
        reasons = [problem] if problem else []
    for reason in reasons:
        print(f"release-sentinel tag: {foreign(reason)}", file=sys.stderr)
    return 1 if reasons else 0
