"""Real parts for the tests: repositories, processes, and an environment that speaks of no other release."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from release_sentinel.plugin import folders
from tests import forked

pytest_plugins = ["pytester"]

SECRET = "s3cr3t/Tok+en&value"


def pytest_xdist_auto_num_workers() -> int:
    """Run twice as many tests at a time as there are cores: most of them wait for a process of their own."""
    return 2 * len(os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1))


# What the tests keep of the caller's environment. Whatever else it says of Git, Python, pytest, CI or other releases
# (XDG_CONFIG_HOME, PYTHONPATH, GIT_DIR, GITHUB_ACTIONS …) would decide tests on that machine alone.
KEPT = {"PATH", "TMPDIR", "TEMP", "TMP", "TZ", "LANG", "LANGUAGE", "SYSTEMROOT", "PATHEXT", "COMSPEC"}
KEPT_PREFIXES = ("LC_", "PYTEST_XDIST_", "PYTEST_CURRENT_TEST", "PYTEST_VERSION", "COVERAGE_", "COV_CORE_", "REAL_")
_ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGPIPE") if hasattr(signal, name)]


def kept(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what the tests keep of an environment."""
    return {name: value for name, value in environ.items() if name in KEPT or name.startswith(KEPT_PREFIXES)}


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
        for name in set(os.environ) - set(kept(os.environ)):
            patch.delenv(name)
        patch.setenv("HOME", str(home))
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        for role in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{role}_NAME", "Test Author")
            patch.setenv(f"GIT_{role}_EMAIL", "author@example.invalid")
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
    before = [set(folder.iterdir()) for folder in watched]
    yield
    after = [set(folder.iterdir()) for folder in watched]
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


@dataclass(frozen=True)
class Repo:
    """A real repository, and git to work on it."""

    path: Path

    def git(self, *arguments: str, check: bool = True) -> str:
        """Run git in the repository and return what it printed."""
        run = subprocess.run(["git", *arguments], cwd=self.path, check=check, capture_output=True, text=True)
        return run.stdout.strip()

    def write(self, name: str, text: str = "text\n") -> Path:
        """Write a file in the work tree."""
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def commit(self, name: str = "file.txt", text: str = "text\n") -> str:
        """Write a file, commit it, and return the commit."""
        self.write(name, text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", f"change {name}")
        return self.head

    @property
    def head(self) -> str:
        """The commit that HEAD is at."""
        return self.git("rev-parse", "HEAD")


def make_repo(path: Path) -> Repo:
    """Make an empty repository on branch main."""
    path.mkdir(parents=True, exist_ok=True)
    repo = Repo(path)
    repo.git("init", "--quiet")
    repo.git("symbolic-ref", "HEAD", "refs/heads/main")
    return repo


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A repository on branch main with one commit, pushed to a bare remote `origin` beside it."""
    repo = make_repo(tmp_path / "shop")
    repo.commit("app.py", "print('hello')\n")
    make_repo_remote(repo, tmp_path / "origin.git")
    return repo


def make_repo_remote(repo: Repo, path: Path, name: str = "origin") -> Repo:
    """Make a bare repository, add it as a remote, and push main to it."""
    subprocess.run(["git", "init", "--quiet", "--bare", str(path)], check=True)
    repo.git("remote", "add", name, str(path))
    repo.git("push", "--quiet", name, "main")
    return Repo(path)


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
class Run:
    """A finished command: its exit code, everything that it printed, and the reports that it left."""

    code: int
    out: str
    verdict: dict[str, Any] = field(default_factory=dict)
    junit: str = ""

    @property
    def block(self) -> list[str]:
        """The lines below the verdict block's title."""
        lines = self.out.splitlines()
        titles = [number for number, line in enumerate(lines) if " release-sentinel ===" in line]
        return lines[titles[-1] + 1 :] if titles else []

    @property
    def statuses(self) -> dict[str, str | None]:
        """Each gate's status, by id."""
        return {gate["id"]: gate["status"] for gate in self.verdict["gates"]}


def run(*command: str, cwd: Path, env: Mapping[str, str] | None = None, timeout: float = 1200) -> Run:
    """Run a command to its end; standard error is part of what it printed.

    Our own two commands start from a process that has imported what they need, unless PYTHON* variables are set.
    """
    environ = {**os.environ, **(env or {})}
    ours = any(command[: len(words)] == words for words in (CLI, PYTEST))
    if ours and forked.SUPPORTED and not any(name.startswith("PYTHON") for name in environ):
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
