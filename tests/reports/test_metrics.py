"""The verdict as metrics: what each sample says, and that every reader of the format takes it."""

import math
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from msgspec.structs import replace
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as prometheus

from release_sentinel.measures import Measure
from release_sentinel.options import Report
from release_sentinel.redacted import RedactedVerdict, redact
from release_sentinel.redaction import Redactor
from release_sentinel.reports.files import write_report
from release_sentinel.reports.metrics import METRICS, NUMBERS, metrics
from release_sentinel.verdict import Missing, Release, unfinished
from release_sentinel.vocabulary import Stage, Status
from tests.prometheus import promtool, require, serving
from tests.reports.samples import BROKEN, CLOSE, FULL, LEFT_OUT, PASSED, RELEASE, SAMPLES, STARTED, WAIVED, verdict

OPENMETRICS: Any = openmetrics  # it has no types
HOSTILE = 'a "b" \\ \\n {x="1"} 1\n# EOF\r\x00\u2028\udcff é'
Found = dict[tuple[str, ...], float]


def found(sample: RedactedVerdict, name: str, *labels: str) -> Found:
    """Return the value of each series of a metric, by the values of these labels; both parsers agree on it."""
    text = metrics(sample)
    assert text.endswith("\n# EOF\n")
    read: list[Found] = []
    for parse in (OPENMETRICS, prometheus):
        families = {family.name: family for family in parse(text)}
        assert {family.type for family in families.values()} == {"gauge"}
        samples = families[f"release_sentinel_{name}"].samples
        read.append({tuple(one.labels[label] for label in labels): one.value for one in samples})
        assert len(read[-1]) == len(samples)
    assert str(read[0]) == str(read[1])  # NaN is not NaN
    return read[0]


def of_run(sample: RedactedVerdict, name: str) -> Found:
    """Return what a metric says of the run."""
    return found(sample, name, "env", "version", "mode")


HOSTILE_SAMPLE = redact(
    verdict(
        replace(FULL, id=f"disk[{HOSTILE}]", measures=(Measure(HOSTILE, math.nan, HOSTILE), Measure("x", -math.inf))),
        release=replace(RELEASE, env=HOSTILE, version=HOSTILE),
    ),
    Redactor(),
)


@pytest.mark.parametrize("sample", [*SAMPLES.values(), HOSTILE_SAMPLE], ids=[*SAMPLES, "hostile"])
def test_every_text_is_read_by_all_parsers(sample: RedactedVerdict) -> None:
    """Each metric has its help and its labels, and no series is there twice."""
    text = metrics(sample)
    for parse in (OPENMETRICS, prometheus):
        told = {family.name: family.documentation for family in parse(text)}
        assert told == {metric.name: metric.help for metric in METRICS}
    for metric in METRICS:
        found(sample, metric.name.removeprefix("release_sentinel_"), *metric.labels)


@pytest.mark.parametrize(("right", "wrong"), [("v1.0.0", 'v1"0'), ("# EOF\n", ""), (" 1.0\n", " one\n")])
def test_the_parser_refuses(right: str, wrong: str) -> None:
    """It is not blind: a quote in a label, a text that was cut off, a word for a number."""
    text = metrics(SAMPLES["safe"])
    assert right in text
    with pytest.raises(ValueError, match=r"\w"):
        list(OPENMETRICS(text.replace(right, wrong)))


@pytest.mark.parametrize("name", SAMPLES)
def test_the_run(name: str) -> None:
    """Safe is 1 for SAFE alone; the mode says what was judged."""
    sample = SAMPLES[name]
    labels = (sample.release.env, sample.release.version, sample.mode)
    assert of_run(sample, "safe") == {labels: int(sample.exit_code == 0)}
    assert of_run(sample, "exit_code") == {labels: sample.exit_code}
    assert of_run(sample, "timestamp_seconds") == {labels: sample.ended.timestamp()}
    assert of_run(sample, "duration_seconds") == {labels: 2.5}


def test_a_clock_that_was_set_back() -> None:
    """No run takes less than no time."""
    sample = replace(SAMPLES["safe"], ended=STARTED - timedelta(hours=1))
    assert list(of_run(sample, "duration_seconds").values()) == [0]


def test_until_a_run_has_ended_it_is_not_safe() -> None:
    """A run that is killed leaves no green number behind."""
    sample = redact(unfinished(Release("prod", "v1.0.0")), Redactor())
    assert of_run(sample, "safe") == {("prod", "v1.0.0", "release"): 0}
    assert list(of_run(sample, "exit_code").values()) == [1]
    assert found(sample, "gate_status") == {}


