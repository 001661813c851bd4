"""The entry point for pytest. It does nothing unless this is a gate run, so that other runs are not affected.

pytest loads this module in every run of the environment (entry point `pytest11`), or by the conftest of a repository
that imports `pytest_addoption`; the first of the two registers the hooks.
"""

import gc
import os
import sys
from collections.abc import Generator

import pytest

from release_sentinel import arguments
from release_sentinel.plugin import compat

_GC_THRESHOLD = 50_000  # objects; looking for garbage among all that is imported, every 700, takes a tenth of a run


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Register everything else, once, if the command line asks for a gate run."""
    config: pytest.Config = pluginmanager.get_plugin("pytestconfig")  # type: ignore[assignment]  # always there
    try:
        given = arguments.gate_arguments([str(word) for word in config.invocation_params.args], os.environ)
    except arguments.ArgumentError:  # pytest reads it before us, and says what is wrong
        return
    if not given:
        return
    if problem := compat.unsupported():
        raise pytest.UsageError(problem)
    if 0 < gc.get_threshold()[0] < _GC_THRESHOLD:
        gc.set_threshold(_GC_THRESHOLD)
    with compat.no_rewriting():
        from release_sentinel.plugin import hooks  # noqa: PLC0415 - nothing of it is loaded in another run
    sys.dont_write_bytecode = True  # or collecting the gates would dirty the tree that they judge

    hooks.register(config, parser)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> Generator[None, None, None]:
    """Rewrite the arguments of a gate run before pytest reads `--version` as its own."""
    gate = early_config.pluginmanager.get_plugin("release-sentinel")
    if gate is None:
        return (yield)
    gate.rewrite(args)
    try:
        with compat.option_kept(early_config, "--env", gate.note_rival):
            return (yield)
    except SystemExit as error:  # it would end the process with that code, 0 included
        raise pytest.UsageError(f"a conftest ended the run: sys.exit({error.code!r})") from error
