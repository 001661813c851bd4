"""The Grafana dashboard over the metrics of a gate: its panels, from left to right and from top to bottom."""

from typing import Any

_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_WIDTH = 24  # columns of a dashboard
_HEIGHT = 8
_SCHEMA = 39  # of Grafana 10.2 and later

_GATES = 'job=~"$job", env=~"$env", gate=~"$gate"'
_NAMED = "{{job}} {{env}}"  # how a series is called
_RUNS = 'job=~"$job", env=~"$env", mode="$mode"'
_WHEN = f"release_sentinel_timestamp_seconds{{{_RUNS}}}"
# A time in the future is that of a wrong clock: it counts only where there is no other.
_LATEST = f"(max by (job, env) ({_WHEN} <= time() + 300) or max by (job, env) ({_WHEN}))"


def _newest(metric: str) -> str:
    """Return the query for what the newest run of each environment says, wherever it ran."""
    return f"{metric}{{{_RUNS}}} and ({_WHEN} == on (job, env) group_left () {_LATEST})"


_EXIT_CODE = f"max by (job, env) ({_newest('release_sentinel_exit_code')})"
_AGE = f"(time() - {_LATEST}) / 86400"
_VERDICTS = {0: ("SAFE", "green"), 1: ("BLOCKED or INCOMPLETE", "red"), 2: ("CRITICAL", "orange")}
_STATUSES = {
    -1: ("not evaluated", "text"),
    0: ("OK", "green"),
    1: ("WARN", "yellow"),
    2: ("CRIT", "red"),
    3: ("UNKNOWN", "purple"),
}
_OTHER_CODES: dict[str, Any] = {
    "type": "range",
    "options": {"from": 3, "to": 255, "result": {"text": "INCOMPLETE", "color": "red", "index": len(_VERDICTS)}},
}
_LEGEND = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}
_TOOLTIP = {"mode": "multi", "sort": "none"}


def dashboard() -> dict[str, Any]:
    """Return the dashboard, to be imported as it is: the data source is a variable of it."""
    panels = [
        _panel("stat", "Verdict", _EXIT_CODE, _NAMED, 8, _verdicts(), colorMode="background", **_LAST),
        _panel("stat", "Since the last run", _AGE, _NAMED, 6, _ages(), colorMode="value", **_LAST),
        _table("Last run", _newest("release_sentinel_exit_code"), 10, _verdicts()),
        _timeline("Verdicts", _EXIT_CODE, _NAMED, _verdicts()),
        _timeline(
            "Gates",
            f"max by (job, env, gate) (release_sentinel_gate_status{{{_GATES}}})",
            _NAMED + " {{gate}}",
            {"mappings": [_mapping(_STATUSES)]},
        ),
        _lines("Measures", f"release_sentinel_measure{{{_GATES}}}", _NAMED + " {{gate}}.{{name}} {{unit}}", 16),
        _lines("Duration", _newest("release_sentinel_duration_seconds"), _NAMED, 8, unit="s"),
    ]
    return {
        "uid": "release-sentinel",
        "title": "Release gates",
        "description": "What release-sentinel says of releases, from the metrics of --gate-metrics.",
        "tags": ["release-sentinel"],
        "schemaVersion": _SCHEMA,
        "editable": True,
        "refresh": "5m",
        "time": {"from": "now-30d", "to": "now"},
        "templating": {"list": _variables()},
        "panels": _placed(panels),
    }


_LAST = {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}, "textMode": "auto"}


def _panel(
    kind: str, title: str, query: str, label: str, width: int, defaults: dict[str, Any], **options: Any
) -> dict[str, Any]:
    return {
        "type": kind,
        "title": title,
        "datasource": _SOURCE,
        "gridPos": {"w": width, "h": _HEIGHT, "x": 0, "y": 0},
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": options,
        "targets": [{"refId": "A", "datasource": _SOURCE, "expr": query, "legendFormat": label, "range": True}],
    }


def _timeline(title: str, query: str, label: str, defaults: dict[str, Any]) -> dict[str, Any]:
    options = {"mergeValues": True, "showValue": "auto", "rowHeight": 0.9, "legend": _LEGEND, "tooltip": _TOOLTIP}
    return _panel("state-timeline", title, query, label, _WIDTH, defaults, **options)


def _lines(title: str, query: str, label: str, width: int, **defaults: Any) -> dict[str, Any]:
    return _panel("timeseries", title, query, label, width, defaults, legend=_LEGEND, tooltip=_TOOLTIP)


def _table(title: str, query: str, width: int, defaults: dict[str, Any]) -> dict[str, Any]:
    panel = _panel("table", title, query, "", width, defaults, showHeader=True, cellHeight="sm")
    hidden = dict.fromkeys(("Time", "__name__", "instance", "mode"), True)
    panel["targets"][0] |= {"format": "table", "instant": True, "range": False}
    panel["transformations"] = [
        {"id": "organize", "options": {"excludeByName": hidden, "renameByName": {"Value": "verdict"}}}
    ]
    return panel


def _verdicts() -> dict[str, Any]:
    return {"mappings": [_mapping(_VERDICTS), _OTHER_CODES], "noValue": "no run"}


def _ages() -> dict[str, Any]:
    steps = [{"color": "green", "value": None}, {"color": "red", "value": 7}]
    return {"unit": "d", "decimals": 1, "thresholds": {"mode": "absolute", "steps": steps}}


def _mapping(words: dict[int, tuple[str, str]]) -> dict[str, Any]:
    """Return how numbers are shown: as words, in colours."""
    shown = {
        f"{number}": {"text": text, "color": color, "index": index}
        for index, (number, (text, color)) in enumerate(words.items())
    }
    return {"type": "value", "options": shown}


def _variables() -> list[dict[str, Any]]:
    modes = ("release", "preview", "watch", "partial")
    options = [{"text": mode, "value": mode, "selected": mode == modes[0]} for mode in modes]
    return [
        {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "refresh": 1},
        _values("job", "Job", "release_sentinel_exit_code"),
        _values("env", "Environment", 'release_sentinel_exit_code{job=~"$job"}'),
        {
            "name": "mode",
            "label": "Mode",
            "type": "custom",
            "query": ",".join(modes),
            "current": options[0],
            "options": options,
        },
        _values("gate", "Gate", 'release_sentinel_gate_status{job=~"$job", env=~"$env"}'),
    ]


def _values(label: str, title: str, series: str) -> dict[str, Any]:
    """Return a variable: all values of a label, of which several may be chosen."""
    return {
        "name": label,
        "label": title,
        "type": "query",
        "datasource": _SOURCE,
        "query": {"query": f"label_values({series}, {label})", "refId": f"variable-{label}"},
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all", "selected": True},
    }


def _placed(panels: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Number the panels, and lay them side by side as far as they fit."""
    x = y = 0
    for number, panel in enumerate(panels, start=1):
        place = panel["gridPos"]
        if x + place["w"] > _WIDTH:
            x, y = 0, y + _HEIGHT
        place |= {"x": x, "y": y}
        panel["id"] = number
        x += place["w"]
    return panels
