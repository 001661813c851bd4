"""The verdict block is laid out for what it is shown on, after everything secret is out of it."""

import re
import sys
from collections.abc import Callable
from io import StringIO
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from msgspec.structs import replace

from release_sentinel.checks.result import CRIT
from release_sentinel.plugin import terminal
from release_sentinel.plugin.screen import Screen
from release_sentinel.redacted import RedactedVerdict, redact
from release_sentinel.redaction import MASK, Redactor
from release_sentinel.verdict import GateResult, Verdict
from release_sentinel.vocabulary import Stage
from tests.emulator import Terminal
from tests.reports.samples import DIRTY, FULL, PASSED, SAMPLES, block, verdict

if TYPE_CHECKING:
    from release_sentinel.plugin.session import GateSession

Show = Callable[..., str]
LONG = "what was seen and what was expected, " * 6
MANY = [replace(FULL, id=f"disk[/srv/{number}]", reason=LONG, remedy="free space") for number in range(40)]


@pytest.fixture
def show(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Show:
    """Return what a verdict's block is on a screen of some size, by default none."""
    config = pytester.parseconfig()

    def shown(told: RedactedVerdict, width: int = 0, height: int = 24, notes: tuple[str, ...] = ()) -> str:
        file = StringIO()
        file.isatty = lambda: bool(width)  # type: ignore[method-assign]  # no terminal is at hand
        monkeypatch.setenv("COLUMNS", str(width or 80))
        monkeypatch.setenv("LINES", str(height))
        config.option.color = "yes" if width else "no"
        if earlier := config.pluginmanager.get_plugin("terminalreporter"):
            config.pluginmanager.unregister(earlier)
        config.pluginmanager.register(pytest.TerminalReporter(config, file), "terminalreporter")
        session: Any = SimpleNamespace(screen=Screen(config, {}, relayed=False), reports=())
        terminal.show(cast("GateSession", session), told, list(notes))
        return file.getvalue()

    return shown


def on_terminal(text: str, width: int, height: int = 24) -> Terminal:
    """Return a terminal that has shown a text."""
    seen = Terminal(width, height)
    seen.write(text)
    return seen


@pytest.mark.parametrize("name", SAMPLES)
def test_elsewhere_each_line_stays_one(show: Show, name: str) -> None:
    """In a file, a pipe or a CI log every reason can be searched for, whatever its length."""
    told = SAMPLES[name]
    assert show(told).splitlines()[2:] == block(told)
    assert show(verdict(*MANY)).count("\n") == len(block(verdict(*MANY))) + 2


@pytest.mark.parametrize("name", SAMPLES)
def test_on_a_terminal_no_line_is_wider(show: Show, name: str) -> None:
    """What does not fit goes on below, indented; the words are the same."""
    long = [replace(gate, reason=f"{gate.reason} {LONG}", remedy=f"see {LONG}") for gate in SAMPLES[name].gates]
    told = replace(SAMPLES[name], gates=tuple(long))
    for width in (60, 80, 200):
        lines = re.sub(r"\x1b\[[\d;]*m", "", show(told, width, 200)).splitlines()
        assert max(map(len, lines)) <= width
        assert " ".join(lines[2:]).split() == " ".join(block(told)).split()
        assert len([line for line in lines[2:] if not line.startswith(" ")]) == len(
            [line for line in block(told) if not line.startswith(" ")]
        )


@pytest.mark.parametrize(("width", "height"), [(60, 24), (80, 24), (200, 50)])
def test_the_last_screen_answers(show: Show, width: int, height: int) -> None:
    """With 40 failing gates: what was decided, the exit code, how many reasons, and where they are."""
    seen = " ".join(on_terminal(show(verdict(PASSED, *MANY), width, height), width, height).screen[-6:])
    assert "CRITICAL (exit 2): v1.0.0 must not go to prod" in seen
    assert "41 gates: 1 passed, 40 failed" in seen
    assert "40 reasons: see above" in seen


def test_what_fits_on_the_terminal_is_told_once(show: Show) -> None:
    """The block as a whole is the last screen then."""
    text = show(verdict(DIRTY), 80)
    assert text.count("must not go to prod") == 1
    assert on_terminal(text, 80).screen[-1] == ""  # the cursor's
    assert on_terminal(text, 80).screen[-2] == "1 gate: 1 failed"


COLOURS = {"safe": "32", "blocked": "31", "critical": "35", "incomplete": "33"}


@pytest.mark.parametrize(("name", "code"), COLOURS.items())
def test_each_verdict_has_its_colour(show: Show, name: str, code: str) -> None:
    """The title and the decision, which stand out; and the word stands there, too."""
    seen = on_terminal(show(SAMPLES[name], 80), 80)
    assert seen.rows[2].startswith(name.upper())
    assert seen.marks[1] == seen.marks[2] == {code, "1"}
    assert show(SAMPLES[name]).count("\x1b") == 0


def test_each_line_has_the_colour_of_what_it_means(show: Show) -> None:
    """A failure of each stage, what is noted, a remedy; a detail and the counts have none."""
    told = replace(verdict(DIRTY, FULL, problems=("no gate",)), warnings=("a waiver has expired",))
    seen = on_terminal(show(told, 80, 50), 80)
    marks = {row.split()[0]: mark for row, mark in zip(seen.rows[3:-1], seen.marks[3:-1], strict=True)}
    assert marks == {
        "[POLICY]": {"31"},
        "[CRITICAL]": {"35"},
        "[WARN]": {"33"},
        "[INCOMPLETE]": {"33"},
        "->": {"36"},
        "??": set(),
        "M": set(),
        "2": set(),
    }


def test_text_of_others_moves_nothing(show: Show) -> None:
    """An escape sequence of a server is shown as text: the only ones are ours."""
    hostile = "\x1b[2J\x1b]0;title\x07\r\x9b31m\u202e ok"
    gate = GateResult("own", Stage.CRITICAL, CRIT, hostile, hostile, (hostile,))
    told = redact(plain(verdict(gate)), Redactor())
    rows = on_terminal(show(told, 80, 24, (hostile,)), 80).rows  # which takes no escape sequence but for colours
    assert sum(row.count("\\x1b[2J\\x1b]0;title\\x07\\r\\x9b31m\\u202e ok") for row in rows) == 4


SECRET = "Zq7-" + "".join(f"{number:02x}" for number in range(99))


def holding(word: str) -> Verdict:
    """Return a verdict with a word at many places of a reason, a remedy and a detail."""
    said = [f"{'x ' * before}token {word} {word}, {LONG}" for before in range(4)]
    gates = tuple(GateResult(f"own{n}", Stage.CRITICAL, CRIT, text, text, (text,)) for n, text in enumerate(said))
    return plain(verdict(*gates))


def plain(told: RedactedVerdict) -> Verdict:
    """Return a verdict as it is before anything is hidden."""
    return Verdict(**{name: getattr(told, name) for name in Verdict.__struct_fields__})


@pytest.mark.parametrize("lengths", [range(8, 60), range(60, 202, 9)], ids=["short", "long"])
def test_a_secret_is_masked_whatever_its_length(lengths: range) -> None:
    """So that what is laid out does not depend on it."""
    masked = redact(holding(MASK), Redactor())
    for length in lengths:
        assert redact(holding(SECRET[:length]), Redactor(SECRET[:length])) == masked


def test_a_mask_is_not_split(show: Show) -> None:
    """At any place of a reason, a remedy and a detail, on a terminal of any width."""
    told = redact(holding(MASK), Redactor())
    for width in range(60, 201, 3):
        assert show(told, width).count(MASK) == 2 * 3 * 4


@pytest.mark.parametrize(
    ("environ", "options", "relayed", "can"),
    [
        ({}, (), True, True),
        ({}, (), False, False),
        ({"TERM": "dumb"}, (), True, False),
        ({"NO_COLOR": "1"}, (), True, True),
        ({}, ("-s",), True, False),
        ({}, ("--log-cli-level=INFO",), True, False),
    ],
)
def test_where_a_line_can_be_overwritten(
    pytester: pytest.Pytester, environ: dict[str, str], options: tuple[str, ...], *, relayed: bool, can: bool
) -> None:
    """On a terminal that can, while nothing else is shown on it; also where a parent process shows it there."""
    config = pytester.parseconfig(*options)
    assert Screen(config, environ, relayed=relayed).can_overwrite is can


@pytest.mark.parametrize(("environ", "obeys"), [({}, False), ({"WT_SESSION": "1"}, True)])
def test_a_parent_does_not_translate_for_an_old_console(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], *, obeys: bool
) -> None:
    """What it shows is what we write: without colours and without a line that changes, and still in its width."""
    screen = Screen(pytester.parseconfig(), environ, relayed=True)
    monkeypatch.setattr(sys, "platform", "win32")
    assert (screen.can_overwrite, screen.is_terminal) == (obeys, True)
    screen.choose_colours()
    assert (screen.config.option.color == "yes") is obeys
