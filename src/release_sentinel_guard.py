"""What has to be done before pytest is imported: Python runs this at its start, for pytest and `release-sentinel`.

`release_sentinel_guard.pth`, which is installed beside this module, imports it when the command line of a Python names
one of the two. Where that fails, the line in the .pth file ends a gate run that pytest would answer with its version.
So this module loads next to nothing, and only gate runs are changed, in four ways:

- pytest 9 would answer `--version VALUE` with its own version and exit code 0: the words are rewritten.
  `release_sentinel.arguments` says what a gate run is.
- A `git.py`, `types.py` or `pytest.py` at the top of the judged repository would be imported in place of the installed
  module: `InstalledFirst` looks elsewhere first.
- pytest may end before it loads the plugin, because it cannot read its settings: the reports of an older run say
  INCOMPLETE by then, and the exit code is not 0.
- Ctrl-C before pytest or `release-sentinel` takes interrupts itself would end in a traceback: it ends in a line.

PYTEST_DONT_REWRITE (pytest warns of modules of a plugin that were imported before it)
"""

import os
import sys
from _frozen_importlib_external import PathFinder

TYPE_CHECKING = False  # as typing's, which would have to be loaded
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import TracebackType

_SUFFIXES = (".exe", "-script.py", ".py")
_HANDOVER = "RELEASE_SENTINEL_HANDOVER"  # as in `release_sentinel.vocabulary`
_PRINT_VERSION = {"--version", "-V"}
_SIGNS = ("gate", "version", "-V", "@")  # without one of these in its words or working directory, it is not a gate run
# What this program and pytest import, and what these import in turn; a test compares it with what is installed.
_LIBRARIES = (
    "_pytest _yaml certifi charset_normalizer git gitdb idna iniconfig msgspec packaging pluggy psutil py pygments "
    "pytest pytest_jsonreport pytest_metadata release_sentinel release_sentinel_guard requests semver smmap "
    "typing_extensions urllib3 yaml"
)
LIBRARIES = frozenset(_LIBRARIES.split())
# Of the standard library, but nothing imports them, and a repository may use these names.
_FREE = frozenset({"__main__", "antigravity", "idlelib", "test", "this", "turtledemo"})


def site_folders() -> list[str]:
    """Return where this Python installs packages, links followed: never a folder that only PYTHONPATH names."""
    site = sys.modules.get("site")
    if site is None:  # python -S has none
        return []
    folders = [*([site.getusersitepackages()] if site.ENABLE_USER_SITE else []), *site.getsitepackages()]
    return list(dict.fromkeys(map(os.path.realpath, folders)))


class InstalledFirst:
    """Finds the libraries of a gate run, and the standard library, outside the judged repository where they are there.

    To stand first in `sys.meta_path`. Every other name is found as usual, so that gates can import the repository.
    """

    def __init__(self) -> None:
        self._tops: tuple[str, ...] = ()  # of repositories, each with a separator at its end
        self._path: tuple[str, ...] = ()
        self._installed: list[str] = []
        self._needed: frozenset[str] = frozenset()

    def begin(self, *folders: str) -> None:
        """Stand first from now on, for repositories at `folders` too."""
        self.end()
        sys.meta_path.insert(0, self)
        self._tops += tuple(os.path.join(os.path.realpath(folder), "") for folder in folders)  # noqa: PTH118 - see above
        self._path = ()

    def end(self) -> None:
        """Leave every name to Python again."""
        sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not self]
        self._needed = frozenset()

    def need(self, names: frozenset[str]) -> None:
        """Find these packages, too, where this Python installs packages, and nowhere else; until the end."""
        self._needed |= names

    def find_spec(self, name: str, path: object = None, _target: object = None) -> "ModuleSpec | None":
        """Find one of those modules; none where it is not installed. A submodule has the `path` of its package."""
        if path is not None:
            return None
        if name in LIBRARIES or (name in sys.stdlib_module_names and name not in _FREE):
            if self._path != (current := tuple(sys.path)):
                self._path, self._installed = current, [folder for folder in current if self.is_installed(folder)]
            found = PathFinder.find_spec(name, self._installed)
        elif name in self._needed:
            found = PathFinder.find_spec(name, site_folders())
        else:
            return None
        # A folder alone, such as the gates that an editable installation of this project leaves, is not a library.
        return found if found and found.origin else None

    def is_installed(self, folder: str) -> bool:
        """Tell whether a folder is outside of the judged repositories, or in an environment of this Python."""
        if not os.path.isabs(folder):  # noqa: PTH117 - pathlib would have to be loaded
            return False
        real = os.path.join(os.path.realpath(folder), "")  # noqa: PTH118 - as above
        if real.startswith(os.path.join(os.path.dirname(os.__file__), "")):  # noqa: PTH118, PTH120 - as above
            return True
        if not real.startswith(self._tops):
            return True
        return any(real.startswith(os.path.join(place, "")) for place in site_folders())  # noqa: PTH118 - as above


installed_first = InstalledFirst()


