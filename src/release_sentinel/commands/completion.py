"""`release-sentinel completion`: the script with which a shell completes the command line.

What it completes is read from the parsers that answer `--help`, so it offers what the commands take.
"""

import argparse
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from importlib.resources import files

from msgspec import Struct

from release_sentinel import gates
from release_sentinel.commands import COMMANDS
from release_sentinel.commands.guide import pages
from release_sentinel.commands.paths import path
from release_sentinel.config.model import Policy
from release_sentinel.options import BY_FLAG
from release_sentinel.parser import Parser, parser_behind
from release_sentinel.settings import Settings

NAME = "release-sentinel"
_FILES, _FOLDERS = "<files>", "<folders>"  # what a value may be, beside words
_WORD = re.compile(r"[\w./+-]+")


class Completed(Struct, frozen=True):
    """An option: its spellings, what it does, whether it takes a value, and the words that the value may be."""

    flags: tuple[str, ...]
    help: str
    takes: bool
    repeatable: bool
    words: tuple[str, ...] = ()


class Level(Struct, frozen=True):
    """A command, by its words: what may follow it."""

    path: str  # "kubernetes job"; blank: a gate run
    options: tuple[Completed, ...]
    words: tuple[str, ...] = ()  # its argument, and its own commands
    about: Mapping[str, str] = {}  # what each command does: of a gate run alone


def main(words: list[str], settings: Settings) -> int:
    """Print the script for a shell."""
    parser = Parser(
        prog=f"{NAME} completion",
        description="Print the script with which a shell completes this command line. The guide `options` says where "
        "to put it.",
    )
    parser.add_argument("shell", choices=tuple(_WRITERS), help="the shell")
    shell = parser.parse_args(words).shell
    print(_WRITERS[shell](list(levels(settings))), end="")
    return 0


def levels(settings: Settings) -> Iterator[Level]:
    """Yield a gate run, and then every command."""
    commands = {name: does for name, (_, does) in COMMANDS.items()}
    gate = _parser("gate", [], settings)
    yield Level("", _options(gate), (*commands, _FILES), commands)
    for name in COMMANDS:
        own = getattr(import_module(f"{__package__}.{name}"), "SUBCOMMANDS", {})
        parser = _parser(name, [], settings)
        yield Level(name, _options(parser), (*own, *_positional(parser)))
        for word in own:
            parser = _parser(name, [word], settings)
            yield Level(f"{name} {word}", _options(parser), _positional(parser))


def _parser(name: str, words: list[str], settings: Settings) -> Parser:
    command: Callable[[list[str], Settings], int] = import_module(f"{__package__}.{name}").main
    return parser_behind(lambda: command([*words, "--help"], settings))


def _options(parser: Parser) -> tuple[Completed, ...]:
    found = (action for action in parser._actions if action.option_strings)  # noqa: SLF001 - argparse has no other way
    return tuple(
        Completed(
            tuple(action.option_strings),
            " ".join((action.help or "").split()),
            takes=action.nargs != 0,
            repeatable="append" in type(action).__name__.lower(),
            words=_values(action),
        )
        for action in found
    )


def _positional(parser: Parser) -> tuple[str, ...]:
    found = (action for action in parser._actions if not action.option_strings)  # noqa: SLF001 - argparse has no other way
    return tuple(word for action in found for word in _values(action))


def _values(action: argparse.Action) -> tuple[str, ...]:
    """Return the words that a value may be, or the mark for files or folders; none where it may be anything."""
    option = BY_FLAG.get(action.option_strings[0]) if action.option_strings else None
    metavar = str(action.metavar or "")
    known = {"env": Policy().environments, "gate": gates.IDS, "topic": tuple(pages())}
    if choices := tuple(action.choices or (option.choices if option else ())):
        return choices
    if action.dest in known and action.nargs != 0:
        return tuple(known[action.dest])
    if metavar in {"PATH", "FOLDER"}:
        return (_FOLDERS,)
    is_file = action.type is path or metavar.startswith("FILE") or metavar == "WHEEL"
    return (_FILES,) if is_file else ()


def _script(shell: str, **parts: str) -> str:
    text = (files("release_sentinel") / "templates" / f"completion.{shell}").read_text(encoding="utf-8")
    for name, part in parts.items():
        text = text.replace(f"<{name}>", part)
    return text


