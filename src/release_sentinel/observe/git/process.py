"""Git, called through GitPython, which is imported on first use: the import takes longer than all calls together.

Each call has a time-out, no standard input and no prompt; variables that point Git elsewhere (`GIT_DIR` and the like)
are dropped. Git answers in English: GitPython sets `LC_ALL=C`.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from release_sentinel import timeline
from release_sentinel.lines import one_line, split
from release_sentinel.observe import Unseen
from release_sentinel.observe.this_process import interrupts_deferred
from release_sentinel.redaction import without_credentials
from release_sentinel.sentences import sentence

LOCAL_SECONDS = 60.0  # a cold `status` of a very large tree takes tens of seconds
REMOTE_SECONDS = 20.0
_GRACE = 4.0  # seconds for Git to remove its locks where we are interrupted, also on a busy machine

# `git rev-parse --local-env-vars` lists them; asking Git would cost a process each run. `GIT_CONFIG_COUNT` is left out:
# containers set `safe.directory` and credentials with it, and the command line, which sets what matters, overrides it.
ELSEWHERE = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CEILING_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DIR",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NAMESPACE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
    # How our path arguments are interpreted.
    "GIT_GLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
    "GIT_LITERAL_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
)
# Settings of Git can have the values of variables written there (`trace2.envVars`): those of secrets, too.
_UNTRACED = {**dict.fromkeys(("GIT_TRACE2", "GIT_TRACE2_EVENT", "GIT_TRACE2_PERF"), "0"), "GIT_TRACE2_ENV_VARS": ""}
# Set for Git alone: no prompt, no pager, no lock for reading.
_QUIET = {
    "GIT_NO_REPLACE_OBJECTS": "1",  # `git replace` substitutes one commit for another
    "GIT_GRAFT_FILE": f"{os.devnull}/none",  # `.git/info/grafts` gives a commit other parents; none is there
    "GIT_NO_LAZY_FETCH": "1",  # a partial clone would ask its remote for each commit that it lacks
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_PAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
    "GCM_INTERACTIVE": "never",
    "SSH_ASKPASS_REQUIRE": "never",
    **_UNTRACED,
}
# Before Git 2.45 a partial clone heeds no GIT_NO_LAZY_FETCH: what is no question to a remote reaches none.
_ASKING = {"ls-remote", "fetch", "push"}
_NO_REMOTE = {"GIT_ALLOW_PROTOCOL": "none"}

OBJECT = r"[0-9a-f]{40}(?:[0-9a-f]{24})?"  # the id of a commit or tag object
URL = re.compile(r"\w[\w+.-]{0,40}://[^\s'\"]+")  # a longer run of letters would be read anew from each of them

_NO_VARIABLES: Mapping[str, str] = MappingProxyType({})
_environment_lock = threading.Lock()


class Hung(Unseen, frozen=True):
    """Git did not end in time."""


class GitOutput(Struct, frozen=True):
    """The output of one Git process."""

    code: int
    out: str
    err: str
    tries: int = 1

    @property
    def words(self) -> str:
        """Git's error message, in one line, without the credentials of URLs."""
        lines = [line.strip() for line in split(self.err) if line.strip()]
        message = _shown("; ".join(lines))
        return message or f"git ended with exit code {self.code} and printed nothing"


def run(
    top: Path,
    *arguments: str,
    timeout: float = LOCAL_SECONDS,
    more: Mapping[str, str] = _NO_VARIABLES,
    begun: Callable[[int], None] = lambda _: None,
) -> GitOutput | Unseen:
    """Run git in `top` and return its answer, whatever the exit code.

    `timeout` is in seconds; `more` are variables for Git alone; `begun` is told the process group.
    """
    start = time.monotonic()
    answer = _run(top, arguments, timeout, more, begun)
    command = _command(arguments)
    refusal = answer.words if isinstance(answer, GitOutput) and answer.code and command in _ASKING else ""
    timeline.note(f"git {command}", start, answer.why if isinstance(answer, Unseen) else refusal)
    return answer


