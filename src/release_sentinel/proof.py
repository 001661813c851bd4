"""What a gate run proves: the parent's half, loaded while the child starts.

The parent believes only a finished verdict that the child hands over: a child that dies, exits early or says something
else than its exit code is INCOMPLETE, never SAFE.
"""

import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from msgspec.structs import replace

from release_sentinel import regular, strict_json
from release_sentinel.arguments import INTERRUPTS
from release_sentinel.config.bases import left_out
from release_sentinel.deliver import notify
from release_sentinel.deliver.github import WorkflowOutput
from release_sentinel.invocation import Invocation
from release_sentinel.lines import one_line
from release_sentinel.observe import ci
from release_sentinel.options import Report
from release_sentinel.plan import run_seconds
from release_sentinel.redacted import RedactedVerdict, redact
from release_sentinel.redaction import Redactor
from release_sentinel.reports import files, journal
from release_sentinel.reports.document import document
from release_sentinel.reports.github import annotations
from release_sentinel.reports.markdown import markdown
from release_sentinel.reports.message import title
from release_sentinel.reports.written import MOST
from release_sentinel.settings import Settings, settings_of
from release_sentinel.supervision import End
from release_sentinel.verdict import Release, unfinished
from release_sentinel.vocabulary import UNFINISHED, UNSEEN

_BELIEVED = {0, 1, 2, *(128 + number for number in INTERRUPTS)}
# More seconds where the release is tagged after the verdict: Git and the remote have their own bounds, the forge the
# policy's.
_DELIVERY = 180.0
_GRACE = 15.0  # seconds beyond the deadline for the child to end by itself


class Judgement:
    """One gate run as its parent sees it. `redactor` learns every secret."""

    def __init__(
        self, invocation: Invocation, environ: Mapping[str, str], handover: Path, previous: str, redactor: Redactor
    ) -> None:
        self._invocation, self._environ, self._handover, self._previous = invocation, environ, handover, previous
        self._settings = settings_of(invocation, environ, redactor)
        self._workflow_output = WorkflowOutput(environ)
        self._workflow_output.begin()

    @property
    def bound(self) -> float:
        """The seconds after which the child is killed."""
        return bound(self._invocation, self._settings)

    def conclude(self, end: End) -> int:
        """Return the exit code that the child's verdict proves, and send the verdict to its receivers."""
        settings, asked = self._settings, self._invocation
        release = Release(asked.env, asked.version)
        code, verdict = believe(
            end,
            self._handover,
            asked.reports,
            lambda why: redact(
                unfinished(release, why, preview=asked.has("--gate-preview"), watch=asked.has("--gate-watch")),
                settings.redactor,
            ),
            self._workflow_output,
            self._doubt,
        )
        build, occasions = ci.build(self._environ), settings.policy.notify.on
        git = settings.policy.git
        problems = notify.announce(
            verdict,
            settings.receivers,
            occasions,
            previous=self._previous,
            service=notify.service_of(asked.repository, git.remote) if settings.receivers else "",
            build=build,
            clean=settings.redactor.scrub,
        )
        for problem in problems:
            print(f"[WARN] {one_line(problem)}", file=sys.stderr)
        if problems:  # the verdict is the last word
            print(f"release-sentinel: {title(verdict)} (exit {code})", file=sys.stderr)
        return code

    def _doubt(self, seen: Mapping[str, Any]) -> str:
        """Return why a SAFE verdict is not believed: a base that this process was started with was left out."""
        listed = seen.get("policies")
        judged_by = [str(file.get("sha256")) for file in listed] if isinstance(listed, list) else []
        return left_out(self._environ, self._invocation.repository, judged_by)


def bound(invocation: Invocation, settings: Settings) -> float:
    """Return the seconds after which the child is killed."""
    delivery = _DELIVERY + settings.policy.forge.deadline if invocation.delivers else 0
    return run_seconds(invocation, settings.policy) + _GRACE + delivery


