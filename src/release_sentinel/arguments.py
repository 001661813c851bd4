"""The command line before pytest parses it: is this a gate run, and what does `--version` mean in it?"""

import math
import re
import shlex
import signal
from argparse import ArgumentTypeError
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

GATE_FOLDER = "gate_tests"
# The signals that ask a run to end: it is INCOMPLETE, with exit code 128 + N.
INTERRUPTS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
_MOST = 1 << 20  # bytes of a file of arguments
_OWN = ("--release-version", "--gate-")
# Options of pytest; what follows them is not run.
_NO_PATH = {"-k", "-m", "--ignore", "--ignore-glob", "--deselect", "--junitxml", "--junit-xml", "--log-file"}
_VERSION_LIKE = re.compile(r"\s*|v?\d+\.\d+.*", re.DOTALL)
_PRINTS_VERSION = ("--version", "-V")  # from 9 on, pytest prints its version and exits 0 if one of these is there once
_HIDDEN = {f"--release-version={word}": word for word in _PRINTS_VERSION}  # a word that pytest must not see: itself


LONGEST = 86_400  # seconds of a run; the policy's `deadline` has the same bound
_SHOWN = 40  # characters


class ArgumentError(ValueError):
    """The command line is invalid; the text says what was seen and what to write."""


def given(words: Sequence[str], environ: Mapping[str, str]) -> list[str]:
    """Return all that pytest will read as arguments: `PYTEST_ADDOPTS`, then `words`, each `@FILE` expanded."""
    try:
        more = shlex.split(environ.get("PYTEST_ADDOPTS", ""))
    except ValueError as error:
        raise ArgumentError(f"PYTEST_ADDOPTS cannot be read ({error}): {environ['PYTEST_ADDOPTS']!r}") from error
    return expanded([*more, *words])


def expanded(args: Sequence[str]) -> list[str]:
    """Return the arguments with each `@FILE` replaced by the file's lines, as pytest will read them."""
    words: list[str] = []
    for word in args:
        try:
            # argparse splits a file so; a pipe is left to pytest, whose time is bounded
            file = Path(word[1:]) if word.startswith("@") else None
            lines = file.read_text(encoding="utf-8").splitlines() if file and _is_readable(file) else None
            words += [word] if lines is None else expanded(lines)
        except (OSError, ValueError, RecursionError):  # pytest says what is wrong with it
            words.append(word)
    return words


def _is_readable(file: Path) -> bool:
    return file.is_file() and file.stat().st_size <= _MOST


def values_of(args: Sequence[str], name: str) -> list[str]:
    """Return every value that a repeated option has."""
    pairs = ((word.partition("="), following) for word, following in pairwise([*args, "-"]))
    found = ((word[2] if word[1] else following) for word, following in pairs if word[0] == name)
    return [value for value in found if not value.startswith("-")]


def is_gate_run(args: Sequence[str]) -> bool:
    """Tell whether the command line asks for the release gate.

    It names a gate folder, or one of our own options, or `--env` together with `--version VALUE`, or a `--version` that
    is followed by what can only be a release's.
    """
    env = any(word == "--env" or word.startswith("--env=") for word in args)
    for position, word in enumerate(args):
        path = not word.startswith("-") and (position == 0 or args[position - 1] not in _NO_PATH)
        if word.startswith(_OWN) or (path and _names_gates(word)):
            return True
        if word == "--version":
            value = args[position + 1] if position + 1 < len(args) else None
            if value is not None and (_VERSION_LIKE.fullmatch(value) or (env and not value.startswith("-"))):
                return True
    return False


def gate_arguments(words: Sequence[str], environ: Mapping[str, str]) -> list[str]:
    """Return all arguments of a gate run, as `given` does; none if the command line `words` asks for no gate run.

    `--env` together with a `--version` that has no value is an unset variable, and asks for one. In PYTEST_ADDOPTS,
    `--env` may be a test suite's own, and says nothing of a `--version` of the command line.
    """
    args = given(words, environ)
    return args if is_gate_run(args) or _lacks_version(expanded(words)) else []


