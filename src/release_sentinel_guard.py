"""Keeps pytest 9 from answering `--version VALUE` of a gate run with its own version and exit code 0.

`release_sentinel_guard.pth`, which is installed beside this module, imports it when a Python program starts with
`--version` or `-V` among its arguments: any program, and before pytest is imported. So it loads next to nothing, and
changes the arguments of gate runs only. `release_sentinel.arguments` says what a gate run is.

PYTEST_DONT_REWRITE (pytest warns of modules of a plugin that were imported before it)
"""

import os

_SUFFIXES = (".exe", "-script.py", ".py")


def protect(argv: list[str], orig_argv: list[str]) -> None:
    """Rewrite the arguments of a gate run in `argv`, in place; leave those of any other program alone.

    `argv` and `orig_argv` are those of `sys` while the interpreter starts.
    """
    start = _first_argument(argv, orig_argv)
    if not start or len(argv) - start < 2:  # a lone `--version` is a question to pytest
        return
    from importlib.util import module_from_spec, spec_from_file_location  # noqa: PLC0415 - other programs need not wait

    # By its path: the package stays unloaded, and pytest finds nothing of it imported.
    file = os.path.join(os.path.dirname(__file__), "release_sentinel", "arguments.py")  # noqa: PTH118, PTH120 - as above
    spec = spec_from_file_location("release_sentinel_guard.arguments", file)
    if spec and spec.loader:
        arguments = module_from_spec(spec)
        spec.loader.exec_module(arguments)
        argv[start:] = arguments.protected(argv[start:], os.environ)


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
    folder, name = os.path.split(program.lower())
    if name == "__main__.py":
        name = os.path.basename(folder)  # noqa: PTH119 - pathlib would have to be loaded
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    return name.rstrip("0123456789.-") in {"pytest", "py.test"}
