"""The newcomer's first minute: three real runs of the real gates, on a repository made for the occasion.

Nothing here is faked. The repository, its remote and the dependency on loopback are real, and each run is the command
that is printed. Only the limits on this machine's own disk and memory are lifted, so that its state does not decide.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from release_sentinel import core
from release_sentinel.observe import ci
from release_sentinel.parser import Parser
from release_sentinel.settings import Settings

ENV, VERSION = "prod", "v1.0.0"
_PERSON = {"NAME": "Demo", "EMAIL": "demo@example.invalid"}
_SERVER = """
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""
_STORY = (
    (0, "SAFE", "everything is in order"),
    (1, "BLOCKED", "a file was edited, and the deploy token is missing"),
    (2, "CRITICAL", "the file and the token are back, but the dependency is down"),
)


def main(words: list[str], _settings: Settings) -> int:
    """Run the demonstration; return 0 if the three verdicts are as expected, else 1."""
    Parser(
        prog="release-sentinel demo",
        description="Run the real gates three times on a throw-away repository: SAFE, BLOCKED, CRITICAL.",
    ).parse_args(words)
    with (
        tempfile.TemporaryDirectory(prefix="release-sentinel-demo-") as folder,
        _agent(),
        _dependency() as (server, url),
    ):
        work = _repository(Path(folder))
        settings = {
            "RS_REQUIRED_PROCESS": Path(sys.executable).name,  # what `_agent` runs as
            "RS_API_URL": url,
            "RS_DISK_WARN": "100",
            "RS_DISK_CRIT": "100",
            "RS_MEMORY_WARN": "100",
            "RS_MEMORY_CRIT": "100",
        }
        token = {"RS_DEPLOY_TOKEN": "demo-token-of-no-value"}
        app = work / "app.py"
        codes = [_act(0, work, settings | token)]
        original = app.read_text(encoding="utf-8")
        app.write_text("print('a quick fix')\n", encoding="utf-8")
        codes.append(_act(1, work, settings))
        app.write_text(original, encoding="utf-8")
        server.terminate()
        server.wait()
        codes.append(_act(2, work, settings | token))
    expected = [code for code, _, _ in _STORY]
    print(f"\ndemo: the exit codes are {codes}, {'as expected' if codes == expected else f'but expected {expected}'}")
    return 0 if codes == expected else 1


def _act(number: int, work: Path, settings: Mapping[str, str]) -> int:
    code, name, story = _STORY[number]
    print(f"\n--- {number + 1} of 3: {story}. Expected: {name}, exit {code}", flush=True)
    shown = " ".join(f"{key}={'***' if key.endswith('TOKEN') else value}" for key, value in settings.items())
    print(f"$ export {shown}")
    print(f"$ release-sentinel --env {ENV} --version {VERSION} -q", flush=True)
    seen = core.run(["--env", ENV, "--version", VERSION, "-q"], directory=work, environ=_environ(settings))
    print(f"$ echo $?\n{seen}", flush=True)
    return seen


def _environ(settings: Mapping[str, str]) -> dict[str, str]:
    """Return this environment with `settings`, and without what speaks of another repository, build or policy."""
    foreign = ("RS_", "GIT_", "PYTEST_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign) and name not in ci.MARKS}
    direct = dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1")  # a proxy would answer for the dependency
    return {**kept, **direct, **settings}


def _repository(folder: Path) -> Path:
    """Make a repository with one commit, pushed to a remote beside it."""
    remote, work = folder / "remote.git", folder / "shop"
    _git(folder, "init", "--quiet", "--bare", str(remote))
    _git(folder, "init", "--quiet", str(work))
    _git(work, "symbolic-ref", "HEAD", "refs/heads/main")
    (work / "app.py").write_text("print('hello')\n", encoding="utf-8")
    _git(work, "add", "app.py")
    _git(work, "commit", "--quiet", "--message", "The shop says hello")
    _git(work, "remote", "add", "origin", str(remote))
    _git(work, "push", "--quiet", "origin", "main")
    return work


def _git(folder: Path, *arguments: str) -> None:
    """Run git as on a machine that was never configured: no user's hooks, signatures or templates."""
    person = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in _PERSON.items()}
    plain = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_TEMPLATE_DIR": ""}
    subprocess.run(["git", *arguments], cwd=folder, env=_environ({**person, **plain}), check=True)


@contextmanager
def _dependency() -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Serve 200 on a free port of loopback; yield the server's process and its URL."""
    with _child(_SERVER) as server:
        port = server.stdout.readline().strip() if server.stdout else ""
        yield server, f"http://127.0.0.1:{port}/health"


@contextmanager
def _agent() -> Iterator[None]:
    """Keep the process alive that the demonstration requires."""
    with _child("import sys; sys.stdin.read()"):
        yield


@contextmanager
def _child(program: str) -> Iterator["subprocess.Popen[str]"]:
    """Run a Python program beside us; its standard input closes, and it ends, when we do."""
    command = [sys.executable, "-I", "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        try:
            yield child
        finally:
            child.terminate()
