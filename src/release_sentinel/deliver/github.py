"""Tells GitHub Actions the verdict: annotations on the build, and the job's summary. No failure to do so counts."""

import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from release_sentinel.reports import github
from release_sentinel.reports.files import kept
from release_sentinel.sentences import sentence


class WorkflowOutput:
    """Speaks to the runner of one step; outside GitHub Actions it is silent.

    From `begin` to `end` no line of the step's output is a command: what a gate, or a server that it asks, puts into
    the output must not set an output of the step or hide a failure. Only the annotations are commands.
    """

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        environ = os.environ if environ is None else environ
        self._here = environ.get("GITHUB_ACTIONS") == "true"
        self._summary = environ.get("GITHUB_STEP_SUMMARY", "")
        self._token = ""

    def begin(self) -> None:
        """Stop commands."""
        if self._here and not self._token:
            self._token = secrets.token_hex(16)
            _say([github.stop(self._token)])

    def end(self, annotations: Sequence[str], summary: str) -> None:
        """Write the annotations as commands, and append the summary; once."""
        if not self._here:
            return
        self._here = False
        # Who wrote before us may have left its line open.
        _say(["", *([github.resume(self._token)] if self._token else []), *annotations])
        if self._summary and (note := _append(Path(self._summary), summary)):
            _say([f"note: {note}"])


def _append(path: Path, text: str) -> str:
    """Append to the summary as much as it may hold; return what is wrong, a blank if nothing is."""
    try:
        if path.is_fifo():  # opening it would wait for a reader
            return "the job's summary (GITHUB_STEP_SUMMARY) cannot be written: it is a pipe"
        if why := kept(path):
            return f"the job's summary (GITHUB_STEP_SUMMARY) cannot be written: {why}"
        with path.open("a", encoding="utf-8", errors="replace") as file:
            text = github.fitting(text, github.SUMMARY_LIMIT - os.fstat(file.fileno()).st_size)
            file.write(text)
    except OSError as error:
        return f"the job's summary (GITHUB_STEP_SUMMARY) cannot be written: {sentence(error)}"
    return "" if text else "the job's summary (GITHUB_STEP_SUMMARY) is full"


def _say(lines: Sequence[str]) -> None:
    """Write lines to standard output past its buffer: what cannot be written must not fail again as we exit."""
    data = "".join(f"{line}\n" for line in lines).encode(errors="backslashreplace")
    with suppress(OSError, ValueError, AttributeError):
        sys.stdout.flush()
        while data:
            data = data[os.write(sys.stdout.fileno(), data) :]
