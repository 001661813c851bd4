"""`release-sentinel`: arguments in, exit code out."""

import argparse
import json
import os
import re
import sys
from collections.abc import Sequence
from datetime import timedelta
from difflib import get_close_matches
from itertools import chain
from pathlib import Path

from release_sentinel import __version__, core, gates
from release_sentinel.arguments import ArgumentError, rewrite_version, seconds, values_of
from release_sentinel.config.kinds import nearest
from release_sentinel.config.load import load
from release_sentinel.config.secrets import known_secrets, secrets_of
from release_sentinel.config.show import as_document, as_toml
from release_sentinel.deliver import steps, verify
from release_sentinel.errors import InvalidPolicyError, SentinelError
from release_sentinel.logging import setup_logging
from release_sentinel.observe.git import find_top
from release_sentinel.parser import Once as _Once
from release_sentinel.parser import Parser as _Parser
from release_sentinel.parser import command
from release_sentinel.parser import print_help as _help
from release_sentinel.redaction.standard import scrub_standard_streams

_EPILOG = """\
Every further argument goes to pytest: --junitxml=gates.xml, -v, -k EXPRESSION, a folder with more gates …

commands:
  release-sentinel explain [GATE]   what a gate demands, why, and how to mend it
  release-sentinel policy           the policy in effect (for --env ENV), and where each of its values came from
  release-sentinel schema           the JSON Schema of release-sentinel.toml, for editors
  release-sentinel verify FILE      whether a verdict file says SAFE about a release, for the deploy step
  release-sentinel tag              tags the commit of a SAFE verdict file, as --gate-tag does at the end of a run
  release-sentinel init [CI]        writes what a repository needs: policy, a gate of its own, a pipeline
  release-sentinel kubernetes       the gate as a Job in a cluster: its manifest, and waiting for its verdict
  release-sentinel demo             three real runs on a throw-away repository: SAFE, BLOCKED, CRITICAL

exit codes:
  0    SAFE        every expected gate ran and passed: deploy
  1    BLOCKED     a policy gate failed, the run was not whole, or the command line is wrong: a person mends it
  2    CRITICAL    a host or dependency is unhealthy: retry later, or page
  130, 143         interrupted by SIGINT, SIGTERM: not safe
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (by default the process's own) and return the exit code."""
    redactor = known_secrets()
    setup_logging("WARNING", redactor)
    words = list(sys.argv[1:] if argv is None else argv)
    for secret in chain.from_iterable(map(secrets_of, values_of(words, "--gate-notify"))):
        redactor.add(secret)
    commands = {
        "explain": _explain,
        "demo": _demo,
        "verify": _verify,
        "policy": _policy,
        "schema": _schema,
        "tag": _tag,
        "init": _init,
        "kubernetes": _kubernetes,
    }
    restore = scrub_standard_streams(redactor)
    try:
        if words and words[0] in commands:
            return commands[words[0]](words[1:])
        return _gate(words)
    except SentinelError as error:
        print(f"release-sentinel: {error}", file=sys.stderr)
        return 1
    finally:
        restore()


