"""One run of the gate suite in a child process, and one exit code."""

import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from shlex import join
from typing import TYPE_CHECKING

from release_sentinel import ini
from release_sentinel.invocation import Invocation, parse
from release_sentinel.relay import terminal
from release_sentinel.supervision import Supervised
from release_sentinel.vocabulary import HANDOVER

if TYPE_CHECKING:
    from release_sentinel.redaction import Redactor

_DIGITS = 4  # of the widest terminal
_INI = Path(__file__).parent / "plugin" / "pytest.ini"


def run_checks(env: str, version: str) -> int:
    """Run every gate for a release of `version` to `env`, from the repository that holds the working directory.

    Returns 0 (SAFE), 1 (BLOCKED or INCOMPLETE), 2 (CRITICAL), 130 or 143 (interrupted).
    """
    return run([f"--env={env}", f"--release-version={version}"])


def run(words: Sequence[str], *, directory: Path | None = None, environ: Mapping[str, str] | None = None) -> int:
    """Run the gate suite with the command line `words` and return its exit code.

    `directory` is where it is run, by default the working directory; `environ` the child's environment, by default this
    process's. What the child and its own children print is scrubbed of the secrets that are known from there.
    """
    environ = dict(os.environ if environ is None else environ)
    return judge(parse(words, environ, directory or Path.cwd()), environ)


def judge(
    invocation: Invocation, environ: Mapping[str, str], clean: Callable[["Redactor"], object] = lambda _: None
) -> int:
    """Run the gate suite in a child process, and return the exit code that its verdict proves.

    The secrets are learned while the child starts, before anything that it prints is shown; `clean` is called with the
    redactor that will know them.
    """
    previous = claim(invocation)
    with tempfile.TemporaryDirectory(prefix="release-sentinel-") as folder:
        handover = Path(folder) / "verdict.json"
        child_environ = {**environ, **terminal(environ), HANDOVER: f"{os.getpid()}:{handover}"}
        child_environ.pop("PYTHONOPTIMIZE", None)  # would strip the asserts out of a gate's helpers
        if len(child_environ.get("COLUMNS", "")) > _DIGITS:  # pytest draws lines of that width
            del child_environ["COLUMNS"]
        command = _command(invocation)
        with Supervised(command, invocation.directory, child_environ) as child:
            from release_sentinel.proof import Judgement  # noqa: PLC0415 - loaded while the child starts
            from release_sentinel.redaction import Redactor  # noqa: PLC0415 - as above

            clean(redactor := Redactor())
            judgement = Judgement(invocation, child_environ, handover, previous, redactor)
            end = child.wait(judgement.bound, redactor)
        return judgement.conclude(end)


def claim(invocation: Invocation) -> str:
    """Let every report that is asked for say INCOMPLETE; return the verdict of the run before, where it is known."""
    if not invocation.reports:
        return ""
    from release_sentinel.reports import files  # noqa: PLC0415 - a run without reports need not wait for it

    files.claim(invocation.reports)  # what is wrong with their places is the child's to say
    return files.previous_verdict(invocation.reports, invocation.env)


def _command(invocation: Invocation) -> list[str]:
    """Return the child's command line."""
    top, words = invocation.repository, invocation.own
    own_ini = any(word.partition("=")[0] in {"-c", "--config-file"} for word in words)
    config = [] if own_ini else ["-c", str(_INI), f"--rootdir={top}", f"--confcutdir={top}"]
    said = ini.options(top) if config else {}
    if folders := ini.python_path(said, top):
        config += ["-o", f"pythonpath={join(map(str, folders))}"]
    config += [word for setting in ini.kept(said) for word in ("-o", setting)]
    # -P: no module of the working directory takes the place of an installed one.
    return [sys.executable, "-P", "-m", "pytest", "-p", "release_sentinel.plugin", *config, *words]
