"""The exit code of plain pytest is the verdict's, whatever a plugin does to it."""

import os
import pty
import subprocess
import sys

import pytest

from tests.conftest import PYTEST, RELEASE, Sentinel

BLOCKED = "@pytest.mark.policy\ndef test_own(): assert False\n"
SAFE = "@pytest.mark.policy\ndef test_own(): assert True\n"
WRAPPER = """
import pytest
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_{hook}({arguments}):
    yield
    {then}
    return 0
"""


def wrapper(hook: str, then: str = "", arguments: str = "") -> str:
    """Return a plugin that ends a hook in its own way."""
    return WRAPPER.format(hook=hook, arguments=arguments, then=then)


LATER = """
import pytest
class Late:
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_cmdline_main(self):
        yield
        return 0
def pytest_addoption(pluginmanager): pluginmanager.register(Late())
"""
PLUGINS = {
    "pytest_cmdline_main": wrapper("cmdline_main"),
    "pytest_cmdline_main that exits": wrapper("cmdline_main", "raise SystemExit(0)"),
    "a wrapper that is registered later": LATER,
    "pytest_sessionfinish": wrapper("sessionfinish", "session.exitstatus = 0", "session"),
    "pytest_sessionfinish that exits": wrapper("sessionfinish", "raise SystemExit(0)"),
    "pytest_unconfigure that exits": wrapper("unconfigure", "raise SystemExit(0)"),
    "pytest_unconfigure": wrapper("unconfigure", "import os; os._exit(0)"),
    "pytest_configure": "def pytest_configure(): raise SystemExit(0)\n",
    "pytest_addoption": "def pytest_addoption(): raise SystemExit(0)\n",
    "import": "raise SystemExit(0)\n",
    "import, os._exit": "import os\nos._exit(0)\n",
    "atexit": "import atexit, os\natexit.register(os._exit, 0)\n",
    "atexit, 256": "import atexit, os\natexit.register(os._exit, 256)\n",
    "atexit that exits": "import atexit, sys\natexit.register(sys.exit, 0)\n",
}


@pytest.mark.parametrize("place", ["PYTEST_PLUGINS", "-p", "conftest"])
@pytest.mark.parametrize("plugin", PLUGINS)
def test_no_plugin_betters_the_code(sentinel: Sentinel, plugin: str, place: str) -> None:
    """A blocked release never ends with 0, and no report says SAFE."""
    sentinel.repo.write("gate_tests/conftest.py" if place == "conftest" else "other.py", PLUGINS[plugin])
    sentinel.gate(BLOCKED)
    env = {"PYTEST_PLUGINS": "other", "PYTHONUNBUFFERED": "1"} if place == "PYTEST_PLUGINS" else {}  # a real start
    done = sentinel.pytest(*(["-p", "other"] if place == "-p" else []), **env)  # type: ignore[arg-type]  # none is `release` or `cwd`
    assert done.code in {1, 3, 4}, done.out
    assert done.verdict["verdict"] in {"BLOCKED", "INCOMPLETE"}


@pytest.mark.parametrize("plugin", ["pytest_cmdline_main", "atexit", "pytest_sessionfinish"])
def test_a_safe_run_stays_safe(sentinel: Sentinel, plugin: str) -> None:
    """What such a plugin does to a run that is SAFE changes nothing."""
    sentinel.repo.write("other.py", PLUGINS[plugin])
    sentinel.gate(SAFE)
    done = sentinel.pytest(PYTHONPATH=str(sentinel.repo.path), PYTEST_PLUGINS="other")
    assert (done.code, done.verdict["verdict"]) == (0, "SAFE"), done.out


def test_a_fork_may_end_as_it_likes(sentinel: Sentinel) -> None:
    """Only the process of the run answers for it."""
    body = "child = os.fork() or os._exit(0)\n    assert os.waitpid(child, 0)[1] == 0"
    sentinel.gate(f"import os\n@pytest.mark.policy\ndef test_own():\n    {body}\n")
    assert sentinel.pytest(PYTHONUNBUFFERED="1").code == 0


@pytest.mark.parametrize("how", ["PYTHONINSPECT", "-i", "a gate"])
@pytest.mark.parametrize("way", ["release-sentinel", "pytest"])
@pytest.mark.usefixtures("own_home")  # for the history of the prompt
def test_a_prompt_at_the_end_does_not_end_with_0(sentinel: Sentinel, how: str, way: str) -> None:
    """At a terminal, Python with PYTHONINSPECT or -i asks for more; the code is the verdict's all the same."""
    setting = "import os; os.environ['PYTHONINSPECT'] = '1'\n"
    sentinel.gate((setting if how == "a gate" else "") + BLOCKED)
    interpreter, *words = (*PYTEST, "gate_tests") if way == "pytest" else (sys.executable, "-m", "release_sentinel")
    command = [interpreter, *(["-i"] if how == "-i" else []), *words, *RELEASE]
    env = {**os.environ, **sentinel.settings, **({"PYTHONINSPECT": "1"} if how == "PYTHONINSPECT" else {})}
    master, terminal = pty.openpty()
    os.write(master, b"exit(0)\n" + b"\x04")
    try:
        with subprocess.Popen(
            command, cwd=sentinel.repo.path, env=env, stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as child:
            out, _ = child.communicate()
    finally:
        os.close(master)
        os.close(terminal)
    assert child.returncode == 1, out.decode()
