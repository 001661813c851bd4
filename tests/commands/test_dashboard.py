"""`release-sentinel dashboard`: a dashboard that Grafana can import, and alerts that fire when they should."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from msgspec.structs import replace

from release_sentinel.cli import main
from release_sentinel.commands.dashboard import alerts
from release_sentinel.commands.grafana import _OTHER_CODES, _STATUSES, _VERDICTS, dashboard
from release_sentinel.reports.html import _ANSWERS, _NEXT
from release_sentinel.reports.metrics import METRICS, NUMBERS
from tests.prometheus import promtool
from tests.reports.samples import WHOLE

NAMES = {metric.name: set(metric.labels) for metric in METRICS}
PANELS = dashboard()["panels"]
VARIABLES = {variable["name"]: variable for variable in dashboard()["templating"]["list"]}
QUERIES = {panel["title"]: target["expr"] for panel in PANELS for target in panel["targets"]}
RULES = {rule["alert"]: rule for rule in yaml.safe_load(alerts(7))["groups"][0]["rules"]}
ASKED = {**QUERIES, **{name: rule["expr"] for name, rule in RULES.items()}}
ADDED = {"job", "instance"}  # labels that Prometheus adds


def filled(query: str) -> str:
    """Return a query as Grafana sends it: all values of each variable."""
    return query.replace("$mode", "release").replace("$gate", ".*").replace("$env", ".*").replace("$job", ".*")


def test_the_command_prints_the_dashboard(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON, to be imported as it is."""
    assert main(["dashboard"]) == 0
    assert json.loads(capsys.readouterr().out) == dashboard()


def test_the_command_prints_the_alerts(capsys: pytest.CaptureFixture[str]) -> None:
    """YAML, with the days that are asked for."""
    assert main(["dashboard", "--alerts", "--days", "30"]) == 0
    out = capsys.readouterr().out
    assert out == alerts(30) + "\n"
    assert "[37d]" in out
    assert "> 30 * 86400" in out
    assert not re.search(r"<\w", re.sub(r"#.*", "", out))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--days", "3"], "--days is for the alert rules: add --alerts"),
        (["--alerts", "--days", "0"], "'0' is not a whole number of days, from 1 to 999"),
        (["--alerts", "--days", "1.5"], "'1.5' is not a whole number of days, from 1 to 999"),
        (["prod"], "unrecognized arguments: prod"),
    ],
)
def test_a_wrong_word_is_told(capsys: pytest.CaptureFixture[str], words: list[str], message: str) -> None:
    """With exit code 1."""
    with pytest.raises(SystemExit) as ended:
        main(["dashboard", *words])
    assert ended.value.code == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("title", ASKED)
def test_only_what_is_written_is_asked_for(title: str) -> None:
    """Each name in a query is a metric of the writer, and each label one of its labels."""
    found = re.findall(r"(release_sentinel_\w+)\{(.*?)\}", ASKED[title])
    assert len(found) == len(re.findall("release_sentinel_", ASKED[title])) > 0
    for name, selectors in found:
        assert set(re.findall(r"(\w+)(?==|!)", selectors)) <= NAMES[name] | ADDED
    grouped = {label for labels in re.findall(r"(?:by|on) \((.*?)\)", ASKED[title]) for label in labels.split(", ")}
    assert grouped <= set.union(*(NAMES[name] for name, _ in found)) | ADDED


def test_every_series_has_a_name() -> None:
    """The labels in it are those of the metric that is asked for, and of those by which a query groups."""
    for panel in PANELS:
        for target in panel["targets"]:
            named = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            name = re.findall(r"release_sentinel_\w+", target["expr"])[0]
            grouped = re.match(r"\W*(?:time\(\) - \()?max by \((.*?)\)", target["expr"])
            assert named <= (set(grouped[1].split(", ")) if grouped else NAMES[name] | ADDED)
            assert named or target["format"] == "table"


def test_every_metric_is_shown() -> None:
    """Nothing is written for nobody to see; `safe` is what the alerts ask for."""
    assert {name for name in NAMES if not any(name in query for query in ASKED.values())} == set()


