"""The verdict fits into a termination message, and is written where nothing can be replaced."""

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from release_sentinel.deliver.kubernetes.message import LIMIT, NO_VERDICT, compact, leave
from release_sentinel.redacted import RedactedVerdict
from release_sentinel.reports.document import document
from tests.reports.samples import DIRTY, SAMPLES, verdict


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_it_tells_verdict_release_and_reasons(sample: RedactedVerdict) -> None:
    """All that holds the release back, in the words of the verdict."""
    told = json.loads(compact(document(sample)))
    assert (told["verdict"], told["exit_code"]) == (sample.label, sample.exit_code)
    assert (told["env"], told["version"], told["commit"]) == (
        sample.release.env,
        sample.release.version,
        sample.release.commit,
    )
    assert [reason.replace("could not be determined: ", "") for reason in sample.reasons] == told["reasons"]


@pytest.mark.parametrize(("count", "length"), [(1, 10_000), (20, 1000), (60, 50), (500, 20)])
@pytest.mark.parametrize("character", ["x", "ü", "🩹", "\x00"])
def test_it_always_fits(count: int, length: int, character: str) -> None:
    """Long reasons are cut, and what does not fit at all is counted."""
    gates = [replace(DIRTY, id=f"own-{number}", reason=character * length) for number in range(count)]
    text = compact(document(verdict(*gates)))
    assert len(text.encode()) <= LIMIT
    reasons = json.loads(text)["reasons"]
    assert len(reasons) == count or reasons[-1] == f"and {count - len(reasons) + 1} more"


def test_a_run_without_a_verdict_is_incomplete() -> None:
    """What stands there until there is one."""
    told = json.loads(compact(NO_VERDICT))
    assert (told["verdict"], told["exit_code"]) == ("INCOMPLETE", 1)
    assert told["reasons"] == ["[INCOMPLETE] the gate session did not finish"]


def test_the_file_stays_the_same(tmp_path: Path) -> None:
    """It is a mount: written in place, and nothing of a longer message stays."""
    file = tmp_path / "termination-log"
    file.write_text("x" * 5000, encoding="utf-8")
    inode = file.stat().st_ino
    leave(document(SAMPLES["safe"]), file)
    assert file.stat().st_ino == inode
    assert json.loads(file.read_text(encoding="utf-8"))["verdict"] == "SAFE"


def test_outside_a_pod_nothing_is_written(tmp_path: Path) -> None:
    """No file is made that Kubernetes has not mounted."""
    leave(NO_VERDICT, tmp_path / "none")
    assert not list(tmp_path.iterdir())
