"""Runs `python -m MODULE` in a process that is forked from one with the imports done: the same run, in half the time.

Starting an interpreter and importing pytest and the gate's libraries takes longer than most gate runs do. What a test
says about that start itself (options of the interpreter, PYTHON* variables, what is imported when) needs a real one.
"""

import atexit
import multiprocessing
import os
import runpy
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

# What a gate run imports. The plugin itself is left to the run: pytest warns where a plugin is imported already.
_IMPORTED = ["pytest", "_pytest.pytester", "release_sentinel.cli", "requests", "psutil", "git", "semver", "email.utils"]
SUPPORTED = "forkserver" in multiprocessing.get_all_start_methods()


def run_module(words: Sequence[str], cwd: Path, environ: Mapping[str, str], output: Path, seconds: float) -> int:
    """Run `python -m *words` in `cwd`, with its output in a file; return its exit code.

    Raises `TimeoutError` where it takes longer; it is killed then.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_IMPORTED)
    process = context.Process(target=_main, args=(list(words), str(cwd), dict(environ), str(output)))
    process.start()
    try:
        process.join(seconds)
        if process.exitcode is None:
            raise TimeoutError(f"{' '.join(words)} did not end within {seconds:g} s: {output.read_text()}")
        return process.exitcode
    finally:
        process.kill()
        process.join()
        process.close()


def _main(words: list[str], cwd: str, environ: dict[str, str], output: str) -> None:
    """Become the process that `python -m *words` would be."""
    with Path(output).open("wb") as file:
        for number in (1, 2):
            os.dup2(file.fileno(), number)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environ)
    sys.path[0] = cwd
    sys.argv, sys.orig_argv = ["-m", *words[1:]], [sys.executable, "-m", *words]
    for guard in (Path(folder, "release_sentinel_guard.pth") for folder in sys.path):
        if guard.is_file():  # what site runs before it knows more of the command line
            exec(guard.read_text(encoding="utf-8"))  # noqa: S102 - our own file
    try:
        runpy.run_module(words[0], run_name="__main__", alter_sys=True)
    finally:
        atexit._run_exitfuncs()
