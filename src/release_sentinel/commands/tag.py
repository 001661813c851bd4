"""`release-sentinel tag`: what follows a SAFE verdict, in a step of its own."""

import argparse
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from release_sentinel.commands.paths import add_policy, add_repository, path, repository
from release_sentinel.deliver import steps, verify
from release_sentinel.deliver.steps import Notes, Steps
from release_sentinel.deliver.tag import TagOrder
from release_sentinel.errors import InvalidPolicyError
from release_sentinel.lines import foreign
from release_sentinel.observe import this_process
from release_sentinel.observe.git import Rules
from release_sentinel.parser import Once, Parser, command, max_age, print_help
from release_sentinel.settings import Settings
from release_sentinel.vocabulary import EXIT_INTERRUPTED

DESCRIPTION = "Tag the commit of a SAFE verdict, if HEAD and the tracked files are still what was judged."


def main(words: list[str], settings: Settings) -> int:
    """Tag, and release, the commit of a verdict file."""
    return follow("tag", DESCRIPTION, words, settings)


def follow(name: str, description: str, words: list[str], settings: Settings) -> int:
    """Do what follows a verdict file as the command `name`: `tag` does what its options say, `release` every step."""
    parser = command(name, description)
    parser.add_argument(
        "--verdict", required=True, type=path, action=Once, metavar="FILE", help="what --gate-verdict wrote"
    )
    parser.add_argument("--env", required=True, action=Once, help="the environment that the verdict is about")
    parser.add_argument("--version", required=True, action=Once, help="the version, which names the tag")
    parser.add_argument("--max-age", default="24h", metavar="30m", help="the oldest verdict to accept; default: 24h")
    if name == "tag":
        parser.add_argument(
            "--push", action="store_true", help="push the tag; one that cannot be pushed is removed again"
        )
        parser.add_argument("--release", action="store_true", help="release the pushed tag on the forge")
    parser.add_argument("--sign", action="store_true", help="sign the tag")
    parser.add_argument(
        "--notes", type=path, action=Once, metavar="FILE.md", help="what changes, instead of the changelog's section"
    )
    add_repository(parser)
    add_policy(parser)
    if {"-h", "--help"} & set(words):
        return print_help(parser, words)
    known = parser.parse_args(words)
    wanted = _steps(parser, known, settings, is_release=name == "release")
    age, bases = max_age(parser, known.max_age), verify.demanded_bases(os.environ)
    release = verify.Expectation(known.env, known.version, "", age, undelivered=True, bases=bases)
    document, reasons = verify.examine(known.verdict, release)
    interrupt = 0
    if not reasons:
        if settings.problems:
            raise InvalidPolicyError(settings.problems)
        done, problem, interrupt = _deliver(document, repository(known), wanted, settings)
        print("".join(f"{foreign(line)}\n" for line in done), end="")
        reasons = [problem] if problem else []
    for reason in reasons:
        print(f"release-sentinel {name}: {foreign(reason)}", file=sys.stderr)
    return EXIT_INTERRUPTED + interrupt if interrupt else int(bool(reasons))


def _deliver(document: Mapping[str, Any], top: Path, wanted: Steps, settings: Settings) -> tuple[list[str], str, int]:
    """Take the steps; return what was done, why the rest was not, and the signal that ended them, or 0."""
    seen: list[int] = []

    def interrupt(number: int, _frame: object) -> None:
        if not seen:  # a second one must not interrupt the message about the first
            seen.append(number)
            raise KeyboardInterrupt

    done, problem = list[str](), ""
    with this_process.interrupts_to(interrupt), suppress(KeyboardInterrupt):
        done, problem = steps.deliver(document, top, wanted, clean=settings.redactor.scrub, environ=os.environ)
    if seen:
        problem = f"it was interrupted by {signal.Signals(seen[0]).name}" + (f": {problem}" if problem else "")
    return done, problem, seen[0] if seen else 0


def _steps(parser: Parser, known: argparse.Namespace, settings: Settings, *, is_release: bool) -> Steps:
    """Return what to do. Files that Git does not track do not count: among them are the reports of the run."""
    policy = settings.policy
    push, release = is_release or known.push, is_release or known.release
    if known.notes and not release:
        parser.error("--notes is for the release on the forge: add --release")
    if known.notes and not known.notes.is_file():
        parser.error(f"--notes {known.notes} is not a file")
    order = TagOrder(
        policy.version.prefix,
        policy.git.remote,
        push,
        known.sign or policy.git.sign_tags,
        Rules(untracked=False, submodules=policy.git.submodules),
        any_maker=is_release,
    )
    notes = Notes(policy.version.changelog, known.notes, policy.release.notes)
    return Steps(tag=True, release=release, order=order, forge=policy.forge, notes=notes)