def protect(argv: list[str], orig_argv: list[str]) -> None:
    """Prepare a gate run; leave any other program alone. The arguments in `argv` are rewritten in place.

    `argv` and `orig_argv` are those of `sys` while the interpreter starts.
    """
    if _is_ours(argv, orig_argv):
        sys.excepthook = _tell_interrupt
        installed_first.begin(_top())
        return
    start = _first_argument(argv, orig_argv)
    if not start or not _may_be_gate_run(argv[start:]):
        return
    installed_first.begin(_top())  # now: what is loaded next is shadowed, too
    from importlib.util import module_from_spec, spec_from_file_location  # noqa: PLC0415 - other programs need not wait

    # By its path: the package stays unloaded, and pytest finds nothing of it imported.
    file = os.path.join(os.path.dirname(__file__), "release_sentinel", "arguments.py")  # noqa: PTH118, PTH120 - as above
    spec = spec_from_file_location("release_sentinel_guard.arguments", file)
    if spec and spec.loader:
        arguments = module_from_spec(spec)
        spec.loader.exec_module(arguments)
        if not arguments.gate_words(argv[start:], os.environ):
            installed_first.end()
            return
        sys.excepthook = _tell_interrupt if _HANDOVER not in os.environ else _leave_to_parent
        words = argv[start:]
        argv[start:] = arguments.protected(words, os.environ)
        if _HANDOVER not in os.environ:  # else the parent has done it
            _claim(argv[start:])
        import atexit  # noqa: PLC0415 - as above

        atexit.register(_end, " ".join(words), os.getpid())


def _tell_interrupt(kind: type[BaseException], error: BaseException, trace: "TracebackType | None") -> None:
    """Say in a line that the process was interrupted; show any other exception as Python does."""
    _leave_to_parent(kind, error, trace)
    if issubclass(kind, KeyboardInterrupt):
        sys.stderr.write("release-sentinel: interrupted by SIGINT\n")


def _leave_to_parent(kind: type[BaseException], error: BaseException, trace: "TracebackType | None") -> None:
    """Show an exception, unless it is an interrupt: the process that supervises this one tells of that."""
    if issubclass(kind, KeyboardInterrupt):
        taken_over.append(True)  # nothing else is wrong
    else:
        sys.__excepthook__(kind, error, trace)


def _end(words: str, process: int) -> None:
    """End a process of pytest in which the plugin has not taken over: no release was judged, whatever its exit code.

    A run that names no release may leave the plugin out.
    """
    if taken_over or os.getpid() != process or not ("--env" in words or "version" in words):
        return
    try:
        sys.stderr.write("release-sentinel: INCOMPLETE (exit 4): pytest ended before it loaded the gate\n")
        sys.stderr.flush()
        sys.stdout.flush()
    finally:
        os._exit(4)


taken_over: list[bool] = []  # whether the plugin has


def _claim(words: list[str]) -> None:
    """Let every report say INCOMPLETE: pytest can fail before it loads the plugin, which does the same."""
    if (
        any(word.startswith(("--gate-", "--junit", "--json-report", "@")) for word in words)
        or "PYTEST_ADDOPTS" in os.environ
    ):
        from pathlib import Path  # noqa: PLC0415 - late, as above

        from release_sentinel.invocation import parse  # noqa: PLC0415 - as above

        if reports := parse(words, os.environ, Path.cwd()).reports:
            from release_sentinel.reports import files  # noqa: PLC0415 - as above

            files.claim(reports)


def _may_be_gate_run(words: list[str]) -> bool:
    """Tell, without loading anything, whether it is worth a closer look."""
    if len(words) == 1 and words[0] in _PRINT_VERSION:  # a question to pytest
        return False
    text = "\n".join([os.getcwd(), *words])  # noqa: PTH109 - as above
    return "PYTEST_ADDOPTS" in os.environ or any(sign in text for sign in _SIGNS)


def _top() -> str:
    """Return the top of the repository of the working directory; that folder where it is in none."""
    folder = here = os.getcwd()  # noqa: PTH109 - as above
    while not os.path.exists(os.path.join(folder, ".git")):  # noqa: PTH110, PTH118 - as above
        folder, below = os.path.dirname(folder), folder  # noqa: PTH120 - as above
        if folder == below:
            return here
    return folder


def _is_ours(argv: list[str], orig_argv: list[str]) -> bool:
    """Tell whether the program is `release-sentinel`, or `python -m release_sentinel`."""
    if argv[0] == "-m":
        return orig_argv[-len(argv)].removeprefix("-m") == "release_sentinel"
    return _name(argv[0]) == "release-sentinel"


def _first_argument(argv: list[str], orig_argv: list[str]) -> int:
    """Return the position of pytest's first argument in `argv`; 0 where pytest is not the program.

    It is in `pytest …`, `python -m pytest …`, and in a program that runs the latter, as `coverage run -m pytest …`.
    """
    program = argv[0]
    if program == "-m":  # the module's file is not known yet; `-m pytest`, or `-mpytest` as one word
        module = orig_argv[-len(argv)]
        if module == "pytest" or (module.startswith("-") and module.endswith("mpytest")):
            return 1
    elif _is_pytest(program):
        return 1
    for position in range(2, len(argv)):
        if argv[position - 1 : position + 1] == ["-m", "pytest"]:
            return position + 1
    return 0


def _is_pytest(program: str) -> bool:
    """Tell whether a script is pytest: `pytest`, `py.test`, `pytest.exe`, a system's `pytest-3`, or the package."""
    return _name(program).rstrip("0123456789.-") in {"pytest", "py.test"}


def _name(program: str) -> str:
    """Return the name of a script in lower case and without what systems add to it; of a package, its own name."""
    folder, name = os.path.split(program.lower())
    if name == "__main__.py":
        name = os.path.basename(folder)  # noqa: PTH119 - pathlib would have to be loaded
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    return name
