"""Output is coloured where a person asked for it, else on a terminal that can show it."""

import sys
from io import StringIO
from itertools import combinations, product

import pytest

from release_sentinel.colours import RULES, Tone, painted, wanted

# Each value that a variable may have, and what it says; None: nothing.
VALUES = {
    "PY_COLORS": {"1": True, "0": False, "": None, "yes": None},
    "NO_COLOR": {"1": False, "0": False, "": None},
    "FORCE_COLOR": {"1": True, "0": True, "": None},
    "CLICOLOR_FORCE": {"1": True, "0": None, "": None},
    "CLICOLOR": {"0": False, "1": None, "": None},
    "TERM": {"dumb": False, "xterm": None, "": None},
}
SAID = [(name, value, said) for name, values in VALUES.items() for value, said in values.items()]


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize(("name", "value", "said"), SAID)
def test_a_variable_decides_or_leaves_it_open(name: str, value: str, *, said: bool | None, terminal: bool) -> None:
    """What leaves it open leaves it to the terminal."""
    assert wanted({name: value}, terminal=terminal) is (terminal if said is None else said)


def test_the_first_variable_that_decides_counts() -> None:
    """In the order in which they are listed, for each two that disagree."""
    assert [rule.variable for rule in RULES] == list(VALUES)
    for (first, one), (second, other) in combinations(VALUES.items(), 2):
        for (value, said), (another, _) in product(one.items(), other.items()):
            if said is not None:
                assert wanted({second: another, first: value}, terminal=not said) is said, (first, second)


@pytest.mark.parametrize(("name", "value", "said"), SAID)
def test_the_option_is_above_every_variable(name: str, value: str, *, said: bool | None) -> None:
    """Who writes `--color=yes` or `no` means this one run; `auto` says nothing."""
    assert wanted({name: value}, terminal=False, option="yes")
    assert not wanted({name: value}, terminal=True, option="no")
    assert wanted({name: value}, terminal=True, option="auto") is (said is not False)


def test_what_decides_has_a_colour_of_its_own() -> None:
    """The four verdicts are told apart, and stand out from all other lines."""
    verdicts = {Tone.SAFE, Tone.BLOCKED, Tone.CRITICAL, Tone.INCOMPLETE}
    assert len(verdicts) == 4
    assert all("bold" in tone.split() for tone in verdicts)
    assert not any("bold" in tone.split() for tone in set(Tone) - verdicts)


@pytest.mark.parametrize("tone", Tone)
def test_every_tone_can_be_painted(tone: Tone) -> None:
    """Where colours are wanted; elsewhere the text is as it was."""
    assert painted("text", tone, StringIO(), {}) == "text"
    shown = painted("text", tone, StringIO(), {"FORCE_COLOR": "1"})
    assert shown == "text" if tone is Tone.PLAIN else shown.startswith("\x1b[")
    assert "text" in shown


@pytest.mark.parametrize(
    ("platform", "environ", "coloured"),
    [
        ("linux", {}, True),
        ("win32", {}, False),
        ("win32", {"WT_SESSION": "1"}, True),
        ("win32", {"NO_COLOR": "1"}, False),
    ],
)
def test_an_old_console_of_windows_is_spared(
    monkeypatch: pytest.MonkeyPatch, platform: str, environ: dict[str, str], *, coloured: bool
) -> None:
    """It would show the escape sequences as they are."""
    file = StringIO()
    file.isatty = lambda: True  # type: ignore[method-assign]  # no terminal is at hand
    monkeypatch.setattr(sys, "platform", platform)
    assert ("\x1b" in painted("text", Tone.SAFE, file, environ)) is coloured