def _plain(words: tuple[str, ...]) -> str:
    """Return the words of a value; they are ids and names, which no shell reads in another way."""
    plain = [word for word in words if word not in {_FILES, _FOLDERS}]
    if odd := [word for word in plain if not _WORD.fullmatch(word)]:
        raise ValueError(f"{odd} would need quotes")
    return " ".join(plain)


def _bash(found: list[Level]) -> str:
    values, words, options = [], [], []
    for level in found:
        for option in level.options:
            if option.takes:
                patterns = "|".join(f"'{level.path} {flag}'" for flag in option.flags)
                values.append(f"        {patterns}) {_compgen(option.words)} ;;")
        flags = " ".join(flag for option in level.options for flag in option.flags)
        options.append(f"        '{level.path}') offered='{flags}' ;;")
        words.append(f"        '{level.path}') {_compgen(level.words)} ;;")
    return _script(
        "bash", paths=_paths(found), values="\n".join(values), options="\n".join(options), words="\n".join(words)
    )


def _compgen(words: tuple[str, ...]) -> str:
    parts = [f"offered='{plain}'"] if (plain := _plain(words)) else []
    parts += ["action=file"] if _FILES in words else ["action=directory"] if _FOLDERS in words else []
    return "; ".join(parts) or ":"


def _paths(found: list[Level]) -> str:
    """Return the commands as patterns of `case`."""
    return "|".join(f"'{level.path}'" for level in found if level.path)


def _zsh(found: list[Level]) -> str:
    blocks = []
    for level in found:
        specs = [_zsh_option(option) for option in level.options]
        if level.about:
            specs += ["'1: :_release_sentinel_commands'", "'*:file:_files'"]
        elif level.words:
            specs.append(shlex.quote(f"1:argument:{_zsh_action(level.words)}"))
        lines = "".join(f" \\\n                {spec}" for spec in specs)
        blocks.append(f"        '{level.path}')\n            _arguments -s{lines}\n            ;;")
    about = " ".join(shlex.quote(f"{word}:{does}") for word, does in found[0].about.items())
    return _script("zsh", commands=about, paths=_paths(found), levels="\n".join(blocks))


def _zsh_option(option: Completed) -> str:
    does = re.sub(r"([\[\]:\\])", r"\\\1", option.help)
    others = " ".join(option.flags)
    parts = []
    for flag in option.flags:
        joined = "=" if option.takes and flag.startswith("--") else ""
        value = f":value:{_zsh_action(option.words)}" if option.takes else ""
        first = "*" if option.repeatable else f"({others})" if others else ""
        parts.append(shlex.quote(f"{first}{flag}{joined}[{does}]{value}"))
    return " ".join(parts)


def _zsh_action(words: tuple[str, ...]) -> str:
    if _FOLDERS in words:
        return "_files -/"
    if _FILES in words:
        return "_files"
    return f"({_plain(words)})" if words else " "


def _fish(found: list[Level]) -> str:
    lines = []
    for level in found:
        here = f"complete -c {NAME} -n '__release_sentinel_at \"{level.path}\"'"
        first = f"complete -c {NAME} -n 'test (count (commandline -opc)) -eq 1'" if level.about else here
        lines += [
            f"{first} -a {word} -d {_fish_quoted(level.about.get(word, ''))}" for word in _plain(level.words).split()
        ]
        if _FILES in level.words:
            lines.append(f"{here} -F")
        for option in level.options:
            names = " ".join(_fish_name(flag) for flag in option.flags)
            value = ""
            if option.takes:
                plain = _plain(option.words)
                value = " -r" if {_FILES, _FOLDERS} & set(option.words) else f" -x -a '{plain}'" if plain else " -x"
            lines.append(f"{here} {names}{value} -d {_fish_quoted(option.help)}")
    commands = [level.path for level in found if level.path]
    return _script("fish", paths=" ".join(f"'{path}'" for path in commands), lines="\n".join(lines))


def _fish_name(flag: str) -> str:
    return f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}"


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


_WRITERS = {"bash": _bash, "zsh": _zsh, "fish": _fish}
