"""systemd is asked by one `systemctl show`, whatever its version writes; what it does not say is not known."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from release_sentinel.observe import Unseen, units
from tests.observe.parts import program

Answers = Callable[[str], Path]

SERVICE = """Type=notify
NRestarts=0
ExecMainStatus=0
Result=success
Id=nginx.service
Names=nginx.service web.service
LoadState=loaded
ActiveState=active
SubState=running
ConditionResult=yes
ConditionTimestampMonotonic=7421032
InactiveExitTimestampMonotonic=7422001
"""
NOT_FOUND = """Id=nope.service
Names=nope.service
LoadState=not-found
LoadError=org.freedesktop.systemd1.NoSuchUnit "Unit nope.service not found."
ActiveState=inactive
SubState=dead
ConditionResult=no
ConditionTimestampMonotonic=0
InactiveExitTimestampMonotonic=0
"""
TIMER = """Unit=backup.service
NextElapseUSecRealtime=Sat 2026-11-28 00:00:00 UTC
NextElapseUSecMonotonic=infinity
LastTriggerUSec=Fri 2026-11-27 00:00:02 UTC
Result=success
Id=backup.timer
Names=backup.timer
Triggers=backup.service
LoadState=loaded
ActiveState=active
SubState=waiting
"""
# What version 219 writes: properties that have no value are left out, and so are those that it does not know.
OLD_TIMER = """Id=backup.timer
Names=backup.timer
Triggers=backup.service
LoadState=loaded
ActiveState=active
SubState=elapsed
Unit=backup.service
NextElapseUSecMonotonic=0
LastTriggerUSec=n/a
Result=success
"""
BACKUP = SERVICE.replace("nginx.service web.service", "backup.service").replace("nginx.service", "backup.service")


@pytest.fixture
def answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Answers:
    """Put a program in the place of systemctl; return the file of the calls that it gets."""

    def answer(script: str) -> Path:
        calls = tmp_path / "calls"
        program(tmp_path / "bin/systemctl", f'#!/bin/sh\necho "$@" >> "{calls}"\n{script}\n')
        monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
        return calls

    (tmp_path / "bin").mkdir()
    return answer


def show(*blocks: str) -> str:
    """Return a script that writes these blocks as systemctl does, with a blank line between them."""
    text = "\n".join(blocks)
    return f"cat <<'END'\n{text}END"


def seen(*names: str, user: bool = False, seconds: float = 5) -> dict[str, units.Unit]:
    """Return the units that are observed."""
    found = units.units(names, user=user, seconds=seconds)
    assert not isinstance(found, Unseen), found
    return dict(found)


def test_all_units_are_asked_by_one_call(answers: Answers) -> None:
    """With what a timer starts; each is found by the name that it was asked for, an alias too."""
    calls = answers(show(SERVICE, NOT_FOUND, TIMER, BACKUP))
    found = seen("web.service", "nope.service", "backup.timer")
    assert list(found) == ["web.service", "nope.service", "backup.timer", "backup.service"]
    assert (found["web.service"].name, found["web.service"].has_run) == ("nginx.service", True)
    assert (found["nope.service"].load, found["nope.service"].has_run) == ("not-found", False)
    assert found["backup.timer"].triggers == "backup.service"
    assert found["backup.timer"].is_scheduled
    assert found["backup.timer"].has_triggered
    (call,) = calls.read_text(encoding="utf-8").splitlines()
    assert call.startswith("show --no-pager --property=Id,Names,LoadState,")
    assert call.endswith(" -- web.service nope.service backup.timer backup.service")


def test_a_timer_that_starts_another_unit(answers: Answers) -> None:
    """It is asked for by a second call, because only the timer knows its name."""
    other = TIMER.replace("=backup.service", "=other.service")
    nothing = NOT_FOUND.replace("nope", "backup")
    calls = answers(
        f'case "$*" in *" -- other.service") {show(BACKUP.replace("backup", "other"))}\n;; '
        f"*) {show(other, nothing)}\n;; esac"
    )
    assert seen("backup.timer")["other.service"].active == "active"
    assert len(calls.read_text(encoding="utf-8").splitlines()) == 2


def test_an_older_version(answers: Answers) -> None:
    """Properties may be left out, and a time that is not there has several spellings."""
    answers(show(OLD_TIMER, BACKUP))
    timer = seen("backup.timer")["backup.timer"]
    assert (timer.triggers, timer.is_scheduled, timer.has_triggered) == ("backup.service", False, False)


def test_the_user_s_own_manager(answers: Answers) -> None:
    """It is another systemd."""
    calls = answers(show(SERVICE))
    assert "nginx.service" in seen("nginx.service", user=True)
    assert calls.read_text(encoding="utf-8").startswith("--user show ")


def test_secrets_stay_here(answers: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    """Systemctl gets no variable but those that it needs."""
    monkeypatch.setenv("RS_DEPLOY_TOKEN", "s3cret")
    calls = answers('env >> "$0.env"')
    units.units(["a.service"])
    assert "s3cret" not in (calls.parent / "bin/systemctl.env").read_text(encoding="utf-8")


NO_BUS = """echo "System has not been booted with systemd as init system (PID 1). Can't operate." >&2
echo 'Failed to connect to bus: Host is down' >&2
exit 1"""
SAID = "systemctl cannot ask systemd: "
NO_SYSTEMD = (
    "System has not been booted with systemd as init system (PID 1). Can't operate.; "
    "Failed to connect to bus: Host is down"
)
SILENT = {
    "no-systemd": (
        NO_BUS,
        f"{SAID}{NO_SYSTEMD}",
    ),
    "no-session": (
        "echo 'Failed to connect to user scope bus via local transport: No such file or directory' >&2; exit 1",
        f"{SAID}Failed to connect to user scope bus via local transport: No such file or directory",
    ),
    "chroot": (
        "echo \"Running in chroot, ignoring command 'show'\" >&2; exit 0",
        f"{SAID}Running in chroot, ignoring command 'show'",
    ),
    "nothing": ("exit 0", f"{SAID}it ended with code 0 and said nothing"),
    "garbage": ("printf '\\000\\377=\\n\\n=\\nId\\n'; exit 0", f"{SAID}it ended with code 0 and said nothing"),
    "other-units": (f"{show(BACKUP)}\nexit 0", f"{SAID}it ended with code 0 and said nothing"),
    "breaks-off": (
        "echo Id=nginx.service; echo LoadState=loaded; exit 1",
        f"{SAID}it ended with code 1 and said nothing",
    ),
}


@pytest.mark.parametrize(("script", "why"), SILENT.values(), ids=SILENT)
def test_a_systemd_that_cannot_be_asked(answers: Answers, script: str, why: str) -> None:
    """It is unseen, in systemctl's words."""
    answers(script)
    found = units.units(["nginx.service"])
    assert isinstance(found, Unseen)
    assert found.why == why
    assert found.remedy