def gate_words(words: Sequence[str], environ: Mapping[str, str]) -> list[str]:
    """Return what `gate_arguments` does, without PYTEST_ADDOPTS where it cannot be read."""
    try:
        return gate_arguments(words, environ)
    except ArgumentError:
        return gate_arguments(words, {})


def protected(words: Sequence[str], environ: Mapping[str, str]) -> list[str]:
    """Return pytest's arguments; those of a gate run without a word by which pytest 9 would print its version.

    Where `rewrite_version` refuses them, the words are hidden until the plugin calls it again, and can say why.
    """
    if not gate_words(words, environ):
        return list(words)
    args = expanded(words)
    try:
        rewrite_version(args)
    except ArgumentError:
        return [f"--release-version={word}" if word in _PRINTS_VERSION else word for word in args]
    return args


def rewrite_version(args: list[str]) -> None:
    """Turn `--version VALUE` into `--release-version=VALUE`, in place: pytest would print its version and exit 0.

    Raises `ArgumentError` where an option is given twice, has no value, or is spelt as pytest's own.
    """
    args[:] = [_HIDDEN.get(word, word) for word in args]
    if "-V" in args:
        raise ArgumentError("-V prints pytest's version; a gate run takes --version VERSION")
    for name, spellings in {"--env": ("--env",), "--version": ("--version", "--release-version")}.items():
        given = [word for word in args if word.partition("=")[0] in spellings]
        if len(given) > 1:
            raise ArgumentError(f"{name} is given {len(given)} times ({' '.join(given)}); give it once")
    for position, word in enumerate(args):
        if word.startswith("--version="):
            args[position] = f"--release-{word.removeprefix('--')}"
    if "--version" not in args:
        return
    position = args.index("--version")
    value = args[position + 1] if position + 1 < len(args) else None
    if value is None or value.startswith("-"):
        seen = "the end of the line" if value is None else value
        raise ArgumentError(f"--version has no value, {seen} follows: write --version v1.2.3 (is $VERSION empty?)")
    args[position : position + 2] = [f"--release-version={value}"]


def _lacks_version(words: Sequence[str]) -> bool:
    """Tell whether `--env` and a `--version` without a value are among the words."""
    env = any(word.partition("=")[0] == "--env" for word in words)
    return env and any(pair[0] == "--version" and pair[1].startswith("-") for pair in pairwise([*words, "-"]))


def seconds(text: str) -> float:
    """Return the number of seconds that an option's value means; for argparse, and for pytest's parser."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise ArgumentTypeError(f"{_shown(text)} is not a number of seconds above 0")
    if number > LONGEST:
        raise ArgumentTypeError(f"{_shown(text)} is more than a day: at most {LONGEST} seconds")
    return number


def exists(path: Path) -> bool:
    """Return whether there is such a file or folder; no file can have a name that is too long."""
    with suppress(OSError, ValueError):
        return path.exists()
    return False


def is_folder(path: Path) -> bool:
    """Return whether there is such a folder, likewise."""
    return exists(path) and path.is_dir()


def _shown(text: str) -> str:
    """Return a value that is wrong, but not thousands of digits."""
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...")


def find_top(start: Path) -> Path | None:
    """Return the nearest folder from `start` upwards that holds a `.git`, without asking Git."""
    start = start.resolve()
    return next((folder for folder in (start, *start.parents) if exists(folder / ".git")), None)


def _names_gates(word: str) -> bool:
    """Tell whether a path is, or lies in, a gate folder of a repository, which may have that name itself."""
    path = Path(word.partition("::")[0]).absolute()
    if path.suffix not in {"", ".py"}:
        return False
    for folder in (path, *path.parents):
        if exists(folder / ".git"):
            return False
        if folder.name == GATE_FOLDER:
            return True
    return False
