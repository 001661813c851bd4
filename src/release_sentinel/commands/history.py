"""`release-sentinel history`: the history in kept verdict files."""

import argparse
import json
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time
from pathlib import Path

import msgspec

from release_sentinel.commands.paths import path
from release_sentinel.deliver.verify import duration
from release_sentinel.history import analysis, files, text
from release_sentinel.history.records import History
from release_sentinel.lines import foreign, one_line
from release_sentinel.parser import Once, command, print_help
from release_sentinel.reports.files import obstacle, write
from release_sentinel.sentences import sentence
from release_sentinel.settings import Settings

DESCRIPTION = (
    "From verdict files that were kept (*.json below FOLDER): the last verdict of each environment, a calendar, gates "
    f"that fail, flap or warn, releases that were held, measures over time. {text.FLAP}"
)


def main(words: list[str], settings: Settings) -> int:
    """Print what a folder of verdict files says."""
    parser = command("history", DESCRIPTION)
    add = parser.add_argument
    add("folder", type=path, metavar="FOLDER", help="where the files are, at any depth")
    add("--json", action="store_true", help="for machines: everything; the guide `history` describes it")
    add("--html", type=path, action=Once, metavar="FILE.html", help="write a page for people, which needs no network")
    add("--env", default="", action=Once, help="only the verdicts for this environment")
    add("--since", action=Once, type=_since, metavar="30d", help="only later verdicts; also a date: 2026-11-01, in UTC")
    if {"-h", "--help"} & set(words):
        return print_help(parser, words)
    known = parser.parse_args(words)
    if known.html and known.html.suffix != ".html":
        parser.error(f"--html {foreign(known.html)} is not the name of an HTML file, expected FILE.html")
    found, problem = _history(known, settings.redactor.scrub)
    if not found:
        return _fail(problem)
    if known.html and (why := _write(known.html, found)):
        return _fail(f"the page {foreign(known.html)} cannot be written: {why}")
    if known.json:
        # The same in a string of JSON, but not a command (`##[...]`) to a runner of Azure.
        print(json.dumps(msgspec.to_builtins(found)).replace("##", r"#\u0023"))
    else:
        width = shutil.get_terminal_size((100, 24)).columns
        print("\n".join(text.lines(found, width, blocks=_has_blocks())))
    return 0


def _history(known: argparse.Namespace, clean: Callable[[str], str]) -> tuple[History | None, str]:
    """Return the history that is asked for and a blank; or None and why there is no history."""
    shown = foreign(known.folder)
    if not known.folder.is_dir():
        what = "is not a folder" if known.folder.exists() else "does not exist"
        return None, f"{shown} {what}, expected a folder with verdict files"
    try:
        kept = files.read(known.folder, datetime.now(UTC), clean)
    except OSError as error:
        return None, f"the folder {shown} cannot be read: {sentence(error)}"
    found = analysis.history(kept, env=one_line(clean(known.env)), since=known.since)
    if found.verdicts:
        return found, ""
    hints = [
        *_hint("it has verdicts for ", [text.short(env) for env in sorted({run.env for run in kept.runs})]),
        *_hint("not looked into: ", [f"{text.short(one.file)} ({foreign(one.why)})" for one in kept.folders]),
    ]
    seen = "; ".join([text.counts(found), *hints])
    return None, f"there is no verdict in {shown}, expected files of --gate-verdict: {seen}"


def _hint(words: str, names: Sequence[str]) -> Iterator[str]:
    """Yield `words` with the first names; nothing if there are no names."""
    more = [f"{len(names) - text.NAMED} more"] if len(names) > text.NAMED else []
    if names:
        yield words + ", ".join([*names[: text.NAMED], *more])


def _since(words: str) -> datetime:
    """Return the time that a date means, or so long ago as a duration says."""
    with suppress(ValueError):
        return datetime.combine(date.fromisoformat(words), time(), UTC)
    try:
        return datetime.now(UTC) - duration(words)
    except OverflowError:  # before the first year
        return datetime.min.replace(tzinfo=UTC)
    except ValueError:
        why = f"{words!r} is not a duration such as 30d or a date such as 2026-11-01"
        raise argparse.ArgumentTypeError(why) from None


def _write(file: Path, found: History) -> str:
    """Write the page; return why that is not possible, or a blank."""
    from release_sentinel.history.page import page  # noqa: PLC0415 - late: few ask for it

    if why := obstacle(file):
        return why
    try:
        write(file, page(found))
    except OSError as error:
        return sentence(error)
    return ""


def _has_blocks() -> bool:
    """Tell whether standard output can show the characters of a sparkline."""
    try:
        text.BLOCKS.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _fail(message: str) -> int:
    print(f"release-sentinel history: {message}", file=sys.stderr)
    return 1