def test_every_panel_has_its_place() -> None:
    """Ids are unique, nothing overlaps or stands outside, and each asks the data source that was chosen."""
    assert len({panel["id"] for panel in PANELS}) == len({panel["title"] for panel in PANELS}) == len(PANELS)
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in PANELS)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert {x for x, _ in cells} == set(range(24))
    for panel in PANELS:
        assert (
            panel["datasource"] == panel["targets"][0]["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        )


def test_every_variable_is_declared() -> None:
    """In queries and labels; the values of each come from a metric with that label."""
    used = set(re.findall(r"\$\{?(\w+)\}?", json.dumps(PANELS)))
    assert used == set(VARIABLES)
    for variable in VARIABLES.values():
        if variable["type"] == "query":
            name, label = re.findall(r"^label_values\((\w+).*, (\w+)\)$", variable["query"]["query"])[0]
            assert label == variable["name"]
            assert label in NAMES[name] | ADDED


def test_every_number_has_a_word() -> None:
    """Each status of a gate, and each exit code."""
    assert set(_STATUSES) == set(NUMBERS.values())
    bounds = _OTHER_CODES["options"]
    assert [*_VERDICTS, *range(bounds["from"], bounds["to"] + 1)] == list(range(256))


def test_every_mode_can_be_chosen() -> None:
    """The dashboard and the page know the modes that a verdict can have."""
    modes = {replace(WHOLE, **{mode: True}).mode for mode in ("partial", "preview", "watch")} | {WHOLE.mode}
    assert set(VARIABLES["mode"]["query"].split(",")) == set(_ANSWERS) == set(_NEXT) == modes


def test_prometheus_reads_every_query(tmp_path: Path) -> None:
    """Promtool takes the alerts, and each query of the dashboard as a rule."""
    (tmp_path / "alerts.yml").write_text(alerts(7), encoding="utf-8")
    rules = [{"record": f"panel:{number}", "expr": filled(query)} for number, query in enumerate(QUERIES.values())]
    (tmp_path / "panels.yml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    done = promtool("check", "rules", "alerts.yml", "panels.yml", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"{len(RULES)} rules found" in done.stdout
    assert f"{len(QUERIES)} rules found" in done.stdout


class Written(NamedTuple):
    """What a run has written, and from which hour until which it is seen."""

    since: float
    safe: bool
    until: float = 9999
    env: str = "prod"
    mode: str = "release"
    instance: str = "a"
    ahead: float = 0  # hours of its clock


STEP = 5  # minutes between two samples
NOT_RUN, ABSENT, BLOCKED = RULES
Firing = dict[tuple[str, str], int]
PROD_NOT_RUN: Firing = {(NOT_RUN, "prod"): 1}
PROD_BLOCKED: Firing = {(BLOCKED, "prod"): 1}
NOTHING: Firing = {}
# What was written, the hour in which we look, and what fires then: a fault, and what merely looks like it. The first
# table is about the alerts for one day without a run, the second about those for a week.
OLD: dict[str, tuple[list[Written], float, Firing]] = {
    "no run for 26 hours": ([Written(0, safe=True)], 26, PROD_NOT_RUN),
    "no run for 23 hours": ([Written(0, safe=True)], 23, NOTHING),
    "no run for 26 hours, the file is gone": ([Written(0, safe=True, until=9)], 26, PROD_NOT_RUN),
    "previews alone": ([Written(0, safe=True), Written(20, safe=True, mode="preview")], 26, PROD_NOT_RUN),
    "another environment": ([Written(0, safe=True), Written(20, safe=True, env="dev")], 26, PROD_NOT_RUN),
    "a run elsewhere": ([Written(0, safe=True), Written(20, safe=True, instance="b")], 26, NOTHING),
    "an environment that was never said": (
        [Written(0, safe=False, until=1, env=""), Written(2, safe=True)],
        26,
        NOTHING,
    ),
    "no run, a clock elsewhere is ahead": (
        [Written(0, safe=True), Written(0, safe=True, instance="b", ahead=240)],
        26,
        PROD_NOT_RUN,
    ),
    "no metrics at all": ([], 26, {(ABSENT, ""): 1}),
    "no metrics of a release": ([Written(0, safe=True, mode="preview")], 26, {(ABSENT, ""): 1}),
    "no metrics for some hours": ([Written(0, safe=True, until=9)], 23, NOTHING),
}
STUCK: dict[str, tuple[list[Written], float, Firing]] = {
    "blocked for 26 hours": ([Written(0, safe=True, until=9), Written(9, safe=False)], 35, PROD_BLOCKED),
    "blocked for 23 hours": ([Written(0, safe=True, until=9), Written(9, safe=False)], 32, NOTHING),
    "blocked again and again": (
        [Written(hour, safe=False, until=hour + 6) for hour in range(0, 30, 6)],
        30,
        PROD_BLOCKED,
    ),
    "blocked, and safe in between": (
        [Written(0, safe=False, until=20), Written(20, safe=True, until=21), Written(21, safe=False)],
        40,
        NOTHING,
    ),
    "the first run ever was blocked an hour ago": ([Written(30, safe=False)], 31, NOTHING),
    "a blocked preview": ([Written(0, safe=True), Written(0, safe=False, mode="preview")], 40, NOTHING),
    "blocked, an older file is green": (
        [Written(0, safe=True), Written(9, safe=False, instance="b")],
        35,
        PROD_BLOCKED,
    ),
    "blocked, a clock elsewhere is ahead": (
        [Written(0, safe=True, instance="b", ahead=240), Written(9, safe=False)],
        35,
        PROD_BLOCKED,
    ),
    "safe, a clock elsewhere is ahead": (
        [Written(0, safe=False, instance="b", ahead=240), Written(9, safe=True)],
        35,
        NOTHING,
    ),
    "blocked, and the only clock is ahead": ([Written(0, safe=False, ahead=240)], 26, PROD_BLOCKED),
    "blocked, and the file is gone": ([Written(0, safe=False, until=36)], 60, PROD_BLOCKED),
    "blocked, and gone until no run is told": (
        [Written(0, safe=False, until=36)],
        8 * 24,
        PROD_BLOCKED | PROD_NOT_RUN,
    ),
    "blocked and gone, then safe elsewhere": (
        [Written(0, safe=False, until=36), Written(50, safe=True, instance="b")],
        60,
        NOTHING,
    ),
    "killed at its start": ([Written(0, safe=True, until=9), Written(9, safe=False, env="")], 35, {(BLOCKED, ""): 1}),
    "safe, an older file is red": ([Written(0, safe=False), Written(9, safe=True, instance="b")], 35, NOTHING),
}
CASES = {name: (1, *case) for name, case in OLD.items()} | {name: (7, *case) for name, case in STUCK.items()}


def series(name: str, run: Written, number: int, value: float, end: float) -> dict[str, str]:
    """Return a series as promtool takes it: nothing until the run has ended, then its value until the next."""
    labels = {"job": "node", "instance": run.instance, "env": run.env, "version": f"v{number}", "mode": run.mode}
    selected = ",".join(f'{label}="{text}"' for label, text in labels.items() if text)
    before, during = int(run.since * 60 / STEP), int((min(run.until, end) - run.since) * 60 / STEP)
    values = f"{f'_x{before} ' if before else ''}{value:g}x{during - 1} stale"
    return {"series": f"{name}{{{selected}}}", "values": values}


def inputs(runs: list[Written], end: float) -> list[dict[str, str]]:
    """Return the series of the runs, each with a version of its own."""
    return [
        one
        for number, run in enumerate(runs)
        for one in (
            series("release_sentinel_safe", run, number, run.safe, end + 1),
            series("release_sentinel_exit_code", run, number, not run.safe, end + 1),
            series("release_sentinel_timestamp_seconds", run, number, (run.since + run.ahead) * 3600, end + 1),
        )
    ]


def unit_test(folder: Path, runs: list[Written], hour: float, days: int, **asked: Any) -> None:
    """Let promtool play the runs, and compare what it answers."""
    (folder / "alerts.yml").write_text(alerts(days), encoding="utf-8")
    test = {"interval": f"{STEP}m", "input_series": inputs(runs, hour), **asked}
    document = {"rule_files": ["alerts.yml"], "evaluation_interval": "1h", "tests": [test]}
    (folder / "test.yml").write_text(yaml.safe_dump(document), encoding="utf-8")
    done = promtool("test", "rules", "test.yml", folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", CASES)
def test_what_fires(tmp_path: Path, name: str) -> None:
    """Each alert fires for its fault, and for nothing that looks like it."""
    days, runs, hour, firing = CASES[name]
    samples = [
        {"labels": f'{{alertname="{alert}"{f", env={json.dumps(env)}" if env else ""}}}', "value": count}
        for (alert, env), count in firing.items()
    ]
    query = 'count by (alertname, env) (ALERTS{alertstate="firing"})'
    asked = [{"expr": query, "eval_time": f"{round(hour * 60)}m", "exp_samples": samples}]
    unit_test(tmp_path, runs, hour, days, promql_expr_test=asked)


def test_what_an_alert_says(tmp_path: Path) -> None:
    """The environment, and for how long."""
    summary = "The release gate for prod has not run for 1d 2h 0m 0s."
    description = RULES[NOT_RUN]["annotations"]["description"].replace("7 d", "1 d")
    expected = {
        "exp_labels": {"severity": "warning", "job": "node", "env": "prod"},
        "exp_annotations": {"summary": summary, "description": description},
    }
    asked = [{"eval_time": "26h", "alertname": NOT_RUN, "exp_alerts": [expected]}]
    unit_test(tmp_path, [Written(0, safe=True)], 26, 1, alert_rule_test=asked)


def test_the_dashboard_shows_the_newest_run(tmp_path: Path) -> None:
    """Neither an older green file elsewhere nor a preview hides that a release is blocked."""
    runs = [
        Written(0, safe=True),
        Written(9, safe=False, instance="b"),
        Written(10, safe=True, mode="preview"),
        Written(2, safe=True, env="dev"),
    ]
    answers: dict[str, dict[str, float]] = {
        "Verdict": {"prod": 1, "dev": 0},
        "Since the last run": {"prod": 1.0, "dev": 31 / 24},
    }
    asked = [
        {
            "expr": filled(QUERIES[title]),
            "eval_time": "33h",
            "exp_samples": [{"labels": f'{{job="node", env="{env}"}}', "value": value} for env, value in told.items()],
        }
        for title, told in answers.items()
    ]
    unit_test(tmp_path, runs, 33, 7, promql_expr_test=asked)
