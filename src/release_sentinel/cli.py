"""`release-sentinel`: arguments in, exit code out."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from release_sentinel import core
from release_sentinel.commands import COMMANDS
from release_sentinel.errors import SentinelError
from release_sentinel.invocation import Invocation, parse
from release_sentinel.redaction import Redactor
from release_sentinel.redaction.standard import scrub_standard_streams


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (by default the process's own) and return the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    invocation = parse(words, os.environ, Path.cwd())
    redactor = Redactor()
    restore = scrub_standard_streams(redactor)
    try:
        if words and words[0] in {*COMMANDS, "help"}:
            return _command(words, invocation, redactor)
        if invocation.problems or invocation.missing or {"-h", "--help"} & set(words):
            return _explain(words, invocation, redactor)
        return core.judge(invocation, os.environ, redactor)
    except SentinelError as error:
        print(f"release-sentinel: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # a reader such as `head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains as it exits
        return 1
    finally:
        restore()


def _command(words: Sequence[str], invocation: Invocation, redactor: Redactor) -> int:
    """Run one of the commands; `help COMMAND` is its `--help`."""
    from release_sentinel.logging import setup_logging  # noqa: PLC0415 - a gate run starts its child without it
    from release_sentinel.settings import settings_of  # noqa: PLC0415 - as above

    settings = settings_of(invocation, os.environ, redactor)
    setup_logging("WARNING", redactor)
    name, *rest = words
    if name == "help":
        name, rest = (rest[0], ["--help"]) if rest else ("gate", ["--help"])
    command = import_module(f"release_sentinel.commands.{name if name in COMMANDS else 'gate'}")
    code: int = command.main(rest if name in {*COMMANDS, "gate"} else [name], settings)
    sys.stdout.flush()
    return code


def _explain(words: Sequence[str], invocation: Invocation, redactor: Redactor) -> int:
    """Say what is wrong with the command line of a gate run, or print its help."""
    from release_sentinel.commands import gate  # noqa: PLC0415 - a gate run starts its child without it
    from release_sentinel.settings import settings_of  # noqa: PLC0415 - as above

    core.claim(invocation)
    settings_of(invocation, os.environ, redactor)  # for the secrets in what is said
    return gate.explain(list(words), invocation)


if __name__ == "__main__":
    sys.exit(main())
