"""A systemd unit is judged by its state, a oneshot by its end, a timer by what it started last."""

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from release_sentinel.checks.result import CRIT, OK, UNKNOWN, WARN, CheckResult
from release_sentinel.checks.unit import check_unit
from release_sentinel.config.targets import UnitRule
from release_sentinel.observe import Unseen
from release_sentinel.observe.units import Unit
from release_sentinel.vocabulary import Status

SERVICE = Unit("shop.service", "loaded", "active", "running", "success", "simple", status="0", has_run=True)
ONESHOT = replace(SERVICE, kind="oneshot", active="inactive", sub="dead")
TIMER = Unit("shop.timer", "loaded", "active", "waiting", "success", triggers="shop.service", has_triggered=True)
TIMER = replace(TIMER, is_scheduled=True)


def judged(unit: Unit, name: str = "shop.service", *others: Unit) -> CheckResult:
    """Judge a recorded unit, beside others."""
    seen = {name: unit, **{other.name: other for other in others}}
    return check_unit(UnitRule(name), observe=lambda **_: seen)


SERVICES: Mapping[str, tuple[dict[str, Any], Status, str]] = {
    "running": ({}, OK, "is active (running)"),
    "exited": ({"sub": "exited"}, OK, "is active (exited)"),
    "target": ({"sub": "active", "result": "", "kind": ""}, OK, "is active (active)"),
    "inactive": ({"active": "inactive", "sub": "dead"}, CRIT, "is inactive (dead), expected active"),
    "missing": ({"load": "not-found", "active": "inactive"}, CRIT, "does not exist"),
    "missing-and-still-active": ({"load": "not-found"}, CRIT, "does not exist"),
    "masked": ({"load": "masked", "active": "inactive"}, CRIT, "is masked: nothing can start it"),
    "bad": ({"load": "bad-setting", "load_error": "X"}, CRIT, "cannot be loaded (bad-setting): X"),
    "error": ({"load": "error", "active": "inactive"}, CRIT, "cannot be loaded (error)"),
    "odd-load": ({"load": "stub"}, UNKNOWN, "is in the load state 'stub', which is not known"),
    "failed": (
        {"active": "failed", "sub": "failed", "result": "exit-code", "status": "203"},
        CRIT,
        "failed (failed, result exit-code, exit status 203)",
    ),
    "killed": (
        {"active": "failed", "sub": "failed", "result": "oom-kill", "status": "9"},
        CRIT,
        "failed (failed, result oom-kill, exit status 9)",
    ),
    "restarts": (
        {"active": "activating", "sub": "auto-restart", "result": "exit-code", "status": "1", "restarts": "17"},
        CRIT,
        "failed, and is started again and again (auto-restart, result exit-code, exit status 1, 17 restarts)",
    ),
    "activating": ({"active": "activating", "sub": "start-pre"}, CRIT, "is starting, and not active yet (start-pre)"),
    "deactivating": ({"active": "deactivating", "sub": "stop-sigterm"}, CRIT, "is stopping (stop-sigterm)"),
    "reloading": ({"active": "reloading", "sub": "reload"}, WARN, "is active, and reloads its configuration (reload)"),
    "refreshing": ({"active": "refreshing"}, WARN, "is active, and refreshes its resources (running)"),
    "maintenance": ({"active": "maintenance", "sub": "cleaning"}, CRIT, "is in maintenance (cleaning)"),
    "odd": ({"active": "dreaming"}, UNKNOWN, "is in the state 'dreaming', which is not known"),
    "active-with-a-bad-result": ({"result": "watchdog"}, CRIT, "did not end well (running, result watchdog)"),
}


@pytest.mark.parametrize(("state", "status", "words"), SERVICES.values(), ids=SERVICES)
def test_services(state: dict[str, Any], status: Status, words: str) -> None:
    """Each state has its status, and words."""
    result = judged(replace(SERVICE, **state))
    assert (result.status, result.message) == (status, f"shop.service {words}")
    assert bool(result.remedy) is (status is not OK)


