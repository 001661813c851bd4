"""The example pack, built as a wheel, installed by pip, and judged by: as a pack author does."""

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import Sentinel
from tests.forked import SITE
from tests.packs.made import EXAMPLE
from tests.packs.test_judged import IDS, POLICY, results


def test_the_example_is_built_installed_and_judged_by(sentinel: Sentinel, tmp_path: Path) -> None:
    """Nothing of it is taken from its source."""
    own_home = {**os.environ, "HOME": str(tmp_path)}  # pip asks compilers for their versions: some write there
    site, project = tmp_path / "site", tmp_path / "acme"
    copy(EXAMPLE.parent, project)
    for command in (
        ["hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        ["pip", "install", "-q", "--no-index", "--no-deps", "--target", str(site), str(tmp_path / WHEEL)],
    ):
        subprocess.run([sys.executable, "-m", *command], cwd=project, check=True, capture_output=True, env=own_home)
    sentinel.settings[SITE] = str(site)
    sentinel.repo.commit("queue.txt", "job\n")
    sentinel.repo.commit("release-sentinel.toml", POLICY)
    done = sentinel()
    assert (done.code, results(done)) == (0, dict.fromkeys(IDS, "passed")), done.out


WHEEL = "acme_gates-2.1.0-py3-none-any.whl"


def copy(source: Path, target: Path) -> None:
    """Copy a project, without what Git does not know."""
    for path in (source / "pyproject.toml", *source.rglob("*.py")):
        place = target / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(path.read_bytes())
