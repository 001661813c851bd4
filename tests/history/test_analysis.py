"""From runs to numbers: what counts as a flap, when a release was held, where a series ends."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from release_sentinel.history import analysis
from release_sentinel.history.files import read
from release_sentinel.history.folder import Skipped
from release_sentinel.history.records import (
    Day,
    Environment,
    GateHistory,
    History,
    Last,
    Limits,
    Released,
    Series,
)
from release_sentinel.vocabulary import Status
from tests.guides import GUIDES, text
from tests.history.kept import COMMITS, NOW, history, keep, measured, written
from tests.reports.samples import RELEASE


def gates(folder: Path, *documents: object) -> dict[str, GateHistory]:
    """Return the gates of a history by their ids."""
    return {gate.gate: gate for gate in history(folder, *documents).gates}


def test_the_last_verdict_of_an_environment_is_a_release_s(tmp_path: Path) -> None:
    """A preview, a watch and a part are shown beside it, and count nowhere else."""
    others = [
        written("BLOCKED", mode=mode, verdict=f"{mode.upper()} BLOCKED", ended=f"27T11:0{minute}")
        for minute, mode in enumerate(("preview", "watch", "partial"))
    ]
    found = history(tmp_path, written(ended="27T10:00"), written("CRITICAL", ended="26T10:00"), *others)
    (prod,) = found.environments
    assert [(last.mode, last.verdict) for last in prod.last] == [
        ("release", "SAFE"),
        ("partial", "BLOCKED"),
        ("preview", "BLOCKED"),
        ("watch", "BLOCKED"),
    ]
    assert prod.verdicts == {"SAFE": 1, "CRITICAL": 1}
    assert [(day.day, day.worst) for day in prod.days] == [
        (date(2026, 11, 26), "CRITICAL"),
        (date(2026, 11, 27), "SAFE"),
    ]
    assert {gate.gate: gate.failed for gate in found.gates} == {"disk": 1, "environment": 0}


def test_an_environment_that_was_only_previewed_has_no_verdict(tmp_path: Path) -> None:
    """It is listed with its preview."""
    (prod,) = history(tmp_path, written(mode="preview", verdict="PREVIEW SAFE")).environments
    assert (prod.verdicts, prod.days, prod.releases, len(prod.last)) == ({}, (), (), 1)


def test_a_day_is_as_bad_as_its_worst_verdict(tmp_path: Path) -> None:
    """In UTC, whatever the zone of the file."""
    late = written("BLOCKED", ended="2026-11-27T01:00:00+02:00")
    (prod,) = history(tmp_path, written(ended="26T08:00"), late, written(ended="27T08:00")).environments
    assert [(day.day.day, day.verdicts, day.worst) for day in prod.days] == [
        (26, {"SAFE": 1, "BLOCKED": 1}, "BLOCKED"),
        (27, {"SAFE": 1}, "SAFE"),
    ]


FLAPS = {
    "never": (["SAFE", "SAFE", "SAFE"], 0),
    "once broken": (["SAFE", "CRITICAL"], 1),
    "fixed": (["CRITICAL", "SAFE"], 1),
    "to and fro": (["SAFE", "CRITICAL", "SAFE", "CRITICAL"], 3),
    "always broken": (["CRITICAL", "CRITICAL"], 0),
    "a warning is a pass": (["SAFE", "WARNED", "SAFE"], 0),
    "what was not judged is left out": (["CRITICAL", "BLOCKED", "CRITICAL"], 0),
    "also between": (["CRITICAL", "BLOCKED", "SAFE"], 1),
}


@pytest.mark.parametrize(("names", "flaps"), FLAPS.values(), ids=FLAPS)
def test_a_flap_is_a_change_without_a_change_of_the_commit(tmp_path: Path, names: list[str], flaps: int) -> None:
    """Of two consecutive verdicts that judged the gate."""
    told = [written(name, ended=f"27T0{hour}:00") for hour, name in enumerate(names)]
    assert gates(tmp_path, *told)["disk"].flapped == flaps


@pytest.mark.parametrize("change", [{"commit": COMMITS[1]}, {"version": "v2.0.0"}, {"env": "stage"}, {"commit": ""}])
def test_another_release_is_no_flap(tmp_path: Path, change: dict[str, str]) -> None:
    """Another commit, version or environment may fail where this one passed; an unknown commit may be another."""
    before, after = written(ended="27T08:00"), written("CRITICAL", ended="27T09:00")
    found = history(tmp_path, before, after | change)
    assert sum(gate.flapped for gate in found.gates) == 0
    found = history(tmp_path, before | change, after | change)
    assert sum(gate.flapped for gate in found.gates) == (0 if change == {"commit": ""} else 1)


def test_a_waived_gate_has_failed_for_a_flap(tmp_path: Path) -> None:
    """The waiver excuses it, and does not make it pass."""
    waived = written("CRITICAL", ended="27T08:00", verdict="SAFE", exit_code=0)
    waiver = {"gate": "disk", "env": "prod", "reason": "on order", "owner": "Kim", "expires": "2030-01-01"}
    waived["gates"][1] |= {"outcome": "waived", "waiver": waiver}
    found = gates(tmp_path, waived, written("CRITICAL", ended="27T09:00"))
    assert (found["disk"].flapped, found["disk"].waived, found["disk"].failed, found["disk"].judged) == (0, 1, 1, 2)
    assert gates(tmp_path, waived, written(ended="27T09:00"))["disk"].flapped == 1


def test_an_advised_gate_is_counted(tmp_path: Path) -> None:
    """So that a platform team sees how often a new gate would have held a release."""
    advised = written("CRITICAL", ended="27T08:00", verdict="SAFE", exit_code=0)
    advised["gates"][1] |= {"outcome": "advised", "advised": "2030-01-01"}
    found = gates(tmp_path, advised, written(ended="27T09:00"))["disk"]
    assert (found.flapped, found.advised, found.failed, found.judged) == (1, 1, 0, 2)


def test_the_gates_that_fail_most_come_first(tmp_path: Path) -> None:
    """Then those that flap, then those that warn."""
    told = [written(name, ended=f"27T0{hour}:00") for hour, name in enumerate(["CRITICAL", "WARNED", "BLOCKED"])]
    found = history(tmp_path, *told).gates
    assert [(gate.gate, gate.failed, gate.flapped, gate.warned, gate.judged) for gate in found] == [
        ("disk", 1, 1, 1, 2),
        ("environment", 1, 1, 0, 3),
    ]


CODES = {"SAFE": 0, "BLOCKED": 1, "CRITICAL": 2, "INCOMPLETE": 1}
HELD = {
    "SAFE at once": (["SAFE", "BLOCKED", "SAFE"], (None, "", None, None, None)),
    "BLOCKED once": (["BLOCKED", "SAFE"], (0, "BLOCKED", 0, 3600, 3600)),
    "first SAFE counts": (["BLOCKED", "SAFE", "BLOCKED", "SAFE"], (0, "BLOCKED", 0, 3600, 3600)),
    "CRITICAL before": (["CRITICAL", "BLOCKED", "SAFE"], (0, "CRITICAL", 1, 7200, 3600)),
    "never BLOCKED": (["CRITICAL", "INCOMPLETE", "SAFE"], (0, "CRITICAL", None, 7200, None)),
    "not SAFE yet": (["INCOMPLETE", "BLOCKED"], (0, "INCOMPLETE", 1, None, None)),
}


@pytest.mark.parametrize(("names", "expected"), HELD.values(), ids=HELD)
def test_a_release_is_held_until_its_first_safe(tmp_path: Path, names: list[str], expected: tuple[object, ...]) -> None:
    """By any verdict that is not SAFE; how long it was BLOCKED is told besides."""
    told = [written(ended=f"27T0{hour}:00", verdict=name, exit_code=CODES[name]) for hour, name in enumerate(names)]
    found = history(tmp_path, *told)
    (release,) = found.environments[0].releases

    def hour(time: datetime | None) -> int | None:
        return time.hour if time else None

    assert (
        hour(release.held_since),
        release.held_by,
        hour(release.blocked_since),
        release.seconds_held,
        release.seconds_blocked,
    ) == expected
    assert len(found.held) == (names[0] != "SAFE")


def test_releases_are_those_of_one_environment_and_version(tmp_path: Path) -> None:
    """Whichever commit; a stand-in that names no version is none."""
    found = history(
        tmp_path,
        written("BLOCKED", ended="27T07:00", env="stage"),
        written("BLOCKED", ended="27T08:00", commit=COMMITS[1]),
        written(ended="27T09:00", commit=COMMITS[2]),
        written("BLOCKED", ended="27T10:00", version="v1.1.0"),
        written("BLOCKED", ended="27T11:00", version=""),
    )
    assert [(one.env, one.version, one.seconds_held) for one in found.held] == [
        ("prod", "v1.1.0", None),
        ("prod", RELEASE.version, 3600),
        ("stage", RELEASE.version, None),
    ]


def test_a_measure_is_a_series_in_its_unit(tmp_path: Path) -> None:
    """By environment and full name; limits are told from when they held; a missing number stays a gap."""
    found = history(
        tmp_path,
        measured(("used", 50, "%", 75, 85), ended="27T01:00"),
        measured(("used", None, "%", 75, 85), ended="27T02:00"),
        measured(("used", 60, "%", 75, 90), ended="27T03:00", mode="watch", verdict="WATCH SAFE"),
        measured(("used", 6e9, "B", None, None), ended="27T04:00"),
        measured(("used", 95, "%", 75, 90), ended="27T05:00"),
        measured(("used", 1, "%", 75, 90), ended="27T05:00", env="stage"),
    )
    assert [(one.env, one.name, one.unit, [value for _, value in one.points]) for one in found.measures] == [
        ("prod", "disk.used", "%", [50, None, 60, 95]),
        ("prod", "disk.used", "B", [6e9]),
        ("stage", "disk.used", "%", [1]),
    ]
    first = found.measures[0]
    assert [(one.since.hour, one.warn, one.crit) for one in first.limits] == [(1, 75, 85), (3, 75, 90)]
    assert [one.status for one in found.measures] == [Status.CRIT, Status.OK, Status.OK]


def test_lower_bounds_and_no_number_at_all_have_a_status(tmp_path: Path) -> None:
    """As the gate itself judges."""
    found = history(tmp_path, measured(("days", 20, "days", 30, 7), ("none", None, "", 1, 2)))
    assert [one.status for one in found.measures] == [Status.WARN, Status.CRIT]


def test_the_numbers_add_up(tmp_path: Path) -> None:
    """Every file is one thing."""
    same = written(ended="27T08:00")
    documents = [same, same, "{", [], written(ended="29T08:00"), written(env="dev"), written(ended="01T08:00")]
    found = history(tmp_path, *documents, env="prod", since=NOW - timedelta(days=2))
    parts = (found.verdicts, found.torn, found.foreign, found.repeated, found.future, found.filtered)
    assert parts == (1, 1, 1, 1, 1, 2)
    assert found.files == sum(parts) == len(documents)
    assert len(found.skipped) == found.torn + found.foreign + found.repeated + found.future


def test_a_filter_leaves_the_rest_out_everywhere(tmp_path: Path) -> None:
    """Environments, gates and measures alike."""
    keep(tmp_path, {"a.json": measured(("used", 1, "%", 75, 85)), "b.json": written("BLOCKED", env="stage")})
    kept = read(tmp_path, NOW, str)
    assert {gate.env for gate in analysis.history(kept, env="stage").gates} == {"stage"}
    assert analysis.history(kept, env="stage").measures == ()
    assert analysis.history(kept, env="Stage").verdicts == 0
    assert analysis.history(kept, since=NOW).environments == ()


def test_it_is_json(tmp_path: Path) -> None:
    """Every record becomes names and numbers, with times of ISO 8601."""
    found = json.loads(json.dumps(msgspec.to_builtins(history(tmp_path, measured(("used", None, "%", 75, 85))))))
    assert found["measures"][0]["points"] == [["2026-11-27T10:00:00Z", None]]
    assert [type(found[name]) for name in ("files", "torn", "foreign", "verdicts")] == [int] * 4
    assert [type(found[name]) for name in ("environments", "gates", "measures")] == [list] * 3


def test_the_guide_names_every_key() -> None:
    """What `--json` prints is described."""
    records = (History, Environment, Last, Day, Released, GateHistory, Series, Limits, Skipped)
    guide = text(GUIDES["history"])
    missing = [name for record in records for name in record.__struct_fields__ if f"`{name}`" not in guide]
    assert missing == []
