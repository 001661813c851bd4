"""Real parts for the tests: repositories, processes, and an environment that speaks of no other release."""

import gc
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from release_sentinel import testing
from release_sentinel.options import OPTIONS
from release_sentinel.plugin import folders
from release_sentinel.testing import runs
from tests import forked

pytest_plugins = ["pytester", "tests.sweeps"]

Repo = testing.Repository
make_repo = testing.make_repository
SECRET = testing.SECRET


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Look for no garbage among the tests themselves: each pytest session in this process does so five times."""
    gc.collect()
    gc.freeze()


def pytest_xdist_auto_num_workers() -> int:
    """Run twice as many tests at a time as there are cores: most of them wait for a process of their own."""
    return 2 * len(os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1))


KEPT_PREFIXES = ("PYTEST_XDIST_", "PYTEST_CURRENT_TEST", "PYTEST_VERSION", "REAL_")  # of the caller's environment


def kept(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what the tests keep of an environment."""
    return runs.kept(environ, KEPT_PREFIXES)


_ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGPIPE") if hasattr(signal, name)]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a user who never configured anything; it stays empty."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def _elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The working directory of every test; it stays empty."""
    return tmp_path_factory.mktemp("elsewhere")


@pytest.fixture(scope="session", autouse=True)
def _plain_environment(home: Path) -> Iterator[None]:
    """Start from an environment that says nothing but where programs and temporary files are.

    A shell that runs the tests in the background, or `nohup`, has interrupts ignored, and every child would inherit it.
    """
    ignored = [number for number in _ENDING if signal.getsignal(number) is signal.SIG_IGN]
    with pytest.MonkeyPatch.context() as patch:
        plain = testing.plain_environment(home, KEPT_PREFIXES)
        for name in set(os.environ) - set(plain):
            patch.delenv(name)
        for name, value in plain.items():
            patch.setenv(name, value)
        for number in ignored:
            if number != getattr(signal, "SIGPIPE", 0):  # Python ignores that one itself, and its children do not
                signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        yield
    assert not list(home.iterdir()), "a fixture wrote into HOME"


@pytest.fixture(autouse=True)
def _writes_stay_in_temporary_folders(home: Path, _elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test that writes into HOME, into its working directory, or at the top of the file system."""
    monkeypatch.chdir(_elsewhere)
    watched = (home, _elsewhere, Path(home.anchor))
    before = [set(os.listdir(folder)) for folder in watched]  # noqa: PTH208 - faster than iterdir, before and after every test - a path for each name would cost more
    yield
    after = [set(os.listdir(folder)) for folder in watched]  # noqa: PTH208 - faster than iterdir, before and after every test
    assert after == before, "a test wrote outside of its temporary folder"


@pytest.fixture
def own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A home of the test's own, that it may write to."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    return folder


def pieces(text: str) -> set[str]:
    """Return every eight characters of a text."""
    return {text[start : start + 8] for start in range(len(text) - 7)}


@pytest.fixture(scope="session")
def _pushed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the repository that `repo` copies, and of its remote: eight calls of Git, once."""
    folder = tmp_path_factory.mktemp("pushed")
    repo = make_repo(folder / "shop")
    repo.commit("app.py", "print('hello')\n")
    repo.add_remote(folder / "origin.git")
    return folder


@pytest.fixture
def repo(_pushed: Path, tmp_path: Path) -> Repo:
    """A repository on branch main with one commit, pushed to a bare remote `origin` beside it."""
    for name in ("shop", "origin.git"):
        shutil.copytree(_pushed / name, tmp_path / name, symlinks=True)
    config = tmp_path / "shop" / ".git" / "config"
    config.write_text(config.read_text(encoding="utf-8").replace(str(_pushed), str(tmp_path)), encoding="utf-8")
    return Repo(tmp_path / "shop")


@contextmanager
def running(*command: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a real process beside the test, and end it."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture(scope="session")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a process that runs during the tests and is neither the gate nor what started it."""
    program = tmp_path_factory.mktemp("bin") / "shop-agent"
    program.symlink_to("/bin/sleep")
    with running(str(program), "3600"):
        yield program.name


@dataclass(frozen=True)
class Run(testing.Run):
    """A finished command, with the block that a terminal shows."""

    @property
    def block(self) -> list[str]:
        """The lines below the verdict block's title."""
        lines = self.out.splitlines()
        titles = [number for number, line in enumerate(lines) if " release-sentinel ===" in line]
        return lines[titles[-1] + 1 :] if titles else []