def test_one_unit_that_is_not_mentioned(answers: Answers) -> None:
    """The others keep their answers where systemctl ends well; where it does not, nothing is sure."""
    answers(show(SERVICE))
    assert list(seen("nginx.service", "b.service")) == ["nginx.service"]
    answers(f"{show(SERVICE)}\necho 'Failed to get properties: x' >&2; exit 1")
    found = units.units(["nginx.service", "b.service"])
    assert found == Unseen(f"{SAID}Failed to get properties: x", units._REMEDY)


def test_no_systemctl(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A system without it is unseen."""
    monkeypatch.setenv("PATH", str(tmp_path))
    found = units.units(["nginx.service"])
    assert isinstance(found, Unseen)
    assert found.why == "systemctl is not there: this system does not run systemd"


def test_a_systemctl_that_cannot_be_run(answers: Answers, tmp_path: Path) -> None:
    """Its interpreter is missing."""
    answers("")
    program(tmp_path / "bin/systemctl", "#!/no/such/interpreter\n")
    found = units.units(["nginx.service"])
    assert isinstance(found, Unseen)
    assert found.why == "systemctl cannot be run: No such file or directory"


def test_a_bus_that_hangs(answers: Answers) -> None:
    """It is given up at the bound."""
    answers("exec sleep 60")
    found = units.units(["nginx.service"], seconds=0.2)
    assert isinstance(found, Unseen)
    assert found.why == "systemctl did not answer within 0.2 s"


def test_the_real_systemctl() -> None:
    """Where systemd runs, its root slice is active; elsewhere the real words of systemctl are kept."""
    found = units.units(["-.slice", "no-such-unit-of-a-test.service"])
    if isinstance(found, Unseen):
        assert found.why.startswith(("systemctl is not there", SAID))
    else:
        assert found["-.slice"].active == "active"
        assert found["no-such-unit-of-a-test.service"].load == "not-found"
