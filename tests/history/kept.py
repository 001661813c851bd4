"""Folders of verdict files: what a run writes, with changes."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from release_sentinel.checks.result import OK
from release_sentinel.history import analysis, files
from release_sentinel.history.page import page
from release_sentinel.history.records import History
from release_sentinel.reports.document import document
from release_sentinel.reports.files import verdict_json
from release_sentinel.vocabulary import Status
from tests.reports.samples import CLOSE, FULL, PASSED, WHOLE, verdict

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
COMMITS = [f"{number:040x}" for number in range(10)]
ROUNDS = {
    "count": 2,
    "wait": 0.0,
    "hold": 60.0,
    "interval": 30.0,
    "healthy_after": 0.5,
    "held": 60.0,
    "failures": {},
    "why": "",
    "phases": [],
}
# What each verdict's gates say: `environment` is of the policy stage, `disk` of the critical one.
GATES = {
    "SAFE": (PASSED, replace(FULL, status=OK)),
    "BLOCKED": (replace(PASSED, status=Status.CRIT), replace(FULL, status=None)),
    "CRITICAL": (PASSED, FULL),
    "WARNED": (PASSED, replace(CLOSE, id="disk")),
}


def written(named: str = "SAFE", **changes: Any) -> dict[str, Any]:
    """Return the document of a verdict with one gate of each stage; `ended` may be of November 2026: `27T10:00`."""
    made = document(verdict(*GATES[named]))
    ended = changes.pop("ended", "27T10:00")
    watched = {"rounds": ROUNDS} if changes.get("mode") == "watch" else {}
    ended = f"2026-11-{ended}:00+00:00" if len(ended) == len("27T10:00") else ended
    return made | {"ended": ended} | watched | changes


def measured(*measures: tuple[str, float | None, str, float | None, float | None], **changes: Any) -> dict[str, Any]:
    """Return the document of a SAFE verdict whose gate `disk` has measured."""
    made = written(**changes)
    fields = ("name", "value", "unit", "warn", "crit")
    made["gates"][1]["measures"] = [dict(zip(fields, one, strict=True)) for one in measures]
    return made


def keep(folder: Path, documents: Mapping[str, Any]) -> Path:
    """Write files below a folder: a text as it is, anything else as JSON."""
    for name, content in documents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return folder


def history(folder: Path, *documents: Any, clean: Callable[[str], str] = str, **options: Any) -> History:
    """Return the history of documents that are kept in a folder."""
    kept = files.read(keep(folder, {f"{number}.json": one for number, one in enumerate(documents)}), NOW, clean)
    return analysis.history(kept, **options)


def long_history(folder: Path) -> str:
    """Return the page of a history with everything that a page can show."""
    names = [*GATES, "BLOCKED", "CRITICAL", "SAFE"]
    told = [
        written(name, ended=f"{day:02}T0{hour}:00", env=env)
        for day in range(1, 27, 3)
        for hour, name in enumerate(names)
        for env in ("prod", "a-stage-with-a-long-name")
    ]
    days = [
        measured(("used", 60 + day, "%", 75, 85), ("waiting", 5, "jobs", None, None), ended=f"{day:02}T10:00")
        for day in range(1, 27)
    ]
    previews = [written("BLOCKED", mode=mode, verdict=f"{mode.upper()} BLOCKED") for mode in ("preview", "watch")]
    return page(history(folder, *told, *days, *previews, "{", "[]", written(ended="29T10:00")))


WHOLE_TEXT = verdict_json(WHOLE)
