"""The report files of a run: which ones are asked for, and each written whole or not at all."""

import contextlib
import errno
import json
import os
import re
import stat
import tempfile
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path

from release_sentinel import regular, strict_json
from release_sentinel.observe import Unseen
from release_sentinel.options import BY_FLAG, JSON_REPORT, OPTIONS, Report
from release_sentinel.redacted import RedactedVerdict, redact
from release_sentinel.redaction import Redactor
from release_sentinel.reports.document import document
from release_sentinel.reports.github import annotations
from release_sentinel.reports.markdown import markdown
from release_sentinel.reports.written import MOST
from release_sentinel.sentences import sentence
from release_sentinel.verdict import Release, unfinished
from release_sentinel.vocabulary import UNFINISHED

Writer = Callable[[RedactedVerdict], str]


def verdict_json(verdict: RedactedVerdict) -> str:
    """Return the verdict document as JSON text."""
    return json.dumps(document(verdict), indent=2, allow_nan=False) + "\n"


_KEPT = "it is tracked by Git, and not a report: name another file"
_PART_OF_GIT = "it is a part of Git's own data, or a repository: name another path"
_GITS = re.compile(
    r"/\.git(/((objects|refs|hooks|info|logs|modules|worktrees)(/.*)?|[A-Z_]+|config(\.worktree)?|index|packed-refs))?$"
)
_VERDICT = "--gate-verdict"
_MARK = "<!-- a report of release-sentinel -->"  # a later run recognises the file by it


def summary(verdict: RedactedVerdict) -> str:
    """Return the verdict as a Markdown file."""
    return f"{_MARK}\n{markdown(verdict)}"


def write_report(report: Report, verdict: RedactedVerdict) -> None:
    """Replace a report's file by one about `verdict`; raises `OSError`, also if the path is not that of a report."""
    if why := obstacle(report.path):
        raise OSError(errno.EEXIST, why)
    write(report.path, _writer(report, verdict)(verdict))


def _writer(report: Report, verdict: RedactedVerdict) -> Writer:
    if report.flag == JSON_REPORT:
        return json_report(report.path)
    if report.flag == _VERDICT and verdict.problems == (UNFINISHED,):
        return stand_in(report.path)
    asked = BY_FLAG[report.flag].report
    if asked is None:
        raise LookupError(f"{report.flag} asks for no report")
    module, _, name = asked.writer.partition(".")
    writer: Writer = getattr(import_module(f"release_sentinel.reports.{module}"), name)
    return writer


def claim(reports: Iterable[Report], verdict: RedactedVerdict | None = None) -> list[str]:
    """Let each report say INCOMPLETE until the verdict is known, so that no file speaks for an older run."""
    return write_all(reports, verdict or redact(unfinished(Release("", "")), Redactor()))


def write_all(reports: Iterable[Report], verdict: RedactedVerdict) -> list[str]:
    """Write each report; return what went wrong, a sentence each: one that fails does not keep the others from it."""
    failures = []
    for one in reports:
        try:
            write_report(one, verdict)
        except OSError as error:
            failures.append(f"the report {one.path} cannot be written: {sentence(error)}")
    return failures


def stand_in(path: Path) -> Writer:
    """Return the writer of the verdict file until the run has ended: it keeps the verdict before, now at `path`."""
    before = previous(path)
    return lambda verdict: json.dumps({**document(verdict), "previous": before}, indent=2, allow_nan=False) + "\n"


def previous(path: Path) -> dict[str, str]:
    """Return `verdict` and `env` of the last run that ended, from its verdict file or from its stand-in."""
    try:
        written = strict_json.loads(regular.read(path, MOST))
        if written["problems"] == [UNFINISHED]:
            written = written["previous"]
        return {"verdict": str(written["verdict"]), "env": str(written["env"])}
    except (OSError, ValueError, TypeError, LookupError):
        return {}


def previous_verdict(reports: Iterable[Report], env: str) -> str:
    """Return the verdict of the run before for `env`, by its label; a blank where no verdict file says so."""
    found = (previous(one.path) for one in reports if one.flag == _VERDICT)
    return next((one["verdict"] for one in found if one.get("env") == env), "")


def json_report(path: Path) -> Writer:
    """Return what puts the verdict into pytest-json-report's document at `path`.

    Where that plugin has not written its document, or an older run has, the verdict is there alone.
    """

    def write_report(verdict: RedactedVerdict) -> str:
        facts = {"exitcode": verdict.exit_code, "release": document(verdict)}
        try:
            written = strict_json.loads(regular.read(path, 4 * MOST))  # it holds what failing tests printed
            started = datetime.fromtimestamp(written["created"] - written["duration"], UTC)
        except (OSError, ValueError, TypeError, LookupError, OverflowError):
            return json.dumps(facts, allow_nan=False)
        ours = started >= verdict.started - timedelta(seconds=1)
        return json.dumps({**written, **facts} if ours else facts, allow_nan=False)

    return write_report


def obstacle(path: Path) -> str:
    """Return why no report is written at a path, or where its link leads; blank if nothing is in the way.

    What is there is not opened: a named pipe would wait for a reader, and a device would be replaced.
    """
    path = Path(os.path.realpath(path))
    if _GITS.search(path.as_posix()):  # also where nothing is: a new file there is a branch, or an object
        return _PART_OF_GIT
    try:
        found = path.stat()
    except OSError:  # nothing is there, or what writes the report says why not
        return ""
    if not stat.S_ISREG(found.st_mode):
        return f"it is a {_kind(found.st_mode)}, expected a regular file: name another path"
    return kept(path)


def kept(path: Path) -> str:
    """Return why the file or folder at a path must be kept (it belongs to Git, or holds such a file), or a blank."""
    path = Path(os.path.realpath(path))
    if not path.exists():
        return ""
    if _GITS.search(path.as_posix()) or (path / ".git").exists():
        return _PART_OF_GIT
    if is_report(path):
        return ""
    from release_sentinel.observe.git.process import ask  # noqa: PLC0415 - late: few reports name a file that exists

    folder, spec = (path, ".") if path.is_dir() else (path.parent, f":(literal){path.name}")
    tracked = ask(folder, "ls-files", "-z", "--", spec)
    if isinstance(tracked, Unseen) or not tracked:
        return ""
    return _KEPT if folder != path else "it holds files that Git tracks: name another folder"


def _kind(mode: int) -> str:
    kinds = {stat.S_IFDIR: "folder", stat.S_IFIFO: "named pipe", stat.S_IFSOCK: "socket"}
    return kinds.get(stat.S_IFMT(mode), "device")


def is_report(path: Path) -> bool:
    """Tell by its first words whether a file is a report that some run has left."""
    begins = [option.report.begins for option in OPTIONS if option.report and path.name.endswith(option.report.suffix)]
    try:
        if not begins or not path.is_file():
            return False
        with path.open(encoding="utf-8") as file:  # a regular file
            head = file.read(1000)
    except (OSError, ValueError):
        return False
    return any(re.match(begin, head) for begin in begins)


def handover(verdict: RedactedVerdict, reports: Iterable[Report]) -> str:
    """Return what a child hands over to its parent: the verdict, the places of its reports, and what GitHub gets."""
    places = [[one.flag, str(one.path)] for one in reports]
    facts = {**document(verdict), "reports": places, "github": [annotations(verdict), markdown(verdict)]}
    return json.dumps(facts, allow_nan=False)


def write(path: Path, text: str) -> None:
    """Replace `path` by `text`, in one step where that is possible, so that no reader sees half a report.

    Raises `OSError`; then the report of an older run is gone, so that it is not taken for this one.
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