def _run(
    top: Path,
    arguments: tuple[str, ...],
    timeout: float,
    more: Mapping[str, str],
    begun: Callable[[int], None],
) -> GitOutput | Unseen:
    process: subprocess.Popen[bytes] | None = None
    try:
        with interrupts_deferred():
            handle = _start(top, arguments, more)
            if isinstance(handle, Unseen):
                return handle
            process = handle.proc
            begun(process.pid)
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        _end_group(process)
        return Hung(
            f"git {_command(arguments)} did not answer within {round(timeout, 2):g} s",
            "run it by hand to see whether it hangs",
        )
    except BaseException:
        _end_group(process, grace=_GRACE)  # a tag or a push may hold locks, here and in a remote of this machine
        raise
    return GitOutput(process.returncode, os.fsdecode(out), err.decode(errors="replace"))


def _start(top: Path, arguments: tuple[str, ...], more: Mapping[str, str]) -> Any:
    """Return GitPython's handle of a process, which terminates the process when it is collected; or `Unseen`."""
    try:
        git = _git()
    except ImportError as error:  # GitPython asks git for its version, and does not accept every answer
        return Unseen(f"git cannot be used: {sentence(error)}", "run `git version` here, and fix what it reports")
    within = {} if _command(arguments) in _ASKING else _NO_REMOTE
    try:
        with _clean_environment():
            return git.Git(str(top)).execute(
                ["git", *arguments],
                as_process=True,
                env={**_QUIET, **within, "GIT_ASKPASS": os.environ.get("GIT_ASKPASS", ""), **more},
                start_new_session=True,  # no terminal to prompt on, and one process group to kill
            )
    except git.exc.GitCommandNotFound:
        return Unseen("git is not installed, or not on PATH", "install Git, or add it to the CI image")
    except OSError as error:
        return Unseen(
            f"git cannot be started in {top}: {sentence(error)}",
            "check the permissions of the folder and of git",
        )


def ask(
    top: Path, *arguments: str, timeout: float = LOCAL_SECONDS, more: Mapping[str, str] = _NO_VARIABLES
) -> str | Unseen:
    """Run git in `top` and return what it printed; a refusal is `Unseen`, in Git's words."""
    answer = run(top, *arguments, timeout=timeout, more=more)
    if isinstance(answer, Unseen):
        return answer
    return Unseen(f"git {_command(arguments)}: {answer.words}") if answer.code else answer.out


def _shown(text: str) -> str:
    """Return a text without the credentials of its URLs."""
    return URL.sub(lambda url: without_credentials(url[0]), text)


def odd(command: str, seen: str) -> Unseen:
    """Return that git printed what it does not print: a wrapper of that name may add lines, or an alias."""
    return Unseen(
        f"git {command} printed what git does not print: {one_line(repr(_shown(seen)), 100)}",
        f"run `git {command}` here, and let nothing but git itself answer",
    )


def _command(arguments: tuple[str, ...]) -> str:
    """Return the name of Git's command, after options of Git itself such as `-c NAME=VALUE`."""
    words = iter(arguments)
    for word in words:
        if word == "-c":
            next(words, None)
        elif not word.startswith("--git-dir="):
            return word
    return ""


def _git() -> Any:
    """Import GitPython, which looks for git as it is imported."""
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    if "git" not in sys.modules:  # it asks git for its version then
        with _environment_lock, _untraced():
            import git  # noqa: PLC0415 - late: it costs 90 ms
    import git  # noqa: PLC0415 - as above

    return git


@contextlib.contextmanager
def _untraced() -> Iterator[None]:
    """Let Git trace nothing, where it is started by others than us."""
    before = {name: os.environ.get(name) for name in _UNTRACED}
    os.environ.update(_UNTRACED)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@contextlib.contextmanager
def _clean_environment() -> Iterator[None]:
    """Drop the variables that point Git elsewhere while a Git process starts.

    GitPython passes `os.environ` to its children and can only add to it.
    """
    with _environment_lock:
        dropped = {name: os.environ.pop(name) for name in ELSEWHERE if name in os.environ}
        try:
            yield
        finally:
            os.environ.update(dropped)


def _end_group(process: "subprocess.Popen[bytes] | None", grace: float = 0.0) -> None:
    """Kill Git, if it was started, and its helpers (ssh, remote-https), which would hold the pipes open.

    They get `grace` seconds to clean up.
    """
    if process is None:
        return
    with contextlib.suppress(OSError, AttributeError, subprocess.TimeoutExpired):  # as below; they do not end
        if grace:
            os.killpg(process.pid, signal.SIGTERM)
            process.communicate(timeout=grace)
    with contextlib.suppress(OSError, AttributeError):  # gone already; no groups on Windows
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.communicate()
