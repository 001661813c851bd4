"""The report files of a run: written whole or not at all."""

import contextlib
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from release_sentinel.reports.document import document
from release_sentinel.reports.junit import junit
from release_sentinel.reports.markdown import markdown
from release_sentinel.verdict import Verdict

Writer = Callable[[Verdict], str]


def verdict_json(verdict: Verdict) -> str:
    """Return the verdict document as JSON text."""
    return json.dumps(document(verdict), indent=2) + "\n"


_WRITERS: dict[str, tuple[str, Writer]] = {
    "--junitxml": (".xml", junit),
    "--junit-xml": (".xml", junit),
    "--gate-verdict": (".json", verdict_json),
    "--gate-summary": (".md", markdown),
}


def writer(flag: str, value: str) -> Writer:
    """Return what writes the report that `flag` asks for.

    Raises `pytest.UsageError` unless the file's name ends as it should: a forgotten value must not overwrite the
    argument that follows.
    """
    suffix, write_report = _WRITERS[flag]
    if not value.endswith(suffix):
        raise pytest.UsageError(f"{flag} is {value!r}, expected the name of a file that ends in {suffix}")
    return write_report


def requested(args: Sequence[str], here: Path) -> dict[Path, Writer]:
    """Return the reports that a command line asks for, before pytest has parsed it."""
    found = {}
    for word, following in pairwise([*args, ""]):
        flag, joined, value = word.partition("=")
        if flag in _WRITERS:
            value = value if joined else following
            found[here / Path(value).expanduser()] = writer(flag, value)
    return found


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


def cleaned(value: Any, scrub: Callable[[str], str]) -> Any:
    """Return `value` with every string in it scrubbed, also in lists, tuples and dictionaries; all else stays."""
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, dict):
        return {cleaned(key, scrub): cleaned(item, scrub) for key, item in value.items()}
    if type(value) in {list, tuple}:
        return type(value)(cleaned(item, scrub) for item in value)
    return value


def scrub_in_place(document: dict[str, Any], scrub: Callable[[str], str]) -> None:
    """Scrub every string of a JSON document before it is encoded: a pattern over encoded text breaks the encoding."""
    clean = cleaned(document, scrub)
    document.clear()  # a key may hold a secret, too
    document.update(clean)


def write(path: Path, text: str) -> None:
    """Replace `path` by `text` in one step, so that nobody ever reads half a report. Raises `OSError`."""
    path = Path(os.path.realpath(path))  # a link stays a link
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
