"""What the Git gates cost on a large repository, against Git itself: one look is little more than one `git status`."""

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from release_sentinel.observe import git
from tests.benchmarks import Row

NAME = "git"
FILES, TAGS = 100_000, 50_000
_FOLDER = 200  # files
_TARGET = 1.3
_STATUS = ("status", "--porcelain=v2", "--branch", "-z", "--untracked-files=normal", "--ignore-submodules=none")


def measure(files: int = FILES, tags: int = TAGS, rounds: int = 5) -> list[Row]:
    """Compare whole looks with the one Git command that they cannot do without; the best of `rounds` each."""
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        with _repository(top / "files", _fast_import(files)) as large, _repository(top / "tags", _tags(tags)) as tagged:
            _git(tagged, "clone", "--quiet", "--bare", ".", "../tags.git")
            _git(tagged, "remote", "add", "origin", "../tags.git")
            return [
                _row(f"a look at {files:,} files / `git status`", rounds, lambda: git.look(large), large, *_STATUS),
                _row(
                    f"the version's tag among {tags:,} / `git ls-remote`",
                    rounds,
                    lambda: git.tags(tagged, ["v1.0.0", "1.0.0"]),
                    tagged,
                    *("ls-remote", "--tags", "origin"),
                ),
            ]


def _row(what: str, rounds: int, call: Callable[[], object], top: Path, *command: str) -> Row:
    call()  # GitPython is imported, the files are in memory
    ours, theirs = [], []
    for _ in range(rounds):  # in turns, so that a busy machine is busy for both
        theirs.append(_seconds(lambda: _git(top, *command)))
        ours.append(_seconds(call))
    return Row(what, min(ours) / min(theirs), _TARGET, f"{min(ours):.2f} s")


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _git(top: Path, *arguments: str, text: str = "") -> None:
    subprocess.run(["git", *arguments], cwd=top, input=text.encode(), stdout=subprocess.PIPE, check=True)


@contextmanager
def _repository(top: Path, history: Iterator[str]) -> Iterator[Path]:
    """Make a repository out of a stream for `git fast-import`, checked out."""
    top.mkdir()
    _git(top, "init", "--quiet")
    _git(top, "symbolic-ref", "HEAD", "refs/heads/main")
    _git(top, "fast-import", "--quiet", text="".join(history))
    _git(top, "reset", "--quiet", "--hard", "main")
    _git(top, "pack-refs", "--all")
    yield top


def _fast_import(files: int) -> Iterator[str]:
    yield "blob\nmark :1\ndata 5\ntext\n\n"
    yield "commit refs/heads/main\ncommitter A <a@example.invalid> 1700000000 +0000\ndata 1\nx\n"
    for number in range(files):
        yield f"M 100644 :1 folder-{number // _FOLDER}/file-{number}.txt\n"


def _tags(tags: int) -> Iterator[str]:
    yield from _fast_import(1)
    for number in range(tags):
        yield f"\nreset refs/tags/v0.{number // 100}.{number % 100}\nfrom refs/heads/main\n"
