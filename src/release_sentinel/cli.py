"""`release-sentinel`: arguments in, exit code out."""

import atexit
import io
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from release_sentinel import core
from release_sentinel.commands import COMMANDS
from release_sentinel.errors import SentinelError
from release_sentinel.invocation import Invocation, parse
from release_sentinel.lines import visible
from release_sentinel.sentences import words_of

if TYPE_CHECKING:
    from release_sentinel.redaction import Redactor


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (by default the process's own) and return the exit code."""
    if argv is not None:
        return _run(list(argv))
    try:
        code = _run(sys.argv[1:])
    except SystemExit as ended:  # by the parser of a command's words
        code = int(ended.code or 0)
    if guards := sys.modules.get("release_sentinel.packs.guards"):  # or code of a pack could have the last word
        guards.end(code)
    return code


def _run(words: list[str]) -> int:
    _escape_what_an_encoding_lacks()
    invocation = parse(words, os.environ, Path.cwd())
    with ExitStack() as stack:

        def clean(redactor: "Redactor") -> None:
            """Scrub what this process writes, to its end."""
            from release_sentinel.redaction.standard import scrub_standard_streams  # noqa: PLC0415 - late, as below

            stack.callback(scrub_standard_streams(redactor))

        try:
            is_command = bool(words) and words[0] in {*COMMANDS, "help"}
            if is_command or invocation.problems or invocation.missing or {"-h", "--help"} & set(words):
                _replace_closed_streams(stack)
                return _shown(_answered(words, invocation, clean, is_command=is_command))
            return _held(_shown(core.judge(invocation, os.environ, clean)))
        except SentinelError as error:
            print(f"release-sentinel: {visible(str(error))}", file=sys.stderr)
            return 1
        except BrokenPipeError:  # a reader such as `head` has seen enough
            return _shown(1)
        except OSError as error:  # too many open files, a full disk
            with suppress(OSError):
                print(f"release-sentinel: {words_of(error)}", file=sys.stderr)
            return _shown(1)


def _held(code: int) -> int:
    """Return an exit code that holds under `python -i` (PYTHONINSPECT), too, whose prompt would end with 0."""
    if sys.flags.inspect:
        atexit.register(os._exit, code)
    return code


def _shown(code: int) -> int:
    """Return an exit code; 1 for 0 where what was written could not be shown.

    Python would end with a message or the exit code 120 over what is left: then that goes nowhere.
    """
    for number, stream in ((1, sys.stdout), (2, sys.stderr)):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            with suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), number)
            code = code or 1
    if getattr(sys.stdout, "lost", False):
        print("release-sentinel: standard output is closed: nothing could be shown", file=sys.stderr)
        code = code or 1
    return code


class _Nowhere(io.StringIO):
    """Takes the place of a closed standard output or error: the command goes on, and its exit code tells."""

    @property
    def lost(self) -> bool:
        """Whether something was written."""
        return bool(self.getvalue())


def _replace_closed_streams(stack: ExitStack) -> None:
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, _Nowhere())
            stack.callback(setattr, sys, name, None)


def _escape_what_an_encoding_lacks() -> None:
    """Let every text be printed, whatever the encoding of a terminal or pipe."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError, OSError):  # closed, or replaced by a caller's own
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # suppressed where there is none


def _answered(
    words: Sequence[str], invocation: Invocation, clean: Callable[["Redactor"], object], *, is_command: bool
) -> int:
    """Return the exit code of a command, also where the parser of its words has ended it."""
    try:
        return _speak(words, invocation, clean, is_command=is_command)
    except SystemExit as ended:
        raise SystemExit(_shown(int(ended.code or 0))) from None


def _speak(
    words: Sequence[str], invocation: Invocation, clean: Callable[["Redactor"], object], *, is_command: bool
) -> int:
    """Do everything that is not a gate run. The modules are loaded here: a gate run starts its child without them."""
    from release_sentinel.redaction import Redactor  # noqa: PLC0415 - see above
    from release_sentinel.settings import settings_of  # noqa: PLC0415 - see above

    clean(redactor := Redactor())
    if not is_command:
        from release_sentinel.commands import gate  # noqa: PLC0415 - see above

        core.claim(invocation)
        settings_of(invocation, os.environ, redactor)  # for the secrets in what is said
        return gate.explain(list(words), invocation)
    from release_sentinel.logging import setup_logging  # noqa: PLC0415 - see above
    from release_sentinel.packs.asked import AskedPacks  # noqa: PLC0415 - see above

    settings = settings_of(invocation, os.environ, redactor)
    if settings.policy.packs and words[0] in {"policy", "schema"}:
        settings = settings_of(invocation, os.environ, redactor, AskedPacks())
    setup_logging("WARNING", redactor)
    name, *rest = words
    if name == "help":
        name, rest = (rest[0], ["--help"]) if rest else ("gate", ["--help"])
    command = import_module(f"release_sentinel.commands.{name if name in COMMANDS else 'gate'}")
    code: int = command.main(rest if name in {*COMMANDS, "gate"} else [name], settings)
    return code


if __name__ == "__main__":
    sys.exit(main())
