"""The benchmarks' frame works; what they measure is no test's business, because time is not."""

import re

import pytest

from tests.benchmarks import Row
from tests.benchmarks.__main__ import found, main, table


def test_every_benchmark_has_a_name_of_its_own() -> None:
    """Each module is found by its name."""
    assert all(module.__name__ == f"tests.benchmarks.bench_{name}" for name, module in found().items())
    assert "redaction" in found()


def test_a_table_shows_every_row() -> None:
    """A ratio above its target stands out."""
    shown = table([("redaction", Row("a", 1.5, 2)), ("git", Row("b", 2.004, 2, "why"))])
    assert shown.splitlines()[2:] == [
        "| redaction | a | 1.50 | 2 | yes |  |",
        "| git | b | 2.00 | 2 | **no** | why |",
    ]


def test_the_redaction_benchmark_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """On a tiny log with few secrets it prints a ratio in each row."""
    monkeypatch.setattr(found()["redaction"], "SIZE", 2000)
    monkeypatch.setattr(found()["redaction"], "MANY", 5)
    assert main(["redaction"]) in {0, 1}
    assert len(re.findall(r"^\| redaction \|.*\| \d+\.\d\d \|", capsys.readouterr().out, re.MULTILINE)) >= 2


@pytest.mark.parametrize(("ratio", "code"), [(2.0, 0), (2.1, 1), (float("nan"), 1)])
def test_a_ratio_above_its_target_fails(monkeypatch: pytest.MonkeyPatch, ratio: float, code: int) -> None:
    """The exit code says whether every ratio holds."""
    monkeypatch.setattr(found()["redaction"], "measure", lambda: [Row("a", ratio, 2)])
    assert main(["redaction"]) == code


def test_an_unknown_benchmark_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The names that there are stand in the message."""
    assert main(["nonsense"]) == 1
    assert re.search("no benchmark is called nonsense; there are: .*redaction", capsys.readouterr().err)


def test_hosts_are_measured_where_there_is_an_sshd(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Elsewhere there is a reason instead of a row."""
    monkeypatch.setattr(found()["hosts"], "MISSING", "OpenSSH is not installed")
    assert main(["hosts"]) == 0
    assert "hosts: not measured: OpenSSH is not installed" in capsys.readouterr().err
