"""The guide's ways to keep verdicts, run as two CI systems do: each run adds a file, and none replaces another."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.act import Act, find_act
from tests.conftest import Repo, make_repo, run
from tests.guides import GUIDES, blocks
from tests.history.kept import keep, written
from tests.templates.parts import gitlab
from tests.test_guides import workflow

# Judges as a verdict file beside it says; every other command is the real one.
PROGRAM = """\
#!/bin/sh
case "$1" in
  --env) cp '{folder}/next.json' verdict.json && ! grep -q BLOCKED verdict.json ;;
  *) exec '{python}' -m release_sentinel "$@" ;;
esac
"""


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A repository with a remote and, beside it, the program."""
    (bin_ := tmp_path / "bin").mkdir()
    (bin_ / "release-sentinel").write_text(PROGRAM.format(folder=tmp_path, python=sys.executable), encoding="utf-8")
    (bin_ / "release-sentinel").chmod(0o755)
    made = make_repo(tmp_path / "clone")
    made.commit("app.py")
    made.add_remote(tmp_path / "origin.git")
    return made


@pytest.fixture
def act(tmp_path: Path) -> Iterator[Act]:
    """The program that runs workflows as GitHub does."""
    with find_act(tmp_path) as found:
        yield found


def _next(folder: Path, name: str, hour: int) -> None:
    keep(folder, {"next.json": written(name, ended=f"2026-01-01T{hour:02}:00:00+00:00")})


def test_github_keeps_them_on_a_branch(act: Act, repo: Repo, tmp_path: Path) -> None:
    """By act: a BLOCKED run and a SAFE one push a file each, which a new clone has; the same name is refused."""
    (steps,) = (block for block in blocks(GUIDES["history"], "yaml") if "gate-history" in block)
    (script,) = (block for block in blocks(GUIDES["history"], "sh") if "--orphan" in block)
    assert run("bash", "-ec", script, cwd=repo.path).code == 0
    repo.git("switch", "--quiet", "main")
    repo.commit(".github/workflows/try.yml", workflow(f"{_CHECKOUT}{steps}"))
    codes: list[int] = []
    out = ""
    for number, name in ((1, "BLOCKED"), (2, "SAFE"), (2, "SAFE")):
        _next(tmp_path, name, number)
        env = {"GITHUB_RUN_ID": str(number), "GITHUB_RUN_ATTEMPT": "1", "RUNNER_TEMP": str(tmp_path / f"t{len(codes)}")}
        done = act.run(".github/workflows/try.yml", cwd=repo.path, path=tmp_path / "bin", env=env)
        codes.append(done.code)
        out += done.out
    assert codes == [1, 0, 1], out
    assert "2 files: 2 verdicts" in out
    repo.git("fetch", "--quiet", "origin", "gate-history")
    assert repo.git("ls-tree", "--name-only", "FETCH_HEAD").split() == ["1-1.json", "2-1.json"]


_CHECKOUT = "      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1\n"
_GATE = """\
release-gate:
  stage: test
  script:
    - release-sentinel --env prod --gate-verdict verdict.json
  artifacts:
    when: always
    paths: [verdict.json]
"""


def test_gitlab_keeps_them_in_a_cache(repo: Repo, tmp_path: Path) -> None:
    """By gitlab-ci-local: the second pipeline finds the verdict of the first."""
    command = gitlab()
    (job,) = (block for block in blocks(GUIDES["history"], "yml") if "gate-history" in block)
    repo.commit(".gitlab-ci.yml", f"{_GATE}{job}")
    (home := tmp_path / "home").mkdir()
    path = os.pathsep.join([str(tmp_path / "bin"), os.environ["PATH"]])
    for number, name in enumerate(("BLOCKED", "SAFE"), start=1):
        _next(tmp_path, name, number)
        env = {"PATH": path, "HOME": str(home), "TMPDIR": "../home"}
        done = run(*command, cwd=repo.path, env=env, timeout=120)
        assert f"{number} file{'s' * (number > 1)}: {number} verdict" in done.out, done.out
        assert bool(done.code) == (name == "BLOCKED"), done.out
