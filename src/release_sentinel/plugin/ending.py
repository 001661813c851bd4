"""How the process of a gate run ends: within a bound, with the code that its verdict proves, and with nothing left."""

import atexit
import os
import sys
import threading
from contextlib import suppress

from release_sentinel.observe.this_process import children, end_children, is_pytest, where
from release_sentinel.plugin.deadline import end_by_force
from release_sentinel.vocabulary import EXIT_BLOCKED, UNSEEN

GRACE = 5.0  # seconds from the verdict to the end of the process
_MORE = 1.0  # seconds after which the process is ended by force


def can_show(more: str = "") -> bool:
    """Tell whether what was written to standard output could be shown: a verdict that is not must not pass for SAFE.

    So could `more`, which is written now. Where it could not, standard error says so, and what is still to be written
    goes nowhere: pytest and Python would end with a traceback or with exit code 120 over it.
    """
    for stream in (sys.stdout, sys.__stdout__):
        with suppress(OSError, ValueError, AttributeError):
            stream.write(more)  # type: ignore[union-attr]  # the first may be anything that a gate has put there
            stream.flush()  # type: ignore[union-attr]  # as above
            sys.stdout = stream
            return True
    if is_pytest():
        _mute(1, sys.stdout)
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - to the end of the process
    with suppress(OSError):
        os.write(2, f"release-sentinel: {UNSEEN}\n".encode())
    return False


def _mute(number: int, stream: object) -> None:
    """Let a descriptor lead nowhere, so that what its stream still holds can be written."""
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, number)
        if nowhere != number:
            os.close(nowhere)
    with suppress(OSError, ValueError, AttributeError):
        stream.flush()  # type: ignore[attr-defined]  # as above


class Ending:
    """The end of a process in which pytest is the program; in any other program nothing happens by itself.

    From `begin` on the process ends within `GRACE` seconds, with the code that is given there; neither `os._exit` nor
    the prompt of `python -i` ends it with 0 instead.
    """

    def __init__(self) -> None:
        self.code = EXIT_BLOCKED  # once it has begun, what the verdict proves
        self.begun = False
        self._process = os.getpid()
        self._before = children()  # such as what a shell had started that has become this process
        self._exit = os._exit
        if is_pytest():
            atexit.register(self._at_exit)
            os._exit = self._proven_exit  # type: ignore[assignment]  # what calls it skips every other hold

    def begin(self, code: int) -> None:
        """Let the process end with `code`; where it hangs, after `GRACE` seconds."""
        self.code = code
        if self.begun or not is_pytest():
            return
        self.begun = True
        threading.Thread(target=self._bound, daemon=True).start()
        end_by_force(GRACE + _MORE)

    def now(self, code: int) -> None:
        """End the process and what it has started, whatever it is stuck in."""
        end_children(self._before)
        self._exit(code)

    def _proven_exit(self, status: int) -> None:
        """Do what `os._exit` does; the code 0 is the verdict's to give, in this process."""
        is_ours = os.getpid() == self._process  # and not a fork's
        self._exit(self.code if is_ours and not status & 0xFF else status)

    def _bound(self) -> None:
        threading.Event().wait(GRACE)
        words = f"the process did not end within {GRACE:g} s of the verdict and is ended: it hung{where()}"
        with suppress(OSError):  # nothing reads it any more
            os.write(2, f"release-sentinel: {words}\n".encode(errors="replace"))
        self.now(self.code)

    def _at_exit(self) -> None:
        if os.getpid() != self._process:  # a fork
            return
        end_children(self._before)
        if sys.flags.inspect or os.environ.get("PYTHONINSPECT"):  # Python goes on with a prompt, and ends with 0
            can_show()
            self._exit(self.code)
