"""A gate run from the command line: its help, its errors, its exit code."""

import argparse
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from pathlib import Path

from release_sentinel import __version__, core
from release_sentinel.arguments import exists
from release_sentinel.commands import COMMANDS
from release_sentinel.invocation import Invocation, parse
from release_sentinel.options import OPTIONS
from release_sentinel.parser import Parser, print_help
from release_sentinel.settings import Settings

_USAGE = "release-sentinel --env ENV --version VERSION [options] [pytest options]"
_EPILOG = """\
Every further argument goes to pytest: -v, -k EXPRESSION, a folder with more gates …

commands:
{commands}

exit codes:
  0    SAFE        every expected gate ran and passed: deploy
  1    BLOCKED     a policy gate failed, the run was not whole, or the command line is wrong: fix it
  2    CRITICAL    a host or dependency is unhealthy: retry later, or page
  130, 143         interrupted by SIGINT, SIGTERM: not safe
"""


def run_gates(words: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run the gates with a command line that another command has made; raises `SystemExit` where it is wrong."""
    invocation = parse(words, environ, Path.cwd())
    if invocation.problems or invocation.missing or {"-h", "--help"} & set(words):
        core.claim(invocation)
        return explain(words, invocation)
    return core.judge(invocation, environ)


def main(words: list[str], _settings: Settings) -> int:
    """Print the help of a gate run, or say that there is no such command."""
    if words == ["--help"]:
        return print_help(gate_parser(), words)
    return gate_parser().error(no_command(words[0]))


def explain(words: Sequence[str], invocation: Invocation) -> int:
    """Print the help of a gate run, or say what is wrong with its command line; return the exit code."""
    if words == ["--version"]:
        print(f"release-sentinel {__version__}")
        return 0
    if {"-h", "--help"} & set(words):
        return print_help(gate_parser(), list(words))
    if invocation.problems:
        gate_parser().error("; ".join(invocation.problems))
    first = words[0] if words and not words[0].startswith("-") and not exists(Path(words[0])) else ""
    hint = f"; {no_command(first)}" if first and get_close_matches(first, COMMANDS, n=1) else ""
    return gate_parser().error(f"missing: {', '.join(invocation.missing)}{hint}")


def no_command(name: str) -> str:
    """Say that there is no such command, and name the nearest."""
    near = get_close_matches(name, COMMANDS, n=1)
    hint = f"did you mean {near[0]}?" if near else f"the commands are: {', '.join(COMMANDS)}"
    return f"there is no command {name!r}; {hint}"


def gate_parser() -> Parser:
    """Return the parser of a gate run, for its help and its errors; `Invocation` reads the words."""
    lines = (f"  {f'release-sentinel {name} {takes}'.rstrip():<32}  {does}" for name, (takes, does) in COMMANDS.items())
    parser = Parser(
        prog="release-sentinel",
        usage=_USAGE,
        description=f"release-sentinel {__version__}: decides whether a release may go out.",
        epilog=_EPILOG.format(commands="\n".join(lines)),
        formatter_class=partial(argparse.RawDescriptionHelpFormatter, max_help_position=32),
        allow_abbrev=False,
        add_help=False,
    )
    parser.add_argument("-h", "--help", action="store_true", help="show this help")
    for option in OPTIONS:
        option.add_to(parser.add_argument)
    return parser
