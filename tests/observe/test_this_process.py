"""What this process does with the signals that ask it to end."""

import os
import signal
from typing import Never

import pytest

from release_sentinel.arguments import INTERRUPTS
from release_sentinel.observe import this_process


def _interrupt(_number: int, _frame: object) -> Never:
    raise KeyboardInterrupt


def _be_interrupted(number: signal.Signals, seen: list[str]) -> None:
    with this_process.interrupts_deferred():
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)
        seen.append("whole")


@pytest.mark.parametrize("number", INTERRUPTS)
def test_a_deferred_interrupt_comes_at_the_end_of_the_block(number: signal.Signals) -> None:
    """Once, and not within it; a block without one ends as usual."""
    seen = []
    with this_process.interrupts_to(_interrupt):
        with this_process.interrupts_deferred():
            seen.append("quiet")
        with pytest.raises(KeyboardInterrupt):
            _be_interrupted(number, seen)
    assert seen == ["quiet", "whole"]
