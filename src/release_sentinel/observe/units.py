"""What systemd says about its units, by one `systemctl show` for all of them."""

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Collection, Mapping

from msgspec import Struct

from release_sentinel.lines import one_line, split
from release_sentinel.observe import Unseen
from release_sentinel.observe.bounded import remaining
from release_sentinel.sentences import sentence

SECONDS = 10.0  # systemctl itself waits 25 s for a bus that does not answer
PROPERTIES = (
    "Id Names LoadState LoadError ActiveState SubState Result Type ExecMainStatus NRestarts ConditionResult "
    "ConditionTimestampMonotonic InactiveExitTimestampMonotonic Unit Triggers LastTriggerUSec NextElapseUSecRealtime "
    "NextElapseUSecMonotonic"
)
_NEVER = {"", "0", "n/a", "infinity"}  # as versions of systemctl write that there is no such time
_HANDED_ON = ("PATH", "HOME", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS")
_REMEDY = "run the gate on the host that the units belong to, as a user who may ask its systemd"


class Unit(Struct, frozen=True):
    """One unit, in systemd's words."""

    name: str
    load: str  # loaded, not-found, masked, …
    active: str  # active, inactive, failed, …
    sub: str = ""  # running, exited, waiting, …
    result: str = ""  # success, exit-code, timeout, …
    kind: str = ""  # simple, oneshot, …; blank for what is not a service
    load_error: str = ""
    status: str = ""  # the exit status of the main process
    restarts: str = ""
    has_run: bool = False  # it was started since systemd has known it
    skipped: bool = False  # its conditions did not hold when it was started last
    triggers: str = ""  # the unit that it starts, of a timer
    has_triggered: bool = False
    is_scheduled: bool = False


def units(names: Collection[str], *, user: bool = False, seconds: float = SECONDS) -> Mapping[str, Unit] | Unseen:
    """Observe units, and those that timers among them start; each by the name that it was asked for.

    `user`: those of this user's own manager. A unit that does not exist is one with `load` not-found; one that
    systemctl does not mention is left out.
    """
    found = _show(with_usual(names), user=user, seconds=seconds)
    if isinstance(found, Unseen):
        return found
    started = {unit.triggers for unit in found.values()} - {"", *found}
    if not started:
        return found
    more = _show(sorted(started), user=user, seconds=seconds)
    return more if isinstance(more, Unseen) else {**found, **more}


def with_usual(names: Collection[str]) -> list[str]:
    """Return the names of units, and of those that timers among them start unless they say otherwise."""
    started = (f"{name.removesuffix('.timer')}.service" for name in names if name.endswith(".timer"))
    return list(dict.fromkeys([*names, *started]))


def _show(names: list[str], *, user: bool, seconds: float) -> dict[str, Unit] | Unseen:
    program = shutil.which("systemctl")
    if program is None:
        return Unseen("systemctl is not there: this system does not run systemd", _REMEDY)
    words = [
        program,
        *(["--user"] if user else []),
        "show",
        "--no-pager",
        f"--property={PROPERTIES.replace(' ', ',')}",
        "--",
    ]
    environ = {name: os.environ[name] for name in _HANDED_ON if name in os.environ}
    seconds = remaining(seconds)
    try:
        process = subprocess.Popen(
            [*words, *names],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**environ, "LC_ALL": "C", "SYSTEMD_COLORS": "0"},
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        return Unseen(f"systemctl cannot be run: {sentence(error)}", _REMEDY)
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=0.5)
        return Unseen(f"systemctl did not answer within {seconds:g} s", "see whether systemd and its bus hang")
    found = read(out, names)
    if len(found) < len(names) and (process.returncode or not found):
        said = [line for line in split(err.strip()) if line]
        why = one_line("; ".join(said)) or f"it ended with code {process.returncode} and said nothing"
        return Unseen(f"systemctl cannot ask systemd: {why}", _REMEDY)
    return found


def read(text: str, names: Collection[str]) -> dict[str, Unit]:
    """Return the units of an output of `systemctl show`, a block each, by the names that were asked for.

    These may be aliases. A block without its load and its active state is left out.
    """
    found: dict[str, Unit] = {}
    for block in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n")):
        rows = dict(line.partition("=")[::2] for line in split(block.strip()) if "=" in line)
        if rows.get("LoadState") and rows.get("ActiveState"):
            unit = _unit(rows)
            found |= {name: unit for name in names if name in {unit.name, *rows.get("Names", "").split()}}
    return found


def _unit(rows: Mapping[str, str]) -> Unit:
    def happened(*properties: str) -> bool:
        return any(rows.get(name, "").strip() not in _NEVER for name in properties)

    started = (rows.get("Unit") or rows.get("Triggers", "")).split()
    is_timer = rows.get("Id", "").endswith(".timer")
    return Unit(
        rows.get("Id", ""),
        rows["LoadState"].strip(),
        rows["ActiveState"].strip(),
        rows.get("SubState", ""),
        rows.get("Result", ""),
        rows.get("Type", ""),
        one_line(rows.get("LoadError", "")),
        rows.get("ExecMainStatus", ""),
        rows.get("NRestarts", ""),
        has_run=happened("InactiveExitTimestampMonotonic"),
        skipped=rows.get("ConditionResult") == "no" and happened("ConditionTimestampMonotonic"),
        triggers=started[0] if started and is_timer else "",
        has_triggered=happened("LastTriggerUSec"),
        is_scheduled=happened("NextElapseUSecRealtime", "NextElapseUSecMonotonic"),
    )
