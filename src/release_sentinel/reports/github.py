"""The verdict as GitHub Actions shows it: annotations, and the job's summary. Text in, text out.

A line of a step's output that starts with `::` is a command to the runner. Annotations are such commands, with whatever
would end or extend them escaped; what gates print is kept from being one by `stop` and `resume`.
"""

from collections.abc import Sequence

from release_sentinel.redacted import RedactedVerdict
from release_sentinel.verdict import GateResult
from release_sentinel.vocabulary import NOTED, Outcome

SUMMARY_LIMIT = 1 << 20  # bytes that one step may add to the summary: the runner shows none of a longer one
_SHOWN = 10  # errors, and as many warnings, that the runner shows of one step
_LENGTH = 3000  # characters of one message; the runner cuts at 4096
_CUT = "\n\n*The rest is left out: a step may add 1 MiB to the summary.*\n"


def annotations(verdict: RedactedVerdict) -> list[str]:
    """Return a command for each failed, waived, advised or warned gate, problem and warning; errors first."""
    errors = [(_title(gate), _message(gate)) for gate in verdict.having(Outcome.FAILED)]
    errors += [("INCOMPLETE", problem) for problem in verdict.problems]
    warnings = [(_title(gate), _message(gate)) for gate in verdict.having(*NOTED)]
    warnings += [("release-sentinel", warning) for warning in verdict.warnings]
    return [*_commands("error", errors), *_commands("warning", warnings)]


def stop(token: str) -> str:
    """Return the command after which the runner takes no line for a command, until the one that `resume` returns."""
    return f"::stop-commands::{token}"


def resume(token: str) -> str:
    """Return the command that ends what `stop` began."""
    return f"::{token}::"


def fitting(text: str, room: int) -> str:
    """Return as many whole lines of a summary as fit into `room` bytes, and a sentence that says so if not all do.

    A blank: not even that sentence fits.
    """
    if len(text.encode(errors="replace")) <= room:
        return text
    room -= len(_CUT.encode())
    kept: list[str] = []
    for line in text.splitlines(keepends=True):
        room -= len(line.encode(errors="replace"))
        if room < 0:
            break
        kept.append(line)
    return "".join(kept) + _CUT if kept else ""


def _commands(level: str, notes: Sequence[tuple[str, str]]) -> list[str]:
    shown, rest = (notes, ()) if len(notes) <= _SHOWN else (notes[: _SHOWN - 1], notes[_SHOWN - 1 :])
    if rest:
        shown = [*shown, (f"{len(rest)} more", "; ".join(title for title, _ in rest))]
    return [f"::{level} title={_property(title)}::{_data(message[:_LENGTH])}" for title, message in shown]


def _title(gate: GateResult) -> str:
    return gate.headline.partition(": ")[0]


def _message(gate: GateResult) -> str:
    reason = gate.headline.partition(": ")[2]
    return f"{reason}\n-> {gate.remedy}" if gate.remedy else reason


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
