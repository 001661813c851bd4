"""The paths that several commands take, and the repository that they mean."""

import argparse
from pathlib import Path

from release_sentinel.arguments import find_top
from release_sentinel.parser import Once


def path(words: str) -> Path:
    """Return a path; a blank (an unset variable) must mean neither the working directory nor a default."""
    if not words.strip():
        raise argparse.ArgumentTypeError(f"{words!r} is blank (an unset variable?)")
    return Path(words)


def folder(words: str) -> Path:
    """Return the path of a folder that is there."""
    named = path(words)
    if not named.is_dir():
        raise argparse.ArgumentTypeError(f"{words!r} is not a folder")
    return named


def filled(words: str) -> str:
    """Return a text that files can hold; a blank (an unset variable) must not be taken for an option left out."""
    if not words.strip():
        raise argparse.ArgumentTypeError(f"{words!r} is blank (an unset variable?)")
    if not words.isprintable():  # nor half a character, which is what Python makes of a byte that is not UTF-8
        raise argparse.ArgumentTypeError(f"{words!r} has characters that cannot be shown")
    return words


def add_repository(parser: argparse.ArgumentParser) -> None:
    """Add the option that names the repository."""
    parser.add_argument(
        "--gate-repo",
        type=folder,
        action=Once,
        metavar="PATH",
        help="the repository; default: that of the working directory",
    )


def add_policy(parser: argparse.ArgumentParser) -> None:
    """Add the option that names a policy file."""
    parser.add_argument(
        "--gate-policy", type=path, action=Once, metavar="FILE", help="the policy file, instead of the repository's"
    )


def repository(known: argparse.Namespace) -> Path:
    """Return the repository that is named, or that of the working directory; where there is none, that directory."""
    return (known.gate_repo or find_top(Path.cwd()) or Path.cwd()).resolve()