def believe(
    end: End,
    handover: Path,
    reports: Sequence[Report],
    incomplete: Callable[[str], RedactedVerdict],
    workflow_output: WorkflowOutput | None = None,
    doubt: Callable[[Mapping[str, Any]], str] = lambda _: "",
) -> tuple[int, Mapping[str, Any]]:
    """Return the exit code that the child's verdict proves, and that verdict as a document.

    Where it proves none, no report may say otherwise: they get the verdict that `incomplete` makes of the reason.
    `doubt` returns why a SAFE verdict is not believed, or a blank.
    """
    code, handed = end.code, _read(handover)
    workflow_output = workflow_output or WorkflowOutput({})
    proven, why = handed.proven, ""
    if proven == code == 0:
        why = f"it was interrupted by {_signal_name(end.interrupted)}" if end.interrupted else doubt(handed.seen)
    if why:
        proven = None
    could_not_end = bool(proven) and code < 0  # it was done
    is_shown = code == proven and bool(code or end.shown)
    if proven is not None and proven in _BELIEVED and (is_shown or could_not_end):
        workflow_output.end(*handed.told)
        if could_not_end and (undelivered := handed.seen.get("undelivered")):  # and did not come to say so
            print(f"release-sentinel: INCOMPLETE (exit {proven}): {one_line(str(undelivered))}", file=sys.stderr)
        return proven, handed.seen
    why, reports = why or _distrust(end, proven), [*reports, *handed.reports]
    if pack := journal.loaded(handover):
        why = f"{why}, while it loaded the gate pack {pack}"
    verdict = journal.resume(incomplete(why), handover)
    verdict = replace(verdict, problems=(*verdict.problems, *handed.problems))
    files.write_all({report.path: report for report in reports}.values(), verdict)
    workflow_output.end(annotations(verdict), markdown(verdict))
    code = 128 + end.interrupted if end.interrupted and proven is None else 1
    within = "".join(f", in gate {gate.id}" for gate in verdict.gates if gate.reason == journal.ENDED)
    print(f"release-sentinel: INCOMPLETE (exit {code}): {why}{within}", file=sys.stderr)
    return code, document(verdict)


class _Handover(NamedTuple):
    """What a child has handed over. `proven` is the exit code of its finished verdict; None: there is none."""

    proven: int | None = None
    seen: Mapping[str, Any] = MappingProxyType({})
    reports: tuple[Report, ...] = ()  # more than the command line asks for: pytest's settings can add options
    told: tuple[Sequence[str], str] = ((), "")  # to GitHub: annotations, Markdown
    problems: tuple[str, ...] = ()  # of a finished verdict


def _read(handover: Path) -> _Handover:
    """Return what a child has handed over, as far as it can be read."""
    try:
        seen = strict_json.loads(regular.read(handover, 4 * MOST))  # Markdown and annotations besides the verdict
        finished = seen["problems"] != [UNFINISHED] and type(seen["exit_code"]) is int  # false is not the exit code 0
        reports = tuple(Report(flag, Path(path)) for flag, path in seen["reports"])
        code, problems = (seen["exit_code"], tuple(map(str, seen["problems"]))) if finished else (None, ())
        return _Handover(code, seen, reports, seen.get("github", ((), "")), problems)
    except (OSError, ValueError, TypeError, LookupError):
        return _Handover()


def _distrust(end: End, proven: int | None) -> str:
    """Return why a child is not believed that ended so."""
    code, is_finished = end.code, proven is not None
    if not end.shown and (proven == code == 0 or (is_finished and code == 1)):
        return UNSEEN
    if code == proven:
        return f"pytest itself failed (exit code {code}): see its message"
    ending = f"was ended by {_signal_name(-code)}" if code < 0 else f"ended with exit code {code}"
    return f"the gate run {ending} {'after' if is_finished else 'without'} a finished verdict"


def _signal_name(number: int) -> str:
    """Return `SIGKILL` and the like; of the real-time signals, only the first and the last have a name."""
    return signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