def _gate(words: list[str]) -> int:
    core.claim_reports(words, Path.cwd(), os.environ)  # before anything is wrong with the other words
    parser = _Parser(
        prog="release-sentinel",
        usage="release-sentinel --env ENV --version VERSION [options] [pytest options]",
        description=f"release-sentinel {__version__}: decides whether a release may go out.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        add_help=False,
    )
    add = parser.add_argument
    add("-h", "--help", action="store_true", help="show this help")
    add("--env", action=_Once, help="the environment to release to: dev, stage, prod")
    add("--version", "--release-version", action=_Once, metavar="VERSION", help="the version to release, as in v1.2.3")
    add("--gate-repo", metavar="PATH", type=_folder, help="the repository to release; default: the one you stand in")
    add("--gate-policy", metavar="FILE", help="the policy file; default: the repository's own, if it has one")
    add("--gate-deadline", metavar="SECONDS", type=seconds, help="bound on the whole run; default: 300")
    add("--gate-all", action="store_true", help="probe critical gates even when a policy gate failed")
    add("--gate-strict", action="store_true", help="a WARN fails its gate")
    add("--gate-partial", action="store_true", help="accept a chosen subset of the gates (-k, -m, paths)")
    add(
        "--gate-tag-mode",
        choices=("auto", "new", "existing"),
        help="whether the tag has to exist",
    )
    add("--gate-verdict", metavar="FILE.json", help="write the verdict as JSON, for machines and for `verify`")
    add("--gate-summary", metavar="FILE.md", help="write the verdict as Markdown, for people")
    add("--gate-attestation", metavar="FILE.json", help="write the verdict as an in-toto statement, to be signed")
    add("--gate-tag", action="store_true", help="once SAFE, tag the commit that was judged")
    add("--gate-push", action="store_true", help="push that tag")
    add("--gate-sign", action="store_true", help="sign that tag")
    add("--gate-release", action="store_true", help="once SAFE, release the pushed tag on GitHub")
    add("--gate-notify", metavar="URL", action="append", help="tell of the verdict, by an address of apprise's")
    known, others = parser.parse_known_args(words)
    if known.help:
        return _help(parser, words)
    if missing := [f"--{name}" for name in ("env", "version") if getattr(known, name) is None]:
        parser.error(f"missing: {', '.join(missing)}")
    if wrong := [word for word in others if word.startswith("--gate-")]:
        options = [option for option in parser._option_string_actions if option.startswith("--gate-")]  # noqa: SLF001 - argparse has no public list
        near = get_close_matches(wrong[0].partition("=")[0], options, n=1, cutoff=0)
        parser.error(f"there is no option {wrong[0]}; did you mean {near[0]}?")
    arguments = list(words)
    try:
        rewrite_version(arguments)
    except ArgumentError as error:
        parser.error(str(error))
    return core.run(arguments, repository=known.gate_repo, deadline=known.gate_deadline)


def _folder(name: str) -> Path:
    if not name.strip():
        raise argparse.ArgumentTypeError(f"{name!r} is no folder (an unset variable?)")
    if not Path(name).is_dir():
        raise argparse.ArgumentTypeError(f"{name} is no folder")
    return Path(name).resolve()


def _explain(words: list[str]) -> int:
    parser = _Parser(prog="release-sentinel explain", description="Explain one gate, or list them all.")
    parser.add_argument("gate", nargs="?", metavar="GATE", help="the gate's id, such as clean-tree")
    wanted = parser.parse_args(words).gate
    if wanted is None:
        print(gates.table())
        return 0
    try:
        print(gates.explain(gates.find(wanted)))
    except LookupError as error:
        parser.error(str(error))
    return 0


def _policy(words: list[str]) -> int:
    parser = _Parser(
        prog="release-sentinel policy",
        description="Print the policy in effect for an environment, as TOML, and where each value came from.",
        allow_abbrev=False,
    )
    parser.add_argument("--env", default="", action=_Once, help="the environment; default: what holds for none of them")
    parser.add_argument("--gate-repo", type=Path, metavar="PATH", help="the repository; default: the one you stand in")
    parser.add_argument("--gate-policy", type=Path, metavar="FILE", help="the policy file, instead of the repository's")
    parser.add_argument("--json", action="store_true", help="for machines: the value and the source of each key")
    known = parser.parse_args(words)
    repository = known.gate_repo or find_top(Path.cwd()) or Path.cwd()
    try:
        loaded = load(repository=repository, file=known.gate_policy, env=known.env, gates=gates.IDS)
    except InvalidPolicyError as error:
        for problem in error.problems:
            print(f"release-sentinel policy: {problem}", file=sys.stderr)
        return 1
    if known.env and known.env not in (allowed := loaded.policy.environments):
        hint = nearest(known.env, allowed)
        parser.error(f"--env {known.env!r} is no environment, expected one of {', '.join(allowed)}{hint}")
    print(json.dumps(as_document(loaded), indent=2) if known.json else as_toml(loaded), end="\n" if known.json else "")
    return 0


def _schema(words: list[str]) -> int:
    parser = _Parser(
        prog="release-sentinel schema",
        description="Print the JSON Schema of release-sentinel.toml, for editors.",
    )
    parser.parse_args(words)
    from release_sentinel.config.schema import schema  # noqa: PLC0415 - a gate run needs nothing of it

    print(json.dumps(schema(), indent=2))
    return 0


