"""One gate run in a process of its own, and what came of it."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# What is kept of a caller's environment. Anything else that it says of Git, Python, pytest, CI or another release
# (XDG_CONFIG_HOME, PYTHONPATH, GIT_DIR, GITHUB_ACTIONS …) would decide a test on that machine alone.
_KEPT = {"PATH", "TMPDIR", "TEMP", "TMP", "TZ", "LANG", "LANGUAGE", "SYSTEMROOT", "PATHEXT", "COMSPEC"}
_KEPT_PREFIXES = ("LC_", "COVERAGE_", "COV_CORE_")
_SECONDS = 600.0


@dataclass(frozen=True)
class Run:
    """A finished command: its exit code, all that it printed, its verdict file as JSON types, its JUnit XML."""

    code: int
    out: str
    verdict: dict[str, Any] = field(default_factory=dict)
    junit: str = ""

    @property
    def gates(self) -> dict[str, dict[str, Any]]:
        """What the verdict file says of each gate, by id."""
        return {gate["id"]: gate for gate in self.verdict.get("gates", ())}

    def gate(self, id_: str) -> dict[str, Any]:
        """Return what the verdict file says of one gate; `LookupError` lists those that are there."""
        if id_ not in self.gates:
            missing = [f"{one['gate']}: {one['why']}" for one in self.verdict.get("missing", ())]
            raise LookupError(f"there is no gate {id_}, only {', '.join(self.gates) or 'none'}; missing: {missing}")
        return self.gates[id_]

    @property
    def statuses(self) -> dict[str, str | None]:
        """Each gate's status, by id; None for one that was not evaluated."""
        return {id_: gate["status"] for id_, gate in self.gates.items()}


def kept(environ: Mapping[str, str], prefixes: Sequence[str] = ()) -> dict[str, str]:
    """Return what is kept of an environment: paths, language, and variables that begin with one of `prefixes`."""
    starts = (*_KEPT_PREFIXES, *prefixes)
    return {name: value for name, value in environ.items() if name in _KEPT or name.startswith(starts)}


def plain_environment(home: Path, prefixes: Sequence[str] = ()) -> dict[str, str]:
    """Return an environment that says only where programs and temporary files are, with an author for Git.

    Variables of this process that begin with one of `prefixes` are kept besides.
    """
    author = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "Test Author"), ("EMAIL", "author@example.invalid"))
    }
    return {**kept(os.environ, prefixes), **author, "HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1"}


def run(words: Sequence[str], cwd: Path, environ: Mapping[str, str], *, seconds: float = _SECONDS) -> Run:
    """Run `release-sentinel` with these words; its verdict file and JUnit XML are read and removed.

    Raises `subprocess.TimeoutExpired` after `seconds`.
    """
    with tempfile.TemporaryDirectory() as folder:
        verdict, junit = Path(folder, "verdict.json"), Path(folder, "gates.xml")
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "release_sentinel",
                *words,
                "--gate-verdict",
                str(verdict),
                "--junitxml",
                str(junit),
            ],
            cwd=cwd,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
            check=False,
        )
        return finished(done.returncode, done.stdout, verdict, junit)


def finished(code: int, out: str, verdict: Path, junit: Path) -> Run:
    """Return a run with the reports that it left, as far as they are there."""
    document = json.loads(verdict.read_text(encoding="utf-8")) if verdict.exists() else {}
    return Run(code, out, document, junit.read_text(encoding="utf-8") if junit.exists() else "")
