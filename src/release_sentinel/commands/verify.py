"""`release-sentinel verify`: whether a verdict file lets a release through, for the deploy step."""

import argparse
import os
import re
import sys

from release_sentinel.colours import Tone, painted
from release_sentinel.commands.paths import path
from release_sentinel.deliver import verify
from release_sentinel.lines import foreign
from release_sentinel.parser import Once, command, max_age, print_help
from release_sentinel.settings import Settings


def main(words: list[str], _settings: Settings) -> int:
    """Exit 0 only if the verdict file says SAFE about this release."""
    parser = command("verify", "Exit 0 only if a verdict file says SAFE about this release: for the deploy step.")
    parser.add_argument("file", type=path, metavar="FILE", help="what --gate-verdict wrote")
    parser.add_argument("--env", required=True, action=Once, help="the environment that is deployed to")
    parser.add_argument("--version", required=True, action=Once, help="the version that is deployed")
    parser.add_argument("--commit", action=Once, type=_commit, metavar="SHA", help="the commit that is deployed")
    parser.add_argument("--max-age", default="24h", metavar="30m", help="the oldest verdict to accept; default: 24h")
    parser.add_argument("--watched", action="store_true", help="the file is that of `release-sentinel watch`")
    if {"-h", "--help"} & set(words):
        return print_help(parser, words)
    known = parser.parse_args(words)
    age = max_age(parser, known.max_age)
    bases = verify.demanded_bases(os.environ)
    release = verify.Expectation(known.env, known.version, known.commit or "", age, watched=known.watched, bases=bases)
    reasons = verify.problems(known.file, release)
    for reason in reasons:
        line = f"release-sentinel verify: {reason}"
        print(painted(line, Tone.POLICY_FAILED, sys.stderr, os.environ), file=sys.stderr)
    if reasons:
        return 1
    verdict = "WATCH SAFE" if known.watched else "SAFE"
    does = "is healthy on" if known.watched else "may go to"
    line = f"{verdict}: {known.version} {does} {known.env}, says {foreign(known.file)}"
    print(painted(line, Tone.SAFE, sys.stdout, os.environ))
    return 0


def _commit(text: str) -> str:
    """Return a commit's id in lower case; a blank (an unset variable) must not mean any commit."""
    if not re.fullmatch(r"[0-9a-fA-F]{7,64}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a commit id of 7 or more hexadecimal digits")
    return text.lower()