def _verify(words: list[str]) -> int:
    parser = command("verify", "Exit 0 only if a verdict file says SAFE about this release: for the deploy step.")
    parser.add_argument("file", type=Path, metavar="FILE", help="what --gate-verdict wrote")
    parser.add_argument("--env", required=True, action=_Once, help="the environment that is deployed to")
    parser.add_argument("--version", required=True, action=_Once, help="the version that is deployed")
    parser.add_argument("--commit", action=_Once, type=_commit, metavar="SHA", help="the commit that is deployed")
    parser.add_argument("--max-age", default="24h", metavar="30m", help="the oldest verdict to accept; default: 24h")
    if {"-h", "--help"} & set(words):
        return _help(parser, words)
    known = parser.parse_args(words)
    max_age = _max_age(parser, known.max_age)
    reasons = verify.problems(known.file, verify.Expectation(known.env, known.version, known.commit or "", max_age))
    for reason in reasons:
        print(f"release-sentinel verify: {reason}", file=sys.stderr)
    if reasons:
        return 1
    print(f"SAFE: {known.version} may go to {known.env}, says {known.file}")
    return 0


def _tag(words: list[str]) -> int:
    parser = command(
        "tag", "Tag the commit of a SAFE verdict, if HEAD and the tracked files are still what was judged."
    )
    parser.add_argument("--verdict", required=True, type=Path, metavar="FILE", help="what --gate-verdict wrote")
    parser.add_argument("--env", required=True, action=_Once, help="the environment that the verdict is about")
    parser.add_argument("--version", required=True, action=_Once, help="the version, which names the tag")
    parser.add_argument("--max-age", default="24h", metavar="30m", help="the oldest verdict to accept; default: 24h")
    parser.add_argument("--push", action="store_true", help="push the tag; one that cannot be pushed is removed again")
    parser.add_argument("--sign", action="store_true", help="sign the tag")
    parser.add_argument("--release", action="store_true", help="release the pushed tag on GitHub")
    parser.add_argument("--gate-repo", type=Path, metavar="PATH", help="the repository; default: the one you stand in")
    parser.add_argument("--gate-policy", type=Path, metavar="FILE", help="the policy file, instead of the repository's")
    if {"-h", "--help"} & set(words):
        return _help(parser, words)
    known = parser.parse_args(words)
    max_age = _max_age(parser, known.max_age)
    reasons = verify.problems(known.verdict, verify.Expectation(known.env, known.version, "", max_age))
    if not reasons:
        repository = (known.gate_repo or find_top(Path.cwd()) or Path.cwd()).resolve()
        policy = load(repository=repository, file=known.gate_policy, env=known.env, gates=gates.IDS).policy
        done, problem = steps.deliver_file(known.verdict, repository, policy, known.push, known.sign, known.release)
        print("".join(f"{line}\n" for line in done), end="")
        reasons = [problem] if problem else []
    for reason in reasons:
        print(f"release-sentinel tag: {reason}", file=sys.stderr)
    return 1 if reasons else 0


def _max_age(parser: _Parser, text: str) -> timedelta:
    try:
        return verify.duration(text)
    except ValueError as error:
        parser.error(f"--max-age {error}")


def _commit(text: str) -> str:
    """Return a commit's id in lower case; a blank (an unset variable) must not mean any commit."""
    if not re.fullmatch(r"[0-9a-fA-F]{7,64}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no commit id of 7 or more hexadecimal digits")
    return text.lower()


def _demo(words: list[str]) -> int:
    parser = _Parser(
        prog="release-sentinel demo",
        description="Run the real gates three times on a throw-away repository: SAFE, BLOCKED, CRITICAL.",
    )
    parser.parse_args(words)
    from release_sentinel import demo  # noqa: PLC0415 - a gate run needs nothing of it

    return demo.run()


def _init(words: list[str]) -> int:
    from release_sentinel.commands import init  # noqa: PLC0415 - a gate run needs nothing of it

    return init.main(words)


def _kubernetes(words: list[str]) -> int:
    from release_sentinel.commands import kubernetes  # noqa: PLC0415 - a gate run needs nothing of it

    return kubernetes.main(words, judge=_gate)


if __name__ == "__main__":
    sys.exit(main())
