"""The report files of a run: which ones are asked for, and each written whole or not at all."""

import contextlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from release_sentinel.errors import ReportError
from release_sentinel.reports.attestation import attestation
from release_sentinel.reports.document import document
from release_sentinel.reports.github import annotations
from release_sentinel.reports.junit import junit
from release_sentinel.reports.markdown import markdown
from release_sentinel.verdict import Verdict
from release_sentinel.vocabulary import UNFINISHED

Writer = Callable[[Verdict], str]


def verdict_json(verdict: Verdict) -> str:
    """Return the verdict document as JSON text."""
    return json.dumps(document(verdict), indent=2) + "\n"


@dataclass(frozen=True)
class Report:
    """A file that a run is asked for: the option that asks, and its place."""

    flag: str
    path: Path

    def write(self, verdict: Verdict) -> None:
        """Replace the file by what is to be said of `verdict`; raises `OSError`."""
        write(self.path, self._writer(verdict)(verdict))

    def _writer(self, verdict: Verdict) -> Writer:
        if self.flag == JSON_REPORT:
            return json_report(self.path)
        if self.flag == _VERDICT and verdict.problems == (UNFINISHED,):
            return stand_in(self.path)
        return _WRITERS[self.flag][1]


JSON_REPORT = "--json-report"
_VERDICT = "--gate-verdict"
_MARK = "<!-- a report of release-sentinel -->"  # by which a later run knows it


def summary(verdict: Verdict) -> str:
    """Return the verdict as a Markdown file."""
    return f"{_MARK}\n{markdown(verdict)}"


_WRITERS: dict[str, tuple[str, Writer]] = {
    "--junitxml": (".xml", junit),
    "--junit-xml": (".xml", junit),
    _VERDICT: (".json", verdict_json),
    "--gate-summary": (".md", summary),
    "--gate-attestation": (".json", attestation),
}


# How the reports of a finished run begin, by suffix; a file of the repository that merely speaks of us does not.
_BEGINS = {
    ".xml": r'<\?xml version="1\.0" encoding="utf-8"\?>\s*<testsuites name="release-sentinel ',
    ".json": r'\{\s*"schema_version": \d+,\s*"tool": "release-sentinel |\{"exitcode": \d+, "release": \{'
    r'|\{\s*"_type": "https://in-toto\.io/Statement/v1",\s*"predicate": \{\s*"configuration": \[\s*\{\s*"annotations": '
    r'\{[^{}]*\},\s*"name": "release-sentinel"'
    r'|\{"created": [\d.]+, "duration": [\d.]+, "exitcode": \d',
    ".md": re.escape(_MARK),
}


def report(flag: str, value: str, here: Path) -> Report:
    """Return the report that `flag` asks for.

    Raises `ReportError` unless the file's name ends as it should: a forgotten value must not overwrite the argument
    that follows.
    """
    suffix, _ = _WRITERS[flag]
    if not value.endswith(suffix):
        raise ReportError(f"{flag} is {value!r}, expected the name of a file that ends in {suffix}")
    return Report(flag, here / Path(value).expanduser())


def requested(args: Sequence[str], here: Path) -> tuple[list[Report], list[str]]:
    """Return the reports that a command line asks for, before pytest has parsed it, and what is wrong with others."""
    found, problems, json_path = [], [], ".report.json"
    for word, following in pairwise([*args, ""]):
        flag, joined, value = word.partition("=")
        value = value if joined else following
        if flag == "--json-report-file":
            json_path = value
        if flag in _WRITERS:
            try:
                found.append(report(flag, value, here))
            except ReportError as error:
                problems.append(str(error))
    if JSON_REPORT in args and json_path not in {"", "none"}:
        found.append(Report(JSON_REPORT, here / json_path))
    return found, problems


def write_all(reports: Iterable[Report], verdict: Verdict) -> list[str]:
    """Write each report; return what went wrong, a sentence each: one that fails does not keep the others from it."""
    failures = []
    for one in reports:
        try:
            one.write(verdict)
        except OSError as error:
            failures.append(f"the report {one.path} cannot be written: {error.strerror or error}")
    return failures


def stand_in(path: Path) -> Writer:
    """Return what writes the verdict that stands at `path` until a run has ended: it remembers the one before."""
    before = former(path)
    return lambda verdict: json.dumps({**document(verdict), "former": before}, indent=2) + "\n"


def former(path: Path) -> dict[str, str]:
    """Return `verdict` and `env` of the last run that ended, from its verdict file or from what stands in for it."""
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
        if written["problems"] == [UNFINISHED]:
            written = written["former"]
        return {"verdict": str(written["verdict"]), "env": str(written["env"])}
    except (OSError, ValueError, TypeError, LookupError, RecursionError):
        return {}


def former_verdict(reports: Iterable[Report], env: str) -> str:
    """Return the verdict of the run before for `env`, by its label; a blank where no verdict file tells."""
    told = (former(one.path) for one in reports if one.flag == _VERDICT)
    return next((one["verdict"] for one in told if one.get("env") == env), "")


def json_report(path: Path) -> Writer:
    """Return what puts the verdict into pytest-json-report's document at `path`.

    Where that plugin has not written its document, or an older run has, the verdict stands alone.
    """

    def write_report(verdict: Verdict) -> str:
        facts = {"exitcode": verdict.exit_code, "release": document(verdict)}
        try:
            written = json.loads(path.read_text(encoding="utf-8"))
            started = datetime.fromtimestamp(written["created"] - written["duration"], UTC)
        except (OSError, ValueError, TypeError, LookupError, OverflowError, RecursionError):
            return json.dumps(facts)
        ours = started >= verdict.started - timedelta(seconds=1)
        return json.dumps({**written, **facts} if ours else facts)

    return write_report


def is_report(path: Path) -> bool:
    """Tell by its first words whether a file is a report that some run has left."""
    try:
        begins = _BEGINS.get(path.suffix)
        if not begins or not path.is_file():
            return False
        with path.open(encoding="utf-8") as file:
            return re.match(begins, file.read(1000)) is not None
    except (OSError, ValueError):
        return False


def handover(verdict: Verdict, reports: Iterable[Report]) -> str:
    """Return what a child hands over to its parent: the verdict, where its reports are, and what GitHub is told."""
    places = [[one.flag, str(one.path)] for one in reports]
    return json.dumps({**document(verdict), "reports": places, "github": [annotations(verdict), markdown(verdict)]})


def write(path: Path, text: str) -> None:
    """Replace `path` by `text`, in one step where that is possible, so that nobody reads half a report.

    Raises `OSError`; then there is no report there any more, so that none speaks for an older run.
    """
    path = Path(os.path.realpath(path))  # a link stays a link
    try:
        _replace(path, text)
    except OSError:
        try:
            path.write_text(text, encoding="utf-8", errors="backslashreplace")  # a full disk; a file that is a mount
        except OSError:
            with contextlib.suppress(OSError):
                path.unlink()
            raise


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
