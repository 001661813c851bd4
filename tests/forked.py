"""Runs `python -m MODULE` in a process that is forked from one with the imports done, in a third of the time.

Starting an interpreter and importing pytest and the gate's libraries takes longer than most gate runs do. The child
that `release-sentinel` starts is a fork of its parent here. What a test says about a start itself (options of the
interpreter, PYTHON* variables but for PYTHONPATH, what is imported when) needs a real one.

How long a run is patient where that is no setting is told by the variable GRACES: `plugin.deadline:_GRACE=0.5 ...`.
"""

import atexit
import gc
import importlib
import multiprocessing
import os
import re
import runpy
import signal
import site
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

from _pytest.config import default_plugins

import release_sentinel
from release_sentinel import plugin

_SOURCE = Path(release_sentinel.__file__).parents[1]
# What a gate run imports.
_OURS = [
    ".".join(path.relative_to(_SOURCE).with_suffix("").parts)
    for path in sorted(_SOURCE.glob("release_sentinel/**/*.py"))
    if path.name not in {"__init__.py", "__main__.py"}
]
_PYTEST = [f"_pytest.{name}" for name in default_plugins]
_LIBRARIES = ["pytest", "requests", "psutil", "git", "semver", "email.utils", "unittest", "concurrent.futures.thread"]
_IMPORTED = [*_LIBRARIES, *_PYTEST, *_OURS]
SITE = "TEST_SITE"  # a variable: a folder of packages, behind those of the environment
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
    """Become the process that `python -m *words` would be, with its output in a file."""
    with Path(output).open("wb") as file:
        for number in (1, 2):
            os.dup2(file.fileno(), number)
    os.chdir(cwd)
    subprocess.Popen = _Popen  # type: ignore[misc,assignment]  # the gate's own child starts in the same way
    path = environ.get("PYTHONPATH", "")
    _run(words, environ, [cwd, *map(os.path.abspath, filter(None, path.split(os.pathsep)))])


def _run(words: Sequence[str], environ: Mapping[str, str], first: list[str]) -> None:
    """Run a module; `first` is what Python puts on its path: the working directory and PYTHONPATH."""
    gc.freeze()  # what was imported before is no garbage to look for
    os.environ.clear()
    os.environ.update(environ)
    for module, name, seconds in (re.split("[:=]", word) for word in environ.get("GRACES", "").split()):
        setattr(importlib.import_module(f"release_sentinel.{module}"), name, float(seconds))
    plugin.__doc__ = "PYTEST_DONT_REWRITE"  # or pytest warns that the plugin is imported already
    sys.path[:1] = first
    if folder := environ.get(SITE):
        site.ENABLE_USER_SITE, site.USER_SITE = True, folder
        sys.path += [folder] if folder not in sys.path else []
    sys.argv, sys.orig_argv = ["-m", *words[1:]], [sys.executable, "-m", *words]
    for guard in (Path(folder, "release_sentinel_guard.pth") for folder in sys.path):
        if guard.is_file():  # what site runs before it knows more of the command line
            exec(guard.read_text(encoding="utf-8"))  # noqa: S102 - our own file
    try:
        runpy.run_module(words[0], run_name="__main__", alter_sys=True)
    finally:
        atexit._run_exitfuncs()


_STREAMS = (("r", -1, "strict"), ("w", -1, "strict"), ("w", 1, "backslashreplace"))  # as Python opens them


class _Popen(subprocess.Popen[bytes]):
    """Starts `python -m pytest` as a fork of this process; everything else as before."""

    def __init__(self, args: Any, *more: Any, **options: Any) -> None:
        if list(args[:4]) == [sys.executable, "-P", "-m", "pytest"]:
            kept, environ = options.get("pass_fds", ()), options["env"]
            options["preexec_fn"] = partial(_become, list(args[3:]), environ, kept)
        super().__init__(args, *more, **options)


def _become(words: list[str], environ: Mapping[str, str], kept: Sequence[int]) -> NoReturn:
    """Go on as `python -m *words`: with what `exec` would close, reset and forget."""
    code: object = 1
    try:
        bounds = [2, *sorted(kept), os.sysconf("SC_OPEN_MAX")]
        for low, high in pairwise(bounds):
            os.closerange(low + 1, high)  # the one at which the parent waits for an exec is among them
        for number in signal.valid_signals():
            if callable(signal.getsignal(number)):
                signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # as Python begins
        if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.stdin, sys.stdout, sys.stderr = (
            open(number, mode, buffering, errors=errors)  # noqa: PTH123, SIM115 - for as long as the process lives
            for number, (mode, buffering, errors) in enumerate(_STREAMS)
        )
        vars(sys).update(__stdin__=sys.stdin, __stdout__=sys.stdout, __stderr__=sys.stderr)
        atexit._clear()
        _run(words, environ, [])
        code = 0
    except SystemExit as end:
        code = end.code
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException:  # noqa: BLE001 - an interpreter prints whatever ends it
        traceback.print_exc()
    finally:
        with suppress(BaseException):
            threading._shutdown()  # type: ignore[attr-defined]  # not public
            sys.stdout.flush()
        os._exit(code if isinstance(code, int) else code is not None)