def run(*command: str, cwd: Path, env: Mapping[str, str] | None = None, timeout: float = 1200) -> Run:
    """Run a command to its end; standard error is part of what it printed.

    Our own two commands start from a process that has imported what they need, unless PYTHON* variables are set; a
    module in a folder of PYTHONPATH may be one that neither it nor the start of Python imports.
    """
    environ = {**os.environ, **(env or {})}
    ours = any(command[: len(words)] == words for words in (CLI, PYTEST))
    folders_of_path = environ.get("PYTHONPATH", "").split(os.pathsep)
    is_real = any(Path(folder, "sitecustomize.py").exists() for folder in filter(None, folders_of_path))
    is_real |= any(name.startswith("PYTHON") for name in environ.keys() - {"PYTHONPATH"})
    if ours and forked.SUPPORTED and not is_real:
        with tempfile.TemporaryDirectory() as folder:
            output = Path(folder) / "output"
            code = forked.run_module(command[2:], cwd, environ, output, timeout)
            return Run(code, output.read_text(encoding="utf-8", errors="replace"))
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=timeout,
        check=False,
    )
    return Run(done.returncode, done.stdout)


@pytest.fixture
def settings(agent: str, httpserver: HTTPServer) -> dict[str, str]:
    """The environment of a release that nothing holds back: process, dependency and token are there."""
    httpserver.expect_request("/health").respond_with_data("fine")
    return {
        "RS_REQUIRED_PROCESS": agent,
        "RS_API_URL": httpserver.url_for("/health"),
        "RS_API_TIMEOUT": "60",
        "RS_API_DEADLINE": "120",
        "RS_DEPLOY_TOKEN": SECRET,
        # How full the machine that runs the tests is must not decide them.
        "RS_DISK_WARN": "100",
        "RS_DISK_CRIT": "100",
        "RS_MEMORY_WARN": "100",
        "RS_MEMORY_CRIT": "100",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # what else the machine has installed would cost a second a run
    }


CLI = (sys.executable, "-m", "release_sentinel")
PYTEST = (sys.executable, "-m", "pytest", "-p", "release_sentinel.plugin")
RELEASE = ("--env", "prod", "--version", "v1.0.0")


def each(name: str, kinds: Iterable[Any]) -> pytest.MarkDecorator:
    """Parametrize a test with kinds, and with `plain`: one of the two commands in turn, both for the first kind.

    For what is judged inside the session: that is the same for both commands.
    """
    first, *others = kinds
    turns = [(kind, number % 2 == 0) for number, kind in enumerate(others)]
    return pytest.mark.parametrize((name, "plain"), [(first, False), (first, True), *turns])


@dataclass(frozen=True)
class Sentinel:
    """Runs the gate for `repo`, and reads the reports that it leaves in `reports`."""

    repo: Repo
    settings: dict[str, str]
    reports: Path
    pushes: bool = True  # whether the remote has all commits before a run

    @property
    def every_report(self) -> tuple[str, ...]:
        """The options that write all other reports of ours into `reports`, each named after its option."""
        more = [option for option in OPTIONS if option.report and option.own and option.flag != "--gate-verdict"]
        return tuple(f"{one.flag}={self.reports}/{one.dest}{one.report.suffix}" for one in more if one.report)

    def __call__(self, *options: str, release: Sequence[str] = RELEASE, cwd: Path | None = None, **env: Any) -> Run:
        """Run `release-sentinel` with a junit and a verdict report; `env` adds to the settings."""
        return self._run(*CLI, *release, *options, cwd=cwd, **env)

    def pytest(self, *options: str, release: Sequence[str] = RELEASE, cwd: Path | None = None, **env: Any) -> Run:
        """Run `pytest gate_tests` the same way; without gates of its own the built-in ones are named."""
        own = self.repo.path / "gate_tests"
        return self._run(
            *PYTEST, "gate_tests" if own.is_dir() else str(folders.built_in()), *release, *options, cwd=cwd, **env
        )

    def gate(self, source: str, name: str = "test_own.py") -> None:
        """Give the repository a gate file of its own, and commit it."""
        header = "import pytest\nfrom release_sentinel import CRIT, OK, UNKNOWN, WARN, CheckResult\n"
        self.repo.commit(f"gate_tests/{name}", header + textwrap.dedent(source))

    def _run(self, *command: str, cwd: Path | None, **env: Any) -> Run:
        junit, verdict = self.reports / "gates.xml", self.reports / "verdict.json"
        reports = (f"--junitxml={junit}", f"--gate-verdict={verdict}")
        if self.pushes:
            self.repo.git("push", "--quiet", "origin", "main", check=False)
        done = run(*command, *reports, cwd=cwd or self.repo.path, env={**self.settings, **env})
        return replace(
            done,
            verdict=json.loads(verdict.read_text(encoding="utf-8")) if verdict.exists() else {},
            junit=junit.read_text(encoding="utf-8") if junit.exists() else "",
        )


@pytest.fixture
def sentinel(repo: Repo, settings: dict[str, str], tmp_path: Path) -> Sentinel:
    """The gate, in a repository and an environment in which every built-in gate passes."""
    return Sentinel(repo, settings, tmp_path)
