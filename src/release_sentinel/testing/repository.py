"""Throw-away Git repositories."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Repository:
    """A real repository, and git to work on it; `environ` is that of git, by default the one of this process."""

    path: Path
    environ: Mapping[str, str] | None = None

    def git(self, *arguments: str, check: bool = True) -> str:
        """Run git in the repository and return what it printed; raises `CalledProcessError` unless `check` is off."""
        done = subprocess.run(
            ["git", *arguments], cwd=self.path, env=self.environ, check=check, capture_output=True, text=True
        )
        return done.stdout.strip()

    def write(self, name: str, text: str = "text\n") -> Path:
        """Write a file in the work tree, and return its path."""
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def commit(self, name: str = "file.txt", text: str = "text\n") -> str:
        """Write a file, commit it with all other changes, and return the id of the commit."""
        self.write(name, text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", f"change {name}")
        return self.head

    @property
    def head(self) -> str:
        """The id of the commit that HEAD is at."""
        return self.git("rev-parse", "HEAD")

    def add_remote(self, path: Path, name: str = "origin") -> "Repository":
        """Make a bare repository, add it as a remote, push branch main to it, and return it."""
        subprocess.run(["git", "init", "--quiet", "--bare", str(path)], env=self.environ, check=True)
        self.git("remote", "add", name, str(path))
        self.git("push", "--quiet", name, "main")
        return Repository(path, self.environ)


def make_repository(path: Path, environ: Mapping[str, str] | None = None) -> Repository:
    """Make an empty repository on branch main."""
    path.mkdir(parents=True, exist_ok=True)
    repository = Repository(path, environ)
    repository.git("init", "--quiet")
    repository.git("symbolic-ref", "HEAD", "refs/heads/main")
    return repository
