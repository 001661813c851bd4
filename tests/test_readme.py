"""The README is page one: short, and true."""

import re
import sys
from pathlib import Path

import pytest

from release_sentinel import gates
from tests.conftest import Sentinel, run
from tests.guides import README, blocks, text


def test_page_one_is_one_page() -> None:
    """At most 160 lines."""
    assert len(text(README).splitlines()) <= 160


def test_every_gate_is_named() -> None:
    """In the order in which they run, by stage."""
    named = re.findall(r"^- \*\*(.*?)\*\*.*?: (.*)$", text(README).partition("## Gates")[2], re.MULTILINE)[:4]
    lists = {stage: re.findall(r"`(.*?)`", ids) for stage, ids in named}
    assert lists == {
        stage: [gate.id for gate in gates.BUILT_IN if stage == f"{gate.stage}{', opt-in' if gate.opt else ''}"]
        for stage in ("policy", "policy, opt-in", "critical", "critical, opt-in")
    }


def test_every_exit_code_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """The exit codes of the help stand in the table."""
    from release_sentinel.cli import main

    main(["--help"])
    told = capsys.readouterr().out
    codes = re.findall(r"^  (\d[\d, ]*\d|\d) {2,}", told.partition("exit codes:")[2], re.MULTILINE)
    assert codes == ["0", "1", "2", "130, 143"]
    assert all(f"\n| {code} |" in text(README) for code in codes)


def test_there_are_three_short_policies() -> None:
    """For a library, a service and a component of a monorepo; `test_guides` reads them."""
    policies = blocks(README, "toml")
    assert len(policies) == 3
    assert all(len(policy.splitlines()) <= 10 for policy in policies)


def test_a_library_passes_by_its_policy(sentinel: Sentinel) -> None:
    """The first of them, as printed, with a package and its token."""
    sentinel.repo.write("release-sentinel.toml", blocks(README, "toml")[0])
    sentinel.repo.write("pyproject.toml", '[project]\nname = "shop"\nversion = "1.0.0"\n')
    sentinel.repo.commit("CHANGELOG.md", "# Changes\n\n## 1.0.0\n\nThe first one.\n")
    passed = sentinel(PYPI_TOKEN="pypi-token-of-this-test")
    assert passed.code == 0, passed.out
    assert {"version-increases", "version-files", "changelog"} <= set(passed.statuses)
    assert not {"process", "api"} & set(passed.statuses)


def test_the_output_is_the_demonstration_s(tmp_path: Path) -> None:
    """What the README shows of a blocked run is what `release-sentinel demo` prints."""
    (shown,) = blocks(README, "text")
    demo = run(sys.executable, "-m", "release_sentinel", "demo", cwd=tmp_path)
    assert demo.code == 0
    assert shown in demo.out
