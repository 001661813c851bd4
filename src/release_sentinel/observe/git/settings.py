"""Git's settings as its files and variables hold them, without asking Git.

Every process reads them before it shows anything. What Git itself could not read is read as far as possible.
"""

import os
import re
import shlex
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from release_sentinel.observe.git.folder import folders, text_of

Setting = tuple[str, str]  # a key, as `git config --list` writes it, and its value

_FILES = 200  # that are read at most, included ones and those of submodules among them
_SECTION = re.compile(r"""\s*\[\s*([\w.-]+)\s*(?:"((?:\\.|[^"\\\n])*)"\s*)?\]""")
_KEY = re.compile(r"\s*([A-Za-z][\w-]*)[ \t]*(=?)[ \t]*")
_VALUE = re.compile(r'"((?:\\[\s\S]|[^"\\\n])*)"?|\\(\r?\n|[\s\S])|([#;][^\n]*)|([^"\\#;\n]+)')
_ESCAPES = {"n": "\n", "t": "\t", "b": "\b", "\n": "", "\r\n": ""}
_COMMENT = re.compile(r"\s*[#;][^\n]*|\s+|[^\n]+")


def settings(top: Path, environ: Mapping[str, str]) -> Iterator[Setting]:
    """Yield the settings that count in the work tree at `top`, and those of its submodules."""
    waiting, seen = list(_files(top, environ)), set[Path]()
    while waiting and len(seen) < _FILES:
        file = waiting.pop(0)
        if file in seen:
            continue
        seen.add(file)
        for key, value in entries(text_of(file)):
            yield key, value
            if re.fullmatch(r"include(if\..*)?\.path", key):  # whatever its condition
                waiting.append(file.parent / _expanded(value))
    yield from _of_environment(environ)


def _files(top: Path, environ: Mapping[str, str]) -> Iterator[Path]:
    own, shared = folders(top)
    yield from (shared / "config", own / "config.worktree", top / ".gitmodules")
    home, folder = _expanded("~"), environ.get("XDG_CONFIG_HOME", "")
    chosen = environ.get("GIT_CONFIG_GLOBAL")
    usual = [Path(home, ".gitconfig"), Path(folder or Path(home, ".config"), "git", "config")]
    yield from [Path(chosen)] if chosen else usual
    yield Path(environ.get("GIT_CONFIG_SYSTEM") or "/etc/gitconfig")
    with suppress(OSError):
        for inner, below, names in os.walk(shared / "modules"):
            if "config" in names and "HEAD" in names:
                below[:] = [name for name in below if name == "modules"]  # not its objects
                yield Path(inner, "config")


def _expanded(path: str) -> str:
    return os.path.expanduser(path)  # noqa: PTH111 - Path.expanduser raises where there is no home


def entries(text: str) -> Iterator[Setting]:
    """Yield the settings in the text of a configuration file."""
    section, position = "", 0
    while position < len(text):
        if header := _SECTION.match(text, position):
            name, part = header.groups()
            section = f"{name.lower()}." + (f"{_unescaped(part)}." if part is not None else "")
            position = header.end()
        elif key := _KEY.match(text, position):
            value, position = _value(text, key.end()) if key[2] else ("", key.end())
            yield f"{section}{key[1].lower()}", value
        else:
            aside = _COMMENT.match(text, position)
            position = aside.end() if aside else position + 1


def _value(text: str, position: int) -> tuple[str, int]:
    """Return the value that begins at `position`, and where it ends: with the line, unless that is continued."""
    parts = []
    while part := _VALUE.match(text, position):
        quoted, escaped, comment, plain = part.groups()
        position = part.end()
        if quoted is not None:
            parts.append(_unescaped(quoted))
        elif escaped is not None:
            parts.append(_ESCAPES.get(escaped, escaped))
        elif not comment:
            parts.append(plain)
    return "".join(parts).strip(), position


def _unescaped(text: str) -> str:
    return re.sub(r"\\(\r?\n|[\s\S])", lambda match: _ESCAPES.get(match[1], match[1]), text)


def _of_environment(environ: Mapping[str, str]) -> Iterator[Setting]:
    """Yield the settings that variables hold: GIT_CONFIG_KEY_0 and GIT_CONFIG_VALUE_0, GIT_CONFIG_PARAMETERS."""
    for name, key in environ.items():
        if name.startswith("GIT_CONFIG_KEY_"):
            yield key, environ.get(f"GIT_CONFIG_VALUE_{name.rpartition('_')[2]}", "")
    words: list[str] = []
    with suppress(ValueError):
        words = shlex.split(environ.get("GIT_CONFIG_PARAMETERS", ""))
    for word in words:
        key, _, value = word.partition("=")
        yield key, value
