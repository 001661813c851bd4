"""The paths that commands take: a blank one, as of an unset variable, is refused."""

import argparse
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from pathlib import Path

import pytest

from release_sentinel.cli import main
from release_sentinel.commands import COMMANDS
from release_sentinel.commands.paths import filled, folder, path, repository
from release_sentinel.config.load import Loaded
from release_sentinel.config.model import Policy
from release_sentinel.parser import parser_behind
from release_sentinel.redaction import Redactor
from release_sentinel.settings import Settings


def actions() -> Iterator[tuple[tuple[str, ...], argparse.Action]]:
    """Yield every option and argument of every command, with the words of the command."""
    for name in COMMANDS:
        module = import_module(f"release_sentinel.commands.{name}")
        for inner in ((), *((word,) for word in getattr(module, "SUBCOMMANDS", {}))):
            parser = parser_behind(partial(module.main, [*inner, "--help"], Settings(Loaded(Policy()), Redactor())))
            yield from (((name, *inner), action) for action in parser._actions)


PATHS = [(words, action) for words, action in actions() if action.type in {path, folder}]
FILLED = [*PATHS, *((words, action) for words, action in actions() if action.type is filled)]


def test_every_path_is_read_by_one_function() -> None:
    """Argparse reads a blank as `Path('')`, which is the working directory."""
    assert [words for words, action in actions() if action.type is Path] == []
    assert len(PATHS) > 10


@pytest.mark.parametrize("blank", ["", " "])
@pytest.mark.parametrize(("words", "action"), FILLED, ids=[" ".join((*words, action.dest)) for words, action in FILLED])
def test_a_blank_is_refused(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], action: argparse.Action, blank: str
) -> None:
    """It means neither the working directory nor what holds without the option."""
    given = [f"{action.option_strings[0]}={blank}"] if action.option_strings else [blank]
    name = action.option_strings[0] if action.option_strings else action.metavar
    with pytest.raises(SystemExit) as ended:
        main([*words, *given])
    assert ended.value.code == 1
    assert f"argument {name}: {blank!r} is blank (an unset variable?)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "action"),
    [one for one in PATHS if one[1].option_strings],
    ids=[" ".join((*words, action.dest)) for words, action in PATHS if action.option_strings],
)
def test_a_path_is_given_once(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], action: argparse.Action
) -> None:
    """The second of two never wins silently."""
    name = action.option_strings[0]
    with pytest.raises(SystemExit) as ended:
        main([*words, f"{name}=.", f"{name}=/"])
    assert ended.value.code == 1
    assert f"{name} is given twice" in capsys.readouterr().err


@pytest.mark.parametrize(
    "name", [name for name in COMMANDS if any(words == (name,) and one.dest == "gate_repo" for words, one in PATHS)]
)
@pytest.mark.parametrize("given", ["/none", "a\nb", "-", "\udcff"])
def test_a_repository_that_is_not_there_is_refused(capsys: pytest.CaptureFixture[str], name: str, given: str) -> None:
    """No command goes on with the defaults of none."""
    with pytest.raises(SystemExit) as ended:
        main([name, f"--gate-repo={given}"])
    assert ended.value.code == 1
    assert f"{given!r} is not a folder" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--component", "--hosts", "--process", "--api", "--secret"])
@pytest.mark.parametrize("given", ["\udcff", "a\nb", "a\x1b[2J"])
def test_what_a_file_cannot_hold_is_refused(capsys: pytest.CaptureFixture[str], option: str, given: str) -> None:
    """In one line, before anything is made of it."""
    with pytest.raises(SystemExit) as ended:
        main(["init", f"{option}={given}", "--print"])
    assert ended.value.code == 1
    assert f"argument {option}: {given!r} has characters that cannot be shown" in capsys.readouterr().err


def test_a_path_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A dot is meant; without a name it is the repository of the working directory, or that directory."""
    monkeypatch.chdir(tmp_path)
    assert path(".") == Path()
    assert repository(argparse.Namespace(gate_repo=path("shop"))) == tmp_path.resolve() / "shop"
    assert repository(argparse.Namespace(gate_repo=None)) == tmp_path.resolve()
