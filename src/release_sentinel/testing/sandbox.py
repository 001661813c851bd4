"""A repository and an environment in which every built-in gate passes."""

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from release_sentinel.config.unread import OWN
from release_sentinel.testing.dependency import Dependency
from release_sentinel.testing.repository import Repository, make_repository
from release_sentinel.testing.runs import Run, plain_environment, run

SECRET = "s3cr3t/Tok+en&value"  # noqa: S105 - made up: the value of RS_DEPLOY_TOKEN in a sandbox
_AGENT = "import sys; sys.stdin.read()"


class Sandbox:
    """A place in which a release may go out: used by `with`, in a folder of the test's own.

    `repository` is on branch main with one commit, pushed to a bare remote `origin`; `dependency` answers 200 on
    loopback and is what the gate `api` asks; a process runs that the gate `process` looks for. `environ` is that of a
    run, free to be changed: it has nothing of the caller's but paths, and in it a full disk or memory of the machine
    that runs the tests fails no gate.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._stack = folder, ExitStack()
        home = folder / "home"
        home.mkdir(parents=True)
        plain = plain_environment(home)
        self.repository = make_repository(folder / "shop", plain)
        self.repository.commit("app.py", "print('hello')\n")
        self.remote: Repository = self.repository.add_remote(folder / "origin.git")
        self.dependency = Dependency()
        self.environ = {
            **plain,
            "RS_REQUIRED_PROCESS": Path(sys.executable).name,
            "RS_API_URL": self.dependency.url,
            "RS_DEPLOY_TOKEN": SECRET,
            **{f"RS_{what}_{limit}": "100" for what in ("DISK", "MEMORY") for limit in ("WARN", "CRIT")},
        }

    def __enter__(self) -> Self:
        self._stack.enter_context(self.dependency)
        agent = subprocess.Popen([sys.executable, "-c", _AGENT], stdin=subprocess.PIPE)
        self._stack.enter_context(agent)
        self._stack.callback(agent.kill)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def policy(self, text: str) -> None:
        """Commit a policy file, in TOML."""
        self.repository.commit(OWN, text)

    def run(self, *options: str, env: str = "prod", version: str = "v1.0.0") -> Run:
        """Push what is committed, and judge the release."""
        self.repository.git("push", "--quiet", "origin", "main")
        words = ["--env", env, "--version", version, *options]
        return run(words, self.repository.path, self.environ)
