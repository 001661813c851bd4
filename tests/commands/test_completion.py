"""Shell completion: what the parsers take is offered, by the real shells."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from release_sentinel import gates
from release_sentinel.cli import main
from release_sentinel.commands import COMMANDS
from release_sentinel.commands.guide import pages
from release_sentinel.options import OPTIONS

SHELLS = ("bash", "zsh", "fish")
# What is typed, with the one word that it becomes.
UNIQUE = [
    (("expl",), "explain"),
    (("explain", "clean"), "clean-tree"),
    (("guide", "own"), "own-gates"),
    (("--env", "pr"), "prod"),
    (("--gate-tag-m",), "--gate-tag-mode"),
    (("verify", "--max"), "--max-age"),
    (("kubernetes", "wa"), "wait"),
    (("kubernetes", "job", "--cro"), "--cron"),
    (("kubernetes", "run", "--gate-prev"), "--gate-preview"),
    (("init", "az"), "azure"),
    (("init", "hook", "--pre"), "--pre-commit"),
    (("init", "--kind", "mono"), "monorepo"),
    (("completion", "fi"), "fish"),
    (("--gate-policy", "my"), "my policy.toml"),
    (("verify", "my"), "my policy.toml"),
]


@pytest.fixture
def scripts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A folder with the script of each shell, and a file to complete."""
    for shell in SHELLS:
        assert main(("completion", shell)) == 0
        (tmp_path / f"completion.{shell}").write_text(capsys.readouterr().out, encoding="utf-8")
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "my policy.toml").touch()
    return tmp_path


def shell(name: str, script: str, folder: Path) -> str:
    """Run a script by a shell that reads no settings of a user."""
    program = shutil.which(name)
    if program is None:
        absent = f"{name} is not installed"
        if os.environ.get("REAL_SHELLS") == "required":
            pytest.fail(absent)
        pytest.skip(absent)
    words = {"bash": ["--noprofile", "--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[name]
    environ = {**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "TERM": "dumb"}
    environ |= {"XDG_DATA_HOME": str(folder), "XDG_CACHE_HOME": str(folder), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        [program, *words, "-c", script],
        cwd=folder / "here",
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout


def quoted(word: str) -> str:
    """Return a word that every shell reads as it stands."""
    return "'" + word + "'"


def bash(folder: Path, *typed: tuple[str, ...]) -> list[list[str]]:
    """Return what bash offers after each of these words."""
    lines = ["source ../completion.bash"]
    for words in typed:
        given = " ".join(quoted(word) for word in ("release-sentinel", *words))
        lines += [f"COMP_WORDS=({given}); COMP_CWORD={len(words)}; _release_sentinel"]
        lines += ["printf '%s\\n' ${COMPREPLY[@]+\"${COMPREPLY[@]}\"}; echo ---"]
    out = shell("bash", "\n".join(lines), folder)
    return [answer.split("\n")[:-1] for answer in out.split("---\n")[:-1]]


def fish(folder: Path, *typed: tuple[str, ...]) -> list[list[str]]:
    """Return what fish offers after each of these words."""
    lines = ["source ../completion.fish"]
    for words in typed:
        lines += [f"complete -C {quoted(' '.join(('release-sentinel', *words)))}; echo ---"]
    out = shell("fish", "\n".join(lines), folder)
    answers = [[line.partition("\t")[0] for line in answer.splitlines()] for answer in out.split("---\n")[:-1]]
    return [[re.sub(r"\\(.)", r"\1", word) for word in answer] for answer in answers]


def zsh(folder: Path, *typed: tuple[str, ...]) -> list[str]:
    """Return what the line becomes in an interactive zsh; one widget completes them all."""
    given = " ".join(quoted(" ".join(("release-sentinel", *words))) for words in typed)
    (folder / "setup").write_text(
        "autoload -Uz compinit; compinit -D -u; source ../completion.zsh; setopt NO_LIST_BEEP NO_AUTO_LIST\n"
        f"all() {{ for BUFFER in {given}; do CURSOR=$#BUFFER; zle complete-word; print -r -- $BUFFER >> ../seen; done; "
        "BUFFER=exit; zle accept-line }\nzle -N all; bindkey '^X' all\n",
        encoding="utf-8",
    )
    script = r"""
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'source ../setup'
zpty -w -n shell $'\C-x'
while zpty -r shell; do :; done >/dev/null
zpty -d shell 2>/dev/null; :
"""
    shell("zsh", script, folder)
    return (folder / "seen").read_text(encoding="utf-8").splitlines()


def test_bash_completes(scripts: Path) -> None:
    """The one word that fits."""
    assert bash(scripts, *(typed for typed, _ in UNIQUE)) == [[word] for _, word in UNIQUE]


def test_fish_completes(scripts: Path) -> None:
    """The one word that fits; after it there is what goes on from there."""
    found = fish(scripts, *(typed for typed, _ in UNIQUE))
    assert [answer[:1] for answer in found] == [[word] for _, word in UNIQUE]
    assert all(len(answer) == 1 for answer in found)


def test_zsh_completes(scripts: Path) -> None:
    """The line gets the one word that fits."""
    lines = [" ".join(("release-sentinel", *typed[:-1], word.replace(" ", "\\ "))) for typed, word in UNIQUE]
    assert [re.sub(r"[= ]$", "", line) for line in zsh(scripts, *(typed for typed, _ in UNIQUE))] == lines


@pytest.mark.sweep
@pytest.mark.parametrize("ask", [bash, fish])
def test_all_is_offered(ask: type, scripts: Path) -> None:
    """Every command, gate, guide and option of a run, and none of them elsewhere."""
    commands, ids, topics, flags, values, joined = ask(
        scripts, ("",), ("explain", ""), ("guide", ""), ("-",), ("--env", ""), ("schema", "")
    )
    assert set(commands) == {*COMMANDS, "my policy.toml"}
    assert set(ids) == set(gates.IDS)
    assert set(topics) == set(pages())
    assert set(flags) == {flag for option in OPTIONS for flag in option.flags} | {"-h", "--help"}
    assert set(values) == {"dev", "stage", "prod"}
    assert [word for word in joined if word] == []


def test_bash_takes_a_joined_value_apart(scripts: Path) -> None:
    """Its words end at `=`, also where nothing follows yet."""
    found = bash(scripts, ("--env", "=", "st"), ("--env", "="), ("tag", "--env", "=", "d"))
    assert found == [["stage"], ["dev", "stage", "prod"], ["dev"]]


def test_another_shell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """With the names of those that there are."""
    with pytest.raises(SystemExit) as ended:
        main(("completion", "tcsh"))
    assert ended.value.code == 1
    assert "invalid choice: 'tcsh' (choose from 'bash', 'zsh', 'fish')" in capsys.readouterr().err
