"""A run loads what it needs: libraries that are dear wait until a gate that uses them begins."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from release_sentinel.options import OPTIONS
from release_sentinel.reports.files import verdict_json
from tests.conftest import RELEASE, Repo, Sentinel
from tests.reports.samples import WHOLE

TELL = """
import atexit, os, pathlib, sys
atexit.register(lambda: pathlib.Path(os.environ["LOADED"]).write_text("\\n".join(sys.modules)))
"""


WRITERS = {option.report.writer.partition(".")[0] for option in OPTIONS if option.report}
SHARED = {"charts", "html_gates", "html_timeline", "page"}  # by pages
OTHER_REPORTS = {f"release_sentinel.reports.{name}" for name in (WRITERS | SHARED) - {"files", "junit"}}
OPT_IN = {f"release_sentinel.observe.{name}" for name in ("manifests", "sections", "headings", "forge.place")}


@pytest.mark.parametrize(
    ("options", "env", "absent"),
    [
        ((), {"RS_DEPLOY_TOKEN": ""}, {"requests", "psutil", *OPT_IN}),
        (("--gate-partial", "-k", "disk or memory or process"), {}, {"requests", "git"}),
        (("--gate-partial", "-k", "api"), {}, {"git", "psutil"}),
    ],
    ids=["policy failure", "host only", "dependencies only"],
)
def test_what_is_not_needed_is_not_loaded(
    sentinel: Sentinel, options: tuple[str, ...], env: dict[str, Any], absent: set[str]
) -> None:
    """A policy failure needs no network, a look at the host no Git, and a report that is not asked for no writer."""
    sentinel.repo.commit("gate_tests/conftest.py", TELL)
    told = sentinel.reports / "loaded"
    sentinel(*options, LOADED=str(told), PYTHONUNBUFFERED="1", **env)  # an interpreter of its own: see `run`
    loaded = set(told.read_text(encoding="utf-8").splitlines())
    assert "pytest" in loaded
    assert not (absent | OTHER_REPORTS | {"release_sentinel.packs.find"}) & loaded


def loaded_by(program: str, cwd: Path) -> set[str]:
    """Return the modules that a Python of its own has loaded after a program."""
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport sys\nprint('\\n'.join(sys.modules), file=sys.stderr)"],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stderr.splitlines())


def test_a_verdict_stands_on_little(tmp_path: Path) -> None:
    """Deciding needs no policy, no checks and no observers: at most a dozen of our modules."""
    ours = [name for name in loaded_by("import release_sentinel.verdict", tmp_path) if "release_sentinel" in name]
    assert 3 < len(ours) <= 12


@pytest.mark.parametrize(
    "words",
    [["verify", "verdict.json", *RELEASE], ["explain", "disk"], ["explain"], ["policy"], ["history", ".", "--json"]],
    ids=" ".join,
)
def test_a_command_that_judges_nothing_loads_no_library_for_it(repo: Repo, words: list[str]) -> None:
    """The deploy step reads a file: it needs no HTTP client, no process table, no Git."""
    repo.write("verdict.json", verdict_json(WHOLE))
    loaded = loaded_by(f"from release_sentinel.cli import main\nmain({words!r})", repo.path)
    assert "release_sentinel.cli" in loaded
    assert not {"requests", "psutil", "git", "pytest", "packaging", "release_sentinel.packs.find"} & loaded
