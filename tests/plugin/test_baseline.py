"""A baseline is the file of a whole SAFE release: what `verify` refuses in a file of any age, no run compares with."""

import json
from pathlib import Path
from typing import Any

import pytest

from release_sentinel.config.kinds import Change
from release_sentinel.config.model import Policy
from release_sentinel.config.targets import CompareRule
from release_sentinel.core import claim
from release_sentinel.invocation import parse
from release_sentinel.measures import Measure
from release_sentinel.plugin.baseline import read_baseline
from release_sentinel.reports.document import document
from tests.conftest import RELEASE
from tests.deliver.test_verify import CONTRADICTIONS, MEASURE, REFUSED, WAIVER, gate, safe, watch, with_gate
from tests.reports.samples import SAMPLES

RULES = Policy(compare=(CompareRule("disk.used", max_increase=Change(10, is_share=True)),))
ANY = {  # what `verify` expects of a release, and a baseline may be of any
    "another version",
    "version without its prefix",
    "blank commit",
    "abbreviated commit",
    "upper-case commit",
    "another commit",
    "too old",
    "from the future",
}
OTHERS: dict[str, dict[str, Any]] = {
    "a watch": watch(),
    "a watch that is said to be a release": watch(mode="release"),
    "mode watch": safe(mode="watch"),
    "mode partial": safe(mode="partial"),
    "preview": safe(preview=True),
    "undelivered": safe(undelivered="no tag"),
    "for its tag alone": safe(verdict="INCOMPLETE", exit_code=1, problems=["no tag"], undelivered="no tag"),
    "a gate is missing": safe(gates=[gate()]),
    "a waiver that had expired": with_gate(
        "disk", status="CRIT", outcome="waived", waiver={**WAIVER, "expires": "2024-05-17T09:30:00+00:00"}
    ),
}
FILES = {
    **{name: safe(**changes) for name, (changes, _) in REFUSED.items() if name not in ANY},
    **{name: written for name, (written, _) in CONTRADICTIONS.items()},
    **OTHERS,
}


def read(folder: Path, written: object, policy: Policy = RULES) -> tuple[dict[str, Measure] | None, str]:
    """Return what a baseline that says `written` has measured, and what is wrong with it."""
    path = folder / "base.json"
    path.write_text(json.dumps(written), encoding="utf-8")
    return read_baseline(path, "prod", policy)


@pytest.mark.parametrize("name", FILES)
def test_what_verify_refuses_is_no_baseline(tmp_path: Path, name: str) -> None:
    """One reader of verdict files, one judgement: nothing is compared."""
    measures, problem = read(tmp_path, FILES[name])
    assert measures is None
    assert problem.startswith("--gate-baseline")
    assert "\n" not in problem


@pytest.mark.parametrize("name", sorted(ANY))
def test_a_baseline_is_of_any_version_and_age(tmp_path: Path, name: str) -> None:
    """What the release is that it is about does not matter, but for the environment."""
    changes, _ = REFUSED[name]
    assert read(tmp_path, safe(**changes)) == (read(tmp_path, safe())[0], "")


def test_what_a_baseline_has_measured(tmp_path: Path) -> None:
    """By full name; a waiver that has expired since excused it then."""
    (waived,) = [one for one in document(SAMPLES["waived"])["gates"] if one["waiver"]]
    written = with_gate("disk", **{**waived, "waiver": WAIVER, "measures": [MEASURE]})
    measures, problem = read(tmp_path, written)
    assert problem == ""
    assert measures is not None
    assert measures["disk.used"] == Measure("used", 1, "%")


def test_a_baseline_without_rules(tmp_path: Path) -> None:
    """It would be given for nothing."""
    assert "expected rules under `compare`" in read(tmp_path, safe(), Policy())[1]
    assert read_baseline(None, "prod", Policy()) == (None, "")


def test_a_run_does_not_overwrite_its_baseline(tmp_path: Path) -> None:
    """The command line is refused before any report is written; the others say INCOMPLETE."""
    base = tmp_path / "base.json"
    base.write_text(json.dumps(safe()), encoding="utf-8")
    asked = parse([*RELEASE, f"--gate-baseline={base}", f"--gate-verdict={base}", "--junitxml=g.xml"], {}, tmp_path)
    claim(asked)
    assert asked.problems
    assert json.loads(base.read_text(encoding="utf-8")) == safe()
    assert "INCOMPLETE" in (tmp_path / "g.xml").read_text(encoding="utf-8")
