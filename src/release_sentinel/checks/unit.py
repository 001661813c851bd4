"""Do the systemd units that the release needs run, and did their last runs end well?"""

from collections.abc import Callable, Mapping

from release_sentinel.checks.result import CRIT, OK, UNKNOWN, WARN, CheckResult
from release_sentinel.config.targets import UnitRule
from release_sentinel.observe import Unseen, units
from release_sentinel.observe.units import Unit

Units = Mapping[str, Unit]
_WELL = {"", "success"}  # blank: units without a result, such as targets
# What each state but `active` and `inactive` means, and its status.
_STATES = {
    "reloading": (WARN, "is active, and reloads its configuration"),
    "refreshing": (WARN, "is active, and refreshes its resources"),
    "failed": (CRIT, "failed"),
    "activating": (CRIT, "is starting, and not active yet"),
    "deactivating": (CRIT, "is stopping"),
    "maintenance": (CRIT, "is in maintenance"),
}


def check_unit(rule: UnitRule, *, observe: Callable[..., Units | Unseen] | None = None) -> CheckResult:
    """The systemd unit is active; a oneshot ended well; a timer is scheduled, and its last run ended well.

    Why: a process of the right name may be a leftover; systemd knows whether a service failed, restarts or was stopped.
    Unknown: systemctl is not there or reaches no systemd, or a oneshot has not run since systemd has known it.
    Remedy: see `systemctl status UNIT` and `journalctl -u UNIT`; the units are in the policy, under `units`.
    """
    seen = observe(user=rule.user) if observe else units.units([rule.unit], user=rule.user)
    if isinstance(seen, Unseen):
        return CheckResult(UNKNOWN, seen.why, seen.remedy)
    unit = seen.get(rule.unit)
    if unit is None:
        return CheckResult(UNKNOWN, f"systemctl says nothing about {rule.unit}", f"see {_status(rule)}")
    problem = _not_loaded(rule.unit, unit)
    if problem is None:
        problem = _not_active(rule, unit)
    return _active(rule, unit, seen) if problem is None else problem


def _not_loaded(name: str, unit: Unit) -> CheckResult | None:
    """Judge a unit that systemd cannot start."""
    if unit.load == "loaded":
        return None
    if unit.load == "not-found":
        return CheckResult(
            CRIT, f"{name} does not exist", "install it, or correct its name under `units` in the policy"
        )
    if unit.load == "masked":
        return CheckResult(CRIT, f"{name} is masked: nothing can start it", f"systemctl unmask {name}")
    if unit.load in {"bad-setting", "error"}:
        why = f": {unit.load_error}" if unit.load_error else ""
        return CheckResult(CRIT, f"{name} cannot be loaded ({unit.load}){why}", f"systemd-analyze verify {name}")
    return CheckResult(UNKNOWN, f"{name} is in the load state {unit.load!r}, which is not known", "see its systemd")


def _not_active(rule: UnitRule, unit: Unit) -> CheckResult | None:
    """Judge a unit that is not active."""
    if unit.active == "active":
        return None
    where = f"see {_status(rule)}"
    if unit.active in _STATES:
        status, words = _STATES[unit.active]
        if unit.sub == "auto-restart":
            words = "failed, and is started again and again"
        return CheckResult(status, f"{rule.unit} {words} ({_details(unit)})", where)
    if unit.active != "inactive":
        return CheckResult(UNKNOWN, f"{rule.unit} is in the state {unit.active!r}, which is not known", where)
    if unit.result not in _WELL:
        return CheckResult(CRIT, f"{rule.unit} did not end well ({_details(unit)})", where)
    if unit.kind != "oneshot":
        return CheckResult(CRIT, f"{rule.unit} is inactive ({unit.sub or 'dead'}), expected active", where)
    if unit.skipped:
        return CheckResult(WARN, f"{rule.unit} was skipped: its conditions did not hold", where)
    if not unit.has_run:
        remedy = f"start it; with RemainAfterExit=yes its outcome is kept, see {_status(rule)}"
        return CheckResult(UNKNOWN, f"{rule.unit} has not run, or systemd has forgotten its outcome", remedy)
    return CheckResult(OK, f"{rule.unit} ended well")


def _active(rule: UnitRule, unit: Unit, seen: Units) -> CheckResult:
    """Judge a unit that is active; of a timer, also what it starts."""
    if rule.unit.endswith(".timer"):
        return _timer(rule, unit, seen)
    if unit.result not in _WELL:
        return CheckResult(CRIT, f"{rule.unit} did not end well ({_details(unit)})", f"see {_status(rule)}")
    return CheckResult(OK, f"{rule.unit} is active ({unit.sub})" if unit.sub else f"{rule.unit} is active")


def _timer(rule: UnitRule, timer: Unit, seen: Units) -> CheckResult:
    started = seen.get(timer.triggers)
    if started is None:
        return CheckResult(UNKNOWN, f"systemctl does not say what {rule.unit} starts", f"see {_status(rule)}")
    name, where = timer.triggers, f"see {_status(rule, timer.triggers)}"
    problem = _not_loaded(name, started)
    if problem is not None:
        return CheckResult(problem.status, f"{rule.unit} cannot start its unit: {problem.message}", problem.remedy)
    if started.active == "failed" or started.result not in _WELL or started.sub == "auto-restart":
        return CheckResult(CRIT, f"the last run of {rule.unit} failed: {name} ({_details(started)})", where)
    if timer.sub != "running" and not timer.is_scheduled:
        return CheckResult(CRIT, f"{rule.unit} is not scheduled to run again ({timer.sub})", f"see {_status(rule)}")
    if started.active in {"activating", "deactivating"}:
        return CheckResult(WARN, f"{rule.unit} runs {name} now: its outcome is not known yet", where)
    if started.skipped:
        return CheckResult(
            WARN, f"the last run of {rule.unit} was skipped: the conditions of {name} did not hold", where
        )
    if not (timer.has_triggered or started.has_run):
        return CheckResult(WARN, f"{rule.unit} is scheduled, and has not run yet", where)
    return CheckResult(OK, f"{rule.unit} is scheduled, and the last run of {name} ended well")


def _details(unit: Unit) -> str:
    """Return the state of a unit, in systemd's words."""
    words = [unit.sub or unit.active]
    words += [f"result {unit.result}"] if unit.result not in _WELL else []
    words += [f"exit status {unit.status}"] if unit.status not in {"", "0"} else []
    words += [f"{unit.restarts} restarts"] if unit.restarts not in {"", "0"} else []
    return ", ".join(words)


def _status(rule: UnitRule, name: str = "") -> str:
    return f"`systemctl{' --user' if rule.user else ''} status {name or rule.unit}`"