ONESHOTS: Mapping[str, tuple[dict[str, Any], Status, str]] = {
    "ended-well": ({}, OK, "ended well"),
    "remains": ({"active": "active", "sub": "exited"}, OK, "is active (exited)"),
    "failed": ({"active": "failed", "sub": "failed", "result": "timeout"}, CRIT, "failed (failed, result timeout)"),
    "inactive-and-failed": ({"result": "exit-code"}, CRIT, "did not end well (dead, result exit-code)"),
    "runs": ({"active": "activating", "sub": "start"}, CRIT, "is starting, and not active yet (start)"),
    "never": ({"has_run": False}, UNKNOWN, "has not run, or systemd has forgotten its outcome"),
    "skipped": ({"has_run": False, "skipped": True}, WARN, "was skipped: its conditions did not hold"),
}


@pytest.mark.parametrize(("state", "status", "words"), ONESHOTS.values(), ids=ONESHOTS)
def test_oneshots(state: dict[str, Any], status: Status, words: str) -> None:
    """A oneshot need not be active, but its last run has to be known, and good."""
    result = judged(replace(ONESHOT, **state))
    assert (result.status, result.message) == (status, f"shop.service {words}")


TIMERS: Mapping[str, tuple[dict[str, Any], dict[str, Any], Status, str]] = {
    "fine": ({}, {}, OK, "shop.timer is scheduled, and the last run of shop.service ended well"),
    "starts-what-stays": ({}, {"kind": "simple", "active": "active", "sub": "running"}, OK, "shop.timer is scheduled,"),
    "runs-by-itself": (
        {"sub": "running", "is_scheduled": False},
        {"active": "activating"},
        WARN,
        "shop.timer runs shop",
    ),
    "failed": (
        {},
        {"active": "failed", "sub": "failed", "result": "exit-code", "status": "2"},
        CRIT,
        "the last run of shop.timer failed: shop.service (failed, result exit-code, exit status 2)",
    ),
    "failed-and-inactive": ({}, {"result": "signal"}, CRIT, "the last run of shop.timer failed: shop.service"),
    "restarts": ({}, {"active": "activating", "sub": "auto-restart"}, CRIT, "the last run of shop.timer failed"),
    "elapsed": (
        {"sub": "elapsed", "is_scheduled": False},
        {},
        CRIT,
        "shop.timer is not scheduled to run again (elapsed)",
    ),
    "waits-for-nothing": ({"is_scheduled": False}, {}, CRIT, "shop.timer is not scheduled to run again (waiting)"),
    "inactive": ({"active": "inactive", "sub": "dead"}, {}, CRIT, "shop.timer is inactive (dead), expected active"),
    "missing": ({"load": "not-found", "active": "inactive"}, {}, CRIT, "shop.timer does not exist"),
    "starts-nothing": ({}, {"load": "not-found"}, CRIT, "shop.timer cannot start its unit: shop.service does not"),
    "never": ({"has_triggered": False}, {"has_run": False}, WARN, "shop.timer is scheduled, and has not run yet"),
    "never-by-itself": ({"has_triggered": False}, {}, OK, "shop.timer is scheduled, and the last run"),
    "skipped": ({}, {"skipped": True}, WARN, "the last run of shop.timer was skipped: the conditions of shop.service"),
    "unknown": ({"triggers": ""}, {}, UNKNOWN, "systemctl does not say what shop.timer starts"),
}


@pytest.mark.parametrize(("timer", "started", "status", "words"), TIMERS.values(), ids=TIMERS)
def test_timers(timer: dict[str, Any], started: dict[str, Any], status: Status, words: str) -> None:
    """A timer is scheduled, and what it starts ended well."""
    result = judged(replace(TIMER, **timer), "shop.timer", replace(ONESHOT, **started))
    assert (result.status, result.message[: len(words)]) == (status, words)


def test_what_systemd_does_not_say() -> None:
    """It is unknown."""
    assert check_unit(UnitRule("a"), observe=lambda **_: Unseen("no bus", "go")) == CheckResult(UNKNOWN, "no bus", "go")
    result = check_unit(UnitRule("a"), observe=lambda **_: {})
    assert (result.status, result.message) == (UNKNOWN, "systemctl says nothing about a.service")


def test_a_user_s_unit() -> None:
    """The user's own manager is asked, and the remedy says so."""
    asked = []

    def observe(*, user: bool) -> Mapping[str, Unit]:
        asked.append(user)
        return {"shop.service": replace(SERVICE, active="failed")}

    result = check_unit(UnitRule("shop", user=True), observe=observe)
    assert (asked, result.remedy) == ([True], "see `systemctl --user status shop.service`")
