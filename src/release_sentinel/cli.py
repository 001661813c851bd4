"""`release-sentinel`: arguments in, exit code out."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from release_sentinel.commands import COMMANDS, gate
from release_sentinel.errors import SentinelError
from release_sentinel.invocation import parse
from release_sentinel.logging import setup_logging
from release_sentinel.parser import print_help
from release_sentinel.redaction.standard import scrub_standard_streams
from release_sentinel.reports import files
from release_sentinel.settings import Settings, settings_of


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (by default the process's own) and return the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    invocation = parse(words, os.environ, Path.cwd())
    is_command = bool(words) and words[0] in {*COMMANDS, "help"}
    if not is_command:
        files.claim(invocation.reports)  # before anything else can go wrong
    settings = settings_of(invocation, os.environ)
    setup_logging("WARNING", settings.redactor)
    restore = scrub_standard_streams(settings.redactor)
    try:
        return _command(words, settings) if is_command else gate.judge(words, invocation, settings)
    except SentinelError as error:
        print(f"release-sentinel: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # a reader such as `head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains as it exits
        return 1
    finally:
        restore()


def _command(words: Sequence[str], settings: Settings) -> int:
    """Run one of the commands; `help COMMAND` is its `--help`."""
    name, *rest = words
    if name == "help":
        if not rest:
            return print_help(gate.gate_parser(), ["--help"])
        name, rest = rest[0], ["--help"]
        if name not in COMMANDS:
            gate.gate_parser().error(gate.no_command(name))
    command = import_module(f"release_sentinel.commands.{name}")
    code: int = command.main(rest, settings)
    sys.stdout.flush()
    return code


if __name__ == "__main__":
    sys.exit(main())
