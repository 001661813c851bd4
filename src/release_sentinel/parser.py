"""How every command of `release-sentinel` reads its words."""

import argparse
import re
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NoReturn

from release_sentinel.deliver.verify import duration
from release_sentinel.lines import one_line
from release_sentinel.redaction import without_credentials
from release_sentinel.sentences import sentence

_URL = re.compile(r"\w[\w+.-]{0,40}://[^\s'\"]+")


class HelpAskedError(Exception):
    """Carries a parser whose help was asked for."""

    def __init__(self, parser: "Parser") -> None:
        super().__init__(parser.prog)
        self.parser = parser


class Parser(argparse.ArgumentParser):
    """Exits 1 on a usage error: argparse's own 2 would read CRITICAL."""

    hands_over = False  # while `parser_behind` asks

    def print_help(self, file: Any = None) -> None:
        """Print the help."""
        if Parser.hands_over:
            raise HelpAskedError(self)
        super().print_help(file)

    def error(self, message: str) -> NoReturn:
        """Print the usage and what is wrong, and exit 1."""
        self.print_usage(sys.stderr)
        shown = _URL.sub(lambda url: without_credentials(url[0]), one_line(message))  # it may quote any word
        self.exit(1, f"{self.prog}: error: {shown}\n")


def print_help(parser: argparse.ArgumentParser, words: list[str]) -> int:
    """Print the help. Beside other arguments something was not judged, and it exits 1."""
    parser.print_help()
    return 0 if len(words) == 1 else 1


class Once(argparse.Action):
    """An option whose second mention is an error instead of silently winning; a blank value is refused."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        """Take the value, or refuse it."""
        if getattr(namespace, self.dest):
            parser.error(f"{option_string} is given twice")
        if not str(values).strip():
            parser.error(f"{option_string} is {values!r} (an unset variable?)")
        setattr(namespace, self.dest, values)


def max_age(parser: Parser, text: str) -> timedelta:
    """Return the age that an option names; a usage error where it names none."""
    try:
        return duration(text)
    except ValueError as error:
        parser.error(f"--max-age {sentence(error)}")


def command(name: str, description: str) -> Parser:
    """Return the parser of `release-sentinel NAME`; its user answers `-h` with `print_help`."""
    parser = Parser(prog=f"release-sentinel {name}", description=description, allow_abbrev=False, add_help=False)
    parser.add_argument("-h", "--help", action="store_true", help="show this help")
    return parser


def parser_behind(ask_for_help: Callable[[], object]) -> Parser:
    """Return the parser that answers `--help`: the one that the command reads its words with."""
    Parser.hands_over = True
    try:
        ask_for_help()
    except HelpAskedError as asked:
        return asked.parser
    finally:
        Parser.hands_over = False
    raise LookupError("no parser has answered")
