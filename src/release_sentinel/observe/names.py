"""The names of a process, from what the kernel shows of it: its program, its title, the script that it runs.

An argument is a name only where it is certain to be the script. After an option that is not known nothing is certain,
so a file that an editor has open, or a word that `sh -c` is given, names no process.
"""

import ntpath
import os
import posixpath
import re
from collections.abc import Collection, Iterator, Sequence

KERNEL_NAME = 15  # bytes that the kernel keeps of a name

_TITLE = re.compile(r"\[?([^\s/:\[\]]+):(?=\s|$)")  # `nginx: worker process`, `[celeryd: worker]`
_PYTHON = re.compile(r"(?:python|pypy)[\d.]*[a-z]?")
_JAVA = re.compile(r"javaw?")
_NODE = re.compile(r"node(?:js)?")
_OTHERS = re.compile(r"(?:perl|ruby|php|lua|tclsh|mono|dotnet)[\d.]*")
_BY_PATH = re.compile(r"(?:ba|da|z|k|a)?sh|ld-(?:linux|musl)[\w.-]*")
_APPLETS = re.compile(r"(?:busybox|toybox)(?:[.-]\w+)?")

# Options that a value follows, and those that stand alone.
_JAVA_VALUES = (
    "-cp -classpath --class-path -p --module-path --upgrade-module-path --add-modules --enable-native-access "
    "--add-reads --add-exports --add-opens --limit-modules --patch-module --source --finalization"
)
_NODE_VALUES = "-r --require --import --loader --experimental-loader -C --conditions"
_NODE_FLAGS = (
    "--enable-source-maps --inspect --inspect-brk --no-warnings --trace-warnings --no-deprecation --trace-deprecation "
    "--expose-gc --expose_gc --preserve-symlinks --use-openssl-ca --experimental-vm-modules"
)
_JAVA_WITH_VALUE, _NODE_WITH_VALUE, _NODE_ALONE = (
    frozenset(words.split()) for words in (_JAVA_VALUES, _NODE_VALUES, _NODE_FLAGS)
)
_IN_SNAP = re.compile(r"(?:/var/lib/snapd)?/snap/[^/]+/[^/]+/")
_base = posixpath.basename
_SNAP_WRAPPER = re.compile(r"(?:command-)?(.+?)[.-](?:wrapper|launcher|launch)|command-(.+)")


def names(kernel: str, executable: str, command: Sequence[str], *, windows: bool = False) -> set[str]:
    """Return the names of a process: `kernel` is the kernel's, which may be cut short, `command` its command line."""
    if windows:
        interpreter = ntpath.basename(command[0]).casefold().removesuffix(".exe") if command else ""
        paths = [executable, *command[:1], *_run_by(interpreter, command[1:])]
        return {kernel, *map(ntpath.basename, paths)} - {""}
    command = _words(command)
    title = _TITLE.match(command[0]) if command else None
    paths = [executable, *_cut(kernel, executable, command), *(() if title else command[:1])]
    paths += _run_by(_base(command[0]), command[1:]) if command else []
    found = {*map(_base, paths), *(name for path in paths for name in _unwrapped(path)), title[1] if title else ""}
    if len(os.fsencode(kernel)) < KERNEL_NAME:
        found.add(kernel)
    return found - {""}


def _words(command: Sequence[str]) -> list[str]:
    """Return a command line, or the words of the title that a program wrote over it: what is left of it is blank."""
    end = len(command)
    while end and not command[end - 1]:
        end -= 1
    return command[0].split() if end == 1 < len(command) else list(command[:end])


def _unwrapped(path: str) -> Iterator[str]:
    """Yield the name without that of a snap's wrapper: `command-shop.wrapper` starts `shop`."""
    if _IN_SNAP.match(path) and (wrapper := _SNAP_WRAPPER.fullmatch(_base(path))):
        yield wrapper[1] or wrapper[2]


def _run_by(interpreter: str, arguments: Sequence[str]) -> Iterator[str]:
    """Yield what an interpreter runs: a script's path, a module, a main class, an applet."""
    if _PYTHON.fullmatch(interpreter):
        yield from _of_python(arguments)
    elif _JAVA.fullmatch(interpreter):
        yield from _of_java(arguments)
    elif _NODE.fullmatch(interpreter):
        yield from _first(arguments, alone=_NODE_ALONE, with_value=_NODE_WITH_VALUE)
    elif _OTHERS.fullmatch(interpreter):
        yield from _first(arguments)
    elif _APPLETS.fullmatch(interpreter):
        yield from _first(arguments[:1])
    elif _BY_PATH.fullmatch(interpreter):  # as for `#!/usr/bin/env bash`; a plain word may be anything
        yield from (path for path in _first(arguments[:1]) if "/" in path)


def _cut(kernel: str, executable: str, command: Sequence[str]) -> Iterator[str]:
    """Yield the script of which the kernel's name is the beginning: the kernel names it, not its interpreter.

    It follows the interpreter, and the one argument that `#!` may have.
    """
    start = os.fsencode(kernel)
    programs = [executable, *command[:1]]
    if len(start) < KERNEL_NAME or any(_begins(path, start) for path in programs):
        return
    yield from [path for path in command[1:3] if _begins(path, start)][:1]


def _begins(path: str, start: bytes) -> bool:
    return os.fsencode(_base(path)).startswith(start)


def _of_python(arguments: Sequence[str]) -> Iterator[str]:
    """Yield the script or the module (`-m`) of a Python."""
    left = iter(arguments)
    for argument in left:
        if argument == "--check-hash-based-pycs":
            next(left, "")
        elif argument.startswith("--"):
            continue
        elif not argument.startswith("-"):
            yield argument
            return
        elif option := re.match(r"-[^cmWXQ]*([cmWXQ])(.*)", argument, re.DOTALL):
            value = option[2] or next(left, "")
            if option[1] in "cm":
                yield from [value] if option[1] == "m" else []
                return
        elif argument == "-":
            return


def _of_java(arguments: Sequence[str]) -> Iterator[str]:
    """Yield the jar, or the main class with its package and without."""
    left = iter(arguments)
    for argument in left:
        if argument in {"-jar", "-m", "--module"}:
            yield from next(left, "").split("/") if argument != "-jar" else [next(left, "")]
            return
        if argument in _JAVA_WITH_VALUE:
            next(left, "")
        elif argument.startswith("@"):  # a file of arguments
            return
        elif not argument.startswith("-"):
            yield from (argument, argument.rpartition(".")[2] if "/" not in argument else "")
            return


def _first(arguments: Sequence[str], *, alone: Collection[str] = (), with_value: Collection[str] = ()) -> Iterator[str]:
    """Yield the first argument that is not an option, if all options before it are known, or hold their value."""
    left = iter(arguments)
    for argument in left:
        if argument in with_value:
            next(left, "")
        elif argument in alone or (argument.startswith("--") and "=" in argument):
            continue
        else:
            yield from () if argument.startswith("-") else (argument,)
            return