def statuses(sample: RedactedVerdict) -> Found:
    """Return the number of each gate."""
    return found(sample, "gate_status", "gate", "stage")


def test_the_gates() -> None:
    """A number for each status; a waived gate shows what it found, one that gave no result was not evaluated."""
    assert set(NUMBERS) == {*Status, None}
    assert statuses(verdict(PASSED, CLOSE, WAIVED, BROKEN, LEFT_OUT)) == {
        ("environment", "policy"): 0,
        ("memory", "critical"): 1,
        ("disk", "critical"): 2,
        ("own", "critical"): 3,
        ("process", "critical"): -1,
    }
    missing = tuple(Missing(gate, "it was deselected") for gate in ("api[shop]", "gate_tests/test_own.py", "disk"))
    assert statuses(replace(verdict(FULL), missing=missing)) == {
        ("disk", "critical"): 2,
        ("api[shop]", "critical"): -1,
        ("gate_tests/test_own.py", ""): -1,
    }


def test_a_gate_that_is_switched_off_is_absent() -> None:
    """It is neither good nor bad."""
    assert "process" not in metrics(SAMPLES["waived"])


def test_of_two_gates_of_one_id_the_worse_one_counts() -> None:
    """Whichever came first; such a run is INCOMPLETE besides."""
    again = replace(FULL, status=Status.WARN)
    assert statuses(verdict(FULL, again)) == statuses(verdict(again, FULL)) == {("disk", "critical"): 2}


def test_the_measures() -> None:
    """By gate and name with the unit; of a name that is there twice the last number counts."""
    numbers = (1, 85.5, 1e-9, 2**63, math.nan, math.inf, -math.inf)
    gate = replace(FULL, measures=tuple(Measure(f"m{index}", number, "%") for index, number in enumerate(numbers)))
    read = found(verdict(gate), "measure", "gate", "name", "unit")
    assert str(read) == str({("disk", f"m{index}", "%"): float(number) for index, number in enumerate(numbers)})
    assert [" NaN\n" in metrics(verdict(gate)), " +Inf\n" in metrics(verdict(gate))] == [True, True]
    twice = replace(FULL, measures=(Measure("used", 1), Measure("used", 2)))
    assert found(verdict(twice), "measure", "name", "unit") == {("used", ""): 2}


def test_no_text_leaves_its_label() -> None:
    """A quote, a backslash or a line break in an id adds neither a label nor a line."""
    ((gate, stage),) = statuses(HOSTILE_SAMPLE)
    assert gate == 'disk[a "b" \\ \\n {x="1"} 1\\n# EOF\\r\\x00\\u2028\\udcff é]'
    assert stage == Stage.CRITICAL
    assert len(metrics(HOSTILE_SAMPLE).splitlines()) == len(METRICS) * 3 + 2


@pytest.mark.parametrize("sample", [SAMPLES["waived"], HOSTILE_SAMPLE], ids=["waived", "hostile"])
def test_promtool_has_no_complaint(tmp_path: Path, sample: RedactedVerdict) -> None:
    """Neither an error nor a remark on a name."""
    done = promtool("check", "metrics", folder=tmp_path, text=metrics(sample))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_real_node_exporter_hands_it_on(tmp_path: Path) -> None:
    """Two environments, one of them hostile: every series arrives as it was written."""
    require("prometheus-node-exporter")
    (tmp_path / "text").mkdir()
    written = {"prod": SAMPLES["waived"], "other": HOSTILE_SAMPLE}
    for name, sample in written.items():
        write_report(Report("--gate-metrics", tmp_path / "text" / f"{name}.prom"), sample)
    options = ("--collector.disable-defaults", "--collector.textfile", "--collector.textfile.directory=text")
    with serving(tmp_path, "prometheus-node-exporter", *options, ready="/") as address:
        answer = requests.get(f"{address}/metrics", timeout=60).content.decode()
    assert series(answer) == sorted(line for sample in written.values() for line in series(metrics(sample)))
    assert "\nnode_textfile_scrape_error 0\n" in answer


def series(text: str) -> list[str]:
    """Return the series of ours with their values; equal, whatever the order of labels and the form of numbers."""
    samples = [one for family in prometheus(text) for one in family.samples if one.name.startswith("release_sentinel_")]
    return sorted(f"{one.name} {sorted(one.labels.items())} {float(one.value)}" for one in samples)
